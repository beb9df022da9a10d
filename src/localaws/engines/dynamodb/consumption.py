"""What one call takes of the capacity of tables and their indexes.

Source: DynamoDB developer guide, "DynamoDB capacity unit consumption", "Provisioned throughput considerations for
global secondary indexes", "… for local secondary indexes"; API reference, ConsumedCapacity.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item
from moto.dynamodb.models.table import GlobalSecondaryIndex, SecondaryIndex

from localaws.engines.dynamodb.sizes import read_units, size_of, write_units

if TYPE_CHECKING:
    from localaws.engines.dynamodb.items import TableEngine

#: The table's own part of what it and its indexes take.
TABLE = ""


@dataclass
class OfTable:
    """What was taken of a table: units by index, `TABLE` for itself, and by partition key, of reads and of writes."""

    table: TableEngine
    reads: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    writes: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    partitions: defaultdict[tuple[str, bool, str], float] = field(default_factory=lambda: defaultdict(float))

    @property
    def units(self) -> float:
        return sum(self.reads.values()) + sum(self.writes.values())

    def described(self, with_indexes: bool, transactional: bool) -> dict[str, Any]:
        """As API reference, ConsumedCapacity, has it."""
        told: dict[str, Any] = {"TableName": self.table.name, "CapacityUnits": self.units}
        if transactional:
            told |= _split(sum(self.reads.values()), sum(self.writes.values()))
        if with_indexes:
            told["Table"] = self._of(TABLE, transactional)
            for kind, indexes in (
                ("LocalSecondaryIndexes", self.table.indexes),
                ("GlobalSecondaryIndexes", self.table.global_indexes),
            ):
                used = {index.name: self._of(index.name, transactional) for index in indexes if self._has(index.name)}
                if used:
                    told[kind] = used
        return told

    def _has(self, name: str) -> bool:
        return name in self.reads or name in self.writes

    def _of(self, name: str, transactional: bool) -> dict[str, float]:
        reads, writes = self.reads.get(name, 0.0), self.writes.get(name, 0.0)
        return {"CapacityUnits": reads + writes, **(_split(reads, writes) if transactional else {})}


class Consumption:
    """What a call takes, by the names of tables; ``consistent`` and ``transactional`` say how it reads and writes."""

    def __init__(self, consistent: bool = False, transactional: bool = False) -> None:
        self.consistent, self.transactional = consistent, transactional
        self.tables: dict[str, OfTable] = {}

    def only(self, writes: bool) -> Consumption:
        """What is written, or what is read, alone."""
        part = Consumption(self.consistent, self.transactional)
        for name, taken in self.tables.items():
            kept = part.tables[name] = OfTable(taken.table)
            (kept.writes if writes else kept.reads).update(taken.writes if writes else taken.reads)
            kept.partitions.update({key: units for key, units in taken.partitions.items() if key[1] == writes})
        return part

    def add(self, other: Consumption) -> None:
        """Count what another has taken, too."""
        for taken in other.tables.values():
            mine = self.of(taken.table)
            for units, more in ((mine.reads, taken.reads), (mine.writes, taken.writes)):
                for place, amount in more.items():
                    units[place] += amount
            for key, amount in taken.partitions.items():
                mine.partitions[key] += amount

    def of(self, table: TableEngine) -> OfTable:
        return self.tables.setdefault(table.name, OfTable(table))

    def read(
        self, table: TableEngine, size: int, partition: str, index: str | None = None, consistent: bool | None = None
    ) -> None:
        """So many bytes were looked at, of the table or of an index, under the partition key *partition*."""
        strongly = self.consistent if consistent is None else consistent
        units = read_units(size, consistent=strongly, transactional=self.transactional)
        place = index or TABLE
        taken = self.of(table)
        taken.reads[place] += units
        if partition:
            taken.partitions[place, False, partition] += units

    def wrote(self, table: TableEngine, before: Item | None, now: Item | None, partition: str) -> None:
        """An item was put, changed or deleted, or would have been: that counts, too."""
        old, new = before.attrs if before else None, now.attrs if now else None
        taken = self.of(table)
        units = write_units((size_of(each) for each in (old, new) if each), self.transactional)
        taken.writes[TABLE] += units
        taken.partitions[TABLE, True, partition] += units
        for index in table.all_indexes():
            if units := _of_index(index, old, new, self.transactional):
                taken.writes[index.name] += units
                shown: Mapping[str, DynamoType] = new or old or {}
                key = shown.get(index.schema[0]["AttributeName"])
                if key is not None and isinstance(index, GlobalSecondaryIndex):
                    taken.partitions[index.name, True, str(key.to_json())] += units


def _of_index(
    index: SecondaryIndex,
    old: Mapping[str, DynamoType] | None,
    new: Mapping[str, DynamoType] | None,
    transactional: bool,
) -> float:
    """What a change of an item takes in an index: nothing, one write, or two where its key in the index changes."""
    before, after = _in_index(index, old), _in_index(index, new)
    if before == after:
        return 0.0
    names = [each["AttributeName"] for each in index.schema]
    if before and after and any(before[name] != after[name] for name in names):
        return write_units([size_of(before)], transactional) + write_units([size_of(after)], transactional)
    return write_units([size_of(each) for each in (before, after) if each], transactional)


def _in_index(index: SecondaryIndex, item: Mapping[str, DynamoType] | None) -> dict[str, DynamoType] | None:
    """The attributes of an item that the index has; None where it has not the item."""
    if item is None or not all(each["AttributeName"] in item for each in index.schema):
        return None
    projection = index.projection or {}
    if projection.get("ProjectionType", "ALL") == "ALL":
        return dict(item)
    names = {each["AttributeName"] for each in index.schema} | {*index.table_key_attrs}
    names |= {*projection.get("NonKeyAttributes", ())}
    return {name: value for name, value in item.items() if name in names}


def _split(reads: float, writes: float) -> dict[str, float]:
    """Of a transaction, what it reads and writes apart."""
    told = {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}
    return {name: units for name, units in told.items() if units}


#: What the call takes that this thread serves.
consuming: ContextVar[Consumption | None] = ContextVar("consuming", default=None)
