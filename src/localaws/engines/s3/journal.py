"""What lets objects outlive the process: a file of JSON lines, one for each change, replayed at the next start."""

from __future__ import annotations

import errno
import json
import logging
import os
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

log = logging.getLogger(__name__)

_as_json = json.JSONEncoder(separators=(",", ":")).encode


class Journal:
    """Appends changes to *path*; each reaches the operating system before `append` returns.

    That survives the death of the server at any moment. It does not wait for the disk, so a power cut may
    take the last seconds.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        self._descriptor = -1

    def replay(self) -> Iterator[dict[str, Any]]:
        """All changes, oldest first. A line that a crash or a full disk cut off was never acknowledged: it goes."""
        if not self._path.exists():
            return
        with self._path.open("rb") as lines:
            for line in lines:
                try:
                    change = json.loads(line)
                except ValueError:
                    log.warning("%s has a change that was cut off; dropped: %r", self._path, line[:200])
                    continue
                yield change

    def rewrite(self, changes: Iterable[dict[str, Any]]) -> None:
        """Replace the history by the shorter one that leads to the same state, and open it for appending."""
        fresh = self._path.with_suffix(".new")
        with fresh.open("wb") as target:
            for change in changes:
                target.write(_line(change))
        fresh.replace(self._path)
        self._descriptor = os.open(self._path, os.O_WRONLY | os.O_APPEND)

    def append(self, change: dict[str, Any]) -> None:
        line = _line(change)
        with self._lock:
            if self._descriptor < 0:
                raise RuntimeError("the object journal is closed: the lab is stopping")
            if os.write(self._descriptor, line) != len(line):
                os.write(self._descriptor, b"\n")
                raise OSError(errno.ENOSPC, "no room for the object journal", str(self._path))

    def close(self) -> None:
        with self._lock:
            if self._descriptor >= 0:
                os.close(self._descriptor)
                self._descriptor = -1


def _line(change: dict[str, Any]) -> bytes:
    return _as_json(change).encode() + b"\n"
