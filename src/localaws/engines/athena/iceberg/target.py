"""The table that a statement changes: its rows found once, deleted where they lie, written anew, committed as one.

UPDATE, DELETE and MERGE each become one query, whose answer tells of every row to change what becomes of it and where
it lies. The answer is kept in a table of the session, so that it is worked out once, and files are written from it.

Source: "Update Iceberg table data" of the Athena user guide (position deletes, snapshot isolation).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pyiceberg.table import Table
from sqlglot import exp

from localaws.engines.athena.governed import Grants
from localaws.engines.athena.iceberg import tables
from localaws.engines.athena.iceberg.commit import Change, commit
from localaws.engines.athena.iceberg.datafiles import write_rows
from localaws.engines.athena.iceberg.deletes import delete_rows
from localaws.engines.athena.iceberg.reading import FILE, POSITION, Scan
from localaws.engines.athena.iceberg.types import columns_of
from localaws.engines.athena.job import Job
from localaws.engines.athena.sql.grammar import position
from localaws.engines.athena.tables.ddl import qualified
from localaws.engines.athena.tables.writing import assignable, fitted
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.quoting import name, own

#: The session's table of changes: what to do with a row, where it lies, and its new values.
CHANGES, ACTION = own("changes"), own("action")
DELETE, UPDATE, INSERT = 1, 2, 3


@dataclass
class Target:
    """The table as it was when the statement began. ``node`` names it in the query that finds the rows."""

    table: Table
    node: exp.Table
    scan: Scan | None = None
    """What the node stands for in the query: the planner's reading of it, unless something else is given before."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Target:
        """A copy of the query speaks of the same table."""
        return self

    @property
    def columns(self) -> dict[str, Type]:
        return columns_of(self.table.schema())

    def column(self, column: str) -> exp.Column:
        """A column of this table, whatever else the query reads."""
        return exp.column(exp.to_identifier(column, quoted=True), table=self.node.args["alias"].this.copy())

    @property
    def places(self) -> list[exp.Expr]:
        """Where a row lies."""
        return [named(self.column(column), column) for column in (FILE, POSITION)]

    def row(self, given: dict[str, exp.Expr]) -> list[exp.Expr]:
        """All columns of a row, in order: new values for those *given*, the others as they are."""
        return [named(given.get(column, self.column(column)), column) for column in self.columns]


def named(value: exp.Expr, name: str) -> exp.Alias:
    """*value* as a column of a query's answer; also if it is a query, which can have a name of its own."""
    return exp.Alias(this=value, alias=exp.to_identifier(name, quoted=True))


def table_node(job: Job, text: str) -> exp.Table:
    """The table that a statement of Athena's own grammar names."""
    database, table = qualified(text, job)
    return exp.Table(this=exp.to_identifier(table, quoted=True), db=exp.to_identifier(database, quoted=True))


#: What a verb does to rows, in Lake Formation's words; each has to find them first.
_NEEDED = {"Deleting from": ("SELECT", "DELETE")}
_NEEDED_ELSE = ("SELECT", "INSERT", "DELETE")


def target_of(job: Job, node: exp.Table, verb: str) -> Target:
    """Open the table that *node* names; *verb* is what Trino says of views ("Deleting from").

    Raises QueryFailure for what is not there, is a view, or is no Iceberg table.
    """
    database, table_name = (node.db or job.execution.database).lower(), node.name.lower()
    where = position(node)
    if node.catalog and node.catalog.lower() != "awsdatacatalog":
        raise QueryFailure("CATALOG_NOT_FOUND", f"Catalog '{node.catalog}' does not exist", where)
    known = job.catalog.table(database, table_name, where)
    Grants(job.lake).require(database, table_name, *_NEEDED.get(verb, _NEEDED_ELSE))
    if known.is_view:
        raise QueryFailure("NOT_SUPPORTED", f"{verb} views is not supported", where)
    if not known.iceberg:
        raise QueryFailure("NOT_SUPPORTED", "Modifying Hive table rows is only supported for transactional tables")
    table = tables.of(job.session, job.lake, known)
    if table.format_version != 2:
        words = f"Iceberg table updates require at least format version 2, not {table.format_version}"
        raise QueryFailure("NOT_SUPPORTED", words)
    node.set("alias", node.args.get("alias") or exp.TableAlias(this=exp.to_identifier(table_name, quoted=True)))
    node.meta["target"] = target = Target(table, node)
    return target


