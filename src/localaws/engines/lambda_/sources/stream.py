"""Follows a stream: every shard polled, through every resharding, parents before children."""

from __future__ import annotations

import hashlib
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.engines.lambda_.sources.batches import BatchProcessor, Record
from localaws.engines.lambda_.sources.checkpoints import Progress
from localaws.engines.lambda_.sources.mapping import MappingEngine
from localaws.engines.lambda_.sources.ordered_batcher import OrderedBatcher, wait_until_idle
from localaws.engines.lambda_.sources.readers import Shard, StreamReader, after

if TYPE_CHECKING:
    from localaws.engines.lambda_.backend import LambdaEngine

#: Seconds between two reads of a shard that has more (a shard allows five reads a second, which others share).
HURRY = 0.25
#: Batches that a shard's batchers may have waiting before the poller stops reading.
MOST_BATCHES_WAITING = 2


class StreamSource:
    """Feeds a function from one stream, as *mapping* says."""

    def __init__(self, engine: LambdaEngine, mapping: MappingEngine, reader: StreamReader) -> None:
        self._engine = engine
        self._mapping = mapping
        self._reader = reader
        self._ending = threading.Event()
        self._lock = threading.Lock()
        self._polled: set[str] = set()  # shards that are being read
        self._known: set[str] = set()

    def start(self) -> None:
        """Take a place in the stream and begin. Raises ClientError if the role may not read it."""
        shards = self._reader.shards()
        if self._mapping.starting_position == "LATEST":
            for shard in shards:
                if shard.closed:
                    self._known.add(shard.shard_id)
                    self._progress(shard.shard_id).end()
            shards = [shard for shard in shards if not shard.closed]
        self._adopt(shards, self._starting_position())

    def go_on(self) -> None:
        """Begin where an earlier process was. Raises ClientError if the stream is not there."""
        shards = self._reader.shards()
        there = {shard.shard_id for shard in shards}
        positions = self._engine.checkpoints.of(self._mapping.uuid)
        self._known |= positions.keys()
        for shard_id, position in positions.items():
            if position and shard_id in there - self._polled:
                self._read_from(position, [shard_id])
        self._adopt(shards, self._children_position())

    def end(self) -> None:
        self._ending.set()

    def _starting_position(self) -> dict[str, Any]:
        position: dict[str, Any] = {"ShardIteratorType": self._mapping.starting_position}
        if self._mapping.starting_position == "AT_TIMESTAMP":
            position["Timestamp"] = self._mapping.starting_position_timestamp
        return position

    def _adopt(self, shards: list[Shard], position: dict[str, Any]) -> None:
        """Read the shards that are new and whose parents are read to their end, so that order holds."""
        ids = {shard.shard_id for shard in shards}
        with self._lock:
            unread = self._polled | (ids - self._known)
            new = [s for s in shards if s.shard_id not in self._known and not s.parents & (unread - {s.shard_id})]
            self._read_from(position, [shard.shard_id for shard in new])

    def _read_from(self, position: dict[str, Any], shard_ids: list[str]) -> None:
        """Begin with all of the shards, or, where ClientError is raised, with none."""
        pollers = [self._poller(shard_id) for shard_id in shard_ids]
        for poller in pollers:
            poller.place(position)
        self._known.update(shard_ids)
        self._polled.update(shard_ids)
        for poller in pollers:
            self._engine.lab.spawn(f"lambda poller {poller.shard_id}", partial(self._follow, poller))

    def _progress(self, shard_id: str) -> Progress:
        return Progress(self._engine.checkpoints, self._mapping.uuid, shard_id, self._mapping.kind)

    def _poller(self, shard_id: str) -> _ShardPoller:
        progress = self._progress(shard_id)
        return _ShardPoller(self._engine, self._mapping, self._reader, shard_id, self._ending, progress)

    def _children_position(self) -> dict[str, Any]:
        at_time = self._mapping.starting_position == "AT_TIMESTAMP"
        return self._starting_position() if at_time else {"ShardIteratorType": "TRIM_HORIZON"}

    def _follow(self, poller: _ShardPoller) -> None:
        """Read a shard to its end, then its children from their beginning."""
        poller.run()
        with self._lock:
            self._polled.discard(poller.shard_id)
        while not self._stopping:
            try:
                self._adopt(self._reader.shards(), self._children_position())
                poller.progress.end()  # after that: a kill before it has this done again
                return
            except (ClientError, BotoCoreError) as error:
                self._mapping.problem(error)
                self._engine.lab.clock.wait(self._ending, 1.0)

    @property
    def _stopping(self) -> bool:
        return self._ending.is_set() or self._engine.lab.stopping.is_set()


