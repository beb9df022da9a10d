"""Partition indexes: a table has them, and tells of them. A look-up here needs none, for it reads all partitions.

Source: Glue web API reference, "Table API" (PartitionIndex); developer guide, "Working with partition indexes".
"""

from __future__ import annotations

from typing import Any

from moto.glue.exceptions import EntityNotFoundException, GlueClientError, InvalidInputException
from moto.glue.models import FakeTable

from localaws.engines.glue.statistics import Statistics

#: Indexes that a table may have.
_MOST = 3


class IndexedTable(FakeTable):
    """A table of the catalog, with its indexes: the names of partition keys, by the index's name; and statistics."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.indexes: dict[str, list[str]] = {}
        self.statistics: Statistics = {}
        self.owner = ""
        self.created_by = ""

    def as_dict(self, version: str | None = None) -> dict[str, Any]:
        described = super().as_dict(version)
        return described | ({"CreatedBy": self.created_by} if self.created_by else {})

    def add_index(self, index: dict[str, Any]) -> None:
        """Have *index*, which is a PartitionIndex.

        Raises AlreadyExistsException, ResourceNumberLimitExceededException for a fourth, and InvalidInputException for
        keys by which the table is not partitioned.
        """
        name, keys = index["IndexName"], [key.lower() for key in index["Keys"]]
        if name in self.indexes:
            raise GlueClientError("AlreadyExistsException", f"Index with the given indexName : {name} already exists")
        if len(self.indexes) >= _MOST:
            raise GlueClientError("ResourceNumberLimitExceededException", f"A table has at most {_MOST} indexes")
        if unknown := [key for key in keys if key not in self._partition_keys()]:
            raise InvalidInputException("CreatePartitionIndex", f"{unknown[0]} is not a partition key of the table")
        self.indexes[name] = keys

    def remove_index(self, name: str) -> None:
        """Raises EntityNotFoundException."""
        if name not in self.indexes:
            raise EntityNotFoundException(f"Index with the given indexName : {name} does not exist")
        del self.indexes[name]

    def describe_indexes(self) -> list[dict[str, Any]]:
        """PartitionIndexDescriptors."""
        types = self._partition_keys()
        return [
            {
                "IndexName": name,
                "Keys": [{"Name": key, "Type": types.get(key)} for key in keys],
                "IndexStatus": "ACTIVE",
            }
            for name, keys in self.indexes.items()
        ]

    def columns(self) -> set[str]:
        """The names of those that statistics can be kept of."""
        return {column["Name"].lower() for column in self.as_dict()["StorageDescriptor"].get("Columns") or []}

    def _partition_keys(self) -> dict[str, str]:
        return {key["Name"].lower(): key.get("Type", "") for key in self.as_dict().get("PartitionKeys") or []}
