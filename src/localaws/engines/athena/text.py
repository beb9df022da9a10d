"""Tables of text: lines split at a delimiter, CSV with quotes, and JSON.

Sources: "LazySimpleSerDe for CSV, TSV, and custom-delimited files", "Open CSV SerDe for processing CSV",
"JSON SerDe libraries" (athena/latest/ug/supported-serdes.html).
"""

from __future__ import annotations

import gzip
import json
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

import duckdb

from localaws.engines.athena.catalog import Table
from localaws.engines.athena.errors import not_supported
from localaws.engines.athena.kinds import Type
from localaws.engines.athena.quoting import literal, name, texts
from localaws.engines.athena.reading import select_list

#: How an object's key says that it is compressed → what DuckDB calls that.
_CODECS = {".gz": "gzip", ".gzip": "gzip", ".zst": "zstd"}
_UNREAD = {".lzo", ".lz4", ".deflate"}
_MOST_LINE_BYTES = 32 << 20


def lazy_simple(
    cursor: duckdb.DuckDBPyConnection, table: Table, paths: list[str], uris: dict[str, str], options: str
) -> str:
    """No quotes; ``\\N`` is NULL; a value that does not fit its column is NULL; extra values are dropped."""
    parameters = table.serde_parameters
    delimiter = _unescape(parameters.get("field.delim") or parameters.get("serialization.format") or "\x01")
    if delimiter.isdigit():
        delimiter = chr(int(delimiter))  # Hive's other way to write one
    null = parameters.get("serialization.null.format", "\\N")
    escape = _unescape(parameters.get("escape.delim", ""))
    delimiters = [
        _unescape(parameters.get("collection.delim") or parameters.get("colelction.delim") or "\x02"),
        _unescape(parameters.get("mapkey.delim") or "\x03"),
        *"\x04\x05\x06\x07",
    ]
    settings = f"delim = {literal(delimiter)}, quote = '', escape = {literal(escape)}, nullstr = {literal(null)}"
    values = {column.name: _lazy(name(column.name), column.type, delimiters) for column in table.columns}
    return _read_csv(table, paths, uris, options, settings, values)


def open_csv(
    cursor: duckdb.DuckDBPyConnection, table: Table, paths: list[str], uris: dict[str, str], options: str
) -> str:
    """Quotes; every value is a text first; a value that does not fit its column ends the query."""
    parameters = table.serde_parameters
    separator = _unescape(parameters.get("separatorChar", ","))
    quote = _unescape(parameters.get("quoteChar", '"'))
    escape = _unescape(parameters.get("escapeChar", '"'))
    settings = f"delim = {literal(separator)}, quote = {literal(quote)}, escape = {literal(escape)}, nullstr = ''"
    values = {}
    for column in table.columns:
        kind, value = column.type, name(column.name)
        if kind.name == "date":  # days since 1970
            values[column.name] = f"DATE '1970-01-01' + CAST({value} AS INTEGER)"
        elif kind.name == "timestamp":  # milliseconds since 1970
            values[column.name] = f"make_timestamp_ms(CAST({value} AS BIGINT))"
        elif kind.name == "varchar":
            values[column.name] = f"coalesce({value}, '')"  # this SerDe cannot tell NULL from an empty text
        else:
            values[column.name] = f"CAST({value} AS {kind.duckdb})"
    return _read_csv(table, paths, uris, options, settings, values)


def json_lines(
    cursor: duckdb.DuckDBPyConnection, table: Table, paths: list[str], uris: dict[str, str], options: str
) -> str:
    """One JSON object a line. Names are compared without regard to case, as both JSON SerDes do."""
    parameters = table.serde_parameters
    lenient = parameters.get("ignore.malformed.json", "false").lower() == "true"
    mapped = {key.removeprefix("mapping."): value for key, value in parameters.items() if key.startswith("mapping.")}
    spelled = _spelled_keys(paths, uris)
    keys = {column.name: mapped.get(column.name) or spelled.get(column.name, column.name) for column in table.columns}
    columns = ", ".join(f"{literal(keys[column.name])}: {literal(_json_type(column.type))}" for column in table.columns)
    values = {column.name: _from_json(name(keys[column.name]), column.type) for column in table.columns}

    def read(codec: str, part: list[str]) -> str:
        return (
            f"SELECT {select_list(values, table, options)} FROM read_json({texts(part)}, columns = {{{columns}}}, "
            f"format = 'newline_delimited', compression = {literal(codec)}, ignore_errors = {lenient}, "
            f"maximum_object_size = {_MOST_LINE_BYTES}, {options})"
        )

    return _by_codec(paths, uris, read)


