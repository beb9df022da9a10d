"""The one DuckDB of a lab, and a query's own corner of it."""

from __future__ import annotations

import json
import logging
import shutil
import threading
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import Any

import duckdb

from localaws.children import Cancelled, Children, Overrun
from localaws.engines.athena.errors import QueryCancelled, QueryFailure
from localaws.engines.athena.functions import natives, rows
from localaws.engines.athena.sql.column_types import INSTANT, ZONE
from localaws.engines.athena.sql.quoting import literal, texts
from localaws.lab import Lab

log = logging.getLogger(__name__)

_numbers = count(1)

# Gap 0: else DuckDB reads columns that nobody asked for along with their neighbours, more of them or fewer as its
# threads happen to run, and what a query scanned would differ from run to run.
# type_pushdown would move a TRY_CAST into a reader of text, where it fails instead of giving NULL
_SETTINGS = """
SET disabled_optimizers = 'type_pushdown';
SET allow_persistent_secrets = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET memory_limit = '60%';
SET GLOBAL parquet_prefetch_column_gap = 0;
"""
_SESSION_SETTINGS = """
SET TimeZone = 'UTC';
SET parquet_metadata_cache = true;
SET profiling_coverage = 'ALL';
SET tracked_metrics = ['io.*'];
"""


class Runtime:
    """DuckDB in process, shared by all queries so that they share the machine's threads fairly.

    It reads and writes only the lab's objects and its own scratch directory.
    """

    def __init__(self, lab: Lab, objects: Path) -> None:
        self.scratch = lab.directory / "athena" / "scratch"
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        self._database = duckdb.connect(":memory:")
        self._lock = threading.Lock()
        self._database.execute(_SETTINGS)
        self.children = Children(rows.__name__)
        self.children.prepare()
        natives.register(self._database, self.children)
        macros = files("localaws.engines.athena.functions").joinpath("macros.sql").read_text()
        self._database.execute(macros.replace("$instant", INSTANT).replace("$zone", ZONE))
        self._database.execute(f"SET temp_directory = {literal(str(self.scratch / 'spill'))}")
        self._database.execute(f"SET allowed_directories = {texts([str(objects), str(self.scratch)])}")
        self._database.execute("SET enable_external_access = false")

    def open(self, query_id: str) -> Session:
        """A session for one query."""
        with self._lock:
            cursor = self._database.cursor()
        return Session(cursor, self.scratch / query_id, self.children)

    def close(self) -> None:
        self.children.close()
        self._database.interrupt()
        with self._lock:
            self._database.close()
            del self._database  # and what it holds of Python's: the functions registered with it


class Session:
    """A query's own connection and directory. To be closed."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, directory: Path, children: Children) -> None:
        self.cursor = cursor
        self._children = children
        self._number = next(_numbers)
        self.directory = directory
        self.directory.mkdir()
        self._cancelled = threading.Event()
        self._closed = threading.Event()
        self._closing = threading.Lock()
        self.bytes_read = 0
        self.uris: dict[str, str] = {}
        """The object behind each file that the query reads: a path of this machine is nobody's business."""
        cursor.execute(_SESSION_SETTINGS)
        cursor.execute(f"SET VARIABLE {natives.SESSION} = {self._number}")

    def run(self, sql: str, measured: bool = False) -> list[tuple[Any, ...]]:
        """Execute *sql* and fetch its rows; if *measured*, what it reads counts as scanned.

        Raises QueryCancelled once the query is cancelled.
        """
        self.check()
        try:
            if not measured:
                return self.cursor.execute(sql).fetchall()
            self.cursor.execute("SET enable_profiling = 'no_output'")
            try:
                return self.cursor.execute(sql).fetchall()
            finally:
                self.bytes_read += self._measure()
                self.cursor.execute("RESET enable_profiling")
        except duckdb.InterruptException:
            raise QueryCancelled from None
        finally:
            self.check()

    def in_child(self, function: str, *arguments: Any) -> Any:
        """What a function of rows.py gives, computed where `cancel` ends it. Raises QueryCancelled, QueryFailure."""
        self.check()
        try:
            return self._children.call(function, *arguments, owner=self._number)
        except Cancelled:
            raise QueryCancelled from None
        except Overrun as overrun:
            raise QueryFailure("EXCEEDED_LOCAL_MEMORY_LIMIT", f"Query exceeded its limits: {overrun}") from None

    def bind(self, sql: str) -> tuple[list[str], list[Any]]:
        """The names and DuckDB's types of a query's columns, without running it."""
        self.check()
        relation = self.cursor.sql(sql)
        return list(relation.columns), list(relation.types)

    def cancel(self) -> None:
        """Make whatever runs end soon; safe from any thread."""
        self._cancelled.set()
        threading.Thread(target=self._interrupt, name="athena-cancel", daemon=True).start()

    def _interrupt(self) -> None:
        """Until it is closed: DuckDB forgets an interrupt that comes just before a statement begins."""
        while not self._closed.is_set():
            with self._closing:
                if not self._closed.is_set():
                    self._children.cancel(self._number)
                    self.cursor.interrupt()
            self._closed.wait(0.05)

    def close(self) -> None:
        self._closed.set()
        with self._closing:
            self.cursor.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def check(self) -> None:
        """Raises QueryCancelled once the query is cancelled."""
        if self._cancelled.is_set():
            raise QueryCancelled

    def _measure(self) -> int:
        try:
            profile = json.loads(self.cursor.get_profiling_information(format="json"))
        except duckdb.Error:  # the statement failed before it ran
            return 0
        return int(profile.get("io", {}).get("total_bytes_read", 0))
