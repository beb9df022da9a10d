"""information_schema, as the standard has it.

Source: PostgreSQL 8.0 documentation, "The Information Schema".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog import objects, types
from localaws.warehouse.catalog.system.facts import Facts, type_id
from localaws.warehouse.catalog.system.postgres import default_text, view_text
from localaws.warehouse.catalog.system.tables import numeric_precision
from localaws.warehouse.catalog.system.view import SystemView

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

Rows = Iterable[Sequence[Any]]
_KINDS = {"p": "PRIMARY KEY", "u": "UNIQUE", "f": "FOREIGN KEY"}


def _tables(session: Session) -> Rows:
    for each in Facts(session).relations:
        kind = "LOCAL TEMPORARY" if each.temporary else "BASE TABLE" if each.kind == objects.TABLE else "VIEW"
        yield session.database, each.schema, each.name, kind, None, None, None, None, None


def _columns(session: Session) -> Rows:
    for relation in Facts(session).relations:
        for number, each in enumerate(relation.columns, 1):
            word, limits = types.word(each.type), types.limits(each.type)
            precision, scale = numeric_precision(each.type)
            yield (
                session.database, relation.schema, relation.name, each.name, number, default_text(each),
                "NO" if each.not_null else "YES", word, limits[0] if limits and word != "numeric" else None, None,
                precision, 2 if precision else None, scale, 6 if "time" in word else None, session.database,
                "pg_catalog", str(type_id(each.type)), str(number),
            )  # fmt: skip


def _schemata(session: Session) -> Rows:
    for each in Facts(session).schemas:
        yield session.database, each.name, each.owner
    for name in ("pg_catalog", "information_schema"):
        yield session.database, name, "rdsdb"


def _views(session: Session) -> Rows:
    for each in Facts(session).relations:
        if each.kind != objects.TABLE:
            yield session.database, each.schema, each.name, view_text(each), "NONE", "NO", "NO"


def _constraints(session: Session) -> Rows:
    for relation in Facts(session).relations:
        for each in relation.constraints:
            yield (session.database, relation.schema, each.name, session.database, relation.schema, relation.name,
                   _KINDS[each.kind], "NO", "NO")  # fmt: skip


def _key_columns(session: Session) -> Rows:
    for relation in Facts(session).relations:
        for each in relation.constraints:
            for number, column in enumerate(each.columns, 1):
                yield (session.database, relation.schema, each.name, session.database, relation.schema, relation.name,
                       column, number)  # fmt: skip


def _privileges(session: Session) -> Rows:
    for relation in Facts(session).relations:
        for grantee, held in relation.acl.items():
            for each in held:
                who = grantee.partition(" ")[2] or "PUBLIC"
                yield (relation.owner, who, session.database, relation.schema, relation.name, each.rstrip("*"),
                       "YES" if each.endswith("*") else "NO", "NO")  # fmt: skip


VIEWS = {
    "tables": SystemView(
        ["table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", "table_type VARCHAR",
         "self_referencing_column_name VARCHAR", "reference_generation VARCHAR", "user_defined_type_catalog VARCHAR",
         "user_defined_type_schema VARCHAR", "user_defined_name VARCHAR"],
        _tables,
    ),
    "columns": SystemView(
        ["table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", "column_name VARCHAR",
         "ordinal_position INTEGER", "column_default VARCHAR", "is_nullable VARCHAR", "data_type VARCHAR",
         "character_maximum_length INTEGER", "character_octet_length INTEGER", "numeric_precision INTEGER",
         "numeric_precision_radix INTEGER", "numeric_scale INTEGER", "datetime_precision INTEGER",
         "udt_catalog VARCHAR", "udt_schema VARCHAR", "udt_name VARCHAR", "dtd_identifier VARCHAR"],
        _columns,
    ),
    "schemata": SystemView(["catalog_name VARCHAR", "schema_name VARCHAR", "schema_owner VARCHAR"], _schemata),
    "views": SystemView(
        ["table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", "view_definition VARCHAR",
         "check_option VARCHAR", "is_updatable VARCHAR", "is_insertable_into VARCHAR"],
        _views,
    ),
    "table_constraints": SystemView(
        ["constraint_catalog VARCHAR", "constraint_schema VARCHAR", "constraint_name VARCHAR",
         "table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", "constraint_type VARCHAR",
         "is_deferrable VARCHAR", "initially_deferred VARCHAR"],
        _constraints,
    ),
    "key_column_usage": SystemView(
        ["constraint_catalog VARCHAR", "constraint_schema VARCHAR", "constraint_name VARCHAR",
         "table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", "column_name VARCHAR",
         "ordinal_position INTEGER"],
        _key_columns,
    ),
    "table_privileges": SystemView(
        ["grantor VARCHAR", "grantee VARCHAR", "table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR",
         "privilege_type VARCHAR", "is_grantable VARCHAR", "with_hierarchy VARCHAR"],
        _privileges,
    ),
}  # fmt: skip
