"""GRANT and REVOKE: who may do what with an object, and who is in a role.

Source: Redshift database developer guide, "GRANT", "REVOKE".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.objects import Described
from localaws.warehouse.catalog.privileges import denied, is_superuser, may_grant
from localaws.warehouse.errors import DENIED, INVALID_SCHEMA, UNDEFINED_FUNCTION, RedshiftError, not_done
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.whole import whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_OF_TABLES = ("SELECT", "INSERT", "UPDATE", "DELETE", "DROP", "REFERENCES", "ALTER", "TRUNCATE", "ANALYZE", "VACUUM")
_OF_SCHEMAS = ("CREATE", "USAGE", "ALTER", "DROP")
_OF_DATABASES = ("CREATE", "TEMPORARY", "TEMP", "USAGE", "ALTER")
_WORDS = tuple(dict.fromkeys([*_OF_TABLES, *_OF_SCHEMAS, *_OF_DATABASES, "EXECUTE"]))


@dataclass
class _Wish:
    """Who gets or loses which privileges on what."""

    privileges: list[str]
    targets: list[Described]
    grantees: list[str]
    option: bool


class _Grant(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 1)
        giving = statement.command == "GRANT"
        if reader.take("ROLE"):
            self._roles(session, reader, giving)
            return Result(statement.command)
        with whole(session):
            wish = _read(session, reader, giving)
            for target in wish.targets:
                for privilege in wish.privileges:
                    if not may_grant(session, target, privilege):
                        raise denied(target)
                _change(target, wish, giving)
                names.store_of(session).change(target)
        return Result(statement.command)

    def _roles(self, session: Session, reader: Reader, giving: bool) -> None:
        if not is_superuser(session):
            raise RedshiftError(DENIED, "must be superuser to grant roles")
        roles = [parts[0] for parts in _several_roles(reader)]
        reader.expect("TO" if giving else "FROM")
        grantees = _grantees(session, reader)
        reader.take("WITH ADMIN OPTION")
        reader.end()
        for role in roles:
            for each in grantees:
                (session.node.groups.add if giving else session.node.groups.remove)("role", role, each)


def _several_roles(reader: Reader) -> list[list[str]]:
    found = [reader.names()]
    while reader.take(","):
        reader.take("ROLE")
        found.append(reader.names())
    return found


def _change(target: Described, wish: _Wish, giving: bool) -> None:
    for grantee in wish.grantees:
        held = target.acl.get(grantee, [])
        for privilege in wish.privileges:
            plain, option = privilege in held, f"{privilege}*" in held
            held = [each for each in held if each.removesuffix("*") != privilege]
            if giving:
                held.append(f"{privilege}*" if wish.option or option else privilege)
            elif wish.option and (plain or option):  # REVOKE GRANT OPTION FOR leaves the privilege itself
                held.append(privilege)
        target.acl.pop(grantee, None)
        if held:
            target.acl[grantee] = held


def _read(session: Session, reader: Reader, giving: bool) -> _Wish:
    option = not giving and reader.take("GRANT OPTION FOR")
    everything = reader.take("ALL")
    reader.take("PRIVILEGES")
    privileges = [] if everything else [_privilege(reader)]
    while not everything and reader.take(","):
        privileges.append(_privilege(reader))
    if not reader.take("ON"):
        raise not_done("GRANT of a system permission or an assumed role")
    known, targets = _targets(session, reader)
    if everything:
        privileges = [each for each in known if each != "TEMP"]
    for each in privileges:
        if each not in known:
            raise RedshiftError("0LP01", f"invalid privilege type {each} for this kind of object")
    reader.expect("TO" if giving else "FROM")
    grantees = _grantees(session, reader)
    if giving:
        option = reader.take("WITH GRANT OPTION")
    reader.take_any("RESTRICT", "CASCADE")
    reader.end()
    return _Wish(privileges, targets, grantees, option)


def _privilege(reader: Reader) -> str:
    word = reader.take_any(*_WORDS)
    if not word:
        raise reader.wrong()
    if reader.opens():
        raise not_done("privileges on single columns")
    return word


def _targets(session: Session, reader: Reader) -> tuple[tuple[str, ...], list[Described]]:
    """The privileges that objects of the kind have, and the objects that are named next."""
    store = names.store_of(session)
    if reader.take("SCHEMA"):
        return _OF_SCHEMAS, [_schema(session, parts[0]) for parts in reader.several()]
    if kind := reader.take_any("ALL TABLES IN SCHEMA", "ALL FUNCTIONS IN SCHEMA", "ALL PROCEDURES IN SCHEMA"):
        wanted = [_schema(session, parts[0]).name for parts in reader.several()]
        letters = {"T": objects.RELATIONS, "F": ("f",), "P": ("p",)}[kind[4]]
        inside = [each for each in store.all(letters) if each.schema in wanted]
        return (_OF_TABLES if kind[4] == "T" else ("EXECUTE",)), inside
    if kind := reader.take_any("FUNCTION", "PROCEDURE"):
        return ("EXECUTE",), [_routine(session, reader, objects.FUNCTION if kind == "FUNCTION" else "p")]
    if kind := reader.take_any("DATABASE", "LANGUAGE", "DATASHARE", "EXTERNAL", "MODEL"):
        raise not_done(f"privileges on a {kind.lower()}")
    reader.take("TABLE")
    return _OF_TABLES, [names.existing(session, parts)[1] for parts in reader.several()]


def _schema(session: Session, name: str) -> Described:
    found = names.store_of(session).find([objects.SCHEMA], name, name)
    if not found:
        raise RedshiftError(INVALID_SCHEMA, f'schema "{name}" does not exist')
    return found[0]


def _routine(session: Session, reader: Reader, kind: str) -> Described:
    parts = reader.names()
    given = reader.group() if reader.opens() else ""
    found = names.routines(session, parts, kind)
    count = len(given.split(",")) if given.strip() else 0
    for each in found:
        if len([one for one in each.arguments if one.mode != "out"]) == count:
            return each
    raise RedshiftError(UNDEFINED_FUNCTION, f"function {parts[-1]}({given}) does not exist")


def _grantees(session: Session, reader: Reader) -> list[str]:
    found = []
    while True:
        if reader.take("PUBLIC"):
            found.append("public")
        elif kind := reader.take_any("GROUP", "ROLE").lower():
            name = reader.name()
            session.node.groups.check(kind, name)
            found.append(f"{kind} {name}")
        else:
            user = reader.name()
            session.node.users.get(user)
            found.append(f"user {user}")
        if not reader.take(","):
            return found


_GRANT = _Grant()
KINDS: Kinds = {("GRANT",): _GRANT, ("REVOKE",): _GRANT}
