"""The Data Catalog on disk: one SQLite file, a row for each catalog, database, table and partition."""

from __future__ import annotations

import errno
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

#: Account, region; then a database; then a table's name; then a partition's values as a JSON list.
Key = tuple[str, ...]
_COLUMNS = ("account", "region", "database", "name", "partition")
#: The system's words for SQLite's; the rest is an error of input or output.
_ERRNO = {sqlite3.SQLITE_FULL: errno.ENOSPC, sqlite3.SQLITE_READONLY: errno.EROFS}


class CatalogStore:
    """Keeps entries at *path*, readable by its user alone.

    What a method has written outlives a crash of the lab, so that nothing needs to close it.
    """

    def __init__(self, path: Path) -> None:
        path.touch(mode=0o600)
        self._path = path
        self._lock = threading.RLock()
        self._changing = 0
        self._connection = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
        self._connection.execute("PRAGMA journal_mode = WAL")
        self._connection.execute("PRAGMA synchronous = NORMAL")
        columns = ", ".join(f"{column} TEXT NOT NULL" for column in _COLUMNS)
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS entries ({columns}, body TEXT NOT NULL, PRIMARY KEY ({', '.join(_COLUMNS)}))"
        )

    @contextmanager
    def changing(self) -> Iterator[None]:
        """All changes made within are written together or, after an error, not at all; so are changes within changes.

        Raises OSError where the disk does not take them.
        """
        with self._lock:
            if self._changing:
                yield
                return
            self._changing += 1
            try:
                self._connection.execute("BEGIN IMMEDIATE")
                yield
                self._connection.execute("COMMIT")
            except sqlite3.Error as error:
                self._roll_back()
                raise OSError(
                    _ERRNO.get(error.sqlite_errorcode & 0xFF, errno.EIO), str(error), str(self._path)
                ) from error
            except BaseException:
                self._roll_back()
                raise
            finally:
                self._changing -= 1

    def _roll_back(self) -> None:
        if self._connection.in_transaction:  # SQLite itself rolls back after some errors
            self._connection.execute("ROLLBACK")

    def put(self, entries: Iterable[tuple[Key, dict[str, Any]]]) -> None:
        """Write *entries*; one that is there already keeps its place in the order."""
        rows = [(*_padded(key), json.dumps(body)) for key, body in entries]
        with self.changing():
            self._connection.executemany(
                "INSERT INTO entries VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET body = excluded.body", rows
            )

    def remove(self, keys: Iterable[Key]) -> None:
        """Forget the entries with these keys and all that belongs to them: a database's tables, their partitions."""
        with self.changing():
            for key in keys:
                self._connection.execute(f"DELETE FROM entries WHERE {_condition(key)}", key)

    def below(self, key: Key = ()) -> list[tuple[Key, dict[str, Any]]]:
        """The entry *key* and all that belongs to it, or all entries, in the order in which they were made."""
        with self._lock:
            rows = self._connection.execute(
                f"SELECT * FROM entries WHERE {_condition(key)} ORDER BY rowid", key
            ).fetchall()
        return [(tuple(part for part in key if part), json.loads(body)) for *key, body in rows]


def _condition(key: Key) -> str:
    return " AND ".join(["1"] + [f"{column} = ?" for column in _COLUMNS[: len(key)]])


def _padded(key: Key) -> Key:
    return (*key, *[""] * (len(_COLUMNS) - len(key)))
