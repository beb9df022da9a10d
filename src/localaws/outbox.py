"""What a service sends to others after it has answered: a receiver that takes its time keeps no caller waiting."""

from __future__ import annotations

import logging
import math
import queue
from collections.abc import Callable
from concurrent.futures import Future

from localaws.lab import Lab

log = logging.getLogger(__name__)

Delivery = Callable[[], object]


class Outbox:
    """Deliveries in the background, in their order where one thread makes them; who cannot be reached, the log says.

    Of more than *most* that wait, the newest are not sent. An advance of the lab's clock waits for each.
    """

    def __init__(self, lab: Lab, name: str, threads: int = 1, most: float = math.inf) -> None:
        self._lab = lab
        self._most = most
        self._waiting: queue.SimpleQueue[tuple[str, Delivery, Future[None]] | None] = queue.SimpleQueue()
        for _ in range(threads):
            lab.spawn(name, self._work)
        lab.on_stop(lambda: self._waiting.put(None))

    def send(self, receiver: str, delivery: Delivery) -> None:
        """Have *delivery* made soon; *receiver* is what the log calls whom it is for. Returns at once."""
        if self._waiting.qsize() < self._most:
            done = Future[None]()
            self._lab.timer.follow(f"delivery to {receiver}", done)
            self._waiting.put((receiver, delivery, done))
        else:
            log.warning("%d deliveries wait already: one more, to %s, is not made", self._most, receiver)

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            receiver, delivery, done = waiting
            try:
                delivery()
            except Exception:
                if not self._lab.stopping.is_set():
                    log.warning("not delivered to %s", receiver, exc_info=True)
            done.set_result(None)
        self._waiting.put(None)  # for the next thread
