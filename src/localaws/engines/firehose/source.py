"""A Kinesis stream as the source: every shard read once a second, from LATEST on, through every resharding.

Sources: "Send data from Kinesis Data Streams" (firehose/latest/dev/writing-with-kinesis-streams.html): reading starts
at LATEST, and GetRecords is called once a second for each shard.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from localaws.engines.firehose.backlog import Position
from localaws.engines.firehose.delivery import Delivery, StreamFullError
from localaws.engines.firehose.processing import Record
from localaws.lab import Lab

log = logging.getLogger(__name__)


class KinesisSource:
    """Feeds *delivery* from the stream *stream_arn*, with the rights of *role_arn*."""

    def __init__(self, lab: Lab, name: str, region: str, stream_arn: str, role_arn: str, delivery: Delivery) -> None:
        self._lab = lab
        self._name = name
        self._region = region
        self._arn = stream_arn
        self._kinesis = lab.client(
            "kinesis",
            region=stream_arn.split(":")[3],
            role_arn=role_arn,
            session_name="AWSFirehose",
            by="firehose",
        )
        self._delivery = delivery
        #: Of each shard that was begun; None when it is read to its end. The backlog keeps them.
        self._places = delivery.backlog.places
        self._iterators: dict[str, str] = {}
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def open(self) -> datetime:
        """Take a place in every shard. Returns when delivery starts; raises ClientError if the stream is not there."""
        now = self._lab.clock.now()
        for shard in self._shards():
            place: Position | None = None
            if "EndingSequenceNumber" not in shard["SequenceNumberRange"]:
                place = {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": now.timestamp()}
                self._iterators[shard["ShardId"]] = self._iterator(shard["ShardId"], {"ShardIteratorType": "LATEST"})
            self._delivery.backlog.take_place(shard["ShardId"], place)
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
            for shard_id, place in list(self._places.items()):
                if place:
                    self._safely(partial(self._read, shard_id, place))
            self._lab.clock.wait(self._ending, 1.0)

    def _safely(self, action: Callable[[], None]) -> None:
        """What fails now is tried again in a second, from the same place."""
        try:
            action()
        except (ClientError, BotoCoreError, StreamFullError, OSError) as error:
            log.warning("stream %s cannot read %s: %s", self._name, self._arn, error)

    def _read(self, shard_id: str, place: Position) -> None:
        if self._delivery.full:
            return
        try:
            if shard_id not in self._iterators:
                self._iterators[shard_id] = self._iterator(shard_id, place)
            answer = self._kinesis.get_records(ShardIterator=self._iterators[shard_id], Limit=10_000)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ResourceNotFoundException":  # the shard's, which has outlived its records: or the stream's
                self._leave(shard_id)
            elif code != "ExpiredIteratorException":
                raise
            self._iterators.pop(shard_id, None)
            return
        if answer["Records"]:
            self._take(answer["Records"], shard_id)
        self._count("KinesisMillisBehindLatest", answer.get("MillisBehindLatest", 0), "Milliseconds")
        if answer.get("NextShardIterator"):
            self._iterators[shard_id] = answer["NextShardIterator"]
        else:
            self._leave(shard_id)

    def _take(self, records: list[dict[str, Any]], shard_id: str) -> None:
        """Have *records* accepted, together with the place behind the last of them."""
        place = {
            "ShardIteratorType": "AFTER_SEQUENCE_NUMBER",
            "StartingSequenceNumber": records[-1]["SequenceNumber"],
        }
        taken = [Record(r["Data"], r["ApproximateArrivalTimestamp"].timestamp(), r["SequenceNumber"]) for r in records]
        self._delivery.accept(taken, shard_id, place)
        self._count("DataReadFromKinesisStream.Records", len(records))
        self._count("DataReadFromKinesisStream.Bytes", sum(len(r["Data"]) for r in records), "Bytes")

    def _leave(self, shard_id: str) -> None:
        """Go on with the shards that are new once all of their parents are read to the end, so that order holds."""
        keep = self._delivery.backlog.take_place
        begun = {shard for shard, place in self._places.items() if place} - {shard_id}
        for shard in self._shards():
            parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")}
            if shard["ShardId"] not in self._places and not parents & begun:
                keep(shard["ShardId"], {"ShardIteratorType": "TRIM_HORIZON"})
        keep(shard_id, None)  # last: a kill before it has this done again

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
