"""What the tests of Kinesis share: streams made in one call, records put and read."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from botocore.exceptions import ClientError

HASH_KEYS = 1 << 128
names = count()


def wait_until_active(kinesis: Any, name: str) -> dict[str, Any]:
    waiter = kinesis.get_waiter("stream_exists")
    waiter.wait(StreamName=name, WaiterConfig={"Delay": 0.03, "MaxAttempts": 100})
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]


def make_stream(kinesis: Any, shards: int | None = 1, **options: Any) -> str:
    """A new ACTIVE stream; *shards* None makes it on-demand."""
    name = f"test-{next(names)}"
    if shards is None:
        options["StreamModeDetails"] = {"StreamMode": "ON_DEMAND"}
    else:
        options["ShardCount"] = shards
    kinesis.create_stream(StreamName=name, **options)
    wait_until_active(kinesis, name)
    return name


def shard_id(index: int) -> str:
    return f"shardId-{index:012d}"


def iterator(kinesis: Any, name: str, shard: int = 0, kind: str = "TRIM_HORIZON", **options: Any) -> str:
    answer = kinesis.get_shard_iterator(StreamName=name, ShardId=shard_id(shard), ShardIteratorType=kind, **options)
    return answer["ShardIterator"]


def read(kinesis: Any, name: str, shard: int = 0, kind: str = "TRIM_HORIZON", **options: Any) -> list[bytes]:
    records = kinesis.get_records(ShardIterator=iterator(kinesis, name, shard, kind, **options))["Records"]
    return [record["Data"] for record in records]


def put(kinesis: Any, name: str, *data: bytes, key: str = "k") -> list[dict[str, Any]]:
    entries = [{"Data": each, "PartitionKey": key} for each in data]
    answer = kinesis.put_records(StreamName=name, Records=entries)
    assert answer["FailedRecordCount"] == 0
    return answer["Records"]


def code_of(action: Callable[..., Any], **arguments: Any) -> str:
    """The code of the error that *action* ends in, "" where it succeeds."""
    try:
        action(**arguments)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def raises(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")
