"""Follows the shards of a stream of Kinesis or DynamoDB, as the services that read one do: Firehose and Lambda.

A shard is read after all that it came from, so that the records of a key stay in order through a resharding. Sources:
"Resharding, scaling, and parallel processing" (streams/latest/dev/kinesis-record-processor-scaling.html), "Reading and
processing a stream" (amazondynamodb/latest/developerguide/Streams.html).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, NamedTuple

from botocore.exceptions import ClientError

from localaws.clock import Clock

Position = dict[str, Any]
"""Where to go on in a shard, as GetShardIterator takes it; {} of a shard that is read to its end."""

TRIM_HORIZON: Position = {"ShardIteratorType": "TRIM_HORIZON"}
LATEST: Position = {"ShardIteratorType": "LATEST"}
#: Why an iterator is of no use any more: it is too old, its record is, or its shard.
_LOST = ("ExpiredIteratorException", "TrimmedDataAccessException", "ResourceNotFoundException")


class Shard(NamedTuple):
    """A shard and what it came from; ``closed`` if it takes no more records."""

    shard_id: str
    parents: frozenset[str]
    closed: bool


class Page(NamedTuple):
    """What one read gave, and where to go on.

    ``more`` says whether there are records yet that came before; ``behind`` how far, in ms, where the service tells.
    """

    records: list[dict[str, Any]]
    position: Position
    iterator: str | None
    more: bool = False
    behind: int = 0


class Stream(ABC):
    """A stream, and a client that may read it. Each method raises ClientError and BotoCoreError."""

    #: What the API calls a stream's ARN and a sequence number, and how many records it gives at most.
    arn_parameter: str
    number_parameter: str
    most: int

    def __init__(self, client: Any, arn: str, clock: Clock) -> None:
        self._client = client
        self._arn = arn
        self._clock = clock

    def begin(self, start: Position) -> dict[str, Position]:
        """The shards that are there, with where to begin in each; those that wait for a parent are left out."""
        if start == LATEST:
            return {shard.shard_id: {} if shard.closed else LATEST for shard in self.shards()}
        return self.follow({}, start)

    def follow(
        self, places: Mapping[str, Position], start: Position = TRIM_HORIZON, end: str = ""
    ) -> dict[str, Position]:
        """The shards that can be begun, at *start*: not in *places*, and all they came from read to the end.

        *places* has the place in each shard that was begun; *end* is one whose end was just reached.
        """
        shards = self.shards()
        unread = {each.shard_id for each in shards if places.get(each.shard_id, start)} - {end}
        new = [each for each in shards if each.shard_id not in places]
        return {each.shard_id: start for each in new if not each.parents & (unread - {each.shard_id})}

    def iterator(self, shard_id: str, position: Position) -> str:
        """An iterator that stands at *position*."""
        answer = self._client.get_shard_iterator(**{self.arn_parameter: self._arn}, ShardId=shard_id, **position)
        return str(answer["ShardIterator"])

    def page(self, iterator: str, position: Position) -> Page:
        """The next records, from *iterator*, which was given for *position* or is behind it."""
        answer = self._client.get_records(ShardIterator=iterator, Limit=self.most)
        records, behind = answer["Records"], answer.get("MillisBehindLatest", 0)
        if records:
            last = records[-1]
            position = self.after(last.get("dynamodb", last)["SequenceNumber"])
        more = behind > 0 or len(records) == self.most
        return Page(records, position, answer.get("NextShardIterator"), more, behind)

    def after(self, sequence_number: str) -> Position:
        """The position behind a record."""
        return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", self.number_parameter: sequence_number}

    @abstractmethod
    def shards(self) -> list[Shard]:
        """Every shard."""

    @abstractmethod
    def latest(self, shard_id: str) -> Position:
        """The position behind the last record that there is now: unlike LATEST it stays where it is."""


class ShardReader:
    """Reads one shard from *position* on; ``position`` says where it is, {} at the shard's end."""

    def __init__(self, stream: Stream, shard_id: str, position: Position) -> None:
        """Raises ClientError and BotoCoreError if there is no such place."""
        self._stream = stream
        self._shard_id = shard_id
        self.position = stream.latest(shard_id) if position == LATEST else position
        self._iterator: str | None = None
        self._open(position)

    def read(self) -> Page:
        """The next records, again the same ones until `go_on` was called. Raises ClientError and BotoCoreError."""
        held = self._iterator
        try:
            if not held and self.position:
                self._open(self.position)
            return self._stream.page(self._iterator, self.position) if self._iterator else Page([], {}, None)
        except ClientError as error:
            self._iterator = None
            if held and error.response["Error"]["Code"] in _LOST:
                return self.read()
            raise

    def go_on(self, page: Page) -> None:
        """Read behind *page* from now on."""
        self.position, self._iterator = page.position if page.iterator else {}, page.iterator

    def _open(self, position: Position) -> None:
        """Take an iterator at *position*: where what was there is trimmed, at the oldest record, and at the end where
        the shard has outlived its last one."""
        try:
            self._iterator = self._stream.iterator(self._shard_id, position)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "TrimmedDataAccessException":  # of DynamoDB; Kinesis begins with the oldest by itself
                self.position = TRIM_HORIZON
                self._open(TRIM_HORIZON)
            elif code == "ResourceNotFoundException" and self._is_gone:
                self.position = {}
            else:
                raise

    @property
    def _is_gone(self) -> bool:
        """Whether the stream is there without this shard."""
        return self._shard_id not in {shard.shard_id for shard in self._stream.shards()}


class KinesisStream(Stream):
    arn_parameter, number_parameter, most = "StreamARN", "StartingSequenceNumber", 10_000

    def shards(self) -> list[Shard]:
        found: list[Shard] = []
        arguments: dict[str, Any] = {"StreamARN": self._arn}
        while arguments:
            answer = self._client.list_shards(**arguments)
            found += map(_shard, answer["Shards"])
            arguments = {"NextToken": answer["NextToken"]} if answer.get("NextToken") else {}
        return found

    def latest(self, shard_id: str) -> Position:
        return {"ShardIteratorType": "AT_TIMESTAMP", "Timestamp": self._clock.time()}


class DynamoDBStream(Stream):
    arn_parameter, number_parameter, most = "StreamArn", "SequenceNumber", 1000

    def shards(self) -> list[Shard]:
        return [*map(_shard, self._client.describe_stream(StreamArn=self._arn)["StreamDescription"]["Shards"])]

    def latest(self, shard_id: str) -> Position:
        reader = ShardReader(self, shard_id, TRIM_HORIZON)
        while (page := reader.read()).records:
            reader.go_on(page)
        return reader.position


def _shard(told: dict[str, Any]) -> Shard:
    parents = {told[name] for name in ("ParentShardId", "AdjacentParentShardId") if told.get(name)}
    return Shard(told["ShardId"], frozenset(parents), "EndingSequenceNumber" in told["SequenceNumberRange"])
