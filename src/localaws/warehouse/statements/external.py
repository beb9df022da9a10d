"""External schemas and their tables, which the Glue catalog has.

Sources: Redshift database developer guide, "CREATE EXTERNAL SCHEMA", "CREATE EXTERNAL TABLE".
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.hive.formats import FORMATS, storage
from localaws.lake.quoting import name
from localaws.warehouse.catalog import names, objects, types
from localaws.warehouse.catalog.objects import Schema
from localaws.warehouse.catalog.privileges import is_superuser, require
from localaws.warehouse.errors import DENIED, DUPLICATE_SCHEMA, INVALID_SCHEMA, RedshiftError, not_done
from localaws.warehouse.external.schemas import ask, external_schema
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.whole import outside_of_transactions, whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_ESCAPES = {"\\t": "\t", "\\n": "\n", "\\001": "\x01"}
#: Redshift's word for a type → Hive's, where they differ.
_HIVE = {
    "integer": "int", "real": "float", "double precision": "double", "numeric": "decimal", "character": "char",
    "character varying": "varchar", "timestamp without time zone": "timestamp", "varbyte": "binary",
}  # fmt: skip


class _CreateSchema(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 3)
        if_not_exists = reader.take("IF NOT EXISTS")
        schema = reader.name()
        reader.expect("FROM")
        if not reader.take("DATA CATALOG"):
            raise not_done(f"external schemas from {reader.rest()[:40]}, only FROM DATA CATALOG")
        source = {"database": "", "role": ""}
        create = False
        while not reader.ended:
            if reader.take("DATABASE"):
                source["database"] = reader.text().lower()
            elif reader.take("REGION"):
                source["region"] = reader.text()
            elif reader.take("IAM_ROLE"):
                source["role"] = "default" if reader.take("DEFAULT") else reader.text()
            elif reader.take("CREATE EXTERNAL DATABASE IF NOT EXISTS"):
                create = True
            else:
                raise reader.wrong()
        if not source["database"] or not source["role"]:
            raise reader.wrong()
        store = names.store_of(session)
        with whole(session):
            if not is_superuser(session) and not session.node.users.get(session.user).get("createdb"):
                raise RedshiftError(DENIED, f"permission denied for database {session.database}")
            if store.find([objects.SCHEMA], schema, schema):
                if not if_not_exists:
                    raise RedshiftError(DUPLICATE_SCHEMA, f'Schema "{schema}" already exists')
                session.say(f'Schema "{schema}" already exists and will be skipped')
                return Result("CREATE SCHEMA")
            made = Schema(store.next_id(), schema, schema, objects.SCHEMA, session.user, source=source)
            if not ask(session, made, "external_database", create=create):
                session.say(f'External database "{source["database"]}" does not exist yet')
            elif create:
                session.say(f'External database "{source["database"]}" is there')
            session.execute(f"CREATE SCHEMA {name(session.database)}.{name(schema)}")
            store.add(made)
        return Result("CREATE SCHEMA")


class _CreateTable(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        reader = Reader(statement, 3)
        parts = reader.names()
        schema = external_schema(session, parts)
        if schema is None:
            raise RedshiftError(INVALID_SCHEMA, f'"{".".join(parts)}" is not in an external schema')
        require(session, schema, "CREATE")
        if not reader.opens():
            raise not_done("CREATE EXTERNAL TABLE … AS")
        columns, keys = _columns(reader), list[dict[str, str]]()
        format, serde, options, properties, location = "TEXTFILE", "", dict[str, str](), dict[str, str](), ""
        while not reader.ended:
            if reader.take("PARTITIONED BY"):
                keys = _columns(reader)
            elif reader.take("ROW FORMAT DELIMITED"):
                options |= _delimited(reader)
            elif reader.take("ROW FORMAT SERDE"):
                serde = reader.text()
                if reader.take("WITH SERDEPROPERTIES"):
                    options |= _properties(reader)
            elif reader.take("STORED AS"):
                format = reader.take_any(*FORMATS, "TEXTFILE")
                if not format:
                    raise not_done(f"external tables stored as {reader.rest()[:40]}")
            elif reader.take("LOCATION"):
                location = reader.text()
            elif reader.take("TABLE PROPERTIES"):
                properties = _properties(reader)
            else:
                raise reader.wrong()
        if not location.startswith("s3://"):
            raise reader.wrong()
        outside_of_transactions(session, "CREATE EXTERNAL TABLE")
        table = {
            "Name": parts[-1], "TableType": "EXTERNAL_TABLE", "PartitionKeys": keys,
            "Parameters": {"EXTERNAL": "TRUE", **properties},
            "StorageDescriptor": storage(format, columns, location, serde, options),
        }  # fmt: skip
        ask(session, schema, "external_create", table=table)
        return Result("CREATE EXTERNAL TABLE")


def _columns(reader: Reader) -> list[dict[str, str]]:
    """``(id int, name varchar(20))`` as Glue has it."""
    reader.expect("(")
    found = []
    while True:
        column = reader.name()
        found.append({"Name": column, "Type": _hive(reader.expression())})
        if not reader.take(","):
            break
    reader.expect(")")
    return found


def _hive(written: str) -> str:
    """A type in Hive's words; nested ones are written in them."""
    if "<" in written or written.lower() in ("string", "binary", "tinyint", "double", "float", "decimal"):
        return re.sub(r"\s+", "", written.lower())
    kind = types.canonical(written)
    return kind.replace(types.word(kind), _HIVE.get(types.word(kind), types.word(kind)), 1)


def _delimited(reader: Reader) -> dict[str, str]:
    found = dict[str, str]()
    while True:
        if reader.take("FIELDS TERMINATED BY"):
            found["field.delim"] = found["serialization.format"] = _spelled(reader.text())
        elif reader.take("LINES TERMINATED BY"):
            found["line.delim"] = _spelled(reader.text())
        else:
            return found


def _spelled(text: str) -> str:
    return _ESCAPES.get(text, text)


def _properties(reader: Reader) -> dict[str, str]:
    """``('a'='b', 'c'='d')``"""
    reader.expect("(")
    found = dict[str, str]()
    while True:
        key = reader.text()
        reader.expect("=")
        found[key] = reader.text()
        if not reader.take(","):
            break
    reader.expect(")")
    return found


KINDS: Kinds = {
    ("CREATE", "EXTERNAL", "SCHEMA"): _CreateSchema(),
    ("CREATE", "EXTERNAL", "TABLE"): _CreateTable(),
}
