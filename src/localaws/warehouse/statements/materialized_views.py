"""Materialized views: the rows of a query, kept until REFRESH makes them anew.

One with AUTO REFRESH YES is refreshed soon after a transaction has changed what it is made of (`refreshing`).

Source: Redshift database developer guide, "CREATE MATERIALIZED VIEW", "REFRESH MATERIALIZED VIEW", "ALTER MATERIALIZED
VIEW".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.warehouse.binding import bound_query
from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.definitions import in_full
from localaws.warehouse.catalog.freshness import is_stale
from localaws.warehouse.catalog.objects import Relation
from localaws.warehouse.catalog.privileges import acting_as, require_create, require_owner
from localaws.warehouse.errors import DUPLICATE_TABLE, WRONG_OBJECT, RedshiftError
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.creating_tables import create_as
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.table_definitions import Keys
from localaws.warehouse.statements.transactions import using
from localaws.warehouse.statements.whole import whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _Create(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 3)
        parts, keys, auto = reader.names(), Keys(), False
        while not reader.take("AS"):
            if reader.take("AUTO REFRESH"):
                auto = reader.take_any("YES", "NO") == "YES"
            elif not keys.read(reader):
                raise reader.wrong()
        query = reader.rest()
        place = names.place(session, parts)
        require_create(session, place)
        store = names.store_of(session)
        if store.find(objects.RELATIONS, place.schema, place.name):
            raise RedshiftError(DUPLICATE_TABLE, f'Relation "{place.name}" already exists')
        definition, uses = in_full(session, query)
        bound = bound_query(session, definition)
        moment = session.node.conflicts.moment()
        with using(session, bound.reads), whole(session):
            view = create_as(session, place, objects.MATERIALIZED, definition, bound.sql, keys)
            view.uses, view.auto_refresh = uses, auto
            store.change(view)
            session.node.conflicts.note_refresh((session.database, view.id), moment)
        return Result("CREATE MATERIALIZED VIEW")


class _Refresh(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 3)
        parts = reader.names()
        reader.take_any("RESTRICT", "CASCADE")
        reader.end()
        place, view = _existing(session, parts)
        require_owner(session, view)
        if not is_stale(session, view):
            session.say(f"Materialized view {view.name} is already up to date.")
            return Result("REFRESH MATERIALIZED VIEW")
        with acting_as(session, view.owner):
            bound = bound_query(session, view.definition)
        moment = session.node.conflicts.moment()
        with using(session, bound.reads, [view]), whole(session):
            session.execute(f"DELETE FROM {place.sql}")
            session.execute(f"INSERT INTO {place.sql} {bound.sql}")
            session.node.conflicts.note_refresh((session.database, view.id), moment)
        session.say(f"Materialized view {view.name} was recomputed successfully.")
        return Result("REFRESH MATERIALIZED VIEW")


class _Alter(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 3)
        _, view = _existing(session, reader.names())
        require_owner(session, view)
        if reader.take("AUTO REFRESH"):
            view.auto_refresh = reader.take_any("YES", "NO") == "YES"
        elif reader.take("OWNER TO"):
            view.owner = reader.name()
            session.node.users.get(view.owner)
        else:
            raise reader.wrong()
        reader.end()
        with whole(session):
            names.store_of(session).change(view)
        return Result("ALTER MATERIALIZED VIEW")


def _existing(session: Session, parts: Sequence[str]) -> tuple[names.Named, Relation]:
    place, view = names.existing(session, parts)
    if view.kind != objects.MATERIALIZED:
        raise RedshiftError(WRONG_OBJECT, f'"{view.name}" is not a materialized view')
    return place, view


KINDS: Kinds = {
    ("CREATE", "MATERIALIZED", "VIEW"): _Create(),
    ("REFRESH", "MATERIALIZED", "VIEW"): _Refresh(),
    ("ALTER", "MATERIALIZED", "VIEW"): _Alter(),
}
