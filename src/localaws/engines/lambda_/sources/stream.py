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
from localaws.engines.lambda_.sources.readings import READINGS
from localaws.shards import TRIM_HORIZON, Page, Position, ShardReader

if TYPE_CHECKING:
    from localaws.engines.lambda_.backend import LambdaEngine

#: Seconds between two reads of a shard that has more (a shard allows five reads a second, which others share).
HURRY = 0.25
#: Batches that a shard's batchers may have waiting before the poller stops reading.
MOST_BATCHES_WAITING = 2


class StreamSource:
    """Feeds a function from one stream, as *mapping* says, with a *client* that has its *role*."""

    def __init__(self, engine: LambdaEngine, mapping: MappingEngine, client: Any, role: str) -> None:
        self.engine = engine
        self.mapping = mapping
        self.role = role
        self.reading = READINGS[mapping.kind]
        self.stream = self.reading.stream(client, mapping.event_source_arn, engine.lab.clock)
        self.ending = threading.Event()
        self._lock = threading.Lock()

    def start(self) -> None:
        """Take a place in the stream and begin. Raises ClientError if the role may not read it."""
        self._begin(self.stream.begin(self._start))

    def go_on(self) -> None:
        """Begin where an earlier process was. Raises ClientError if the stream is not there."""
        places = self._places
        begun = {shard_id: place for shard_id, place in places.items() if place}
        self._begin(begun | self.stream.follow(places, self._start_of_children))

    def end(self) -> None:
        self.ending.set()

    @property
    def _places(self) -> dict[str, Position]:
        return self.engine.checkpoints.of(self.mapping.uuid)

    @property
    def _start(self) -> Position:
        position: Position = {"ShardIteratorType": self.mapping.starting_position}
        if self.mapping.starting_position == "AT_TIMESTAMP":
            position["Timestamp"] = self.mapping.starting_position_timestamp
        return position

    @property
    def _start_of_children(self) -> Position:
        return self._start if self.mapping.starting_position == "AT_TIMESTAMP" else TRIM_HORIZON

    def _begin(self, places: dict[str, Position]) -> None:
        """Begin with all shards of *places*, or, where ClientError is raised, with none."""
        pollers = [_ShardPoller(self, shard_id, place) for shard_id, place in places.items() if place]
        for shard_id in [shard_id for shard_id, place in places.items() if not place]:
            self.progress(shard_id).end()
        for poller in pollers:
            poller.begin()
        for poller in pollers:
            self.engine.lab.spawn(f"lambda poller {poller.shard_id}", partial(self._follow, poller), followed=True)

    def progress(self, shard_id: str) -> Progress:
        return Progress(self.engine.checkpoints, self.mapping.uuid, shard_id, self.stream)

    def _follow(self, poller: _ShardPoller) -> None:
        """Read a shard to its end, then its children from their beginning."""
        poller.run()
        while not self.stopping:
            try:
                with self._lock:  # of two parents that end together, the later one finds the other at its end
                    self._begin(self.stream.follow(self._places, self._start_of_children, poller.shard_id))
                    poller.progress.end()  # after that: a kill before it has this done again
                return
            except (ClientError, BotoCoreError) as error:
                self.mapping.problem(error)
                self.engine.lab.clock.poll(self.ending, 1.0, found=False)

    @property
    def stopping(self) -> bool:
        """Whether the mapping or the lab ends."""
        return self.ending.is_set() or self.engine.lab.stopping.is_set()


class _ShardPoller:
    """Reads one shard and deals its records out to batchers by their keys."""

    def __init__(self, source: StreamSource, shard_id: str, place: Position) -> None:
        """*place* may have an open window. Raises ClientError if the shard cannot be read there."""
        self.shard_id = shard_id
        self.progress = source.progress(shard_id)
        self._source = source
        self._mapping = source.mapping
        self._place = place
        position = {name: value for name, value in place.items() if name != "Window"}
        self._reader = ShardReader(source.stream, shard_id, position)
        self._batchers: list[OrderedBatcher] = []

    def begin(self) -> None:
        """Have the place kept, from now on."""
        self.progress.begin(self._place | self._reader.position)

    def run(self) -> None:
        """Read until the shard or the mapping ends, and every record that was read is handled."""
        try:
            while not self._source.stopping and self._reader.position:
                page = self._read() if self._mapping.enabled and self._room() else None
                if self._reader.position:
                    pause = HURRY if page and page.more else self._source.reading.interval
                    self._source.engine.lab.clock.poll(self._source.ending, pause, bool(page and page.records))
            wait_until_idle(self._batchers, self._source.ending)
        finally:
            for batcher in self._batchers:
                batcher.end()

    def _room(self) -> bool:
        return all(batcher.waiting < MOST_BATCHES_WAITING * self._mapping.batch_size for batcher in self._batchers)

    def _read(self) -> Page | None:
        """Read once. What fails is tried again from the same place."""
        try:
            page = self._reader.read()
        except (ClientError, BotoCoreError) as error:
            self._mapping.problem(error)
            return None
        self._reader.go_on(page)
        if page.records:
            arn, role = self._mapping.event_source_arn, self._source.role
            self._deal([self._source.reading.record(record, self.shard_id, arn, role) for record in page.records])
        return page

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
        wait_until_idle(self._batchers, self._source.ending)
        for batcher in self._batchers:
            batcher.end()
        self._batchers = [
            OrderedBatcher(
                self._source.engine.lab,
                self._mapping,
                self.shard_id,
                BatchProcessor(
                    self._source.engine, self._mapping, self.shard_id, self._source.ending, self.progress.done
                ),
                self.progress,
            )
            for _ in range(count)
        ]
