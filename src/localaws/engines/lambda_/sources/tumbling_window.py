"""Tumbling windows: batches of one stretch of time, and a state that the function hands from each to the next.

Source: Lambda developer guide, "Configuring tumbling windows": the state is at most 1 MB for a shard, a last call
without further records ends each window.
"""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

from localaws.clock import Clock
from localaws.engines.lambda_.sources.batches import BatchProcessor, Record
from localaws.engines.lambda_.sources.checkpoints import Progress
from localaws.engines.lambda_.sources.mapping import MappingEngine

LARGEST_STATE = 1 << 20
#: Seconds after its end until a window is closed without a later record: what arrived in it has then been read.
LATE_RECORD_SECONDS = 2.5


class TumblingWindow:
    """The windows of one shard, one after the other."""

    def __init__(
        self, clock: Clock, mapping: MappingEngine, shard_id: str, processor: BatchProcessor, progress: Progress
    ) -> None:
        """Go on with the window that *progress* has, if it has one."""
        self._clock = clock
        self._mapping = mapping
        self._shard_id = shard_id
        self._processor = processor
        self._progress = progress
        window = progress.window or {"start": None, "length": 0, "state": {}}
        self._start: int | None = window["start"]
        self._length: int = window["length"]
        self._state: dict[str, Any] = window["state"]

    def process(self, records: list[Record]) -> None:
        """Give *records* to the function, window by window."""
        length = int(self._mapping.tumbling_window or 1)
        position = 0
        while position < len(records):
            start = int(records[position].arrival // length * length)
            end = position
            while end < len(records) and records[end].arrival < start + length:
                end += 1
            end = max(end, position + 1)
            if self._start is not None and start > self._start:
                self._close(early=False)
            if self._start is None:
                self._start, self._length = start, length
            self._call(records[position:end], final=False, early=False)
            position = end

    @property
    def due(self) -> float:
        """When the window is to be closed, in seconds since the epoch; never while there is none."""
        return math.inf if self._start is None else self._start + self._length + LATE_RECORD_SECONDS

    def close_if_due(self) -> None:
        """Close the window if it is over."""
        if self._clock.time() >= self.due:
            self._close(early=False)

    def _close(self, early: bool) -> None:
        self._call([], final=True, early=early)
        if not self._processor.stopping:
            self._start, self._state = None, {}
            self._progress.done([])

    def _call(self, records: list[Record], final: bool, early: bool) -> None:
        assert self._start is not None
        envelope = {
            "window": {"start": _text(self._start), "end": _text(self._start + self._length)},
            "state": self._state,
            "shardId": self._shard_id,
            "eventSourceARN": self._mapping.event_source_arn,
            "isFinalInvokeForWindow": final,
            "isWindowTerminatedEarly": early,
        }
        done: list[Record] = []
        answer = self._processor.process(records, envelope, done.extend)
        if self._processor.stopping or final:
            return
        if isinstance(answer, dict) and isinstance(answer.get("state"), dict):
            self._state = answer["state"]
        self._progress.done(done, {"start": self._start, "length": self._length, "state": self._state})
        if len(json.dumps(self._state).encode()) > LARGEST_STATE:
            self._close(early=True)


def _text(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
