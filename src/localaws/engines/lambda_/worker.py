"""One execution environment: a child process that runs one handler, one call at a time, and harms only itself.

Between calls all its processes are stopped, as AWS freezes an environment (Lambda developer guide, "Understanding the
Lambda execution environment lifecycle"). Whatever it does — loop, exit, fork, print without end, take memory — the
server only ever waits for it until a deadline, and then kills them all.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from localaws.engines.lambda_.isolation import LAUNCHER, PROCESSES, Isolation
from localaws.engines.lambda_.memory import resident, together
from localaws.engines.lambda_.processes import Family, resume
from localaws.engines.lambda_.removal import remove
from localaws.engines.lambda_.transcript import Transcript
from localaws.large_json import kind_of

#: Seconds between two looks at the memory, and between two looks at that of processes which the handler started.
LOOK = 0.02
LOOK_AT_CHILDREN = 0.25
#: Seconds until a process that closed its socket has ended.
PATIENCE = 1.0
#: No frame that the child sends may be larger (its largest answer, and room for a header).
_LARGEST_FRAME = 8 << 20


@dataclass(frozen=True)
class Sandbox:
    """What an execution environment is made for; environments of equal sandboxes are interchangeable."""

    account_id: str
    region: str
    name: str
    version: str
    runtime: str
    handler: str
    role: str
    memory_mb: int
    timeout: int
    storage_mb: int
    code: Path
    layers: Path | None
    variables: tuple[tuple[str, str], ...]
    log_group: str


class Answer(NamedTuple):
    """What the handler answered: JSON text, whether it is an error document, the most memory used, in bytes."""

    body: bytes
    error: bool
    peak_bytes: int


class WorkerLost(Exception):
    """The environment ended, or had to be ended; AWS's error type and message, and the most memory seen in bytes."""

    def __init__(self, error_type: str, message: str, peak_bytes: int) -> None:
        super().__init__(message)
        self.error_type = error_type
        self.message = message
        self.peak_bytes = peak_bytes


