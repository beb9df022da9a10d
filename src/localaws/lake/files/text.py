"""Tables of text: lines split at a delimiter, and CSV with quotes.

Sources: "LazySimpleSerDe for CSV, TSV, and custom-delimited files", "Open CSV SerDe for processing CSV"
(athena/latest/ug/supported-serdes.html), "Use Hive table compression" (compression-support-hive.html).
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable

from localaws.lake.catalog import Table
from localaws.lake.column_types import Type
from localaws.lake.files.packed import MOST_LINE_BYTES, codec
from localaws.lake.files.reading import null_for_invalid, select_list
from localaws.lake.quoting import literal, name, texts
from localaws.lake.runtime import Session

NULL = "\\N"
INTEGERS = ("tinyint", "smallint", "integer", "bigint")
_TEXTS = ("varchar", "char")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|([0-7]{3})|(.))", re.DOTALL)
_LETTERS = {"t": "\t", "n": "\n", "r": "\r", "b": "\b", "f": "\f"}


def lazy_simple(session: Session, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """No quotes; ``\\N`` is NULL; a value that does not fit its column is NULL; extra values are dropped."""
    delimiter, *inner = delimiters(table.serde_parameters)
    null = table.serde_parameters.get("serialization.null.format", NULL)
    escape = unescape(table.serde_parameters.get("escape.delim", ""))
    settings = f"delim = {literal(delimiter)}, quote = '', escape = {literal(escape)}, nullstr = {literal(null)}"
    values = {column.name: lazy(name(column.name), column.type, inner, null) for column in table.columns}
    return _read_csv(table, paths, uris, options, settings, values)


def open_csv(session: Session, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """Quotes; every value is a text first; a value that does not fit its column ends the query."""
    parameters = table.serde_parameters
    separator = unescape(parameters.get("separatorChar", ","))
    quote = unescape(parameters.get("quoteChar", '"'))
    escape = unescape(parameters.get("escapeChar", "\\"))
    if escape == '"':
        escape = "\\"  # a quirk of the SerDe: the one that was told to be a double quote is a backslash, too
    # no text is NULL here but one that is missing: an empty one is an empty text
    settings = f"delim = {literal(separator)}, quote = {literal(quote)}, escape = {literal(escape)}, nullstr = '\\0'"
    values = {}
    forgiving = null_for_invalid(table)
    for number, column in enumerate(table.columns):
        column_type, value = column.type, name(column.name)
        if escape != quote:  # the SerDe understands a doubled quote, whatever its escape character is
            value = f"replace({value}, {literal(quote * 2)}, {literal(quote)})"
        if column_type.name == "date":  # days since 1970
            values[column.name] = f"DATE '1970-01-01' + {_parsed(value, 'INTEGER', number, forgiving)}"
        elif column_type.name == "timestamp":  # milliseconds since 1970
            values[column.name] = f"make_timestamp_ms({_parsed(value, 'BIGINT', number, forgiving)})"
        else:
            parsed = _parsed(value, column_type.duckdb, number, forgiving)
            values[column.name] = shortened(value, column_type) if column_type.name in _TEXTS else parsed
    return _read_csv(table, paths, uris, options, settings, values)


def _parsed(value: str, column_type: str, number: int, forgiving: bool) -> str:
    """SQL that reads the text *value* of field *number* as *column_type*; what is none ends the query or is NULL.

    An empty text is no number either ("Open CSV SerDe": empty fields in columns of a numeric type).
    """
    message = (
        f"'ATHENA HIVE_BAD_DATA: Error parsing field value ' || chr(39) || {value} || chr(39) || ' for field {number}: "
        f"For input string: \"' || {value} || '\"'"
    )
    parsed = f"TRY_CAST({value} AS {column_type})"
    if forgiving:
        return parsed
    return f"CASE WHEN {parsed} IS NULL AND {value} IS NOT NULL THEN error({message}) ELSE {parsed} END"


def _read_csv(
    table: Table, paths: list[str], uris: dict[str, str], options: str, settings: str, values: dict[str, str]
) -> str:
    skip = table.header_lines
    columns = ", ".join(f"{literal(column.name)}: 'VARCHAR'" for column in table.columns)

    def read(codec: str, part: list[str]) -> str:
        return (
            f"SELECT {select_list(values, table, options)} FROM read_csv({texts(part)}, columns = {{{columns}}}, "
            f"auto_detect = false, header = false, skip = {skip}, null_padding = true, strict_mode = false, "
            f"compression = {literal(codec)}, max_line_size = {MOST_LINE_BYTES}, {settings}, {options})"
        )

    return by_codec(paths, uris, read)


def by_codec(paths: list[str], uris: dict[str, str], read: Callable[[str, list[str]], str]) -> str:
    """Files of each compression are read apart, for a reader knows only one."""
    parts: dict[str, list[str]] = defaultdict(list)
    for path in paths:
        parts[codec(uris[path])].append(path)
    return " UNION ALL ".join(read(codec, part) for codec, part in parts.items())


def delimiters(parameters: dict[str, str]) -> list[str]:
    """What separates fields, then items of collections, then a map's keys from their values, then what is deeper."""
    field = unescape(parameters.get("field.delim") or parameters.get("serialization.format") or "\x01")
    if field.isdigit():
        field = chr(int(field))  # Hive's other way to write one
    # Hive itself spells this property wrong
    items = parameters.get("collection.delim") or parameters.get("colelction.delim") or "\x02"
    return [field, unescape(items), unescape(parameters.get("mapkey.delim") or "\x03"), *"\x04\x05\x06\x07\x08"]


