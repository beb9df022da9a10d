"""Records of management events, which CloudTrail shows for 90 days: longer than the records of all calls are kept."""

from __future__ import annotations

import json
import logging
import os
import threading
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

log = logging.getLogger(__name__)

#: "The Event history provides … the past 90 days of management events" (CloudTrail user guide).
KEPT = timedelta(days=90)
#: Bytes that are kept at most, whatever their age: of management events some 300,000.
MOST = 256 << 20
#: How the record of a management event ends (`Call.as_record`).
_MANAGEMENT = b'"event_category":"Management"}\n'


class EventHistory:
    """Files in *directory*, each named after the number of the first record of those that it was made of.

    What is taken waits as ``….full`` until what is to stay of it is written: a kill in between loses nothing.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._lock = threading.Lock()
        if any(self._waiting()):
            self._begin()

    def _waiting(self) -> list[Path]:
        return sorted(self._directory.glob("*.full"))

    def take(self, path: Path, number: int) -> None:
        """Move *path*, a file of records from *number* on that has been written to its end, here; soon most of it goes.

        Raises OSError where that cannot be done; the file then stays where it is.
        """
        self._directory.mkdir(exist_ok=True, mode=0o700)
        with self._lock:
            path.replace(self._directory / f"{number:015}.full")
        self._begin()

    def _begin(self) -> None:
        threading.Thread(target=self._sift, name="event-history", daemon=True).start()

    def _sift(self) -> None:
        for full in self._waiting():
            kept = full.with_suffix(".jsonl")
            try:
                with full.open("rb") as source, open(kept.with_suffix(".new"), "wb", opener=_private) as target:
                    target.writelines(line for line in source if line.endswith(_MANAGEMENT))
                with self._lock:
                    kept.with_suffix(".new").replace(kept)
                    full.unlink()
                    self._forget()
            except OSError as error:  # such as of a full disk: the next file that is taken gives another try
                log.error("%s could not be made shorter: %s", full, error)
                kept.with_suffix(".new").unlink(missing_ok=True)

    def _forget(self) -> None:
        """Delete files that are too old, or too many."""
        files = sorted(self._directory.glob("*.jsonl"), reverse=True)
        times = [_last_time(path) for path in files]
        newest, size = next(filter(None, times), None), 0
        for path, time in zip(files, times, strict=True):
            size += path.stat().st_size
            if size > MOST or time is None or (newest and newest - time > KEPT):
                path.unlink()

    def open(self) -> Iterator[IO[bytes]]:
        """The files, opened, the eldest first."""
        with self._lock, ExitStack() as stack:
            paths = sorted([*self._waiting(), *self._directory.glob("*.jsonl")])
            files = [stack.enter_context(path.open("rb")) for path in paths]
            stack.pop_all()
        return iter(files)


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, 0o600)


def _last_time(path: Path) -> datetime | None:
    """When the last event of the file was; None if it has none."""
    with path.open("rb") as file:
        file.seek(max(0, path.stat().st_size - (1 << 20)))
        lines = file.read().splitlines()
    return datetime.fromisoformat(json.loads(lines[-1])["time"]) if lines else None
