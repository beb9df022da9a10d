"""VACUUM: snapshots that are old enough are forgotten, and what only they needed is deleted from S3.

Source: "VACUUM", and the properties vacuum_… of "Create Iceberg tables" in the Athena user guide.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import islice
from typing import Any

from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from localaws.engines.athena.iceberg import tables
from localaws.engines.athena.iceberg.manifests import expect_all_snapshots, live_entries_of, manifests_of
from localaws.engines.athena.iceberg.target import table_node, target_of
from localaws.engines.athena.iceberg.travel import lineage
from localaws.engines.athena.job import Job
from localaws.engines.athena.tables.ddl import match
from localaws.engines.glue import governed
from localaws.lake.errors import QueryFailure
from localaws.lake.objects import split

#: Snapshots that one commit expires: pyiceberg compares each of them with each that there is.
_AT_ONCE = 500
_VACUUM = re.compile(r"VACUUM\s+(?P<table>[\w`\".$-]+)\s*", re.IGNORECASE)


def vacuum(job: Job) -> None:
    """Expire snapshots, then remove the objects that the table does not need any more and the orphans beside them."""
    table = target_of(job, table_node(job, match(_VACUUM, job)["table"]), "Vacuuming").table
    bucket, folder = split(table.location())
    if not folder.strip("/"):
        raise QueryFailure("GENERIC_INTERNAL_ERROR", f"Path missing in file system location: s3://{bucket}")
    age = int(table.properties.get("vacuum_max_snapshot_age_seconds", 432_000))
    before = int((job.now.timestamp() - age) * 1000)
    expect_all_snapshots(table.io)
    expired = _expired(table, before)
    was_needed = _files(table, expired)
    with tables.committing(table), governed.committing():
        for start in job.session.checked(range(0, len(expired), _AT_ONCE)):
            ids = [each.snapshot_id for each in expired[start : start + _AT_ONCE]]
            table.maintenance.expire_snapshots().by_ids(ids).commit()
    table.refresh()  # what others have committed since counts too
    was_needed |= {entry.metadata_file for entry in table.metadata.metadata_log}
    needed = _files(table, table.snapshots()) | _metadata_files(table)
    orphans = {uri for uri, modified in _objects(job, bucket, folder) if modified < before}
    job.lake.delete(sorted((was_needed | orphans) - needed))
    job.execution.passed("EngineExecutionTime")


def _expired(table: Table, before: int) -> list[Snapshot]:
    """The snapshots older than *before* (ms) that no branch or tag points to, but for the newest few."""
    metadata = table.metadata
    keep = int(table.properties.get("vacuum_min_snapshots_to_keep", 1))
    kept = {each.snapshot_id for each in islice(lineage(metadata), max(keep, 1))}
    kept |= {ref.snapshot_id for ref in metadata.refs.values()}
    return [each for each in metadata.snapshots if each.timestamp_ms < before and each.snapshot_id not in kept]


def _files(table: Table, snapshots: Iterable[Snapshot]) -> set[str]:
    """Everything that *snapshots* are made of: manifest lists, manifests, data files and delete files."""
    found: set[str] = set()
    for snapshot in snapshots:
        found.add(snapshot.manifest_list)
        for manifest in manifests_of(snapshot, table.io):
            if manifest.manifest_path not in found:
                found.add(manifest.manifest_path)
                found |= {entry.data_file.file_path for entry in live_entries_of(manifest, table.io)}
    return found


def _metadata_files(table: Table) -> set[str]:
    """The metadata file of now, and as many of those before it as the table keeps."""
    most = int(table.properties.get("vacuum_max_metadata_files_to_keep", 100))
    log = [entry.metadata_file for entry in table.metadata.metadata_log]
    statistics = [each.statistics_path for each in table.metadata.statistics]
    return {table.metadata_location, *log[max(len(log) - most, 0) :], *statistics}


def _objects(job: Job, bucket: str, folder: str) -> Iterable[tuple[str, float]]:
    """What lies in the table's folder, and when it was written (ms)."""
    s3: Any = job.client("s3")
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder.rstrip("/") + "/"):
        for item in page.get("Contents", []):
            yield f"s3://{bucket}/{item['Key']}", item["LastModified"].timestamp() * 1000
