"""The lab's side of the workers: takes one for each query, ends it where its query is stopped."""

from __future__ import annotations

import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

import psutil

from localaws.lake.processes import forker
from localaws.lake.processes.worker import spill

#: Workers that wait for a query, at some 40 MB each; those beyond are ended.
_SPARE = 8
_CRASHES = {-number for number in (signal.SIGSEGV, signal.SIGBUS, signal.SIGABRT, signal.SIGFPE, signal.SIGILL)}
_STOPS = "the lab stops"
_FROM_OUTSIDE = "the processes of DuckDB were ended from outside, perhaps by the system, which was short of memory"


class Ended(Exception):
    """The worker is no more; the text says why."""


class OutOfMemory(Ended):
    """It had more than it may."""


class Crashed(Ended):
    """A library broke off within it."""


class Pool:
    """Workers, which read and write only below *objects* and *scratch*.

    *functions* is the module whose ``prepare(database)`` makes the functions of an engine's SQL known to DuckDB.
    """

    def __init__(self, objects: Path, scratch: Path, functions: str) -> None:
        self._objects = objects
        self._scratch = scratch
        self._functions = functions
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        self._closing = False
        self._starting = threading.Lock()
        self._forker = self._start()
        threading.Thread(target=self._prepare, name="duckdb-prepare", daemon=True).start()

    def _prepare(self) -> None:
        """Have a worker ready before there is a query, so that the first need not wait for it."""
        with suppress(Ended):
            worker = self._fork()
            with self._lock:
                self._idle.append(worker)

    def take(self) -> Worker:
        """A worker for one query."""
        while True:
            with self._lock:
                waiting = self._idle.pop() if self._idle else None
            worker = waiting or self._fork()
            try:
                worker.parent.tell(forker.WORK, worker.process_id)
                worker.ask("open")
            except Ended:
                if waiting is None:
                    raise
            else:
                return worker

    def give_back(self, worker: Worker) -> None:
        """The query has ended, somehow."""
        with suppress(Ended):
            usable = worker.ask("close")
            with self._lock:
                if usable and len(self._idle) < _SPARE:
                    worker.parent.tell(forker.REST, worker.process_id)
                    self._idle.append(worker)
                    return
        worker.end()
        worker.bury()

    def close(self) -> None:
        """End all of them."""
        with self._starting:
            self._closing = True
            self._forker.close()

    def _fork(self) -> Worker:
        for _ in range(2):  # the forker may end just now
            worker = self._living().fork(self._scratch)
            if worker:
                return worker
        raise Ended(_FROM_OUTSIDE)

    def _living(self) -> _Forker:
        """The forker, or a new one in the place of one that was ended, by the system for want of memory or by hand."""
        with self._starting:
            if self._closing:
                raise Ended(_STOPS)
            if self._forker.ended:
                self._forker = self._start()
            return self._forker

    def _start(self) -> _Forker:
        return _Forker(self._objects, self._scratch, self._functions, self._forget)

    def _forget(self, ended: _Forker) -> None:
        """Have no more workers of a forker that is no more."""
        with self._lock:
            doomed = [worker for worker in self._idle if worker.parent is ended]
            self._idle = [worker for worker in self._idle if worker.parent is not ended]
        for worker in doomed:
            worker.bury()


class _Forker:
    """A forker, seen from the lab. When it ends, its workers are ended, for nobody watches what memory they take."""

    def __init__(self, objects: Path, scratch: Path, functions: str, when_ended: Callable[[_Forker], None]) -> None:
        self._control, theirs = socket.socketpair()
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", forker.__name__, str(objects), str(scratch), functions],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd="/",
                # libraries that start threads when they are loaded, which a fork would lose
                env={"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"},
            )  # fmt: skip
        self._talking = threading.Lock()
        self._workers: dict[int, psutil.Process] = {}
        self._when_ended = when_ended
        self._closing = False
        threading.Thread(target=self._watch, name="duckdb-forker", daemon=True).start()

    @property
    def ended(self) -> bool:
        return self._process.poll() is not None

    def fork(self, scratch: Path) -> Worker | None:
        """A new worker; None if the forker has ended meanwhile. Raises Ended if there can be none."""
        (ours, theirs), (lifeline, watched) = socket.socketpair(), socket.socketpair()
        try:
            with theirs, watched, self._talking:
                process_id = self._say(forker.FORK, 0, theirs, watched)
                if process_id >= 0:
                    self._workers[process_id] = psutil.Process(process_id)
        except (Ended, psutil.NoSuchProcess):
            ours.close()
            lifeline.close()
            return None
        if process_id < 0:
            ours.close()
            lifeline.close()
            raise Ended("the system has no process to give")
        return Worker(process_id, Connection(ours.detach()), lifeline, self, spill(scratch, process_id))

    def tell(self, command: bytes, process_id: int) -> int:
        """What the forker answers to *command* (see forker). Raises Ended if it is no more."""
        with self._talking:
            answer = self._say(command, process_id)
            if command == forker.BURY:
                del self._workers[process_id]
            return answer

    def close(self) -> None:
        """Let it end, and its workers."""
        self._closing = True
        self._control.close()
        self._process.wait()

    def _say(self, command: bytes, process_id: int, *given: socket.socket) -> int:
        try:
            socket.send_fds(
                self._control, [forker.COMMAND.pack(command, process_id)], [each.fileno() for each in given]
            )
            return int(forker.ANSWER.unpack(self._control.recv(forker.ANSWER.size))[0])
        except (OSError, struct.error):
            self._process.wait()
            raise Ended(_STOPS if self._closing else _FROM_OUTSIDE) from None

    def _watch(self) -> None:
        self._process.wait()
        with self._talking:
            workers = list(self._workers.values())
        for worker in workers:
            with suppress(psutil.NoSuchProcess):  # psutil ends none that has its id by now
                worker.kill()
        self._when_ended(self)


class Worker:
    """One worker, seen from the lab. One thread asks; any may `end` it."""

    def __init__(
        self, process_id: int, connection: Connection, lifeline: socket.socket, parent: _Forker, spilled: Path
    ) -> None:
        self.process_id = process_id
        self.parent = parent
        self._connection = connection
        self._lifeline = lifeline
        self._spilled = spilled
        self._lock = threading.Lock()
        self._buried = False

    def ask(self, method: str, *arguments: Any) -> Any:
        """What the *method* of processes.worker.Worker gives; raises its error, and Ended if the worker is no more."""
        try:
            self._connection.send((method, *arguments))
            done, answer = self._connection.recv()
        except (EOFError, OSError):
            raise self.bury() from None
        if not done:
            raise answer
        return answer

    def end(self) -> None:
        """Let it end, whatever it does."""
        with self._lock:
            if not self._buried:  # else its id may be another's
                with suppress(Ended):  # with its forker
                    self.parent.tell(forker.END, self.process_id)

    def bury(self) -> Ended:
        """Wait for its end; returns why it ended."""
        with suppress(EOFError, OSError):
            while True:
                self._connection.recv_bytes()
        self._connection.close()
        self._lifeline.close()
        with self._lock:
            if self._buried:
                return Ended("it has ended before")
            self._buried = True
            try:
                status = self.parent.tell(forker.BURY, self.process_id)
            except Ended as ended:
                return ended
            finally:
                shutil.rmtree(self._spilled, ignore_errors=True)
        if status in (forker.OUT_OF_MEMORY, -signal.SIGKILL):
            return OutOfMemory("it had more memory than it may")
        if status in _CRASHES:
            return Crashed(f"the process of DuckDB broke off: {signal.Signals(-status).name}")
        return Ended(f"the process of DuckDB ended with status {status}")
