"""The objects' rows: a table in the database, in a schema that no name of a user's can mean.

Temporary tables have theirs in a table that is temporary too, and so end with the session.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from localaws.lake.quoting import name, own
from localaws.warehouse.catalog import objects
from localaws.warehouse.catalog.objects import Described, Relation, Routine, Schema

CATALOG = own("catalog")
#: The first number of an object; below are the system's ("PG_CLASS_INFO").
_FIRST = 100_000
_LAYOUT = "(id BIGINT, schema VARCHAR, name VARCHAR, kind VARCHAR, owner VARCHAR, about VARCHAR)"
_TEMPORARY = f"temp.main.{own('objects')}"
_CLASSES: dict[str, type[Described]] = {
    objects.SCHEMA: Schema, objects.TABLE: Relation, objects.VIEW: Relation, objects.MATERIALIZED: Relation,
    objects.FUNCTION: Routine, objects.PROCEDURE: Routine,
}  # fmt: skip
#: What a temporary table's schema is called.
TEMP_SCHEMA = "pg_temp"


def prepare_database(cursor: duckdb.DuckDBPyConnection, database: str) -> None:
    """Make the store of a *database* that has none yet; who owns `public` is nobody in particular."""
    place = f"{name(database)}.{CATALOG}"
    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {place}")
    cursor.execute(f"CREATE TABLE IF NOT EXISTS {place}.objects {_LAYOUT}")
    cursor.execute(f"CREATE SEQUENCE IF NOT EXISTS {place}.ids START {_FIRST}")
    if not cursor.execute(f"SELECT 1 FROM {place}.objects LIMIT 1").fetchall():
        everybody = json.dumps({"acl": {"public": ["USAGE", "CREATE"]}})
        cursor.execute(f"INSERT INTO {place}.objects VALUES (2200, 'public', 'public', 'n', 'rdsdb', ?)", [everybody])


def prepare_session(cursor: duckdb.DuckDBPyConnection) -> None:
    cursor.execute(f"CREATE TEMP TABLE IF NOT EXISTS {own('objects')} {_LAYOUT}")


class Store:
    """The objects of *database* as the transaction of *cursor* sees them."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, database: str) -> None:
        self._cursor, self.database = cursor, database
        self._place = f"{name(database)}.{CATALOG}"
        self.rows = f"(SELECT * FROM {self._place}.objects UNION ALL SELECT * FROM {_TEMPORARY})"

    def next_id(self) -> int:
        return int(self._one(f"SELECT nextval('{self._place}.ids')"))

    def sequence(self, id: int, column: str, temporary: bool) -> str:
        """The name of the sequence that numbers the rows of a table, as DuckDB's."""
        place = "temp.main" if temporary else self._place
        return f"{place}.{own(f'identity {id} {column}')}"

    def find(self, kinds: Sequence[str], schema: str, called: str) -> list[Described]:
        letters = ", ".join(f"'{each}'" for each in kinds)
        return list(self._read(f"kind IN ({letters}) AND schema = ? AND name = ?", [schema, called]))

    def all(self, kinds: Sequence[str] = objects.RELATIONS) -> list[Described]:
        letters = ", ".join(f"'{each}'" for each in kinds)
        return list(self._read(f"kind IN ({letters}) ORDER BY id", []))

    def schemas(self) -> list[Schema]:
        return [each for each in self.all([objects.SCHEMA]) if isinstance(each, Schema)]

    def relations(self) -> list[Relation]:
        return [each for each in self.all() if isinstance(each, Relation)]

    def by_id(self, id: int) -> Described | None:
        return next(self._read("id = ?", [id]), None)

    def add(self, described: Described) -> None:
        row = [described.id, described.schema, described.name, described.kind, described.owner]
        about = json.dumps(described.about())
        self._cursor.execute(f"INSERT INTO {self._table(described)} VALUES (?, ?, ?, ?, ?, ?)", [*row, about])

    def change(self, described: Described) -> None:
        self._cursor.execute(
            f"UPDATE {self._table(described)} SET schema = ?, name = ?, kind = ?, owner = ?, about = ? WHERE id = ?",
            [
                described.schema,
                described.name,
                described.kind,
                described.owner,
                json.dumps(described.about()),
                described.id,
            ],
        )

    def remove(self, described: Described) -> None:
        self._cursor.execute(f"DELETE FROM {self._table(described)} WHERE id = ?", [described.id])

    def _table(self, described: Described) -> str:
        temporary = isinstance(described, Relation) and described.temporary
        return _TEMPORARY if temporary else f"{self._place}.objects"

    def _read(self, condition: str, values: Sequence[Any]) -> Iterator[Described]:
        found = self._cursor.execute(f"SELECT * FROM {self.rows} WHERE {condition}", list(values)).fetchall()
        for id, schema, called, kind, owner, about in found:
            row = {**json.loads(about), "id": id, "schema": schema, "name": called, "kind": kind, "owner": owner}
            yield _CLASSES[kind].made(row)

    def _one(self, sql: str) -> Any:
        rows = self._cursor.execute(sql).fetchall()
        return rows[0][0]
