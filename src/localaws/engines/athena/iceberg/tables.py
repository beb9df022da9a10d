"""Iceberg tables by way of the Glue Data Catalog: loaded by pyiceberg, committed with Glue's optimistic locking.

Source: "Query Apache Iceberg tables", "Locking in Iceberg": Athena commits only through Glue's optimistic locking.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchPropertyException, TableAlreadyExistsError
from pyiceberg.io import FileIO
from pyiceberg.table import CommitTableResponse, Table, TableProperties
from pyiceberg.table.update import AddSnapshotUpdate, TableRequirement, TableUpdate
from pyiceberg.typedef import EMPTY_DICT, Properties

from localaws.engines.athena.iceberg.files import LakeIO
from localaws.lake.catalog import Table as GlueTable
from localaws.lake.errors import QueryFailure
from localaws.lake.objects import Lake
from localaws.lake.runtime import Session

# pyiceberg would import and call whatever a table's properties name here, builtins.exec as well. Nothing has this name.
TableProperties.WRITE_PY_LOCATION_PROVIDER_IMPL = None  # type: ignore[assignment]


class LakeCatalog(GlueCatalog):
    """pyiceberg's Glue catalog, whose calls and files go through the lab's front door."""

    def __init__(self, session: Session, lake: Lake) -> None:
        super().__init__("awsdatacatalog", client=lake.client("glue"))
        self._io = LakeIO(session, lake)
        self._clock = lake.lab.clock

    def _load_file_io(self, properties: Properties = EMPTY_DICT, location: str | None = None) -> FileIO:
        return self._io

    def table_of(self, raw: Any) -> Table:
        """The table that Glue's answer *raw* describes."""
        return self._convert_glue_to_iceberg(raw)

    def commit_table(
        self, table: Table, requirements: tuple[TableRequirement, ...], updates: tuple[TableUpdate, ...]
    ) -> CommitTableResponse:
        """Snapshots are made at the lab's time, which time travel and VACUUM go by, not the machine's."""
        now = int(self._clock.time() * 1000)
        timed = tuple(
            update.model_copy(update={"snapshot": update.snapshot.model_copy(update={"timestamp_ms": now})})
            if isinstance(update, AddSnapshotUpdate)
            else update
            for update in updates
        )
        return super().commit_table(table, requirements, timed)


def of(session: Session, lake: Lake, table: GlueTable) -> Table:
    """The Iceberg table that an entry of the catalog points to, as it is now.

    Raises QueryFailure if its metadata are gone, or cannot be read.
    """
    name = f"{table.database}.{table.name}"
    try:
        with failing_as_query():
            return LakeCatalog(session, lake).table_of(table.raw)
    except FileNotFoundError:
        raise QueryFailure(
            "ICEBERG_MISSING_METADATA", f"Metadata not found in metadata location for table {name}"
        ) from None
    except (NoSuchPropertyException, ValueError) as error:
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"Table {name}: {error}") from None


@contextmanager
def failing_as_query() -> Iterator[None]:
    """What S3 refuses to pyiceberg in here fails as in Athena."""
    try:
        yield
    except PermissionError as error:
        raise QueryFailure("PERMISSION_DENIED", str(error)) from None


@contextmanager
def committing(table: Table) -> Iterator[None]:
    """A commit to *table* in here that another one overtook fails as in Athena (ICEBERG_COMMIT_ERROR)."""
    name = ".".join(table.name())
    try:
        with failing_as_query():
            yield
    except TableAlreadyExistsError:
        raise QueryFailure("TABLE_ALREADY_EXISTS", f"Table '{name}' already exists") from None
    except FileNotFoundError as error:
        raise QueryFailure("ICEBERG_INVALID_METADATA", str(error)) from None
    except CommitFailedException:
        raise QueryFailure("ICEBERG_COMMIT_ERROR", f"Failed to commit Iceberg update to table: {name}") from None
