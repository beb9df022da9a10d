"""What a shard of Kinesis and a request to it may carry.

DG is the Kinesis Data Streams Developer Guide, API its API Reference.
"""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.engines.kinesis_tools import (
    HASH_KEYS,
    code_of,
    iterator,
    make_stream,
    raises,
    read,
    shard_id,
    wait_until_active,
)


@pytest.fixture
def kinesis(lab: Any) -> Any:
    return lab.client("kinesis")


def test_a_shard_takes_a_thousand_records_a_second(kinesis: Any) -> None:
    """DG "Quotas and limits"; API PutRecords: partial failures with code and message, the rest is stored."""
    hot = {"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": "0"}
    cold = {"Data": b"x", "PartitionKey": "k", "ExplicitHashKey": str(HASH_KEYS - 1)}
    for _ in range(10):  # on a busy machine a thousand records may take longer than the second that is counted
        name, began = make_stream(kinesis, 2), time.monotonic()
        for _ in range(2):
            assert kinesis.put_records(StreamName=name, Records=[hot] * 500)["FailedRecordCount"] == 0
        answer = kinesis.put_records(StreamName=name, Records=[hot, cold] * 10)
        single = code_of(kinesis.put_record, StreamName=name, **hot)
        if time.monotonic() - began < 0.9:
            break
    refused = {
        "ErrorCode": "ProvisionedThroughputExceededException",
        "ErrorMessage": f"Rate exceeded for shard {shard_id(0)} in stream {name} under account 123456789012.",
    }
    assert answer["FailedRecordCount"] == 10
    assert answer["Records"][::2] == [refused] * 10
    assert {record["ShardId"] for record in answer["Records"][1::2]} == {shard_id(1)}
    assert single == "ProvisionedThroughputExceededException"
    assert len(read(kinesis, name, 1)) == 10


def test_a_shard_takes_a_mebibyte_a_second(kinesis: Any) -> None:
    """DG "Quotas and limits": 1 MiB/s, partition keys included."""
    name = make_stream(kinesis)
    entry = {"Data": bytes(256 * 1024 - 1), "PartitionKey": "k"}
    answer = kinesis.put_records(StreamName=name, Records=[entry] * 5)
    assert ["ErrorCode" in record for record in answer["Records"]] == [False] * 4 + [True]


def test_on_demand_streams_take_more(kinesis: Any) -> None:
    """DG "Choose the right mode": on-demand streams need no capacity planning."""
    name = make_stream(kinesis, None)
    hot = {"Data": b"x", "PartitionKey": "k"}
    for _ in range(10):
        assert kinesis.put_records(StreamName=name, Records=[hot] * 500)["FailedRecordCount"] == 0


def test_requests_have_limits_too(kinesis: Any) -> None:
    """API PutRecords and GetRecords, constraints; DG "Handle large records"."""
    name = make_stream(kinesis)
    small, large = {"Data": b"x", "PartitionKey": "k"}, {"Data": bytes(1 << 20), "PartitionKey": "k"}
    for records in ([small] * 501, [large], [{**small, "PartitionKey": "k" * 257}]):
        with raises("ValidationException"):
            kinesis.put_records(StreamName=name, Records=records)
    with raises("ValidationException"):
        kinesis.get_records(ShardIterator=iterator(kinesis, name), Limit=10_001)
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10_240)
    assert wait_until_active(kinesis, name)["MaxRecordSizeInKiB"] == 10_240
    ten_mebibytes = bytes((10 << 20) - 1)
    kinesis.put_record(StreamName=name, Data=ten_mebibytes, PartitionKey="k")
    assert read(kinesis, name) == [ten_mebibytes]
    with raises("InvalidArgumentException"):
        kinesis.put_records(StreamName=name, Records=[{**large, "Data": bytes(6 << 20)}] * 2)
