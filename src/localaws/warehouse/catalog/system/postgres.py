"""The catalog of PostgreSQL, as its tools and drivers ask it.

Source: PostgreSQL 8.0 documentation, "System catalogs"; Redshift database developer guide, "System catalog tables".
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from localaws.warehouse.catalog import objects
from localaws.warehouse.catalog.system.facts import (
    DISTSTYLES,
    INFORMATION_ID,
    OWNER_ID,
    PG_CATALOG_ID,
    TEMP_ID,
    Facts,
    acl_text,
    number_of,
    sort_places,
    type_id,
    type_modifier,
    type_size,
)  # fmt: skip
from localaws.warehouse.catalog.system.view import SystemView

if TYPE_CHECKING:
    from localaws.warehouse.session import Session

_TYPES = {
    16: ("bool", 1, "B"), 17: ("bytea", -1, "U"), 18: ("char", 1, "S"), 19: ("name", 64, "S"), 20: ("int8", 8, "N"),
    21: ("int2", 2, "N"), 23: ("int4", 4, "N"), 25: ("text", -1, "S"), 26: ("oid", 4, "N"), 700: ("float4", 4, "N"),
    701: ("float8", 8, "N"), 1042: ("bpchar", -1, "S"), 1043: ("varchar", -1, "S"), 1082: ("date", 4, "D"),
    1083: ("time", 8, "D"), 1114: ("timestamp", 8, "D"), 1184: ("timestamptz", 8, "D"), 1186: ("interval", 16, "T"),
    1266: ("timetz", 12, "D"), 1700: ("numeric", -1, "N"), 4000: ("super", -1, "U"), 6551: ("varbyte", -1, "U"),
}  # fmt: skip
#: attencodingtype, in the order of FORMAT_ENCODING.
ENCODINGS = (
    "none", "bytedict", "delta", "lzo", "runlength", "mostly8", "mostly16", "mostly32", "delta32k", "text255",
    "text32k", "zstd", "az64",
)  # fmt: skip

Rows = Iterable[Sequence[Any]]


def _namespaces(session: Session) -> Rows:
    facts = Facts(session)
    yield PG_CATALOG_ID, "pg_catalog", OWNER_ID, "{=U/rdsdb}"
    yield INFORMATION_ID, "information_schema", OWNER_ID, "{=U/rdsdb}"
    yield TEMP_ID, "pg_temp", OWNER_ID, None
    for each in facts.schemas:
        yield each.id, each.name, facts.user_id(each.owner), acl_text(each)


def _classes(session: Session) -> Rows:
    facts = Facts(session)
    for each in facts.all_relations:
        keys = {constraint.kind for constraint in each.constraints}
        yield (
            each.id, each.name, facts.schema_id(each.schema), number_of("type", each.id), facts.user_id(each.owner), 0,
            each.id, 0, 0, max(each.analyzed, 0), 0, 0, bool(keys & {"p", "u"}), False,
            "r" if each.kind == "r" else "v", len(each.columns), len(keys), 0, False, "p" in keys, each.kind != "r",
            False, acl_text(each), DISTSTYLES[each.diststyle] if each.kind != "v" else 0, "p", False, False, False,
            False, 0, "d",
        )  # fmt: skip


def _attributes(session: Session) -> Rows:
    for relation in Facts(session).all_relations:
        places = sort_places(relation)
        for number, each in enumerate(relation.columns, 1):
            yield (
                relation.id, each.name, type_id(each.type), -1, type_size(each.type), number, 0, -1,
                type_modifier(each.type), each.not_null, each.default is not None or each.identity is not None, False,
                True, 0, each.name == relation.distkey, places.get(each.name, 0),
                ENCODINGS.index(each.encode) if each.encode in ENCODINGS else 0, "", None, "", "", 0,
            )  # fmt: skip


def _defaults(session: Session) -> Rows:
    for relation in Facts(session).all_relations:
        for number, each in enumerate(relation.columns, 1):
            if (text := default_text(each)) is not None:
                yield number_of("default", relation.id, number), relation.id, number, text, text


def default_text(column: objects.ColumnInfo) -> str | None:
    """A column's default as the catalog shows it."""
    if column.identity:
        identity, word = column.identity, "default_identity" if column.identity.by_default else "identity"
        return f'"{word}"({identity.seed}, {identity.step})'
    return column.default


