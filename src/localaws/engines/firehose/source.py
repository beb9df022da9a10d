"""A Kinesis stream as the source: every shard read once a second, from LATEST on, through every resharding.

Sources: "Send data from Kinesis Data Streams" (firehose/latest/dev/writing-with-kinesis-streams.html): reading starts
at LATEST, and GetRecords is called once a second for each shard.
"""

from __future__ import annotations

import logging
import threading
from datetime import datetime

from botocore.exceptions import BotoCoreError, ClientError

from localaws.engines.firehose.delivery import Delivery, StreamFullError
from localaws.engines.firehose.processing import Record
from localaws.lab import Lab
from localaws.shards import LATEST, KinesisStream, Page, Position, ShardReader

log = logging.getLogger(__name__)


class KinesisSource:
    """Feeds *delivery* from the stream *stream_arn*, with the rights of *role_arn*."""

    def __init__(self, lab: Lab, name: str, region: str, stream_arn: str, role_arn: str, delivery: Delivery) -> None:
        self._lab = lab
        self._name = name
        self._region = region
        self._arn = stream_arn
        kinesis = lab.client(
            "kinesis",
            region=stream_arn.split(":")[3],
            role_arn=role_arn,
            session_name="AWSFirehose",
            by="firehose",
        )
        self._stream = KinesisStream(kinesis, stream_arn, lab.clock)
        self._delivery = delivery
        #: Of each shard that was begun, falsy when it is read to its end. The backlog keeps them.
        self._places = delivery.backlog.places
        self._readers: dict[str, ShardReader] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> datetime:
        """Take a place in every shard. Returns when delivery starts; raises ClientError if the stream is not there."""
        now = self._lab.clock.now()
        for shard_id, place in self._stream.begin(LATEST).items():
            if place:
                self._readers[shard_id] = ShardReader(self._stream, shard_id, place)
                place = self._readers[shard_id].position
            self._delivery.backlog.take_place(shard_id, place)
        return now

    def start(self) -> None:
        self._thread = self._lab.spawn(f"firehose source {self._name}", self._run, followed=True)

    def end(self) -> None:
        self._ending.set()

    def join(self, seconds: float = 10) -> None:
        if self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not (self._ending.is_set() or self._lab.stopping.is_set()):
            found = [self._look(shard_id, place) for shard_id, place in [*self._places.items()] if place]
            self._lab.clock.poll(self._ending, 1.0, any(found))

    def _look(self, shard_id: str, place: Position) -> bool:
        """Read once; returns whether there was something. What fails is tried again from the same place."""
        try:
            return not self._delivery.full and self._read(shard_id, place)
        except (ClientError, BotoCoreError, StreamFullError, OSError) as error:
            log.warning("stream %s cannot read %s: %s", self._name, self._arn, error)
            return False

    def _read(self, shard_id: str, place: Position) -> bool:
        if shard_id not in self._readers:
            self._readers[shard_id] = ShardReader(self._stream, shard_id, place)
        reader = self._readers[shard_id]
        page = reader.read()
        if page.records:
            self._take(page, shard_id)
        self._count("KinesisMillisBehindLatest", page.behind, "Milliseconds")
        reader.go_on(page)
        if not reader.position:
            self._leave(shard_id)
        return bool(page.records)

    def _take(self, page: Page, shard_id: str) -> None:
        """Have the records of *page* accepted, together with the place behind the last of them."""
        records = page.records
        taken = [Record(r["Data"], r["ApproximateArrivalTimestamp"].timestamp(), r["SequenceNumber"]) for r in records]
        self._delivery.accept(taken, shard_id, page.position)
        self._count("DataReadFromKinesisStream.Records", len(records))
        self._count("DataReadFromKinesisStream.Bytes", sum(len(r["Data"]) for r in records), "Bytes")

    def _leave(self, shard_id: str) -> None:
        """Go on with the shards that this one was in the way of."""
        for child, place in self._stream.follow(self._places, end=shard_id).items():
            self._delivery.backlog.take_place(child, place)
        self._delivery.backlog.take_place(shard_id, {})  # last: a kill before it has this done again
        del self._readers[shard_id]

    def _count(self, metric: str, value: float, unit: str = "Count") -> None:
        dimensions = {"DeliveryStreamName": self._name}
        self._lab.metrics.add("AWS/Firehose", metric, value, unit, dimensions, self._region)
