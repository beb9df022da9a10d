"""JSON records to Parquet or ORC by the schema of a Glue table.

Source: "Convert input data format" (firehose/latest/dev/record-format-conversion.html) and the pages under it.
"""

from __future__ import annotations

import io
import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pyarrow as pa
from pyarrow import orc, parquet

from localaws.engines.firehose.processing import Failure, Record
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

Row = dict[str, Any]
#: Records that are Python objects at the same time: they are many times larger than their JSON.
_CHUNK = 10_000


@dataclass(frozen=True)
class Columns:
    """A Glue table's columns; those it is partitioned by are not in its files."""

    types: dict[str, HiveType]

    @classmethod
    def of_table(cls, table: dict[str, Any]) -> Columns:
        """From Glue's Table structure. Raises ValueError for a type that Firehose does not convert."""
        columns = table.get("StorageDescriptor", {}).get("Columns") or []
        if not columns:
            raise ValueError(f"the table {table['Name']} has no columns")
        return cls({column["Name"].lower(): column_type(column.get("Type", "string")) for column in columns})

    @property
    def schema(self) -> pa.Schema:
        return pa.schema([(name, arrow_type(kind)) for name, kind in self.types.items()])


def convert(
    records: list[Record], conversion: dict[str, Any], columns: Columns
) -> tuple[bytes | None, list[Record], list[Failure]]:
    """The file of those *records* that fit (None if none does), they themselves, and the others with the reason.

    *conversion* is DataFormatConversionConfiguration. Fails a whole record if one of its JSON documents does not fit.
    """
    deserializer = conversion["InputFormatConfiguration"]["Deserializer"]
    openx = deserializer.get("OpenXJsonSerDe")
    if openx is None:
        formats = (deserializer["HiveJsonSerDe"] or {}).get("TimestampFormats") or []
        rules, reader = Rules(False, hive_timestamp(formats)), _Reader(columns, {})
    else:
        rules, reader = Rules(True, openx_timestamp), _Reader(columns, openx)
    tables: list[pa.Table] = []
    fitting: list[Record] = []
    failures: list[Failure] = []
    for start in range(0, len(records), _CHUNK):
        table, fit, failed = _convert_chunk(records[start : start + _CHUNK], columns, rules, reader)
        tables.append(table)
        fitting += fit
        failures += failed
    serializer = conversion["OutputFormatConfiguration"]["Serializer"]
    return _serialize(pa.concat_tables(tables), serializer) if fitting else None, fitting, failures


def _convert_chunk(
    records: list[Record], columns: Columns, rules: Rules, reader: _Reader
) -> tuple[pa.Table, list[Record], list[Failure]]:
    rows: list[Row] = []
    owners: list[int] = []  # which record a row came from
    failures: dict[int, Failure] = {}
    for number, record in enumerate(records):
        try:
            documents = list(reader.rows(record.data))
        except _ParseError as error:
            failures[number] = Failure(record, "DataFormatConversion.ParseError", str(error))
            continue
        rows += documents
        owners += [number] * len(documents)
    bad: dict[int, str] = {}
    arrays = [_column(rows, name, kind, rules, bad) for name, kind in columns.types.items()]
    for row, reason in bad.items():
        message = f"Data does not match the schema. {reason}"
        failure = Failure(records[owners[row]], "DataFormatConversion.MalformedData", message)
        failures.setdefault(owners[row], failure)
    keep = pa.array([owner not in failures for owner in owners], pa.bool_())
    table = pa.Table.from_arrays(arrays, schema=columns.schema).filter(keep)
    fitting = [record for number, record in enumerate(records) if number not in failures]
    return table, fitting, [failures[number] for number in sorted(failures)]


class _ParseError(ValueError):
    """A record that is not JSON."""


def _no_constant(name: str) -> float:
    """Python's reader takes NaN and Infinity, JSON does not."""
    raise ValueError(f"{name} is not JSON")


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
        exact = any("decimal" in str(arrow_type(kind)) for kind in columns.types.values())
        self._decode = json.JSONDecoder(
            parse_float=Decimal if exact else _finite, parse_constant=_no_constant
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
        except (pa.ArrowException, OverflowError):
            pass  # a number too large for its column: the slow way finds out whose
    for row, value in enumerate(values):
        try:
            values[row] = fitted(kind, value, rules)
        except Mismatch as error:
            bad.setdefault(row, f"Column {name}: {error}")
            values[row] = None
    return pa.array(values, arrow_type(kind))


def _serialize(table: pa.Table, serializer: dict[str, Any]) -> bytes:
    sink = io.BytesIO()
    if (settings := serializer.get("ParquetSerDe")) is not None:
        compression = settings.get("Compression", "SNAPPY")
        parquet.write_table(
            table,
            sink,
            compression="NONE" if compression == "UNCOMPRESSED" else compression,
            use_dictionary=settings.get("EnableDictionaryCompression", True),
            data_page_size=settings.get("PageSizeBytes", 1 << 20),
            data_page_version="2.0" if settings.get("WriterVersion") == "V2" else "1.0",
            use_deprecated_int96_timestamps=True,  # as Hive's own writer has them, without a time zone
        )
    else:
        compression = (serializer["OrcSerDe"] or {}).get("Compression", "SNAPPY")
        orc.write_table(table, sink, compression="uncompressed" if compression == "NONE" else compression.lower())
    return sink.getvalue()
