"""Athena's SQL as DuckDB's, so that the answer is Trino's.

What differs by syntax is here, what differs by function in `functions` and ``macros.sql``. Where the meaning depends
on types (7 / 2, a date plus an interval) `scopes` works them out first, on the query as it was written.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from sqlglot import ErrorLevel, exp

from localaws.engines.athena import functions
from localaws.engines.athena.errors import QueryFailure, position_of
from localaws.engines.athena.grammar import position
from localaws.engines.athena.inference import INTEGERS, INTERVAL, NUMBERS, Maybe, arithmetic
from localaws.engines.athena.kinds import Type
from localaws.engines.athena.scopes import Scopes, of_datatype

_COMPARISONS = (exp.EQ, exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.NullSafeEQ, exp.NullSafeNEQ)
_SYMBOLS: dict[type[exp.Expr], str] = {
    exp.EQ: "=", exp.NEQ: "<>", exp.GT: ">", exp.GTE: ">=", exp.LT: "<", exp.LTE: "<=",
    exp.Add: "+", exp.Sub: "-", exp.Mul: "*", exp.Div: "/", exp.Mod: "%",
    exp.NullSafeEQ: "IS DISTINCT FROM", exp.NullSafeNEQ: "IS DISTINCT FROM",
}  # fmt: skip
_MOMENTS = {"date", "timestamp", "timestamp with time zone"}
_TEXTS = {"varchar", "char"}
#: What DuckDB has and Trino has not: to be refused, not to work by chance.
_FOREIGN = (exp.Qualify, exp.Pivot, exp.Command)
_ISO_FIELDS = {
    "DOW": "ISODOW",
    "DAY_OF_WEEK": "ISODOW",
    "DAY_OF_YEAR": "DOY",
    "YEAR_OF_WEEK": "ISOYEAR",
    "YOW": "ISOYEAR",
}


class Translator:
    """Translates the queries of one statement; *sql* is its text, to point into; *now* its moment (aware, UTC)."""

    def __init__(self, sql: str, now: datetime) -> None:
        self.sql = sql
        self.now = now
        self.scopes = Scopes()

    def translate(self, root: exp.Expr) -> str:
        """DuckDB's SQL for *root*, whose tables the planner has resolved; *root* itself is changed.

        Raises QueryFailure (TYPE_MISMATCH, FUNCTION_NOT_FOUND …).
        """
        holder = exp.Paren(this=root)
        nodes = list(holder.walk(bfs=False))[1:]
        for node in nodes:  # types first, on what the user wrote
            self.scopes.kind(node)
            if isinstance(node, exp.Column) and not node.find_ancestor(exp.Order) and self.scopes.is_missing(node):
                words = f"Column '{node.sql('trino')}' cannot be resolved or requester is not authorized to access "
                raise self.fail("COLUMN_NOT_FOUND", words + "requested resources", node)
        for node in reversed(nodes):  # children before their parents
            handler = self._handler(node)
            if handler is not None:
                parent, key, index = node.parent, node.arg_key, node.index  # a replacement may hold the node itself
                replacement = handler(self, node)
                if replacement is not node:
                    self.scopes.pass_on(node, replacement)
                    assert parent is not None and key is not None
                    parent.set(key, replacement, index)
        return holder.this.sql("duckdb", unsupported_level=ErrorLevel.IGNORE)

    def kind(self, node: exp.Expr | None) -> Maybe:
        return self.scopes.kind(node)

    def fail(self, code: str, message: str, node: exp.Expr) -> QueryFailure:
        """An error that points at *node*, as far as its text can be found."""
        return QueryFailure(code, message, position(node) or position_of(self.sql, node.sql("trino").split("(")[0]))

    @staticmethod
    def _handler(node: exp.Expr) -> Callable[[Translator, exp.Expr], exp.Expr] | None:
        if isinstance(node, _FOREIGN):
            return _refuse
        for kind in type(node).__mro__:
            if kind in _HANDLERS:
                return _HANDLERS[kind]
        return None


def _refuse(translator: Translator, node: exp.Expr) -> exp.Expr:
    raise translator.fail("SYNTAX_ERROR", f"mismatched input '{node.key.upper()}'", node)


def call(name: str, *arguments: exp.Expr | str | int) -> exp.Anonymous:
    """A call of DuckDB's function or of one of our macros."""
    expressions = [each if isinstance(each, exp.Expr) else exp.convert(each) for each in arguments]
    return exp.Anonymous(this=name, expressions=expressions)


