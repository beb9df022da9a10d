"""The one place time comes from, so that a lesson can watch 90 days pass in a second."""

from __future__ import annotations

import json
import threading
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from weakref import WeakSet

from localaws.home import write_private

#: How far the clock can be advanced in all. A lesson watches 90 days, retention of logs ends after ten years, and
#: services add periods of their own (a KMS key or a certificate of decades) that must still be dates.
MAX_YEARS = 100
_YEAR = 365.25 * 24 * 3600  # seconds
#: Seconds after which a wait looks at the clock anew: a machine that was put to sleep has not counted them.
LOOK = 60.0


@dataclass(frozen=True)
class Sleep:
    """What a thread waits for: *event*, or the moment *end* in seconds since the epoch.

    *found* is that of `Clock.poll`, None in `Clock.wait`.
    """

    event: threading.Event
    end: float
    found: bool | None


class Clock:
    """The lab's time: the machine's, plus an offset that only ever grows, to at most `MAX_YEARS`.

    With a *path* the offset is kept there: what is dated in the lab's future must not lie ahead after a restart.
    """

    def __init__(self, path: Path | None = None) -> None:
        """Raises ValueError if *path* holds anything but what a clock has written."""
        self._path = path
        self._offset = _read(path) if path else 0.0
        self._lock = threading.Lock()
        self._asleep: dict[threading.Thread, Sleep] = {}
        self._awake = WeakSet[threading.Thread]()  # not to keep those that have ended

    def time(self) -> float:
        """Seconds since the epoch."""
        return time.time() + self._offset

    def now(self) -> datetime:
        """The same moment as an aware datetime in UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def check(self, seconds: float) -> None:
        """Raises ValueError unless the clock can be advanced by *seconds*.

        It cannot by a negative number (services cannot take back what they have already done), by what is no number,
        or by more than `MAX_YEARS` in all.
        """
        if not seconds >= 0:  # nor is nan
            raise ValueError(f"the lab's clock only moves forward, not by {seconds} s")
        if self._offset + seconds > MAX_YEARS * _YEAR:
            ahead = self._offset / _YEAR
            raise ValueError(
                f"the lab's clock can be advanced by {MAX_YEARS} years in all, and is {ahead:.1f} ahead already; "
                f"{seconds} s more are too many"
            )

    def advance(self, seconds: float) -> None:
        """Move the lab's time forward, once that is written down, and wake whoever waits on it.

        Raises ValueError as `check` does, and OSError if it cannot be written down.
        """
        with self._lock:
            self.check(seconds)
            if self._path and seconds:
                write_private(self._path, {"seconds_ahead": self._offset + seconds})
            self._offset += seconds
            conditions = {_condition(sleep.event) for sleep in self._asleep.values()}
        for condition in conditions:
            with condition:
                condition.notify_all()

    def wait(self, event: threading.Event, seconds: float) -> bool:
        """Wait until *event* is set or *seconds* (math.inf too) have passed on the lab's clock.

        Returns whether the event is set.
        """
        return self._sleep(Sleep(event, self.time() + seconds, None))

    def poll(self, event: threading.Event, seconds: float, found: bool) -> bool:
        """Wait like `wait`, between two looks for work; *found* says whether the last one found any.

        An advance of years does not stop for each look: see `Timer.advance`.
        """
        return self._sleep(Sleep(event, self.time() + seconds, found))

    def _sleep(self, sleep: Sleep) -> bool:
        thread, event = threading.current_thread(), sleep.event
        with self._lock:
            self._awake.discard(thread)
            self._asleep[thread] = sleep
        condition = _condition(event)
        try:
            with condition:
                while not event.is_set() and (left := sleep.end - self.time()) > 0:
                    condition.wait(min(left, LOOK))
        finally:
            with self._lock:
                del self._asleep[thread]
                self._awake.add(thread)
        return event.is_set()

    def follow(self, thread: threading.Thread) -> None:
        """Count *thread*, which is about to start, among those that are `awake`."""
        with self._lock:
            self._awake.add(thread)

    def rest(self) -> None:
        """Say that this thread has done what it had to when `wait` returned, and waits for other things than time."""
        with self._lock:
            self._awake.discard(threading.current_thread())

    def awake(self) -> list[str]:
        """The names of threads that work: whose wait has returned, or is to, until they wait again, `rest` or end."""
        now = self.time()
        with self._lock:
            working = [thread for thread in self._awake if thread.is_alive()]
            waking = [each for each, sleep in self._asleep.items() if sleep.event.is_set() or sleep.end <= now]
            return [thread.name for thread in working + waking]

    def asleep(self) -> list[Sleep]:
        """What the threads wait for that wait by this clock."""
        with self._lock:
            return [*self._asleep.values()]


def _condition(event: threading.Event) -> threading.Condition:
    """By which who waits for *event* can be woken without it; an event alone has no way for that."""
    condition: threading.Condition = event._cond  # type: ignore[attr-defined]
    return condition


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
