"""How long the records of a table's stream are there, and whose they are; also over a kill of the lab.

Developer guide, "Change data capture for DynamoDB Streams": "Data in DynamoDB Streams is retained for 24 hours".
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import advance

Labs = Callable[..., RunningLab]
STREAM = {"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"}


class Stream:
    """The stream of a new table, whose key is ``id``."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab
        lab.client("dynamodb").create_table(
            TableName="t",
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            BillingMode="PAY_PER_REQUEST",
            StreamSpecification=STREAM,
        )

    def put(self, name: str) -> str:
        """Put an item; returns its record's number."""
        self.lab.client("dynamodb").put_item(TableName="t", Item={"id": {"S": name}})
        return self.read(self.iterator())[name]

    def iterator(self, kind: str = "TRIM_HORIZON", **place: str) -> str:
        streams = self.lab.client("dynamodbstreams")
        arn = self.lab.client("dynamodb").describe_table(TableName="t")["Table"]["LatestStreamArn"]
        [shard] = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        where = {"StreamArn": arn, "ShardId": shard["ShardId"], "ShardIteratorType": kind, **place}
        return str(streams.get_shard_iterator(**where)["ShardIterator"])

    def read(self, iterator: str) -> dict[str, str]:
        """The numbers of the records, by the keys of their items."""
        changes = [
            each["dynamodb"]
            for each in self.lab.client("dynamodbstreams").get_records(ShardIterator=iterator)["Records"]
        ]
        return {change["Keys"]["id"]["S"]: change["SequenceNumber"] for change in changes}


def test_a_stream_is_trimmed_after_a_day(new_lab: Labs) -> None:
    """DynamoDB Streams API reference, GetShardIterator and GetRecords, "Errors"; the lab's clock counts the day."""
    lab = new_lab()
    stream = Stream(lab)
    first = stream.put("first")
    advance(lab, 23 * 3600)
    second = stream.put("second")
    held = stream.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=first)
    assert [*stream.read(held)] == ["first", "second"]
    advance(lab, 55 * 60)
    with pytest.raises(ClientError, match="ExpiredIteratorException"):  # 15 minutes after it was given
        stream.read(held)
    held = stream.iterator()
    assert [*stream.read(held)] == ["first", "second"]
    advance(lab, 10 * 60)
    for _ in range(2):
        with pytest.raises(ClientError, match="TrimmedDataAccessException"):
            stream.read(held)
        with pytest.raises(ClientError, match="TrimmedDataAccessException"):
            stream.iterator("AFTER_SEQUENCE_NUMBER", SequenceNumber=first)
        assert stream.read(stream.iterator()) == {"second": second}
        assert stream.read(stream.iterator("AT_SEQUENCE_NUMBER", SequenceNumber=second)) == {"second": second}
        lab.kill()
        lab.start()
    advance(lab, 24 * 3600)
    assert stream.read(stream.iterator()) == {}
    third = stream.put("third")
    assert stream.read(stream.iterator()) == {"third": third} and int(third) > int(second)
    lab.kill()
    lab.start()
    assert stream.read(stream.iterator()) == {"third": third}
    assert int(stream.put("fourth")) > int(third)


def test_a_stream_that_is_enabled_anew_has_only_its_own_records(new_lab: Labs) -> None:
    """UpdateTable, API reference, StreamSpecification: a stream that is enabled again is another one."""
    lab = new_lab()
    stream = Stream(lab)
    stream.put("before")
    for specification in ({"StreamEnabled": False}, STREAM):
        lab.client("dynamodb").update_table(TableName="t", StreamSpecification=specification)
    number = stream.put("after")
    lab.stop()
    lab.start()
    assert stream.read(stream.iterator()) == {"after": number}