def assignments(target: Target, pairs: Iterable[exp.Expr], words: str) -> dict[str, exp.Expr]:
    """Column → new value, of what stands behind SET. *words* say that a column is not there."""
    given: dict[str, exp.Expr] = {}
    for pair in pairs:
        if not isinstance(pair, exp.EQ) or not isinstance(pair.this, exp.Column) or pair.this.table:
            raise QueryFailure("", f"mismatched input '{pair.sql('trino')}'. Expecting: <assignment>", position(pair))
        add_column(target, given, pair.this, pair.expression, words)
    return given


def add_column(target: Target, given: dict[str, exp.Expr], column: exp.Expr, value: exp.Expr, words: str) -> None:
    """Note that *column* gets *value*. Raises QueryFailure for one that is not there, or is there twice."""
    wanted = column.name.lower()
    if wanted not in target.columns:
        raise QueryFailure("COLUMN_NOT_FOUND", words.format(column.name), position(column))
    if wanted in given:
        raise QueryFailure("DUPLICATE_COLUMN_NAME", f"Column name is specified more than once: {wanted}",
                           position(column))  # fmt: skip
    given[wanted] = value


def check_types(columns: Sequence[Type], column_types: Sequence[Type], words: str) -> None:
    """Raises TYPE_MISMATCH, in *words*, unless Trino assigns values of *column_types* to *columns* by itself."""
    if not all(assignable(column_type, column) for column_type, column in zip(column_types, columns, strict=True)):
        table, expressions = (", ".join(each.trino for each in listed) for listed in (columns, column_types))
        raise QueryFailure("TYPE_MISMATCH", f"line 1:1: {words}: Table: [{table}], Expressions: [{expressions}]")


def by_place(sql: str, values: Mapping[str, tuple[Type, Type]]) -> str:
    """*sql* with its *values* (name → type, type of its column) as their columns have them: rows go by place."""
    nested = {each: column_types for each, column_types in values.items() if column_types[0].parts}
    if not nested:
        return sql
    items = ", ".join(
        f"{fitted(each, column_type, column)} AS {name(each)}" for each, (column_type, column) in nested.items()
    )
    return f"SELECT * REPLACE ({items}) FROM ({sql})"


def find(job: Job, sql: str) -> None:
    """Run *sql* and keep its answer: ACTION, FILE, POSITION, and the columns as `Target.row` has them, if any."""
    job.execution.passed("QueryPlanningTime")
    job.measured(f"CREATE TEMP TABLE {CHANGES} AS {sql}")


def apply(job: Job, target: Target, *, rows: bool = True, exclusive: bool = False) -> None:
    """Make the changes that were found a snapshot; nothing of it stays if that fails.

    *rows* tells whether there are new rows among them; *exclusive*, see `Change`.
    """
    (count,) = job.session.run(f"SELECT count(*) FROM {CHANGES}")[0]
    if count:
        uploaded: list[str] = []
        try:
            commit(target.table, _change(job, target, rows, exclusive, uploaded))
        except BaseException:
            job.lake.delete(uploaded)
            raise
    job.execution.rows_written = count
    job.execution.passed("EngineExecutionTime")


def _change(job: Job, target: Target, rows: bool, exclusive: bool, uploaded: list[str]) -> Change:
    assert target.scan is not None, "the query that found the rows was planned"
    places = f"SELECT {name(FILE)}, {name(POSITION)} FROM {CHANGES} WHERE {ACTION} <> {INSERT}"
    deleted = delete_rows(job, target.scan.tasks, places, uploaded)
    change = Change(deletes=deleted.files, dropped=deleted.dropped, touched=deleted.touched, exclusive=exclusive)
    if rows:
        columns = ", ".join(map(name, target.columns))
        new = f"SELECT {columns} FROM {CHANGES} WHERE {ACTION} <> {DELETE}"
        change.added = write_rows(job, target.table, new, uploaded)
    return change