def _types(session: Session) -> Rows:
    for oid, (called, size, category) in _TYPES.items():
        yield (
            oid,
            called,
            PG_CATALOG_ID,
            OWNER_ID,
            size,
            size in (1, 2, 4, 8),
            "b",
            category,
            True,
            ",",
            0,
            0,
            0,
            0,
            -1,
            0,
            False,
        )
    yield 1005, "_int2", PG_CATALOG_ID, OWNER_ID, -1, False, "b", "A", True, ",", 0, 21, 0, 0, -1, 0, False


def _constraints(session: Session) -> Rows:
    facts = Facts(session)
    ids = {(each.schema, each.name): each for each in facts.all_relations}
    for relation in facts.all_relations:
        numbers = {each.name: number for number, each in enumerate(relation.columns, 1)}
        for each in relation.constraints:
            other, there = None, list[int]()
            if each.refers:
                other = ids.get((each.refers[0] or relation.schema, each.refers[1]))
                known = {one.name: number for number, one in enumerate(other.columns, 1)} if other else {}
                there = [known.get(one, 0) for one in each.refers[2]]
            yield (
                constraint_id(relation, each), each.name, facts.schema_id(relation.schema), each.kind, False, False,
                relation.id, 0, other.id if other else 0, " ", " ", " ", [numbers[one] for one in each.columns], there,
                None, constraint_text(each), True,
            )  # fmt: skip


def constraint_id(relation: objects.Relation, constraint: objects.Constraint) -> int:
    return number_of("constraint", relation.id, constraint.name)


def constraint_text(constraint: objects.Constraint) -> str:
    """As it was declared: "PRIMARY KEY (id)"."""
    columns = ", ".join(constraint.columns)
    if constraint.refers:
        schema, table, there = constraint.refers
        place = f"{schema}.{table}" if schema else table
        return f"FOREIGN KEY ({columns}) REFERENCES {place}" + (f"({', '.join(there)})" if there else "")
    return f"{'PRIMARY KEY' if constraint.kind == 'p' else 'UNIQUE'} ({columns})"


def _indexes(session: Session) -> Rows:
    """Redshift has none; keys that are declared show as such, as drivers expect."""
    for relation in Facts(session).all_relations:
        numbers = {each.name: number for number, each in enumerate(relation.columns, 1)}
        for each in relation.constraints:
            if each.kind != "f":
                key = " ".join(str(numbers[one]) for one in each.columns)
                yield (constraint_id(relation, each), relation.id, len(each.columns), True, each.kind == "p", False,
                       key, True, False, None)  # fmt: skip


def _index_texts(session: Session) -> Rows:
    for relation in Facts(session).all_relations:
        for each in relation.constraints:
            if each.kind != "f":
                made = f"CREATE UNIQUE INDEX {each.name} ON {relation.schema}.{relation.name} USING btree"
                yield relation.schema, relation.name, each.name, None, f"{made} ({', '.join(each.columns)})"


def _descriptions(session: Session) -> Rows:
    facts = Facts(session)
    for schema in facts.schemas:
        if schema.comment:
            yield schema.id, 2615, 0, schema.comment
    for relation in facts.all_relations:
        if relation.comment:
            yield relation.id, 1259, 0, relation.comment
        for number, each in enumerate(relation.columns, 1):
            if each.comment:
                yield relation.id, 1259, number, each.comment


def _users(session: Session) -> Rows:
    yield "rdsdb", OWNER_ID, True, True, True, "********", None, None
    users = session.node.users
    for each in users:
        user = users.get(each)
        superuser = bool(user.get("superuser"))
        yield (each, user["id"], superuser or bool(user.get("createdb")), superuser, superuser, "********",
               user.get("valid_until"), None)  # fmt: skip


def _user_info(session: Session) -> Rows:
    for row in _users(session):
        user = session.node.users.get(row[0]) if row[0] in session.node.users else {}
        limit = user.get("limit")
        access = "UNRESTRICTED" if user.get("syslog") or row[3] else "RESTRICTED"
        yield *row, "UNLIMITED" if limit is None else str(limit), access, None, user.get("timeout", 0)


def _groups(session: Session) -> Rows:
    facts = Facts(session)
    for each, members in session.node.groups.named("group").items():
        yield each, number_of("group", each) % 100_000, [facts.user_id(one.removeprefix("user ")) for one in members]


def _databases(session: Session) -> Rows:
    facts = Facts(session)
    for each in session.node.databases.names():
        yield (number_of("database", each), each, facts.user_id("awsuser"), 6, False, True, 0, 0, 0, 1663, None, None,
               "C", "C")  # fmt: skip


def _views(session: Session) -> Rows:
    for each in Facts(session).relations:
        if each.kind != "r":
            yield each.schema, each.name, each.owner, view_text(each)


