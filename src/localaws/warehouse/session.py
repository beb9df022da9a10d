"""One client's session: its transaction, its settings, and its statements, each done by who knows its kind."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb

from localaws.warehouse import statements
from localaws.warehouse.binding import bound_query
from localaws.warehouse.catalog.objects import ColumnInfo, Relation
from localaws.warehouse.catalog.privileges import acting_as
from localaws.warehouse.catalog.types import of_duckdb
from localaws.warehouse.columns import fetched
from localaws.warehouse.conflicts import Transaction
from localaws.warehouse.errors import ABORTED, CANCELLED, RedshiftError
from localaws.warehouse.external import scanning
from localaws.warehouse.failures import as_redshift
from localaws.warehouse.history import Ran, kind_in_history, now
from localaws.warehouse.loading import history as loading_history
from localaws.warehouse.session_protocol import Parameter, Prepared, Result
from localaws.warehouse.sql.splitting import Statement, split
from localaws.warehouse.statements import transactions
from localaws.warehouse.statements.settings import DEFAULTS
from localaws.warehouse.wire.types import Column

if TYPE_CHECKING:
    from localaws.warehouse.node import Node

_ABORTED_SAID = "current transaction is aborted, commands ignored until end of transaction block"
_ENDS = {"ABORT", "COMMIT", "END", "ROLLBACK"}
_FETCHED = 1000


class Session:
    """*node*'s session number *process* of *user*, who is also in *groups* here, in *database*.

    Attributes:
        status: "I" outside of a transaction, "T" within one, "E" within one that has failed.
        implicit: whether the transaction is one that a text of several statements is by itself.
        transaction: what it uses of tables, once it uses any.
        cursor: its DuckDB, whose transaction is the session's.
        prepared, cursors: statements and results that have a name; cursors end with the transaction.
        depth: how many procedures it is in; `in_block` whether they were called within BEGIN … COMMIT.
        query_number: the number in the history of what runs now; `last_query` that of what ran before.
        settings: what SET has set, by its name in small letters.
        describing: whether a statement is only described: nothing external is read then.
        scanned: bytes of external tables that the statement reads.
    """

    def __init__(self, node: Node, user: str, database: str, process: int, groups: Sequence[str] = ()) -> None:
        self.node: Node = node
        self.user: str = user
        self.database: str = database
        self.process: int = process
        self.groups: Sequence[str] = groups
        self.cursor = node.databases.cursor(database)
        self.status = "I"
        self.implicit = False
        self.transaction: Transaction | None = None
        self.settings: dict[str, str] = {}
        self.since = now().isoformat(" ")
        self.prepared: dict[str, Prepared] = {}
        self.cursors: dict[str, Result] = {}
        self.depth: int = 0
        self.in_block: bool = False
        self.query_number: int = -1
        self.last_query: int = -1
        self._said: list[str] = []
        self._cancelled = threading.Event()
        self._beside: list[duckdb.DuckDBPyConnection] = []
        self.describing = False
        self.scanned: int = 0
        loading_history.prepare_session(self)

    def split(self, sql: str) -> Sequence[Statement]:
        return split(sql)

    def describe(self, statement: Statement, types: Sequence[int]) -> tuple[list[int], list[Column] | None]:
        self.describing = True
        try:
            with _told():
                return statements.kind_of(statement).describe(self, statement, types)
        finally:
            self.describing = False

    def only_reads(self, statement: Statement | None) -> bool:
        """SELECT … INTO makes a table."""
        if statement is None or statement.command != "SELECT" or self.status == "E":
            return False
        return all(token.text.upper() != "INTO" for token in statement.tokens)

    def run(self, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        """Do *statement*; in a transaction that has failed only its end is done."""
        if self.status == "E" and statement.command not in _ENDS:
            raise RedshiftError(ABORTED, _ABORTED_SAID)
        self._cancelled.clear()
        ran = self._noted(statement)
        try:
            with self.node.activity.working(), _told():
                return statements.kind_of(statement).run(self, statement, parameters)
        except RedshiftError as error:
            ran.error, ran.cancelled = error.said, self._cancelled.is_set()
            if self.status == "T":
                self.status = "E"
            if self._cancelled.is_set() and error.code != ABORTED:
                raise RedshiftError(CANCELLED, "Query cancelled on user's request") from None
            raise
        finally:
            self.node.history.end(ran)
            scanning.settle(self, bool(ran.error))
            if ran.kind not in ("DDL", "UTILITY"):
                self.last_query = ran.query

    def do(self, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        """Do *statement*, which a procedure has within another. Raises RedshiftError."""
        with _told():
            return statements.kind_of(statement).run(self, statement, parameters)

    def _noted(self, statement: Statement) -> Ran:
        """Tell the history that *statement* begins."""
        number = self.transaction.number if self.transaction else self.node.conflicts.next_number()
        kind, label = kind_in_history(statement), self.settings.get("query_group", "default")
        ran = self.node.history.begin(self.process, number, self.user, self.database, kind, statement.text, label)
        self.query_number = ran.query
        return ran

    def columns_of(self, view: Relation) -> list[ColumnInfo]:
        """Those that the query of *view* has today; [] if it cannot be run."""
        try:
            with _told(), acting_as(self, view.owner):
                told = self.execute(f"DESCRIBE {bound_query(self, view.definition).sql}")
        except RedshiftError:
            return []
        return [ColumnInfo(each[0].lower(), of_duckdb(each[1])) for each in told]

    def known_settings(self) -> dict[str, str]:
        """All that SHOW can tell."""
        return {**DEFAULTS, **self.settings}

    @contextmanager
    def together(self, statements: Sequence[Statement]) -> Iterator[None]:
        """Within, *statements* of one text run, which are one transaction unless they say otherwise."""
        self.implicit = len(statements) > 1 and self.status == "I"
        if self.implicit:
            transactions.begin(self)
        try:
            yield
            if self.implicit:
                transactions.commit(self)
        except BaseException:
            if self.implicit:
                transactions.roll_back(self)
            raise

    def query(self, sql: str) -> tuple[list[Any], Iterator[tuple[Any, ...]]]:
        """The columns of DuckDB's *sql*, as its cursor describes them, and the rows."""
        self.cursor.execute(sql)
        described = list(self.cursor.description or ())
        if better := fetched(sql, described):
            self.cursor.execute(better)
        return described, self._rows()

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run DuckDB's *sql* to its end."""
        return self.cursor.execute(sql).fetchall()

    @contextmanager
    def beside(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """A connection with a transaction of its own: an error there does not end the session's. `cancel` ends it."""
        with self.node.databases.cursor(self.database) as cursor:
            self._beside.append(cursor)
            try:
                yield cursor
            finally:
                self._beside.remove(cursor)

    def undo(self) -> None:
        """Roll back; DuckDB may have done so already."""
        with suppress(duckdb.Error):
            self.cursor.execute("ROLLBACK")

    def _rows(self) -> Iterator[tuple[Any, ...]]:
        while rows := self.cursor.fetchmany(_FETCHED):
            yield from rows

    def say(self, text: str) -> None:
        """Tell the client *text* beside the result."""
        self._said.append(text)

    def notices(self) -> list[str]:
        said, self._said = self._said, []
        return said

    def is_cancelled(self) -> bool:
        return self._cancelled.is_set()

    def cancel(self) -> None:
        self._cancelled.set()
        for each in (self.cursor, *self._beside):
            each.interrupt()

    def close(self) -> None:
        """End the session; what it has not committed is undone."""
        transactions.forget(self, False)
        scanning.forget(self)
        self.cursor.close()


class _told:
    """Within, DuckDB's errors are Redshift's."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, duckdb.Error):
            raise as_redshift(error) from None