def unescape(text: str) -> str:
    """``\\t``, ``\\001``, ``\\u0001`` and the like, which a table's properties may spell out."""

    def plain(match: re.Match[str]) -> str:
        code, octal, letter = match.groups()
        if code or octal:
            return chr(int(code, 16) if code else int(octal, 8))
        return _LETTERS.get(letter, letter)

    return _ESCAPE.sub(plain, text)


def lazy(value: str, column_type: Type, inner: list[str], null: str = NULL) -> str:
    """SQL that reads the text *value* as LazySimpleSerDe does; *inner* separates what is within it, level by level."""
    if column_type.name in _TEXTS:
        return shortened(value, column_type)
    if column_type.name == "varbinary":
        return f"from_base64({value})"
    if column_type.name == "boolean":
        return f"CASE lower({value}) WHEN 'true' THEN true WHEN 'false' THEN false END"
    if column_type.name in INTEGERS:
        return f"CASE WHEN {value} NOT LIKE '%.%' THEN TRY_CAST({value} AS {column_type.duckdb}) END"
    if not column_type.parts:
        return f"TRY_CAST({value} AS {column_type.duckdb})"
    parts = f"CASE WHEN {value} = '' THEN [] ELSE string_split({value}, {literal(inner[0])}) END"

    def item(text: str, part: Type, deeper: list[str]) -> str:
        return lazy(f"nullif({text}, {literal(null)})", part, deeper, null)

    if column_type.name == "array":
        return f"list_transform({parts}, LAMBDA x : {item('x', column_type.parts[0], inner[1:])})"
    if column_type.name == "map":
        key, held = (f"string_split(x, {literal(inner[1])})[{position}]" for position in (1, 2))
        pair = f"({item(key, column_type.parts[0], inner[2:])}, {item(held, column_type.parts[1], inner[2:])})"
        return f"map_from_entries(list_transform({parts}, LAMBDA x : {pair}))"
    fields = ", ".join(
        f"{name(field)} := {item(f'({parts})[{position}]', part, inner[1:])}"
        for position, (field, part) in enumerate(zip(column_type.fields, column_type.parts, strict=True), 1)
    )
    return f"CASE WHEN {value} IS NOT NULL THEN struct_pack({fields}) END"


def shortened(value: str, column_type: Type) -> str:
    """What a varchar(n) or char(n) holds of a text."""
    return f"left({value}, {column_type.precision})" if column_type.precision else value


def lazy_text(value: str, column_type: Type, inner: list[str]) -> str:
    """SQL that writes *value* as LazySimpleSerDe does: what `lazy` reads. NULL stays NULL."""

    def item(held: str, part: Type, deeper: list[str]) -> str:
        return f"coalesce({lazy_text(held, part, deeper)}, {literal(NULL)})"

    if column_type.name == "array":
        items = f"list_transform({value}, LAMBDA x : {item('x', column_type.parts[0], inner[1:])})"
        return f"array_to_string({items}, {literal(inner[0])})"
    if column_type.name == "map":
        key, held = (
            item(f"x.{what}", part, inner[2:]) for what, part in zip(("key", "value"), column_type.parts, strict=True)
        )
        pairs = f"list_transform(map_entries({value}), LAMBDA x : {key} || {literal(inner[1])} || {held})"
        return f"array_to_string({pairs}, {literal(inner[0])})"
    if column_type.name == "row":
        fields = (
            item(f"struct_extract({value}, {literal(field)})", part, inner[1:])
            for field, part in zip(column_type.fields, column_type.parts, strict=True)
        )
        return f"CASE WHEN {value} IS NOT NULL THEN concat_ws({literal(inner[0])}, {', '.join(fields)}) END"
    if column_type.name == "timestamp":
        return f"strftime({value}, '%Y-%m-%d %H:%M:%S.%g')"
    if column_type.name == "varbinary":
        return f"to_base64({value})"
    if column_type.name in ("double", "real"):
        return f"java_double({value})"
    return f"CAST({value} AS VARCHAR)"
