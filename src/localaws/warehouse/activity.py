"""How long a warehouse works, as Redshift Serverless bills it: by the second, and a minute at least.

Source: "Billing for compute capacity" (management guide, "Billing for Amazon Redshift Serverless").
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

_AT_LEAST = 60.0


class Activity:
    """Tells *used* of seconds that are to be paid for beside those that it was told of before."""

    def __init__(self, used: Callable[[float], None]) -> None:
        self._used = used
        self._paid = 0.0  # until when, in monotonic seconds
        self._lock = threading.Lock()

    @contextmanager
    def working(self) -> Iterator[None]:
        """Within, a statement runs."""
        began = time.monotonic()
        if began >= self._paid:
            self._pay(began, began + _AT_LEAST)
        try:
            yield
        finally:
            self._pay(began, time.monotonic())

    def _pay(self, start: float, end: float) -> None:
        """For what of the time from *start* to *end* is not paid for yet."""
        with self._lock:
            due = end - max(start, self._paid)
            if due <= 0:
                return
            self._paid = end
        self._used(due)
