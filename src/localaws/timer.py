"""What is to happen at a moment of the lab's clock, and how the clock is advanced so that it has happened.

``lab.timer.at(deletion, "delete key 1234", delete)`` has *delete* run when the lab's clock is there, be it because time
went by or because somebody let 90 days pass. Nothing of this is kept: after a start an engine makes its appointments
anew from what it has kept itself (``resume`` in its declaration).
"""

from __future__ import annotations

import heapq
import itertools
import logging
import math
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.lab import Lab

log = logging.getLogger(__name__)

#: Actions that run at once. They are short: what takes long is handed on, see `Action`.
THREADS = 4
#: Seconds that `Timer.advance` waits for what was due.
PATIENCE = 30.0
#: The longest pause between two looks, in seconds, of those who poll and whom an advance gives another look.
POLL = 1.0
#: How many looks in a row may find something, before an advance goes on: so many streams fill each other.
LOOKS = 10

#: What is done; an action that hands its work on to threads of its own returns the future of it.
Action = Callable[[], "Future[Any] | None"]


@dataclass(order=True)
class Appointment:
    """An action and its next moment, in seconds since the epoch on the lab's clock."""

    moment: float
    number: int
    name: str = field(compare=False)
    action: Action = field(compare=False)


class Timer:
    """Runs actions when the lab's clock comes to their moments, and lets the clock stop at each on its way."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()
        self._advancing = threading.Lock()
        self._changed = threading.Event()
        self._numbers = itertools.count()
        self._waiting: list[Appointment] = []
        self._running: dict[int, str] = {}  # names, by the appointments' numbers
        self._pool: ThreadPoolExecutor | None = None

    def at(self, moment: float, name: str, action: Action) -> None:
        """Have *action* run at *moment* (seconds since the epoch), at once if that has passed.

        *name* says what it is to whoever waits for it, and in the log if it fails.
        """
        with self._lock:
            heapq.heappush(self._waiting, Appointment(moment, next(self._numbers), name, action))
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, "timer")
                self._lab.on_stop(self._stop)
                self._lab.spawn("timer", self._run, followed=True)
        self._changed.set()

    def follow(self, name: str, work: Future[Any]) -> None:
        """Have an advance wait for *work*, which is under way."""
        number = next(self._numbers)
        with self._lock:
            self._running[number] = name
        work.add_done_callback(lambda _: self._done(number))

    def advance(self, seconds: float, patience: float = PATIENCE) -> list[str]:
        """Let *seconds* pass in the lab; returns when what was due has been done.

        The clock stops at each moment that somebody waits for until that is done, as if the time had really passed:
        what is due after a minute, and again two minutes later, happens twice in five. Who polls has one look more
        after each stop, in his own time, and others while they find something. After *patience* seconds of the
        machine's time the clock goes to its goal at once; returned are the names of what still runs.

        Raises ValueError and OSError as `Clock.advance` does: then the time is as it was.
        """
        clock = self._lab.clock
        with self._advancing:
            clock.check(seconds)
            self._settle(time.monotonic() + patience / 3)  # what was under way belongs to the time before
            goal = clock.time() + seconds
            give_up, looks = time.monotonic() + patience, LOOKS
            while time.monotonic() < give_up:
                due, look = self._next_stops()
                stop = min(due, look) if looks else due
                if stop >= goal:
                    break
                clock.advance(max(stop - clock.time(), 0))
                if self._settle(give_up):
                    break
                found = any(each.found for each in clock.asleep())
                looks = LOOKS if stop == due else looks - 1 if found else 0
            clock.advance(max(goal - clock.time(), 0))
            return self._settle(give_up)

    def _settle(self, give_up: float) -> list[str]:
        """Wait until nothing is due, at most until *give_up* (monotonic seconds); what is, by name."""
        pause = 0.001
        while (names := self._due()) and time.monotonic() < give_up and not self._lab.stopping.wait(pause):
            pause = min(2 * pause, 0.05)
        return names

    def _due(self) -> list[str]:
        now = self._lab.clock.time()
        with self._lock:
            names = {each.name for each in self._waiting if each.moment <= now} | {*self._running.values()}
        return sorted(names | {*self._lab.clock.awake()})

    def _next_stops(self) -> tuple[float, float]:
        """When the first of those who wait is due (one is this timer), and when all who poll will have looked again."""
        asleep, soon = self._lab.clock.asleep(), self._lab.clock.time() + POLL
        due = min((each.end for each in asleep if each.found is None), default=math.inf)
        looks = [each.end for each in asleep if each.found is not None and each.end <= soon]
        return due, max(looks, default=math.inf)

    def _next_appointment(self) -> float:
        with self._lock:
            return self._waiting[0].moment if self._waiting else math.inf

    def _stop(self) -> None:
        self._changed.set()
        if self._pool:
            self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self) -> None:
        clock = self._lab.clock
        while not self._lab.stopping.is_set():
            self._changed.clear()
            while self._next_appointment() <= clock.time():
                self._begin()
            clock.wait(self._changed, self._next_appointment() - clock.time())

    def _begin(self) -> None:
        with self._lock:
            appointment = heapq.heappop(self._waiting)
            self._running[appointment.number] = appointment.name
        assert self._pool is not None
        self._pool.submit(self._perform, appointment)

    def _perform(self, appointment: Appointment) -> None:
        work = None
        try:
            work = appointment.action()
        except Exception:
            if not self._lab.stopping.is_set():
                log.exception("%s failed", appointment.name)
        if work is None:
            self._done(appointment.number)
        else:
            work.add_done_callback(lambda _: self._done(appointment.number))

    def _done(self, number: int) -> None:
        with self._lock:
            del self._running[number]
