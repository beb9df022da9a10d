"""Lines that a regular expression, or a Grok pattern, takes apart, as Parquet.

Sources: "Regex SerDe", "Grok SerDe" (athena/latest/ug/regex-serde.html, grok-serde.html).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.hive import javaregex
from localaws.hive.javaregex import JavaPattern, PatternError, Untranslatable
from localaws.lake.catalog import Table
from localaws.lake.errors import QueryFailure, not_supported
from localaws.lake.files.grok import GrokError, expand
from localaws.lake.files.packed import lines, rows_of
from localaws.lake.files.unpacking import reading

#: How many lines are matched before they are written, and how many letters at most.
_LINES_AT_ONCE, _LETTERS_AT_ONCE = 50_000, 16 << 20


def lines_to_parquet(path: Path, uri: str, table: Table) -> None:
    """Replace the text *path* by a Parquet file: a text for each column, NULL in all of them where nothing matches."""
    pattern, ignoring_case = _pattern(table)
    names = [column.name for column in table.columns]
    try:
        java = javaregex.checked(pattern, "java", ignoring_case)
    except Untranslatable as error:
        raise not_supported(str(error)) from None
    except PatternError as error:
        raise QueryFailure("HIVE_CURSOR_ERROR", f"The table's pattern is not one: {error}") from None
    groups = _columns(java)
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
            matched = _match(java, groups, part)
            columns = [pa.array(column, pa.string()) for column in matched[: len(names)]]
            target.write_batch(pa.RecordBatch.from_arrays(columns, schema=schema))
    made.replace(path)


def _columns(pattern: JavaPattern) -> list[int]:
    """The groups that are the table's columns: the named ones if there are, else all."""
    return sorted(pattern.names.values()) or list(range(1, pattern.groups + 1))


def _match(pattern: JavaPattern, groups: list[int], texts: list[str]) -> list[list[str | None]]:
    """Each column of what *pattern* finds in *texts*; NULL in all columns of one that it does not match."""
    missing: tuple[str | None, ...] = (None,) * len(groups)
    whole = groups == list(range(1, pattern.compiled.groups + 1))
    found = (pattern.compiled.fullmatch(line.rstrip("\r\n")) for line in texts)
    rows = (missing if one is None else one.groups() if whole else tuple(one[each] for each in groups) for one in found)
    return [list(column) for column in zip(*rows, strict=True)]


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
