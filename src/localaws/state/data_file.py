"""The data of one thing, such as a queue or a table: a log that begins with the thing itself."""

from __future__ import annotations

import logging
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from localaws.state.append_log import AppendLog
from localaws.state.plain import dumps, loads

log = logging.getLogger(__name__)

_OWNER = "owner"
#: Records that are not worth the work of leaving out those of what is no more.
_FEW = 1000


class DataFile:
    """Records, each a tuple of plain values (localaws.state.plain), in the file *path*; it is made for the first.

    A snapshot of a service may be half a second old when the lab is killed, but what was put into a new queue must not
    be lost with the queue. So the file begins with what *owner* gives, of which the queue can be made again.
    """

    def __init__(self, path: Path, owner: Callable[[], Any]) -> None:
        self._path = path
        self._owner = lambda: {_OWNER: owner()}
        self._log: AppendLog | None = None
        self._count = 0
        self._next = _FEW

    def write(self, records: Sequence[Any], weight: int = 0) -> None:
        """Add *records*, which tell of *weight* things (else of one each).

        Raises OSError where the disk does not take all; then it has none of them.
        """
        if not records:
            return
        if self._log is None:
            new = AppendLog(self._path)
            new.append_all(map(dumps, [self._owner(), *records]))
            self._log = new
        else:
            self._log.append_all(map(dumps, records))
        self._count += weight or len(records)

    def replay(self, make: Callable[..., object]) -> None:
        """Call *make* with each record of an earlier lab, the oldest first; once, before the first `write`.

        What a damaged record has made is missing: later ones that are of it (LookupError) are left out too.
        """
        if not self._path.exists() or not self._path.stat().st_size:
            return
        self._log = AppendLog(self._path)
        for written in self._log.replay():
            record = loads(written)
            if isinstance(record, dict):
                continue
            self._count += 1
            try:
                make(*record)
            except LookupError as error:
                log.error("%s: a record is of %s, which is not there; it was left out", self._path, error)

    def tidy(self, living: Callable[[], int], records: Callable[[], Iterable[Any]]) -> None:
        """Hold *records* instead of all there were if most of these tell of what is no more; *living* counts the rest.

        Both are asked only when that may be so.
        """
        if self._log is None or self._count < self._next:
            return
        now = living()
        self._next = _FEW + 2 * now
        if self._count < self._next:
            return
        self._count = now
        try:
            self._log.rewrite(map(dumps, chain([self._owner()], records())))
        except OSError as error:  # what was written is there still, and may be left out another time
            log.warning("%s could not be made shorter: %s", self._path, error)

    def remove(self) -> None:
        """Delete the file, whose owner is no more."""
        if self._log is not None:
            self._log.remove()


def strays(directory: Path, known: Container[str]) -> Iterator[Any]:
    """What the files in *directory* say of their owners, of which the last snapshot knew nothing.

    An owner that was deleted has no file: it goes before the owner does.
    """
    for path in sorted(directory.glob("*.log")):
        if path.stem not in known:
            owners = [each[_OWNER] for each in map(loads, AppendLog(path).replay()) if isinstance(each, dict)]
            if owners:
                yield owners[0]
            elif path.stat().st_size:
                log.error("%s does not say whose it is; what it holds cannot be used", path)