class Worker:
    """A child process made for *sandbox*, with *environment* and a directory of its own for temporary files.

    *user* is whom it runs as, None for the lab's own user.
    """

    def __init__(
        self,
        sandbox: Sandbox,
        isolation: Isolation,
        environment: dict[str, str],
        log_stream: str,
        temporary: Path,
        user: int | None,
    ) -> None:
        self.sandbox = sandbox
        self.log_stream = log_stream
        self.credentials_end = 0.0
        self.idle_since = 0.0
        self.initialized = False
        self.outdated = False
        self._isolation = isolation
        self._temporary = temporary
        self._peak = 0
        self._frozen: list[int] = []  # the handler, then what it started
        ours, theirs = socket.socketpair()
        read, write = os.pipe()
        with theirs:
            settings = isolation.settings(sandbox.code, sandbox.layers, sandbox.storage_mb, user, temporary)
            settings["descriptor"] = theirs.fileno()
            try:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", str(LAUNCHER), json.dumps(settings)],
                    stdin=subprocess.DEVNULL,
                    stdout=write,
                    stderr=write,
                    cwd=sandbox.code,
                    env=environment,
                    pass_fds=(theirs.fileno(),),
                    start_new_session=True,
                )
            finally:
                os.close(write)
        self.family = Family(self._process.pid, log_stream, user, enclosed=isolation.namespaces)
        self._socket = ours
        self._output = read
        os.set_blocking(read, False)
        ours.setblocking(False)

    def initialize(self, seconds: float, transcript: Transcript) -> Answer:
        """Have the handler imported. Raises WorkerLost."""
        task_root, layers = self._isolation.paths(self.sandbox.code, self.sandbox.layers)
        init = {
            "handler": self.sandbox.handler,
            "task_root": task_root,
            "layers": layers,
            "memory_bytes": self.sandbox.memory_mb << 20,
            "file_bytes": self.sandbox.storage_mb << 20,
            "processes": PROCESSES if self._isolation.counts_processes else None,
        }
        answer = self._exchange("", _frame(json.dumps(init).encode()), seconds, transcript)
        self.initialized = not answer.error
        return answer

    def call(self, request: dict[str, Any], event: bytes, transcript: Transcript) -> Answer:
        """Have the handler called with *event*, JSON text. Raises WorkerLost."""
        seconds = float(self.sandbox.timeout)
        call = json.dumps({**request, "remaining": seconds}).encode()
        return self._exchange(request["request_id"], _frame(call) + _frame(event), seconds, transcript)

    def thaw(self) -> None:
        """Let the processes go on that were stopped at the end of the last exchange."""
        resume(self._frozen)

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def kill(self) -> None:
        """End every process of the environment; who waits for its answer sees it end."""
        if self._process.returncode is None:
            self.family.kill()
        self._process.wait()

    def close(self) -> None:
        """Kill, and give back everything the environment held."""
        self.kill()
        self._socket.close()
        os.close(self._output)
        remove(self._temporary)

    def _exchange(self, request_id: str, outgoing: bytes, seconds: float, transcript: Transcript) -> Answer:
        """Send frames and wait for the answer, collecting output and watching time and memory meanwhile.

        Afterwards the environment is frozen, or it has ended.
        """
        deadline = time.monotonic() + seconds
        watch = _Watch(self.family, self.sandbox.memory_mb << 20)
        incoming = bytearray()
        unsent = memoryview(outgoing)
        poller = select.poll()
        poller.register(self._socket, select.POLLIN | select.POLLOUT)
        poller.register(self._output, select.POLLIN)
        try:
            while True:
                left = deadline - time.monotonic()
                if left <= 0:
                    self.kill()
                    raise self._lost("Sandbox.Timedout", f"Task timed out after {seconds:.2f} seconds")
                ready = dict(poller.poll(min(LOOK, left) * 1000))
                if events := ready.get(self._socket.fileno(), 0):
                    if events & select.POLLOUT and unsent:
                        unsent = self._send(unsent)
                        if not unsent:
                            poller.modify(self._socket, select.POLLIN)
                    if events & (select.POLLIN | select.POLLHUP | select.POLLERR) and not self._receive(incoming):
                        raise self._ended()
                    if answer := self._parse(incoming, request_id):
                        self._frozen = self.family.stop(self._frozen[:1])
                        self._peak = max(self._peak, watch.last_look(answer.peak_bytes, self._frozen))
                        return answer._replace(peak_bytes=self._peak)
                if ready.get(self._output, 0) and not self._read_output(transcript):
                    poller.unregister(self._output)  # the handler closed its output
                if not ready or watch.due():
                    self._peak = max(self._peak, watch.look())
                    if not self.alive and not self._has_said_more():
                        raise self._ended()
        except _OutOfMemoryError:
            self.kill()
            self._peak = watch.limit
            raise self._lost("Runtime.OutOfMemory", "Runtime exited with error: signal: killed") from None
        finally:
            self._read_output(transcript)

    def _has_said_more(self) -> bool:
        """Whether a child that has ended left something to read: its answer may be the last thing that it did."""
        poller = select.poll()
        poller.register(self._socket, select.POLLIN)
        return bool(poller.poll(0))

    def _send(self, unsent: memoryview) -> memoryview:
        try:
            return unsent[self._socket.send(unsent) :]
        except BlockingIOError:
            return unsent
        except OSError:
            raise self._ended() from None

    def _receive(self, incoming: bytearray) -> bool:
        """Take what has arrived; False if the child's end is closed or it has sent more than any answer."""
        try:
            block = self._socket.recv(1 << 20)
        except BlockingIOError:
            return True
        except OSError:
            return False
        incoming += block
        return bool(block) and len(incoming) <= 2 * _LARGEST_FRAME

    def _parse(self, incoming: bytearray, request_id: str) -> Answer | None:
        """The answer, once both of its frames are there. Raises WorkerLost for what is no answer to this call."""
        frames = []
        position = 0
        for _ in range(2):
            if len(incoming) < position + 4:
                return None
            (size,) = struct.unpack_from(">I", incoming, position)
            if size > _LARGEST_FRAME:
                raise self._ended()
            position += 4
            if len(incoming) < position + size:
                return None
            frames.append(bytes(incoming[position : position + size]))
            position += size
        try:
            header, kind = json.loads(frames[0]), kind_of(frames[1])
            if header["request_id"] != request_id or position != len(incoming):
                raise ValueError("not the answer to this call")
            if header["error"] and kind != "dict":
                raise ValueError("no error document")
            return Answer(frames[1], bool(header["error"]), int(header["peak_bytes"]))
        except (ValueError, KeyError, TypeError, OverflowError, RecursionError):
            raise self._ended() from None

    def _read_output(self, transcript: Transcript) -> bool:
        """Take what was printed, up to a pipe's content; False once nobody can print any more."""
        for _ in range(16):
            try:
                block = os.read(self._output, 1 << 16)
            except BlockingIOError:
                return True
            if not block:
                return False
            transcript.write(block)
        return True

    def _ended(self) -> WorkerLost:
        """What to say of a child that left, or that writes what is no answer (and is ended for it)."""
        try:
            status = self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            status = -signal.SIGKILL
        self.kill()
        if status == 0:
            return self._lost("Runtime.ExitError", "Runtime exited without providing a reason")
        how = f"exit status {status}" if status > 0 else f"signal: {_signal_name(-status)}"
        return self._lost("Runtime.ExitError", f"Runtime exited with error: {how}")

    def _lost(self, error_type: str, message: str) -> WorkerLost:
        return WorkerLost(error_type, message, self._peak)


class _OutOfMemoryError(Exception):
    pass


class _Watch:
    """Looks at the memory of a handler and, less often for it costs more, at the processes that it started."""

    def __init__(self, family: Family, limit: int) -> None:
        self.limit = limit
        self._family = family
        self._next = time.monotonic() + LOOK
        self._next_children = time.monotonic() + LOOK_AT_CHILDREN
        self._others = 0

    def due(self) -> bool:
        return time.monotonic() >= self._next

    def look(self) -> int:
        """Bytes in use now. Raises _OutOfMemoryError if they, or the processes, are more than the limit."""
        now = time.monotonic()
        self._next = now + LOOK
        handlers = self._family.handlers()
        if now >= self._next_children:
            self._next_children = now + LOOK_AT_CHILDREN
            self._look_at_children(handlers)
        return self._check(resident(handlers[0]) + self._others if handlers else 0)

    def last_look(self, peak: int, handlers: list[int]) -> int:
        """What a call took whose handler says that it had *peak* bytes itself. Raises _OutOfMemoryError."""
        self._look_at_children(handlers)
        return self._check(max(peak, resident(handlers[0]) + self._others if handlers else 0))

    def _look_at_children(self, handlers: list[int]) -> None:
        if len(handlers) > PROCESSES:
            raise _OutOfMemoryError
        self._others = max(0, together(handlers, self.limit) - (resident(handlers[0]) if handlers else 0))

    def _check(self, used: int) -> int:
        if used > self.limit:
            raise _OutOfMemoryError
        return used


def _signal_name(number: int) -> str:
    """As Go's os package, which reports it, names a signal."""
    names = {signal.SIGKILL: "killed", signal.SIGSEGV: "segmentation fault", signal.SIGABRT: "aborted"}
    return names.get(number, signal.strsignal(number) or str(number)).lower()  # type: ignore[call-overload]


def _frame(content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + content
