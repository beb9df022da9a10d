"""The Data Catalog on disk: one SQLite file, a row for each database, table and partition."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

#: Account, region, database; then a table's name; then a partition's values as a JSON list.
Key = tuple[str, ...]
_COLUMNS = ("account", "region", "database", "name", "partition")


class CatalogStore:
    """Keeps entries at *path*, readable by its user alone.

    What a method has written outlives a crash of the lab, so that nothing needs to close it.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._lock = threading.Lock()
        self._connection = sqlite3.connect(path, check_same_thread=False)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        columns = ", ".join(f"{column} TEXT NOT NULL" for column in _COLUMNS)
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS entries ({columns}, body TEXT NOT NULL, PRIMARY KEY ({', '.join(_COLUMNS)}))"
        )

    def put(self, entries: Iterable[tuple[Key, dict[str, Any]]]) -> None:
        """Write all of *entries* or none; one that is there already keeps its place in the order."""
        rows = [(*_padded(key), json.dumps(body)) for key, body in entries]
        with self._lock, self._connection:
            self._connection.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", rows
            )

    def remove(self, keys: Iterable[Key]) -> None:
        """Forget the entries with these keys and all that belongs to them: a database's tables, their partitions."""
        with self._lock, self._connection:
            for key in keys:
                condition = " AND ".join(f"{column} = ?" for column in _COLUMNS[: len(key)])
                self._connection.execute(f"DELETE FROM entries WHERE {condition}", key)

    def everything(self) -> list[tuple[Key, dict[str, Any]]]:
        """All entries, in the order in which they were made."""
        with self._lock:
            rows = self._connection.execute("SELECT * FROM entries ORDER BY rowid").fetchall()
        return [(tuple(part for part in key if part), json.loads(body)) for *key, body in rows]


def _padded(key: Key) -> Key:
    return (*key, *[""] * (len(_COLUMNS) - len(key)))