def _read_csv(
    table: Table, paths: list[str], uris: dict[str, str], options: str, settings: str, values: dict[str, str]
) -> str:
    skip = int(table.parameters.get("skip.header.line.count", "0"))
    columns = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in table.columns)

    def read(codec: str, part: list[str]) -> str:
        return (
            f"SELECT {select_list(values, table, options)} FROM read_csv({texts(part)}, columns = {{{columns}}}, "
            f"auto_detect = false, header = false, skip = {skip}, null_padding = true, strict_mode = false, "
            f"compression = {literal(codec)}, max_line_size = {_MOST_LINE_BYTES}, {settings}, {options})"
        )

    return _by_codec(paths, uris, read)


def _by_codec(paths: list[str], uris: dict[str, str], read: Callable[[str, list[str]], str]) -> str:
    """Files of each compression are read apart, for a reader knows only one."""
    parts: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        parts[_codec(uris[path])].append(path)
    return " UNION ALL ".join(read(codec, part) for codec, part in parts.items())


def _codec(uri: str) -> str:
    suffix = Path(uri).suffix.lower()
    if suffix in _UNREAD:
        raise not_supported(f"Text compressed as {suffix}")
    return _CODECS.get(suffix, "none")


def _unescape(text: str) -> str:
    """``\\t`` and the like, which a table's properties may spell out."""
    return {"\\t": "\t", "\\n": "\n", "\\\\": "\\", "\\001": "\x01", "\\u0001": "\x01"}.get(text, text)


def _lazy(value: str, kind: Type, delimiters: list[str]) -> str:
    """SQL that reads the text *value* as LazySimpleSerDe does."""
    if kind.name in ("varchar", "char"):
        return value
    if kind.name == "varbinary":
        return f"from_base64({value})"
    if kind.name == "boolean":
        return f"CASE lower({value}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind.name in ("tinyint", "smallint", "integer", "bigint"):
        return f"CASE WHEN {value} NOT LIKE '%.%' THEN TRY_CAST({value} AS {kind.duckdb}) END"
    if kind.name == "array":
        element = _lazy("x", kind.parts[0], delimiters[1:])
        return f"list_transform(string_split({value}, {literal(delimiters[0])}), LAMBDA x : {element})"
    if kind.name == "map":
        key, item = (f"string_split(x, {literal(delimiters[1])})[{position}]" for position in (1, 2))
        entries = f"string_split({value}, {literal(delimiters[0])})"
        pair = f"({_lazy(key, kind.parts[0], delimiters[2:])}, {_lazy(item, kind.parts[1], delimiters[2:])})"
        return f"map_from_entries(list_transform({entries}, LAMBDA x : {pair}))"
    if kind.name == "row":
        fields = ", ".join(
            f"{name(field)} := "
            + _lazy(f"string_split({value}, {literal(delimiters[0])})[{position}]", part, delimiters[1:])
            for position, (field, part) in enumerate(zip(kind.fields, kind.parts, strict=True), 1)
        )
        return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({fields}) END"
    return f"TRY_CAST({value} AS {kind.duckdb})"


def _json_type(kind: Type) -> str:
    """What DuckDB's JSON reader is asked for."""
    return "VARCHAR" if kind.name == "varbinary" else kind.duckdb


def _from_json(value: str, kind: Type) -> str:
    return f"from_base64({value})" if kind.name == "varbinary" else value


def _spelled_keys(paths: list[str], uris: dict[str, str]) -> dict[str, str]:
    """How the first lines of the first file spell their keys, by the keys in lower case."""
    if not paths:
        return {}
    codec = _codec(uris[paths[0]])
    spelled: dict[str, str] = {}
    if codec == "zstd":
        return spelled
    try:
        with gzip.open(paths[0], "rb") if codec == "gzip" else Path(paths[0]).open("rb") as lines:
            for _ in range(20):
                record = json.loads(lines.readline(1 << 20))
                spelled |= {key.lower(): key for key in record}
    except (ValueError, OSError, AttributeError):
        pass  # whatever is wrong, the reading itself will tell
    return spelled
