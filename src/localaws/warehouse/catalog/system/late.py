"""The columns of views without schema binding, which have those that their queries have today."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog.system.facts import Facts
from localaws.warehouse.catalog.system.view import SystemView

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


def _columns(session: Session) -> Iterable[Sequence[Any]]:
    """ "PG_GET_LATE_BINDING_VIEW_COLS"."""
    facts = Facts(session)
    for view in facts.relations:
        if view.late:
            for number, each in enumerate(facts.columns_of(view), 1):
                yield view.schema, view.name, each.name, each.type, number


LATE_COLUMNS = SystemView(
    ["view_schema VARCHAR", "view_name VARCHAR", "col_name VARCHAR", "col_type VARCHAR", "col_num INTEGER"], _columns
)
