"""Change data capture: committed transactions, in order, into files named by time.

Files are written, then the slot is told: what the source forgets is always safe in S3. The state file knows which batch
is being written, so that after a crash the same batch goes to the same files.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import Any

import psycopg

from localaws.engines.dms.decoding import Change
from localaws.engines.dms.files import S3Settings, csv_row, rewriting
from localaws.engines.dms.load import upload
from localaws.engines.dms.mappings import Selection, TableMappings, Target
from localaws.engines.dms.policies import ErrorBehavior, TableSuspended
from localaws.engines.dms.source import PostgresSource
from localaws.engines.dms.spool import Layout, Spool
from localaws.engines.dms.state import FAILED, Progress, Stopped
from localaws.lab import Lab

_OPERATIONS = {"I": "Inserts", "U": "Updates", "D": "Deletes"}
#: Seconds between two looks at the slot.
_POLL = 0.25


class _Table:
    """The captured table *name* as it is now; ``part`` counts its shapes, for a file has one shape."""

    def __init__(
        self, name: tuple[str, str], target: Target, selection: Selection, settings: S3Settings, part: int = 0
    ) -> None:
        self.name = name
        self.target = target
        self.selection = selection
        self.layout = Layout(target, settings, settings.op_in_changes)
        self.part = part
        self._plan = [(column, rewriting(column)) for column in target.columns]

    def values(self, change: Change) -> list[str | None]:
        """The columns' texts, as a full load writes them."""
        values: list[str | None] = [change.op] if self.layout.with_op else []
        for column, rewrite in self._plan:
            value = column.value(change.row)
            values.append(rewrite(value) if rewrite and value is not None else value)
        return values


class Capture:
    """Reads the slot of *progress* and writes what it holds to S3 until *stop*."""

    def __init__(
        self,
        lab: Lab,
        s3: Any,
        source: PostgresSource,
        settings: S3Settings,
        mappings: TableMappings,
        progress: Progress,
        save: Callable[[], None],
        errors: ErrorBehavior,
        stop: threading.Event,
    ) -> None:
        self._errors, self._stop = errors, stop
        self._lab, self._s3, self._source, self._settings = lab, s3, source, settings
        self._mappings, self._progress, self._save = mappings, progress, save
        self._tables: dict[tuple[str, str], _Table | None] = {}
        self._shapes: dict[tuple[str, str], set[str]] = {}

    def run(self, between: Callable[[psycopg.Connection[Any]], None]) -> None:
        """Capture until the task is to stop; *between* is called between batches, for reloads."""
        with self._source.connect() as reader, self._source.connect() as catalog:
            if self._progress.batch:
                self._finish_broken_batch(reader, catalog)
            since: float | None = None  # when the oldest change that waits was first seen
            while not self._stop.is_set():
                between(catalog)
                began = time.monotonic()
                position = self._source.position(reader)
                size, end = self._source.waiting(reader, self._progress.slot)
                now = self._lab.clock.time()
                if end is None:
                    since = None
                    self._source.skip_idle(reader, self._progress.slot, position)
                else:
                    since = now if since is None else since
                    if size >= self._settings.enough_bytes or now - since >= self._settings.interval:
                        self._write_batch(reader, catalog, end, self._lab.clock.now())
                        since = None
                        continue
                # Each look decodes all that waits: look the less often the longer it takes.
                pause = max(_POLL, 5 * (time.monotonic() - began))
                if since:
                    pause = min(pause, self._settings.interval - (now - since))
                self._lab.clock.poll(self._stop, pause, found=False)

    def _finish_broken_batch(self, reader: psycopg.Connection[Any], catalog: psycopg.Connection[Any]) -> None:
        batch = self._progress.batch
        assert batch is not None
        if self._source.confirmed(reader, self._progress.slot, batch["end"]):
            self._progress.batch = None
        else:
            self._write_batch(reader, catalog, batch["end"], datetime.fromisoformat(batch["stamp"]))

    def _write_batch(
        self, reader: psycopg.Connection[Any], catalog: psycopg.Connection[Any], end: str, stamp: datetime
    ) -> None:
        """Write everything up to the log position *end*, and let the source forget it."""
        self._progress.batch = {"end": end, "stamp": stamp.isoformat()}
        self._save()
        spools: dict[str, tuple[_Table, Spool]] = {}
        counts: Counter[tuple[str, str, str]] = Counter()
        keys: dict[_Table, str] = {}  # of the transaction that was committed at *moment*
        moment = None
        for committed, change in self._source.peek(reader, self._progress.slot, end):
            if self._stop.is_set():
                raise Stopped
            if committed != moment:
                keys, moment = {}, committed
            table = self._table_of(catalog, change, counts)
            if table is None or not self._wanted(change, table):
                continue
            if self._progress.table(change.schema, change.table).suspended:
                continue
            if table not in keys:
                keys[table] = self._settings.change_key(table.target, committed, stamp, table.part)
                if keys[table] not in spools:
                    spool = Spool(self._lab.directory / "dms", table.layout, self._settings, self._stop)
                    spools[keys[table]] = table, spool
            spools[keys[table]][1].write(self._row(change, table, committed))
            counts[change.schema, change.table, _OPERATIONS[change.op]] += 1
        for key, (table, spool) in spools.items():
            upload(self._s3, self._settings.bucket, key, spool)
            progress = self._progress.table(*table.name)
            try:
                self._errors.rows_left_out(progress, spool.faults)
            except TableSuspended:
                progress.TableState = FAILED
        self._source.advance(reader, self._progress.slot, end)
        for (schema, name, operation), count in counts.items():
            progress = self._progress.table(schema, name)
            setattr(progress, operation, getattr(progress, operation) + count)
            progress.LastUpdateTime = self._lab.clock.time()
        self._progress.batch, self._progress.checkpoint = None, end
        self._save()

    def _wanted(self, change: Change, table: _Table) -> bool:
        if self._settings.inserts_only and change.op != "I":
            return False
        if self._settings.no_deletes and change.op == "D":
            return False
        return table.selection.holds(change.row)

    def _row(self, change: Change, table: _Table, committed: datetime) -> bytes:
        values = table.values(change)
        if self._settings.timestamp_column:
            values.append(f"{committed:%Y-%m-%d %H:%M:%S.%f}")
        return csv_row(values, self._settings.form)

    def _table_of(
        self, catalog: psycopg.Connection[Any], change: Change, counts: Counter[tuple[str, str, str]]
    ) -> _Table | None:
        """The changed table, None if it is not selected; looked up again when a column is new."""
        name = change.schema, change.table
        if name in self._tables and change.row.keys() <= self._shapes[name]:
            return self._tables[name]
        selection = self._mappings.select(*name)
        known = self._tables.get(name)
        columns = self._source.columns(catalog, *name) if selection else []
        self._shapes[name] = {column.name for column in columns} | change.row.keys()
        if selection is None or not columns:
            self._tables[name] = None
            return None
        target = self._mappings.target(*name, columns)
        if known and known.target != target:
            counts[(*name, "Ddls")] += 1
        part = known.part + 1 if known and known.target != target else 0
        self._tables[name] = _Table(name, target, selection, self._settings, part)
        progress = self._progress.table(*name)
        if progress.TableState == "Before load":  # a table of a CDC task, or one that is newer than the full load
            progress.TableState = "Table completed"
        return self._tables[name]
