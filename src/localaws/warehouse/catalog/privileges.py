"""Who may do what with an object: its owner and superusers all, others what was granted to them.

Source: Redshift database developer guide, "Managing database security", "GRANT".
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.names import Named
from localaws.warehouse.catalog.objects import Described, Relation
from localaws.warehouse.catalog.store import TEMP_SCHEMA
from localaws.warehouse.errors import DENIED, RedshiftError

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_WORDS = {objects.SCHEMA: "schema", objects.FUNCTION: "function", objects.PROCEDURE: "procedure"}


def is_superuser(session: Session) -> bool:
    users, user = session.node.users, session.user
    return user in users and bool(users.get(user).get("superuser"))


def may(session: Session, described: Described, privilege: str) -> bool:
    """Whether the session's user may do what *privilege* ("SELECT") names with *described*."""
    if described.owner == session.user or is_superuser(session):
        return True
    return any(
        granted.removesuffix("*") == privilege
        for grantee in session.node.groups.of(session.user, session.groups)
        for granted in described.acl.get(grantee, [])
    )


def may_grant(session: Session, described: Described, privilege: str) -> bool:
    if described.owner == session.user or is_superuser(session):
        return True
    grantees = session.node.groups.of(session.user, session.groups)
    return any(f"{privilege}*" in described.acl.get(grantee, []) for grantee in grantees)


def require(session: Session, described: Described, *privileges: str) -> None:
    """Raises RedshiftError where the user has not all of *privileges*, or may not use the schema."""
    if is_superuser(session):
        return
    if isinstance(described, Relation) and not described.temporary:
        _require_schema(session, described.schema, "USAGE")
    for each in privileges:
        if not may(session, described, each):
            raise denied(described)


def require_owner(session: Session, described: Described, privilege: str = "") -> None:
    """Raises RedshiftError for who neither owns *described* nor has the *privilege* that would do instead."""
    if described.owner == session.user or is_superuser(session) or (privilege and may(session, described, privilege)):
        return
    raise RedshiftError(DENIED, f"must be owner of {_WORDS.get(described.kind, 'relation')} {described.name}")


def require_create(session: Session, place: Named) -> None:
    """Raises RedshiftError where the user may not make an object at *place*."""
    if place.schema != TEMP_SCHEMA:
        _require_schema(session, place.schema, "CREATE")


def require_superuser(session: Session, what: str) -> None:
    if not is_superuser(session):
        raise RedshiftError(DENIED, f"must be superuser to {what}")


@contextmanager
def acting_as(session: Session, user: str) -> Iterator[None]:
    """Within, the rights of *user* decide: the owner's of a view, or of a procedure that says SECURITY DEFINER."""
    before, session.user = session.user, user
    try:
        yield
    finally:
        session.user = before


def denied(described: Described) -> RedshiftError:
    return RedshiftError(DENIED, f"permission denied for {_WORDS.get(described.kind, 'relation')} {described.name}")


def _require_schema(session: Session, schema: str, privilege: str) -> None:
    for found in names.store_of(session).find([objects.SCHEMA], schema, schema):
        if not may(session, found, privilege):
            raise denied(found)
