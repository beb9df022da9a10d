"""One snapshot that adds data files, adds position delete files and drops files: what pyiceberg does not commit itself.

A change is worked out on one snapshot and committed on the newest. If another commit came between, the change still
holds as long as nobody touched the same data files; else it fails, and nothing of it stays.

Sources: "Iceberg Table Spec" (snapshots, manifests, row-level deletes, optimistic concurrency); "Update Iceberg table
data" of the Athena user guide (position deletes, snapshot isolation).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import cast

from pyiceberg.exceptions import CommitFailedException, ValidationException
from pyiceberg.manifest import (
    DataFile,
    DataFileContent,
    ManifestContent,
    ManifestEntry,
    ManifestEntryStatus,
    ManifestFile,
    ManifestWriterV2,
)
from pyiceberg.partitioning import PartitionSpec
from pyiceberg.table import Table, Transaction
from pyiceberg.table.snapshots import (
    Operation,
    Snapshot,
    SnapshotSummaryCollector,
    Summary,
    update_snapshot_summaries,
)
from pyiceberg.table.update.snapshot import _SnapshotProducer
from pyiceberg.typedef import EMPTY_DICT

from localaws.engines.athena.iceberg.files import LakeIO
from localaws.engines.athena.iceberg.manifests import live_entries, live_entries_of, manifests_of
from localaws.engines.athena.iceberg.tables import committing
from localaws.engines.athena.iceberg.tasks import DeleteFiles
from localaws.engines.glue import governed

_MANY_MANIFESTS = "commit.manifest.min-count-to-merge"


@dataclass
class Change:
    """What a snapshot is to add and to drop.

    ``touched`` are the data files that its ``deletes`` point into: they have to be there still, as they were.
    ``exclusive`` makes the change fail if rows were added meanwhile, even in new files: an INSERT for what was *not*
    found is right only as long as it is not there.
    """

    added: list[DataFile] = field(default_factory=list)
    deletes: list[DataFile] = field(default_factory=list)
    dropped: list[DataFile] = field(default_factory=list)
    touched: list[DataFile] = field(default_factory=list)
    exclusive: bool = False
    replace: bool = False
    """The rows stay what they were: only how they lie in files changes."""
    append: bool = False
    """Rows come, and none goes: it conflicts with nothing."""

    @property
    def operation(self) -> Operation:
        """The snapshot's operation, as the specification names it."""
        if self.replace:
            return Operation.REPLACE
        if self.append:
            return Operation.APPEND
        return Operation.OVERWRITE if self.added else Operation.DELETE


def commit(table: Table, change: Change) -> None:
    """Commit *change*, worked out on the snapshot that *table* has, as one snapshot.

    Raises QueryFailure (ICEBERG_COMMIT_ERROR) if somebody else changed the same files first.
    """
    # pyiceberg waits before it tries again, deaf to a stop: how long is not for who wrote the table's properties to say
    kept = {key: value for key, value in table.properties.items() if not key.startswith("commit.retry.")}
    table.metadata = table.metadata.model_copy(update={"properties": kept})
    transaction = Transaction(table)
    with committing(table), governed.committing():
        stage(transaction, change)
        try:
            transaction.commit_transaction()  # cleans up by itself
        except ValidationException as error:
            raise CommitFailedException(str(error)) from error


def stage(transaction: Transaction, change: Change) -> None:
    """Make *change* part of *transaction*, which is to be committed."""
    producer = _RowDelta(transaction, change)
    try:
        producer.commit()
    except BaseException:
        producer._clean_all_uncommitted()
        raise


class _DeleteManifestWriter(ManifestWriterV2):
    """Writes a manifest of delete files; pyiceberg's own are of data files."""

    def content(self) -> ManifestContent:
        return ManifestContent.DELETES

    @property
    def _meta(self) -> dict[str, str]:
        return {**super()._meta, "content": "deletes"}


