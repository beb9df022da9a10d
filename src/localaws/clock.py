"""The one place time comes from, so that a lesson can watch 90 days pass in a second."""

from __future__ import annotations

import threading
import time
from datetime import UTC, datetime

#: How far the clock can be advanced in all. A lesson watches 90 days, retention of logs ends after ten years, and
#: services add periods of their own (a KMS key or a certificate of decades) that must still be dates.
MAX_YEARS = 100
_YEAR = 365.25 * 24 * 3600  # seconds


class Clock:
    """The lab's time: the machine's, plus an offset that only ever grows, to at most `MAX_YEARS`."""

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

        Raises ValueError for a negative number (services cannot take back what they have already done), for what is
        no number, and for more than `MAX_YEARS` in all.
        """
        if not seconds >= 0:  # nor is nan
            raise ValueError(f"the lab's clock only moves forward, not by {seconds} s")
        with self._changed:
            if self._offset + seconds > MAX_YEARS * _YEAR:
                ahead = self._offset / _YEAR
                raise ValueError(
                    f"the lab's clock can be advanced by {MAX_YEARS} years in all, and is {ahead:.1f} ahead already; "
                    f"{seconds} s more are too many"
                )
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