def view_text(view: objects.Relation) -> str:
    """A view's definition, as PG_GET_VIEWDEF gives it."""
    if view.kind == objects.MATERIALIZED:
        return f"create materialized view {view.schema}.{view.name} as {view.definition};"
    if view.late:
        return f"create view {view.schema}.{view.name} as {view.definition} with no schema binding;"
    return f"{view.definition};"


def _tables(session: Session) -> Rows:
    for each in Facts(session).relations:
        if each.kind == "r":
            yield each.schema, each.name, each.owner, None, bool(each.constraints), False, False


def _procedures(session: Session) -> Rows:
    facts = Facts(session)
    for each in facts.routines:
        given = " ".join(str(type_id(one.type)) for one in each.arguments if one.mode != "out")
        returns = type_id(each.returns) if each.returns else 0
        yield (
            each.id, each.name, facts.schema_id(each.schema), facts.user_id(each.owner), 14, False, each.definer, False,
            False, each.volatility[0], len(given.split()), returns, given, [one.name for one in each.arguments],
            each.body, acl_text(each), each.kind,
        )  # fmt: skip


def _settings(session: Session) -> Rows:
    for each, value in session.known_settings().items():
        yield each, value, "Session", "", "", "user", "string", "session"


def _none(session: Session) -> Rows:
    return ()


