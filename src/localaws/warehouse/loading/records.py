"""Texts of objects record by record, with the number of each line, and what is wrong with a record as a whole.

Slower than `fields`, but it knows all of COPY's options, and finds what DuckDB's reader only stumbles over.

Sources: Redshift database developer guide, "Data format parameters", "Data conversion parameters".
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from localaws.lake.quoting import internal
from localaws.warehouse.loading import reasons
from localaws.warehouse.loading.fields import MOST_ROW_BYTES, delimiter_of
from localaws.warehouse.loading.files import File, opened
from localaws.warehouse.loading.reasons import Reject
from localaws.warehouse.loading.request import Copy

csv.field_size_limit(MOST_ROW_BYTES)
_ROWS_AT_ONCE = 20_000
_CODECS = {"UTF8": "utf-8", "UTF16": "utf-16", "UTF16LE": "utf-16-le", "UTF16BE": "utf-16-be", "ISO88591": "latin-1"}
LINE, RAW = internal("line"), internal("raw")


@dataclass
class Record:
    """One of a file.

    Attributes:
        line: the number of its first line, from 1.
        raw: as it is written.
        fields: its texts; None is NULL.
        problem: the error's number and reason, if it cannot be split.
    """

    line: int
    raw: str
    fields: list[str | None]
    problem: tuple[int, str] | None = None


#: Makes of a file its records.
Reader = Callable[[Copy, File, list[str]], Iterator[Record]]


def write(
    records: Iterable[Record], uri: str, count: int, path: Path, enough: int, check: Callable[[], None]
) -> tuple[int, list[Reject]]:
    """Write those *records* that could be split as a Parquet file, `LINE`, `RAW` and the texts.

    Returns how many there were, and those that could not. It ends once there are *enough* of these, or *check* raises.
    """
    schema = pa.schema([(LINE, pa.int64()), (RAW, pa.string()),
                        *((internal(f"raw{place}"), pa.string()) for place in range(count))])  # fmt: skip
    rejects, rows, scanned = list[Reject](), list[list[object]](), 0
    with pq.ParquetWriter(path, schema, compression="zstd", compression_level=1) as target:
        for record in records:
            scanned += 1
            if record.problem:
                rejects.append(Reject(uri, record.line, record.raw, *record.problem))
                if len(rejects) >= enough:
                    break
                continue
            rows.append([record.line, record.raw[:1024], *record.fields])
            if len(rows) >= _ROWS_AT_ONCE:
                check()
                target.write_batch(_batch(rows, schema))
                rows = []
        if rows:
            target.write_batch(_batch(rows, schema))
    return scanned, rejects


def _batch(rows: list[list[object]], schema: pa.Schema) -> pa.RecordBatch:
    columns = zip(*rows, strict=True)
    arrays = [pa.array(values, field.type) for values, field in zip(columns, schema, strict=True)]
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def of_text(copy: Copy, file: File, columns: list[str]) -> Iterator[Record]:
    """The records of CSV, of text with a delimiter and of fixed widths."""
    split = {"CSV": _csv, "FIXEDWIDTH": _fixed}.get(copy.format, _delimited)
    count = len(columns)
    for record in split(copy, _lines(copy, file)):
        if record.problem is None:
            _fit(record, copy, count, columns)
        if record.problem is not reasons.EMPTY_LINE or "IGNOREBLANKLINES" not in copy.flags:
            yield record


def _fit(record: Record, copy: Copy, count: int, columns: list[str]) -> None:
    """Have *record* as many fields as there are columns, or a problem."""
    fields = record.fields
    if not record.raw.strip("\r\n") and copy.format != "FIXEDWIDTH":
        record.problem = reasons.EMPTY_LINE
        return
    if copy.format == "FIXEDWIDTH":
        labelled = {label: text for (label, _), text in zip(copy.widths, fields, strict=False)}
        named = set(columns) <= labelled.keys()
        fields = [labelled.get(column) for column in columns] if named else fields
    if len(fields) == count + 1 and copy.format == "TEXT" and fields[-1] == "":
        fields.pop()  # a delimiter behind the last field
    if len(fields) > count:
        record.problem = reasons.EXTRA_COLUMNS
    elif len(fields) < count and "FILLRECORD" not in copy.flags:
        record.problem = reasons.NO_DELIMITER
    else:
        record.fields = [None if text == copy.null else text for text in fields]
        record.fields += [None] * (count - len(fields))


@dataclass
class _Line:
    number: int
    text: str
    problem: tuple[int, str] | None = None


def _lines(copy: Copy, file: File) -> Iterator[_Line]:
    """The lines with their ends, behind the header. Bytes that are none of the encoding are replaced, or a problem."""
    codec = _CODECS[copy.encoding]
    with opened(file, copy.packed) as source:
        if copy.encoding != "UTF8":
            text = source.read().decode(codec, "replace")
            found = iter([_Line(number, line) for number, line in enumerate(text.splitlines(keepends=True), 1)])
        else:
            found = (_decoded(copy, number, line) for number, line in enumerate(source, 1))
        for line in found:
            if line.number == 1:
                line.text = line.text.removeprefix("\ufeff")
            if line.number > copy.header:
                yield line


def _decoded(copy: Copy, number: int, data: bytes) -> _Line:
    try:
        return _Line(number, data.decode())
    except UnicodeDecodeError:
        text = data.decode("utf-8", "surrogateescape")
    if copy.replacement is None:
        return _Line(number, data.decode("utf-8", "replace"), reasons.bad_text(data))
    return _Line(number, "".join(copy.replacement if "\udc80" <= each <= "\udcff" else each for each in text))


def _csv(copy: Copy, lines: Iterator[_Line]) -> Iterator[Record]:
    taken: list[_Line] = []

    def texts() -> Iterator[str]:
        for line in lines:
            taken.append(line)
            yield line.text

    reader = csv.reader(texts(), delimiter=delimiter_of(copy), quotechar=copy.quote, doublequote=True, strict=True)
    while True:
        taken.clear()
        fields, problem = list[str | None](), None
        try:
            fields = list(next(reader))
        except StopIteration:
            return
        except csv.Error:
            problem = reasons.BAD_QUOTES
        problem = next((line.problem for line in taken if line.problem), problem)
        yield Record(taken[0].number, "".join(line.text for line in taken).rstrip("\r\n"), fields, problem)


def _delimited(copy: Copy, lines: Iterator[_Line]) -> Iterator[Record]:
    delimiter, escapes = delimiter_of(copy), "ESCAPE" in copy.flags
    for line in lines:
        raw, problem = line.text, line.problem
        while escapes and _is_continued(raw):
            following = next(lines, None)
            if following is None:
                break
            raw, problem = raw + following.text, problem or following.problem
        bare = raw.removesuffix("\n").removesuffix("\r")
        if escapes or "REMOVEQUOTES" in copy.flags:
            fields = _spelled(bare, delimiter, escapes, "REMOVEQUOTES" in copy.flags, copy.null)
        else:
            fields = list[str | None](bare.split(delimiter))
        yield Record(line.number, bare, fields, problem)


def _is_continued(text: str) -> bool:
    """Whether the end of the line is escaped: by an odd number of backslashes."""
    bare = text.removesuffix("\n").removesuffix("\r")
    return text.endswith("\n") and (len(bare) - len(bare.rstrip("\\"))) % 2 == 1


def _spelled(text: str, delimiter: str, escapes: bool, quotes: bool, null: str) -> list[str | None]:
    """The fields of a line in which a backslash escapes, or quotes surround; *null* is found before that."""
    fields: list[str | None] = []
    place, begin, current, quote = 0, 0, list[str](), ""

    def end() -> None:
        fields.append(null if text[begin:place] == null else "".join(current))

    while place < len(text):
        letter = text[place]
        if escapes and letter == "\\" and place + 1 < len(text):
            current.append(text[place + 1])
            place += 2
        elif quote:
            if letter == quote and (place + 1 == len(text) or text.startswith(delimiter, place + 1)):
                quote = ""
            else:
                current.append(letter)
            place += 1
        elif quotes and place == begin and letter in "'\"":
            quote = letter
            place += 1
        elif text.startswith(delimiter, place):
            end()
            place += len(delimiter)
            begin, current = place, []
        else:
            current.append(letter)
            place += 1
    end()
    return fields


def _fixed(copy: Copy, lines: Iterator[_Line]) -> Iterator[Record]:
    """Fields of so many characters each; blanks behind them are padding."""
    for line in lines:
        bare = line.text.rstrip("\r\n")
        fields, place = list[str | None](), 0
        for _, width in copy.widths:
            if place < len(bare) or place == 0:
                fields.append(bare[place : place + width].rstrip(" "))
            place += width
        yield Record(line.number, bare, fields, line.problem or (reasons.EMPTY_LINE if not bare else None))
