"""DynamoDB Streams: only the ARN of a stream names one, and an iterator says itself where it stands.

moto keeps each iterator that it has ever given. Source: DynamoDB Streams API reference, DescribeStream,
GetShardIterator and GetRecords, "Errors".
"""

from __future__ import annotations

import re
from typing import Any

from moto.dynamodb.models.table import Table
from moto.dynamodbstreams.models import DynamoDBStreamsBackend, ShardIterator

from localaws.engines.dynamodb.items import TableEngine
from localaws.gateway.errors import AwsError

_STREAM_ARN = re.compile(r"arn:aws[\w-]*:dynamodb:[\w-]+:\d{12}:table/([\w.-]+)/stream/.+", re.ASCII)


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
        shard = self._get_table_from_arn(arn).stream_shard
        if shard is None or shard.id != shard_id:
            said = f"Requested resource not found: Shard: {shard_id} in stream: {arn} not found"
            raise AwsError("ResourceNotFoundException", said)
        if kind.endswith("_SEQUENCE_NUMBER") and sequence_number is None:
            raise AwsError("ValidationException", f"SequenceNumber is required for ShardIteratorType {kind}.")
        return IteratorEngine(self, shard, kind, sequence_number)  # type: ignore[arg-type]

    def get_records(self, iterator_arn: str, limit: int) -> dict[str, Any]:
        """Raises ValidationException for what is no iterator, ResourceNotFoundException for one of no stream's."""
        arn, _, place = iterator_arn.partition("|1|")
        if not place.isdecimal():
            raise AwsError("ValidationException", f"Invalid ShardIterator: {iterator_arn[:200]}")
        table = self._get_table_from_arn(arn)
        if table.stream_shard is None or not arn.endswith(f"/{table.latest_stream_label}"):
            raise AwsError("ResourceNotFoundException", f"Requested resource not found: Stream: {arn} not found")
        records = table.stream_shard.get(int(place), limit)
        iterator = IteratorEngine(self, table.stream_shard, "AT_SEQUENCE_NUMBER", int(place) + len(records))
        return {"NextShardIterator": iterator.arn, "Records": records}


class IteratorEngine(ShardIterator):
    """An iterator, of which nothing is kept."""

    @property
    def arn(self) -> str:
        table = self.stream_shard.table
        return f"{table.table_arn}/stream/{table.latest_stream_label}|1|{self.sequence_number}"
