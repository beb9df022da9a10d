"""Tables of lines that a regular expression, or a Grok pattern, takes apart.

Sources: "Regex SerDe", "Grok SerDe" (athena/latest/ug/regex-serde.html, grok-serde.html). Java's expressions are
Python's but for rare corners, so the lines are matched here and reach DuckDB as Parquet.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.files.grok import GrokError, expand
from localaws.engines.athena.files.reading import select_list
from localaws.engines.athena.files.text import codec, lazy
from localaws.engines.athena.sql.quoting import name, texts
from localaws.engines.athena.tables.catalog import Table

_LINES_AT_ONCE = 50_000


def lines_to_parquet(path: Path, uri: str, table: Table, check: Callable[[], None]) -> None:
    """Replace the text *path* by a Parquet file: a text for each column, NULL in all of them where nothing matches."""
    pattern = _pattern(table)
    names = [column.name for column in table.columns]
    groups = sorted(pattern.groupindex.values()) or list(range(1, pattern.groups + 1))
    if len(groups) != len(names):
        raise QueryFailure(
            "HIVE_CURSOR_ERROR", f"Number of matching groups doesn't match the number of columns ({uri})"
        )
    made = path.with_suffix(".parquet")
    schema = pa.schema([(column, pa.string()) for column in names])
    whole = groups == list(range(1, pattern.groups + 1))
    missing: tuple[str | None, ...] = (None,) * len(names)
    try:
        with _lines(path, uri) as lines, pq.ParquetWriter(made, schema, compression="snappy") as target:
            while part := list(islice(lines, _LINES_AT_ONCE)):
                check()
                found = (pattern.fullmatch(line.rstrip("\r\n")) for line in part)
                rows = [
                    missing if match is None else match.groups() if whole else tuple(match[each] for each in groups)
                    for match in found
                ]
                columns = [pa.array(column, pa.string()) for column in zip(*rows, strict=True)]
                target.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    except (OSError, EOFError, ValueError) as error:
        raise QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read file at {uri}: {error}") from None
    made.replace(path)


def read(cursor: duckdb.DuckDBPyConnection, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """What does not fit its column is NULL, as in delimited text."""
    values = {column.name: lazy(name(column.name), column.type, list("\x02\x03\x04")) for column in table.columns}
    return f"SELECT {select_list(values, table, options)} FROM read_parquet({texts(paths)}, {options})"


def _pattern(table: Table) -> re.Pattern[str]:
    parameters = table.serde_parameters
    try:
        if "input.format" in parameters:
            return re.compile(expand(parameters["input.format"], parameters.get("input.grokCustomPatterns", "")))
        text = parameters.get("input.regex")
        if not text:
            raise QueryFailure("HIVE_CURSOR_ERROR", 'This table does not have serde property "input.regex"!')
        ignoring = parameters.get("input.regex.case.insensitive", "false").lower() == "true"
        text = re.sub(r"\(\?<(?=[A-Za-z])", "(?P<", text)  # Java's way to name a group
        return re.compile(text, re.IGNORECASE if ignoring else 0)
    except (re.error, GrokError) as error:
        raise QueryFailure("HIVE_CURSOR_ERROR", f"The table's pattern is not one: {error}") from None


def _lines(path: Path, uri: str) -> io.TextIOWrapper:
    packed = codec(uri)  # the others are decompressed before
    raw = pa.input_stream(str(path), compression=packed if packed != "none" else None)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="replace", newline="\n")