class _RowDelta(_SnapshotProducer["_RowDelta"]):
    """Makes the snapshot. pyiceberg calls `_commit` again on the newest metadata if another commit came first."""

    def __init__(self, transaction: Transaction, change: Change) -> None:
        super().__init__(change.operation, transaction, transaction._table.io)
        self._change = change
        self._session = cast(LakeIO, self._io).session
        self._dropped = {file.file_path for file in change.dropped}

    # What the snapshot consists of

    def _manifests(self) -> list[ManifestFile]:
        status, snapshot = ManifestEntryStatus.ADDED, self._snapshot_id
        added = [
            ManifestEntry.from_args(status=status, snapshot_id=snapshot, data_file=file)
            for file in (*self._change.added, *self._change.deletes)
        ]
        kept: list[ManifestFile] = []
        dropped: list[ManifestEntry] = []
        for manifest in self._current_manifests():
            if not manifest.has_added_files() and not manifest.has_existing_files():
                continue  # it tells only of files that went long ago
            entries = list(live_entries_of(manifest, self._io)) if self._dropped else []
            gone = [entry for entry in entries if entry.data_file.file_path in self._dropped]
            if not gone:
                kept.append(manifest)
                continue
            dropped += [self._as(ManifestEntryStatus.DELETED, entry, self._snapshot_id) for entry in gone]
            stay = [entry for entry in entries if entry.data_file.file_path not in self._dropped]
            kept += self._write(self._as(ManifestEntryStatus.EXISTING, entry, entry.snapshot_id) for entry in stay)
        return [*self._write(added), *self._write(dropped), *self._merged(kept)]

    def _merged(self, manifests: list[ManifestFile]) -> list[ManifestFile]:
        """Few manifests in the place of many: a table that changes often stays quick to plan."""
        if len(manifests) < int(self._transaction.table_metadata.properties.get(_MANY_MANIFESTS, 100)):
            return manifests
        entries = (entry for each in manifests for entry in live_entries_of(each, self._io))
        return self._write(self._as(ManifestEntryStatus.EXISTING, entry, entry.snapshot_id) for entry in entries)

    def _current_manifests(self) -> list[ManifestFile]:
        snapshot = self._transaction.table_metadata.snapshot_by_name(self._target_branch)
        return manifests_of(snapshot, self._io)

    @staticmethod
    def _as(status: ManifestEntryStatus, entry: ManifestEntry, snapshot_id: int | None) -> ManifestEntry:
        return ManifestEntry.from_args(
            status=status,
            snapshot_id=snapshot_id,
            sequence_number=entry.sequence_number,
            file_sequence_number=entry.file_sequence_number,
            data_file=entry.data_file,
        )

    def _write(self, entries: Iterable[ManifestEntry]) -> list[ManifestFile]:
        """A manifest holds files of one partition spec, and either data files or delete files."""
        groups: dict[tuple[int, bool], list[ManifestEntry]] = defaultdict(list)
        for entry in entries:
            groups[entry.data_file.spec_id, entry.data_file.content == DataFileContent.DATA].append(entry)
        written = []
        for (spec_id, is_data), group in groups.items():
            spec = self.spec(spec_id)
            with self.new_manifest_writer(spec) if is_data else self._delete_manifest_writer(spec) as writer:
                for entry in self._session.checked(group):
                    writer.add_entry(entry)
            written.append(writer.to_manifest_file())
        return written

    def _delete_manifest_writer(self, spec: PartitionSpec) -> _DeleteManifestWriter:
        output = self.new_manifest_output()
        return _DeleteManifestWriter(spec, self.schema(), output, self._snapshot_id, self._compression)

    def _summary(self, snapshot_properties: dict[str, str] = EMPTY_DICT) -> Summary:
        metadata = self._transaction.table_metadata
        specs, schema = metadata.specs(), metadata.schema()
        collector = SnapshotSummaryCollector()
        for file in (*self._change.added, *self._change.deletes):
            collector.add_file(file, schema, specs[file.spec_id])
        for file in self._change.dropped:
            collector.remove_file(file, schema, specs[file.spec_id])
        before = metadata.snapshot_by_id(self._parent_snapshot_id) if self._parent_snapshot_id is not None else None
        # pyiceberg adds up the totals of every operation but REPLACE
        summary = update_snapshot_summaries(
            Summary(Operation.OVERWRITE, **collector.build(), **snapshot_properties), before.summary if before else None
        )
        return Summary(self._operation, **summary.additional_properties)

    # What pyiceberg's own snapshots are made of; `_manifests` does it all here

    def _deleted_entries(self) -> list[ManifestEntry]:
        return []

    def _existing_manifests(self) -> list[ManifestFile]:
        return []

    # Conflicts

    def _validate_concurrency(self) -> None:
        """Compare the files of the snapshot that the change was worked out on with those of the newest."""
        window = self._commit_window
        touched = [*self._change.touched, *self._change.dropped]
        if window is None or window.is_empty() or not (touched or self._change.exclusive):
            return
        before, now = self._live(window.base), self._live(window.head)
        if missing := [file.file_path for file in touched if file.file_path not in now]:
            raise ValidationException(f"Files were changed by another commit: {missing}")
        fresh = [entry for path, entry in now.items() if path not in before]
        deletes = DeleteFiles()
        for entry in fresh:
            if entry.data_file.content != DataFileContent.DATA:
                deletes.add(entry)
            elif self._change.exclusive and not self._only_moved(entry):
                raise ValidationException(f"Rows were added by another commit: {entry.data_file.file_path}")
        for file in touched:
            if file.content == DataFileContent.DATA and deletes.bearing_on(file, 0):
                raise ValidationException(f"Rows of {file.file_path} were deleted by another commit")

    def _only_moved(self, entry: ManifestEntry) -> bool:
        """Whether the rows of a data file were there before: OPTIMIZE has packed them."""
        made = self._transaction.table_metadata.snapshot_by_id(entry.snapshot_id) if entry.snapshot_id else None
        return made is not None and made.summary is not None and made.summary.operation == Operation.REPLACE

    def _live(self, snapshot: Snapshot | None) -> dict[str, ManifestEntry]:
        return {entry.data_file.file_path: entry for entry in live_entries(snapshot, self._io)}
