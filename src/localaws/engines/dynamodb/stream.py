"""A table's stream: one record for each item that a write has changed.

moto tells of the steps of a write: of an item that UpdateItem makes twice, and of what a transaction then takes back.
"""

from __future__ import annotations

from typing import Any

from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import StreamRecord, StreamShard, Table

from localaws.engines.dynamodb.expiry import expiring


class ShardEngine(StreamShard):
    """The one shard of a table's stream."""

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
        number = self.starting_sequence_number + len(self.items)
        record = StreamRecord(self.table, view, event, old, new, number)
        record.record["awsRegion"] = self.table.region_name
        if expiring.get():
            record.record["userIdentity"] = {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}
        self.items.append(record)

    def take_back(self, records: list[dict[str, Any]]) -> None:
        """Have *records* again, as the lab had them before its start."""
        for each in records:
            record = object.__new__(StreamRecord)
            record.record = each
            self.items.append(record)


def shard_of(table: Table, described: dict[str, Any]) -> ShardEngine:
    """The shard that was *described* by `described`, without its records."""
    shard = object.__new__(ShardEngine)
    vars(shard).update(described, table=table, items=[])
    return shard


def described(shard: StreamShard) -> dict[str, Any]:
    """What *shard* is, in plain values."""
    return {name: value for name, value in vars(shard).items() if name not in ("table", "items")}
