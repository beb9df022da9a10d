"""SQL as the Data API writes it, and values as it sends and returns them.

Sources: Data API reference, SqlParameter, Field, ResultSetOptions; Aurora user guide, "Calling RDS Data API".
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from psycopg.pq.abc import PGresult

from localaws.gateway.errors import AwsError

# PostgreSQL's numbers of types (pg_type.dat)
_BOOL, _BYTEA, _NUMERIC, _TIMESTAMPTZ, _JSON, _VARCHAR = 16, 17, 1700, 1184, {114, 3802}, 1043
_INTEGERS = {20, 21, 23, 26}
_FLOATS = {700, 701}
_HINTS = {"DATE": 1082, "DECIMAL": 1700, "JSON": 114, "TIME": 1083, "TIMESTAMP": 1114, "UUID": 2950}
#: Array type → its items' member of ArrayValue, and how an item is read.
_ARRAYS = {1000: "booleanValues", 1005: "longValues", 1007: "longValues", 1016: "longValues"}
_ARRAYS |= {1021: "doubleValues", 1022: "doubleValues", 1009: "stringValues", 1015: "stringValues"}
_TYPE_NAMES = {16: "bool", 17: "bytea", 20: "int8", 21: "int2", 23: "int4", 25: "text", 114: "json", 700: "float4"}
_TYPE_NAMES |= {701: "float8", 1043: "varchar", 1082: "date", 1083: "time", 1114: "timestamp", 1184: "timestamptz"}
_TYPE_NAMES |= {1700: "numeric", 2950: "uuid", 3802: "jsonb", 1007: "_int4", 1016: "_int8", 1009: "_text"}
#: JDBC's numbers of types (java.sql.Types), which ColumnMetadata carries.
_JDBC = {16: -7, 17: -2, 20: -5, 21: 5, 23: 4, 700: 7, 701: 8, 1082: 91, 1083: 92, 1114: 93, 1184: 93, 1700: 2}
_OTHER = 1111

#: What may hold a colon that begins no parameter: strings, quoted names, comments, dollar quotes, casts.
_TOKEN = re.compile(
    r"(?P<skip>'(?:[^']|'')*'|\"(?:[^\"]|\"\")*\"|--[^\n]*|/\*.*?\*/|\$(\w*)\$.*?\$\2\$|::)|:(?P<name>[A-Za-z_]\w*)",
    re.DOTALL,
)


def numbered(sql: str) -> tuple[str, list[str]]:
    """*sql* with ``:name`` written ``$1``, ``$2`` …, and the names in that order."""
    names: list[str] = []

    def replace(match: re.Match[str]) -> str:
        name = match["name"]
        if name is None:
            return match[0]
        if name not in names:
            names.append(name)
        return f"${names.index(name) + 1}"

    return _TOKEN.sub(replace, sql), names


def bind(
    names: Sequence[str], parameters: Sequence[Mapping[str, Any]]
) -> tuple[list[bytes | None], list[int], list[int]]:
    """The values, types and formats of *names* for libpq. Raises BadRequestException for what is missing or wrong."""
    given = {parameter.get("name"): parameter for parameter in parameters}
    values: list[bytes | None] = []
    types: list[int] = []
    formats: list[int] = []
    for name in names:
        if name not in given:
            raise AwsError("BadRequestException", f"Cannot find parameter: {name}")
        value, kind, binary = _outward(name, given[name])
        values.append(value)
        types.append(kind)
        formats.append(binary)
    return values, types, formats


def _outward(name: str, parameter: Mapping[str, Any]) -> tuple[bytes | None, int, int]:
    field, hint = parameter.get("value") or {}, parameter.get("typeHint")
    if field.get("isNull"):
        return None, 0, 0
    if "booleanValue" in field:
        return (b"t" if field["booleanValue"] else b"f"), _BOOL, 0
    if "longValue" in field:
        return str(int(field["longValue"])).encode(), 20, 0
    if "doubleValue" in field:
        return repr(float(field["doubleValue"])).encode(), 701, 0
    if "blobValue" in field:
        return base64.b64decode(field["blobValue"]), _BYTEA, 1
    if "stringValue" in field:
        if hint and hint not in _HINTS:
            raise AwsError(
                "BadRequestException", f"Parameter {name}: typeHint {hint} is not one of {', '.join(_HINTS)}."
            )
        return field["stringValue"].encode(), _HINTS.get(hint or "", _VARCHAR), 0
    raise AwsError("BadRequestException", f"Parameter {name}: arrays are not supported as parameters.")


def records_of(result: PGresult, options: Mapping[str, str]) -> list[list[dict[str, Any]]]:
    """The rows of *result* as lists of Field."""
    kinds = [result.ftype(column) for column in range(result.nfields)]
    return [
        [_field(result.get_value(row, column), kind, options) for column, kind in enumerate(kinds)]
        for row in range(result.ntuples)
    ]


def _field(raw: bytes | None, kind: int, options: Mapping[str, str]) -> dict[str, Any]:
    if raw is None:
        return {"isNull": True}
    text = raw.decode()
    if kind == _BOOL:
        return {"booleanValue": text == "t"}
    if kind in _INTEGERS:
        return {"stringValue": text} if options.get("longReturnType") == "STRING" else {"longValue": int(text)}
    if kind in _FLOATS:
        return {"doubleValue": float(text)}
    if kind == _NUMERIC and options.get("decimalReturnType") == "DOUBLE_OR_LONG":
        return {"doubleValue": float(text)} if "." in text else {"longValue": int(text)}
    if kind == _BYTEA:
        return {"blobValue": base64.b64encode(bytes.fromhex(text.removeprefix("\\x"))).decode()}
    if kind == _TIMESTAMPTZ:
        return {"stringValue": text.removesuffix("+00")}  # sessions are in UTC
    if kind in _ARRAYS:
        return {"arrayValue": {_ARRAYS[kind]: _items(text, _ARRAYS[kind])}}
    return {"stringValue": text}


def _items(text: str, member: str) -> list[Any]:
    """The items of a flat array's text: ``{1,2}``, ``{a,"b c"}``."""
    quoted = re.findall(r'"((?:[^"\\]|\\.)*)"|([^,{}]+)', text)
    items = [re.sub(r"\\(.)", r"\1", inside) if inside else plain for inside, plain in quoted]
    read: dict[str, Callable[[str], Any]] = {
        "booleanValues": lambda item: item == "t",
        "longValues": int,
        "doubleValues": float,
        "stringValues": str,
    }
    return [read[member](item) for item in items]


