"""Which data files have a snapshot's rows, as far as a filter leaves them, and which delete files bear on each.

pyiceberg plans this in threads of its own, and cannot be interrupted. Here its parts are called one after the other.
Source: Iceberg Table Spec, "Scan Planning".
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from pyiceberg.expressions import AlwaysTrue, BooleanExpression
from pyiceberg.manifest import DataFile, DataFileContent, ManifestEntry
from pyiceberg.table import FileScanTask, ManifestGroupPlanner, Table
from pyiceberg.table.delete_file_index import PATH_FIELD_ID
from pyiceberg.table.snapshots import Snapshot
from pyiceberg.typedef import KeyDefaultDict, Record

from localaws.engines.athena.iceberg.manifests import live_entries_of, manifests_of
from localaws.lake.errors import QueryFailure, not_supported

#: How often a delete file may be looked at for a data file: each with each, if all tell of a whole partition.
_MOST_PAIRS = 1_000_000


def plan(table: Table, snapshot: Snapshot | None, row_filter: BooleanExpression | None = None) -> list[FileScanTask]:
    """The data files of *snapshot* that may have a row that *row_filter* is true of, by path. Raises QueryFailure."""
    try:
        planned = list(_planned(table, snapshot, row_filter or AlwaysTrue()))
    except (ValueError, TypeError, LookupError) as error:  # what a manifest tells does not fit the table's metadata
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"{type(error).__name__}: {error}") from None
    return sorted(planned, key=lambda task: task.file.file_path)


def _planned(table: Table, snapshot: Snapshot | None, row_filter: BooleanExpression) -> Iterator[FileScanTask]:
    data: list[ManifestEntry] = []
    deletes = DeleteFiles()
    for entry in _entries(table, snapshot, row_filter):
        match entry.data_file.content:
            case DataFileContent.DATA:
                data.append(entry)
            case DataFileContent.POSITION_DELETES:
                deletes.add(entry)
            case _:
                raise not_supported("Reading Iceberg tables with equality deletes")
    for entry in data:
        yield FileScanTask(entry.data_file, deletes.bearing_on(entry.data_file, entry.sequence_number or 0))


def _entries(table: Table, snapshot: Snapshot | None, row_filter: BooleanExpression) -> Iterator[ManifestEntry]:
    """What neither the list of manifests, nor a file's partition, nor its statistics tell to be without such a row."""
    planner = ManifestGroupPlanner(table.metadata, table.io, row_filter, case_sensitive=False)
    may_list = KeyDefaultDict(planner._build_manifest_evaluator)
    may_hold = KeyDefaultDict(planner._build_partition_evaluator)
    may_have = planner._build_metrics_evaluator()
    for manifest in manifests_of(snapshot, table.io):
        if may_list[manifest.partition_spec_id](manifest):
            for entry in live_entries_of(manifest, table.io):
                if may_hold[manifest.partition_spec_id](entry.data_file) and may_have(entry.data_file):
                    yield entry


class DeleteFiles:
    """Files of position deletes: each bears on one data file, or on a partition's, as far as its bounds tell."""

    def __init__(self) -> None:
        self._of_file: dict[str, list[ManifestEntry]] = defaultdict(list)
        self._of_partition: dict[tuple[int, Record], list[ManifestEntry]] = defaultdict(list)
        self._pairs = 0

    def add(self, entry: ManifestEntry) -> None:
        file = entry.data_file
        low, high = _paths(file)
        if low and low == high:
            self._of_file[low.decode(errors="replace")].append(entry)
        else:
            self._of_partition[file.spec_id, file.partition].append(entry)

    def bearing_on(self, data_file: DataFile, sequence_number: int) -> set[DataFile]:
        """Those with deletes of rows of *data_file*, which is as old as its *sequence_number* tells.

        Raises QueryFailure once too many have been looked at.
        """
        listed = [
            *self._of_file.get(data_file.file_path, ()),
            *self._of_partition.get((data_file.spec_id, data_file.partition), ()),
        ]
        self._pairs += len(listed)
        if self._pairs > _MOST_PAIRS:
            words = f"this lab compares {_MOST_PAIRS} pairs of data files and delete files at most in one statement"
            raise QueryFailure("ICEBERG_INVALID_METADATA", f"The table has too many delete files: {words}")
        younger = (entry.data_file for entry in listed if (entry.sequence_number or 0) >= sequence_number)
        return {file for file in younger if _may_tell_of(data_file.file_path.encode(), file)}


def _may_tell_of(path: bytes, delete_file: DataFile) -> bool:
    low, high = _paths(delete_file)
    return (low is None or low <= path) and (high is None or path <= high)


def _paths(file: DataFile) -> tuple[bytes | None, bytes | None]:
    """The first and the last path of a data file that a delete file tells of, as far as that is known."""
    return (file.lower_bounds or {}).get(PATH_FIELD_ID), (file.upper_bounds or {}).get(PATH_FIELD_ID)
