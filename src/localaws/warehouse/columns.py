"""DuckDB's types as Redshift's: what a client is told of a result's columns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from localaws.lake.quoting import own
from localaws.warehouse.wire import types
from localaws.warehouse.wire.types import Column, limited

_OIDS = {
    "BOOLEAN": types.BOOL, "TINYINT": types.INT2, "UTINYINT": types.INT2, "SMALLINT": types.INT2,
    "USMALLINT": types.INT4, "INTEGER": types.INT4, "UINTEGER": types.INT8, "BIGINT": types.INT8,
    "FLOAT": types.FLOAT4, "DOUBLE": types.FLOAT8, "DATE": types.DATE, "TIME": types.TIME, "TIMESTAMP": types.TIMESTAMP,
    "TIMESTAMP WITH TIME ZONE": types.TIMESTAMPTZ, "TIME WITH TIME ZONE": types.TIMETZ, "INTERVAL": types.INTERVAL,
    "BLOB": types.VARBYTE, "JSON": types.SUPER, "VARCHAR": types.VARCHAR,
}  # fmt: skip
_DECIMAL = re.compile(r"DECIMAL\((\d+),\s*(\d+)\)")


#: What Python is to get instead of values that it would get wrong: moments in UTC, intervals with their months.
_FETCHED = {
    "TIMESTAMP WITH TIME ZONE": "timezone('UTC', {})",
    "INTERVAL": "regexp_replace(CAST({} AS VARCHAR), ' month', ' mon')",
}


def fetched(sql: str, described: Sequence[Sequence[Any]]) -> str | None:
    """DuckDB's *sql* with values that Python gets right, if it has any others."""
    types = [str(column[1]) for column in described]
    if not any(type in _FETCHED for type in types):
        return None
    places = [own(f"c{number}") for number in range(len(types))]
    items = [_FETCHED.get(type, "{}").format(place) for place, type in zip(places, types, strict=True)]
    return f"SELECT {', '.join(items)} FROM ({sql}) AS {own('told')}({', '.join(places)})"


def column_of(name: str, duckdb_type: str) -> Column:
    """The column *name* of a result, of DuckDB's type in DuckDB's words."""
    if found := _DECIMAL.fullmatch(duckdb_type):
        return Column(name, types.NUMERIC, limited(types.NUMERIC, int(found[1]), int(found[2])))
    if duckdb_type in ("HUGEINT", "UBIGINT", "UHUGEINT"):
        return Column(name, types.NUMERIC, limited(types.NUMERIC, 38, 0))
    if duckdb_type.endswith("]") or duckdb_type.startswith(("STRUCT", "MAP")):
        return Column(name, types.SUPER)
    return Column(name, _OIDS.get(duckdb_type, types.VARCHAR))
