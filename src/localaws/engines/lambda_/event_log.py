"""The asynchronous event queue on disk: an event that Lambda has answered with 202 is run, whatever becomes of the lab.

"Your function might receive the same event multiple times" (Lambda developer guide, "How Lambda handles errors and
retries with asynchronous invocation"): one whose execution a kill interrupts is run once more.
"""

from __future__ import annotations

import json
import logging
import threading
from collections import Counter
from pathlib import Path
from typing import Any

from localaws.state.append_log import AppendLog

log = logging.getLogger(__name__)

#: Bytes of entries that say nothing any more, beyond which the log is written anew without them.
MOST_DEAD = 4 << 20
Entry = dict[str, Any]


class EventLog:
    """Entries by number, in the file *path*, until they are done."""

    def __init__(self, path: Path) -> None:
        self._log = AppendLog(path)
        self._lock = threading.Lock()
        self._sizes: Counter[int] = Counter()  # of what is not done, in bytes
        self._next = 0

    def restore(self) -> dict[int, Entry]:
        """All that was not done, by number, as it was last kept."""
        with self._lock:
            found: dict[int, Entry] = {}
            for line in self._log.replay():
                number, entry = json.loads(line)
                self._next = max(self._next, number + 1)
                if entry is None:
                    found.pop(number, None)
                    del self._sizes[number]
                else:
                    found.setdefault(number, {}).update(entry)
                    self._sizes[number] += len(line)
            return found

    def add(self, entry: Entry) -> int:
        """Keep *entry*; returns its number. Raises OSError where the disk is full."""
        with self._lock:
            number = self._next
            self._write(number, entry)
            self._next += 1
            return number

    def change(self, number: int, **changes: Any) -> None:
        """Keep what has become of an entry."""
        self._try(number, changes)

    def done(self, number: int) -> None:
        """Forget an entry."""
        self._try(number, None)

    def _try(self, number: int, entry: Entry | None) -> None:
        """On a full disk the log stays as it is: after a start the event is run as it was then."""
        with self._lock:
            try:
                self._write(number, entry)
            except OSError as error:
                log.warning("what became of an event cannot be kept: %s", error)

    def _write(self, number: int, entry: Entry | None) -> None:
        line = json.dumps([number, entry]).encode()
        self._log.append(line)
        if entry is None:
            del self._sizes[number]
        else:
            self._sizes[number] += len(line)
        if self._log.size > MOST_DEAD and self._log.size > MOST_DEAD + 2 * self._sizes.total():
            self._log.rewrite(line for line in self._log.replay() if json.loads(line)[0] in self._sizes)
