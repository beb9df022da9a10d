"""All processes that descend from one: found, stopped, continued and ended.

A process that starts a session or group of its own still descends from the one that it was started by, and an orphan
is adopted by the environment's init or supervisor (`launcher`): so the tree has them all.

Run as a script it is the child of `process_reaper`, and does what that one's docstring says.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from subprocess import DEVNULL

import psutil

#: Whether the system lists a process's children (Linux, CONFIG_PROC_CHILDREN; else psutil searches all processes).
_LISTS_CHILDREN = Path(f"/proc/self/task/{os.getpid()}/children").exists()
#: Rounds of stopping after which who still multiplies is only killed.
_ROUNDS = 100


@dataclass(frozen=True)
class Family:
    """A process tree: its *root*, a *mark* in its members' environment variables, and their *user* if it is their own.

    With *enclosed*, the kernel ends all members when the root's child ends.
    """

    root: int
    mark: str
    user: int | None
    enclosed: bool

    def members(self) -> list[int]:
        """Process ids, parents before their children."""
        found, known = [self.root], {self.root}
        for pid in found:
            children = [child for child in _children(pid) if child not in known]
            known.update(children)
            found += children
        return found

    def handlers(self) -> list[int]:
        """The members that run the function's code: the handler itself, then what it started."""
        return self.members()[2 if self.enclosed else 1 :]

    def stop(self, known: Iterable[int] = ()) -> list[int]:
        """Stop the handlers, and return them: who is stopped has no more children.

        Those *known* to live are stopped before anybody looks for others, which saves a look where there are none.
        """
        stopped = list(known)
        _signal(stopped, signal.SIGSTOP)
        for _ in range(_ROUNDS):
            new = [pid for pid in self.handlers() if pid not in stopped]
            if not new:
                break
            _signal(new, signal.SIGSTOP)
            stopped += new
        return stopped

    def kill(self) -> None:
        """Kill every member that descends from the root; `kill_strays` ends others."""
        if self.enclosed:
            _signal([self.root, *_children(self.root)], signal.SIGKILL)
            return
        self.stop()
        _signal(reversed(self.members()), signal.SIGKILL)


def resume(pids: Iterable[int]) -> None:
    """Let go on whom `Family.stop` stopped."""
    _signal(pids, signal.SIGCONT)


def kill_strays(families: Iterable[Family]) -> None:
    """Kill who left the trees of *families*, which are dead: known by user, or by mark."""
    loose = [family for family in families if not family.enclosed]
    for user in {family.user for family in loose if family.user is not None}:
        _kill_user(user)
    if marks := {family.mark for family in loose if family.user is None}:
        for _ in range(_ROUNDS):
            if not _kill_marked(marks):
                break


def _kill_user(user: int) -> None:
    """Kill all that *user* runs in one call of the system, which no process outruns by replacing itself (kill(2))."""
    code = f"import os; os.kill(-1, {signal.SIGKILL:d})"
    subprocess.run([sys.executable, "-I", "-S", "-c", code], user=user, group=user, extra_groups=[], stderr=DEVNULL)


def _kill_marked(marks: set[str]) -> bool:
    """Kill whose environment variables have one of *marks*; whether there were any, or some ended unseen."""
    again = False
    for process in psutil.process_iter():
        try:
            if process.pid != os.getpid() and not marks.isdisjoint(process.environ().values()):
                process.kill()
                again = True
        except psutil.ZombieProcess:
            continue
        except psutil.NoSuchProcess:
            again = True  # it may have left another in its place
        except psutil.Error:
            continue
    return again


def _children(pid: int) -> list[int]:
    try:
        if not _LISTS_CHILDREN:
            return [child.pid for child in psutil.Process(pid).children()]
        threads = os.listdir(f"/proc/{pid}/task")  # noqa: PTH208 (Path costs thrice as much, at every call's end)
        return [child for thread in threads for child in _children_of_thread(f"/proc/{pid}/task/{thread}/children")]
    except (OSError, psutil.Error):  # it has ended
        return []


def _children_of_thread(path: str) -> list[int]:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        text = b""
        while block := os.read(descriptor, 1 << 16):
            text += block
    finally:
        os.close(descriptor)
    return [int(pid) for pid in text.split()]


def _signal(pids: Iterable[int], number: int) -> None:
    for pid in pids:
        try:
            os.kill(pid, number)
        except (ProcessLookupError, PermissionError):
            continue


def main() -> None:
    """Keep account of families, as JSON by lines, and kill those that are left when no more lines can come."""
    families: set[Family] = set()
    for line in sys.stdin:
        family = Family(*json.loads(line[1:]))
        if line[0] == "+":
            families.add(family)
        else:
            families.discard(family)
    for family in families:
        family.kill()
    kill_strays(families)


if __name__ == "__main__":
    main()
