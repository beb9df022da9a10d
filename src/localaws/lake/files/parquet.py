"""Parquet, by the names of its columns, whatever each file's schema has become since."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest

import duckdb

from localaws.lake.catalog import Column, Table
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.files.reading import select_list
from localaws.lake.files.remembered import Remembered, identity
from localaws.lake.quoting import literal, name, texts
from localaws.lake.runtime import Session

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
#: The largest value of the integers that a file may hold wider than the table declares them.
_MOST = {"tinyint": 127, "smallint": 32767, "integer": 2147483647}
_GROUPS = {"array", "map", "row"}
#: What ORC calls the types that it becomes Parquet's by.
_ORC_NAMES = {"BYTE_ARRAY": "STRING", "INT32": "INT", "INT64": "LONG", "FLOAT": "FLOAT", "DOUBLE": "DOUBLE",
              "BOOLEAN": "BOOLEAN"}  # fmt: skip
#: What is below a column: name, physical type and number of children of each element.
Shape = tuple[tuple[str, str, int], ...]
#: A file's top-level columns: name, physical type or None for a group, what is below.
Schema = tuple[tuple[str, str | None, Shape], ...]
_known: Remembered[Schema] = Remembered()
#: Columns, and what is below them, that the lab is told of at once: nobody else is served while it unpacks an answer.
_MOST_ELEMENTS = 250_000


def read(session: Session, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """The files' footers are read here, once, into DuckDB's metadata cache: they do not count as scanned.

    A column whose type does not fit ends only the queries that read it. Columns are matched by name, or by position
    if the table says so ("Handle schema updates": parquet.column.index.access).
    """
    by_position = table.serde_parameters.get("parquet.column.index.access", "false").lower() == "true"
    parts: dict[Schema, dict[Schema, list[str]]] = {}
    for path, schema in _schemas(session, paths, uris).items():
        if by_position:
            parts.setdefault(schema, {}).setdefault(schema, []).append(path)
            continue
        # DuckDB unites files by the names of their columns, but not by those of the fields within
        nested = tuple(element for element in schema if element[1] is None)
        parts.setdefault(nested, {}).setdefault(schema, []).append(path)
    return " UNION ALL ".join(_read_part(table, part, uris, options, by_position) for part in parts.values())


def _read_part(
    table: Table, schemas: dict[Schema, list[str]], uris: dict[str, str], options: str, by_position: bool
) -> str:
    """Files whose structs, arrays and maps are made alike; *schemas* has the files of each schema."""
    examples = {paths[0]: {name: physical for name, physical, _ in schema} for schema, paths in schemas.items()}
    held = {column.name: column.name for column in table.columns}
    if by_position:  # then there is one schema
        (schema,) = schemas
        places = zip_longest(table.columns, schema[: len(table.columns)])
        held = {column.name: element[0] if element else "" for column, element in places}
    values = {column.name: _value(column, held[column.name], table, examples, uris) for column in table.columns}
    if len(schemas) > 1:
        options += ", union_by_name = true"
    paths = [path for each in schemas.values() for path in each]
    return f"SELECT {select_list(values, table, options)} FROM read_parquet({texts(paths)}, {options})"


def _schemas(session: Session, paths: list[str], uris: dict[str, str]) -> dict[str, Schema]:
    """The schema of each file."""
    about = {path: identity(path) for path in paths}
    found = {path: schema for path in paths if (schema := _known.get(about[path])) is not None}
    unknown = [path for path in paths if path not in found]
    if unknown:
        for path, schema in _read_schemas(session, unknown, uris):
            found[path] = schema
            _known.put(about[path], schema, sum(1 + len(below) for _, _, below in schema))
    return {path: found[path] for path in paths}


def _read_schemas(session: Session, paths: list[str], uris: dict[str, str]) -> Iterator[tuple[str, Schema]]:
    elements = f"parquet_schema({texts(paths)})"
    words = f"this lab reads up to {_MOST_ELEMENTS} columns of a file"
    failure, rows = QueryFailure("NOT_SUPPORTED", f"{uris[paths[0]]}: {words}"), []
    try:
        if session.run(f"SELECT count(*) FROM {elements}")[0][0] <= _MOST_ELEMENTS:
            sql = f"SELECT file_name, list((name, type, num_children)) FROM {elements} GROUP BY file_name"
            rows = session.run(sql)
    except duckdb.Error:  # whose text does not always tell which file it is
        failure = QueryFailure("HIVE_BAD_DATA", f"Not valid Parquet file: {uris[paths[0]]}")
    if not rows:
        if len(paths) == 1:
            raise failure
        half = len(paths) // 2
        for part in (paths[:half], paths[half:]):
            yield from _read_schemas(session, part, uris)
        return
    for path, elements in rows:
        columns: list[tuple[str, str | None, Shape]] = []
        following = iter(elements[1:])
        for column, column_type, children in following:
            below = tuple(_below(following, children or 0))
            columns.append((column.lower(), None if children else column_type, below))
        yield path, tuple(columns)


def _below(elements: Iterator[tuple[str, str, int]], count: int) -> Iterator[tuple[str, str, int]]:
    """The next *count* elements of a flattened tree with all that is below them."""
    for _ in range(count):
        element = next(elements)
        yield element
        yield from _below(elements, element[2] or 0)


def _value(
    column: Column, place: str, table: Table, examples: dict[str, dict[str, str | None]], uris: dict[str, str]
) -> str:
    """SQL that reads *column* from files of any of the schemas, which call it *place*; NULL where none of them has it.

    *examples* has a file of each schema, with the physical types of its columns.
    """
    wanted = column.type
    held = [(path, columns[place]) for path, columns in examples.items() if place in columns]
    for path, physical in held:
        if not _fits(physical, wanted):
            return _failing(_misfit(column, table, physical, uris[path]), wanted)
    if not held:
        return f"CAST(NULL AS {wanted.duckdb})"
    value = name(place)
    if wanted.name in _MOST and any(physical == "INT64" for _, physical in held):
        # "Troubleshoot Athena": GENERIC_INTERNAL_ERROR: Value exceeds MAX_INT
        low, high = -_MOST[wanted.name] - 1, _MOST[wanted.name]
        exceeded = f"'ATHENA GENERIC_INTERNAL_ERROR: Value ' || {value} || ' exceeds MAX_{wanted.hive.upper()}'"
        value = f"CASE WHEN {value} NOT BETWEEN {low} AND {high} THEN error({exceeded}) ELSE {value} END"
    return f"CAST({value} AS {wanted.duckdb})"


def _misfit(column: Column, table: Table, physical: str | None, uri: str) -> str:
    """ "Troubleshoot Athena": HIVE_BAD_DATA."""
    if table.serde.endswith("OrcSerde"):
        return (
            f"HIVE_BAD_DATA: Malformed ORC file. Cannot read SQL type '{column.type.trino}' from ORC stream "
            f"'.{column.name}' of type {_ORC_NAMES.get(physical or '', 'STRUCT')} with attributes {{}} [{uri}]"
        )
    return (
        f"HIVE_BAD_DATA: Malformed Parquet file. Field {column.name}'s type {physical or 'GROUP'} in parquet file "
        f"{uri} is incompatible with type {column.type.trino} defined in table schema"
    )


def _fits(physical: str | None, wanted: Type) -> bool:
    return wanted.name in _GROUPS if physical is None else physical in _READABLE.get(wanted.name, set())


def _failing(message: str, column_type: Type) -> str:
    """SQL that ends the query if it reads this."""
    return f"CAST(error({literal('ATHENA ' + message)}) AS {column_type.duckdb})"
