"""A statement of the Data API: what was asked, and what has become of it.

Source: Data API reference, "DescribeStatement", "SubStatementData", "StatementData".
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

#: How long a statement and its result are kept ("Considerations when calling the Amazon Redshift Data API").
KEPT = timedelta(hours=24)
UNFINISHED = ("SUBMITTED", "PICKED", "STARTED")


@dataclass
class SubStatement:
    """One text of SQL. *duration* is in nanoseconds, *size* in bytes; -1 stands for nothing, as in the API."""

    id: str
    sql: str
    created: datetime
    updated: datetime
    status: str = "SUBMITTED"
    duration: int = 0
    error: str = ""
    rows: int = -1
    size: int = -1
    query_id: int = -1
    columns: list[dict[str, Any]] | None = None  # of its result; None where it has none

    def described(self) -> dict[str, Any]:
        return {
            "Id": self.id,
            "Status": self.status,
            "Duration": self.duration,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "QueryString": self.sql,
            "ResultRows": self.rows,
            "ResultSize": self.size,
            "RedshiftQueryId": self.query_id,
            "HasResultSet": self.columns is not None,
            **({"Error": self.error} if self.error else {}),
        }


@dataclass
class Statement:
    """What one call has asked for: a text, or several in a batch.

    Attributes:
        owner: ``aws:userid`` of who asked, and *principal* his ARN; *role* is the ARN of his role, if he has one.
        where: the request's ClusterIdentifier or WorkgroupName, Database, DbUser, SecretArn.
        arn: of the cluster or workgroup.
        asked: the whole request, by which a second one with the same token is known.
    """

    id: str
    owner: str
    principal: str
    role: str
    where: dict[str, str]
    arn: str
    texts: list[SubStatement]
    created: datetime
    updated: datetime
    asked: dict[str, Any]
    is_batch: bool = False
    status: str = "SUBMITTED"
    error: str = ""
    duration: int = 0
    pid: int = 0
    session: str = ""
    cancelled: bool = field(default=False)

    @property
    def name(self) -> str:
        return str(self.asked.get("StatementName") or "")

    @property
    def format(self) -> str:
        return str(self.asked.get("ResultFormat") or "JSON")

    @property
    def in_transaction(self) -> bool:
        return self.is_batch and self.asked.get("ExecutionMode") != "AUTO_COMMIT"

    @property
    def finished(self) -> bool:
        return self.status not in UNFINISHED

    def text(self, id: str) -> SubStatement | None:
        """The text that *id* is of: its own, or that of a batch ("…:2")."""
        return next((each for each in self.texts if each.id == id), None)

    def end(self, status: str, now: datetime, error: str = "") -> None:
        """Let it, and what of it has not ended, be *status*."""
        self.status, self.updated, self.error = status, now, error
        for each in self.texts:
            if each.status in UNFINISHED:
                each.status, each.updated = "ABORTED" if self.is_batch else status, now
                each.error = "" if self.is_batch else error

    def answer(self) -> dict[str, Any]:
        """What ExecuteStatement tells."""
        return {
            "Id": self.id,
            "CreatedAt": self.created,
            "Status": self.status,
            **({"SessionId": self.session} if self.session else {}),
            **self.where,
        }

    def described(self) -> dict[str, Any]:
        first = self.texts[0]
        told = {
            **first.described(),
            "Id": self.id,
            "Status": self.status,
            "Duration": self.duration,
            "UpdatedAt": self.updated,
            "RedshiftPid": self.pid,
            "ResultFormat": self.format,
            **{name: value for name, value in self.where.items() if value},
        }
        if self.is_batch:
            last = self.texts[-1]
            told |= {"ResultRows": last.rows, "ResultSize": last.size, "HasResultSet": last.columns is not None}
            told |= {"SubStatements": [each.described() for each in self.texts], "RedshiftQueryId": last.query_id}
            told |= {"ExecutionMode": self.asked.get("ExecutionMode") or "TRANSACTION"}
            del told["QueryString"]
        if self.asked.get("Parameters"):
            told["QueryParameters"] = self.asked["Parameters"]
        if self.session:
            told["SessionId"] = self.session
        told.pop("Error", None)
        return told | ({"Error": self.error} if self.error else {})

    def listed(self) -> dict[str, Any]:
        """What ListStatements tells."""
        texts = [each.sql for each in self.texts]
        return {
            **({"QueryStrings": texts} if self.is_batch else {"QueryString": texts[0]}),
            "Id": self.id,
            "Status": self.status,
            "CreatedAt": self.created,
            "UpdatedAt": self.updated,
            "IsBatchStatement": self.is_batch,
            "ResultFormat": self.format,
            **({"StatementName": self.name} if self.name else {}),
            **({"SecretArn": self.where["SecretArn"]} if "SecretArn" in self.where else {}),
            **({"QueryParameters": self.asked["Parameters"]} if self.asked.get("Parameters") else {}),
            **({"SessionId": self.session} if self.session else {}),
        }
