"""Lines that a regular expression, or a Grok pattern, takes apart, as Parquet.

Sources: "Regex SerDe", "Grok SerDe" (athena/latest/ug/regex-serde.html, grok-serde.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.files.grok import GrokError, expand
from localaws.engines.athena.files.packed import lines, rows_of
from localaws.engines.athena.files.unpacking import reading
from localaws.engines.athena.functions import rows
from localaws.engines.athena.tables.catalog import Table

#: How many lines are matched before they are written, and how many letters at most.
_LINES_AT_ONCE, _LETTERS_AT_ONCE = 50_000, 16 << 20


def lines_to_parquet(path: Path, uri: str, table: Table) -> None:
    """Replace the text *path* by a Parquet file: a text for each column, NULL in all of them where nothing matches."""
    pattern, ignoring_case = _pattern(table)
    names = [column.name for column in table.columns]
    try:
        groups = rows.group_numbers(pattern, ignoring_case)
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
    with reading(path, uri) as file, pq.ParquetWriter(made, schema, compression="snappy") as target:
        found = rows_of(lines(file, uri), table.header_lines, table.footer_lines)
        body = (line.decode("utf-8", "replace") for line in found)
        for part in _parts(body):
            matched = rows.match_lines(pattern, ignoring_case, part)
            columns = [pa.array(column, pa.string()) for column in matched[: len(names)]]
            target.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    made.replace(path)


def _parts(body: Iterator[str]) -> Iterator[list[str]]:
    part: list[str] = []
    letters = 0
    for line in body:
        part.append(line)
        letters += len(line)
        if len(part) == _LINES_AT_ONCE or letters > _LETTERS_AT_ONCE:
            yield part
            part, letters = [], 0
    if part:
        yield part


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
