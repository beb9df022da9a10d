"""The statements that a cluster has run, for STL_QUERY, SYS_QUERY_HISTORY and the like. A restart keeps them.

Source: Redshift database developer guide, "STL_QUERY", "SYS_QUERY_HISTORY" (whose tables hold some days).
"""

from __future__ import annotations

import json
import threading
from collections import deque
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import count
from pathlib import Path

from localaws.warehouse.sql.splitting import Statement

_MOST = 10_000


def now() -> datetime:
    """Of the machine, in UTC without a zone, as the views show it."""
    return datetime.now(UTC).replace(tzinfo=None)


@dataclass
class Ran:
    """One statement.

    Attributes:
        kind: "SELECT", "DDL", "COPY" and so on, as SYS_QUERY_HISTORY tells them.
        error: what it ended with, or "".
        rows: that it gave or changed; -1 where nobody has counted.
    """

    query: int
    transaction: int
    process: int
    user: str
    database: str
    kind: str
    text: str
    label: str
    start: str
    end: str = ""
    error: str = ""
    cancelled: bool = False
    rows: int = -1

    @property
    def microseconds(self) -> int:
        ended = datetime.fromisoformat(self.end) if self.end else now()
        return int((ended - datetime.fromisoformat(self.start)).total_seconds() * 1_000_000)


_KINDS = {
    "SELECT": "SELECT", "WITH": "SELECT", "INSERT": "INSERT", "UPDATE": "UPDATE", "DELETE": "DELETE", "MERGE": "MERGE",
    "COPY": "COPY", "UNLOAD": "UNLOAD", "CREATE": "DDL", "ALTER": "DDL", "DROP": "DDL", "TRUNCATE": "DDL",
    "GRANT": "DDL", "REVOKE": "DDL", "COMMENT": "DDL", "REFRESH": "REFRESH MATERIALIZED VIEW", "CALL": "CALL",
}  # fmt: skip


def kind_in_history(statement: Statement) -> str:
    """What SYS_QUERY_HISTORY calls a statement's kind."""
    words = [token.text.upper() for token in statement.tokens]
    if words[0] == "CREATE" and "TABLE" in words[:4] and "SELECT" in words:
        return "CTAS"
    return _KINDS.get(words[0].lstrip("("), "UTILITY")


class History:
    """Kept in *file*, a line for each statement."""

    def __init__(self, file: Path) -> None:
        self._lock = threading.Lock()
        self._done: deque[Ran] = deque(maxlen=_MOST)
        self._running: dict[int, Ran] = {}
        if file.exists():
            lines = file.read_text(errors="replace").splitlines()[-_MOST:]
            self._done.extend(Ran(**json.loads(line)) for line in lines if line.endswith("}"))
        fresh = file.with_suffix(".new")
        fresh.write_text("".join(json.dumps(asdict(each)) + "\n" for each in self._done))
        fresh.replace(file)
        self._file = file.open("a", buffering=1)
        self._numbers = count(self._done[-1].query + 1 if self._done else 1)

    def begin(self, process: int, transaction: int, user: str, database: str, kind: str, text: str, label: str) -> Ran:
        with self._lock:
            ran = Ran(
                next(self._numbers), transaction, process, user, database, kind, text, label, now().isoformat(" ")
            )
            self._running[ran.query] = ran
            return ran

    def end(self, ran: Ran) -> None:
        with self._lock:
            ran.end = now().isoformat(" ")
            self._running.pop(ran.query, None)
            self._done.append(ran)
            self._file.write(json.dumps(asdict(ran)) + "\n")

    def done(self) -> list[Ran]:
        with self._lock:
            return list(self._done)

    def running(self) -> list[Ran]:
        with self._lock:
            return list(self._running.values())
