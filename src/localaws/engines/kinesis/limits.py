"""What a shard carries in a second, and what a stream allows in a day.

Source: "Quotas and limits" and "Handle large records", Kinesis Data Streams Developer Guide.
"""

from __future__ import annotations

from collections import deque

KIB = 1024
MIB = 1024 * KIB

SHARD_RECORDS_IN = 1_000  # records/s
SHARD_BYTES_IN = MIB  # bytes/s, partition keys included
SHARD_BYTES_OUT = 2 * MIB  # bytes/s, shared by all consumers that call GetRecords
SHARD_READS = 5  # GetRecords calls/s, and as many GetShardIterator calls/s
FAN_OUT_BYTES = 2 * MIB  # bytes/s for each enhanced fan-out consumer and shard

ON_DEMAND_SHARDS = 4  # a new on-demand stream: 4 MB/s in, 8 MB/s out
ON_DEMAND_RECORDS_IN = 200_000  # records/s a stream
ON_DEMAND_BYTES_IN = 200 * MIB  # bytes/s a stream

PUT_RECORDS = 500  # records a PutRecords call
PUT_BYTES = 10 * MIB  # bytes a PutRecords call
GET_RECORDS = 10_000  # records a GetRecords call
GET_BYTES = 10 * MIB  # bytes a GetRecords call

ITERATOR_SECONDS = 300  # shard iterators and NextTokens live this long
SUBSCRIPTION_SECONDS = 300
RESUBSCRIBE_SECONDS = 5
ACCOUNT_SHARDS = 20_000
ON_DEMAND_STREAMS = 50
STREAM_CONSUMERS = 20
SCALINGS_A_DAY = 10
MODE_CHANGES_A_DAY = 2
TRANSITION_SECONDS = 0.1  # how long CREATING, UPDATING and DELETING last here; minutes on AWS


class Throttle:
    """So much a second, counted in windows that open with their first use.

    Something larger than a whole second's worth (a 10 MiB record, a 10 MiB read) passes when nothing else
    has, and then keeps the window shut for as many seconds as it is worth.
    """

    __slots__ = ("_opened", "_used", "per_second")

    def __init__(self, per_second: int) -> None:
        self.per_second = per_second
        self._opened = 0.0
        self._used = 0

    def fits(self, amount: int, now: float) -> bool:
        """Whether *amount* more may pass at *now* (epoch seconds)."""
        if self.seconds_left(now) <= 0:
            self._opened, self._used = now, 0
        return self._used == 0 or self._used + amount <= self.per_second

    def charge(self, amount: int) -> None:
        """Count *amount* as passed; ask `fits` first."""
        self._used += amount

    def seconds_left(self, now: float) -> float:
        """Until the present window ends."""
        return self._opened + max(1.0, self._used / self.per_second) - now


class DailyQuota:
    """At most *limit* of something in any 24 hours."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._times: deque[float] = deque()

    def use(self, now: float) -> bool:
        """Count one more at *now*; False when the day's quota is spent."""
        while self._times and self._times[0] <= now - 86_400:
            self._times.popleft()
        if len(self._times) >= self.limit:
            return False
        self._times.append(now)
        return True
