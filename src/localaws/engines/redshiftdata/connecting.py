"""A connection to a cluster, over which statements run one after the other; another thread can end what runs."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from itertools import chain

import psycopg
from psycopg import generators, pq
from psycopg.pq.abc import PGresult

from localaws.engines.redshiftdata.logins import Login
from localaws.engines.redshiftdata.results import Row
from localaws.engines.redshiftdata.statement import SubStatement
from localaws.engines.redshiftdata.values import columns_of

_ROWS_AT_ONCE = 1000
_ROWS = (pq.ExecStatus.TUPLES_CHUNK, pq.ExecStatus.TUPLES_OK, pq.ExecStatus.SINGLE_TUPLE)


class Failed(Exception):
    """What the database refuses, in its words: ``ERROR: relation "x" does not exist``."""


class Connection:
    """Made for *login*. Raises Failed if the database does not let it in."""

    def __init__(self, login: Login) -> None:
        try:
            self._connection = psycopg.connect(
                host="127.0.0.1", port=login.port, user=login.user, password=login.password, dbname=login.database,
                autocommit=True, sslmode="require", application_name="redshift-data",
            )  # fmt: skip
        except psycopg.Error as error:
            raise Failed(str(error).strip()) from None
        self.lock = threading.Lock()

    @property
    def pid(self) -> int:
        return self._connection.info.backend_pid

    def execute(self, sql: str) -> None:
        """Run a statement of which nothing is wanted. Raises Failed."""
        try:
            self._connection.execute(sql.encode())
        except psycopg.Error as error:
            raise Failed(_said(error.diag.message_primary or str(error))) from None

    def run(
        self, text: SubStatement, sql: str, values: list[bytes], keep: Callable[[Iterator[Row]], tuple[int, int]]
    ) -> None:
        """Run *sql* and note in *text* what comes of it; *keep* is given its rows, and tells their number and size.

        Raises Failed.
        """
        began = time.perf_counter_ns()
        try:
            self._send(sql, values)
            results = self._results()
            first = next(results, None)
            if first is None:
                return
            if first.nfields:
                text.columns = columns_of(first)
                text.rows, text.size = keep(row for each in chain([first], results) for row in _rows(each))
            else:
                text.rows, text.size = first.command_tuples or 0, 0
            for _ in results:  # up to the end, so that the connection can be used again
                pass
        except psycopg.Error as error:
            raise Failed(str(error).strip()) from None
        finally:
            text.duration = time.perf_counter_ns() - began

    def query(self, sql: str, *values: str) -> list[Row]:
        """All rows of *sql*. Raises Failed."""
        self._send(sql, [each.encode() for each in values])
        return [row for result in self._results() for row in _rows(result)]

    def _send(self, sql: str, values: list[bytes]) -> None:
        pgconn = self._connection.pgconn
        pgconn.send_query_params(sql.encode(), values)
        pgconn.set_chunked_rows_mode(_ROWS_AT_ONCE)
        self._connection.wait(generators.send(pgconn))

    def _results(self) -> Iterator[PGresult]:
        """What comes for one statement. Raises Failed with the first error, when all has come."""
        error = ""
        while (result := self._connection.wait(generators.fetch(self._connection.pgconn))) is not None:
            if result.status == pq.ExecStatus.FATAL_ERROR:
                error = error or (result.error_field(pq.DiagnosticField.MESSAGE_PRIMARY) or b"").decode()
                detail = (result.error_field(pq.DiagnosticField.MESSAGE_DETAIL) or b"").decode()
                error += f"\n  Detail: {detail}" if detail else ""
            else:
                yield result
        if error:
            raise Failed(_said(error))

    def cancel(self) -> None:
        """End what runs now: it fails."""
        self._connection.cancel_safe(timeout=10)

    def close(self) -> None:
        self._connection.close()


def _rows(result: PGresult) -> Iterator[Row]:
    if result.status in _ROWS:
        for row in range(result.ntuples):
            values = [result.get_value(row, column) for column in range(result.nfields)]
            yield [None if value is None else bytes(value).decode() for value in values]


def _said(message: str) -> str:
    return message if message.startswith("ERROR:") else f"ERROR: {message}"
