"""Statements and sessions of one account and region.

Sources: Data API reference; management guide, "Using the Amazon Redshift Data API".
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from moto.redshiftdata.models import RedshiftDataAPIServiceBackend

from localaws.credentials import Credential
from localaws.engines.redshiftdata.connecting import Connection
from localaws.engines.redshiftdata.logins import Login, login
from localaws.engines.redshiftdata.results import FOLDER, Results
from localaws.engines.redshiftdata.running import Run
from localaws.engines.redshiftdata.statement import KEPT, Statement, SubStatement
from localaws.engines.redshiftdata.values import bound
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call, new_id
from localaws.lab import Lab

#: "Quotas for Amazon Redshift Data API": statements and sessions that are under way at once.
MOST_ACTIVE, MOST_SESSIONS = 500, 500
#: How long a client token is remembered ("Idempotency", the same guide).
_TOKEN_KEPT = timedelta(hours=8)
_PLACES = ("ClusterIdentifier", "WorkgroupName", "Database", "DbUser", "SecretArn")


@dataclass
class Session:
    """A connection that is kept for further statements, until *end* on the lab's clock."""

    id: str
    owner: str
    role: str
    login: Login
    where: dict[str, str]
    seconds: int
    created: datetime
    updated: datetime
    end: float
    connection: Connection | None = None
    current: str = ""

    def described(self, now: float) -> dict[str, Any]:
        status = "CLOSED" if self.end <= now else "BUSY" if self.current else "AVAILABLE"
        told = {
            "SessionId": self.id,
            "Status": status,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "SessionAliveSeconds": self.seconds,
            "SessionTtl": self.end,
            **{name: value for name, value in self.where.items() if name != "SecretArn"},
        }
        return told | ({"CurrentStatementId": self.current} if self.current else {})


