"""What each kind of statement does. A kind is known by its first words; what is no other kind is done by `plain`."""

from __future__ import annotations

from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements import (
    altering_tables,
    copying,
    creating_tables,
    cursors,
    dropping,
    explaining,
    external,
    granting,
    maintaining,
    materialized_views,
    people,
    plain,
    preparing,
    refusing,
    routines,
    schemas,
    settings,
    showing,
    transactions,
    unloading,
    views,
)
from localaws.warehouse.statements.kinds import Kind, Kinds

_KINDS: Kinds = {
    **refusing.KINDS,
    **transactions.KINDS,
    **showing.KINDS,
    **settings.KINDS,
    **copying.KINDS,
    **unloading.KINDS,
    **external.KINDS,
    **creating_tables.KINDS,
    **altering_tables.KINDS,
    **views.KINDS,
    **materialized_views.KINDS,
    **maintaining.KINDS,
    **people.KINDS,
    **granting.KINDS,
    **dropping.KINDS,
    **preparing.KINDS,
    **cursors.KINDS,
    **routines.KINDS,
    **explaining.KINDS,
    **schemas.KINDS,
}


def kind_of(statement: Statement) -> Kind:
    for words, kind in _KINDS.items():
        if statement.begins(*words):
            return kind
    return plain.PLAIN
