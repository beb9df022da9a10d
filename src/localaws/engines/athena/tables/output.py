"""An answer that becomes objects, in partitions and buckets: CTAS, INSERT INTO, UNLOAD.

Everything is written to the query's own directory first, and put into S3 when it is complete. Sources: "CTAS table
properties" (create-table-as.html), "Use Hive table compression" (compression-support-hive.html).
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from localaws.engines.athena.job import Job
from localaws.engines.athena.unfinished import all_or_none
from localaws.lake.catalog import Partition
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.files.target import BUCKET, Target
from localaws.lake.quoting import name

MOST_PARTITIONS = 100
_UNWRITABLE = ("timestamp with time zone", "time", "json", "interval day to second", "uuid")


@dataclass
class Written:
    """The objects of an answer, and the partitions that they make."""

    uris: list[str]
    partitions: list[Partition]
    rows: int


def write(job: Job, sql: str, columns: Sequence[tuple[str, Type]], target: Target) -> Written:
    """Run *sql* and put its rows under ``target.location``, in at most 100 partitions and buckets."""
    for column, column_type in columns:
        if column_type.name in _UNWRITABLE:
            raise QueryFailure("NOT_SUPPORTED", f"Unsupported Hive type: {column_type.trino} (column {column})")
        if (
            column_type.name == "timestamp" and column_type.digits != 3
        ):  # such as Iceberg's are: CAST(… AS timestamp(3)) helps
            words = f"Incorrect timestamp precision for {column_type.trino}; the configured precision is MILLISECONDS"
            raise QueryFailure("NOT_SUPPORTED", f"{words}; column name: {column}")
    options = target.options()
    folders = [*target.keys, *([BUCKET] if target.buckets else [])]
    query = target.query(sql, columns)
    job.execution.passed("QueryPlanningTime")
    out = job.session.directory / "out"
    if folders:
        options += f", PARTITION_BY ({', '.join(map(name, folders))})"
    else:
        out.mkdir()
    rows = job.copy(query, out if folders else out / "data", options)
    job.execution.passed("EngineExecutionTime")
    job.execution.rows_written = rows
    files = sorted(path for path in out.rglob("*") if path.is_file()) if rows else []
    if folders and len({path.parent for path in files}) > MOST_PARTITIONS:
        raise QueryFailure(
            "HIVE_TOO_MANY_OPEN_PARTITIONS", f"Exceeded limit of {MOST_PARTITIONS} open writers for partitions/buckets"
        )
    held = [(column, column_type) for column, column_type in columns if column.lower() not in target.keys]
    for path in files:
        target.finish(job.session, path, held)
    uris, partitions = _places(job, files, out, target)
    _put(job, uris)
    return Written(list(uris), partitions, rows)


def _places(job: Job, files: list[Path], out: Path, target: Target) -> tuple[dict[str, Path], list[Partition]]:
    """The URI of each file, named as Athena names them, and the partitions that the folders are."""
    stamp = job.now.strftime("%Y%m%d_%H%M%S")
    location = target.location.rstrip("/") + "/"
    uris: dict[str, Path] = {}
    partitions: dict[str, Partition] = {}
    for number, path in enumerate(files):
        parts = path.parent.relative_to(out).parts
        file = f"{stamp}_{number:05d}_{job.execution.id[:5]}_{uuid.uuid4()}"
        if target.buckets:
            file = f"{file}_bucket-{int(re.sub('.*=', '', parts[-1])):05d}"
        keys = parts[: len(target.keys)]
        folder = location + "".join(f"{part}/" for part in keys)
        uris[f"{folder}{file}{target.suffix}"] = path
        if keys:
            partitions[folder] = Partition(tuple(unquote(part.partition("=")[2]) for part in keys), folder)
    return uris, [partitions[folder] for folder in sorted(partitions)]


def _put(job: Job, uris: dict[str, Path]) -> None:
    """All of the files, or none."""
    with all_or_none(job.lake, job.execution.id, uris):
        for uri, path in uris.items():
            job.session.check()
            job.lake.upload(path, uri, **job.upload_settings)
