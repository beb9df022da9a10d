"""A Kinesis stream as the source: every shard read once a second, from LATEST on, through every resharding.

Sources: "Send data from Kinesis Data Streams" (firehose/latest/dev/writing-with-kinesis-streams.html): reading starts
at LATEST, and GetRecords is called once a second for each shard.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.engines.firehose.delivery import Delivery, StreamFullError
from localaws.engines.firehose.processing import Record
from localaws.lab import Lab

log = logging.getLogger(__name__)


@dataclass
class _Position:
    """How far a shard is read. ``sequence_number`` is the last one delivered to the buffers."""

    iterator: str
    start: dict[str, Any]
    sequence_number: str = ""

    def resume(self) -> dict[str, Any]:
        """The arguments of GetShardIterator that go on from here."""
        if self.sequence_number:
            return {
                "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
                "StartingSequenceNumber": self.sequence_number,
            }
        return self.start


class KinesisSource:
    """Feeds *delivery* from the stream *stream_arn*, with the rights of *role_arn*."""

    def __init__(self, lab: Lab, name: str, region: str, stream_arn: str, role_arn: str, delivery: Delivery) -> None:
        self._lab = lab
        self._name = name
        self._region = region
        self._arn = stream_arn
        self._kinesis = lab.client(
            "kinesis", region=stream_arn.split(":")[3], role_arn=role_arn, session_name="AWSFirehose"
        )
        self._delivery = delivery
        self._positions: dict[str, _Position] = {}
        self._seen: set[str] = set()
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> datetime:
        """Take a place in every shard. Returns when delivery starts; raises ClientError if the stream is not there."""
        now = self._lab.clock.now()
        for shard in self._shards():
            self._seen.add(shard["ShardId"])
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]:
                iterator = self._iterator(shard["ShardId"], {"ShardIteratorType": "LATEST"})
                start = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": now}
                self._positions[shard["ShardId"]] = _Position(iterator, start)
        return now

    def start(self) -> None:
        self._thread = self._lab.spawn(f"firehose source {self._name}", self._run)

    def end(self) -> None:
        self._ending.set()

    def join(self, seconds: float = 10) -> None:
        if self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not (self._ending.is_set() or self._lab.stopping.is_set()):
            for shard_id in list(self._positions):
                self._safely(partial(self._read, shard_id))
            self._lab.clock.wait(self._ending, 1.0)

    def _safely(self, action: Callable[[], None]) -> None:
        """What fails now is tried again in a second, from the same place."""
        try:
            action()
        except (ClientError, BotoCoreError, StreamFullError) as error:
            log.warning("stream %s cannot read %s: %s", self._name, self._arn, error)

    def _read(self, shard_id: str) -> None:
        if self._delivery.full:
            return
        position = self._positions[shard_id]
        try:
            answer = self._kinesis.get_records(ShardIterator=position.iterator, Limit=10_000)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ExpiredIteratorException":
                raise
            position.iterator = self._iterator(shard_id, position.resume())
            return
        if answer["Records"]:
            self._take(answer["Records"], position)
        self._count("KinesisMillisBehindLatest", answer.get("MillisBehindLatest", 0), "Milliseconds")
        if answer.get("NextShardIterator"):
            position.iterator = answer["NextShardIterator"]
        else:
            del self._positions[shard_id]
            self._adopt_children()

    def _take(self, records: list[dict[str, Any]], position: _Position) -> None:
        self._delivery.accept(
            [Record(r["Data"], r["ApproximateArrivalTimestamp"].timestamp(), r["SequenceNumber"]) for r in records]
        )
        position.sequence_number = records[-1]["SequenceNumber"]
        self._count("DataReadFromKinesisStream.Records", len(records))
        self._count("DataReadFromKinesisStream.Bytes", sum(len(r["Data"]) for r in records), "Bytes")

    def _adopt_children(self) -> None:
        """Read shards that are new once all of their parents are read to the end, so that order holds."""
        for shard in self._shards():
            parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")}
            if shard["ShardId"] not in self._seen and not parents & self._positions.keys():
                start = {"ShardIteratorType": "TRIM_HORIZON"}
                self._positions[shard["ShardId"]] = _Position(self._iterator(shard["ShardId"], start), start)
                self._seen.add(shard["ShardId"])

    def _shards(self) -> list[dict[str, Any]]:
        shards: list[dict[str, Any]] = []
        arguments: dict[str, Any] = {"StreamARN": self._arn}
        while True:
            answer = self._kinesis.list_shards(**arguments)
            shards += answer["Shards"]
            if not answer.get("NextToken"):
                return shards
            arguments = {"NextToken": answer["NextToken"]}

    def _iterator(self, shard_id: str, start: dict[str, Any]) -> str:
        answer = self._kinesis.get_shard_iterator(StreamARN=self._arn, ShardId=shard_id, **start)
        iterator: str = answer["ShardIterator"]
        return iterator

    def _count(self, metric: str, value: float, unit: str = "Count") -> None:
        dimensions = {"DeliveryStreamName": self._name}
        self._lab.metrics.add("AWS/Firehose", metric, value, unit, dimensions, self._region)