def cast(node: exp.Expr, kind: str) -> exp.Expr:
    return exp.Cast(this=node, to=exp.DataType.build(kind, dialect="duckdb"))


def _operation(translator: Translator, node: exp.Expr) -> exp.Expr:
    left, right = translator.kind(node.this), translator.kind(node.expression)
    operator = type(node)
    if left is None or right is None:
        return node
    names = {left.name, right.name}
    if INTERVAL.name in names:
        return _with_interval(node, left, right)
    if operator is exp.Sub and left.name == right.name == "date":
        return call("to_days", cast(node, "INTEGER"))
    if not (left.name in NUMBERS and right.name in NUMBERS) and "unknown" not in names:
        if operator is exp.Sub and names <= _MOMENTS:
            return node
        words = f"Cannot apply operator: {left.trino} {_SYMBOLS[operator]} {right.trino}"
        raise translator.fail("TYPE_MISMATCH", words, node)
    if operator is exp.Div:
        if left.name in INTEGERS and right.name in INTEGERS:
            return exp.Paren(this=exp.IntDiv(this=node.this, expression=node.expression))
        result = arithmetic(exp.Div, left, right)
        if result and result.name == "decimal":
            quotient = call("decimal_quotient", node.this, node.expression, result.scale)
            return cast(quotient, result.duckdb)
    return node


def _with_interval(node: exp.Expr, left: Type, right: Type) -> exp.Expr:
    """A date stays a date: DuckDB would make it a timestamp."""
    if "date" in (left.name, right.name):
        return cast(exp.Paren(this=node), "DATE")
    return node


def _comparison(translator: Translator, node: exp.Expr) -> exp.Expr:
    _comparable(translator, node, _SYMBOLS[type(node)], node.this, node.expression)
    return node


def _comparable(translator: Translator, node: exp.Expr, symbol: str, left: exp.Expr, right: exp.Expr) -> None:
    """Raises TYPE_MISMATCH for what Trino does not compare, such as a number and a text."""
    one, other = translator.kind(left), translator.kind(right)
    if one is None or other is None or "unknown" in (one.name, other.name):
        return
    for family in (set(NUMBERS), _MOMENTS, _TEXTS, {"boolean"}):
        if (one.name in family) != (other.name in family):
            words = f"Cannot apply operator: {one.trino} {symbol} {other.trino}"
            if isinstance(node, exp.In | exp.Between):
                words = f"{symbol} value and list items must be the same type or coercible to a common type"
            raise translator.fail("TYPE_MISMATCH", words, node)


def _in(translator: Translator, node: exp.Expr) -> exp.Expr:
    for item in node.expressions:
        _comparable(translator, node, "IN", node.this, item)
    return node


def _between(translator: Translator, node: exp.Expr) -> exp.Expr:
    for bound in ("low", "high"):
        _comparable(translator, node, "BETWEEN", node.this, node.args[bound])
    return node


def _cast(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Cast)
    source, target = translator.kind(node.this), of_datatype(node.to)
    if isinstance(node.parent, exp.Interval) or target is None:
        return node
    safe = isinstance(node, exp.TryCast)
    value = node.this
    if target.name == "json":
        return call("to_json", value)
    if source is None:
        return node
    if source.name == "json" and target.name in _TEXTS:
        return call("json_extract_string", value, "$")
    if target.name in INTEGERS and source.name in ("double", "real", "decimal"):
        value = call("round", value)
    elif target.name in INTEGERS and source.name in _TEXTS:
        value = call("integral_text", value)
    elif target.name in _TEXTS:
        value = _to_text(value, source)
        if target.precision:
            return call("left", cast(value, "VARCHAR"), target.precision)
        return value if source.name in _TEXTS else cast(value, "VARCHAR")
    elif target.name == "row" and source.name == "row":
        return _row_cast(value, source, target)
    elif target.name == "date" and source.name in _TEXTS:
        value = call("trim", value)
    elif target == INTERVAL:
        return node
    kind = type(node) if safe else exp.Cast
    return kind(this=value, to=exp.DataType.build(target.duckdb, dialect="duckdb"))


