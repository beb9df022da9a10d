"""The partitions of the catalog's tables, and what is known of the values in columns; each change written down."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from moto.core.exceptions import JsonRESTError
from moto.glue.exceptions import InvalidInputException, PartitionAlreadyExistsException, PartitionNotFoundException
from moto.glue.models import FakeTable, GlueBackend

from localaws.engines.glue.indexes import IndexedTable
from localaws.engines.glue.statistics import AnalysedPartition, HasStatistics
from localaws.engines.glue.store import CatalogStore, Key

_Entry = TypeVar("_Entry")


class PartitionedCatalog(GlueBackend):
    """The part of the catalog below its tables."""

    store: ClassVar[CatalogStore]

    if TYPE_CHECKING:  # of the whole catalog

        def _changing(self, name: str) -> AbstractContextManager[None]: ...

        def _key(self, *names: str) -> Key: ...

        def indexed(self, database_name: str, table_name: str) -> IndexedTable: ...

        def _keep_table(self, table: FakeTable) -> None: ...

    def create_partition(self, database_name: str, table_name: str, part_input: dict[str, Any]) -> None:
        with self._changing(database_name):
            self._check_values("CreatePartition", database_name, table_name, part_input)
            super().create_partition(database_name, table_name, part_input)
            self._keep_partitions(database_name, table_name, [part_input["Values"]])

    def batch_create_partition(
        self, database_name: str, table_name: str, partition_input: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        with self._changing(database_name):
            self.get_table(database_name, table_name)
            return failures(
                partition_input,
                lambda entry: self.create_partition(database_name, table_name, entry),
                lambda entry: {"PartitionValues": entry.get("Values") or []},
            )

    def update_partition(
        self, database_name: str, table_name: str, part_input: dict[str, Any], part_to_update: Any
    ) -> None:
        with self._changing(database_name):
            self._check_values("UpdatePartition", database_name, table_name, part_input)
            taken = self.get_table(database_name, table_name).partitions
            moved = part_input["Values"] != part_to_update and str(part_to_update) in taken
            if moved and str(part_input["Values"]) in taken:  # moto looks when it has removed the old one
                raise PartitionAlreadyExistsException
            super().update_partition(database_name, table_name, part_input, part_to_update)
            self._keep_partitions(database_name, table_name, [part_to_update, part_input["Values"]])

    def batch_update_partition(
        self, database_name: str, table_name: str, entries: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        def update(entry: dict[str, Any]) -> None:
            self.update_partition(database_name, table_name, entry["PartitionInput"], entry["PartitionValueList"])

        with self._changing(database_name):
            self.get_table(database_name, table_name)
            return failures(entries, update, lambda entry: {"PartitionValueList": entry["PartitionValueList"]})

    def delete_partition(self, database_name: str, table_name: str, part_to_delete: Any) -> None:
        with self._changing(database_name):
            super().delete_partition(database_name, table_name, part_to_delete)
            self._keep_partitions(database_name, table_name, [part_to_delete])

    def batch_delete_partition(
        self, database_name: str, table_name: str, parts: list[dict[str, Any]]
    ) -> list[dict[str, Any]]:
        with self._changing(database_name):
            errors = super().batch_delete_partition(database_name, table_name, parts)
            self._keep_partitions(database_name, table_name, [each["Values"] for each in parts])
        return errors

    def _check_values(self, operation: str, database: str, table_name: str, entry: dict[str, Any]) -> None:
        """Raises InvalidInputException if a partition has more or fewer values than the table has partition keys."""
        keys = self.get_table(database, table_name).as_dict().get("PartitionKeys") or []
        if len(entry.get("Values") or []) != len(keys):
            said = "The number of partition keys do not match the number of partition values"
            raise InvalidInputException(operation, said)

    def _keep_partitions(self, database: str, name: str, changed: list[list[str]]) -> None:
        """Write down the partitions with these values as they are now, or that they are no more."""
        partitions = self.get_table(database, name).partitions
        there, gone = [], []
        for values in changed:
            key = self._key(database, name, json.dumps(values))
            partition = partitions.get(str(values))
            if partition is None:
                gone.append(key)
            else:
                created = partition.creation_time.isoformat()
                assert isinstance(partition, AnalysedPartition)
                body = {"input": partition.partition_input, "created": created, "statistics": partition.statistics}
                there.append((key, body))
        self.store.put(there)
        self.store.remove(gone)

    @contextmanager
    def analysing(self, database_name: str, table_name: str, values: list[str] | None) -> Iterator[HasStatistics]:
        """Change the statistics of a table or, where *values* are given, of its partition."""
        with self._changing(database_name):
            analysed = self.analysed(database_name, table_name, values)
            yield analysed
            if values is None:
                self._keep_table(self.indexed(database_name, table_name))
            else:
                self._keep_partitions(database_name, table_name, [values])

    def analysed(self, database_name: str, table_name: str, values: list[str] | None) -> HasStatistics:
        """A table or, where *values* are given, its partition. Raises EntityNotFoundException."""
        if values is None:
            return self.indexed(database_name, table_name)
        partition = self.get_table(database_name, table_name).partitions.get(str(values))
        if partition is None:
            raise PartitionNotFoundException
        assert isinstance(partition, AnalysedPartition)
        return partition


def failures(
    entries: Iterable[_Entry], do: Callable[[_Entry], None], named: Callable[[_Entry], dict[str, Any]]
) -> list[dict[str, Any]]:
    """Do each of a batch's *entries* by itself; what the answer says of those that failed, as *named*."""
    errors = []
    for entry in entries:
        try:
            do(entry)
        except JsonRESTError as error:
            detail = {"ErrorCode": error.error_type, "ErrorMessage": error.message}
            errors.append({**named(entry), "ErrorDetail": detail})
    return errors
