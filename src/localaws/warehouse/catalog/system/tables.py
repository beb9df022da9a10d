"""Redshift's views of tables and columns.

Source: Redshift database developer guide, "PG_TABLE_DEF", "SVV views", "STV tables".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog import objects, types
from localaws.warehouse.catalog.freshness import is_stale
from localaws.warehouse.catalog.objects import Relation
from localaws.warehouse.catalog.privileges import is_superuser
from localaws.warehouse.catalog.system.facts import Facts, number_of, sort_places
from localaws.warehouse.catalog.system.measures import diststyle, measure
from localaws.warehouse.catalog.system.postgres import default_text
from localaws.warehouse.catalog.system.view import SystemView

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

Rows = Iterable[Sequence[Any]]
_KINDS = {objects.TABLE: "TABLE", objects.VIEW: "VIEW", objects.MATERIALIZED: "VIEW"}


def _definitions(session: Session) -> Rows:
    """Only of tables in schemas of the search path ("PG_TABLE_DEF")."""
    facts = Facts(session)
    for relation in facts.relations:
        if relation.schema in facts.search_path or relation.temporary:
            places = sort_places(relation)
            for each in relation.columns:
                yield (relation.schema, relation.name, each.name, each.type, each.encode,
                       each.name == relation.distkey, places.get(each.name, 0), each.not_null)  # fmt: skip


def _info(session: Session) -> Rows:
    """Tables that have rows ("SVV_TABLE_INFO")."""
    for relation in Facts(session).relations:
        if relation.kind == objects.VIEW:
            continue
        measured = measure(session, relation)
        if not measured.rows:
            continue
        key = relation.column(relation.sortkey[0]) if relation.sortkey else None
        sortkey = "AUTO(SORTKEY)" if relation.sortstyle == "auto" else None
        if key:
            sortkey = f"INTERLEAVED({key.name})" if relation.sortstyle == "interleaved" else key.name
        changed = abs(measured.rows - relation.analyzed) / measured.rows if relation.analyzed >= 0 else 1
        off = min(100.0, 100.0 * changed)
        longest = [types.limits(each.type)[0] for each in relation.columns if "varying" in each.type]
        yield (
            session.database, relation.schema, relation.id, relation.name,
            "Y" if any(each.encode != "none" for each in relation.columns) else "N", diststyle(relation, measured.rows),
            sortkey, max(longest, default=0), key.encode if key else None, len(relation.sortkey), measured.megabytes,
            round(measured.megabytes / 10_000, 4), 0,
            round(100.0 * (measured.rows - measured.sorted) / measured.rows, 2) if key else None, off, measured.rows,
            1.0 if key else None, measured.skew, measured.rows, None, None, None, 0.0,
        )  # fmt: skip


def _tables(session: Session) -> Rows:
    for each in Facts(session).relations:
        kind = "BASE TABLE" if each.kind == objects.TABLE else "VIEW"
        yield session.database, each.schema, each.name, kind, each.comment


def _columns(session: Session) -> Rows:
    for relation, number, each in _each_column(session):
        limits, word = types.limits(each.type), types.word(each.type)
        length = limits[0] if word in ("character", "character varying", "varbyte") else None
        precision, scale = numeric_precision(each.type)
        yield (
            session.database, relation.schema, relation.name, each.name, number, default_text(each),
            "NO" if each.not_null else "YES", word, length, precision, scale, each.comment,
        )  # fmt: skip


def numeric_precision(type: str) -> tuple[int | None, int | None]:
    known = {
        "smallint": (16, 0), "integer": (32, 0), "bigint": (64, 0), "real": (24, None), "double precision": (53, None),
    }  # fmt: skip
    if types.word(type) == "numeric":
        precision, scale = types.limits(type)
        return precision, scale
    return known.get(types.word(type), (None, None))


def _each_column(session: Session) -> Iterator[tuple[Relation, int, objects.ColumnInfo]]:
    facts = Facts(session)
    for relation in facts.relations:
        for number, each in enumerate(facts.columns_of(relation), 1):
            yield relation, number, each


def _redshift_tables(session: Session) -> Rows:
    for each in Facts(session).relations:
        yield session.database, each.schema, each.name, _KINDS[each.kind], None, each.comment, each.owner


def _all_tables(session: Session) -> Rows:
    for row in _redshift_tables(session):
        yield row[:6]


def _redshift_columns(session: Session) -> Rows:
    for relation, number, each in _each_column(session):
        places = sort_places(relation)
        yield (
            session.database, relation.schema, relation.name, each.name, number, each.type, default_text(each),
            "NO" if each.not_null else "YES", each.encode, each.name == relation.distkey, places.get(each.name, 0),
            None, each.comment,
        )  # fmt: skip


def _all_columns(session: Session) -> Rows:
    for relation, number, each in _each_column(session):
        word, limits = types.word(each.type), types.limits(each.type)
        precision, scale = numeric_precision(each.type)
        yield (
            session.database, relation.schema, relation.name, each.name, number, default_text(each),
            "NO" if each.not_null else "YES", word, limits[0] if limits and word != "numeric" else None, precision,
            scale, each.comment,
        )  # fmt: skip


def _redshift_schemas(session: Session) -> Rows:
    facts = Facts(session)
    for each in facts.schemas:
        yield session.database, each.name, facts.user_id(each.owner), "local", None, None


def _all_schemas(session: Session) -> Rows:
    for row in _redshift_schemas(session):
        yield *row, None


def _redshift_databases(session: Session) -> Rows:
    for each in session.node.databases.names():
        level = {"snapshot": "Snapshot Isolation", "serializable": "Serializable"}[session.node.conflicts.level(each)]
        yield each, 100, "local", None, None, level


def _all_databases(session: Session) -> Rows:
    for row in _redshift_databases(session):
        yield row[:5]


def _redshift_functions(session: Session) -> Rows:
    for each in Facts(session).routines:
        kind = "SQL FUNCTION" if each.kind == objects.FUNCTION else "STORED PROCEDURE"
        given = ", ".join(one.type for one in each.arguments if one.mode != "out")
        yield session.database, each.schema, each.name, kind, given, each.returns


def _materialized(session: Session) -> Rows:
    for each in Facts(session).relations:
        if each.kind == objects.MATERIALIZED:
            stale = "t" if is_stale(session, each) else "f"
            yield session.database, each.schema, session.user, each.name, stale, each.owner, 0, each.auto_refresh, None


def _privileges(session: Session) -> Rows:
    for each in Facts(session).relations:
        for row in _granted(each):
            yield each.schema, each.name, *row


def _schema_privileges(session: Session) -> Rows:
    for each in Facts(session).schemas:
        for row in _granted(each):
            yield each.name, *row


def _granted(described: objects.Described) -> Rows:
    for grantee, held in described.acl.items():
        kind, _, called = grantee.partition(" ")
        for each in held:
            yield each.rstrip("*"), number_of(grantee), called or "public", kind, each.endswith("*"), described.owner


def _roles(session: Session) -> Rows:
    for each in session.node.groups.named("role"):
        yield number_of("role", each), each, "rdsdb" if each.startswith("sys:") else "awsuser", None


def _role_grants(session: Session) -> Rows:
    facts = Facts(session)
    for role, members in session.node.groups.named("role").items():
        for each in members:
            if each.startswith("user "):
                user = each.removeprefix("user ")
                yield facts.user_id(user), user, number_of("role", role), role, False


def _slices(session: Session) -> Rows:
    for each in range(session.node.slices):
        yield each // 2, each, each, "D"


def _permanent(session: Session) -> Rows:
    """Rows of each table on each slice ("STV_TBL_PERM"); for superusers."""
    if not is_superuser(session):
        return
    for relation in Facts(session).relations:
        if relation.kind != objects.VIEW:
            measured = measure(session, relation)
            for place, rows in enumerate(measured.slices):
                share = min(rows, measured.sorted)
                yield place, relation.id, relation.name, rows, share, int(relation.temporary), number_of(
                    "database", session.database
                ), int(relation.backup)  # fmt: skip


def _alter_table_recommendations(session: Session) -> Rows:
    return ()


VIEWS = {
    "pg_table_def": SystemView(
        ["schemaname VARCHAR", "tablename VARCHAR", "column VARCHAR", "type VARCHAR",
         "encoding VARCHAR", "distkey BOOLEAN", "sortkey INTEGER", "notnull BOOLEAN"],
        _definitions,
    ),
    "svv_table_info": SystemView(
        ["database VARCHAR", "schema VARCHAR", "table_id BIGINT", "table VARCHAR", "encoded VARCHAR",
         "diststyle VARCHAR", "sortkey1 VARCHAR", "max_varchar INTEGER", "sortkey1_enc VARCHAR", "sortkey_num INTEGER",
         "size BIGINT", "pct_used DECIMAL(10,4)", "empty BIGINT", "unsorted DECIMAL(5,2)", "stats_off DECIMAL(5,2)",
         "tbl_rows DECIMAL(38,0)", "skew_sortkey1 DECIMAL(19,2)", "skew_rows DECIMAL(19,2)",
         "estimated_visible_rows DECIMAL(38,0)", "risk_event VARCHAR", "vacuum_sort_benefit DECIMAL(12,2)",
         "create_time TIMESTAMP", "pct_skew DOUBLE"],
        _info,
    ),
    "svv_tables": SystemView(
        ["table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", "table_type VARCHAR",
         "remarks VARCHAR"],
        _tables,
    ),
    "svv_columns": SystemView(
        ["table_catalog VARCHAR", "table_schema VARCHAR", "table_name VARCHAR", "column_name VARCHAR",
         "ordinal_position INTEGER", "column_default VARCHAR", "is_nullable VARCHAR", "data_type VARCHAR",
         "character_maximum_length INTEGER", "numeric_precision INTEGER", "numeric_scale INTEGER", "remarks VARCHAR"],
        _columns,
    ),
    "svv_redshift_tables": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "table_name VARCHAR", "table_type VARCHAR",
         "table_acl VARCHAR", "remarks VARCHAR", "table_owner VARCHAR"],
        _redshift_tables,
    ),
    "svv_all_tables": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "table_name VARCHAR", "table_type VARCHAR",
         "table_acl VARCHAR", "remarks VARCHAR"],
        _all_tables,
    ),
    "svv_redshift_columns": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "table_name VARCHAR", "column_name VARCHAR",
         "ordinal_position INTEGER", "data_type VARCHAR", "column_default VARCHAR", "is_nullable VARCHAR",
         "encoding VARCHAR", "distkey BOOLEAN", "sortkey INTEGER", "column_acl VARCHAR", "remarks VARCHAR"],
        _redshift_columns,
    ),
    "svv_all_columns": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "table_name VARCHAR", "column_name VARCHAR",
         "ordinal_position INTEGER", "column_default VARCHAR", "is_nullable VARCHAR", "data_type VARCHAR",
         "character_maximum_length INTEGER", "numeric_precision INTEGER", "numeric_scale INTEGER", "remarks VARCHAR"],
        _all_columns,
    ),
    "svv_redshift_schemas": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "schema_owner INTEGER", "schema_type VARCHAR",
         "schema_acl VARCHAR", "schema_option VARCHAR"],
        _redshift_schemas,
    ),
    "svv_all_schemas": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "schema_owner INTEGER", "schema_type VARCHAR",
         "schema_acl VARCHAR", "source_database VARCHAR", "schema_option VARCHAR"],
        _all_schemas,
    ),
    "svv_redshift_databases": SystemView(
        ["database_name VARCHAR", "database_owner INTEGER", "database_type VARCHAR", "database_acl VARCHAR",
         "database_options VARCHAR", "database_isolation_level VARCHAR"],
        _redshift_databases,
    ),
    "svv_all_databases": SystemView(
        ["database_name VARCHAR", "database_owner INTEGER", "database_type VARCHAR", "database_acl VARCHAR",
         "database_options VARCHAR"],
        _all_databases,
    ),
    "svv_redshift_functions": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "function_name VARCHAR", "function_type VARCHAR",
         "argument_type VARCHAR", "result_type VARCHAR"],
        _redshift_functions,
    ),
    "svv_mv_info": SystemView(
        ["database_name VARCHAR", "schema_name VARCHAR", "user_name VARCHAR", "name VARCHAR", "is_stale VARCHAR",
         "owner_user_name VARCHAR", "state INTEGER", "autorefresh BOOLEAN", "autorewrite BOOLEAN"],
        _materialized,
    ),
    "stv_mv_info": SystemView(
        ["db_name VARCHAR", "schema VARCHAR", "updated_upto_user VARCHAR", "name VARCHAR", "is_stale VARCHAR",
         "owner_user_name VARCHAR", "state INTEGER", "autorefresh BOOLEAN", "autorewrite BOOLEAN"],
        _materialized,
    ),
    "svv_relation_privileges": SystemView(
        ["namespace_name VARCHAR", "relation_name VARCHAR", "privilege_type VARCHAR", "identity_id BIGINT",
         "identity_name VARCHAR", "identity_type VARCHAR", "admin_option BOOLEAN", "grantor VARCHAR"],
        _privileges,
    ),
    "svv_schema_privileges": SystemView(
        ["namespace_name VARCHAR", "privilege_type VARCHAR", "identity_id BIGINT", "identity_name VARCHAR",
         "identity_type VARCHAR", "admin_option BOOLEAN", "grantor VARCHAR"],
        _schema_privileges,
    ),
    "svv_roles": SystemView(
        ["role_id BIGINT", "role_name VARCHAR", "role_owner VARCHAR", "external_id VARCHAR"], _roles
    ),
    "svv_user_grants": SystemView(
        ["user_id INTEGER", "user_name VARCHAR", "role_id BIGINT", "role_name VARCHAR", "admin_option BOOLEAN"],
        _role_grants,
    ),
    "stv_slices": SystemView(["node INTEGER", "slice INTEGER", "localslice INTEGER", "type VARCHAR"], _slices),
    "stv_tbl_perm": SystemView(
        ["slice INTEGER", "id BIGINT", "name VARCHAR", "rows BIGINT", "sorted_rows BIGINT", "temp INTEGER",
         "db_id BIGINT", "backup INTEGER"],
        _permanent,
    ),
    "svv_alter_table_recommendations": SystemView(
        ["type VARCHAR", "database VARCHAR", "table_id BIGINT", "group_id INTEGER", "ddl VARCHAR",
         "auto_eligible VARCHAR"],
        _alter_table_recommendations,
    ),
}  # fmt: skip