def _to_text(value: exp.Expr, source: Type) -> exp.Expr:
    if source.name in ("double", "real"):
        return call("trino_double_text", value)
    if source.name == "timestamp":
        return call("strftime", value, "%Y-%m-%d %H:%M:%S.%g")
    if source.name == "timestamp with time zone":
        return call("zoned_text", value)
    if source.name == "varbinary":
        return call("decode", value)
    return value


def _row_cast(value: exp.Expr, source: Type, target: Type) -> exp.Expr:
    """Rows are cast by position; DuckDB casts structs by name."""
    fields = []
    for number, (field, part) in enumerate(zip(target.fields, target.parts, strict=True)):
        if isinstance(value, exp.Struct):
            inner = value.expressions[number].expression
        else:
            inner = call("struct_extract", value.copy(), source.fields[number])
        before = source.parts[number]
        both_rows = part.name == before.name == "row"
        value_there = _row_cast(inner, before, part) if both_rows else cast(inner, part.duckdb)
        fields.append(exp.PropertyEQ(this=exp.to_identifier(field, quoted=True), expression=value_there))
    return exp.Struct(expressions=fields)


def _select(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Names for columns that have none; and no syntax that Trino has not."""
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
        elif not isinstance(item, exp.Alias | exp.Aliases):
            written = item.name if isinstance(item, exp.Column) else ""
            if isinstance(item, exp.Dot):
                written = item.expression.name
            item = exp.alias_(item, written or f"_col{number}", quoted=True)
        items.append(item)
    node.set("expressions", items)
    return node


def _values(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Columns without a name are _col0 … to Trino, col0 … to DuckDB."""
    alias = node.args.get("alias")
    if not isinstance(node.parent, exp.From | exp.Join):  # a statement of its own, or what is inserted
        return exp.select("*").from_(_values(translator, exp.From(this=node.copy()).this))
    if not (alias and alias.columns) and node.expressions:
        first = node.expressions[0]
        width = len(first.expressions) if isinstance(first, exp.Tuple) else 1
        columns = [exp.to_identifier(f"_col{number}", quoted=True) for number in range(width)]
        table = alias.this if alias else exp.to_identifier("listed")
        node.set("alias", exp.TableAlias(this=table, columns=columns))
    return node


def _window(translator: Translator, node: exp.Expr) -> exp.Expr:
    """The average of decimals is a decimal, over a window too."""
    average, kind = node.this, translator.kind(node)
    if isinstance(average, exp.Anonymous) and average.name.lower() == "avg" and kind and kind.name == "decimal":
        return cast(call("round", node.copy(), kind.scale), kind.duckdb)
    return node


def _now(translator: Translator, node: exp.Expr) -> exp.Expr:
    return cast(exp.Literal.string(translator.now.isoformat(sep=" ", timespec="milliseconds")), "TIMESTAMPTZ")


def _today(translator: Translator, node: exp.Expr) -> exp.Expr:
    return cast(exp.Literal.string(translator.now.date().isoformat()), "DATE")


def _local_now(translator: Translator, node: exp.Expr) -> exp.Expr:
    moment = translator.now.replace(tzinfo=None).isoformat(sep=" ", timespec="milliseconds")
    return cast(exp.Literal.string(moment), "TIMESTAMP")


def _local_time(translator: Translator, node: exp.Expr) -> exp.Expr:
    return cast(exp.Literal.string(translator.now.time().isoformat(timespec="milliseconds")), "TIME")


def _at_time_zone(translator: Translator, node: exp.Expr) -> exp.Expr:
    return zoned(translator.kind(node.this), node.this, node.args["zone"])


def zoned(kind: Maybe, value: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """*value* as the clocks of *zone* show it. DuckDB keeps no zone beside a moment: this is a local timestamp."""
    if kind is not None and kind.name in ("timestamp", "date"):
        value = cast(value, "TIMESTAMPTZ")  # the session's zone is UTC
    return call("timezone", zone, value)


def _extract(translator: Translator, node: exp.Expr) -> exp.Expr:
    field = node.name.upper()
    if field in _ISO_FIELDS:
        node.set("this", exp.var(_ISO_FIELDS[field]))
    return node


def _substring(translator: Translator, node: exp.Expr) -> exp.Expr:
    arguments = [node.this, node.args.get("start"), node.args.get("length")]
    return call("trino_substr", *[each for each in arguments if each is not None])


def _unnest(translator: Translator, node: exp.Expr) -> exp.Expr:
    """Several arrays side by side, maps and arrays of rows, each with or without its ordinality."""
    alias = node.args.get("alias")
    columns = list(alias.columns) if alias else []
    ordinality = node.args.get("offset")
    if isinstance(ordinality, exp.Identifier):  # the grammar keeps its name apart
        columns.append(ordinality)
    kinds = [translator.kind(each) for each in node.expressions]
    simple = len(kinds) == 1 and not (kinds[0] and (kinds[0].name == "map" or _of_rows(kinds[0])))
    if simple:
        return node
    width = [_width(kind) for kind in kinds]
    lists = [
        call("map_entries", each) if kind and kind.name == "map" else each
        for each, kind in zip(node.expressions, kinds, strict=True)
    ]
    counts = [call("len", each.copy()) for each in lists]
    most = counts[0] if len(counts) == 1 else call("greatest", *counts)
    items: list[exp.Expr] = []
    for each, kind, parts in zip(lists, kinds, width, strict=True):
        value = call("list_extract", each.copy(), exp.column("i", table="places"))
        if parts == 1 and not (kind and _of_rows(kind)):
            items.append(value)
        else:
            items += [call("struct_extract_at", value.copy(), number) for number in range(1, parts + 1)]
    if ordinality or (alias and len(columns) > len(items)):
        items.append(exp.column("i", table="places"))
    names = [column.copy() for column in columns] or [exp.to_identifier(f"_col{n}") for n in range(len(items))]
    steps = exp.select(exp.alias_(call("unnest", call("range", 1, exp.Add(this=most, expression=exp.convert(1)))), "i"))
    chosen = exp.select(*[exp.alias_(item, column.name, quoted=True)
                          for item, column in zip(items, names, strict=False)])  # fmt: skip
    inner = chosen.from_(steps.subquery("places"))
    named = exp.TableAlias(this=alias.this.copy() if alias and alias.this else exp.to_identifier("unnested"))
    return exp.Lateral(this=inner.subquery(), alias=named)


def _width(kind: Maybe) -> int:
    """How many columns UNNEST makes of one argument."""
    if kind is not None and kind.name == "map":
        return 2
    return len(kind.parts[0].parts) if kind is not None and _of_rows(kind) else 1


def _of_rows(kind: Maybe) -> bool:
    return bool(kind and kind.name == "array" and kind.parts[0].name == "row")


def _anonymous(translator: Translator, node: exp.Expr) -> exp.Expr:
    assert isinstance(node, exp.Anonymous)
    return functions.translate(translator, node)


def _varbinary(translator: Translator, node: exp.Expr) -> exp.Expr:
    return call("unhex", node.name)


_HANDLERS: dict[type, Callable[[Translator, exp.Expr], exp.Expr]] = {
    **dict.fromkeys((exp.Add, exp.Sub, exp.Mul, exp.Div, exp.Mod), _operation),
    **dict.fromkeys(_COMPARISONS, _comparison),
    exp.In: _in,
    exp.Values: _values,
    exp.Window: _window,
    exp.Between: _between,
    exp.Cast: _cast,
    exp.Select: _select,
    exp.CurrentTimestamp: _now,
    exp.CurrentDate: _today,
    exp.Localtimestamp: _local_now,
    exp.CurrentTime: _local_time,
    exp.Localtime: _local_time,
    exp.AtTimeZone: _at_time_zone,
    exp.Extract: _extract,
    exp.Substring: _substring,
    exp.Unnest: _unnest,
    exp.Anonymous: _anonymous,
    exp.HexString: _varbinary,
}
