"""A process that outlives the lab by a moment: when the lab ends, even by a crash, it ends what the lab left running.

The lab tells it, a line each, which families of processes live (``+``) and which have ended (``-``). The operating
system closes that pipe with the lab, whatever its end was; then every family that still lives is killed. So neither
frozen processes nor those that a handler forked stay behind.
"""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from dataclasses import astuple

from localaws.engines.lambda_ import processes
from localaws.engines.lambda_.processes import Family


class ProcessReaper:
    """The lab's side; started with the first family it is told of."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None

    def watch(self, family: Family) -> None:
        """Have *family* killed if the lab ends before `forget`."""
        self._tell("+", family)

    def forget(self, family: Family) -> None:
        self._tell("-", family)

    def stop(self) -> None:
        """Have every family killed that was not forgotten."""
        with self._lock:
            if self._process is not None:
                self._process.communicate()
                self._process = None

    def _tell(self, change: str, family: Family) -> None:
        with self._lock:
            if self._process is None:
                command = [sys.executable, "-I", processes.__file__]
                self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
            assert self._process.stdin is not None
            self._process.stdin.write(f"{change}{json.dumps(astuple(family))}\n".encode())
            self._process.stdin.flush()