VIEWS = {
    "pg_namespace": SystemView(["oid BIGINT", "nspname VARCHAR", "nspowner INTEGER", "nspacl VARCHAR"], _namespaces),
    "pg_class": SystemView(
        ["oid BIGINT", "relname VARCHAR", "relnamespace BIGINT", "reltype BIGINT", "relowner INTEGER", "relam BIGINT",
         "relfilenode BIGINT", "reltablespace BIGINT", "relpages INTEGER", "reltuples DOUBLE", "reltoastrelid BIGINT",
         "reltoastidxid BIGINT", "relhasindex BOOLEAN", "relisshared BOOLEAN", "relkind VARCHAR", "relnatts SMALLINT",
         "relchecks SMALLINT", "reltriggers SMALLINT", "relhasoids BOOLEAN", "relhaspkey BOOLEAN",
         "relhasrules BOOLEAN", "relhassubclass BOOLEAN", "relacl VARCHAR", "reldiststyle SMALLINT",
         "relpersistence VARCHAR", "relispartition BOOLEAN", "relrowsecurity BOOLEAN", "relforcerowsecurity BOOLEAN",
         "relhastriggers BOOLEAN", "reloftype BIGINT", "relreplident VARCHAR"],
        _classes,
    ),
    "pg_attribute": SystemView(
        ["attrelid BIGINT", "attname VARCHAR", "atttypid BIGINT", "attstattarget INTEGER", "attlen SMALLINT",
         "attnum SMALLINT", "attndims INTEGER", "attcacheoff INTEGER", "atttypmod INTEGER", "attnotnull BOOLEAN",
         "atthasdef BOOLEAN", "attisdropped BOOLEAN", "attislocal BOOLEAN", "attinhcount INTEGER",
         "attisdistkey BOOLEAN", "attsortkeyord SMALLINT", "attencodingtype SMALLINT", "attidentity VARCHAR",
         "attacl VARCHAR", "attgenerated VARCHAR", "attstorage VARCHAR", "attcollation BIGINT"],
        _attributes,
    ),
    "pg_attrdef": SystemView(
        ["oid BIGINT", "adrelid BIGINT", "adnum SMALLINT", "adbin VARCHAR", "adsrc VARCHAR"], _defaults
    ),
    "pg_type": SystemView(
        ["oid BIGINT", "typname VARCHAR", "typnamespace BIGINT", "typowner INTEGER", "typlen SMALLINT",
         "typbyval BOOLEAN", "typtype VARCHAR", "typcategory VARCHAR", "typisdefined BOOLEAN", "typdelim VARCHAR",
         "typrelid BIGINT", "typelem BIGINT", "typarray BIGINT", "typbasetype BIGINT", "typtypmod INTEGER",
         "typcollation BIGINT", "typnotnull BOOLEAN"],
        _types,
    ),
    "pg_constraint": SystemView(
        ["oid BIGINT", "conname VARCHAR", "connamespace BIGINT", "contype VARCHAR", "condeferrable BOOLEAN",
         "condeferred BOOLEAN", "conrelid BIGINT", "contypid BIGINT", "confrelid BIGINT", "confupdtype VARCHAR",
         "confdeltype VARCHAR", "confmatchtype VARCHAR", "conkey SMALLINT[]", "confkey SMALLINT[]", "conbin VARCHAR",
         "consrc VARCHAR", "convalidated BOOLEAN"],
        _constraints,
    ),
    "pg_index": SystemView(
        ["indexrelid BIGINT", "indrelid BIGINT", "indnatts SMALLINT", "indisunique BOOLEAN", "indisprimary BOOLEAN",
         "indisclustered BOOLEAN", "indkey VARCHAR", "indisvalid BOOLEAN", "indisreplident BOOLEAN",
         "indpred VARCHAR"],
        _indexes,
    ),
    "pg_indexes": SystemView(
        ["schemaname VARCHAR", "tablename VARCHAR", "indexname VARCHAR", "tablespace VARCHAR", "indexdef VARCHAR"],
        _index_texts,
    ),
    "pg_description": SystemView(
        ["objoid BIGINT", "classoid BIGINT", "objsubid INTEGER", "description VARCHAR"], _descriptions
    ),
    "pg_user": SystemView(
        ["usename VARCHAR", "usesysid INTEGER", "usecreatedb BOOLEAN", "usesuper BOOLEAN", "usecatupd BOOLEAN",
         "passwd VARCHAR", "valuntil VARCHAR", "useconfig VARCHAR"],
        _users,
    ),
    "pg_user_info": SystemView(
        ["usename VARCHAR", "usesysid INTEGER", "usecreatedb BOOLEAN", "usesuper BOOLEAN", "usecatupd BOOLEAN",
         "passwd VARCHAR", "valuntil VARCHAR", "useconfig VARCHAR", "useconnlimit VARCHAR", "syslogaccess VARCHAR",
         "last_ddl_ts TIMESTAMP", "sessiontimeout INTEGER"],
        _user_info,
    ),
    "pg_group": SystemView(["groname VARCHAR", "grosysid INTEGER", "grolist INTEGER[]"], _groups),
    "pg_database": SystemView(
        ["oid BIGINT", "datname VARCHAR", "datdba INTEGER", "encoding INTEGER", "datistemplate BOOLEAN",
         "datallowconn BOOLEAN", "datlastsysoid BIGINT", "datvacuumxid BIGINT", "datfrozenxid BIGINT",
         "dattablespace BIGINT", "datconfig VARCHAR", "datacl VARCHAR", "datcollate VARCHAR", "datctype VARCHAR"],
        _databases,
    ),
    "pg_views": SystemView(
        ["schemaname VARCHAR", "viewname VARCHAR", "viewowner VARCHAR", "definition VARCHAR"], _views
    ),
    "pg_tables": SystemView(
        ["schemaname VARCHAR", "tablename VARCHAR", "tableowner VARCHAR", "tablespace VARCHAR", "hasindexes BOOLEAN",
         "hasrules BOOLEAN", "hastriggers BOOLEAN"],
        _tables,
    ),
    "pg_proc": SystemView(
        ["oid BIGINT", "proname VARCHAR", "pronamespace BIGINT", "proowner INTEGER", "prolang BIGINT",
         "proisagg BOOLEAN", "prosecdef BOOLEAN", "proisstrict BOOLEAN", "proretset BOOLEAN", "provolatile VARCHAR",
         "pronargs SMALLINT", "prorettype BIGINT", "proargtypes VARCHAR", "proargnames VARCHAR[]", "prosrc VARCHAR",
         "proacl VARCHAR", "prokind VARCHAR"],
        _procedures,
    ),
    "pg_settings": SystemView(
        ["name VARCHAR", "setting VARCHAR", "category VARCHAR", "short_desc VARCHAR", "extra_desc VARCHAR",
         "context VARCHAR", "vartype VARCHAR", "source VARCHAR"],
        _settings,
    ),
    "pg_inherits": SystemView(["inhrelid BIGINT", "inhparent BIGINT", "inhseqno INTEGER"], _none),
    "pg_trigger": SystemView(["oid BIGINT", "tgrelid BIGINT", "tgname VARCHAR", "tgenabled VARCHAR"], _none),
    "pg_tablespace": SystemView(["oid BIGINT", "spcname VARCHAR"], _none),
    "pg_collation": SystemView(["oid BIGINT", "collname VARCHAR"], _none),
    "pg_rewrite": SystemView(
        ["oid BIGINT", "rulename VARCHAR", "ev_class BIGINT", "ev_type VARCHAR", "ev_enabled VARCHAR"], _none
    ),
    "pg_am": SystemView(["oid BIGINT", "amname VARCHAR"], _none),
}  # fmt: skip
