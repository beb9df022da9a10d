"""CAST and TRY_CAST: which types become which, how, and Trino's words when a value does not.

Source: Trino's "Conversion functions", and the casts that its types define.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.sql import datetimes
from localaws.engines.athena.sql.cast_types import of_cast
from localaws.engines.athena.sql.duckdb_ast import call, cast
from localaws.engines.athena.sql.type_rules import INTEGERS, INTERVALS, MOMENTS, NUMBERS, TEXTS, TIMESTAMP_TZ
from localaws.lake.column_types import Type

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

#: Types of other dialects that sqlglot reads: text, string, datetime.
_FOREIGN = (exp.DType.TEXT, exp.DType.DATETIME)
_NAMES = {"integer": "INT", "bigint": "BIGINT", "smallint": "SMALLINT", "tinyint": "TINYINT"}
_TO_TEXT = {"boolean", *NUMBERS, *MOMENTS, *TEXTS, "time", "json", "uuid", "unknown", *INTERVALS}
_FROM_TEXT = {"boolean", *NUMBERS, *MOMENTS, *TEXTS, "time", "json", "uuid"}
_FROM_JSON = {"boolean", *NUMBERS, "varchar", "date", "timestamp", "array", "map", "row", "json"}
_PAIRS = {
    "boolean": {"boolean", *NUMBERS},
    "date": {"date", "timestamp", TIMESTAMP_TZ.name},
    "timestamp": {*MOMENTS, "time"},
    TIMESTAMP_TZ.name: {*MOMENTS, "time"},
    "time": {"time", "timestamp", TIMESTAMP_TZ.name},
    "uuid": {"uuid", "varbinary"},
    "varbinary": {"varbinary", "uuid"},
}


def translate(translator: Translator, node: exp.Expr) -> exp.Expr:
    """The cast *node* as DuckDB has it. Raises QueryFailure (TYPE_MISMATCH) for types that do not become each other."""
    assert isinstance(node, exp.Cast)
    source, target = translator.type_of(node.this), of_cast(node)
    if isinstance(node.parent, exp.Interval):
        return node
    if target is None or any(each.this in _FOREIGN for each in node.to.find_all(exp.DataType)):
        written = re.search(r"\b(?:text|string|datetime)\b", translator.sql, re.IGNORECASE)
        name = written[0] if target and written else node.to.sql("trino")
        raise translator.fail("TYPE_NOT_FOUND", f"Unknown type: {name.lower()}", node)
    if node.meta.get("literal") and target.zoned:
        return datetimes.literal(node.this.name)
    if source is None and target.name != "json":
        return node
    if source is not None and not _castable(source, target):
        raise translator.fail("TYPE_MISMATCH", f"Cannot cast {source.trino} to {target.trino}", node)
    made = converted(node.this, source or Type("unknown"), target)
    if not isinstance(node, exp.TryCast):
        return made
    plain = isinstance(made, exp.Cast) and not made.this.find(exp.Cast)
    return exp.TryCast(this=made.this, to=made.to) if plain and isinstance(made, exp.Cast) else call("try", made)


def _castable(source: Type, target: Type) -> bool:
    one, other = source.name, target.name
    if one == "unknown" or other == "json":
        return other not in INTERVALS or one == "unknown"
    if source.parts or target.parts:
        if one == "json":
            return True
        alike = one == other and len(source.parts) == len(target.parts)
        return alike and all(map(_castable, source.parts, target.parts))
    if one in INTERVALS or other in INTERVALS:
        return one == other or other in TEXTS
    if one in TEXTS:
        return other in _FROM_TEXT
    if other in TEXTS:
        return one in _TO_TEXT
    if one == "json":
        return other in _FROM_JSON
    return other in _PAIRS.get(one, {"boolean", *NUMBERS})


def converted(value: exp.Expr, source: Type, target: Type) -> exp.Expr:
    """*value*, of the type *source*, as one of the type *target*."""
    if target.name == "json":
        return call("to_json", _for_json(value, source))
    if target.name in TEXTS:
        return _limited(value, source, target)
    if source.name == "json":
        return cast(value, target.duckdb)
    if source.parts:
        return _inside(value, source, target)
    if target.name == TIMESTAMP_TZ.name:
        return call("parse_zoned", value) if source.name in TEXTS else datetimes.with_zone(value, source)
    if source.name in TEXTS:
        value = _from_text(value, target)
    elif source.name == TIMESTAMP_TZ.name:
        value = datetimes.to_wall_clock(value, source)
    elif target.name in INTEGERS and source.name in ("double", "real", "decimal"):
        value = call("round", value)
    elif target.name == "decimal" and source.name in ("double", "real"):
        value = cast(value, "VARCHAR")  # the number as it is written, not as it is in binary
    made = cast(value, target.duckdb)
    if target.name in ("timestamp", "time") and target.digits < (6 if source.name in TEXTS else source.digits):
        return call("rounded_moment", made, 10 ** (6 - target.digits))
    return made


def _inside(value: exp.Expr, source: Type, target: Type) -> exp.Expr:
    """Arrays, maps and rows, part by part; rows by position, where DuckDB goes by name."""
    if all(map(_simple, source.parts, target.parts)) and source.name != "row":
        return cast(value, target.duckdb)
    if source.name == "row":
        return _row(value, source, target)
    if source.name == "array":
        item = exp.column("item")
        made = exp.Lambda(this=converted(item, source.parts[0], target.parts[0]), expressions=[item.this.copy()])
        return call("list_transform", value, made)
    key, content = exp.column("key", table="entry"), exp.column("value", table="entry")
    entry = call("row", converted(key, source.parts[0], target.parts[0]),
                 converted(content, source.parts[1], target.parts[1]))  # fmt: skip
    made = exp.Lambda(this=entry, expressions=[exp.to_identifier("entry")])
    return call("map_from_entries", call("list_transform", call("map_entries", value), made))


def _simple(source: Type, target: Type) -> bool:
    """Whether DuckDB's own cast gives what Trino's does."""
    if source == target and not source.zoned and not target.zoned:
        return True
    plain = {*INTEGERS, "boolean", "date"}
    return source.name in {*plain, "unknown"} and target.name in {*plain, "double", "real", "decimal", "varchar"}


def _row(value: exp.Expr, source: Type, target: Type) -> exp.Expr:
    fields = []
    for number, (field, before, after) in enumerate(zip(target.fields, source.parts, target.parts, strict=True)):
        written = isinstance(value, exp.Struct)
        inner = value.expressions[number].expression if written else call("struct_extract_at", value.copy(), number + 1)
        name = exp.to_identifier(field or f"field{number}", quoted=True)
        fields.append(exp.PropertyEQ(this=name, expression=converted(inner, before, after)))
    made = exp.Struct(expressions=fields)
    if isinstance(value, exp.Struct):
        return made
    return exp.Case().when(exp.Not(this=exp.Is(this=value.copy(), expression=exp.null())), made)


def _limited(value: exp.Expr, source: Type, target: Type) -> exp.Expr:
    """A text: cut to its length if it was one before, an error if it was none; a char is filled with blanks."""
    text = _to_text(value, source)
    if not target.precision:
        return text
    if source.name in TEXTS:
        cut = call("left", text, target.precision) if not 0 < source.precision <= target.precision else text
        return call("rpad", cut, target.precision, " ") if target.name == "char" else cut
    fitting = call("text_of_length", text, target.precision, target.trino)
    return call("rpad", fitting, target.precision, " ") if target.name == "char" else fitting


def _to_text(value: exp.Expr, source: Type) -> exp.Expr:
    if source.name in ("double", "real"):
        return call("trino_double_text", value)
    if source.name == "decimal" and source.precision == source.scale:  # DuckDB would write .5
        value = cast(value, f"DECIMAL({min(source.precision + 1, 38)},{source.scale})")
    if source.name == "timestamp":
        return datetimes.printed(value, datetimes.CLOCK, source.digits)
    if source.name == TIMESTAMP_TZ.name:
        return datetimes.zoned_text(value, source)
    if source.name == "time":
        midnight = cast(exp.Literal.string("1970-01-01"), "DATE")
        return datetimes.printed(exp.Add(this=midnight, expression=value), "%H:%M:%S", source.digits)
    if source.name == "json":
        return call("json_extract_string", value, "$")
    if source.name == "char" and source.precision:
        return call("rpad", value, source.precision, " ")
    return value if source.name in TEXTS else cast(value, "VARCHAR")


def _from_text(value: exp.Expr, target: Type) -> exp.Expr:
    """The text, if Trino reads it as a *target*; else what fails with Trino's words."""
    if target.name in INTEGERS:
        return call("integral_text", value, _NAMES[target.name])
    if target.name in ("boolean", "date", "timestamp"):
        return call(f"{target.name}_text", value)
    return value


def _for_json(value: exp.Expr, source: Type) -> exp.Expr:
    """Moments are texts in JSON, as they print; the keys of a map stand in their order."""
    if source.name == "map":
        return call("map_from_entries", call("list_sort", call("map_entries", value)))
    return _to_text(value, source) if source.name in ("timestamp", TIMESTAMP_TZ.name, "time") else value
