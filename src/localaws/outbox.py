"""What a service sends to others after it has answered: a receiver that takes its time keeps no caller waiting."""

from __future__ import annotations

import logging
import math
import queue
from collections.abc import Callable

from localaws.lab import Lab

log = logging.getLogger(__name__)

Delivery = Callable[[], object]


class Outbox:
    """Deliveries in the background, in their order where one thread makes them; who cannot be reached, the log says.

    Of more than *most* that wait, the newest are not sent.
    """

    def __init__(self, lab: Lab, name: str, threads: int = 1, most: float = math.inf) -> None:
        self._lab = lab
        self._most = most
        self._waiting: queue.SimpleQueue[tuple[str, Delivery] | None] = queue.SimpleQueue()
        for _ in range(threads):
            lab.spawn(name, self._work)
        lab.on_stop(lambda: self._waiting.put(None))

    def send(self, receiver: str, delivery: Delivery) -> None:
        """Have *delivery* made soon; *receiver* is what the log calls whom it is for. Returns at once."""
        if self._waiting.qsize() < self._most:
            self._waiting.put((receiver, delivery))
        else:
            log.warning("%d deliveries wait already: one more, to %s, is not made", self._most, receiver)

    def _work(self) -> None:
        while (waiting := self._waiting.get()) is not None:
            receiver, delivery = waiting
            try:
                delivery()
            except Exception:
                if not self._lab.stopping.is_set():
                    log.warning("not delivered to %s", receiver, exc_info=True)
        self._waiting.put(None)  # for the next thread
