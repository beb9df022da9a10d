"""What services tell CloudWatch about themselves, gathered here and sent once a second."""

from __future__ import annotations

import logging
import threading
from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localaws.lab import Lab

log = logging.getLogger(__name__)

# namespace, metric, unit, dimensions, minute, region
_Key = tuple[str, str, str, tuple[tuple[str, str], ...], int, str]


class Metrics:
    """Buffers values so that a hot path pays only for a dictionary update.

    Values are kept with their counts (PutMetricData's ``Values`` and ``Counts``), so percentiles stay exact.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._lock = threading.Lock()
        self._pending: dict[_Key, dict[float, int]] = defaultdict(lambda: defaultdict(int))
        self._thread: threading.Thread | None = None

    def add(
        self,
        namespace: str,
        name: str,
        value: float,
        unit: str = "Count",
        dimensions: Mapping[str, str] | None = None,
        region: str | None = None,
    ) -> None:
        """Record one *value* of metric *name*; *unit* is one of CloudWatch's StandardUnits."""
        minute = int(self._lab.clock.time() // 60 * 60)
        key = (namespace, name, unit, tuple(sorted((dimensions or {}).items())), minute, region or self._lab.region)
        with self._lock:
            self._pending[key][value] += 1
            if self._thread is None:
                self._thread = self._lab.spawn("metrics", self._flush_loop)

    def flush(self) -> None:
        """Send everything gathered so far."""
        with self._lock:
            pending, self._pending = self._pending, defaultdict(lambda: defaultdict(int))
        batches: dict[tuple[str, str], list[dict[str, Any]]] = defaultdict(list)
        for (namespace, name, unit, dimensions, minute, region), values in pending.items():
            items = list(values.items())
            for start in range(0, len(items), 150):  # PutMetricData takes at most 150 values a datum
                part = items[start : start + 150]
                batches[namespace, region].append(
                    {
                        "MetricName": name,
                        "Unit": unit,
                        "Timestamp": minute,
                        "Dimensions": [{"Name": key, "Value": value} for key, value in dimensions],
                        "Values": [value for value, _ in part],
                        "Counts": [count for _, count in part],
                    }
                )
        for (namespace, region), data in batches.items():
            client = self._lab.client("cloudwatch", region=region, by="cloudwatch")
            for start in range(0, len(data), 500):
                client.put_metric_data(Namespace=namespace, MetricData=data[start : start + 500])

    def _flush_loop(self) -> None:
        while not self._lab.stopping.wait(1.0):
            try:
                self.flush()
            except Exception:
                log.exception("metrics not delivered")
