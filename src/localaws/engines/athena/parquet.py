"""Parquet, by the names of its columns, whatever each file's schema has become since."""

from __future__ import annotations

import duckdb

from localaws.engines.athena.catalog import Table
from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.kinds import Type
from localaws.engines.athena.quoting import name, texts
from localaws.engines.athena.reading import select_list

#: Parquet's physical types that Trino reads into a column of a type; what else there is, it refuses.
_READABLE = {
    "boolean": {"BOOLEAN"},
    "tinyint": {"INT32", "INT64"},
    "smallint": {"INT32", "INT64"},
    "integer": {"INT32", "INT64"},
    "bigint": {"INT32", "INT64"},
    "real": {"FLOAT"},
    "double": {"DOUBLE", "FLOAT"},
    "decimal": {"INT32", "INT64", "FIXED_LEN_BYTE_ARRAY", "BYTE_ARRAY"},
    "varchar": {"BYTE_ARRAY"},
    "char": {"BYTE_ARRAY"},
    "varbinary": {"BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY"},
    "date": {"INT32"},
    "timestamp": {"INT96", "INT64"},
}
_GROUPS = {"array", "map", "row"}


def read(cursor: duckdb.DuckDBPyConnection, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """The files' footers are read here, once, into DuckDB's metadata cache: they do not count as scanned."""
    schemas = _schemas(cursor, paths, uris)
    held: set[str] = set()
    for path, columns in schemas:
        for column in table.columns:
            if column.name in columns:
                held.add(column.name)
                _check(column.name, column.type, columns[column.name], uris[path])
    if len(schemas) > 1:
        options += ", union_by_name = true"
    values = {
        column.name: f"CAST({name(column.name) if column.name in held else 'NULL'} AS {column.type.duckdb})"
        for column in table.columns
    }
    return f"SELECT {select_list(values, table, options)} FROM read_parquet({texts(paths)}, {options})"


def _schemas(
    cursor: duckdb.DuckDBPyConnection, paths: list[str], uris: dict[str, str]
) -> list[tuple[str, dict[str, str | None]]]:
    """The different schemas among the files, each with a file that has it: top-level column → physical type."""
    sql = f"""
        SELECT min(file_name), elements FROM (
            SELECT file_name, list((name, type, num_children)) AS elements
            FROM parquet_schema({texts(paths)}) GROUP BY file_name
        ) GROUP BY elements"""
    try:
        rows = cursor.execute(sql).fetchall()
    except duckdb.Error as error:
        uri = next((uri for path, uri in uris.items() if path in str(error)), "")
        raise QueryFailure("HIVE_BAD_DATA", f"Not valid Parquet file: {uri}") from None
    found = []
    for path, elements in rows:
        columns: dict[str, str | None] = {}
        following = iter(elements[1:])
        for column, kind, children in following:
            columns[column.lower()] = None if children else kind
            _skip(following, children or 0)
        found.append((path, columns))
    return found


def _skip(elements: object, count: int) -> None:
    """Pass over *count* elements of a flattened tree with all that is below them."""
    for _ in range(count):
        _, _, children = next(elements)  # type: ignore[call-overload]
        _skip(elements, children or 0)


def _check(column: str, wanted: Type, physical: str | None, uri: str) -> None:
    fits = wanted.name in _GROUPS if physical is None else physical in _READABLE.get(wanted.name, set())
    if not fits:
        raise QueryFailure(
            "HIVE_BAD_DATA",
            f"Malformed Parquet file. Field {column}'s type {physical or 'GROUP'} in parquet file {uri} "
            f"is incompatible with type {wanted.trino} defined in table schema",
        )
