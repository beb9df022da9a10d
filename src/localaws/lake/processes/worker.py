"""In a worker: a DuckDB that runs what the lab asks for, one query's requests after another's.

It reads and writes only the lab's objects and the scratch directory.
"""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from importlib.resources import files
from multiprocessing.connection import Connection
from multiprocessing.reduction import ForkingPickler
from pathlib import Path
from typing import Any, TypeVar

import duckdb
import psutil
from duckdb.func import FunctionNullHandling, PythonUDFType

from localaws.lake.column_types import Type, from_duckdb
from localaws.lake.errors import QueryFailure
from localaws.lake.files import (  # noqa: F401 # before the fork, for all workers
    avro,
    cloudtrail,
    json_keys,
    matching,
    text_repair,
)
from localaws.lake.quoting import literal, texts
from localaws.lifeline import hold

# Gap 0: else DuckDB reads columns that nobody asked for along with their neighbours, more of them or fewer as its
# threads happen to run, and what a query scanned would differ from run to run.
# type_pushdown would move a TRY_CAST into a reader of text, where it fails instead of giving NULL
_SETTINGS = """
SET disabled_optimizers = 'type_pushdown';
SET allow_persistent_secrets = false;
SET autoinstall_known_extensions = false;
SET autoload_known_extensions = false;
SET GLOBAL parquet_prefetch_column_gap = 0;
"""
_SESSION_SETTINGS = """
SET TimeZone = 'UTC';
SET parquet_metadata_cache = true;
SET profiling_coverage = 'ALL';
SET tracked_metrics = ['io.*'];
"""
#: What DuckDB may keep in memory of what it could put on disk instead, and how much it may put there.
_MEMORY, _DISK = min(2 << 30, psutil.virtual_memory().total // 4), 20 << 30
#: Bytes of an answer to the lab. Results of queries are files.
_LARGEST_ANSWER = 64 << 20
#: Letters of an error's text, at its beginning and at its end.
_MOST_TOLD = 16 << 10
#: A worker that keeps more than this after a query is not used again: allocators seldom give memory back.
_KEPT = 512 << 20
_NICENESS = 5
#: Makes the functions of an engine's SQL known to a database.
Prepare = Callable[[duckdb.DuckDBPyConnection], None]
_Error = TypeVar("_Error", bound=Exception)


def spill(scratch: Path, process_id: int) -> Path:
    """Where the DuckDB of a worker puts what does not fit into memory."""
    return scratch / f"spill-{process_id}"


def serve(lab: socket.socket, lifeline: socket.socket, objects: Path, scratch: Path, prepare: Prepare) -> None:
    """Answer the lab's requests until there are no more. A request is a method's name and its arguments.

    The lab holds the other end of the *lifeline* too, and never says anything there.
    """
    os.nice(_NICENESS)
    with suppress(OSError):  # where Linux runs out of memory, it is to end us and not the lab
        Path("/proc/self/oom_score_adj").write_text("1000")
    connection = Connection(lab.detach())
    worker = Worker(objects, scratch, prepare)
    if not hold(lifeline.fileno()):  # the forker, which else ends us with the lab, may be gone too
        return
    while True:
        try:
            method, *arguments = connection.recv()
        except (EOFError, OSError):
            return
        connection.send_bytes(_answer(getattr(worker, method), arguments))


def _answer(method: Callable[..., Any], arguments: list[Any]) -> Any:
    """Packed: whether it could be done, and what came of it, or the error."""
    try:
        packed = ForkingPickler.dumps((True, method(*arguments)))
        if len(packed) > _LARGEST_ANSWER:
            raise MemoryError
    except (duckdb.Error, ValueError, MemoryError, QueryFailure) as error:
        return ForkingPickler.dumps((False, _shortened(error)))
    except Exception as error:
        return ForkingPickler.dumps((False, RuntimeError(f"{type(error).__name__}: {error}")))
    return packed


def _shortened(error: _Error) -> _Error:
    """The *error*; the middle of its text is left out if that is long, for it may tell all of a line or a value."""
    text = str(error)
    if isinstance(error, QueryFailure) or len(text) <= 2 * _MOST_TOLD:
        return error
    return type(error)(f"{text[:_MOST_TOLD]} … {text[-_MOST_TOLD:]}")


class Worker:
    """What the lab may ask for."""

    def __init__(self, objects: Path, scratch: Path, prepare: Prepare) -> None:
        self._database = duckdb.connect(":memory:")
        self._database.execute(_SETTINGS)
        self._database.execute(files(__package__).joinpath("java.sql").read_text())
        prepare(self._database)
        self._database.execute(f"SET memory_limit = '{_MEMORY}B'")
        self._database.execute(f"SET temp_directory = {literal(str(spill(scratch, os.getpid())))}")
        self._database.execute(f"SET max_temp_directory_size = '{_DISK}B'")
        self._database.execute(f"SET allowed_directories = {texts([str(objects), str(scratch)])}")
        self._database.execute("SET enable_external_access = false")

    def open(self) -> None:
        """Begin with a query: it has its own views and settings."""
        self._cursor = self._database.cursor()
        self._cursor.execute(_SESSION_SETTINGS)

    def close(self) -> bool:
        """The query has ended; returns whether this worker can have another."""
        self._cursor.close()
        return psutil.Process().memory_info().rss < _KEPT

    def run(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of *sql*."""
        return self._cursor.execute(sql).fetchall()

    def measure(self, sql: str) -> tuple[list[tuple[Any, ...]] | duckdb.Error, int]:
        """The rows of *sql*, or the error, and how many bytes of files it has read."""
        self._cursor.execute("SET enable_profiling = 'no_output'")
        rows: list[tuple[Any, ...]] | duckdb.Error
        try:
            rows = self._cursor.execute(sql).fetchall()
        except duckdb.Error as error:
            rows = _shortened(error)
        try:
            profile = json.loads(self._cursor.get_profiling_information(format="json"))
        except duckdb.Error:  # the statement failed before it ran
            profile = {}
        self._cursor.execute("RESET enable_profiling")
        return rows, int(profile.get("io", {}).get("total_bytes_read", 0))

    def bind(self, sql: str) -> list[tuple[str, Type]]:
        """The names and types of a query's columns, without running it."""
        relation = self._cursor.sql(sql)
        return [
            (name, from_duckdb(column_type)) for name, column_type in zip(relation.columns, relation.types, strict=True)
        ]

    def call(self, module: str, function: str, arguments: tuple[Any, ...]) -> Any:
        """What a function of ours gives, computed where it can be ended."""
        return getattr(import_module(module), function)(*arguments)

    def define(self, name: str, maker: tuple[str, str], arguments: tuple[Any, ...], takes: str, gives: str) -> None:
        """Make known to DuckDB, as *name*, the function of one column (of Arrow's) that *maker* makes of *arguments*.

        *maker* is a module and a function of it; *takes* and *gives* are DuckDB's types.
        """
        self._cursor.create_function(
            name, self.call(*maker, arguments), [takes], gives,
            type=PythonUDFType.ARROW, null_handling=FunctionNullHandling.SPECIAL,
        )  # fmt: skip

    def forget(self, name: str) -> None:
        """Undo `define`."""
        self._cursor.remove_function(name)
