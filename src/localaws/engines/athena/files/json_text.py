"""Tables of JSON: one object a line.

Sources: "Hive JSON SerDe", "OpenX JSON SerDe" (athena/latest/ug/json-serde.html).
"""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import duckdb

from localaws.engines.athena.files.reading import select_list
from localaws.engines.athena.files.text import MOST_LINE_BYTES, by_codec, codec
from localaws.engines.athena.sql.kinds import Type
from localaws.engines.athena.sql.quoting import literal, name, texts
from localaws.engines.athena.tables.catalog import Column, Table

#: How a record spells its keys: each key in lower case → as it is written, and the same of what is under it.
Spelling = dict[str, tuple[str, "Spelling"]]
_LINES_LOOKED_AT = 20


def read(cursor: duckdb.DuckDBPyConnection, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """Names are compared without regard to case, as both JSON SerDes do unless told otherwise."""
    parameters = table.serde_parameters
    lenient = _is_true(parameters, "ignore.malformed.json")
    spelling = _spelling_of(paths, uris) if _is_true(parameters, "case.insensitive", "true") else {}
    if _is_true(parameters, "dots.in.keys"):
        spelling = {key.replace(".", "_"): spelt for key, spelt in spelling.items()}
    mapped = {key.removeprefix("mapping."): value for key, value in parameters.items() if key.startswith("mapping.")}

    def key(column: Column) -> str:
        return mapped.get(column.name) or spelling.get(column.name, (column.name, {}))[0]

    columns: dict[str, str] = {}
    values = {}
    for column in table.columns:
        # a moment comes in several forms
        moment = column.type.name == "timestamp"
        kind = "VARCHAR" if moment else _json_type(column.type, spelling.get(key(column).lower(), ("", {}))[1])
        read = columns.setdefault(key(column), kind)  # two columns may be mapped to one key
        values[column.name] = _from_json(name(key(column)), column.type, read, lenient)
    wanted = ", ".join(f"{literal(key)}: {literal(kind)}" for key, kind in columns.items())

    def files(codec: str, part: list[str]) -> str:
        return (
            f"SELECT {select_list(values, table, options)} FROM read_json({texts(part)}, "
            f"columns = {{{wanted}}}, format = 'newline_delimited', records = 'true', "
            f"compression = {literal(codec)}, ignore_errors = {lenient}, "
            f"maximum_object_size = {MOST_LINE_BYTES}, {options})"
        )

    return by_codec(paths, uris, files)


def _is_true(parameters: dict[str, str], key: str, usual: str = "false") -> bool:
    return parameters.get(key, usual).lower() == "true"


def _json_type(kind: Type, spelling: Spelling) -> str:
    """What DuckDB's JSON reader is asked for: *kind*, with the fields of structs spelt as the records spell them."""
    if kind.name == "varbinary":
        return "VARCHAR"
    if kind.name == "array":
        return f"{_json_type(kind.parts[0], spelling)}[]"
    if kind.name == "row":
        fields = []
        for field, part in zip(kind.fields, kind.parts, strict=True):
            spelt, deeper = spelling.get(field.lower(), (field, {}))
            fields.append(f"{name(spelt)} {_json_type(part, deeper)}")
        return f"STRUCT({', '.join(fields)})"
    return kind.duckdb


def _from_json(value: str, kind: Type, read: str, lenient: bool) -> str:
    """SQL of a column from what was read as the type *read*; what does not fit ends the query unless *lenient*."""
    if kind.name == "varbinary":
        return f"from_base64({value})"
    if kind.name == "timestamp":
        return _moment(value, lenient)
    return value if read == kind.duckdb else _renamed(value, kind)


def _moment(value: str, lenient: bool) -> str:
    """SQL of a timestamp: a text, or milliseconds since 1970; seconds with a point or of at most ten digits."""
    words = f"'ATHENA HIVE_BAD_DATA: Error parsing field value ' || {value} || ' as a timestamp'"
    parsed = f"TRY_CAST({value} AS TIMESTAMP)"
    otherwise = parsed if lenient else f"CASE WHEN {parsed} IS NULL THEN error({words}) ELSE {parsed} END"
    return (
        f"CASE WHEN {value} IS NULL THEN NULL WHEN regexp_full_match({value}, '-?[0-9]+') "
        f"THEN make_timestamp_ms(CAST({value} AS BIGINT) * CASE WHEN length({value}) <= 10 THEN 1000 ELSE 1 END) "
        f"WHEN regexp_full_match({value}, '-?[0-9]+[.][0-9]+') "
        f"THEN make_timestamp_ms(CAST(CAST({value} AS DOUBLE) * 1000 AS BIGINT)) ELSE {otherwise} END"
    )


def _renamed(value: str, kind: Type) -> str:
    """*value* with the fields of its structs named as the table names them (a cast takes names of any case)."""
    if kind.name == "array":
        return f"list_transform({value}, LAMBDA each : {_renamed('each', kind.parts[0])})"
    if kind.name == "row":
        fields = ", ".join(
            f"{name(field)} := {_renamed(f'struct_extract({value}, {literal(field)})', part)}"
            for field, part in zip(kind.fields, kind.parts, strict=True)
        )
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({fields}) END"
    return value


def _spelling_of(paths: list[str], uris: dict[str, str]) -> Spelling:
    """How the first lines of the first file spell their keys."""
    if not paths:
        return {}
    spelling: Spelling = {}
    packed = codec(uris[paths[0]])
    if packed == "zstd":
        return spelling
    try:
        with gzip.open(paths[0], "rb") if packed == "gzip" else Path(paths[0]).open("rb") as lines:
            for line in islice(lines, _LINES_LOOKED_AT):
                _note(json.loads(line), spelling)
    except (ValueError, OSError, EOFError):
        pass  # whatever is wrong, the reading itself will tell
    return spelling


def _note(value: Any, spelling: Spelling) -> None:
    if isinstance(value, list):
        for each in value[:1]:
            _note(each, spelling)
    elif isinstance(value, dict):
        for key, under in value.items():
            _note(under, spelling.setdefault(key.lower(), (key, {}))[1])
