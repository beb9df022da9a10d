"""One file on its way to S3: rows go to disk as they come, so that memory stays flat."""

from __future__ import annotations

import gzip
import tempfile
import threading
from itertools import pairwise
from pathlib import Path
from typing import IO, Any

import pyarrow as pa
from pyarrow import csv, parquet

from localaws.engines.dms.files import S3Settings, arrow_type, csv_row
from localaws.engines.dms.mappings import OutColumn, Target
from localaws.engines.dms.state import Stopped
from localaws.engines.dms.values import to_array

#: Bytes of rows that are in memory at a time, or a single row that has more.
_PART = 16 << 20


class Layout:
    """The columns of a table's files: the table's own and those that DMS adds (Op first, the timestamp last)."""

    def __init__(self, target: Target, settings: S3Settings, with_op: bool) -> None:
        self.with_op = with_op
        self.columns: list[OutColumn | None] = [*target.columns]
        self.names = [column.name for column in target.columns]
        if with_op:
            self.columns.insert(0, None)
            self.names.insert(0, "Op")
        if settings.timestamp_column:
            self.columns.append(None)
            self.names.append(settings.timestamp_column)


class Spool:
    """Takes rows of CSV and becomes the file that *settings* ask for. ``size`` is that of the rows, in bytes.

    Once *stop* is set it gives up what it is at, by Stopped.
    """

    def __init__(self, directory: Path, layout: Layout, settings: S3Settings, stop: threading.Event) -> None:
        self.size = 0
        self.faults: list[str] = []  # why rows were left out, known once the file is whole
        self._parts = [0]  # where they end
        self._directory = directory
        self._layout = layout
        self._settings = settings
        self._stop = stop
        self._file: IO[bytes] = tempfile.TemporaryFile(dir=directory)  # noqa: SIM115  `finish` or `close` ends it
        self._sink: Any = self._file
        if settings.gzip and not settings.parquet:
            self._sink = gzip.GzipFile(fileobj=self._file, mode="wb", mtime=0, compresslevel=6)
        if settings.header and not settings.parquet:
            self._sink.write(csv_row(layout.names, settings.form))

    def write(self, row: bytes | memoryview) -> None:
        if self.size + len(row) - self._parts[-1] > _PART:
            self._parts.append(self.size)
        self.size += len(row)
        self._sink.write(row)

    def finish(self) -> IO[bytes]:
        """The whole file, from its beginning; the caller closes it."""
        if self._sink is not self._file:
            self._sink.close()
        self._file.seek(0)
        return self._parquet() if self._settings.parquet else self._file

    def close(self) -> None:
        """Give up."""
        self._file.close()

    def _parquet(self) -> IO[bytes]:
        types = [arrow_type(column, self._settings) for column in self._layout.columns]
        schema = pa.schema(list(zip(self._layout.names, types, strict=True)))
        out: IO[bytes] = tempfile.TemporaryFile(dir=self._directory)  # noqa: SIM115  the caller ends it
        with (
            self._file,
            parquet.ParquetWriter(out, schema, compression="gzip" if self._settings.gzip else "none") as writer,
        ):
            for start, end in pairwise([*self._parts, self.size]):
                if self._stop.is_set():
                    raise Stopped
                if start < end:
                    writer.write_batch(self._typed(self._texts(self._file.read(end - start)), schema))
        out.seek(0)
        return out

    def _texts(self, rows: bytes) -> pa.RecordBatch:
        """The values of *rows*, of which the reader makes one block: with several it would read far ahead."""
        table = csv.read_csv(
            pa.BufferReader(rows),
            read_options=csv.ReadOptions(column_names=self._layout.names, block_size=len(rows)),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types={name: pa.string() for name in self._layout.names},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,  # "" is an empty text
            ),
        )
        return table.combine_chunks().to_batches()[0]

    def _typed(self, texts: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
        """The rows whose values all have their types in Parquet."""
        columns = []
        faults: dict[int, str] = {}
        for field, column in zip(schema, texts.columns, strict=True):
            array, wrong = to_array(column, field.type)
            columns.append(array)
            faults |= {index: f"column {field.name}: {reason}" for index, reason in wrong.items()}
        typed = pa.record_batch(columns, schema=schema)
        self.faults += faults.values()
        return typed.filter(pa.array([index not in faults for index in range(len(typed))])) if faults else typed
