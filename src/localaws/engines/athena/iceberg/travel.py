"""Time travel: which snapshot FOR TIMESTAMP AS OF and FOR VERSION AS OF mean.

Source: "Perform time travel and version travel queries"; the failures are Trino's.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, time

from pyiceberg.table import Table
from pyiceberg.table.metadata import TableMetadata
from pyiceberg.table.snapshots import Snapshot
from sqlglot import exp

from localaws.engines.athena.iceberg.pushdown import Evaluate
from localaws.lake.errors import QueryFailure


def snapshot_of(table: Table, version: exp.Version, evaluate: Evaluate) -> int:
    """The snapshot that *version* means. Raises QueryFailure (INVALID_ARGUMENTS) if the table has none such."""
    wanted = evaluate(version.expression)
    if version.this.upper() == "TIMESTAMP":
        return _at(table, wanted)
    if isinstance(wanted, str):
        snapshot = table.snapshot_by_name(wanted)
        if snapshot is None:
            raise QueryFailure("INVALID_ARGUMENTS", f"Cannot find snapshot with reference name: {wanted}")
        return snapshot.snapshot_id
    if not isinstance(wanted, int):
        raise QueryFailure("NOT_SUPPORTED", f"Unsupported type for table version: {type(wanted).__name__}")
    if table.snapshot_by_id(wanted) is None:
        raise QueryFailure("INVALID_ARGUMENTS", f"Iceberg snapshot ID does not exists: {wanted}")
    return wanted


def lineage(metadata: TableMetadata) -> Iterator[Snapshot]:
    """The table's snapshot of now, what it was made of, and so on. Who wrote the metadata may have made a circle."""
    left: dict[int | None, Snapshot] = {each.snapshot_id: each for each in metadata.snapshots}
    following = left.pop(metadata.current_snapshot_id, None)
    while following is not None:
        yield following
        following = left.pop(following.parent_snapshot_id, None)


def _at(table: Table, moment: object) -> int:
    if isinstance(moment, date) and not isinstance(moment, datetime):
        moment = datetime.combine(moment, time())
    if not isinstance(moment, datetime):
        raise QueryFailure(
            "TYPE_MISMATCH",
            "Type varchar invalid. Temporal pointers of type TIMESTAMP must be either a Timestamp, "
            "Timestamp with Time Zone, or Date",
        )
    moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    snapshot = table.snapshot_as_of_timestamp(int(moment.timestamp() * 1000))
    if snapshot is None:
        when = moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        name = '"' + '"."'.join(table.name()) + '"'
        raise QueryFailure("INVALID_ARGUMENTS", f"No version history table {name} at or before {when}")
    return snapshot.snapshot_id
