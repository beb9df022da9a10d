"""Which object a name in a statement means: the search path, other databases, temporary tables.

Source: Redshift database developer guide, "search_path", "Querying data across databases", "Names and identifiers".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.lake.quoting import name
from localaws.warehouse.catalog import objects
from localaws.warehouse.catalog.objects import Relation, Routine
from localaws.warehouse.catalog.store import TEMP_SCHEMA, Store
from localaws.warehouse.errors import INVALID_CATALOG, INVALID_SCHEMA, SYNTAX, UNDEFINED_TABLE, RedshiftError

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


@dataclass(frozen=True)
class Named:
    """A place for an object: database, schema and name."""

    database: str
    schema: str
    name: str

    @property
    def sql(self) -> str:
        """As DuckDB's."""
        if self.schema == TEMP_SCHEMA:
            return f"temp.main.{name(self.name)}"
        return f"{name(self.database)}.{name(self.schema)}.{name(self.name)}"


def search_path(session: Session) -> list[str]:
    """The schemas in which a name without one is looked for, and the first of which is where one is made."""
    path = session.settings.get("search_path", '"$user", public')
    wanted = [part.strip().strip("\"'").lower() for part in path.split(",")]
    wanted = [session.user if each == "$user" else each for each in wanted]
    known = {each.name for each in store_of(session).schemas()}
    return [each for each in wanted if each in known]


def store_of(session: Session, database: str | None = None) -> Store:
    """The catalog of the session's database, or another's. Raises RedshiftError where there is none."""
    if database is None or database == session.database:
        return Store(session.cursor, session.database)
    if database not in session.node.databases:
        raise RedshiftError(INVALID_CATALOG, f'database "{database}" does not exist')
    return Store(session.cursor, database)


def place(session: Session, parts: Sequence[str], temporary: bool = False) -> Named:
    """Where an object called *parts* is to be made. Raises RedshiftError where there is no such schema."""
    if temporary or parts[-1].startswith("#"):
        return Named(session.database, TEMP_SCHEMA, parts[-1])
    database, schema, called = _split(session, parts)
    if schema is None:
        path = search_path(session)
        if not path:
            raise RedshiftError(INVALID_SCHEMA, "no schema has been selected to create in")
        return Named(database, path[0], called)
    if not store_of(session, database).find([objects.SCHEMA], schema, schema):
        raise RedshiftError(INVALID_SCHEMA, f'schema "{schema}" does not exist')
    return Named(database, schema, called)


def find(session: Session, parts: Sequence[str]) -> tuple[Named, Relation] | None:
    """The relation called *parts*, and where it is."""
    database, schema, called = _split(session, parts)
    if database != session.database and database not in session.node.databases:
        return None
    store = store_of(session, database)
    schemas = [schema] if schema is not None else [TEMP_SCHEMA, *search_path(session)]
    for each in schemas:
        for found in store.find(objects.RELATIONS, each, called):
            if isinstance(found, Relation):
                return Named(database, each, called), found
    return None


def existing(session: Session, parts: Sequence[str]) -> tuple[Named, Relation]:
    """Raises RedshiftError where there is no relation called *parts*."""
    found = find(session, parts)
    if found is None:
        raise missing(parts)
    return found


def missing(parts: Sequence[str]) -> RedshiftError:
    return RedshiftError(UNDEFINED_TABLE, f'relation "{".".join(parts)}" does not exist')


def routines(session: Session, parts: Sequence[str], kind: str) -> list[Routine]:
    """The routines called *parts*, whatever their arguments."""
    database, schema, called = _split(session, parts)
    store = store_of(session, database)
    schemas = [schema] if schema is not None else search_path(session)
    return [
        each for place in schemas for each in store.find([kind], place, called) if isinstance(each, Routine)
    ]  # fmt: skip


def _split(session: Session, parts: Sequence[str]) -> tuple[str, str | None, str]:
    if len(parts) == 1:
        return session.database, None, parts[0]
    if len(parts) == 2:
        return session.database, parts[0], parts[1]
    if len(parts) == 3:
        return parts[0], parts[1], parts[2]
    raise RedshiftError(SYNTAX, f"improper qualified name (too many dotted names): {'.'.join(parts)}")
