"""What Trino asks of a query as a whole: sides of a UNION that go together, ordinals that exist, ties that are kept.

Source: Trino's "SELECT" and Athena's "SELECT" (athena/latest/ug/select.html).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import line_and_column, position_of
from localaws.engines.athena.sql import datetimes
from localaws.engines.athena.sql.duckdb_ast import call
from localaws.engines.athena.sql.sources import joined_columns, select_sources
from localaws.engines.athena.sql.type_rules import common
from localaws.lake.errors import QueryFailure

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator


def check(translator: Translator, node: exp.Expr) -> None:
    """Raises QueryFailure for what is wrong with *node* as it was written."""
    if isinstance(node, exp.SetOperation):
        _check_sides(translator, node)
    elif isinstance(node, exp.Limit) and not _counts(node):
        raise translator.fail("SYNTAX_ERROR", f"mismatched input '{node.sql('trino').split()[-1]}'", node)
    elif isinstance(node, exp.Group) and node.args.get("all") and not node.expressions:
        raise translator.fail("SYNTAX_ERROR", "mismatched input 'ALL'", node)
    elif isinstance(node, exp.Order | exp.Group) and isinstance(node.parent, exp.Select):
        _check_ordinals(translator, node, node.parent)


def _counts(limit: exp.Limit) -> bool:
    """Whether it is a number of rows, or ALL of them."""
    number = limit.expression
    plain = isinstance(number, exp.Literal | exp.Placeholder) or number.name.upper() == "ALL"
    return plain and not limit.args.get("limit_options")


def _check_sides(translator: Translator, node: exp.SetOperation) -> None:
    left, right = (translator.types.output_types(side) for side in (node.left, node.right))
    name = node.key.upper()
    found = re.search(rf"\b{name}\b", translator.sql, re.IGNORECASE)
    where = line_and_column(translator.sql, found.start()) if found else None
    if not left or not right:
        return  # a star that is not told
    if len(left) != len(right):
        words = f"{name} query has different number of fields: {len(left)}, {len(right)}"
        raise QueryFailure("TYPE_MISMATCH", words, where)
    for number, (one, other) in enumerate(zip(left, right, strict=True), 1):
        if one is not None and other is not None and common([one, other]) is None:
            words = f"column {number} in {name} query has incompatible types: {one.trino}, {other.trino}"
            raise QueryFailure("TYPE_MISMATCH", words, where)


def set_operation(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Moments with a zone on one side only: the other side's get theirs."""
    assert isinstance(node, exp.SetOperation)
    left, right = (translator.types.output_types(side) for side in (node.left, node.right))
    zoned = [any(each and each.zoned for each in pair) for pair in zip(left, right, strict=False)]
    for side, types in ((node.left, left), (node.right, right)):
        select = side.unnest()
        if not isinstance(select, exp.Select) or len(select.expressions) != len(types):  # a star
            continue
        for item, column_type, wanted in zip(select.expressions, types, zoned, strict=False):
            if wanted and column_type is not None and not column_type.zoned:
                value = item.unalias()
                value.replace(datetimes.with_zone(value.copy(), column_type))
    return node


def joined_first(select: exp.Select, star: exp.Star) -> list[exp.Expr]:
    """``*`` of a JOIN … USING gives the columns that are joined, then all others: in DuckDB they stay in their place.

    Takes them from the *star* and returns them. Source: "USING" in Trino's "SELECT".
    """
    columns: list[exp.Expr] = [exp.column(each, quoted=True) for each in joined_columns(select)]
    star.set("except_", [*star.args["except_"], *columns])
    return [exp.alias_(each.copy(), each.name, quoted=True) for each in columns]


def join_moments(translator: Translator, select: exp.Select) -> None:
    """JOIN … USING of moments with a zone on one side only: the other side's get theirs."""
    aliases = translator.types.sources(select)
    for node, alias in list(zip(select_sources(select), aliases, strict=False)):
        columns = translator.types.without_zone.get((id(select), alias))
        if not columns:
            continue
        zoned = [
            exp.alias_(datetimes.with_zone(exp.column(column, quoted=True), column_type), column, quoted=True)
            for column, column_type in columns.items()
        ]
        inner = node.copy()
        told = exp.TableAlias(this=exp.to_identifier(node.alias_or_name, quoted=True)) if node.alias_or_name else None
        outer = exp.Subquery(this=exp.select(exp.Star(replace=zoned)).from_(inner), alias=told)
        for argument in ("joins", "laterals"):  # what is joined to it stays beside it
            outer.set(argument, node.args.get(argument))
            inner.set(argument, None)
        node.replace(outer)


def _check_ordinals(translator: Translator, node: exp.Expr, select: exp.Select) -> None:
    items = select.expressions
    if any(isinstance(item, exp.Star) or isinstance(item.this, exp.Star) for item in items):
        return
    for each in node.expressions:
        number = each.this if isinstance(each, exp.Ordered) else each
        if isinstance(number, exp.Literal) and number.name.isdigit() and not 1 <= int(number.name) <= len(items):
            clause = "ORDER BY" if isinstance(node, exp.Order) else "GROUP BY"
            words = f"{clause} position {number.name} is not in select list"
            place = translator.sql.upper().rfind(clause.split()[0])
            after = translator.sql.find(number.name, max(place, 0))
            where = line_and_column(translator.sql, after) if after >= 0 else None
            raise QueryFailure("INVALID_COLUMN_REFERENCE", words, where)


def keep_ties(select: exp.Select) -> None:
    """FETCH FIRST n ROWS WITH TIES, which DuckDB has not: all rows whose rank is not beyond n."""
    fetch = select.args.get("limit")
    options = fetch.args.get("limit_options") if isinstance(fetch, exp.Fetch) else None
    if fetch is None or options is None or not options.args.get("with_ties"):
        return
    order = select.args.get("order")
    if order is None:
        raise QueryFailure("MISSING_ORDER_BY", "FETCH FIRST WITH TIES clause requires ORDER BY clause")
    keys = order.copy()
    for each in keys.expressions:
        if isinstance(each.this, exp.Literal) and each.this.name.isdigit():
            item = select.expressions[int(each.this.name) - 1]
            each.set("this", item.unalias().copy())
    rank = exp.Window(this=call("rank"), order=keys)
    count = fetch.args.get("count") or exp.Literal.number(1)
    select.set("qualify", exp.Qualify(this=exp.LTE(this=rank, expression=count.copy())))
    select.set("limit", None)


def ignore_nulls(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``lag(x) IGNORE NULLS OVER …``: DuckDB wants it within the call."""
    function = node.this
    if not isinstance(function, exp.Anonymous):
        word = "IGNORE" if isinstance(node, exp.IgnoreNulls) else "RESPECT"
        raise QueryFailure("SYNTAX_ERROR", f"mismatched input '{word}'", position_of(translator.sql, word))
    if isinstance(node, exp.RespectNulls):
        return function
    *others, last = function.expressions
    return exp.Anonymous(this=function.name, expressions=[*others, exp.var(f"{last.sql('duckdb')} IGNORE NULLS")])
