"""A process that outlives the lab by a moment: when the lab ends, even by a crash, it ends what the lab left running.

The lab tells it, line by line, which process groups live (``+123``) and which have ended (``-123``). The operating
system closes that pipe with the lab, whatever its end was; then every group that still lives is killed. So neither
frozen processes nor those that a handler forked stay behind. The file is run as a script with the standard library.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading


class Guardian:
    """The lab's side; started with the first group it is told of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, group: int) -> None:
        """Have process group *group* killed if the lab ends before `forget`."""
        self._tell(f"+{group}\n")

    def forget(self, group: int) -> None:
        self._tell(f"-{group}\n")

    def stop(self) -> None:
        """Have every group killed that was not forgotten."""
        with self._lock:
            if self._process is not None:
                self._process.communicate()
                self._process = None

    def _tell(self, line: str) -> None:
        with self._lock:
            if self._process is None:
                self._process = subprocess.Popen(
                    [sys.executable, "-I", __file__], stdin=subprocess.PIPE, start_new_session=True
                )
            assert self._process.stdin is not None
            self._process.stdin.write(line.encode())
            self._process.stdin.flush()


def main() -> None:
    groups: set[int] = set()
    for line in sys.stdin:
        change, group = line[0], int(line[1:])
        if change == "+":
            groups.add(group)
        else:
            groups.discard(group)
    for group in groups:
        try:
            os.killpg(group, signal.SIGKILL)
        except ProcessLookupError:
            continue


if __name__ == "__main__":
    main()
