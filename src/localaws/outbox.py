"""What a service sends to others after it has answered: a receiver that takes its time keeps no caller waiting."""

from __future__ import annotations

import itertools
import logging
import math
import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

from localaws.lab import Lab
from localaws.state.append_log import AppendLog
from localaws.state.plain import dumps, loads

log = logging.getLogger(__name__)

#: Bytes of the file from which on it begins anew as soon as nothing waits.
_LARGE = 1 << 20
#: A delivery: its number, for whom it is, and what `Outbox` is to deliver, in plain values.
Delivery = tuple[int, str, tuple[Any, ...]]


class Outbox:
    """Deliveries in the background, in their order where one thread makes them; who cannot be reached, the log says.

    *deliver* makes one: it is called with what `send` was given. What waits is in a file, and is sent after a start
    if the lab ends before; what was under way then may come twice, as SNS and S3 say of theirs ("at least once").
    Of more than *most* that wait, the newest are not sent. An advance of the lab's clock waits for each.
    """

    def __init__(
        self, lab: Lab, name: str, deliver: Callable[..., object], threads: int = 1, most: float = math.inf
    ) -> None:
        self._lab = lab
        self._deliver = deliver
        self._most = most
        self._lock = threading.Lock()
        self._numbers = itertools.count()
        self._open = 0
        self._file = AppendLog(lab.directory / "outbox" / f"{name}.log")
        self._waiting: queue.SimpleQueue[tuple[Delivery, Future[None]] | None] = queue.SimpleQueue()
        self._left = self._read()
        for _ in range(threads):
            lab.spawn(name, self._work)
        lab.on_stop(lambda: self._waiting.put(None))

    def _read(self) -> list[Delivery]:
        """What an earlier process of this lab has left, in its order."""
        waiting: dict[int, Delivery] = {}
        for number, *delivery in map(loads, self._file.replay()):
            if delivery:
                waiting[number] = (number, delivery[0], delivery[1])
            else:
                waiting.pop(number, None)
        return [(next(self._numbers), receiver, content) for _, receiver, content in waiting.values()]

    def go_on(self) -> None:
        """Send what an earlier process has left; once, when those that are to be reached can be."""
        with self._lock:
            left, self._left = self._left, []
            if self._file.size:
                self._file.rewrite(dumps(delivery) for delivery in left)
            for delivery in left:
                self._put(delivery)

    def send(self, receiver: str, *content: Any) -> None:
        """Have *content*, plain values, delivered soon; *receiver* is what the log calls whom it is for."""
        if self._waiting.qsize() >= self._most:
            log.warning("%d deliveries wait already: one more, to %s, is not made", self._most, receiver)
            return
        with self._lock:
            delivery = (next(self._numbers), receiver, content)
            self._note(delivery)
            self._put(delivery)

    def _put(self, delivery: Delivery) -> None:
        self._open += 1
        done = Future[None]()
        self._lab.timer.follow(f"delivery to {delivery[1]}", done)
        self._waiting.put((delivery, done))

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            (number, receiver, content), done = waiting
            try:
                self._deliver(*content)
            except Exception:
                if self._lab.stopping.is_set():  # the next process makes it
                    continue
                log.warning("not delivered to %s", receiver, exc_info=True)
            self._is_made(number)
            done.set_result(None)
        self._waiting.put(None)  # for the next thread

    def _is_made(self, number: int) -> None:
        with self._lock:
            self._open -= 1
            if not self._open and self._file.size > _LARGE and not self._left:
                self._file.rewrite(())
            else:
                self._note((number,))

    def _note(self, record: tuple[Any, ...]) -> None:
        """Write *record* down. What the disk does not take is sent all the same, and only a kill loses it."""
        try:
            self._file.append(dumps(record))
        except OSError as error:
            log.warning("what waits to be sent cannot be kept: %s", error)
