"""What a SELECT reads from, and under which names: its FROM and JOINs, a WITH around it, aliases with columns."""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator
from itertools import count

from sqlglot import exp

from localaws.engines.athena.sql.type_rules import Columns
from localaws.lake.column_types import Type
from localaws.lake.quoting import as_written, is_hidden, repeated


def free(name: str, taken: Container[str]) -> str:
    """*name*, or what a further column of this name is called."""
    name = as_written(name)
    return next(each for number in count() if (each := repeated(number, name) if number else name) not in taken)


def joined_by_name(select: exp.Select) -> bool:
    """Whether a join makes one column of two."""
    return any(join.args.get("using") or join.method == "NATURAL" for join in select.args.get("joins") or [])


def joined_columns(select: exp.Select) -> list[str]:
    """The columns that USING joins: * gives them before all others, those of the last join first."""
    joins = reversed(select.args.get("joins") or [])
    return list(dict.fromkeys(each.name.lower() for join in joins for each in join.args.get("using") or []))


def shown(columns: Columns) -> Columns:
    """What * stands for: not the hidden columns, like "$path"."""
    return {name: column_type for name, column_type in columns.items() if not is_hidden(name)}


def select_sources(select: exp.Select) -> Iterator[exp.Expr]:
    """The tables and queries of FROM and JOIN, as they are written."""
    clause = select.args.get("from_") or select.args.get("from")
    if clause is not None:
        yield clause.this
        yield from (join.this for join in clause.this.args.get("joins") or [])
    for join in select.args.get("joins") or []:
        yield join.this
        yield from (inner.this for inner in join.this.args.get("joins") or [])
    yield from select.args.get("laterals") or []


def rows_stay_whole(node: exp.Expr, types: list[Type | None]) -> bool:
    """Whether UNNEST of arrays of rows gives the rows themselves, and not a column for each of their fields.

    Athena's own queries do both ("Query AWS WAF logs": ``UNNEST(headers) AS t(header)``, then ``header.name``): the
    number of columns that the alias names tells.
    """
    alias = node.args.get("alias")
    named = len(alias.columns) if isinstance(alias, exp.TableAlias) else 0
    return named == sum(2 if column_type and column_type.name == "map" else 1 for column_type in types)


def cte_of(node: exp.Table) -> exp.Expr | None:
    """What a WITH around *node* defines under its name."""
    ancestor = node.parent
    while ancestor is not None:
        clause = ancestor.args.get("with_") or ancestor.args.get("with")
        if isinstance(clause, exp.With):
            for cte in clause.expressions:
                if cte.alias.lower() == node.name.lower():
                    found: exp.Expr = cte
                    return found
        ancestor = ancestor.parent
    return None


def renamed(node: exp.Expr, columns: Columns) -> Columns:
    """*columns* under the names that an alias with a column list gives them."""
    alias = node.args.get("alias")
    names = [each.name.lower() for each in (alias.columns if isinstance(alias, exp.TableAlias) else [])]
    return under(names, columns.values()) if names else columns


def under(names: Iterable[str], types: Iterable[Type | None]) -> Columns:
    """*types* by name; a name may stand twice."""
    columns: Columns = {}
    for name, column_type in zip(names, types, strict=False):
        columns[free(name, columns)] = column_type
    return columns
