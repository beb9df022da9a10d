"""Schemas and databases.

Source: Redshift database developer guide, "CREATE SCHEMA", "ALTER SCHEMA", "CREATE DATABASE", "ALTER DATABASE".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.lake.quoting import name
from localaws.warehouse.catalog import names, objects
from localaws.warehouse.catalog.objects import Schema
from localaws.warehouse.catalog.privileges import is_superuser, require_owner
from localaws.warehouse.errors import DENIED, DUPLICATE_SCHEMA, INVALID_SCHEMA, RedshiftError, not_done
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.whole import outside_of_transactions, whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _CreateSchema(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        if_not_exists = reader.take("IF NOT EXISTS")
        schema = "" if reader.take("AUTHORIZATION") else reader.name()
        owner = session.user
        if not schema or reader.take("AUTHORIZATION"):
            owner = reader.name()
            session.node.users.get(owner)
        schema, quota = schema or owner, None
        if reader.take("QUOTA"):
            quota = (
                "unlimited" if reader.take("UNLIMITED") else f"{reader.number()} {reader.take_any('MB', 'GB', 'TB')}"
            )
        reader.end()
        if schema.startswith("pg_"):
            raise RedshiftError("42939", f'unacceptable schema name "{schema}"',
                                D='The prefix "pg_" is reserved for system schemas.')  # fmt: skip
        store = names.store_of(session)
        with whole(session):
            if not is_superuser(session) and not session.node.users.get(session.user).get("createdb"):
                raise RedshiftError(DENIED, f"permission denied for database {session.database}")
            if store.find([objects.SCHEMA], schema, schema):
                if not if_not_exists:
                    raise RedshiftError(DUPLICATE_SCHEMA, f'Schema "{schema}" already exists')
                session.say(f'Schema "{schema}" already exists and will be skipped')
                return Result("CREATE SCHEMA")
            session.execute(f"CREATE SCHEMA {name(session.database)}.{name(schema)}")
            store.add(Schema(store.next_id(), schema, schema, objects.SCHEMA, owner, quota=quota))
        return Result("CREATE SCHEMA")


class _AlterSchema(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        schema = reader.name()
        store = names.store_of(session)
        with whole(session):
            found = store.find([objects.SCHEMA], schema, schema)
            if not found:
                raise RedshiftError(INVALID_SCHEMA, f'schema "{schema}" does not exist')
            (described,) = found
            require_owner(session, described, "ALTER")
            if reader.take("OWNER TO"):
                described.owner = reader.name()
                session.node.users.get(described.owner)
            elif reader.take("QUOTA"):
                assert isinstance(described, Schema)
                described.quota = None if reader.take("UNLIMITED") else reader.rest()
            elif reader.take("RENAME TO"):
                raise not_done("ALTER SCHEMA … RENAME: make a new schema, and its tables by CREATE TABLE … AS")
            else:
                raise reader.wrong()
            reader.end()
            store.change(described)
        return Result("ALTER SCHEMA")


class _CreateDatabase(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        database = reader.name()
        outside_of_transactions(session, "CREATE DATABASE")
        _require_createdb(session, "create database")
        level = "snapshot"
        reader.take("WITH")
        while not reader.ended:
            if reader.take("OWNER"):
                reader.take("=")
                session.node.users.get(reader.name())
            elif reader.take("CONNECTION LIMIT"):
                if not reader.take("UNLIMITED"):
                    reader.number()
            elif reader.take("COLLATE"):
                if reader.take_any("CASE_INSENSITIVE", "CI"):
                    raise not_done("databases that compare texts without regard to case")
                reader.expect(reader.take_any("CASE_SENSITIVE", "CS") or "CASE_SENSITIVE")
            elif reader.take("ISOLATION LEVEL"):
                level = _level(reader)
            elif reader.next == "FROM":
                raise not_done("databases from a datashare, a catalog or an integration")
            else:
                raise reader.wrong()
        session.node.databases.create(database)
        session.node.conflicts.set_level(database, level)
        return Result("CREATE DATABASE")


class _AlterDatabase(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        database = reader.name()
        names.store_of(session, database)
        _require_createdb(session, "alter database")
        if reader.take("ISOLATION LEVEL"):
            session.node.conflicts.set_level(database, _level(reader))
        elif reader.take("OWNER TO"):
            session.node.users.get(reader.name())
        elif reader.take("CONNECTION LIMIT"):
            if not reader.take("UNLIMITED"):
                reader.number()
        elif reader.next == "RENAME":
            raise not_done("ALTER DATABASE … RENAME")
        else:
            raise reader.wrong()
        reader.end()
        return Result("ALTER DATABASE")


class _DropDatabase(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 2)
        database = reader.name()
        reader.take("FORCE")
        reader.end()
        outside_of_transactions(session, "DROP DATABASE")
        _require_createdb(session, "drop database")
        if database == session.database:
            raise RedshiftError("55006", "cannot drop the currently open database")
        session.node.databases.drop(database)
        return Result("DROP DATABASE")


def _level(reader: Reader) -> str:
    level = reader.take_any("SERIALIZABLE", "SNAPSHOT")
    if not level:
        raise reader.wrong()
    return level.lower()


def _require_createdb(session: Session, what: str) -> None:
    if not is_superuser(session) and not session.node.users.get(session.user).get("createdb"):
        raise RedshiftError(DENIED, f"permission denied to {what}")


KINDS: Kinds = {
    ("CREATE", "SCHEMA"): _CreateSchema(),
    ("ALTER", "SCHEMA"): _AlterSchema(),
    ("CREATE", "DATABASE"): _CreateDatabase(),
    ("ALTER", "DATABASE"): _AlterDatabase(),
    ("DROP", "DATABASE"): _DropDatabase(),
}
