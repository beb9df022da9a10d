"""Results as Athena writes and tells them: CSV with every value quoted, NULL as nothing between the commas.

Source: "Work with query results and recent queries" (athena/latest/ug/querying.html); values print as Java prints them.
"""

from __future__ import annotations

import json
import re
from typing import Any

from sqlglot import exp

from localaws.engines.athena.sql import datetimes
from localaws.lake.column_types import Type
from localaws.lake.quoting import is_unnamed, literal, name, own

_PRECISION = {
    "boolean": 0,
    "tinyint": 3,
    "smallint": 5,
    "integer": 10,
    "bigint": 19,
    "real": 17,
    "double": 17,
    "varchar": 2147483647,
    "varbinary": 1073741824,
}
# What is matched once is not given back: else a long value would take a hundred times its memory.
_FIELD = re.compile(rb'(?:"((?:[^"]++|"")*+)"|([^",\n]*+))(,|\n|\Z)')


def column_info(column: str, column_type: Type) -> dict[str, Any]:
    """An entry of ResultSetMetadata."""
    precision = (
        column_type.digits
        if column_type.name.startswith("time")
        else column_type.precision or _PRECISION.get(column_type.name, 0)
    )
    return {
        "CatalogName": "hive",
        "SchemaName": "",
        "TableName": "",
        "Name": column,
        "Label": column,
        "Type": "float" if column_type.name == "real" else column_type.name,
        "Precision": precision,
        "Scale": column_type.scale,
        "Nullable": "UNKNOWN",
        "CaseSensitive": column_type.name in ("varchar", "char"),
    }


def as_text(value: str, column_type: Type) -> str:
    """SQL that prints the expression *value* as Athena does; NULL stays NULL."""
    match column_type.name:
        case "char" if column_type.precision:
            return f"rpad({value}, {column_type.precision}, ' ')"
        case "varchar" | "char":
            return f"CAST({value} AS VARCHAR)"
        case "double" | "real":
            return f"java_double({value})"
        case "timestamp":
            return _printed(f"CAST({value} AS TIMESTAMP)", datetimes.CLOCK, column_type.digits)
        case "timestamp with time zone":
            return datetimes.zoned_text(exp.var(value), column_type).sql("duckdb")
        case "time":
            return _printed(f"(DATE '1970-01-01' + {value})", "%H:%M:%S", column_type.digits)
        case "varbinary":
            return f"rtrim(regexp_replace(lower(hex({value})), '(..)', '\\1 ', 'g'))"
        case "interval day to second":
            return f"interval_text({value})"
        case "interval year to month":
            return f"months_text({value})"
        case "array":
            inner = f"list_transform({value}, LAMBDA x : coalesce({as_text('x', column_type.parts[0])}, 'null'))"
            return f"'[' || array_to_string({inner}, ', ') || ']'"
        case "map":
            key, item = (
                as_text(f"x.{part}", each) for part, each in zip(("key", "value"), column_type.parts, strict=True)
            )
            pair = f"{key} || '=' || coalesce({item}, 'null')"
            inner = f"list_transform(map_entries({value}), LAMBDA x : {pair})"
            return f"'{{' || array_to_string({inner}, ', ') || '}}'"
        case "row":
            fields = " || ', ' || ".join(
                f"{literal((field or f'field{number - 1}') + '=')} || "
                f"coalesce({as_text(_field(value, field, number), part)}, 'null')"
                for number, (field, part) in enumerate(zip(column_type.fields, column_type.parts, strict=True), 1)
            )
            return f"CASE WHEN {value} IS NOT NULL THEN '{{' || {fields} || '}}' END"
        case "decimal" if column_type.precision == column_type.scale:  # DuckDB would print .5
            return (
                f"CAST(CAST({value} AS DECIMAL({min(column_type.precision + 1, 38)},{column_type.scale})) AS VARCHAR)"
            )
        case "json":
            return f"native_json_text(CAST({value} AS VARCHAR))"
        case "bigint":
            return f"CAST(CAST({value} AS BIGINT) AS VARCHAR)"  # a HUGEINT that does not fit is an error
    return f"CAST({value} AS VARCHAR)"


def _printed(moment: str, form: str, digits: int) -> str:
    """SQL that prints a timestamp in the *form* of strftime, with *digits* of a second."""
    return datetimes.printed(exp.var(moment), form, digits).sql("duckdb")


def _field(value: str, field: str, number: int) -> str:
    return f"struct_extract({value}, {literal(field)})" if field else f"struct_extract({value}, {number})"


def shown(columns: list[tuple[str, Type]]) -> list[tuple[str, Type]]:
    """The columns of an answer as they are told: one without a name has its place for one."""
    return [
        (f"_col{number}" if is_unnamed(column) else column, column_type)
        for number, (column, column_type) in enumerate(columns)
    ]


def printed(sql: str, columns: list[tuple[str, Type]]) -> str:
    """The query *sql* with every column printed, named as it is told to the reader."""
    inner = [own(f"c{number}") for number in range(len(columns))]
    items = [
        f"{as_text(place, column_type)} AS {name(column)}"
        for place, (column, column_type) in zip(inner, columns, strict=True)
    ]
    return f"SELECT {', '.join(items)} FROM ({sql}) AS {own('answer')}({', '.join(inner)})"


def header(columns: list[tuple[str, Type]]) -> str:
    """The first line of a result file."""
    return ",".join(name(column) for column, _ in columns) + "\n"


def metadata(columns: list[tuple[str, Type]]) -> bytes:
    """The content of the .metadata file beside a result. AWS does not document its own format; this is JSON."""
    return json.dumps({"ColumnInfo": [column_info(column, column_type) for column, column_type in columns]}).encode()


def parse_rows(data: bytes, most: int, complete: bool) -> tuple[list[list[str | None]], int]:
    """Up to *most* rows of a CSV file's part, and how many bytes they took.

    Only an unquoted field that is empty is NULL. A last row without its line end is taken only if *complete*.
    """
    rows: list[list[str | None]] = []
    row: list[str | None] = []
    start = position = 0
    while len(rows) < most and position < len(data):
        match = _FIELD.match(data, position)
        if match is None or (match[3] == b"" and not complete):
            break
        quoted, plain = match[1], match[2]
        if quoted is not None:
            row.append(quoted.replace(b'""', b'"').decode())
        else:
            row.append(plain.decode() or None)
        position = match.end()
        if match[3] != b",":
            rows.append(row)
            row, start = [], position
    return rows, start


def as_rows(rows: list[list[str | None]]) -> list[dict[str, Any]]:
    """Rows in the shape of GetQueryResults: NULL has no VarCharValue."""
    return [{"Data": [{} if value is None else {"VarCharValue": value} for value in row]} for row in rows]
