"""The segments of all traces: a snapshot cannot name the function by which moto begins a new trace."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from moto.xray.models import SegmentCollection


class TracesEngine(SegmentCollection):
    """Is kept as what it holds."""

    def __getstate__(self) -> dict[str, Any]:
        return {**vars(self), "_traces": dict(self._traces)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self._traces = defaultdict(self._new_trace_item, state["_traces"])
