"""What was found out about files, for the next query: reading a footer, or all of a text, takes longest."""

from __future__ import annotations

import threading
from collections.abc import Hashable
from pathlib import Path
from typing import Generic, TypeVar

Fact = TypeVar("Fact")
#: Weight of what is kept of one kind: some 20 MB. Whoever writes the files says how much there is to know of one.
_MOST = 200_000
#: What the fact that there is nothing to know weighs.
_LEAST = 10


def identity(path: str | Path) -> tuple[int, int, int, int]:
    """Tells a file from all others, and from itself once it is changed, by whatever link it is reached."""
    facts = Path(path).stat()
    return facts.st_dev, facts.st_ino, facts.st_size, facts.st_mtime_ns


class Remembered(Generic[Fact]):
    """Facts by what they are about; the oldest are forgotten where all weigh more than *most*. For any thread."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._lock = threading.Lock()
        self._held: dict[Hashable, tuple[Fact, int]] = {}
        self._weight = 0

    def get(self, about: Hashable) -> Fact | None:
        with self._lock:
            found = self._held.get(about)
            return None if found is None else found[0]

    def put(self, about: Hashable, fact: Fact, weight: int = 0) -> None:
        """*weight*: of how many numbers or short texts (or bytes, where *most* is) *fact* and *about* are made."""
        weight += _LEAST
        with self._lock:
            self._weight += weight - self._held.pop(about, (fact, 0))[1]
            self._held[about] = (fact, weight)
            while self._weight > self._most:
                self._weight -= self._held.pop(next(iter(self._held)))[1]
