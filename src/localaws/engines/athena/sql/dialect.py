"""Athena's SQL as DuckDB's, so that the answer is Trino's.

What differs by syntax is here, what differs by function in `functions` and ``macros.sql``. Where the meaning depends
on types (7 / 2, a date plus an interval) `type_inference` works them out first, on the query as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from sqlglot import ErrorLevel, exp

from localaws.engines.athena.errors import position_of
from localaws.engines.athena.functions import aggregates, jsoncalls, textcalls
from localaws.engines.athena.sql import casts, datetimes, functions, operators, queries
from localaws.engines.athena.sql.duckdb_ast import call, cast
from localaws.engines.athena.sql.grammar import position
from localaws.engines.athena.sql.sources import free, rows_stay_whole, select_sources
from localaws.engines.athena.sql.type_inference import TypeInference
from localaws.lake.column_types import INSTANT, Type
from localaws.lake.errors import QueryFailure
from localaws.lake.quoting import as_written, internal, is_hidden, literal, name, own, unnamed

#: What DuckDB has and Trino has not: to be refused, not to work by chance.
_FOREIGN = (
    exp.Qualify, exp.Pivot, exp.Command, exp.ILike, exp.Struct, exp.BitwiseAnd, exp.BitwiseOr, exp.BitwiseXor,
    exp.BitwiseNot, exp.BitwiseLeftShift, exp.BitwiseRightShift,
)  # fmt: skip


class Translator:
    """Translates the queries of one statement; *sql* is its text, to point into; *now* its moment (aware, UTC)."""

    def __init__(self, sql: str, now: datetime) -> None:
        self.sql = sql
        self.now = now
        self.types = TypeInference()
        self._outputs: list[Type | None] = []

    def translate(self, root: exp.Expr) -> str:
        """DuckDB's SQL for *root*, whose tables the planner has resolved; *root* itself is changed.

        Raises QueryFailure (TYPE_MISMATCH, FUNCTION_NOT_FOUND …).
        """
        holder = exp.Paren(this=root)
        nodes = list(holder.walk(bfs=False))[1:]
        self.types.enclosing.note(nodes)
        for node in nodes:  # types first, on what the user wrote
            self.types.type_of(node)
            queries.check(self, node)
            if not isinstance(node, exp.Column):
                continue
            if self.types.enclosing.find(node, exp.Order) is None and self.types.is_missing(node):
                column = ".".join(part.name for part in node.parts).lower()  # as Trino writes names
                words = f"Column '{column}' cannot be resolved or requester is not authorized to access "
                raise self.fail("COLUMN_NOT_FOUND", words + "requested resources", node)
            if self.types.is_ambiguous(node):
                raise self.fail("AMBIGUOUS_NAME", f"Column '{node.name.lower()}' is ambiguous", node)
        self._outputs = self.types.output_types(root)
        for node in reversed(nodes):  # children before their parents
            handler = self._handler(node)
            if handler is not None:
                parent, key, index = node.parent, node.arg_key, node.index  # a replacement may hold the node itself
                replacement = handler(self, node)
                if replacement is not node:
                    self.types.pass_on(node, replacement)
                    assert parent is not None and key is not None
                    parent.set(key, replacement, index)
        return holder.this.sql("duckdb", identify=True, unsupported_level=ErrorLevel.IGNORE, copy=False)

    def with_inferred_types(
        self, sql: str, columns: list[tuple[str, Type]], written: bool
    ) -> tuple[str, list[tuple[str, Type]]]:
        """The translated query's *columns*, as DuckDB tells them, with what only the query tells of their types.

        What is to be *written* is without the zones of its moments: no format keeps them.
        """
        columns = [(as_written(column), column_type) for column, column_type in columns]
        if len(self._outputs) == len(columns):
            columns = [(column, column_type.refined(inferred))
                       for (column, column_type), inferred in zip(columns, self._outputs, strict=True)]  # fmt: skip
        if not (written and any(column_type.zoned for _, column_type in columns)):
            return sql, columns
        places = [own(f"c{number}") for number in range(len(columns))]
        items = [
            f"{f'struct_extract({place}, {literal(INSTANT)})' if column_type.zoned else place} AS {name(column)}"
            for place, (column, column_type) in zip(places, columns, strict=True)
        ]
        unzoned = [(column, replace(column_type, zoned=False)) for column, column_type in columns]
        return f"SELECT {', '.join(items)} FROM ({sql}) AS {own('told')}({', '.join(places)})", unzoned

    def type_of(self, node: exp.Expr | None) -> Type | None:
        return self.types.type_of(node)

    def fail(self, code: str, message: str, node: exp.Expr) -> QueryFailure:
        """An error that points at *node*, as far as its text can be found."""
        return QueryFailure(code, message, position(node) or position_of(self.sql, node.sql("trino").split("(")[0]))

    @staticmethod
    def _handler(node: exp.Expr) -> Callable[[Translator, exp.Expr], exp.Expr] | None:
        if isinstance(node, _FOREIGN):
            return _refuse
        for column_type in type(node).__mro__:
            if column_type in _HANDLERS:
                return _HANDLERS[column_type]
        return None


def _refuse(translator: Translator, node: exp.Expr) -> exp.Expr:
    word = {"bitwiseleftshift": "<<", "bitwiserightshift": ">>"}.get(node.key, node.key.upper())
    raise translator.fail("SYNTAX_ERROR", f"mismatched input '{word}'", node)


def _hidden(select: exp.Expr, star: exp.Expr) -> list[exp.Expr]:
    """The columns, like "$path", that * and t.* leave out; they are there only because the query names them."""
    assert isinstance(select, exp.Select)
    tables = [each for each in select_sources(select) if isinstance(each, exp.Table)]
    if isinstance(star, exp.Column):
        tables = [each for each in tables if each.alias_or_name.lower() == star.table.lower()]
    found = {name for each in tables for name in each.meta.get("columns", {}) if is_hidden(name)}
    return [exp.column(name, quoted=True) for name in sorted(found)]


def _select(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Names for columns that have none; and no syntax that Trino has not."""
    assert isinstance(node, exp.Select)
    queries.keep_ties(node)
    queries.join_moments(translator, node)
    distinct = node.args.get("distinct")
    if distinct is not None and distinct.args.get("on") is not None:
        raise translator.fail("SYNTAX_ERROR", "mismatched input 'ON'", node)
    if isinstance(node.parent, exp.Exists | exp.In):
        return node
    items = []
    for number, item in enumerate(node.expressions):
        star = item.this if isinstance(item, exp.Column) else item
        if isinstance(star, exp.Star):
            if any(star.args.get(each) for each in ("except_", "except", "replace", "rename")):
                raise translator.fail("SYNTAX_ERROR", "mismatched input after '*'", node)
            star.set("except_", _hidden(node, item))
            if item is star:
                items += queries.joined_first(node, star)
        elif not isinstance(item, exp.Alias | exp.Aliases):
            written = item.name if isinstance(item, exp.Column) else ""
            if isinstance(item, exp.Dot):
                written = item.expression.name
            item = exp.alias_(item, written or unnamed(number), quoted=True)
        items.append(item)
    node.set("expressions", items)
    if node.find_ancestor(exp.Subquery, exp.CTE):
        node.set("expressions", translator.types.with_names_once(node))
    return node