class _ShardPoller:
    """Reads one shard and deals its records out to batchers by their keys."""

    def __init__(
        self,
        engine: LambdaEngine,
        mapping: MappingEngine,
        reader: StreamReader,
        shard_id: str,
        ending: threading.Event,
        progress: Progress,
    ) -> None:
        self.shard_id = shard_id
        self.progress = progress
        self._engine = engine
        self._mapping = mapping
        self._reader = reader
        self._ending = ending
        self._batchers: list[OrderedBatcher] = []
        self._position: dict[str, Any] = {}
        self._iterator: str | None = None

    def place(self, position: dict[str, Any]) -> None:
        """Start from *position*. Raises ClientError."""
        latest = position["ShardIteratorType"] == "LATEST"
        self._take_place(position)
        self.progress.begin(self._reader.latest(self.shard_id) if latest else position)

    def _take_place(self, position: dict[str, Any]) -> None:
        self._position = {name: value for name, value in position.items() if name != "Window"}
        self._iterator = self._reader.iterator(self.shard_id, self._position)

    def run(self) -> None:
        """Read until the shard or the mapping ends, and every record that was read is handled."""
        try:
            while not self._stopping and self._iterator is not None:
                more = self._mapping.enabled and self._room() and self._read()
                if self._iterator is not None:
                    self._engine.lab.clock.wait(self._ending, HURRY if more else self._reader.interval)
            wait_until_idle(self._batchers, self._ending)
        finally:
            for batcher in self._batchers:
                batcher.end()

    @property
    def _stopping(self) -> bool:
        return self._ending.is_set() or self._engine.lab.stopping.is_set()

    def _room(self) -> bool:
        return all(batcher.waiting < MOST_BATCHES_WAITING * self._mapping.batch_size for batcher in self._batchers)

    def _read(self) -> bool:
        """Read once; returns whether there is more to read. What fails is tried again from the same place."""
        assert self._iterator is not None
        try:
            page = self._reader.read(self._iterator)
        except ClientError as error:
            if error.response["Error"]["Code"] == "ExpiredIteratorException":
                self._expired()
            else:
                self._mapping.problem(error)
            return False
        except BotoCoreError as error:
            self._mapping.problem(error)
            return False
        self._iterator = page.iterator
        if page.records:
            self._position = after(page.records[-1].sequence_number, self._mapping.kind)
            self._deal([self._named(record) for record in page.records])
        return page.more

    def _expired(self) -> None:
        """Take the place again that an iterator stood for."""
        try:
            self._take_place(self._position)
        except (ClientError, BotoCoreError) as error:
            self._mapping.problem(error)

    def _named(self, record: Record) -> Record:
        if self._mapping.kind == "kinesis":
            record.event["eventID"] = f"{self.shard_id}:{record.sequence_number}"
        return record

    def _deal(self, records: list[Record]) -> None:
        """Give each record that passes the filters to the batcher of its key."""
        count = 1 if self._mapping.tumbling_window else self._mapping.parallelization_factor or 1
        if count != len(self._batchers):
            self._make_batchers(count)
        wanted = [record for record in records if self._mapping.filters.passes(record.event)]
        self.progress.read(records, {record.sequence_number for record in wanted})
        if count == 1:
            self._batchers[0].offer(wanted)
            return
        parts: list[list[Record]] = [[] for _ in range(count)]
        for record in wanted:
            parts[hashlib.md5(record.key.encode()).digest()[0] % count].append(record)
        for batcher, part in zip(self._batchers, parts, strict=True):
            batcher.offer(part)

    def _make_batchers(self, count: int) -> None:
        """As many batchers as the mapping asks for, once those of the former number have nothing left to do."""
        wait_until_idle(self._batchers, self._ending)
        for batcher in self._batchers:
            batcher.end()
        self._batchers = [
            OrderedBatcher(
                self._engine.lab,
                self._mapping,
                self.shard_id,
                BatchProcessor(self._engine, self._mapping, self.shard_id, self._ending, self.progress.done),
                self.progress,
            )
            for _ in range(count)
        ]
