"""One shard: a range of hash keys, its records in order, its limits."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from localaws.engines.kinesis.limits import (
    SHARD_BYTES_IN,
    SHARD_BYTES_OUT,
    SHARD_READS,
    SHARD_RECORDS_IN,
    Throttle,
)
from localaws.engines.kinesis.log import RecordLog

if TYPE_CHECKING:
    from localaws.engines.kinesis.fanout import Subscription

# A sequence number is a number of 186 bits, in decimal: from the top 2, the second the shard was made (36 bits),
# 4 bits of the shard's index, the record's place in the shard (64), 44 unused, the index (32), and the version 2.
_PLACE = 1 << 80


class Shard:
    """A shard; its *parents* are none, the one it was split from, or the two it was merged from."""

    def __init__(
        self, index: int, hashes: tuple[int, int], opened: float, directory: Path, parents: tuple[Shard, ...] = ()
    ) -> None:
        self.index = index
        self.shard_id = f"shardId-{index:012d}"
        self.start_hash, self.end_hash = hashes
        self.parents = [parent.shard_id for parent in parents]
        #: The API's ``ChildShards``, given to whoever reaches the end of a closed shard.
        self.children: list[dict[str, Any]] = []
        self.opened = opened
        self.closed: float | None = None
        # A child's numbers must be larger than its parents', even if all were made in the same second.
        self._made: int = max([int(opened), *(parent._made + 1 for parent in parents)])
        self._first = (2 << 184) | (self._made << 148) | ((index & 15) << 144) | (index << 4) | 2
        self.records_in = Throttle(SHARD_RECORDS_IN)
        self.bytes_in = Throttle(SHARD_BYTES_IN)
        self.reads = Throttle(SHARD_READS)
        self.bytes_out = Throttle(SHARD_BYTES_OUT)
        self.iterators = Throttle(SHARD_READS)
        self._kept_from = 0
        self.open_log(directory)

    def open_log(self, directory: Path, files: Sequence[Path] = ()) -> None:
        """Take up the records in *files* of *directory*, oldest first."""
        self.log = RecordLog(directory / self.shard_id, files, self._kept_from)
        self.subscriptions: set[Subscription] = set()

    def __getstate__(self) -> dict[str, Any]:
        """The settings: records lie in files of their own, and a connection ends with the process."""
        state = {**self.__dict__, "_kept_from": self.log.start}
        del state["log"], state["subscriptions"]
        return state

    def sequence_number(self, position: int) -> int:
        """The number of the record at *position*; position -1 is where the shard begins."""
        return self._first + (position + 1) * _PLACE

    def position_of(self, sequence_number: int) -> int | None:
        """The inverse of `sequence_number`; None for a number that never was this shard's."""
        position, rest = divmod(sequence_number - self._first, _PLACE)
        return position - 1 if rest == 0 and 0 <= position <= self.log.end + 1 else None

    def admits(self, size: int, now: float) -> bool:
        """Count a record of *size* bytes against the write limits, if it is within them."""
        if not (self.records_in.fits(1, now) and self.bytes_in.fits(size, now)):
            return False
        self.records_in.charge(1)
        self.bytes_in.charge(size)
        return True

    def close(self, now: float) -> None:
        """Take no more records, as split and merged shards do; what is there stays readable."""
        self.closed = now
        self.notify()

    def notify(self) -> None:
        """Wake the subscriptions: there is something new to push."""
        for subscription in self.subscriptions:
            subscription.wake()

    def ended_at(self, position: int) -> bool:
        """Whether nothing will ever be found at *position* or later."""
        return self.closed is not None and position >= self.log.end

    def millis_behind(self, position: int, now: float) -> int:
        """The age of the oldest record that a reader at *position* has not had; 0 when caught up."""
        position = max(position, self.log.start)
        return 0 if position >= self.log.end else max(0, int((now - self.log.time_at(position)) * 1000))

    def hash_key_range(self) -> dict[str, str]:
        return {"StartingHashKey": str(self.start_hash), "EndingHashKey": str(self.end_hash)}

    def describe(self) -> dict[str, Any]:
        """The API's ``Shard`` structure."""
        numbers = {"StartingSequenceNumber": str(self.sequence_number(-1))}
        if self.closed is not None:
            numbers["EndingSequenceNumber"] = str(self.sequence_number(self.log.end))
        result: dict[str, Any] = {
            "ShardId": self.shard_id,
            "HashKeyRange": self.hash_key_range(),
            "SequenceNumberRange": numbers,
        }
        for name, parent in zip(("ParentShardId", "AdjacentParentShardId"), self.parents, strict=False):
            result[name] = parent
        return result

    def describe_as_child(self) -> dict[str, Any]:
        """The API's ``ChildShard`` structure."""
        return {"ShardId": self.shard_id, "ParentShards": self.parents, "HashKeyRange": self.hash_key_range()}