class RedshiftDataEngine(RedshiftDataAPIServiceBackend):
    lab: ClassVar[Lab]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.statements: dict[str, Statement] = {}  # type: ignore[assignment]
        self.sessions: dict[str, Session] = {}
        self._runs: dict[str, Run] = {}
        self._last_query_id = 0
        self._lock = threading.Lock()

    def __getstate__(self) -> dict[str, Any]:
        """Sessions end with their connections."""
        return {"statements": self.statements, "_last_query_id": self._last_query_id}

    @property
    def results(self) -> Results:
        return Results(self.lab.directory / FOLDER)

    # Statements

    def submit(self, request: Mapping[str, Any], texts: list[str]) -> Statement:
        """Begin to run *texts*, all that *request* asks for. Raises AwsError for what cannot even begin."""
        self.forget_old()
        if (known := self._of_token(request)) is not None:
            return known
        for each in texts:
            bound(each, request.get("Parameters") or [])
        if len(self._runs) >= MOST_ACTIVE:
            said = f"There are {MOST_ACTIVE} statements under way, which is the most."
            raise AwsError("ActiveStatementsExceededException", said)
        session = self._session(request)
        place = session.login if session else login(self.lab, self.region_name, request)
        statement = self._new(request, texts, place, session)
        if session:
            session.current = statement.id
        run = Run(self, statement, partial(self._connected, session) if session else partial(Connection, place))
        self.statements[statement.id] = statement
        self._runs[statement.id] = run
        self.lab.spawn(f"redshift-data {statement.id}", run, followed=True)
        return statement

    def _new(self, request: Mapping[str, Any], texts: list[str], place: Login, session: Session | None) -> Statement:
        now, credential = self.lab.clock.now(), _caller()
        where = session.where if session else {name: str(request[name]) for name in _PLACES if request.get(name)}
        if "DbUser" not in where and "SecretArn" not in where:
            where = {**where, "DbUser": place.user}
        id, is_batch = new_id(), "Sqls" in request
        subs = [SubStatement(f"{id}:{n}" if is_batch else id, sql, now, now) for n, sql in enumerate(texts, 1)]
        return Statement(
            id, credential.user_id, credential.principal, credential.issuer, where, place.arn, subs, now, now,
            dict(request), is_batch, session=session.id if session else "",
        )  # fmt: skip

    def _of_token(self, request: Mapping[str, Any]) -> Statement | None:
        """The statement that was asked for with the same token. Raises ValidationException if it was another one."""
        token = request.get("ClientToken")
        oldest = self.lab.clock.now() - _TOKEN_KEPT
        for each in self.statements.values() if token else ():
            if each.asked.get("ClientToken") == token and each.created > oldest:
                if each.asked != dict(request):
                    said = "The ClientToken was used for a request with other parameters."
                    raise AwsError("ValidationException", said)
                return each
        return None

    def statement(self, id: str) -> Statement:
        """The one that *id*, or the id of a text in it, is of. Raises ResourceNotFoundException."""
        self.forget_old()
        found = self.statements.get(id.partition(":")[0])
        if found is None or (":" in id and found.text(id) is None):
            raise AwsError("ResourceNotFoundException", "Query does not exist.")
        return found

    def await_end(self, id: str, seconds: int | None) -> None:
        """Return when the statement has ended, or after so many *seconds*."""
        if seconds and (run := self._runs.get(id)):
            run.over.wait(seconds)

    def with_result(self, id: str, seconds: int | None, format: str) -> SubStatement:
        """The text whose rows are asked for. Raises AwsError where it has none, or has them in another *format*."""
        statement = self.statement(id)
        self.await_end(statement.id, seconds)
        text = statement.text(id) or statement.texts[-1]
        if text.status != "FINISHED" or text.columns is None:
            said = "Query does not have result. Please check query status with DescribeStatement."
            raise AwsError("ResourceNotFoundException", said)
        if statement.format != format:
            operation = "GetStatementResultV2" if statement.format == "CSV" else "GetStatementResult"
            said = f"The result of the query is in {statement.format} format: use {operation}."
            raise AwsError("ValidationException", said)
        return text

    def cancel(self, id: str) -> None:
        """Raises ValidationException for what has ended already."""
        statement = self.statement(id)
        run = self._runs.get(statement.id)
        if run is None or ":" in id:
            what = "a sub-statement" if ":" in id else f"a query that is already in {statement.status} state"
            raise AwsError("ValidationException", f"Could not cancel {what} with ID: {id}")
        run.cancel()

    def listed(self, request: Mapping[str, Any]) -> list[Statement]:
        """The caller's statements that *request* asks for, the newest first."""
        self.forget_old()
        status = request.get("Status") or "ALL"
        return [
            each
            for each in sorted(self.statements.values(), key=lambda each: each.created, reverse=True)
            if self._is_of_caller(each, request)
            and (each.status == status or status == "ALL")
            and each.name.startswith(request.get("StatementName") or "")
            and all(each.where.get(name) == request[name] for name in _PLACES[:3] if request.get(name))
        ]

    @staticmethod
    def _is_of_caller(each: Statement | Session, request: Mapping[str, Any]) -> bool:
        """Whether the caller's role has it, or with ``RoleLevel=False`` his very session; a user has his own."""
        credential = _caller()
        if request.get("RoleLevel", True) and each.role:
            return each.role == credential.issuer
        return each.owner == credential.user_id

    def free(self, statement: Statement) -> None:
        """Let the statement's session have another one."""
        if session := self.sessions.get(statement.session):
            session.current, session.updated = "", self.lab.clock.now()
            self._close_old()

    def ended(self, statement: Statement) -> None:
        self._runs.pop(statement.id, None)

    def next_query_id(self) -> int:
        with self._lock:
            self._last_query_id += 1
            return self._last_query_id

    def forget_old(self) -> None:
        """Forget the statements that were made over `KEPT` ago, and their results."""
        oldest = self.lab.clock.now() - KEPT
        for id, statement in list(self.statements.items()):
            if statement.created < oldest and statement.finished:
                del self.statements[id]
                self.results.forget(id)

    def go_on(self) -> None:
        """After a start: what was under way has failed, for its connection was the lab's."""
        now = self.lab.clock.now()
        for statement in self.statements.values():
            if not statement.finished:
                statement.end("FAILED", now, "ERROR: the lab was stopped while the statement ran")
        self.forget_old()

    # Sessions

    def _session(self, request: Mapping[str, Any]) -> Session | None:
        """The session that *request* goes on with, or begins; None where it wants none."""
        self._close_old()
        if id := request.get("SessionId"):
            session = self.sessions.get(id)
            if session is None:
                raise AwsError("ResourceNotFoundException", f"Session {id} does not exist, or has ended.")
            if session.current:
                raise AwsError("ValidationException", f"Session {id} is busy with statement {session.current}.")
            if any(request.get(name) for name in _PLACES):
                said = "With SessionId neither a database nor a user can be named: the session has them."
                raise AwsError("ValidationException", said)
            self._extend(session, request.get("SessionKeepAliveSeconds") or session.seconds)
            return session
        if not (seconds := request.get("SessionKeepAliveSeconds")):
            return None
        if len(self.sessions) >= MOST_SESSIONS:
            said = f"There are {MOST_SESSIONS} sessions, which is the most."
            raise AwsError("ActiveSessionsExceededException", said)
        place, now, credential = login(self.lab, self.region_name, request), self.lab.clock.now(), _caller()
        where = {name: str(request[name]) for name in _PLACES if request.get(name)}
        session = Session(new_id(), credential.user_id, credential.issuer, place, where, seconds, now, now, 0.0)
        self.sessions[session.id] = session
        self._extend(session, seconds)
        return session

    def _extend(self, session: Session, seconds: int) -> None:
        session.seconds, session.end = seconds, self.lab.clock.time() + seconds
        self.lab.timer.at(session.end, f"end of session {session.id}", self._close_old)

    @staticmethod
    def _connected(session: Session) -> Connection:
        """The session's connection, made for its first statement. Raises Failed."""
        if session.connection is None:
            session.connection = Connection(session.login)
        return session.connection

    def _close_old(self) -> None:
        for session in list(self.sessions.values()):
            if session.end <= self.lab.clock.time() and not session.current:
                del self.sessions[session.id]
                if session.connection:
                    session.connection.close()

    def listed_sessions(self, request: Mapping[str, Any]) -> list[dict[str, Any]]:
        self._close_old()
        now = self.lab.clock.time()
        told = [each.described(now) for each in self.sessions.values() if self._is_of_caller(each, request)]
        names = ("SessionId", "Status", "ClusterIdentifier", "WorkgroupName", "Database")
        return [each for each in told if all(each.get(name) == request[name] for name in names if request.get(name))]

    # The catalog

    def connect(self, request: Mapping[str, Any]) -> Connection:
        """For what is asked and answered in one call. Raises AwsError, and Failed."""
        return Connection(login(self.lab, self.region_name, request, request.get("ConnectedDatabase")))


def _caller() -> Credential:
    credential = current_call.get().credential
    assert credential
    return credential
