"""The queries of views: which relations they name, each in full, so that they mean the same for whoever reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.lake.quoting import name
from localaws.warehouse.binding import is_common, parts_of
from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.names import Named
from localaws.warehouse.catalog.store import TEMP_SCHEMA
from localaws.warehouse.errors import WRONG_OBJECT, RedshiftError
from localaws.warehouse.sql.translating import parse

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


def tables_in(sql: str) -> list[exp.Table]:
    """Those that the query *sql* names; its own WITH is none."""
    return [
        each for each in parse(sql).find_all(exp.Table) if isinstance(each.this, exp.Identifier) and not is_common(each)
    ]


def in_full(session: Session, sql: str) -> tuple[str, list[int]]:
    """*sql* with schema and name of each relation, and their numbers. Raises RedshiftError for temporary ones."""
    changes, uses = [], list[int]()
    for table in tables_in(sql):
        found = names.find(session, parts_of(table))
        if found is None:
            continue  # a view of the system's
        place, relation = found
        if place.schema == TEMP_SCHEMA:
            raise RedshiftError(WRONG_OBJECT, f'a view cannot use the temporary table "{relation.name}"')
        if place.database == session.database:
            uses.append(relation.id)
            changes.append((table, f"{name(place.schema)}.{name(place.name)}", ""))
    return _spliced(sql, changes), uses


def with_renamed(session: Session, sql: str, old: Named, new: Named) -> str:
    """*sql* for a relation that has got another name; what the query calls it stays."""
    changes = []
    for table in tables_in(sql):
        if parts_of(table)[-2:] == [old.schema, old.name]:
            alias = "" if table.args.get("alias") else f" AS {name(old.name)}"
            changes.append((table, f"{name(new.schema)}.{name(new.name)}", alias))
    return _spliced(sql, changes)


def uses_column(sql: str, column: str) -> bool:
    """Whether the query *sql* names *column*, or all columns of something."""
    tree = parse(sql)
    return any(each.name.lower() == column for each in tree.find_all(exp.Column)) or bool(tree.find(exp.Star))


def _spliced(sql: str, changes: list[tuple[exp.Table, str, str]]) -> str:
    """*sql* with other names in the places of tables; the rest of the text is as it was written."""
    places = []
    for table, text, alias in changes:
        identifiers = [each for each in (table.args.get("catalog"), table.args.get("db"), table.this) if each]
        places.append((identifiers[0].meta["start"], identifiers[-1].meta["end"] + 1, text + alias))
    for start, end, text in sorted(places, reverse=True):
        sql = sql[:start] + text + sql[end:]
    return sql
