"""Parameters, columns and fields as the Data API writes them.

Source: Data API reference, "SqlParameter", "ColumnMetadata", "Field", "GetStatementResultV2".
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from psycopg.pq.abc import PGresult

from localaws.engines.rdsdata.values import numbered
from localaws.gateway.errors import AwsError
from localaws.warehouse.wire import types

_NAMES = {
    types.BOOL: "bool", types.INT2: "int2", types.INT4: "int4", types.INT8: "int8", types.OID: "oid",
    types.FLOAT4: "float4", types.FLOAT8: "float8", types.NUMERIC: "numeric", types.BPCHAR: "bpchar",
    types.VARCHAR: "varchar", types.TEXT: "text", types.DATE: "date", types.TIME: "time", types.TIMETZ: "timetz",
    types.TIMESTAMP: "timestamp", types.TIMESTAMPTZ: "timestamptz", types.INTERVAL: "interval", types.SUPER: "super",
    types.VARBYTE: "varbyte", types.UNKNOWN: "unknown",
}  # fmt: skip
#: How many digits or letters a value has at most, where its type says so.
_PRECISIONS = {
    types.BOOL: 1, types.INT2: 5, types.INT4: 10, types.INT8: 19, types.OID: 10, types.FLOAT4: 8, types.FLOAT8: 17,
    types.DATE: 13, types.TIME: 15, types.TIMETZ: 21, types.TIMESTAMP: 29, types.TIMESTAMPTZ: 35,
}  # fmt: skip
_INTEGERS = {types.INT2, types.INT4, types.INT8, types.OID}
_FLOATS = {types.FLOAT4, types.FLOAT8}
_CASED = {types.VARCHAR, types.BPCHAR, types.TEXT, types.UNKNOWN, types.SUPER}
_SPECIAL = re.compile(r'[",\r\n]')
_UNLIMITED = 65535  # bytes of the longest VARCHAR, which one without a length is taken for


def bound(sql: str, parameters: Sequence[Mapping[str, str]]) -> tuple[str, list[bytes]]:
    """*sql* with ``$1`` for ``:name``, and the values in that order. Raises ValidationException where they differ.

    Values are texts, which the database takes for what stands beside them.
    """
    statement, names = numbered(sql) if parameters else (sql, [])
    given = {each["name"]: each["value"] for each in parameters}
    if missing := [each for each in names if each not in given]:
        raise AwsError("ValidationException", f"Parameters are missing for: {', '.join(missing)}")
    return statement, [given[each].encode() for each in names]


def columns_of(result: PGresult) -> list[dict[str, Any]]:
    """ColumnMetadata of each column, with the number of its type, which is for `fields` and not told."""
    columns = []
    for number in range(result.nfields):
        name, oid, modifier = (result.fname(number) or b"").decode(), result.ftype(number), result.fmod(number)
        limit = max(modifier - 4, 0)
        precision, scale = _PRECISIONS.get(oid, limit or _UNLIMITED), 0
        if oid == types.NUMERIC:
            precision, scale = (limit >> 16, limit & 0xFFFF) if limit else (38, 0)
        column = {"name": name, "label": name, "typeName": _NAMES.get(oid, "unknown"), "length": 0, "nullable": 1}
        column |= {"precision": precision, "scale": scale, "isCurrency": False, "isCaseSensitive": oid in _CASED}
        column |= {"isSigned": oid in _INTEGERS | _FLOATS | {types.NUMERIC}, "schemaName": "", "tableName": ""}
        columns.append(column)
    return columns


def fields(row: Sequence[str | None], columns: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """A row's Fields."""
    return [_field(value, column["typeName"]) for value, column in zip(row, columns, strict=True)]


def _field(value: str | None, type_name: str) -> dict[str, Any]:
    if value is None:
        return {"isNull": True}
    if type_name == "bool":
        return {"booleanValue": value == "t"}
    if type_name in ("int2", "int4", "int8", "oid"):
        return {"longValue": int(value)}
    if type_name in ("float4", "float8"):
        number = float(value)
        return {"doubleValue": number if math.isfinite(number) else value}  # JSON has no NaN
    return {"stringValue": value}


def as_csv(rows: Sequence[Sequence[str | None]]) -> str:
    """Rows as CSV (RFC 4180); a null is nothing, and an empty text is in quotes."""
    return "".join(",".join(map(_cell, row)) + "\r\n" for row in rows)


def _cell(value: str | None) -> str:
    if value is None:
        return ""
    quoted = value.replace('"', '""')
    return f'"{quoted}"' if not value or _SPECIAL.search(value) else value
