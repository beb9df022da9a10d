"""What one write does to items: until it is written down it can be undone, as if it never was."""

from __future__ import annotations

from collections.abc import Iterator
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from moto.dynamodb.models.dynamo_type import DynamoType, Item

if TYPE_CHECKING:
    from localaws.engines.dynamodb.consumption import Consumption
    from localaws.engines.dynamodb.items import TableEngine

#: An item's table (its id), keys and attributes, as they are on the wire; None where it was deleted.
ItemChange = tuple[str, dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]
#: A record of a table's stream, after the table's id.
StreamChange = tuple[str, dict[str, Any]]


class Changes:
    """The items that a write has changed, in any tables, as they were before it."""

    def __init__(self) -> None:
        self._before: dict[tuple[str, DynamoType, DynamoType | None], tuple[TableEngine, Item | None]] = {}
        self._streams: dict[str, tuple[TableEngine, int]] = {}

    def note(self, table: TableEngine, hash_key: DynamoType, range_key: DynamoType | None, item: Item | None) -> None:
        """*item* is about to be changed, or made where it is None; who changes it in place does so to a copy."""
        self._before.setdefault((table.id, hash_key, range_key), (table, item))

    @property
    def tables(self) -> list[TableEngine]:
        return list({table.id: table for table, _ in self._before.values()}.values())

    def items(self) -> Iterator[ItemChange]:
        """The changed items as they are now."""
        for (key, hash_key, range_key), (table, before) in self._before.items():
            now = table.at(hash_key, range_key)
            if before is None and now is None:  # a deletion of what was not there
                continue
            attributes = now.to_json()["Attributes"] if now else None
            yield key, hash_key.to_json(), range_key.to_json() if range_key else None, attributes

    def before(self) -> Iterator[tuple[TableEngine, dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]]:
        """The tables, keys and attributes of the changed items as they were; None where there was none."""
        for (_, hash_key, range_key), (table, before) in self._before.items():
            attributes = before.to_json()["Attributes"] if before else None
            yield table, hash_key.to_json(), range_key.to_json() if range_key else None, attributes

    def consumed(self, consumption: Consumption) -> None:
        """Count what the write takes."""
        for (_, hash_key, range_key), (table, before) in self._before.items():
            consumption.wrote(table, before, table.at(hash_key, range_key), str(hash_key.to_json()))

    def tell_streams(self) -> list[StreamChange]:
        """Add to the tables' streams what has changed; the records."""
        for (key, hash_key, range_key), (table, before) in self._before.items():
            shard = table.shard
            if shard is not None:
                if key not in self._streams:
                    shard.trim()
                    self._streams[key] = table, len(shard.items)
                shard.tell(before, table.at(hash_key, range_key))
        return [
            (key, record.record)
            for key, (table, length) in self._streams.items()
            if table.shard
            for record in table.shard.items[length:]
        ]

    def undo(self) -> None:
        for (_, hash_key, range_key), (table, before) in self._before.items():
            table.place(hash_key, range_key, before)
        for table, length in self._streams.values():
            if table.shard:
                del table.shard.items[length:]


#: The write that this thread is doing.
under_way: ContextVar[Changes | None] = ContextVar("under_way", default=None)
