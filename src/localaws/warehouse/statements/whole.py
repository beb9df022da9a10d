"""Changes of several things at once: all of them happen, or none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localaws.warehouse.errors import RedshiftError

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


@contextmanager
def whole(session: Session) -> Iterator[None]:
    """Within, all that *session* does is one transaction: its own if it is in one, else one that ends here."""
    if session.status != "I":
        yield
        return
    session.execute("BEGIN")
    try:
        yield
        session.execute("COMMIT")
    except BaseException:
        session.undo()
        raise


def outside_of_transactions(session: Session, command: str) -> None:
    """Raises RedshiftError within a transaction, for a *command* that cannot be undone."""
    if session.status != "I":
        raise RedshiftError("25001", f"{command} cannot run inside a transaction block")
