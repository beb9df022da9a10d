"""Work that a stranger's text steers, done in child processes that can be ended.

A regular expression, a jq program or a format may take for ever, or all memory, and while C code works on it Python
holds its lock: every client would wait. So pure functions of such texts run in children:

    with Children("package.module") as pool:
        pool.call("function", argument, …, owner=query, seconds=10)

A child has an empty environment, opens no file once its module is loaded, has a limit on memory, yields to the server
when processors are short, and ends with the lab, by the call's deadline, or by `Children.cancel`.
"""

from __future__ import annotations

import os
import pickle
import resource
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Hashable
from importlib import import_module
from typing import IO, Any, Self

from localaws.lifeline import hold

#: Bytes of address space that a child may have if nothing else is said.
MEMORY = 1 << 30
#: Children that wait for work; those beyond are ended.
_SPARE = 2
_NICENESS = 10
#: Seconds that a call may take if nothing else is said: what Athena gives to a query ("Service quotas", DML timeout).
_LONGEST = 30 * 60


class Cancelled(Exception):
    """The call was ended by `Children.cancel`."""


class Overrun(Exception):
    """The call took more time or more memory than it may; the text says which."""


class Children:
    """A pool of children that run the functions of *module*, which know nothing but their arguments.

    *memory* is what each may have of address space, in bytes.
    """

    def __init__(self, module: str, memory: int = MEMORY) -> None:
        self._module = module
        self._memory = memory
        self._lock = threading.Lock()
        self._idle: list[_Child] = []
        self._busy: dict[_Child, Hashable] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def prepare(self) -> None:
        """Have a child ready before there is work, so that the first call need not wait for its start."""
        self._release(_Child(self._module, self._memory))

    def call(self, function: str, *arguments: Any, owner: Hashable = None, seconds: float = _LONGEST) -> Any:
        """What *function* gives. *owner* is for whom it works, so that `cancel` finds it.

        *seconds* are those of a processor: a busy machine fails nobody.
        Raises ValueError with the text of whatever the function raised, Overrun, and Cancelled.
        """
        child = self._take(owner)
        try:
            answer = child.ask(function, arguments, seconds)
        except _Ended as ended:
            raise Cancelled if child.cancelled else ended.reason(seconds, self._memory) from None
        finally:
            self._release(child)
        if isinstance(answer, _Refusal):
            raise ValueError(answer)
        return answer

    def cancel(self, owner: Hashable) -> None:
        """End what runs for *owner*."""
        with self._lock:
            for child, whose in self._busy.items():
                if whose == owner:
                    child.cancelled = True
                    child.kill()

    def close(self) -> None:
        """End all children, working or not."""
        with self._lock:
            for child in [*self._idle, *self._busy]:
                child.cancelled = True
                child.kill()
            self._idle.clear()

    def _take(self, owner: Hashable) -> _Child:
        with self._lock:
            while self._idle:
                child = self._idle.pop()
                if child.alive:
                    self._busy[child] = owner
                    return child
        child = _Child(self._module, self._memory)
        with self._lock:
            self._busy[child] = owner
        return child

    def _release(self, child: _Child) -> None:
        with self._lock:
            self._busy.pop(child, None)
            if child.alive and len(self._idle) < _SPARE:
                self._idle.append(child)
                return
        child.kill()


class _Refusal(str):
    """The text of what a function raised."""


class _Ended(Exception):
    """The child is no more, or has no memory left."""

    def __init__(self, code: int | None) -> None:
        self._code = code

    def reason(self, seconds: float, memory: int) -> Overrun:
        if self._code == -signal.SIGPROF:
            return Overrun(f"it takes longer than {seconds:g} seconds of a processor")
        return Overrun(f"it needs more than {memory >> 20} MB of memory")


class _Plain(pickle.Unpickler):
    """Numbers, texts, bytes and lists of them: a child is not trusted to name anything else."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name} from a child")


class _Child:
    """One process, seen from the lab."""

    def __init__(self, module: str, memory: int) -> None:
        self.cancelled = False
        watched, self._lifeline = socket.socketpair()  # nothing is said there: it ends with us
        with watched:
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-m", __name__, module, str(memory), str(watched.fileno())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, env={}, cwd="/",
                pass_fds=[watched.fileno()],
            )  # fmt: skip
        assert self._process.stdin and self._process.stdout
        self._requests: IO[bytes] = self._process.stdin
        self._answers: IO[bytes] = self._process.stdout

    @property
    def alive(self) -> bool:
        return not self.cancelled and self._process.poll() is None

    def ask(self, function: str, arguments: tuple[Any, ...], seconds: float) -> Any:
        try:
            pickle.dump((function, arguments, seconds), self._requests, pickle.HIGHEST_PROTOCOL)
            self._requests.flush()
            kind, answer = _Plain(self._answers).load()
        except (EOFError, OSError, ValueError, pickle.UnpicklingError):
            self._process.kill()  # whatever it still is, what it says cannot be read
            raise _Ended(self._process.wait()) from None
        if kind == "memory":
            self.kill()
            raise _Ended(None)
        return _Refusal(answer) if kind == "refused" else answer

    def kill(self) -> None:
        """Safe from any thread: who waits for its answer sees its end."""
        self._process.kill()
        self._process.wait()


# In the child


def serve(module: str, memory: int, lifeline: int) -> None:
    """Answer requests until there are no more. The file of number *lifeline* ends with the lab."""
    functions = import_module(module)
    if not hold(lifeline):
        return
    os.nice(_NICENESS)
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_NOFILE, (3, 3))
    requests, answers = sys.stdin.buffer, sys.stdout.buffer
    while True:
        try:
            name, arguments, seconds = pickle.load(requests)
        except EOFError:
            return
        except MemoryError:
            os.kill(os.getpid(), signal.SIGKILL)  # the rest of the request is still to come: nothing can be told
        signal.setitimer(signal.ITIMER_PROF, seconds)
        try:
            packed = pickle.dumps(("done", getattr(functions, name)(*arguments)), pickle.HIGHEST_PROTOCOL)
        except MemoryError:
            packed = pickle.dumps(("memory", None))
        except Exception as error:
            packed = pickle.dumps(("refused", str(error)))
        signal.setitimer(signal.ITIMER_PROF, 0)
        del arguments
        answers.write(packed)
        answers.flush()


if __name__ == "__main__":
    serve(sys.argv[1], *map(int, sys.argv[2:]))
