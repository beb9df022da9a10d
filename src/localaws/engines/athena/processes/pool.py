"""The lab's side of the workers: takes one for each query, ends it where its query is stopped."""

from __future__ import annotations

import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
from contextlib import suppress
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from localaws.engines.athena.processes import forker
from localaws.engines.athena.processes.worker import spill

#: Workers that wait for a query, at some 40 MB each; those beyond are ended.
_SPARE = 8


class Ended(Exception):
    """The worker is no more; the text says why."""


class OutOfMemory(Ended):
    """It had more than it may."""


class Pool:
    """Workers, which read and write only below *objects* and *scratch*."""

    def __init__(self, objects: Path, scratch: Path) -> None:
        self._scratch = scratch
        self._control, theirs = socket.socketpair()
        with theirs:
            self._forker = subprocess.Popen(
                [sys.executable, "-I", "-m", forker.__name__, str(objects), str(scratch)],
                stdin=theirs.fileno(), stdout=subprocess.DEVNULL, cwd="/",
                # libraries that start threads when they are loaded, which a fork would lose
                env={"OPENBLAS_NUM_THREADS": "1", "JE_ARROW_MALLOC_CONF": "background_thread:false"},
            )  # fmt: skip
        self._talking = threading.Lock()
        self._lock = threading.Lock()
        self._idle: list[Worker] = []
        threading.Thread(target=self._prepare, name="athena-prepare", daemon=True).start()

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
            self._tell(forker.WORK, worker.process_id)
            try:
                worker.ask("open")
            except Ended:
                if waiting is None:
                    raise
            else:
                return worker

    def give_back(self, worker: Worker) -> None:
        """The query has ended, somehow."""
        try:
            usable = worker.ask("close")
        except Ended:
            return
        with self._lock:
            if usable and len(self._idle) < _SPARE:
                self._tell(forker.REST, worker.process_id)
                self._idle.append(worker)
                return
        worker.end()
        worker.bury()

    def end(self, process_id: int) -> None:
        """Let a worker end, whatever it does."""
        self._tell(forker.END, process_id)

    def bury(self, process_id: int) -> int:
        """How a worker ended that is no more (see forker.BURY)."""
        status = self._tell(forker.BURY, process_id)
        shutil.rmtree(spill(self._scratch, process_id), ignore_errors=True)
        return status

    def close(self) -> None:
        """End all of them."""
        self._control.close()
        self._forker.wait()

    def _fork(self) -> Worker:
        ours, theirs = socket.socketpair()
        with theirs:
            process_id = self._tell(forker.FORK, 0, theirs)
        if process_id < 0:
            raise Ended("the system has no process to give")
        return Worker(process_id, Connection(ours.detach()), self)

    def _tell(self, command: bytes, process_id: int, given: socket.socket | None = None) -> int:
        with self._talking:
            try:
                socket.send_fds(
                    self._control, [forker.COMMAND.pack(command, process_id)], [given.fileno()] if given else []
                )
                return int(forker.ANSWER.unpack(self._control.recv(forker.ANSWER.size))[0])
            except (OSError, struct.error):
                raise Ended("the lab stops") from None


class Worker:
    """One worker, seen from the lab. One thread asks; any may `end` it."""

    def __init__(self, process_id: int, connection: Connection, pool: Pool) -> None:
        self.process_id = process_id
        self._connection = connection
        self._pool = pool
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
                self._pool.end(self.process_id)

    def bury(self) -> Ended:
        """Wait for its end; returns why it ended."""
        with suppress(EOFError, OSError):
            while True:
                self._connection.recv_bytes()
        self._connection.close()
        with self._lock:
            if self._buried:
                return Ended("it has ended before")
            self._buried = True
            status = self._pool.bury(self.process_id)
        if status in (forker.OUT_OF_MEMORY, -signal.SIGKILL):
            return OutOfMemory("it had more memory than it may")
        return Ended(f"the process of DuckDB ended with status {status}")
