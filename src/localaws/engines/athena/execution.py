"""A query execution: what StartQueryExecution made, and how far it has come."""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from localaws.credentials import Credential
from localaws.engines.athena.errors import athena_error
from localaws.engines.athena.statements import Kind
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryFailure
from localaws.lake.runtime import Session

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class Execution:
    """One run of one statement; times are the lab's, durations milliseconds that really passed."""

    query: str
    kind: Kind
    context: dict[str, str]
    configuration: dict[str, Any]
    workgroup: str
    cutoff: int | None
    submitted: float
    parameters: list[str] | None = None
    reuse: dict[str, Any] | None = None
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    state: str = "QUEUED"
    reason: str | None = None
    error: dict[str, Any] | None = None
    completed: float | None = None
    columns: list[tuple[str, Type]] = field(default_factory=list)
    rows_written: int | None = None
    scanned: int = 0
    manifest: str | None = None
    reused: str | None = None
    session: Session | None = None
    cancelled: bool = False
    milliseconds: dict[str, int] = field(default_factory=dict)
    enforced: bool = False
    managed: bool = False
    """Whether Athena keeps the result itself, instead of in a bucket."""
    governed: bool = False
    """Whether it read something that is not left to IAM: its result is nobody else's."""
    tables: tuple[tuple[str, str], ...] = ()
    readers: dict[str, Credential] = field(default_factory=dict)
    """Who has read the objects of a registered location, by tables' locations; all others were read by who asked."""
    lock: threading.Lock = field(default_factory=threading.Lock)
    on_end: Callable[[Execution, str], None] | None = None

    def __post_init__(self) -> None:
        self._started = time.perf_counter()
        self._mark = self._started
        self.base = base = "" if self.managed else self.configuration["OutputLocation"].rstrip("/") + "/"
        self._place(base)

    def __getstate__(self) -> dict[str, Any]:
        """All that the API tells; what runs the query, and is told of its end, goes with the process."""
        return {**vars(self), "session": None, "on_end": None, "readers": {}}

    def become(self, kind: Kind) -> None:
        """What EXECUTE turns into decides where the result goes."""
        self.kind = replace(self.kind, name=kind.name, type=kind.type)
        self._place(self.base)

    def _place(self, base: str) -> None:
        if self.kind.name == "create_table_as":
            self.output = f"{base}tables/{self.id}"
        elif self.kind.name in ("insert", "unload"):
            self.output = f"{base}{self.id}"
        else:
            rows = self.kind.name in ("select", "execute", "update", "delete", "merge")
            self.output = f"{base}{self.id}.{'csv' if rows else 'txt'}"

    @property
    def database(self) -> str:
        return self.context.get("Database", "default").strip('`"').lower()

    @property
    def has_header(self) -> bool:
        """Whether GetQueryResults begins with the columns' names: for a SELECT it does."""
        return self.output.endswith(".csv")

    def passed(self, phase: str) -> None:
        """Note that *phase* (QueryQueueTime …) ends here."""
        now = time.perf_counter()
        self.milliseconds[phase] = self.milliseconds.get(phase, 0) + round((now - self._mark) * 1000)
        self._mark = now

    def finish(self, state: str, when: float, failure: QueryFailure | None = None, reason: str | None = None) -> None:
        with self.lock:
            if self.state in FINAL:
                return
            self.milliseconds["TotalExecutionTime"] = round((time.perf_counter() - self._started) * 1000)
            self.completed = when
            self.reason = str(failure) if failure else reason
            self.error = athena_error(failure) if failure else None
            if self.on_end:
                self.on_end(self, state)
            self.state = state  # last: who sees it may read the rest

    def _results(self) -> dict[str, Any]:
        if self.managed:
            return {"ManagedQueryResultsConfiguration": {"Enabled": True}}
        return {"ResultConfiguration": {**self.configuration, "OutputLocation": self.output}}

    def describe(self) -> dict[str, Any]:
        """QueryExecution of the API."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.error:
            status["AthenaError"] = self.error
        reuse: dict[str, Any] = {"ReusedPreviousResult": self.reused is not None}
        statistics: dict[str, Any] = {
            "DataScannedInBytes": self.scanned,
            **{f"{phase}InMillis": spent for phase, spent in self.milliseconds.items()},
            "ResultReuseInformation": reuse,
        }
        if self.manifest and self.state == "SUCCEEDED":
            statistics["DataManifestLocation"] = self.manifest
        described = {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.kind.type,
            **self._results(),
            "ResultReuseConfiguration": self.reuse or {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": self.context,
            "Status": status,
            "Statistics": statistics,
            "WorkGroup": self.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": "AUTO",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
            "SubstatementType": self.kind.substatement,
        }
        if self.parameters:
            described["ExecutionParameters"] = self.parameters
        return described
