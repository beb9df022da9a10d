"""Keeps a snapshot out of the middle of a change: changes of one service go on side by side, a snapshot alone."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 0.1  # seconds that new changes may wait for a snapshot, and that for those under way


class Gate:
    """What changes one service passes through here."""

    def __init__(self) -> None:
        self._moved = threading.Condition(threading.Lock())
        self._within = 0
        self._closed = False
        self._mine = threading.local()

    @contextmanager
    def changing(self) -> Iterator[None]:
        """The body changes the service. A change within a change, on the same thread, is part of that one."""
        depth = getattr(self._mine, "depth", 0)
        with self._moved:
            while self._closed and not depth:
                self._moved.wait()
            self._within += 1
        self._mine.depth = depth + 1
        try:
            yield
        finally:
            self._mine.depth = depth
            with self._moved:
                self._within -= 1
                if self._closed:
                    self._moved.notify_all()

    @contextmanager
    def quiet(self) -> Iterator[bool]:
        """Give whether nothing changes the service during the body: what is under way may not end in time.

        It is not waited for longer, for it may itself wait for a change on another thread, which waits here. What this
        thread is changing it holds still itself.
        """
        own = getattr(self._mine, "depth", 0)
        with self._moved:
            self._closed = True
            quiet = self._moved.wait_for(lambda: self._within == own, _PATIENCE)
            if not quiet:
                self._open()
        try:
            yield quiet
        finally:
            with self._moved:
                self._open()

    def _open(self) -> None:
        self._closed = False
        self._moved.notify_all()
