"""Records that must stay in order, gathered into batches and given to the function one batch at a time.

A shard has one batcher, or as many as its mapping's ParallelizationFactor says: all records of a key go to the same.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from localaws.engines.lambda_.sources.batches import BatchProcessor, Record
from localaws.engines.lambda_.sources.checkpoints import Progress
from localaws.engines.lambda_.sources.mapping import MappingEngine
from localaws.engines.lambda_.sources.tumbling_window import TumblingWindow
from localaws.lab import Lab

log = logging.getLogger(__name__)

#: Bytes of a batch: the event's 6 MB, less its frame.
LARGEST_BATCH = 6_200_000


class OrderedBatcher:
    """A thread with a backlog, fed by a shard's poller."""

    def __init__(
        self, lab: Lab, mapping: MappingEngine, shard_id: str, processor: BatchProcessor, progress: Progress
    ) -> None:
        self._lab = lab
        self._mapping = mapping
        self._processor = processor
        self._window = TumblingWindow(lab.clock, mapping, shard_id, processor, progress)
        self._backlog: deque[Record] = deque()
        self._lock = threading.Lock()
        self._changed = threading.Event()
        self._busy = False
        self._ended = False
        lab.spawn(f"lambda source {mapping.uuid} {shard_id}", self._run, followed=True)

    def offer(self, records: list[Record]) -> None:
        with self._lock:
            self._backlog.extend(records)
        self._changed.set()

    @property
    def waiting(self) -> int:
        """Records that are not in a batch yet."""
        return len(self._backlog)

    @property
    def idle(self) -> bool:
        with self._lock:
            return not self._backlog and not self._busy

    def end(self) -> None:
        self._ended = True
        self._changed.set()

    def _run(self) -> None:
        while not self._stopping:
            batch = self._gather()
            try:
                if batch and self._mapping.tumbling_window:
                    self._window.process(batch)
                elif batch:
                    self._processor.process(batch)
                self._window.close_if_due()
            except Exception:
                log.exception("mapping %s lost a batch", self._mapping.uuid)
            finally:
                self._busy = False

    @property
    def _stopping(self) -> bool:
        return self._ended or self._lab.stopping.is_set()

    def _gather(self) -> list[Record]:
        """A batch, once it is full or its window is over; nothing if a tumbling window ends before a record comes."""
        self._wait(self._window.due, lambda: bool(self._backlog))
        if self._backlog:
            self._wait(self._lab.clock.time() + (self._mapping.max_batch_window or 0), self._full)
        with self._lock:
            if not self._backlog or self._stopping:
                return []
            self._busy = True
            return self._take()

    def _wait(self, moment: float, enough: Callable[[], bool]) -> None:
        """Wait until there is *enough*, or *moment* has come on the lab's clock."""
        while True:
            self._changed.clear()
            left = moment - self._lab.clock.time()
            if self._stopping or left <= 0 or enough():
                return
            self._lab.clock.wait(self._changed, left)

    def _full(self) -> bool:
        with self._lock:
            size = sum(record.size for record in self._backlog)
            return len(self._backlog) >= self._mapping.batch_size or size >= LARGEST_BATCH

    def _take(self) -> list[Record]:
        batch: list[Record] = []
        size = 0
        while self._backlog and len(batch) < self._mapping.batch_size:
            size += self._backlog[0].size
            if batch and size > LARGEST_BATCH:
                break
            batch.append(self._backlog.popleft())
        return batch


def wait_until_idle(batchers: list[OrderedBatcher], ending: threading.Event) -> bool:
    """Wait for every batcher to have done its work; False if the mapping ends before."""
    while not all(batcher.idle for batcher in batchers):
        if ending.is_set():
            return False
        time.sleep(0.02)
    return True
