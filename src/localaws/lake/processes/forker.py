"""Forks the workers, watches how much memory they take together, and ends them: the lab's helper at their side.

It has loaded what a worker needs, so that a worker is there at once, and it does nothing else, so that it never looks
too late. Once the workers take more than they may, the largest of them is ended: no other query notices.

    python -m localaws.lake.processes.forker DIRECTORY-OF-OBJECTS SCRATCH-DIRECTORY MODULE-OF-FUNCTIONS

Its standard input is a socket to the lab. A command is a letter and a process id, and is answered by a number.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import struct
import sys
import time
from contextlib import suppress
from importlib import import_module
from pathlib import Path

import psutil

from localaws.lake.processes import worker

#: Fork a worker, which is given the two sockets that come along; answered by its process id.
FORK = b"f"
#: The worker has a query from now on, or has it no more; answered by 0.
WORK, REST = b"w", b"r"
#: End the worker; answered by 0, for the end of what is large takes time.
END = b"e"
#: The worker has ended; answered by how: OUT_OF_MEMORY, or an exit status as subprocess has it.
BURY = b"b"
COMMAND = struct.Struct("!ci")
ANSWER = struct.Struct("!i")
OUT_OF_MEMORY = 1000

#: Bytes that all workers together may have beyond what they share.
MOST = min(4 << 30, psutil.virtual_memory().total // 2)
#: Seconds between two looks while there is a query. Memory grows by a few GB/s at most.
_BETWEEN = 0.01


class Forker:
    """The workers, by process id."""

    def __init__(self, control: socket.socket, objects: Path, scratch: Path, prepare: worker.Prepare) -> None:
        self._control = control
        self._prepare = prepare
        self._objects = objects
        self._scratch = scratch
        self._workers: dict[int, psutil.Process] = {}
        self._working: set[int] = set()
        self._exhausted: set[int] = set()
        self._shared = psutil.Process().memory_info().rss

    def serve(self) -> None:
        """Until the lab is gone; no worker outlives it."""
        looked = 0.0
        while True:
            ready, _, _ = select.select([self._control], [], [], _BETWEEN if self._working else None)
            if ready and not self._obey():
                break
            if self._working and time.monotonic() - looked >= _BETWEEN:
                self._look()
                looked = time.monotonic()
        for process_id in self._workers:
            os.kill(process_id, signal.SIGKILL)
        for process_id in self._workers:
            os.waitpid(process_id, 0)

    def _obey(self) -> bool:
        """Do what the lab says; False if it says no more."""
        try:
            message, sockets, _, _ = socket.recv_fds(self._control, COMMAND.size, 2)
        except OSError:
            return False
        if not message:
            return False
        command, process_id = COMMAND.unpack(message)
        answer = 0
        if command == FORK:
            answer = self._fork(*sockets)
            for each in sockets:
                os.close(each)
        elif command == END:
            os.kill(process_id, signal.SIGKILL)  # it has not been waited for: the id is still its own
        elif command == BURY:
            answer = self._bury(process_id)
        elif command == WORK:
            self._working.add(process_id)
        else:
            self._working.discard(process_id)
        with suppress(OSError):
            self._control.sendall(ANSWER.pack(answer))
        return True

    def _fork(self, lab: int, lifeline: int) -> int:
        """A worker that serves the lab at the socket *lab*; -1 if the system has no process to give."""
        try:
            process_id = os.fork()
        except OSError:
            return -1
        if process_id:
            self._workers[process_id] = psutil.Process(process_id)
            return process_id
        try:
            self._control.close()
            connection, watched = socket.socket(fileno=lab), socket.socket(fileno=lifeline)
            worker.serve(connection, watched, self._objects, self._scratch, self._prepare)
        finally:
            os._exit(0)

    def _bury(self, process_id: int) -> int:
        status = os.waitstatus_to_exitcode(os.waitpid(process_id, 0)[1])
        del self._workers[process_id]
        self._working.discard(process_id)
        if process_id in self._exhausted:
            self._exhausted.discard(process_id)
            return OUT_OF_MEMORY
        return status

    def _look(self) -> None:
        """End the largest worker if together they have too much."""
        sizes = {}
        for process_id, process in self._workers.items():
            with suppress(psutil.Error):
                sizes[process_id] = process.memory_info().rss - self._shared
        if sum(sizes.values()) > MOST:
            largest = max(sizes, key=lambda process_id: sizes[process_id])
            if largest not in self._exhausted:  # else it is about to end
                os.kill(largest, signal.SIGKILL)
                self._exhausted.add(largest)


def main() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the lab, which ends us
    objects, scratch, functions = sys.argv[1:]
    prepare = import_module(functions).prepare  # loaded before the fork, for all workers
    Forker(socket.socket(fileno=0), Path(objects), Path(scratch), prepare).serve()


if __name__ == "__main__":
    main()
