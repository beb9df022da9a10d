"""What a database holds, as ListDatabases, ListSchemas, ListTables and DescribeTable tell it.

Source: Data API reference; "You can't use _ and % in names but as a pattern's marks" holds for the patterns.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.engines.redshiftdata.connecting import Connection

_TYPES = {
    "character varying": "varchar", "character": "bpchar", "boolean": "bool", "smallint": "int2", "integer": "int4",
    "bigint": "int8", "real": "float4", "double precision": "float8", "timestamp without time zone": "timestamp",
    "timestamp with time zone": "timestamptz", "time without time zone": "time", "time with time zone": "timetz",
    "decimal": "numeric",
}  # fmt: skip
_KINDS = {"BASE TABLE": "TABLE", "TABLE": "TABLE", "VIEW": "VIEW", "EXTERNAL TABLE": "EXTERNAL TABLE"}


def databases(connection: Connection) -> list[str]:
    return [str(name) for (name,) in connection.query("SELECT datname FROM pg_database ORDER BY datname")]


def schemas(connection: Connection, request: Mapping[str, Any]) -> list[str]:
    sql = """SELECT schema_name FROM information_schema.schemata
             WHERE catalog_name = $1 AND schema_name LIKE $2 ORDER BY schema_name"""
    found = connection.query(sql, request["Database"], request.get("SchemaPattern") or "%")
    return [str(name) for (name,) in found]


def tables(connection: Connection, request: Mapping[str, Any]) -> list[dict[str, str]]:
    sql = """SELECT table_schema, table_name, table_type FROM information_schema.tables
             WHERE table_catalog = $1 AND table_schema LIKE $2 AND table_name LIKE $3
             ORDER BY table_schema, table_name"""
    patterns = request.get("SchemaPattern") or "%", request.get("TablePattern") or "%"
    return [
        {"name": str(name), "schema": str(schema), "type": _KINDS.get(str(kind), str(kind))}
        for schema, name, kind in connection.query(sql, request["Database"], *patterns)
    ]


def columns(connection: Connection, request: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Those of the table, by their place; of all schemas where the request names none."""
    sql = """SELECT table_schema, column_name, data_type, character_maximum_length, numeric_precision, numeric_scale,
                    is_nullable, column_default
             FROM information_schema.columns
             WHERE table_catalog = $1 AND table_schema LIKE $2 AND table_name = $3
             ORDER BY table_schema, ordinal_position"""
    table = str(request.get("Table") or "")
    found = connection.query(sql, request["Database"], request.get("Schema") or "%", table)
    return [_column(table, *row) for row in found]


def _column(
    table: str,
    schema: str | None,
    name: str | None,
    kind: str | None,
    length: str | None,
    precision: str | None,
    scale: str | None,
    nullable: str | None,
    default: str | None,
) -> dict[str, Any]:
    type_word = str(kind).lower().partition("(")[0]
    type_name = _TYPES.get(type_word, type_word)
    is_text = type_name in ("varchar", "bpchar")
    told = {
        "name": name,
        "label": name,
        "typeName": type_name,
        "schemaName": schema,
        "tableName": table,
        "length": int(length or 0) if is_text else int(precision or 0),
        "precision": int(precision or 0),
        "scale": int(scale or 0),
        "nullable": int(nullable == "YES"),
        "isCurrency": False,
        "isCaseSensitive": is_text,
        "isSigned": precision is not None,
    }
    return told | ({"columnDefault": default} if default is not None else {})
