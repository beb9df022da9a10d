"""The full load: each selected table, as it is at one moment, into numbered files."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg

from localaws.engines.dms.files import S3Settings
from localaws.engines.dms.mappings import Selection, TableMappings
from localaws.engines.dms.policies import TABLE_ERRORS, ErrorBehavior, TableSuspended
from localaws.engines.dms.source import PostgresSource
from localaws.engines.dms.spool import Layout, Spool
from localaws.engines.dms.state import CANCELLED, FAILED, RELOADING, Progress, Stopped, TableProgress
from localaws.lab import Lab

#: Rows after which the count that DescribeTableStatistics tells is brought up to date.
_COUNTED = 2000


class FullLoad:
    """Copies tables from *source* to S3, noting in *progress* what is done."""

    def __init__(
        self,
        lab: Lab,
        s3: Any,
        source: PostgresSource,
        settings: S3Settings,
        mappings: TableMappings,
        progress: Progress,
        stop: threading.Event,
        save: Callable[[], None],
        keep_files: bool,
        errors: ErrorBehavior,
    ) -> None:
        self._errors = errors
        self._lab, self._s3, self._source, self._settings = lab, s3, source, settings
        self._mappings, self._progress, self._stop, self._save = mappings, progress, stop, save
        self._keep_files = keep_files
        self._directory = lab.directory / "dms"

    def run(self, connection: psycopg.Connection[Any], snapshot: str) -> None:
        """Load every table that is not loaded yet, all at the moment of *snapshot* ("" for now)."""
        connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
        if snapshot:
            connection.execute(f"SET TRANSACTION SNAPSHOT '{snapshot}'")
        selected = self.selected(connection)
        for schema, table, _ in selected:
            self._progress.table(schema, table)
        for schema, table, selection in selected:
            progress = self._progress.table(schema, table)
            if not progress.loaded and not progress.suspended:
                self.load(connection, progress, selection)
        connection.execute("COMMIT")

    def selected(self, connection: psycopg.Connection[Any]) -> list[tuple[str, str, Selection]]:
        """The tables of the source that the mappings select.

        Raises LookupError if there are none, unless FailOnNoTablesCaptured is false.
        """
        found = []
        for schema, table in self._source.tables(connection):
            selection = self._mappings.select(schema, table)
            if selection:
                found.append((schema, table, selection))
        if not found and self._errors.fail_on_no_tables:
            raise LookupError("No tables were found at task initialization: no table of the source fits the mappings.")
        return found

    def load(self, connection: psycopg.Connection[Any], progress: TableProgress, selection: Selection) -> None:
        """Load one table from its beginning, replacing what an earlier attempt has written.

        Returns too when an error has suspended it. Raises TaskStopped where that is the policy.
        """
        progress.suspended = False
        progress.TableState = RELOADING if progress.FullLoadReloaded else "Full load"
        progress.FullLoadRows, progress.FullLoadErrorRows = 0, 0
        progress.FullLoadStartTime = self._lab.clock.time()
        self._save()
        try:
            self._write(connection, progress, selection)
        except TableSuspended:
            progress.TableState = FAILED
            self._save()
            return
        except Exception:  # where the task is to stop, its source may have been cut off
            progress.TableState = CANCELLED if self._stop.is_set() else FAILED
            raise
        progress.FullLoadEndTime = progress.LastUpdateTime = self._lab.clock.time()
        progress.TableState = "Table completed"
        self._save()

    def _write(self, connection: psycopg.Connection[Any], progress: TableProgress, selection: Selection) -> None:
        try:
            with connection.transaction():  # a savepoint: an error of one table must not end that of the others
                self._write_files(connection, progress, selection)
        except TABLE_ERRORS as error:
            self._errors.table_failed(progress, error)

    def _write_files(self, connection: psycopg.Connection[Any], progress: TableProgress, selection: Selection) -> None:
        settings, name = self._settings, (progress.SchemaName, progress.TableName)
        target = self._mappings.target(*name, self._source.columns(connection, *name))
        if not self._keep_files:
            delete_below(self._s3, settings.bucket, settings.folder_of(target))
        layout = Layout(target, settings, settings.op_in_full_load)
        now = f"{self._lab.clock.now():%Y-%m-%d %H:%M:%S.%f}"
        first, last = ["I"] if layout.with_op else [], [now] if settings.timestamp_column else []
        rows = self._source.copy(connection, name, target.columns, selection, settings.form, first, last)
        with closing(rows), closing(self._files(rows, layout, progress)) as files:  # an error ends COPY at once
            for number, spool in enumerate(files, 1):
                upload(self._s3, settings.bucket, settings.load_key(target, number), spool)
                progress.FullLoadErrorRows += len(spool.faults)
                progress.FullLoadRows -= len(spool.faults)
                self._errors.rows_left_out(progress, spool.faults)

    def _files(
        self, rows: Iterable[memoryview], layout: Layout, progress: TableProgress
    ) -> Generator[Spool, None, None]:
        """*rows* in files of MaxFileSize."""
        spool: Spool | None = None
        uncounted = 0
        for row in rows:
            if spool is None:
                spool = Spool(self._directory, layout, self._settings, self._stop)
            spool.write(row)
            uncounted += 1
            if uncounted == _COUNTED:
                progress.FullLoadRows, uncounted = progress.FullLoadRows + uncounted, 0
            if self._stop.is_set():
                spool.close()
                raise Stopped
            if spool.size >= self._settings.most_bytes:
                yield spool
                spool = None
        progress.FullLoadRows += uncounted
        if spool:
            yield spool


def upload(s3: Any, bucket: str, key: str, spool: Spool) -> None:
    """Put the finished file; it is there whole or not at all."""
    with spool.finish() as body:
        s3.put_object(Bucket=bucket, Key=key, Body=body)


def delete_below(s3: Any, bucket: str, prefix: str) -> None:
    """Remove a table's files, as TargetTablePrepMode DROP_AND_CREATE and TRUNCATE_BEFORE_LOAD do."""
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys, "Quiet": True})


def spool_directory(lab: Lab) -> Path:
    """Where files lie until they are whole."""
    path = lab.directory / "dms"
    path.mkdir(exist_ok=True, mode=0o700)
    return path
