"""JSON records to Parquet or ORC by a Glue table's columns, in a child (localaws.children): both are a stranger's.

Source: "Convert input data format" (firehose/latest/dev/record-format-conversion.html) and the pages under it.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyarrow import orc, parquet

from localaws.engines.firehose.values import (
    Mismatch,
    Rules,
    arrow_type,
    column_type,
    fitted,
    hive_timestamp,
    openx_timestamp,
)
from localaws.hive.types import HiveType
from localaws.strict_json import no_constant

Row = dict[str, Any]
Columns = dict[str, HiveType]
#: A record that is left out: its place in the list of records, AWS's error code, and the reason.
Failed = tuple[int, str, str]
#: Records, and bytes of them, that are Python objects at the same time: these are many times larger than their JSON.
_CHUNK = 10_000
_CHUNK_BYTES = 4 << 20
#: Bytes of a row group, or a stripe, before it is compressed.
_GROUP_BYTES = 64 << 20
#: Letters of an error's message.
_LONGEST_MESSAGE = 500

# A child has a limit on address space, of which every thread reserves some.
pa.set_cpu_count(1)
pa.set_io_thread_count(1)
# It opens no more files once this module is loaded: what the first moment that is read or written opens is opened now.
datetime.strptime("2013", "%Y")
orc.write_table(pa.table({"moment": pa.array([0], pa.timestamp("ns"))}), io.BytesIO())


def convert(
    records: list[bytes], conversion: dict[str, Any], types: list[tuple[str, str]]
) -> tuple[bytes | None, list[Failed]]:
    """The file of those *records* that fit (None if none does), and the others in order, each with the reason.

    *conversion* is DataFormatConversionConfiguration, *types* are the names and types of the table's columns. Fails a
    whole record if one of its JSON documents does not fit. Raises ValueError for a table that has no such file.
    """
    columns = {name: column_type(kind) for name, kind in types}
    schema = pa.schema([(name, arrow_type(kind)) for name, kind in columns.items()])
    deserializer = conversion["InputFormatConfiguration"]["Deserializer"]
    openx = deserializer.get("OpenXJsonSerDe")
    if openx is None:
        formats = (deserializer["HiveJsonSerDe"] or {}).get("TimestampFormats") or []
        rules, reader = Rules(False, hive_timestamp(formats)), _Reader(columns, {})
    else:
        rules, reader = Rules(True, openx_timestamp), _Reader(columns, openx)
    failed: list[Failed] = []
    sink = io.BytesIO()
    with closing(_writer(sink, schema, conversion["OutputFormatConfiguration"]["Serializer"])) as writer:
        group: list[pa.Table] = []
        for start, chunk in _chunks(records):
            table, failures = _convert_chunk(chunk, columns, schema, rules, reader)
            failed += [(start + number, code, reason[:_LONGEST_MESSAGE]) for number, code, reason in failures]
            group.append(table)
            if sum(each.nbytes for each in group) > _GROUP_BYTES:
                writer.write(pa.concat_tables(group))
                group = []
        if group:
            writer.write(pa.concat_tables(group))
    return sink.getvalue() if len(failed) < len(records) else None, failed


def _chunks(records: list[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """Parts of *records*, each with the number of its first."""
    start = size = 0
    for number, record in enumerate(records):
        if number > start and (number - start == _CHUNK or size + len(record) > _CHUNK_BYTES):
            yield start, records[start:number]
            start, size = number, 0
        size += len(record)
    yield start, records[start:]


def _convert_chunk(
    records: list[bytes], columns: Columns, schema: pa.Schema, rules: Rules, reader: _Reader
) -> tuple[pa.Table, list[Failed]]:
    rows: list[Row] = []
    owners: list[int] = []  # which record a row came from
    failures: dict[int, Failed] = {}
    for number, record in enumerate(records):
        try:
            documents = list(reader.rows(record))
        except _ParseError as error:
            failures[number] = number, "DataFormatConversion.ParseError", str(error)
            continue
        rows += documents
        owners += [number] * len(documents)
    bad: dict[int, str] = {}
    arrays = [_column(rows, name, kind, rules, bad) for name, kind in columns.items()]
    for row, reason in bad.items():
        owner = owners[row]
        message = f"Data does not match the schema. {reason}"
        failures.setdefault(owner, (owner, "DataFormatConversion.MalformedData", message))
    keep = pa.array([owner not in failures for owner in owners], pa.bool_())
    table = pa.Table.from_arrays(arrays, schema=schema).filter(keep)
    return table, [failures[number] for number in sorted(failures)]


class _ParseError(ValueError):
    """A record that is not JSON."""


def _finite(text: str) -> float | Decimal:
    """A number too large for a double stays exact, so that its column can refuse it."""
    number = float(text)
    return number if math.isfinite(number) else Decimal(text)


class _Reader:
    """Rows from a record's JSON documents, keys spelled as the columns are."""

    def __init__(self, columns: Columns, openx: dict[str, Any]) -> None:
        self._lower = openx.get("CaseInsensitive", True)
        self._dots = openx.get("ConvertDotsInJsonKeysToUnderscores", False)
        self._column_of = {
            self._spell(key): column.lower() for column, key in (openx.get("ColumnToJsonKeyMappings") or {}).items()
        }
        exact = any("decimal" in str(arrow_type(kind)) for kind in columns.values())
        self._decode = json.JSONDecoder(
            parse_float=Decimal if exact else _finite, parse_constant=no_constant
        ).raw_decode

    def rows(self, data: bytes) -> Iterator[Row]:
        try:
            text = data.decode().strip()
            position = 0
            while position < len(text) or not text:
                document, position = self._decode(text, position)
                if not isinstance(document, dict):
                    raise _ParseError("The top level of the input must be a JSON object.")
                yield self._respell(document)
                while position < len(text) and text[position].isspace():
                    position += 1
        except _ParseError:
            raise
        except (ValueError, RecursionError) as error:
            raise _ParseError(f"Encountered malformed JSON. {error}") from None

    def _respell(self, document: Row) -> Row:
        row = {self._spell(key): _nested(value, self._spell) for key, value in document.items()}
        for key, column in self._column_of.items():
            if key in row:
                row[column] = row.pop(key)
        return row

    def _spell(self, key: str) -> str:
        if self._dots:
            key = key.replace(".", "_")
        return key.lower() if self._lower else key


