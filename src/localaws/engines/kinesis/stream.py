"""A stream: its shards, where records go, and how shards are split and merged."""

from __future__ import annotations

import shutil
import threading
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable
from datetime import UTC, datetime
from hashlib import md5
from itertools import pairwise
from json.encoder import encode_basestring_ascii
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from moto.kinesis.models import Stream as MotoStream

from localaws.engines.kinesis import limits
from localaws.engines.kinesis.errors import in_use, invalid, limit_exceeded, not_found, not_valid
from localaws.engines.kinesis.limits import DailyQuota, Throttle
from localaws.engines.kinesis.log import Line
from localaws.engines.kinesis.shard import Shard
from localaws.engines.kinesis.usage import use_capacity

if TYPE_CHECKING:
    from localaws.engines.kinesis.fanout import Consumer
    from localaws.lab import Lab

HASH_KEYS = 1 << 128


class Entry(NamedTuple):
    """A record on its way in: the hash that decides its shard, its base64 as it came, its size in bytes."""

    partition_key: str
    hash_key: int
    data: str
    size: int


def hash_of(partition_key: bytes) -> int:
    """MD5 as a 128-bit integer (API Reference, PutRecord, ``PartitionKey``)."""
    return int.from_bytes(md5(partition_key, usedforsecurity=False).digest())


def remove(directory: Path) -> None:
    """Remove a stream's *directory*, at once: what is left after a kill in the midst of it is no stream's any more."""
    directory = directory.rename(directory.with_name(f"{directory.name}.deleted"))
    shutil.rmtree(directory, ignore_errors=True)


