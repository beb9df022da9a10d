"""Deleted rows: a position delete file for each data file that loses some, and no data file that loses all.

Source: Iceberg Table Spec, "Position Delete Files"; "DELETE" of the Athena user guide (merge on read).
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.parquet as pq
from pyiceberg.conversions import to_bytes
from pyiceberg.manifest import DataFile, DataFileContent, FileFormat
from pyiceberg.table import FileScanTask
from pyiceberg.table.delete_file_index import PATH_FIELD_ID
from pyiceberg.types import LongType, StringType

from localaws.engines.athena.job import Job
from localaws.lake.quoting import literal

POSITION_FIELD_ID = 2147483545
_SCHEMA = pa.schema(
    [
        pa.field("file_path", pa.string(), nullable=False, metadata={"PARQUET:field_id": str(PATH_FIELD_ID)}),
        pa.field("pos", pa.int64(), nullable=False, metadata={"PARQUET:field_id": str(POSITION_FIELD_ID)}),
    ]
)


@dataclass
class Deleted:
    """What deleting rows comes to: ``files`` of positions in the data files ``touched``, and files to drop whole."""

    files: list[DataFile]
    touched: list[DataFile]
    dropped: list[DataFile]


def delete_rows(job: Job, tasks: Sequence[FileScanTask], rows: str, uploaded: list[str]) -> Deleted:
    """Write the deletion of *rows*, SQL that gives the file and the position of each once.

    *tasks* are the table's data files. What is put into S3 is added to *uploaded* at once.
    """
    by_path = {task.file.file_path: task for task in tasks}
    deleted = Deleted([], [], [])
    for path, positions in _positions(job, rows):
        task = by_path[path]
        if len(positions) == live_rows(task):
            deleted.dropped += [task.file, *own_deletes(task)]
            continue
        deleted.files.append(_write(job, task.file, positions, uploaded))
        deleted.touched.append(task.file)
    return deleted


def own_deletes(task: FileScanTask) -> list[DataFile]:
    """The delete files that speak of no other data file than the task's."""
    path = task.file.file_path.encode()
    return [
        file
        for file in task.delete_files
        if (file.lower_bounds or {}).get(PATH_FIELD_ID) == path == (file.upper_bounds or {}).get(PATH_FIELD_ID)
    ]


def live_rows(task: FileScanTask) -> int | None:
    """How many rows of a data file are not deleted; None if its delete files do not tell without being read."""
    own = own_deletes(task)
    if len(own) != len(task.delete_files):
        return None
    return task.file.record_count - sum(file.record_count for file in own)


def _positions(job: Job, rows: str) -> Iterator[tuple[str, pa.Int64Array]]:
    """The positions in each data file, in order: Iceberg wants them sorted."""
    sql = f"SELECT file, list(position ORDER BY position) FROM ({rows}) AS gone(file, position) GROUP BY file"
    listed = job.session.directory / f"positions-{uuid.uuid4()}.parquet"
    job.session.run(f"COPY ({sql}) TO {literal(str(listed))} (FORMAT parquet)")
    for batch in pq.ParquetFile(listed).iter_batches(1000):
        for path, positions in zip(*batch.columns, strict=True):
            yield path.as_py(), positions.values.cast(pa.int64())


def _write(job: Job, data_file: DataFile, positions: pa.Int64Array, uploaded: list[str]) -> DataFile:
    """A delete file beside its data file."""
    folder, name = data_file.file_path.rpartition("/")[0], f"{uuid.uuid4()}-deletes.parquet"
    local, uri = job.session.directory / name, f"{folder}/{name}"
    paths = pa.repeat(data_file.file_path, len(positions))
    pq.write_table(pa.table([paths, positions], schema=_SCHEMA), local, compression="zstd")
    size = local.stat().st_size
    job.session.check()
    job.lake.upload(local, uri, **job.upload_settings)
    uploaded.append(uri)
    local.unlink()
    path = to_bytes(StringType(), data_file.file_path)
    count = len(positions)
    file = DataFile.from_args(
        content=DataFileContent.POSITION_DELETES,
        file_path=uri,
        file_format=FileFormat.PARQUET,
        partition=data_file.partition,
        record_count=count,
        file_size_in_bytes=size,
        value_counts={PATH_FIELD_ID: count, POSITION_FIELD_ID: count},
        null_value_counts={PATH_FIELD_ID: 0, POSITION_FIELD_ID: 0},
        # both bounds of the path being one path tells readers that this is the only data file meant
        lower_bounds={PATH_FIELD_ID: path, POSITION_FIELD_ID: to_bytes(LongType(), positions[0].as_py())},
        upper_bounds={PATH_FIELD_ID: path, POSITION_FIELD_ID: to_bytes(LongType(), positions[-1].as_py())},
    )
    file.spec_id = data_file.spec_id
    return file
