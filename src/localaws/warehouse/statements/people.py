"""Users, groups and roles.

Source: Redshift database developer guide, "CREATE USER", "ALTER USER", "DROP USER", "CREATE GROUP", "ALTER GROUP",
"CREATE ROLE", "DROP ROLE".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog import names
from localaws.warehouse.catalog.privileges import is_superuser
from localaws.warehouse.errors import DENIED, WRONG_VALUE, RedshiftError, not_done
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_ALREADY = "42710"


class _User(Silent):
    """CREATE USER and ALTER USER."""

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        user, users, making = reader.name(), session.node.users, statement.command == "CREATE"
        if making or user != session.user:
            _require(session, f"{statement.command.lower()} user")
        if making and user in users:
            raise RedshiftError(_ALREADY, f'user "{user}" already exists')
        if not making:
            users.get(user)
        password: str | None = None
        more: dict[str, Any] = {}
        groups: list[str] = []
        reader.take("WITH")
        while not reader.ended:
            if reader.take("PASSWORD"):
                if reader.take("DISABLE"):
                    more["verifier"] = None
                else:
                    password = reader.text()
                    _require_strong(user, password)
            elif reader.take("IN GROUP"):
                groups = [parts[0] for parts in reader.several()]
            elif reader.take("VALID UNTIL"):
                more["valid_until"] = reader.text()
            elif reader.take("CONNECTION LIMIT"):
                more["limit"] = None if reader.take("UNLIMITED") else reader.number()
            elif reader.take("SESSION TIMEOUT"):
                more["timeout"] = reader.number()
            elif reader.take("SYSLOG ACCESS"):
                more["syslog"] = reader.take_any("RESTRICTED", "UNRESTRICTED") == "UNRESTRICTED"
            elif reader.take("SET"):
                setting = reader.name()
                reader.take_any("TO", "=")
                more["settings"] = {**users.get(user).get("settings", {}), setting: reader.rest().strip("'")}
            elif reader.take("RENAME TO"):
                raise not_done("ALTER USER … RENAME")
            elif word := reader.take_any("CREATEDB", "NOCREATEDB", "CREATEUSER", "NOCREATEUSER"):
                if not is_superuser(session):
                    raise RedshiftError(DENIED, "must be superuser to alter these attributes")
                attribute = "createdb" if word.endswith("DB") else "superuser"
                more[attribute] = not word.startswith("NO")
            else:
                raise reader.wrong()
        for group in groups:
            session.node.groups.check("group", group)
        users.put(user, password, **more)
        for group in groups:
            session.node.groups.add("group", group, f"user {user}")
        return Result(f"{statement.command} USER")


class _DropUser(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        if_exists = reader.take("IF EXISTS")
        wanted = reader.several()
        reader.end()
        _require(session, "drop user")
        for (user,) in wanted:
            if user not in session.node.users and if_exists:
                session.say(f'user "{user}" does not exist, skipping')
                continue
            session.node.users.get(user)
            if user == session.user:
                raise RedshiftError("55006", "current user cannot be dropped")
            _require_unused(session, user)
            session.node.users.drop(user)
            session.node.groups.forget(f"user {user}")
        return Result("DROP USER")


def _require_unused(session: Session, user: str) -> None:
    """Raises RedshiftError for who owns something, or may do something by a grant, in any database."""
    for database in session.node.databases.names():
        for each in names.store_of(session, database).all(["n", "r", "v", "m", "f", "p"]):
            if each.owner == user:
                raise RedshiftError("2BP01", f'user "{user}" cannot be dropped because the user owns some object',
                                    D=f"owner of {each.name} in database {database}")  # fmt: skip
            if f"user {user}" in each.acl:
                raise RedshiftError(
                    "2BP01", f'user "{user}" cannot be dropped because the user has a privilege on some object',
                    D=f"privilege on {each.name} in database {database}",
                )  # fmt: skip


class _Group(Silent):
    """CREATE, ALTER and DROP of a group, or of a role."""

    def __init__(self, kind: str) -> None:
        self._kind = kind

    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader, groups, kind = Reader(statement, 2), session.node.groups, self._kind
        called = reader.name()
        _require(session, f"{statement.command.lower()} {kind}")
        if statement.command == "CREATE":
            groups.create(kind, called)
            if reader.take("WITH USER") or reader.take("USER"):
                for (user,) in reader.several():
                    session.node.users.get(user)
                    groups.add(kind, called, f"user {user}")
            if reader.take("EXTERNALID"):
                raise not_done("roles of an identity provider")
        elif statement.command == "DROP":
            reader.take_any("FORCE", "RESTRICT")
            groups.drop(kind, called)
            groups.forget(f"{kind} {called}")
        elif reader.take("RENAME TO"):
            groups.rename(kind, called, reader.name())
        elif change := reader.take_any("ADD USER", "DROP USER"):
            for (user,) in reader.several():
                session.node.users.get(user)
                (groups.add if change.startswith("ADD") else groups.remove)(kind, called, f"user {user}")
        else:
            raise reader.wrong()
        reader.end()
        return Result(f"{statement.command} {kind.upper()}")


def _require(session: Session, what: str) -> None:
    if not is_superuser(session):
        raise RedshiftError(DENIED, f"must be superuser to {what}")


def _require_strong(user: str, password: str) -> None:
    """Raises RedshiftError unless it is a hash, or long and mixed enough ("CREATE USER", "Parameters")."""
    if re.fullmatch(r"md5[0-9a-f]{32}|sha256\|.+", password):
        raise not_done("passwords that are given as a hash")
    if not 8 <= len(password) <= 64:
        raise RedshiftError(WRONG_VALUE, "password must be between 8 and 64 characters long")
    for pattern, what in ((r"[A-Z]", "uppercase letter"), (r"[a-z]", "lowercase letter"), (r"\d", "number")):
        if not re.search(pattern, password):
            raise RedshiftError(WRONG_VALUE, f"password must contain at least one {what}")
    if user.lower() == password.lower():
        raise RedshiftError(WRONG_VALUE, "password cannot be the user's name")


_USER, _GROUP, _ROLE = _User(), _Group("group"), _Group("role")
KINDS: Kinds = {
    ("CREATE", "USER"): _USER, ("ALTER", "USER"): _USER, ("DROP", "USER"): _DropUser(),
    **{(command, "GROUP"): _GROUP for command in ("CREATE", "ALTER", "DROP")},
    **{(command, "ROLE"): _ROLE for command in ("CREATE", "ALTER", "DROP")},
}  # fmt: skip
