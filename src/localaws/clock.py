"""The one place time comes from, so that a lesson can watch 90 days pass in a second."""

from __future__ import annotations

import json
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

from localaws.home import write_private

#: How far the clock can be advanced in all. A lesson watches 90 days, retention of logs ends after ten years, and
#: services add periods of their own (a KMS key or a certificate of decades) that must still be dates.
MAX_YEARS = 100
_YEAR = 365.25 * 24 * 3600  # seconds


class Clock:
    """The lab's time: the machine's, plus an offset that only ever grows, to at most `MAX_YEARS`.

    With a *path* the offset is kept there: what is dated in the lab's future must not lie ahead after a restart.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Raises ValueError if *path* holds anything but what a clock has written."""
        self._path = path
        self._offset = _read(path) if path else 0.0
        self._changed = threading.Condition()

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The same moment as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def advance(self, seconds: float) -> None:
        """Move the lab's time forward, once that is written down, and wake whoever waits on it.

        Raises:
            ValueError: a negative number (services cannot take back what they have already done), what is no number,
                or more than `MAX_YEARS` in all.
            OSError: it cannot be written down.
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
            if self._path:
                write_private(self._path, {"seconds_ahead": self._offset + seconds})
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


def _read(path: Path) -> float:
    """Seconds that the clock of an earlier start was ahead; 0 if there was none."""
    try:
        ahead = json.loads(path.read_text())["seconds_ahead"]
        if not isinstance(ahead, int | float) or isinstance(ahead, bool) or not 0 <= ahead <= MAX_YEARS * _YEAR:
            raise ValueError(f"{ahead!r} is not a number of seconds from 0 to {MAX_YEARS} years")
    except FileNotFoundError:
        return 0.0
    except (LookupError, TypeError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{path} does not say how far the lab's clock is ahead ({error}). "
            "Delete the file to go on with the machine's time: what the lab has dated later will lie in its future."
        ) from None
    return float(ahead)
