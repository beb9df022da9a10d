"""The one place time comes from, so that a lesson can watch 90 days pass in a second."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime


class Clock:
    """The lab's time: the machine's, plus an offset that only ever grows."""

    def __init__(self) -> None:
        self._offset = 0.0
        self._changed = threading.Condition()

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The same moment as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the lab's time forward and wake whoever waits on it.

        Raises ValueError for a negative number: services cannot take back what they have already done.
        """
        if seconds < 0:
            raise ValueError(f"the lab's clock only moves forward, not by {seconds} s")
        with self._changed:
            self._offset += seconds
            self._changed.notify_all()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until *event* is set or *seconds* have passed on the lab's clock.

        Returns whether the event is set. Polls five times a second, for the event may be set from anywhere.
        """
        deadline = self.time() + seconds
        while not event.is_set():
            left = deadline - self.time()
            if left <= 0:
                return False
            with self._changed:
                self._changed.wait(min(left, 0.2))
        return True
