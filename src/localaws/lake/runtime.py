"""A session: one query's DuckDB, in a process that can be ended (see processes/), and its scratch directory."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from localaws.lake.column_types import Type
from localaws.lake.errors import QueryCancelled, QueryFailure, QueryTimeout, out_of_memory
from localaws.lake.processes.pool import Crashed, Ended, OutOfMemory, Pool, Worker

_T = TypeVar("_T")


class Broken(QueryFailure):
    """The process broke off at what it was given."""


class Runtime:
    """Gives each query a DuckDB, which reads and writes only *objects* and a directory of its own in *scratch*.

    *functions* names the module whose ``prepare(database)`` makes the functions of an engine's SQL known to DuckDB.
    """

    def __init__(self, objects: Path, scratch: Path, functions: str) -> None:
        self.scratch = scratch
        shutil.rmtree(self.scratch, ignore_errors=True)
        self.scratch.mkdir(parents=True)
        self._pool = Pool(objects, scratch, functions)

    def open(self, query_id: str, seconds: float) -> Session:
        """A session for one query, which may run for so many *seconds*."""
        return Session(self._pool, self.scratch / query_id, seconds)

    def close(self) -> None:
        self._pool.close()
        shutil.rmtree(self.scratch, ignore_errors=True)


class Session:
    """A query's own DuckDB and directory. To be closed."""

    def __init__(self, pool: Pool, directory: Path, seconds: float) -> None:
        self._pool = pool
        self._worker: Worker = pool.take()
        self.directory = directory
        self.directory.mkdir()
        self._cancelled, self._expired = threading.Event(), threading.Event()
        self._closing = threading.Lock()
        self._closed = False
        self.bytes_read = 0
        self._timer = threading.Timer(seconds, self._end, [self._expired])
        self._timer.daemon = True
        self._timer.start()
        self.uris: dict[str, str] = {}
        """The object behind each file that the query reads: a path of this machine is nobody's business."""

    def run(self, sql: str, measured: bool = False) -> list[tuple[Any, ...]]:
        """Execute *sql* and fetch its rows; if *measured*, what it reads counts as scanned."""
        if not measured:
            return list(self._ask("run", sql))
        answer, read = self._ask("measure", sql)
        self.bytes_read += read
        if isinstance(answer, Exception):
            raise answer
        return list(answer)

    def bind(self, sql: str) -> list[tuple[str, Type]]:
        """The names and types of a query's columns, without running it."""
        return list(self._ask("bind", sql))

    def call(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """What a module's *function* gives, computed where `cancel` ends it; raises its ValueError and QueryFailure."""
        return self._ask("call", function.__module__, function.__name__, arguments)

    @contextmanager
    def function(
        self, name: str, maker: tuple[str, str], arguments: tuple[Any, ...], takes: str, gives: str
    ) -> Iterator[None]:
        """Meanwhile DuckDB has the function *name* (see Worker.define)."""
        self._ask("define", name, maker, arguments, takes, gives)
        yield
        self._ask("forget", name)

    def cancel(self) -> None:
        """End whatever runs; safe from any thread."""
        self._end(self._cancelled)

    def _end(self, why: threading.Event) -> None:
        why.set()
        with self._closing:
            if not self._closed:  # else the worker may be another query's
                self._worker.end()

    def close(self) -> None:
        self._timer.cancel()
        with self._closing:
            self._closed = True
        self._pool.give_back(self._worker)
        shutil.rmtree(self.directory, ignore_errors=True)

    def check(self) -> None:
        """Raises QueryCancelled once the query is cancelled, and QueryTimeout once its time is over."""
        if self._cancelled.is_set():
            raise QueryCancelled
        if self._expired.is_set():
            raise QueryTimeout

    def checked(self, items: Iterable[_T]) -> Iterator[_T]:
        """The *items*, of which a stranger may have made many; raises what `check` does."""
        for item in items:
            self.check()
            yield item

    def _ask(self, method: str, *arguments: Any) -> Any:
        """Raises what `check` does, and QueryFailure if the query took too much memory."""
        self.check()
        try:
            return self._worker.ask(method, *arguments)
        except (OutOfMemory, MemoryError):
            self.check()
            raise out_of_memory() from None
        except Ended as ended:
            self.check()
            failure = Broken if isinstance(ended, Crashed) else QueryFailure
            raise failure("INTERNAL_ERROR", str(ended)) from None
        finally:
            self.check()
