"""Tables of lines that a regular expression, or a Grok pattern, takes apart.

Sources: "Regex SerDe", "Grok SerDe" (athena/latest/ug/regex-serde.html, grok-serde.html). The lines are matched in a
child, for a pattern may never end, and reach DuckDB as Parquet.
"""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.files.grok import GrokError, expand
from localaws.engines.athena.files.reading import select_list
from localaws.engines.athena.files.text import codec, header_lines, lazy
from localaws.engines.athena.functions import rows
from localaws.engines.athena.runtime import Session
from localaws.engines.athena.sql.quoting import name, texts
from localaws.engines.athena.tables.catalog import Table

_LINES_AT_ONCE = 50_000


def lines_to_parquet(path: Path, uri: str, table: Table, session: Session) -> None:
    """Replace the text *path* by a Parquet file: a text for each column, NULL in all of them where nothing matches."""
    pattern, ignoring_case = _pattern(table)
    names = [column.name for column in table.columns]
    try:
        groups = session.call(rows.__name__, "group_numbers", pattern, ignoring_case)
    except ValueError as error:
        code, _, words = str(error).removeprefix("ATHENA ").partition(": ")
        if code == "NOT_SUPPORTED":
            raise QueryFailure(code, words) from None
        raise QueryFailure("HIVE_CURSOR_ERROR", f"The table's pattern is not one: {error}") from None
    if len(groups) < len(names):  # Athena's own table for ALB logs has a group more, for fields that are to come
        raise QueryFailure(
            "HIVE_CURSOR_ERROR", f"Number of matching groups doesn't match the number of columns ({uri})"
        )
    made = path.with_suffix(".parquet")
    schema = pa.schema([(column, pa.string()) for column in names])
    try:
        with _lines(path, uri) as lines, pq.ParquetWriter(made, schema, compression="snappy") as target:
            body = islice(lines, header_lines(table), None)
            while part := list(islice(body, _LINES_AT_ONCE)):
                found = session.call(rows.__name__, "match_lines", pattern, ignoring_case, part)
                columns = [pa.array(column, pa.string()) for column in found[: len(names)]]
                target.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    except (OSError, EOFError, ValueError) as error:
        raise QueryFailure("HIVE_CURSOR_ERROR", f"Failed to read file at {uri}: {error}") from None
    made.replace(path)


def read(session: Session, table: Table, paths: list[str], uris: dict[str, str], options: str) -> str:
    """What does not fit its column is NULL, as in delimited text."""
    values = {column.name: lazy(name(column.name), column.type, list("\x02\x03\x04")) for column in table.columns}
    return f"SELECT {select_list(values, table, options)} FROM read_parquet({texts(paths)}, {options})"


def _pattern(table: Table) -> tuple[str, bool]:
    """The table's regular expression, and whether it ignores case."""
    parameters = table.serde_parameters
    if "input.format" in parameters:
        try:
            return expand(parameters["input.format"], parameters.get("input.grokCustomPatterns", "")), False
        except GrokError as error:
            raise QueryFailure("HIVE_CURSOR_ERROR", f"The table's pattern is not one: {error}") from None
    text = parameters.get("input.regex")
    if not text:
        raise QueryFailure("HIVE_CURSOR_ERROR", 'This table does not have serde property "input.regex"!')
    return text, parameters.get("input.regex.case.insensitive", "false").lower() == "true"


def _lines(path: Path, uri: str) -> io.TextIOWrapper:
    packed = codec(uri)  # the others are decompressed before
    raw = pa.input_stream(str(path), compression=packed if packed != "none" else None)
    return io.TextIOWrapper(raw, encoding="utf-8", errors="replace", newline="\n")