def _values(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Columns without a name are col0 … to DuckDB, and to Trino nothing that one could refer to."""
    rows = [each for each in node.expressions if isinstance(each, exp.Tuple)]
    for cells in zip(*(row.expressions for row in rows), strict=False):
        alike = datetimes.alike(list(cells), [translator.type_of(each) for each in cells])
        for cell, value in zip(cells, alike, strict=True):
            if value is not cell:
                cell.replace(value)
    alias = node.args.get("alias")
    if not isinstance(node.parent, exp.From | exp.Join):  # a statement of its own, or what is inserted
        return exp.select("*").from_(_values(translator, exp.From(this=node.copy()).this))
    if not (alias and alias.columns) and node.expressions:
        first = node.expressions[0]
        width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
        columns = [exp.to_identifier(unnamed(number), quoted=True) for number in range(width)]
        table = alias.this if alias else _identifier("listed")
        node.set("alias", exp.TableAlias(this=table, columns=columns))
    return node


def _table_alias(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``AS t(k, k)``: each column under a name of its own, as type inference knows them."""
    taken: dict[str, None] = {}
    for column in node.args.get("columns") or []:
        name = free(column.name.lower(), taken)
        taken[name] = None
        if name != column.name.lower():
            column.replace(exp.to_identifier(name, quoted=True))
    return node


def _aggregate(translator: Translator, node: exp.Expr) -> exp.Expr:
    """What an aggregate gives has Trino's type, over a window and filtered too."""
    made = aggregates.spread(node)
    return made if made is not node or isinstance(node.parent, exp.Window) else aggregates.finished(translator, node)


def _literal(translator: Translator, node: exp.Expr) -> exp.Expr:
    """A number with a point is a double, where Trino's own default is a decimal: "Data types in Amazon Athena" has a
    decimal written as ``decimal '0.12'``, and AWS's own client (test_athena_nan_inf of awswrangler) reads 1.2 as one.
    """
    if isinstance(node, exp.Literal) and not node.is_string and "." in node.name and "e" not in node.name.lower():
        return exp.Literal.number(f"{node.name}e0")
    if isinstance(node, exp.Literal) and not node.is_string and node.name.isdigit():
        least = 2**63 if isinstance(node.parent, exp.Neg) else 2**63 - 1
        if int(node.name) > least:
            where = position_of(translator.sql, node.name)
            raise QueryFailure("SYNTAX_ERROR", f"Invalid numeric literal: {node.name}", where)
    return node


def _today(translator: Translator, node: exp.Expr) -> exp.Expr:
    return cast(exp.Literal.string(translator.now.date().isoformat()), "DATE")


def _local_now(translator: Translator, node: exp.Expr) -> exp.Expr:
    moment = translator.now.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return cast(exp.Literal.string(moment), "TIMESTAMP")


def _local_time(translator: Translator, node: exp.Expr) -> exp.Expr:
    return cast(exp.Literal.string(translator.now.time().isoformat(timespec="milliseconds")), "TIME")


def _substring(translator: Translator, node: exp.Expr) -> exp.Expr:
    arguments = [node.this, node.args.get("start"), node.args.get("length")]
    return textcalls.substring([each for each in arguments if each is not None])


def _unnest(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Several arrays side by side, maps and arrays of rows, each with or without its ordinality."""
    alias = node.args.get("alias")
    columns = list(alias.columns) if alias else []
    ordinality = node.args.get("offset")
    if isinstance(ordinality, exp.Identifier):  # the grammar keeps its name apart
        columns.append(ordinality)
    types = [translator.type_of(each) for each in node.expressions]
    whole = rows_stay_whole(node, types)
    simple = len(types) == 1 and not (types[0] and (types[0].name == "map" or (_of_rows(types[0]) and not whole)))
    if simple:
        return node
    width = [_width(column_type, whole) for column_type in types]
    lists = [
        call("map_entries", each) if column_type and column_type.name == "map" else each
        for each, column_type in zip(node.expressions, types, strict=True)
    ]
    counts = [call("len", each.copy()) for each in lists]
    most = counts[0] if len(counts) == 1 else call("greatest", *counts)
    items: list[exp.Expr] = []
    for each, column_type, parts in zip(lists, types, width, strict=True):
        value = call("list_extract", each.copy(), _place())
        if parts == 1 and (whole or not (column_type and _of_rows(column_type))):
            items.append(value)
        else:
            items += [call("struct_extract_at", value.copy(), number) for number in range(1, parts + 1)]
    if ordinality or (alias and len(columns) > len(items)):
        items.append(_place())
    unnamed_ones = [exp.to_identifier(unnamed(number), quoted=True) for number in range(len(items))]
    names = [column.copy() for column in columns] or unnamed_ones
    steps = exp.select(exp.alias_(call("unnest", call("range", 1, exp.Add(this=most, expression=exp.convert(1)))),
                                  _identifier("place")))  # fmt: skip
    chosen = exp.select(*[exp.alias_(item, column.name, quoted=True)
                          for item, column in zip(items, names, strict=False)])  # fmt: skip
    inner = chosen.from_(steps.subquery(_identifier("places")))
    named = exp.TableAlias(this=alias.this.copy() if alias and alias.this else _identifier("unnested"))
    return exp.Lateral(this=inner.subquery(), alias=named)


def _identifier(word: str) -> exp.Identifier:
    """The `internal` name *word*."""
    return exp.to_identifier(internal(word), quoted=True)


def _place() -> exp.Column:
    """Which of the elements that UNNEST puts below each other a row is."""
    return exp.Column(this=_identifier("place"), table=_identifier("places"))


def _width(column_type: Type | None, whole: bool) -> int:
    """How many columns UNNEST makes of one argument."""
    if column_type is not None and column_type.name == "map":
        return 2
    return len(column_type.parts[0].parts) if column_type and _of_rows(column_type) and not whole else 1


def _of_rows(column_type: Type | None) -> bool:
    return bool(column_type and column_type.name == "array" and column_type.parts[0].name == "row")


def _anonymous(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Anonymous)
    return functions.translate(translator, node)


def _dot(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``row.*``: a column for each field."""
    return call("unnest", node.this) if isinstance(node.expression, exp.Star) else node


def _varbinary(translator: Translator, node: exp.Expr) -> exp.Expr:
    return call("unhex", node.name)


_HANDLERS: dict[type, Callable[[Translator, exp.Expr], exp.Expr]] = {
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), operators.operation),
    **dict.fromkeys(operators.COMPARISONS, operators.comparison),
    **dict.fromkeys((exp.And, exp.Or), operators.logical),
    **dict.fromkeys((exp.Where, exp.Having), operators.where),
    exp.Not: operators.negation,
    exp.In: operators.membership,
    exp.Between: operators.between,
    exp.Like: operators.like,
    exp.Case: operators.case,
    exp.Coalesce: operators.coalesce,
    exp.If: operators.if_,
    exp.Array: operators.array,
    exp.DPipe: operators.concatenation,
    exp.Bracket: operators.subscript,
    exp.Cast: casts.translate,
    exp.AtTimeZone: datetimes.at_time_zone,
    exp.Extract: datetimes.extract,
    exp.Interval: datetimes.span,
    exp.CurrentTimestamp: datetimes.now,
    exp.CurrentDate: _today,
    exp.Localtimestamp: _local_now,
    exp.CurrentTime: _local_time,
    exp.Localtime: _local_time,
    exp.Values: _values,
    exp.TableAlias: _table_alias,
    exp.SetOperation: queries.set_operation,
    exp.Window: _aggregate,
    exp.Filter: _aggregate,
    exp.IgnoreNulls: queries.ignore_nulls,
    exp.RespectNulls: queries.ignore_nulls,
    exp.Dot: _dot,
    exp.Literal: _literal,
    exp.Select: _select,
    exp.Substring: _substring,
    exp.Unnest: _unnest,
    exp.Anonymous: _anonymous,
    exp.HexString: _varbinary,
    exp.ParseJSON: jsoncalls.json_literal,
    exp.JSONValue: jsoncalls.json_value,
    exp.JSONExtract: jsoncalls.json_query,
    exp.JSONObject: jsoncalls.json_object,
}
