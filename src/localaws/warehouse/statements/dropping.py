"""DROP and TRUNCATE: objects go, and with CASCADE what needs them.

Source: Redshift database developer guide, "DROP TABLE", "DROP VIEW", "DROP SCHEMA", "TRUNCATE".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.lake.quoting import name
from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.names import Named
from localaws.warehouse.catalog.objects import Relation, Schema
from localaws.warehouse.catalog.privileges import require_owner
from localaws.warehouse.errors import INVALID_SCHEMA, WRONG_OBJECT, RedshiftError
from localaws.warehouse.external import changing
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.transactions import commit_here, using
from localaws.warehouse.statements.whole import whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_DEPENDENT = "2BP01"
_WORDS = {objects.TABLE: "table", objects.VIEW: "view", objects.MATERIALIZED: "materialized view"}


class _DropRelation(Silent):
    def __init__(self, kind: str) -> None:
        self._kind = kind

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        word = _WORDS[self._kind]
        reader = Reader(statement, 1 + len(word.split()))
        if_exists = reader.take("IF EXISTS")
        wanted = reader.several()
        cascade = reader.take_any("CASCADE", "RESTRICT") == "CASCADE"
        reader.end()
        with using(session, exclusive=self._there(session, wanted)), whole(session):
            for parts in wanted:
                found = names.find(session, parts)
                if found is None and changing.dropped(session, parts):
                    continue
                if found is None:
                    said = f'{word.capitalize()} "{".".join(parts)}" does not exist'
                    if not if_exists:
                        raise RedshiftError("42P01", said)
                    session.say(f"{said} and will be skipped")
                    continue
                place, relation = found
                if relation.kind != self._kind:
                    raise RedshiftError(WRONG_OBJECT, f'"{relation.name}" is not a {word}',
                                        H=f"Use DROP {_WORDS[relation.kind].upper()} to remove a"
                                          f" {_WORDS[relation.kind]}.")  # fmt: skip
                require_owner(session, relation, "DROP")
                drop(session, place, relation, cascade)
        return Result(f"DROP {word.upper()}")

    @staticmethod
    def _there(session: Session, wanted: list[list[str]]) -> list[Relation]:
        found = [names.find(session, parts) for parts in wanted]
        return [each[1] for each in found if each]


def drop(session: Session, place: Named, relation: Relation, cascade: bool) -> None:
    """Drop *relation*, with the views on it if *cascade*. Raises RedshiftError where those are in the way."""
    store = names.store_of(session, place.database)
    for view in dependents(session, relation, place.database):
        if not cascade:
            word = _WORDS[relation.kind]
            raise RedshiftError(
                _DEPENDENT, f"cannot drop {word} {relation.name} because other objects depend on it",
                D=f"{_WORDS[view.kind]} {view.name} depends on {word} {relation.name}",
                H="Use DROP ... CASCADE to drop the dependent objects too.",
            )  # fmt: skip
        session.say(f"drop cascades to {_WORDS[view.kind]} {view.name}")
        drop(session, Named(place.database, view.schema, view.name), view, True)
    if relation.kind != objects.VIEW:
        session.execute(f"DROP TABLE {place.sql}")
    for column in relation.columns:
        if column.identity:
            session.execute(f"DROP SEQUENCE {store.sequence(relation.id, column.name, relation.temporary)}")
    store.remove(relation)


def dependents(session: Session, relation: Relation, database: str | None = None) -> list[Relation]:
    """The views whose queries name *relation*; a view without schema binding depends on nothing."""
    return [each for each in names.store_of(session, database).relations() if relation.id in each.uses]


class _DropSchema(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        if_exists = reader.take("IF EXISTS")
        wanted = reader.several()
        reader.take("DROP EXTERNAL DATABASE")
        cascade = reader.take_any("CASCADE", "RESTRICT") == "CASCADE"
        reader.end()
        store = names.store_of(session)
        with whole(session):
            for (schema,) in wanted:
                found = store.find([objects.SCHEMA], schema, schema)
                if not found:
                    if not if_exists:
                        raise RedshiftError(INVALID_SCHEMA, f'schema "{schema}" does not exist')
                    session.say(f'schema "{schema}" does not exist, skipping')
                    continue
                require_owner(session, found[0], "DROP")
                self._empty(session, schema, cascade)
                session.execute(f"DROP SCHEMA {name(session.database)}.{name(schema)}")
                assert isinstance(found[0], Schema)
                store.remove(found[0])
        return Result("DROP SCHEMA")

    def _empty(self, session: Session, schema: str, cascade: bool) -> None:
        store = names.store_of(session)
        inside = [each for each in store.all([*objects.RELATIONS, "f", "p"]) if each.schema == schema]
        if inside and not cascade:
            raise RedshiftError(
                _DEPENDENT, f"cannot drop schema {schema} because other objects depend on it",
                H="Use DROP ... CASCADE to drop the dependent objects too.",
            )  # fmt: skip
        for each in inside:
            if store.by_id(each.id) is None:
                continue  # it went with another
            if isinstance(each, Relation):
                drop(session, Named(session.database, schema, each.name), each, True)
            else:
                store.remove(each)


class _Truncate(Silent):
    """It commits the transaction that it is in, and itself ("TRUNCATE", "Usage notes")."""

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        reader.take("TABLE")
        parts = reader.names()
        reader.end()
        place, relation = names.existing(session, parts)
        if relation.kind != objects.TABLE:
            raise RedshiftError(WRONG_OBJECT, f'"{relation.name}" is not a table')
        require_owner(session, relation, "TRUNCATE")
        commit_here(session)
        with using(session, exclusive=[relation]), whole(session):
            session.execute(f"DELETE FROM {place.sql}")
            relation.sorted_rows = 0
            names.store_of(session).change(relation)
        return Result("TRUNCATE")


KINDS: Kinds = {
    ("DROP", "TABLE"): _DropRelation(objects.TABLE),
    ("DROP", "VIEW"): _DropRelation(objects.VIEW),
    ("DROP", "MATERIALIZED", "VIEW"): _DropRelation(objects.MATERIALIZED),
    ("DROP", "SCHEMA"): _DropSchema(),
    ("TRUNCATE",): _Truncate(),
}
