"""Tables of JSON: one object a line.

Sources: "Hive JSON SerDe", "OpenX JSON SerDe" (athena/latest/ug/json-serde.html).
"""

from __future__ import annotations

import json

from localaws.lake.catalog import Table
from localaws.lake.column_types import Type
from localaws.lake.files.json_keys import Keys, keys_of
from localaws.lake.files.packed import MOST_LINE_BYTES
from localaws.lake.files.reading import null_for_invalid, select_list
from localaws.lake.files.text import by_codec
from localaws.lake.quoting import literal, name, texts
from localaws.lake.runtime import Session


def read(session: Session, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """The files have to agree on how they spell their keys: see `json_keys`."""
    lenient = table.serde_parameters.get("ignore.malformed.json", "false").lower() == "true"
    forgiving = null_for_invalid(table)
    keys = keys_of(session.call, table, paths, uris)
    columns: dict[str, str] = {}
    values = {}
    for column in table.columns:
        # a moment comes in several forms
        moment = column.type.name == "timestamp"
        column_type, key = _json_type(column.type, keys), keys.of_column(column.name)
        wanted_as = "VARCHAR" if moment else "JSON" if forgiving else column_type
        read = columns.setdefault(key, wanted_as)  # two columns may be mapped to one key
        value = name(key)
        if forgiving and not moment:  # a value that is not of its type is NULL
            value, read = f"from_json({value}, {literal(json.dumps(column_type))})", column_type
        values[column.name] = _from_json(value, column.type, read, lenient or forgiving)
    wanted = ", ".join(f"{literal(key)}: {literal(column_type)}" for key, column_type in columns.items())

    def files(codec: str, part: list[str]) -> str:
        return (
            f"SELECT {select_list(values, table, options)} FROM read_json({texts(part)}, "
            f"columns = {{{wanted}}}, format = 'newline_delimited', records = 'true', "
            f"compression = {literal(codec)}, ignore_errors = {lenient}, "
            f"maximum_object_size = {MOST_LINE_BYTES}, {options})"
        )

    return by_codec(paths, uris, files)


def _json_type(column_type: Type, keys: Keys) -> str:
    """What DuckDB's JSON reader is asked for: the type, with the fields of structs spelt as the records spell them."""
    if column_type.name == "varbinary":
        return "VARCHAR"
    if column_type.name == "array":
        return f"{_json_type(column_type.parts[0], keys)}[]"
    if column_type.name == "row":
        fields = zip(column_type.fields, column_type.parts, strict=True)
        listed = (f"{name(keys.of_field(field))} {_json_type(part, keys)}" for field, part in fields)
        return f"STRUCT({', '.join(listed)})"
    if column_type.name == "map":
        return f"MAP({column_type.parts[0].duckdb}, {_json_type(column_type.parts[1], keys)})"
    return column_type.duckdb


def _from_json(value: str, column_type: Type, read: str, lenient: bool) -> str:
    """SQL of a column from what was read as the type *read*; what does not fit ends the query unless *lenient*."""
    if column_type.name == "varbinary":
        return f"from_base64({value})"
    if column_type.name == "timestamp":
        return _moment(value, lenient)
    return value if read == column_type.duckdb else _renamed(value, column_type)


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


def _renamed(value: str, column_type: Type) -> str:
    """*value* with the fields of its structs named as the table names them."""
    if column_type.name == "array":
        return f"list_transform({value}, LAMBDA each : {_renamed('each', column_type.parts[0])})"
    if column_type.name == "map":
        entry = f"(each.key, {_renamed('each.value', column_type.parts[1])})"
        return f"map_from_entries(list_transform(map_entries({value}), LAMBDA each : {entry}))"
    if column_type.name == "row":
        fields = ", ".join(
            f"{name(field)} := {_renamed(f'struct_extract_at({value}, {number})', part)}"
            for number, (field, part) in enumerate(zip(column_type.fields, column_type.parts, strict=True), 1)
        )
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({fields}) END"
    return value
