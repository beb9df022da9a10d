"""Iceberg tables by way of the Glue Data Catalog: loaded by pyiceberg, committed with Glue's optimistic locking.

Source: "Query Apache Iceberg tables", "Locking in Iceberg": Athena commits only through Glue's optimistic locking.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.exceptions import CommitFailedException, NoSuchPropertyException, NoSuchTableError
from pyiceberg.io import FileIO
from pyiceberg.table import Table
from pyiceberg.typedef import EMPTY_DICT, Properties

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.iceberg.files import LakeIO
from localaws.engines.athena.lake import Lake


class LakeCatalog(GlueCatalog):
    """pyiceberg's Glue catalog, whose calls and files go through the lab's front door."""

    def __init__(self, lake: Lake) -> None:
        super().__init__("awsdatacatalog", client=lake.lab.client("glue"))
        self._io = LakeIO(lake)

    def _load_file_io(self, properties: Properties = EMPTY_DICT, location: str | None = None) -> FileIO:
        return self._io


def catalog_of(lake: Lake) -> LakeCatalog:
    """The catalog that loads and commits the Iceberg tables of *lake*."""
    return LakeCatalog(lake)


def load(lake: Lake, database: str, name: str) -> Table:
    """The Iceberg table as it is now. Raises QueryFailure if it is gone, or its metadata cannot be read."""
    try:
        return catalog_of(lake).load_table((database.lower(), name.lower()))
    except NoSuchTableError:
        full = f"awsdatacatalog.{database}.{name}".lower()
        raise QueryFailure("TABLE_NOT_FOUND", f"Table '{full}' does not exist") from None
    except FileNotFoundError:
        raise QueryFailure(
            "ICEBERG_MISSING_METADATA", f"Metadata not found in metadata location for table {database}.{name}"
        ) from None
    except PermissionError as error:
        raise QueryFailure("PERMISSION_DENIED", str(error)) from None
    except (NoSuchPropertyException, ValueError) as error:
        raise QueryFailure("ICEBERG_INVALID_METADATA", f"Table {database}.{name}: {error}") from None


@contextmanager
def committing(table: Table) -> Iterator[None]:
    """A commit to *table* in here that another one overtook fails as in Athena (ICEBERG_COMMIT_ERROR)."""
    try:
        yield
    except CommitFailedException:
        name = ".".join(table.name())
        raise QueryFailure("ICEBERG_COMMIT_ERROR", f"Failed to commit Iceberg update to table: {name}") from None
