"""All processes that descend from one: found, stopped, continued, ended, and their memory added up.

A process that starts a session or group of its own still descends from the one that it was started by, and an orphan
is adopted by the environment's init or supervisor (`launcher`): so the tree has them all.

Run as a script it is the child of `guardian`, and does what that one's docstring says.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

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

    def stop(self) -> None:
        """Stop every member: who is stopped has no more children."""
        stopped: set[int] = set()
        for _ in range(_ROUNDS):
            new = [pid for pid in self.members() if pid not in stopped]
            if not new:
                return
            _signal(new, signal.SIGSTOP)
            stopped.update(new)

    def resume(self) -> None:
        _signal(self.members(), signal.SIGCONT)

    def kill(self) -> None:
        """Kill every member that descends from the root; `kill_strays` ends others."""
        if self.enclosed:
            _signal(self.members()[:2], signal.SIGKILL)
            return
        self.stop()
        _signal(reversed(self.members()), signal.SIGKILL)


def kill_strays(families: Iterable[Family]) -> None:
    """Kill who left the trees of *families*, which are dead: known by user, or by mark."""
    loose = [family for family in families if not family.enclosed]
    users = {family.user for family in loose if family.user is not None}
    marks = {family.mark for family in loose if family.user is None}
    if not loose:
        return
    for process in psutil.process_iter():
        try:
            mine = process.uids().real in users or (marks and not marks.isdisjoint(process.environ().values()))
            if mine and process.pid != os.getpid():
                process.kill()
        except psutil.Error:
            continue


def memory(pid: int) -> int:
    """Bytes of memory of process *pid*; 0 once it has ended."""
    try:
        return int(psutil.Process(pid).memory_info().rss)
    except psutil.Error:
        return 0


def own_memory(pid: int) -> int:
    """Bytes that *pid* shares with no other process: what a fork shares with its parent is counted there."""
    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except psutil.Error:
        return 0


def _children(pid: int) -> list[int]:
    try:
        if not _LISTS_CHILDREN:
            return [child.pid for child in psutil.Process(pid).children()]
        children: list[int] = []
        for thread in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (thread / "children").read_text().split())
        return children
    except (OSError, psutil.Error):  # it has ended
        return []


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
