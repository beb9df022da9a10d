"""Provisioned capacity runs out: tables and indexes have so many units a second, and up to five minutes of unused ones.

A partition, which here is what has one partition key, has a limit of its own in both modes of billing.

Sources: DynamoDB developer guide, "DynamoDB burst and adaptive capacity" ("up to 5 minutes (300 seconds) of unused read
and write capacity"), "Designing partition keys to distribute your workload" (3,000 read units and 1,000 write units),
"Understanding DynamoDB throttling".
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from localaws.engines.dynamodb.consumption import TABLE, Consumption, OfTable
from localaws.gateway.errors import AwsError

if TYPE_CHECKING:
    from localaws.engines.dynamodb.items import TableEngine
    from localaws.lab import Lab

#: Seconds of capacity that are kept while it is not used.
BURST = 300.0
#: Units a second of one partition.
_PARTITION_READS, _PARTITION_WRITES = 3000.0, 1000.0
#: Partitions whose use is remembered: those used least recently are full again.
_MOST_PARTITIONS = 10_000
EXCEEDED = "ProvisionedThroughputExceededException"
NAMESPACE = "AWS/DynamoDB"
_OF_TABLE = (
    "The level of configured provisioned throughput for the table was exceeded. Consider increasing your provisioning "
    "level with the UpdateTable API."
)
_OF_INDEX = (
    "The level of configured provisioned throughput for one or more global secondary indexes of the table was "
    "exceeded. Consider increasing your provisioning level for the under-provisioned global secondary indexes with "
    "the UpdateTable API"
)


@dataclass
class Bucket:
    """Units that can be used: *rate* more each second, up to *most*; times are seconds of the lab's clock."""

    rate: float
    most: float
    left: float
    at: float

    def refill(self, rate: float, most: float, now: float) -> None:
        self.left = min(most, self.left + max(now - self.at, 0.0) * rate)
        self.rate, self.most, self.at = rate, most, now


class Throughput:
    """The buckets of all tables of a backend. A new one is full."""

    def __init__(self, lab: Lab, region: str) -> None:
        self._lab, self._region = lab, region
        self._lock = threading.Lock()
        self._buckets: dict[tuple[str, str, bool], Bucket] = {}
        self._partitions: dict[tuple[str, str, bool, str], Bucket] = {}

    def take(self, consumption: Consumption) -> None:
        """Use what a call needs, of all tables or of none.

        Raises ProvisionedThroughputExceededException where something has nothing left. Who has, may take more than
        that: the next ones wait the longer.
        """
        with self._lock:
            taken = list(self._wanted(consumption))
            for bucket, _, refusal in taken:
                if bucket.left <= 0:
                    self._tell_throttled(refusal)
                    raise refusal.error
            for bucket, units, _ in taken:
                bucket.left -= units
        self._tell(consumption)

    def _wanted(self, consumption: Consumption) -> Iterator[tuple[Bucket, float, Refusal]]:
        """The buckets that a call needs, refilled, what it needs of them, and the refusal for an empty one."""
        now = self._lab.clock.time()
        for taken in consumption.tables.values():
            for is_write, used in ((False, taken.reads), (True, taken.writes)):
                pooled: dict[str, float] = {}
                for name, units in used.items():  # local indexes use the capacity of their table
                    place = name if name in {index.name for index in taken.table.global_indexes} else TABLE
                    pooled[place] = pooled.get(place, 0.0) + units
                for place, units in pooled.items():
                    refusal = Refusal(taken.table, place, is_write, "ProvisionedThroughputExceeded")
                    if (rate := _rate(taken.table, place, is_write)) > 0:
                        key = taken.table.id, place, is_write
                        bucket = self._buckets.setdefault(key, Bucket(rate, rate * BURST, rate * BURST, now))
                        bucket.refill(rate, rate * BURST, now)
                        yield bucket, units, refusal
            yield from self._of_partitions(taken, now)

    def _of_partitions(self, taken: OfTable, now: float) -> Iterator[tuple[Bucket, float, Refusal]]:
        for (place, is_write, partition), units in taken.partitions.items():
            rate = _PARTITION_WRITES if is_write else _PARTITION_READS
            key = taken.table.id, place, is_write, partition
            bucket = self._partitions.pop(key, None) or Bucket(rate, rate, rate, now)
            bucket.refill(rate, rate, now)
            self._partitions[key] = bucket  # last, as the one used most recently
            if len(self._partitions) > _MOST_PARTITIONS:
                del self._partitions[next(iter(self._partitions))]
            yield bucket, units, Refusal(taken.table, place, is_write, "KeyRangeThroughputExceeded")

    def _tell(self, consumption: Consumption) -> None:
        """CloudWatch's metrics of what was used (developer guide, "DynamoDB metrics and dimensions")."""
        for taken in consumption.tables.values():
            for metric, used in (("Read", taken.reads), ("Write", taken.writes)):
                for place, units in used.items():
                    self._count(f"Consumed{metric}CapacityUnits", units, taken.table, place)

    def _tell_throttled(self, refusal: Refusal) -> None:
        kind = "Write" if refusal.is_write else "Read"
        self._count(f"{kind}ThrottleEvents", 1.0, refusal.table, refusal.place)

    def _count(self, metric: str, value: float, table: TableEngine, place: str) -> None:
        dimensions = {"TableName": table.name, **({"GlobalSecondaryIndexName": place} if place else {})}
        self._lab.metrics.add(NAMESPACE, metric, value, "Count", dimensions, self._region)


@dataclass(frozen=True)
class Refusal:
    """What a call is told that finds nothing left."""

    table: TableEngine
    place: str
    is_write: bool
    why: str

    @property
    def error(self) -> AwsError:
        kind = ("Index" if self.place else "Table") + ("Write" if self.is_write else "Read")
        arn = self.table.table_arn + (f"/index/{self.place}" if self.place else "")
        reason = {"reason": f"{kind}{self.why}", "resource": arn}
        message = _OF_INDEX if self.place else _OF_TABLE
        return AwsError(EXCEEDED, message, 400, {"ThrottlingReasons": [reason]})


def _rate(table: TableEngine, place: str, is_write: bool) -> float:
    """Units a second that are provisioned; 0 where they are on demand."""
    if table.billing_mode == "PAY_PER_REQUEST":
        return 0.0
    index = next((each for each in table.global_indexes if each.name == place), None)
    throughput = (index.throughput if index else table.throughput) or {}
    return float(throughput.get("WriteCapacityUnits" if is_write else "ReadCapacityUnits", 0))
