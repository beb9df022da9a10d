"""What the work on one statement needs, and the steps that several statements share."""

from __future__ import annotations

import shutil
from datetime import datetime
from pathlib import Path
from typing import Any

from sqlglot import exp

from localaws.engines.athena import results, statements
from localaws.engines.athena.execution import Execution
from localaws.engines.athena.managed import ManagedResults
from localaws.engines.athena.planner import Explained, Planner
from localaws.engines.athena.sql.dialect import Translator
from localaws.lake.catalog import Catalog
from localaws.lake.column_types import Type
from localaws.lake.errors import QueryCancelled
from localaws.lake.objects import Lake
from localaws.lake.quoting import literal
from localaws.lake.runtime import Session

SCANNED_TOO_MUCH = "Query cancelled! : Bytes scanned limit was exceeded"


class Job:
    """One statement at work."""

    def __init__(
        self, execution: Execution, session: Session, catalog: Catalog, lake: Lake, sql: str, now: datetime
    ) -> None:
        self.execution = execution
        self.session = session
        self.catalog = catalog
        self.lake = lake
        self.sql = sql
        self.now = now
        self.explained: Explained = ""
        self.source_bytes = 0
        """The size of everything that the statement reads from: it cannot scan more."""

    def client(self, service: str) -> Any:
        """A client of another service, for what the statement has to do there."""
        return self.lake.client(service)

    def become(self, sql: str) -> None:
        """Go on as the statement *sql*: what EXECUTE means."""
        self.sql = statements.strip(sql)
        self.execution.become(statements.classify(self.sql))

    @property
    def upload_settings(self) -> dict[str, Any]:
        """PutObject's parameters for how results are to be encrypted."""
        option = self.execution.configuration.get("EncryptionConfiguration", {})
        match option.get("EncryptionOption"):
            case "SSE_S3":
                return {"ServerSideEncryption": "AES256"}
            case "SSE_KMS":
                return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": option.get("KmsKey", "")}
        return {}

    def plan(self, query: exp.Expr) -> tuple[str, list[tuple[str, Type]]]:
        """DuckDB's SQL for *query*, and the columns that it gives. Raises QueryFailure for what is wrong with it."""
        translator = Translator(self.sql, self.now)
        planner = Planner(self.session, self.catalog, self.lake, self.execution.database, translator, self.explained)
        sql = planner.plan(query)
        self.source_bytes = planner.source_bytes
        self.execution.governed |= planner.is_governed
        self.execution.tables += planner.tables
        self.execution.readers = {**self.execution.readers, **planner.readers}
        columns = self.session.bind(sql)
        if self.execution.cutoff and planner.text_bytes > self.execution.cutoff:
            self.execution.scanned = self.execution.cutoff  # it would be stopped there
            raise QueryCancelled(SCANNED_TOO_MUCH)
        return translator.with_inferred_types(sql, columns, written=self.execution.kind.name != "select")

    def copy(self, sql: str, target: Path, options: str) -> int:
        """Write the answer of *sql* to local files; returns the number of rows. Counts what is read as scanned."""
        answer = self.measured(f"COPY ({sql}) TO {literal(str(target))} ({options})")
        return int(answer[0][0]) if answer else 0

    def measured(self, sql: str) -> list[tuple[Any, ...]]:
        """Execute *sql*, made of what `plan` gave. Counts what is read as scanned."""
        answer = self.session.run(sql, measured=True)
        self.execution.scanned = min(self.session.bytes_read, self.source_bytes)
        if self.execution.cutoff and self.execution.scanned > self.execution.cutoff:
            raise QueryCancelled(SCANNED_TOO_MUCH)
        return answer

    def write_rows(self, columns: list[tuple[str, Type]], rows: list[tuple[str, ...]], separator: str = "\t") -> None:
        """The result of a statement that tells texts (SHOW, DESCRIBE, EXPLAIN): a .txt file without a header."""
        text = "".join(separator.join(row) + "\n" for row in rows)
        self.execution.columns = columns
        self._keep(text.encode())

    def _keep(self, result: bytes | Path) -> None:
        """Leave the *result*, or the file of that path, in the output location, and its columns beside it."""
        output, settings = self.execution.output, self.upload_settings
        if self.execution.managed:
            ManagedResults(self.lake.lab).put(output, result)
            return
        if isinstance(result, Path):
            self.lake.upload(result, output, **settings)
        else:
            self.lake.put(result, output, **settings)
        self.lake.put(results.metadata(self.execution.columns), f"{output}.metadata", **settings)

    def select(self, query: exp.Expr) -> None:
        """Run *query* and leave its answer in the output location."""
        sql, columns = self.plan(query)
        columns = results.shown(columns)
        self.execution.passed("QueryPlanningTime")
        target, rows = self.session.directory / "result.csv", self.session.directory / "rows.csv"
        self.copy(results.printed(sql, columns), rows, "FORMAT csv, HEADER false, FORCE_QUOTE *, NULL ''")
        with target.open("wb") as whole, rows.open("rb") as body:
            whole.write(results.header(columns).encode())  # DuckDB's own would call a second column of a name foo_1
            shutil.copyfileobj(body, whole)
        self.execution.passed("EngineExecutionTime")
        self.execution.columns = columns
        self._keep(target)
