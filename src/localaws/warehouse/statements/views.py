"""Views: bound to their relations, or WITH NO SCHEMA BINDING.

Source: Redshift database developer guide, "CREATE VIEW", "ALTER TABLE" (which renames views too).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.lake.quoting import name
from localaws.warehouse.binding import bound_query, parts_of
from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.declared import columns_of
from localaws.warehouse.catalog.definitions import in_full, tables_in
from localaws.warehouse.catalog.objects import Relation
from localaws.warehouse.catalog.privileges import require_create, require_owner
from localaws.warehouse.errors import DUPLICATE_TABLE, SYNTAX, WRONG_OBJECT, RedshiftError
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.whole import whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _CreateView(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        replace = reader.take("OR REPLACE")
        reader.expect("VIEW")
        parts = reader.names()
        called = reader.name_list() if reader.opens() else []
        reader.expect("AS")
        query = reader.before("WITH NO SCHEMA BINDING")
        late = bool(query)
        query = query or reader.rest()
        with whole(session):
            place = names.place(session, parts)
            require_create(session, place)
            store = names.store_of(session)
            view = Relation(store.next_id(), place.schema, place.name, objects.VIEW, session.user, late=late)
            if late:
                _require_schemas(query)
                view.definition = query if not called else _with_names(query, place.name, called)
            else:
                view.definition, view.uses = in_full(session, query)
                _settle_columns(session, view, called)
            for old in store.find(objects.RELATIONS, place.schema, place.name):
                if not replace:
                    raise RedshiftError(DUPLICATE_TABLE, f'Relation "{place.name}" already exists')
                assert isinstance(old, Relation)
                _replace(session, old, view)
            store.add(view)
        return Result("CREATE VIEW")


def _settle_columns(session: Session, view: Relation, called: Sequence[str]) -> None:
    """Fix the view's columns as they are now, whatever columns its relations get later."""
    told = session.execute(f"DESCRIBE {bound_query(session, view.definition).sql}")
    if len(called) > len(told):
        raise RedshiftError(SYNTAX, "CREATE VIEW specifies more column names than columns")
    columns = columns_of(session, view.definition, told)
    repeated = next((each.name for each in columns if [other.name for other in columns].count(each.name) > 1), None)
    for column in columns:
        column.encode = "none"
    for column, new in zip(columns, called, strict=False):
        column.name = new
    if repeated and not called:
        raise RedshiftError("42701", f'column "{repeated}" specified more than once')
    if called:
        view.definition = _with_names(view.definition, view.name, [each.name for each in columns])
    elif "*" in view.definition:
        listed = ", ".join(name(each.name) for each in columns)
        view.definition = f"SELECT {listed} FROM ({view.definition}) AS {name(view.name)}"
    view.columns = columns


def _with_names(query: str, view: str, called: Sequence[str]) -> str:
    return f"SELECT * FROM ({query}) AS {name(view)}({', '.join(map(name, called))})"


def _require_schemas(query: str) -> None:
    if any(len(parts_of(each)) < 2 for each in tables_in(query)):
        raise RedshiftError(
            "42P01", "All the relation names inside should be qualified when creating VIEW WITH NO SCHEMA BINDING."
        )


def _replace(session: Session, old: Relation, new: Relation) -> None:
    """Put *new* in the place of *old*, which keeps its number and its grants."""
    if old.kind != objects.VIEW:
        raise RedshiftError(WRONG_OBJECT, f'"{old.name}" is not a view')
    require_owner(session, old)
    kept = [(each.name, each.type) for each in new.columns[: len(old.columns)]]
    if not old.late and not new.late and kept != [(each.name, each.type) for each in old.columns]:
        raise RedshiftError("42P16", "cannot change the names or types of a view's columns",
                            H="Drop the view and create it again.")  # fmt: skip
    names.store_of(session).remove(old)
    new.id, new.acl, new.owner, new.comment = old.id, old.acl, old.owner, old.comment


_CREATE_VIEW = _CreateView()
KINDS: Kinds = {("CREATE", "VIEW"): _CREATE_VIEW, ("CREATE", "OR", "REPLACE", "VIEW"): _CREATE_VIEW}
