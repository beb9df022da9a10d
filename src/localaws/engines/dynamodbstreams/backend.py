"""DynamoDB Streams: only the ARN of a stream names one, and an iterator says itself where it stands.

moto keeps each iterator that it has ever given. Source: DynamoDB Streams API reference, DescribeStream,
GetShardIterator and GetRecords, "Errors".
"""

from __future__ import annotations

import re
from typing import Any

from moto.core.utils import unix_time
from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend, ShardIterator

from localaws.engines.dynamodb.items import TableEngine
from localaws.engines.dynamodb.stream import ShardEngine
from localaws.gateway.errors import AwsError

_STREAM_ARN = re.compile(r"arn:aws[\w-]*:dynamodb:[\w-]+:\d{12}:table/([\w.-]+)/stream/.+", re.ASCII)
#: The stream's ARN, the number of the next record, and when it was given, in seconds since the epoch.
_ITERATOR = re.compile(r"(arn:[^|]+)\|1\|([0-9]{1,40})\|([0-9]{1,20})")
#: "A shard iterator expires 15 minutes after it is returned to the requester" (GetShardIterator).
ITERATOR_SECONDS = 15 * 60


class DynamoDBStreamsEngine(DynamoDBStreamsBackend):
    """Raises ValidationException for what is no stream's ARN, ResourceNotFoundException for no stream's or shard's."""

    def _get_table_from_arn(self, arn: str) -> Table:
        named = _STREAM_ARN.fullmatch(arn)
        if named is None:
            raise AwsError("ValidationException", f"Invalid StreamArn: {arn}")
        table = self.dynamodb.tables.get(named[1])
        if table is None or table.stream_shard is None:
            raise AwsError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
        return table

    def describe_stream(self, arn: str) -> dict[str, Any]:
        """A stream can be read for a day after it is disabled, and keeps its view type."""
        table = self._get_table_from_arn(arn)
        assert isinstance(table, TableEngine)
        assert table.stream_shard is not None
        specification = table.stream_specification or {}
        return {
            "StreamArn": arn,
            "StreamLabel": table.latest_stream_label,
            "StreamStatus": "ENABLED" if specification.get("StreamEnabled") else "DISABLED",
            "StreamViewType": table.stream_view_type,
            "CreationRequestDateTime": table.stream_shard.created_on,
            "TableName": table.name,
            "KeySchema": table.schema,
            "Shards": [table.stream_shard.to_json()],
        }

    def get_shard_iterator(
        self, arn: str, shard_id: str, kind: str, sequence_number: str | None = None
    ) -> ShardIterator:
        """Raises TrimmedDataAccessException for a place that is older than what the stream has."""
        shard = self._get_table_from_arn(arn).stream_shard
        if not isinstance(shard, ShardEngine) or shard.id != shard_id:
            said = f"Requested resource not found: Shard: {shard_id} in stream: {arn} not found"
            raise AwsError("ResourceNotFoundException", said)
        number = shard.oldest_number
        if kind == "LATEST":
            number = shard.next_number
        elif kind.endswith("_SEQUENCE_NUMBER"):
            if sequence_number is None:
                raise AwsError("ValidationException", f"SequenceNumber is required for ShardIteratorType {kind}.")
            if int(sequence_number) < number:
                raise _trimmed()
            number = int(sequence_number) + (kind == "AFTER_SEQUENCE_NUMBER")
        return IteratorEngine(shard, number)

    def get_records(self, iterator_arn: str, limit: int) -> dict[str, Any]:
        """Raises ValidationException for what is no iterator, ResourceNotFoundException for one of no stream's.

        Raises ExpiredIteratorException, and TrimmedDataAccessException where the stream begins later by now.
        """
        named = _ITERATOR.fullmatch(iterator_arn)
        if named is None:
            raise AwsError("ValidationException", f"Invalid ShardIterator: {iterator_arn[:200]}")
        arn, number, issued = named[1], int(named[2]), int(named[3])
        table = self._get_table_from_arn(arn)
        if not isinstance(table.stream_shard, ShardEngine) or not arn.endswith(f"/{table.latest_stream_label}"):
            raise AwsError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
        if unix_time() > issued + ITERATOR_SECONDS:
            raise AwsError("ExpiredIteratorException", "The provided iterator exceeds the maximum age allowed.")
        if number < table.stream_shard.oldest_number:
            raise _trimmed()
        records = table.stream_shard.get(number, limit)
        iterator = IteratorEngine(table.stream_shard, number + len(records))
        return {"NextShardIterator": iterator.arn, "Records": records}


class IteratorEngine(ShardIterator):
    """An iterator at the record of a *number*, of which nothing is kept."""

    def __init__(self, shard: ShardEngine, number: int) -> None:
        stream = f"{shard.table.table_arn}/stream/{shard.table.latest_stream_label}"
        self._arn = f"{stream}|1|{number}|{int(unix_time())}"

    @property
    def arn(self) -> str:
        return self._arn


def _trimmed() -> AwsError:
    return AwsError("TrimmedDataAccessException", "The data you are trying to access has been trimmed")