def json_of(result: PGresult, options: Mapping[str, str]) -> str:
    """The rows of *result* as formatRecordsAs=JSON has them: a list of objects by column label."""
    rows = []
    names = [(result.fname(column) or b"").decode() for column in range(result.nfields)]
    kinds = [result.ftype(column) for column in range(result.nfields)]
    for number, fields in enumerate(records_of(result, options)):
        row: dict[str, Any] = {}
        for column, field in enumerate(fields):
            (member, value), raw = next(iter(field.items())), result.get_value(number, column)
            if member == "isNull":
                value = None
            elif member == "arrayValue":
                value = next(iter(value.values()))
            elif kinds[column] in _JSON and raw is not None:
                value = json.loads(raw)
            row[names[column]] = value
        rows.append(row)
    return json.dumps(rows, separators=(",", ":"), ensure_ascii=False)


def metadata_of(result: PGresult) -> list[dict[str, Any]]:
    """ColumnMetadata of each column."""
    columns = []
    for column in range(result.nfields):
        name, kind = (result.fname(column) or b"").decode(), result.ftype(column)
        columns.append(
            {
                "name": name,
                "label": name,
                "type": 2003 if kind in _ARRAYS else _JDBC.get(kind, 12 if kind in (25, _VARCHAR) else _OTHER),
                "typeName": _TYPE_NAMES.get(kind, "unknown"),
                "isSigned": kind in _INTEGERS | _FLOATS | {_NUMERIC},
                "isCaseSensitive": kind in (25, _VARCHAR),
                "isAutoIncrement": False,
                "isCurrency": False,
                "nullable": 2,  # unknown, in JDBC's words
            }
        )
    return columns
