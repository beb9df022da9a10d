"""How records are read from Kinesis and from DynamoDB Streams, and what a function is given of them.

Sources: Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams" and "Using AWS
Lambda with Amazon DynamoDB" (example events, polling rates).
"""

from __future__ import annotations

import base64
import json
from abc import ABC, abstractmethod
from datetime import UTC, datetime
from typing import Any, NamedTuple

from localaws.engines.lambda_.sources.batches import Record
from localaws.engines.lambda_.sources.mapping import MappingEngine


class Shard(NamedTuple):
    """A shard and what it came from; ``closed`` if it takes no more records."""

    shard_id: str
    parents: frozenset[str]
    closed: bool


class Page(NamedTuple):
    """What one read gave: records, where to go on (None at the end of a closed shard), whether more is there."""

    records: list[Record]
    iterator: str | None
    more: bool


class StreamReader(ABC):
    """Reads one stream with a client that has the function's role."""

    #: Seconds between two reads of a shard that has no more.
    interval: float

    def __init__(self, client: Any, mapping: MappingEngine, role: str) -> None:
        self._client = client
        self._mapping = mapping
        self._arn = mapping.event_source_arn
        self._region = self._arn.split(":")[3]
        self._role = role

    @abstractmethod
    def shards(self) -> list[Shard]:
        """Every shard. Raises ClientError if the stream is not there, or not for this role."""

    @abstractmethod
    def latest(self, shard_id: str) -> dict[str, Any]:
        """The position behind the last record that there is now: unlike LATEST it stays where it is."""

    @abstractmethod
    def iterator(self, shard_id: str, position: dict[str, Any]) -> str:
        """A place in a shard; *position* as GetShardIterator takes it, without the shard."""

    @abstractmethod
    def read(self, iterator: str) -> Page:
        """The next records. Raises ClientError."""


def after(sequence_number: str, kind: str) -> dict[str, Any]:
    """The position behind a record."""
    name = "StartingSequenceNumber" if kind == "kinesis" else "SequenceNumber"
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", name: sequence_number}


class KinesisReader(StreamReader):
    interval = 1.0  # "Lambda polls each shard in your Kinesis stream for records at a rate of once per second"

    def shards(self) -> list[Shard]:
        found: list[Shard] = []
        arguments: dict[str, Any] = {"StreamARN": self._arn}
        while True:
            answer = self._client.list_shards(**arguments)
            for shard in answer["Shards"]:
                parents = {shard.get("ParentShardId"), shard.get("AdjacentParentShardId")} - {None}
                closed = "EndingSequenceNumber" in shard["SequenceNumberRange"]
                found.append(Shard(shard["ShardId"], frozenset(parents), closed))
            if not answer.get("NextToken"):
                return found
            arguments = {"NextToken": answer["NextToken"]}

    def latest(self, shard_id: str) -> dict[str, Any]:
        return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self._mapping.clock.time()}

    def iterator(self, shard_id: str, position: dict[str, Any]) -> str:
        answer = self._client.get_shard_iterator(StreamARN=self._arn, ShardId=shard_id, **position)
        return str(answer["ShardIterator"])

    def read(self, iterator: str) -> Page:
        answer = self._client.get_records(ShardIterator=iterator, Limit=10_000)
        records = [self._record(record) for record in answer["Records"]]
        return Page(records, answer.get("NextShardIterator"), answer.get("MillisBehindLatest", 0) > 0)

    def _record(self, record: dict[str, Any]) -> Record:
        arrival = record["ApproximateArrivalTimestamp"].timestamp()
        data = base64.b64encode(record["Data"]).decode()
        event = {
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": record["PartitionKey"],
                "sequenceNumber": record["SequenceNumber"],
                "data": data,
                "approximateArrivalTimestamp": arrival,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": record["SequenceNumber"],
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": self._role,
            "awsRegion": self._region,
            "eventSourceARN": self._arn,
        }
        return Record(event, record["SequenceNumber"], arrival, record["PartitionKey"], len(data) + 500)


class DynamoDBReader(StreamReader):
    interval = 0.25  # "at a base rate of four times per second"

    def shards(self) -> list[Shard]:
        description = self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]
        return [
            Shard(
                shard["ShardId"],
                frozenset({shard["ParentShardId"]} if shard.get("ParentShardId") else ()),
                "EndingSequenceNumber" in shard["SequenceNumberRange"],
            )
            for shard in description["Shards"]
        ]

    def latest(self, shard_id: str) -> dict[str, Any]:
        position = {"ShardIteratorType": "TRIM_HORIZON"}
        iterator: str | None = self.iterator(shard_id, position)
        while iterator and (page := self.read(iterator)).records:
            iterator, position = page.iterator, after(page.records[-1].sequence_number, "dynamodb")
        return position

    def iterator(self, shard_id: str, position: dict[str, Any]) -> str:
        answer = self._client.get_shard_iterator(StreamArn=self._arn, ShardId=shard_id, **position)
        return str(answer["ShardIterator"])

    def read(self, iterator: str) -> Page:
        answer = self._client.get_records(ShardIterator=iterator, Limit=1000)
        records = [self._record(record) for record in answer["Records"]]
        return Page(records, answer.get("NextShardIterator"), len(records) == 1000)

    def _record(self, record: dict[str, Any]) -> Record:
        change = record["dynamodb"]
        created: datetime = change["ApproximateCreationDateTime"]
        own: dict[str, Any] = {"eventVersion": "1.1", "awsRegion": self._region, "eventSourceARN": self._arn}
        if identity := record.get("userIdentity"):  # "Using DynamoDB with Lambda": written with small letters there
            own["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
        text = json.dumps({**record, **own}, default=_plain)
        keys = json.dumps(change["Keys"], default=_plain, sort_keys=True)
        arrival = created.replace(tzinfo=created.tzinfo or UTC).timestamp()
        return Record(json.loads(text), change["SequenceNumber"], arrival, keys, len(text))


def _plain(value: Any) -> Any:
    """What JSON has no word for, as DynamoDB's JSON has it."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} in a stream record")
