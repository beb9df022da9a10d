"""CREATE TABLE: the table in DuckDB, and what DuckDB has no word for in the catalog."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from localaws.lake.quoting import literal, name
from localaws.warehouse.binding import bound_query
from localaws.warehouse.catalog import names, objects, types
from localaws.warehouse.catalog.declared import columns_of
from localaws.warehouse.catalog.names import Named
from localaws.warehouse.catalog.objects import ColumnInfo, Relation
from localaws.warehouse.catalog.privileges import require_create
from localaws.warehouse.errors import DUPLICATE_TABLE, RedshiftError
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement
from localaws.warehouse.sql.translating import translate_expression
from localaws.warehouse.statements.kinds import Kinds, Silent
from localaws.warehouse.statements.reading import Reader
from localaws.warehouse.statements.table_definitions import Keys, TableDefinition, finish, read_table
from localaws.warehouse.statements.whole import whole

if TYPE_CHECKING:
    from localaws.warehouse.session import Session


class _CreateTable(Silent):
    def run(self, session: Session, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        definition = read_table(Reader(statement, 1))
        with whole(session):
            place = names.place(session, definition.parts, definition.temporary)
            require_create(session, place)
            if names.store_of(session).find(objects.RELATIONS, place.schema, place.name):
                if not definition.if_not_exists:
                    raise RedshiftError(DUPLICATE_TABLE, f'Relation "{place.name}" already exists')
                session.say(f'Relation "{place.name}" already exists and will be skipped')
                return Result("CREATE TABLE")
            if definition.query:
                query = bound_query(session, definition.query, parameters)
                create_as(session, place, objects.TABLE, definition.query, query.sql, definition.keys, definition.names)
                return Result("SELECT")
            for parts, with_defaults in definition.like:
                _take_columns(session, definition, parts, with_defaults)
            if definition.like:
                finish(definition)
            create(session, place, definition)
        return Result("CREATE TABLE")


def create(session: Session, place: Named, definition: TableDefinition) -> Relation:
    """Make an empty table at *place*. Raises RedshiftError."""
    store, keys = names.store_of(session), definition.keys
    relation = Relation(
        store.next_id(), place.schema, place.name, objects.TABLE, session.user, temporary=place.schema == "pg_temp",
        columns=definition.columns, diststyle=keys.diststyle, distkey=keys.distkey, sortkey=keys.sortkey,
        sortstyle=keys.sortstyle, constraints=definition.constraints, backup=keys.backup,
    )  # fmt: skip
    make(session, place, relation)
    store.add(relation)
    return relation


def make(session: Session, place: Named, relation: Relation) -> None:
    """The table in DuckDB that *relation* describes."""
    for column in relation.columns:
        if column.identity:
            sequence = names.store_of(session).sequence(relation.id, column.name, relation.temporary)
            created = "CREATE TEMP SEQUENCE" if relation.temporary else "CREATE SEQUENCE"
            seed, step = column.identity.seed, column.identity.step
            low, high = (f"MINVALUE {-(2**63) + 1}", f"MAXVALUE {2**63 - 1}")
            session.execute(f"{created} IF NOT EXISTS {sequence} INCREMENT {step} {low} {high} START {seed}")
    written = ", ".join(column_sql(session, relation, each) for each in relation.columns)
    temporary = "TEMP " if relation.temporary else ""
    session.execute(f"CREATE {temporary}TABLE {place.sql} ({written})")


def column_sql(session: Session, relation: Relation, column: ColumnInfo) -> str:
    """*column* as DuckDB's DDL has it."""
    words = [name(column.name), types.in_duckdb(column.type)]
    if column.identity:
        sequence = names.store_of(session).sequence(relation.id, column.name, relation.temporary)
        words.append(f"DEFAULT nextval({literal(sequence)})")
    elif column.default is not None:
        words.append(f"DEFAULT ({expression_sql(column.default)})")
    if column.not_null:
        words.append("NOT NULL")
    return " ".join([*words, types.check(column.name, column.type)])


def expression_sql(expression: str) -> str:
    """DuckDB's for an expression without columns, that of a DEFAULT."""
    return translate_expression(expression)


def create_as(
    session: Session, place: Named, kind: str, query: str, sql: str, keys: Keys, called: Sequence[str] = ()
) -> Relation:
    """Make a table of the rows of *query*, which is DuckDB's *sql*; a materialized view keeps the query."""
    told = session.execute(f"DESCRIBE {sql}")
    if called and len(called) != len(told):
        raise RedshiftError("42601", f"CREATE TABLE AS specifies {len(called)} column names, the query has {len(told)}")
    columns = columns_of(session, query, told)
    for column, new in zip(columns, called, strict=False):
        column.name = new
    table = TableDefinition([place.name], place.schema == "pg_temp", columns=columns, keys=keys)
    finish(table)
    relation = create(session, place, table)
    relation.analyzed = int(session.execute(f"INSERT INTO {place.sql} {sql}")[0][0])
    relation.kind, relation.definition = kind, query if kind == objects.MATERIALIZED else ""
    names.store_of(session).change(relation)
    return relation


def _take_columns(session: Session, definition: TableDefinition, parts: list[str], with_defaults: bool) -> None:
    """LIKE: the columns of another table with its keys, and with their defaults if that is said."""
    _, other = names.existing(session, parts)
    for column in other.columns:
        default = column.default if with_defaults else None
        definition.columns.append(ColumnInfo(column.name, column.type, column.encode, column.not_null, default))
    keys = definition.keys
    if not keys.diststyle and not keys.distkey:
        keys.diststyle, keys.distkey = other.diststyle.partition("(")[0], other.distkey
    if not keys.sortstyle:
        keys.sortkey, keys.sortstyle = list(other.sortkey), other.sortstyle


_CREATE_TABLE = _CreateTable()
KINDS: Kinds = {
    ("CREATE", *words, "TABLE"): _CREATE_TABLE
    for words in ((), ("TEMP",), ("TEMPORARY",), ("LOCAL", "TEMP"), ("LOCAL", "TEMPORARY"))
}
