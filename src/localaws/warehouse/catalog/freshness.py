"""Whether a materialized view shows what its query would."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.objects import Relation

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


def is_stale(session: Session, view: Relation) -> bool:
    """Whether something that *view* is made of has been changed since its last refresh."""
    relations = {each.id: each for each in names.store_of(session).relations()}
    found, left = set[int](), list(view.uses)
    while left:
        id = left.pop()
        if id in relations and id not in found:
            found.add(id)
            left += relations[id].uses
    tables = [(session.database, each) for each in found]
    return session.node.conflicts.changed_since_refresh((session.database, view.id), tables)