def _nested(value: Any, spell: Any) -> Any:
    if isinstance(value, dict):
        return {spell(key): _nested(item, spell) for key, item in value.items()}
    if isinstance(value, list):
        return [_nested(item, spell) for item in value]
    return value


#: Values that Arrow takes as they are: for a column of only these, no value needs to be looked at in Python.
_INTEGERS: set[type] = {int, type(None)}
_DIRECT: dict[str, set[type]] = {
    "boolean": {bool, type(None)},
    "tinyint": _INTEGERS,
    "smallint": _INTEGERS,
    "int": _INTEGERS,
    "bigint": _INTEGERS,
    "double": {int, float, type(None)},
    "string": {str, type(None)},
}


def _column(rows: list[Row], name: str, kind: HiveType, rules: Rules, bad: dict[int, str]) -> pa.Array:
    """One column of all *rows*: at Arrow's speed if every value fits as it is, else value by value.

    Rows that do not fit are noted in *bad* with the reason, and are null.
    """
    values = [row.get(name) for row in rows]
    if set(map(type, values)) <= _DIRECT.get(kind.name, set()):
        try:
            return pa.array(values, arrow_type(kind))
        except (pa.ArrowException, OverflowError, UnicodeError):
            pass  # a number too large for its column, half a letter: the slow way finds out whose
    for row, value in enumerate(values):
        try:
            values[row] = fitted(kind, value, rules)
        except Mismatch as error:
            bad.setdefault(row, f"Column {name}: {error}")
            values[row] = None
    return pa.array(values, arrow_type(kind))


def _writer(sink: io.BytesIO, schema: pa.Schema, serializer: dict[str, Any]) -> Any:
    if (settings := serializer.get("ParquetSerDe")) is not None:
        compression = settings.get("Compression", "SNAPPY")
        return parquet.ParquetWriter(
            sink,
            schema,
            compression="NONE" if compression == "UNCOMPRESSED" else compression,
            use_dictionary=settings.get("EnableDictionaryCompression", True),
            data_page_size=settings.get("PageSizeBytes", 1 << 20),
            data_page_version="2.0" if settings.get("WriterVersion") == "V2" else "1.0",
            use_deprecated_int96_timestamps=True,  # as Hive's own writer has them, without a time zone
        )
    compression = (serializer["OrcSerDe"] or {}).get("Compression", "SNAPPY")
    return orc.ORCWriter(sink, compression="uncompressed" if compression == "NONE" else compression.lower())
