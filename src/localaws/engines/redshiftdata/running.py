"""How a statement runs: on a thread of its own, from SUBMITTED to its end.

Sources: Data API reference, "DescribeStatement" (Status), "BatchExecuteStatement" (one transaction, or each for
itself); management guide, "Monitoring events for the Amazon Redshift Data API in Amazon EventBridge".
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from localaws.engines.redshiftdata.connecting import Connection, Failed
from localaws.engines.redshiftdata.results import TooLarge
from localaws.engines.redshiftdata.statement import KEPT, Statement, SubStatement
from localaws.engines.redshiftdata.values import bound

if TYPE_CHECKING:
    from localaws.engines.redshiftdata.backend import RedshiftDataEngine

log = logging.getLogger(__name__)
_NEXT_CANCEL = 0.2  # seconds
_CANCELLED = "ERROR: Query cancelled on user's request"


class Run:
    """One statement's way. *connect* gives the connection; it is closed in the end unless it is a session's."""

    def __init__(self, engine: RedshiftDataEngine, statement: Statement, connect: Callable[[], Connection]) -> None:
        self._engine, self._statement, self._connect = engine, statement, connect
        self._lab = engine.lab
        self._connection: Connection | None = None
        self.over = threading.Event()

    def __call__(self) -> None:
        statement = self._statement
        try:
            self._become("PICKED")
            connection = self._connection = self._connect()
            with connection.lock:
                statement.pid = connection.pid
                self._become("STARTED")
                self._run(connection)
            self._end("FINISHED")
        except Failed as error:
            self._end("ABORTED" if statement.cancelled else "FAILED", _CANCELLED if statement.cancelled else str(error))
        except TooLarge:
            self._end("FAILED", "The result of the query is larger than 500 MB: UNLOAD it to S3 instead.")
        except Exception as error:
            log.exception("statement %s failed", statement.id)
            self._end("FAILED", f"{type(error).__name__}: {error}")
        finally:
            if self._connection and not statement.session:
                self._connection.close()

    def cancel(self) -> None:
        """Have it end as ABORTED: what runs in the database is interrupted, and what is undone."""
        self._statement.cancelled = True
        self._lab.spawn(f"cancel {self._statement.id}", self._interrupt)

    def _interrupt(self) -> None:
        """Again and again: the word may come when nothing runs yet."""
        while not self.over.is_set():
            if self._connection:
                self._connection.cancel()
            self.over.wait(_NEXT_CANCEL)

    def _run(self, connection: Connection) -> None:
        statement, errors = self._statement, list[str]()
        if statement.in_transaction:
            connection.execute("BEGIN")
        for number, text in enumerate(statement.texts, 1):
            if statement.cancelled:
                raise Failed(_CANCELLED)
            text.status, text.updated = "STARTED", self._lab.clock.now()
            try:
                self._run_text(connection, text)
            except Failed as error:
                text.status, text.error = "ABORTED" if statement.cancelled else "FAILED", str(error)
                errors.append(f"Query #{number} failed with {error}" if statement.is_batch else str(error))
                if statement.in_transaction or not statement.is_batch or statement.cancelled:
                    break
            else:
                text.status = "FINISHED"
            finally:
                text.updated = self._lab.clock.now()
                statement.duration += text.duration
        if statement.in_transaction:
            connection.execute("ROLLBACK" if errors else "COMMIT")
        if errors:
            raise Failed("; ".join(errors))

    def _run_text(self, connection: Connection, text: SubStatement) -> None:
        text.query_id = self._engine.next_query_id()
        sql, values = bound(text.sql, self._statement.asked.get("Parameters") or [])
        connection.run(text, sql, values, partial(self._engine.results.keep, text.id))

    def _become(self, status: str) -> None:
        if self._statement.cancelled:
            raise Failed(_CANCELLED)
        with self._lab.state.changing("redshiftdata"):
            self._statement.status, self._statement.updated = status, self._lab.clock.now()

    def _end(self, status: str, error: str = "") -> None:
        statement = self._statement
        self._engine.free(statement)  # before anybody can see that it has ended, and go on with the session
        with self._lab.state.changing("redshiftdata"):
            statement.end(status, self._lab.clock.now(), error)
        self.over.set()
        self._engine.ended(statement)
        if statement.asked.get("WithEvent"):
            self._tell()

    def _tell(self) -> None:
        """Put the event of its end on the default bus."""
        statement = self._statement
        detail = {
            "principal": statement.principal,
            "statementName": statement.name,
            "statementId": statement.id,
            "redshiftQueryId": statement.texts[-1].query_id,
            "state": statement.status,
            "rows": statement.texts[-1].rows,
            "expireAt": int((statement.created + KEPT).timestamp()),
        }
        entry = {
            "Source": "aws.redshift-data",
            "DetailType": "Redshift Data Statement Status Change",
            "Resources": [statement.arn],
            "Detail": json.dumps(detail),
        }
        events = self._lab.client("events", region=self._engine.region_name, by="redshift-data")
        events.put_events(Entries=[entry])
