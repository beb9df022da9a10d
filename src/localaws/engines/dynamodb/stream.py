"""A table's stream: one record for each item that a write has changed.

moto tells of the steps of a write: of an item that UpdateItem makes twice, and of what a transaction then takes back.
"""

from __future__ import annotations

from bisect import bisect_left
from datetime import datetime, timedelta
from typing import Any

from moto.core.utils import utcnow
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import StreamRecord, StreamShard, Table

from localaws.engines.dynamodb.expiry import expiring

#: "Data in DynamoDB Streams is retained for 24 hours, then trimmed" (Change data capture for DynamoDB Streams).
RETAINED = timedelta(hours=24)


class ShardEngine(StreamShard):
    """The one shard of a table's stream: the numbers of its records leave none out."""

    def add(self, old: Item | None, new: Item | None) -> None:
        """Nothing yet: `tell` does it when the write is done."""

    def tell(self, old: Item | None, new: Item | None) -> None:
        """Add the record of a change; there is none of a write "that does not change any data in an item".

        Source: developer guide, "Change data capture for DynamoDB Streams".
        """
        if (old and old.attrs) == (new and new.attrs):
            return
        event = "INSERT" if old is None else "REMOVE" if new is None else "MODIFY"
        view: str = self.table.stream_specification["StreamViewType"]  # type: ignore[index]
        record = StreamRecord(self.table, view, event, old, new, self.next_number)
        record.record["awsRegion"] = self.table.region_name
        if expiring.get():
            record.record["userIdentity"] = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
        self.items.append(record)

    @property
    def next_number(self) -> int:
        """The sequence number of the record that comes next."""
        return _number(self.items[-1]) + 1 if self.items else self.starting_sequence_number

    @property
    def oldest_number(self) -> int:
        """That of the oldest record that is not older than a day, else of the one that comes."""
        items = self.items
        gone = _expired(items)
        return _number(items[gone]) if gone < len(items) else self.next_number

    def get(self, start: int, quantity: int) -> list[dict[str, Any]]:
        """Up to *quantity* records from the number *start* on, which is not before the oldest."""
        items = self.items
        place = start - _number(items[0]) if items else 0
        return [record.to_json() for record in items[max(place, 0) : max(place, 0) + quantity]]

    def trim(self) -> None:
        """Forget what nobody can read, once it is most; not the newest record, whose number goes on."""
        gone = min(_expired(self.items), len(self.items) - 1)
        if 2 * gone > len(self.items):
            self.items = self.items[gone:]  # another list: somebody may be reading this one

    def take_back(self, records: list[dict[str, Any]]) -> None:
        """Have *records* again, as the lab had them before its start; those of an earlier stream are left out."""
        for each in records:
            record = object.__new__(StreamRecord)
            record.record = each
            if _created(record) >= self.created_on:
                self.items.append(record)


def shard_of(table: Table, described: dict[str, Any]) -> ShardEngine:
    """The shard that was *described* by `described`, without its records."""
    shard = object.__new__(ShardEngine)
    vars(shard).update(described, table=table, items=[])
    return shard


def described(shard: StreamShard) -> dict[str, Any]:
    """What *shard* is, in plain values."""
    return {name: value for name, value in vars(shard).items() if name not in ("table", "items")}


def _expired(items: list[StreamRecord]) -> int:
    """How many of *items* are older than is kept."""
    return bisect_left(items, utcnow() - RETAINED, key=_created)


def _created(record: StreamRecord) -> datetime:
    created: datetime = record.record["dynamodb"]["ApproximateCreationDateTime"]
    return created


def _number(record: StreamRecord) -> int:
    return int(record.record["dynamodb"]["SequenceNumber"])