class Stream(MotoStream):
    """A data stream. `lock` guards everything in it; waiting subscriptions are woken through their shard."""

    shards: dict[str, Shard]  # type: ignore[assignment]
    consumers: dict[str, Consumer]  # type: ignore[assignment]

    def __init__(
        self,
        lab: Lab,
        stream_name: str,
        shard_count: int,
        stream_mode: str,
        retention_period_hours: int,
        account_id: str,
        region_name: str,
    ) -> None:
        self.lab = lab
        self.lock = threading.RLock()
        self.created = lab.clock.time()
        #: No other stream's, before or after, not even of the same name.
        self.folder = f"{account_id}-{region_name}-{stream_name}-{self.created:.3f}"
        self.directory.mkdir(parents=True, mode=0o700)
        self._shards_made = self._shards_kept = 0
        super().__init__(
            stream_name, shard_count, {"StreamMode": stream_mode}, retention_period_hours, account_id, region_name
        )
        self.creation_datetime = datetime.fromtimestamp(self.created, UTC)
        self.consumers = {}
        self.max_record_kib = 1024
        self.distribution = "USER_PARTITION_KEY"
        self._turn = 0
        self._next_trim = self.created
        self._state, self._settles = "CREATING", self.created + limits.TRANSITION_SECONDS
        self._scalings = DailyQuota(limits.SCALINGS_A_DAY)
        self._mode_changes = DailyQuota(limits.MODE_CHANGES_A_DAY)
        self._records_in = Throttle(limits.ON_DEMAND_RECORDS_IN)
        self._bytes_in = Throttle(limits.ON_DEMAND_BYTES_IN)

    # What lasts

    @property
    def directory(self) -> Path:
        """Where the records lie, as long as there is the stream."""
        return self.lab.directory / "kinesis" / self.folder

    def __getstate__(self) -> dict[str, Any]:
        """The settings, which the reading and writing of records leave as they are, but for closed shards that go."""
        with self.lock:
            return {**self.__dict__, "shards": dict(self.shards)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        files: defaultdict[str, list[Path]] = defaultdict(list)
        for path in sorted(self.directory.glob("shardId-*")):
            if path.suffix[1:].isdigit():
                files[path.stem].append(path)
        for shard in self.shards.values():
            shard.open_log(self.directory, files[shard.shard_id])

    # Status

    def state(self) -> str:
        """CREATING, ACTIVE, UPDATING or DELETING."""
        return "ACTIVE" if self._state != "DELETING" and self.lab.clock.time() >= self._settles else self._state

    def is_created(self) -> bool:
        """moto's CloudFormation asks; it does not wait for ACTIVE."""
        return True

    def is_gone(self) -> bool:
        return self._state == "DELETING" and self.lab.clock.time() >= self._settles

    def change(self, state: str) -> None:
        """Enter UPDATING or DELETING, which passes by itself."""
        self._state, self._settles = state, self.lab.clock.time() + limits.TRANSITION_SECONDS

    def require_active(self) -> None:
        if self.state() != "ACTIVE":
            raise in_use(
                f"Stream {self.stream_name} under account {self.account_id} not ACTIVE, instead in state {self.state()}"
            )

    def require_data_plane(self) -> None:
        """Records can be written and read while a stream is ACTIVE or UPDATING."""
        if self.state() not in ("ACTIVE", "UPDATING"):
            raise not_found(f"Stream {self.stream_name} under account {self.account_id} not found.")

    @property
    def is_on_demand(self) -> bool:
        return self.stream_mode["StreamMode"] == "ON_DEMAND"

    # Shards

    def init_shards(self, shard_count: int) -> None:
        """Divide the hash keys evenly over *shard_count* shards."""
        edges = [index * HASH_KEYS // shard_count for index in range(shard_count + 1)]
        for start, stop in pairwise(edges):
            self._add_shard((start, stop - 1), self.created)
        self._route()

    def _add_shard(self, hashes: tuple[int, int], now: float, parents: tuple[Shard, ...] = ()) -> Shard:
        shard = Shard(self._shards_made, hashes, now, self.directory, parents)
        self._shards_made += 1
        self.shards[shard.shard_id] = shard
        for parent in parents:
            parent.children.append(shard.describe_as_child())
            parent.close(now)
        return shard

    def _route(self) -> None:
        """Recompute which open shard takes which hash keys, after shards were opened and closed."""
        self.open_shards = sorted(
            (shard for shard in self.shards.values() if shard.closed is None), key=lambda shard: shard.start_hash
        )
        self._starts = [shard.start_hash for shard in self.open_shards]
        self.shard_count = len(self.open_shards)
        use_capacity(self)

    def get_shard(self, shard_id: str) -> Shard:  # type: ignore[override]
        try:
            return self.shards[shard_id]
        except KeyError:
            raise not_found(
                f"Shard {shard_id} in stream {self.stream_name} under account {self.account_id} does not exist"
            ) from None

    def split_shard(self, shard_to_split: str, new_starting_hash_key: str) -> None:
        """Replace a shard by two, the second of which starts at *new_starting_hash_key*."""
        with self.lock:
            shard, start = self._reshardable(shard_to_split), int(new_starting_hash_key)
            if not shard.start_hash + 1 < start < shard.end_hash:
                raise invalid(
                    f"NewStartingHashKey {start} used in SplitShard() on shard {shard.shard_id} in stream "
                    f"{self.stream_name} under account {self.account_id} is not both greater than one plus the "
                    f"shard's StartingHashKey {shard.start_hash} and less than the shard's EndingHashKey "
                    f"{shard.end_hash}."
                )
            self._reshard(lambda now: self._split(shard, start, now))

    def merge_shards(self, shard_to_merge: str, adjacent_shard_to_merge: str) -> None:
        """Replace two shards, the first just below the second in hash keys, by one."""
        with self.lock:
            shards = self._reshardable(shard_to_merge), self._reshardable(adjacent_shard_to_merge)
            if shards[0].end_hash + 1 != shards[1].start_hash:
                raise invalid(
                    f"Shards {shard_to_merge} and {adjacent_shard_to_merge} in stream {self.stream_name} under "
                    f"account {self.account_id} are not an adjacent pair of shards eligible for merging"
                )
            self._reshard(lambda now: self._merge(*shards, now))

    def update_shard_count(self, target_shard_count: int) -> None:
        """Split and merge until *target_shard_count* shards of the same width are open.

        What lies across a new edge is split there and merged into its new range, which makes the short-lived shards
        that the API Reference speaks of (UpdateShardCount: "uniform scaling creates shards of equal size").
        """
        with self.lock:
            if self.is_on_demand:
                raise not_valid(
                    f"Request is invalid. Stream {self.stream_name} under account {self.account_id} "
                    "is in On-Demand mode."
                )
            self._check_target(target_shard_count)
            self._reshard(lambda now: self._scale(target_shard_count, now))

    def _check_target(self, target: int) -> None:
        self.require_active()
        counts = f"Current open shard count: {self.shard_count} Target shard count: {target}"
        if target > 2 * len(self.open_shards):
            raise limit_exceeded(
                f"UpdateShardCount cannot scale up over double your current open shard count. {counts}"
            )
        if 2 * target < len(self.open_shards):
            raise limit_exceeded(
                f"UpdateShardCount cannot scale down below half your current open shard count. {counts}"
            )
        if not self._scalings.use(self.lab.clock.time()):
            raise limit_exceeded(
                f"UpdateShardCount was called {limits.SCALINGS_A_DAY} times on stream {self.stream_name} "
                "within the last 24 hours, which is the limit."
            )

    def _reshardable(self, shard_id: str) -> Shard:
        self.require_active()
        if shard_id not in self.shards:
            raise not_found(
                f"Could not find shard {shard_id} in stream {self.stream_name} under account {self.account_id}."
            )
        if self.shards[shard_id].closed is not None:
            raise invalid(
                f"Shard {shard_id} in stream {self.stream_name} under account {self.account_id} has already been "
                "merged or split, and thus is not eligible for merging or splitting."
            )
        return self.shards[shard_id]

    def _reshard(self, action: Callable[[float], object]) -> None:
        action(self.lab.clock.time())
        self._route()
        self.change("UPDATING")

    def _split(self, shard: Shard, start: int, now: float) -> tuple[Shard, Shard]:
        lower = self._add_shard((shard.start_hash, start - 1), now, (shard,))
        return lower, self._add_shard((start, shard.end_hash), now, (shard,))

    def _merge(self, lower: Shard, upper: Shard, now: float) -> Shard:
        return self._add_shard((lower.start_hash, upper.end_hash), now, (lower, upper))

    def _scale(self, target: int, now: float) -> None:
        """Make each of the new ranges, from the lowest hash key up: split where it ends, merge what lies within."""
        above = self.open_shards[::-1]  # what no new range has yet, the lowest last
        for index in range(1, target + 1):
            stop = index * HASH_KEYS // target
            shard = self._below(stop, above, now)
            while shard.end_hash + 1 < stop:
                shard = self._merge(shard, self._below(stop, above, now), now)

    def _below(self, stop: int, above: list[Shard], now: float) -> Shard:
        """Take the lowest shard of *above*, or its lower part if it reaches past *stop*."""
        shard = above.pop()
        if shard.end_hash < stop:
            return shard
        lower, upper = self._split(shard, stop, now)
        above.append(upper)
        return lower

    def _open_at(self, hash_key: int) -> Shard:
        return self.open_shards[bisect_right(self._starts, hash_key) - 1]

    # Records

    def append(self, entries: list[Entry]) -> list[tuple[Shard, int | None]]:
        """Store records, each in the open shard that its hash key belongs to.

        Returns for each its shard and sequence number, or None in place of the number when the shard's
        (in on-demand mode: the stream's) write limit was reached. Raises OSError where the disk does not take them all:
        AWS's InternalFailure too leaves open what was stored.
        """
        shards = self._shards_made
        if self._shards_kept < shards:  # records of a shard without settings nobody would find
            self.lab.state.settle("kinesis")
            self._shards_kept = shards
        with self.lock:
            now = self.lab.clock.time()
            arrival, encrypted = f"{now:.3f}", ',"EncryptionType":"KMS"' if self.encryption_type == "KMS" else ""
            if now >= self._next_trim:
                self.trim(now)
            results: list[tuple[Shard, int | None]] = []
            lines: dict[Shard, list[Line]] = {}
            for entry in entries:
                shard = self._shard_for(entry.hash_key)
                if not self._admits(shard, entry.size, now):
                    results.append((shard, None))
                    continue
                of_shard = lines.setdefault(shard, [])
                number = shard.sequence_number(shard.log.end + len(of_shard))
                key = f',"PartitionKey":{encode_basestring_ascii(entry.partition_key)}' if entry.partition_key else ""
                text = (
                    f'{{"SequenceNumber":"{number}","ApproximateArrivalTimestamp":{arrival},'
                    f'"Data":"{entry.data}"{key}{encrypted}}}'
                )
                of_shard.append(Line(text.encode(), entry.size))
                results.append((shard, number))
            for shard, of_shard in lines.items():
                shard.log.append(of_shard, now)
                shard.notify()
            return results

    def put_record(self, partition_key: str, explicit_hash_key: str, data: str) -> tuple[str, str]:
        """How moto's other services (CloudWatch Logs) write: base64 *data*; returns sequence number and shard."""
        hash_key = int(explicit_hash_key) if explicit_hash_key else hash_of(partition_key.encode())
        entry = Entry(partition_key, hash_key, data, len(data) * 3 // 4 + len(partition_key))
        [(shard, number)] = self.append([entry])
        return str(number), shard.shard_id

    def _shard_for(self, hash_key: int) -> Shard:
        if self.distribution == "AUTO":
            self._turn = (self._turn + 1) % len(self.open_shards)
            return self.open_shards[self._turn]
        return self._open_at(hash_key)

    def _admits(self, shard: Shard, size: int, now: float) -> bool:
        if not self.is_on_demand:
            return shard.admits(size, now)
        if not (self._records_in.fits(1, now) and self._bytes_in.fits(size, now)):
            return False
        self._records_in.charge(1)
        self._bytes_in.charge(size)
        return True

    def trim(self, now: float) -> None:
        """Forget records past the retention period, and closed shards that have outlived it with them."""
        self._next_trim = now + 1.0
        horizon = now - self.retention_period_hours * 3600
        for shard in list(self.shards.values()):
            shard.log.trim(horizon)
            if shard.closed is not None and shard.closed < horizon:
                del self.shards[shard.shard_id]
                shard.log.clear()

    def trim_horizon(self) -> float:
        """The oldest moment (epoch seconds) that the stream still remembers."""
        return max(self.created, self.lab.clock.time() - self.retention_period_hours * 3600)

    def change_mode(self, mode: str) -> None:
        """Switch between PROVISIONED and ON_DEMAND; the shards stay as they are."""
        with self.lock:
            self.require_active()
            if mode == self.stream_mode["StreamMode"]:
                raise invalid(f"Stream {self.stream_name} is already in {mode} mode.")
            if not self._mode_changes.use(self.lab.clock.time()):
                raise limit_exceeded(
                    f"Stream {self.stream_name} has changed its capacity mode {limits.MODE_CHANGES_A_DAY} times "
                    "within the last 24 hours, which is the limit."
                )
            self.stream_mode = {"StreamMode": mode}
            self.change("UPDATING")
            use_capacity(self)

    def delete(self) -> None:
        """Enter DELETING and let go of the records."""
        with self.lock:
            self.change("DELETING")
            use_capacity(self, deleted=True)
            for shard in self.shards.values():
                shard.notify()
            remove(self.directory)

    # Descriptions

    def describe(self) -> dict[str, Any]:
        """What ``StreamDescription`` and ``StreamDescriptionSummary`` have in common."""
        result: dict[str, Any] = {
            "StreamName": self.stream_name,
            "StreamARN": self.arn,
            "StreamStatus": self.state(),
            "StreamModeDetails": self.stream_mode,
            "RetentionPeriodHours": self.retention_period_hours,
            "StreamCreationTimestamp": int(self.created),
            "EnhancedMonitoring": [{"ShardLevelMetrics": self.shard_level_metrics}],
            "EncryptionType": self.encryption_type,
        }
        return result | ({"KeyId": self.key_id} if self.key_id else {})

    def listed_shards(self) -> list[Shard]:
        """Open shards, and closed ones that may still hold records, by shard id."""
        with self.lock:
            self.trim(self.lab.clock.time())
            return [] if self.state() == "CREATING" else list(self.shards.values())
