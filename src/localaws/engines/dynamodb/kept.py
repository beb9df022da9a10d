"""The items of all tables of an account in a region, in one log: so that a transaction is there whole or not at all.

A table's settings are in a snapshot, which may be half a second old when the lab is killed. So the log tells of each
table before the first of its items, and of its deletion.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from localaws.engines.dynamodb.changes import Changes
from localaws.engines.dynamodb.items import RestoredPITTableEngine, RestoredTableEngine, TableEngine
from localaws.engines.dynamodb.stream import ShardEngine
from localaws.state.data_file import DataFile

_KINDS = {kind.__name__: kind for kind in (TableEngine, RestoredTableEngine, RestoredPITTableEngine)}

Record = tuple[Any, ...]


class KeptItems:
    """The log in the file *path*; *tables* gives the tables, and those of backups, whose items it holds."""

    def __init__(self, path: Path, owner: tuple[str, str], tables: Callable[[], Iterable[TableEngine]]) -> None:
        self._file = DataFile(path, lambda: owner)
        self._tables = tables
        self._told: set[str] = set()

    def keep(self, changes: Changes) -> None:
        """Write down what a write has changed. Raises OSError; then nothing of it is written."""
        items, streamed = list(changes.items()), changes.tell_streams()
        if items:
            new = [table for table in changes.tables if table.id not in self._told]
            self._write([*map(_told, new), ("write", items, streamed)], len(items) + len(streamed))
            self._told.update(table.id for table in new)

    def keep_all(self, table: TableEngine) -> None:
        """Write down all that is in *table*, which is new. Raises OSError."""
        self._write(list(_contents(table)), len(table))
        self._told.add(table.id)

    def forget(self, table: TableEngine) -> None:
        """The table is being deleted. Raises OSError."""
        if table.id in self._told:
            self._write([("deleted", table.id)], 1)
            self._told.discard(table.id)

    def _write(self, records: list[Record], weight: int) -> None:
        self._file.write(records, weight)

    def tidy(self) -> None:
        """Leave out what is no more, if that is most of the log."""
        self._file.tidy(
            lambda: sum(len(table) + len(table.shard.items if table.shard else ()) for table in self._tables()),
            lambda: (record for table in self._tables() for record in _contents(table)),
        )

    def read(self) -> tuple[list[TableEngine], set[str]]:
        """Give the tables what they held.

        Those of which the last snapshot did not know yet are returned, and the ids of those whose deletion it missed.
        """
        dead = set[str]()
        known = {table.id: table for table in self._tables()}
        young = dict[str, TableEngine]()
        streamed: defaultdict[str, list[dict[str, Any]]] = defaultdict(list)

        def make(kind: str, *values: Any) -> None:
            if kind == "table":
                key, name, state = values
                if key not in known:
                    known[key] = young[key] = object.__new__(_KINDS[name])  # type: ignore[type-abstract]
                    known[key].__setstate__(state)
            elif kind == "deleted":
                dead.add(values[0])
                for each in (known, young, streamed):
                    each.pop(values[0], None)
            else:
                for key, hash_key, range_key, attributes in values[0]:
                    if key in known:
                        known[key].take_back(hash_key, range_key, attributes)
                for key, record in values[1]:
                    streamed[key].append(record)

        self._file.replay(make)
        for key, table in known.items():
            if isinstance(table.stream_shard, ShardEngine):
                table.stream_shard.take_back(streamed[key])
        self._told = set(known)
        return list(young.values()), dead


def _told(table: TableEngine) -> Record:
    return "table", table.id, type(table).__name__, table.__getstate__()


def _contents(table: TableEngine) -> Iterator[Record]:
    """The records that make *table*."""
    yield _told(table)
    for item in table.each_item():
        range_key = item.range_key.to_json() if item.range_key else None
        yield "write", [(table.id, item.hash_key.to_json(), range_key, item.to_json()["Attributes"])], []
    if table.stream_shard:
        yield "write", [], [(table.id, record.record) for record in table.stream_shard.items]
