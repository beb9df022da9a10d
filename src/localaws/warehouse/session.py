"""One client's session: its transaction, its settings, and its statements, each done by who knows its kind."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

import duckdb

from localaws.warehouse import statements
from localaws.warehouse.conflicts import Transaction
from localaws.warehouse.errors import ABORTED, CANCELLED, RedshiftError
from localaws.warehouse.failures import as_redshift
from localaws.warehouse.loading import history
from localaws.warehouse.session_protocol import Parameter, Result
from localaws.warehouse.sql.splitting import Statement, split
from localaws.warehouse.statements import transactions
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
        settings: what SET has set, by its name in small letters.
    """

    def __init__(self, node: Node, user: str, database: str, process: int, groups: Sequence[str] = ()) -> None:
        self.node, self.user, self.database, self.process, self.groups = node, user, database, process, groups
        self.cursor = node.databases.cursor(database)
        self.status = "I"
        self.implicit = False
        self.transaction: Transaction | None = None
        self.settings: dict[str, str] = {}
        self._said: list[str] = []
        self._cancelled = threading.Event()
        history.prepare_session(self)

    def split(self, sql: str) -> Sequence[Statement]:
        return split(sql)

    def describe(self, statement: Statement, types: Sequence[int]) -> tuple[list[int], list[Column] | None]:
        with _told():
            return statements.kind_of(statement).describe(self, statement, types)

    def run(self, statement: Statement, parameters: Sequence[Parameter]) -> Result:
        """Do *statement*; in a transaction that has failed only its end is done."""
        if self.status == "E" and statement.command not in _ENDS:
            raise RedshiftError(ABORTED, _ABORTED_SAID)
        self._cancelled.clear()
        try:
            with _told():
                return statements.kind_of(statement).run(self, statement, parameters)
        except RedshiftError as error:
            if self.status == "T":
                self.status = "E"
            if self._cancelled.is_set() and error.code != ABORTED:
                raise RedshiftError(CANCELLED, "Query cancelled on user's request") from None
            raise

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
        return list(self.cursor.description or ()), self._rows()

    def execute(self, sql: str) -> list[tuple[Any, ...]]:
        """Run DuckDB's *sql* to its end."""
        return self.cursor.execute(sql).fetchall()

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
        self.cursor.interrupt()

    def close(self) -> None:
        """End the session; what it has not committed is undone."""
        transactions.forget(self, False)
        self.cursor.close()


class _told:
    """Within, DuckDB's errors are Redshift's."""

    def __enter__(self) -> None: ...

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, duckdb.Error):
            raise as_redshift(error) from None
