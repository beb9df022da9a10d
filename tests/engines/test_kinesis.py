"""Kinesis Data Streams through boto3 and the AWS CLI, over the socket.

Each test names the page of the Developer Guide (DG) or API Reference (API) that it holds the engine to.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise
from typing import Any

import pytest
from botocore.exceptions import ClientError

HASH_KEYS = 1 << 128
names = count()


@pytest.fixture
def kinesis(lab: Any) -> Any:
    return lab.client("kinesis")


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


# Routing


def test_the_md5_of_the_key_chooses_the_shard(kinesis: Any) -> None:
    """API PutRecord, PartitionKey: "an MD5 hash function … 128-bit integer values"."""
    name = make_stream(kinesis, 4)
    assert [kinesis.put_record(StreamName=name, Data=b"x", PartitionKey=key)["ShardId"] for key in ("a", "user-1")] == [
        shard_id(0),
        shard_id(3),
    ]


def test_an_explicit_hash_key_overrides_the_partition_key(kinesis: Any) -> None:
    """API PutRecord, ExplicitHashKey; the ends of a shard's range belong to it (API HashKeyRange)."""
    name = make_stream(kinesis, 4)
    for shard in kinesis.list_shards(StreamName=name)["Shards"]:
        for edge in shard["HashKeyRange"].values():
            answer = kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="a", ExplicitHashKey=edge)
            assert answer["ShardId"] == shard["ShardId"]
    with raises("InvalidArgumentException"):
        kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="a", ExplicitHashKey=str(HASH_KEYS))


def test_records_come_back_as_they_were_put_and_in_order(kinesis: Any) -> None:
    """DG "Key concepts": a shard is a uniquely identified sequence of data records."""
    name = make_stream(kinesis)
    payloads = [b"", b"\x00\xff" * 50, "schön ☃".encode(), *(str(i).encode() for i in range(100))]
    numbers = [int(each["SequenceNumber"]) for each in put(kinesis, name, *payloads, key='clé "☃"\n')]
    assert numbers == sorted(set(numbers))
    answer = kinesis.get_records(ShardIterator=iterator(kinesis, name))
    assert [record["Data"] for record in answer["Records"]] == payloads
    assert {record["PartitionKey"] for record in answer["Records"]} == {'clé "☃"\n'}
    assert [int(record["SequenceNumber"]) for record in answer["Records"]] == numbers
    assert answer["MillisBehindLatest"] == 0


def test_megabytes_are_kept_and_paged(kinesis: Any) -> None:
    """API GetRecords: at most 10,000 records and 10 MiB, then NextShardIterator goes on."""
    name = make_stream(kinesis, None)
    sent = [b"%07d" % number * 100 for number in range(6_000)]
    for start in range(0, len(sent), 500):
        entries = [{"Data": data, "PartitionKey": "k", "ExplicitHashKey": "0"} for data in sent[start : start + 500]]
        assert kinesis.put_records(StreamName=name, Records=entries)["FailedRecordCount"] == 0
    received: list[bytes] = []
    place = iterator(kinesis, name)
    for limit in (1, 2_499, 10_000):
        try:
            answer = kinesis.get_records(ShardIterator=place, Limit=limit)
        except kinesis.exceptions.ProvisionedThroughputExceededException:
            time.sleep(1.0)
            answer = kinesis.get_records(ShardIterator=place, Limit=limit)
        assert len(answer["Records"]) <= limit
        received += [record["Data"] for record in answer["Records"]]
        place = answer["NextShardIterator"]
    assert received == sent


# Resharding


def test_split_closes_the_parent_and_routes_to_the_children(kinesis: Any) -> None:
    """DG "Split a shard" and "Data routing, data persistence, and shard state after a reshard"."""
    name = make_stream(kinesis)
    put(kinesis, name, b"before")
    middle = str(HASH_KEYS // 2)
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey=middle)
    assert wait_until_active(kinesis, name)["OpenShardCount"] == 2

    parent, left, right = kinesis.list_shards(StreamName=name)["Shards"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert left["ParentShardId"] == right["ParentShardId"] == shard_id(0)
    assert left["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(HASH_KEYS // 2 - 1)}
    assert right["HashKeyRange"] == {"StartingHashKey": middle, "EndingHashKey": str(HASH_KEYS - 1)}
    assert int(left["SequenceNumberRange"]["StartingSequenceNumber"]) > int(
        parent["SequenceNumberRange"]["EndingSequenceNumber"]
    )
    for hash_key, child in (("0", left), (middle, right)):
        answer = kinesis.put_record(StreamName=name, Data=b"after", PartitionKey="k", ExplicitHashKey=hash_key)
        assert answer["ShardId"] == child["ShardId"]
    with raises("InvalidArgumentException"):
        kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey="99")


def test_a_closed_shard_is_read_to_its_end_which_names_the_children(kinesis: Any) -> None:
    """API GetRecords: NextShardIterator is null and ChildShards is given at the end of a closed shard."""
    name = make_stream(kinesis)
    put(kinesis, name, b"1", b"2", b"3")
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey=str(HASH_KEYS // 2))
    first = kinesis.get_records(ShardIterator=iterator(kinesis, name), Limit=2)
    assert [record["Data"] for record in first["Records"]] == [b"1", b"2"]
    assert "ChildShards" not in first
    last = kinesis.get_records(ShardIterator=first["NextShardIterator"])
    assert [record["Data"] for record in last["Records"]] == [b"3"]
    assert "NextShardIterator" not in last
    assert [(child["ShardId"], child["ParentShards"]) for child in last["ChildShards"]] == [
        (shard_id(1), [shard_id(0)]),
        (shard_id(2), [shard_id(0)]),
    ]


def test_merge_joins_two_neighbours(kinesis: Any) -> None:
    """DG "Merge two shards"."""
    name = make_stream(kinesis, 3)
    with raises("InvalidArgumentException"):
        kinesis.merge_shards(StreamName=name, ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(2))
    kinesis.merge_shards(StreamName=name, ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(1))
    wait_until_active(kinesis, name)
    merged = kinesis.list_shards(StreamName=name)["Shards"][-1]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (shard_id(0), shard_id(1))
    assert merged["HashKeyRange"]["StartingHashKey"] == "0"
    [child] = kinesis.get_records(ShardIterator=iterator(kinesis, name, 1))["ChildShards"]
    assert child["ParentShards"] == [shard_id(0), shard_id(1)]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (4, 2), (4, 3), (2, 3), (5, 7)])
def test_update_shard_count_leaves_even_shards(kinesis: Any, before: int, after: int) -> None:
    """API UpdateShardCount, UNIFORM_SCALING: shards of equal size; no hash key is lost on the way."""
    name = make_stream(kinesis, before)
    answer = kinesis.update_shard_count(StreamName=name, TargetShardCount=after, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, after)
    shards = kinesis.list_shards(StreamName=name, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    ranges = sorted([int(edge) for edge in shard["HashKeyRange"].values()] for shard in shards)
    edges = [sorted(each) for each in ranges]
    assert len(edges) == after
    assert edges[0][0] == 0 and edges[-1][1] == HASH_KEYS - 1
    assert all(low[1] + 1 == high[0] for low, high in pairwise(edges))
    widths = [high - low + 1 for low, high in edges]
    assert max(widths) - min(widths) <= 1


def test_update_shard_count_splits_and_merges_in_aws_order(kinesis: Any) -> None:
    """Four shards to three on AWS: of eleven listed, 6, 9 and 10 are open (seen in risingwavelabs/risingwave#9961)."""
    name = make_stream(kinesis, 4)
    kinesis.update_shard_count(StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    assert len(kinesis.list_shards(StreamName=name)["Shards"]) == 11
    shards = kinesis.list_shards(StreamName=name, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    assert [shard["ShardId"] for shard in shards] == [shard_id(6), shard_id(9), shard_id(10)]


def test_a_stream_without_mode_and_count_is_on_demand(kinesis: Any) -> None:
    """Four shards, as LocalStack's suite recorded on AWS (test_create_stream_without_shard_count)."""
    kinesis.create_stream(StreamName="plain")
    wait_until_active(kinesis, "plain")
    found = kinesis.describe_stream_summary(StreamName="plain")["StreamDescriptionSummary"]
    assert (found["OpenShardCount"], found["StreamModeDetails"]) == (4, {"StreamMode": "ON_DEMAND"})
    kinesis.delete_stream(StreamName="plain")


def test_update_shard_count_at_most_doubles_and_at_least_halves(kinesis: Any) -> None:
    """API UpdateShardCount, default limits."""
    name = make_stream(kinesis, 4)
    for target in (9, 1):
        with raises("LimitExceededException"):
            kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
    with raises("ValidationException"):
        kinesis.update_shard_count(
            StreamName=make_stream(kinesis, None), TargetShardCount=8, ScalingType="UNIFORM_SCALING"
        )


# Iterators


def test_the_five_iterator_types(kinesis: Any) -> None:
    """API GetShardIterator, ShardIteratorType."""
    name = make_stream(kinesis, 1)
    second = put(kinesis, name, b"1", b"2", b"3")[1]["SequenceNumber"]
    latest = iterator(kinesis, name, kind="LATEST")
    assert read(kinesis, name, kind="AT_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [b"2", b"3"]
    assert read(kinesis, name, kind="AFTER_SEQUENCE_NUMBER", StartingSequenceNumber=second) == [b"3"]
    assert read(kinesis, name) == [b"1", b"2", b"3"]
    put(kinesis, name, b"4")
    assert [record["Data"] for record in kinesis.get_records(ShardIterator=latest)["Records"]] == [b"4"]


def test_at_timestamp_starts_with_the_first_record_that_is_not_earlier(kinesis: Any) -> None:
    """API GetShardIterator, Timestamp: the next (later) record; the trim horizon if it is older than that."""
    name = make_stream(kinesis)
    put(kinesis, name, b"old")
    time.sleep(0.02)
    put(kinesis, name, b"new")
    arrivals = [
        record["ApproximateArrivalTimestamp"]
        for record in kinesis.get_records(ShardIterator=iterator(kinesis, name))["Records"]
    ]
    assert read(kinesis, name, kind="AT_TIMESTAMP", Timestamp=arrivals[1]) == [b"new"]
    assert read(kinesis, name, kind="AT_TIMESTAMP", Timestamp=0) == [b"old", b"new"]
    with raises("InvalidArgumentException"):
        iterator(kinesis, name, kind="AT_TIMESTAMP", Timestamp=time.time() + 3600)


def test_iterators_are_checked(kinesis: Any) -> None:
    """API GetShardIterator and GetRecords, Errors."""
    name = make_stream(kinesis, 2)
    number = kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="a")["SequenceNumber"]
    wrong_requests: list[dict[str, Any]] = [
        {"kind": "AT_SEQUENCE_NUMBER"},
        {"kind": "LATEST", "StartingSequenceNumber": number},
        {"kind": "AT_TIMESTAMP"},
        {"kind": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": "1"},
        {"kind": "AT_SEQUENCE_NUMBER", "StartingSequenceNumber": number, "shard": 1},
    ]
    for request in wrong_requests:
        with raises("InvalidArgumentException"):
            iterator(kinesis, name, **request)
    with raises("ResourceNotFoundException"):
        iterator(kinesis, name, 7)
    good = kinesis.get_shard_iterator(StreamName=name, ShardId=shard_id(0), ShardIteratorType="LATEST")
    forged = good["ShardIterator"][:-8] + "AAAAAAA="
    for bad in (forged, "nonsense"):
        with raises("InvalidArgumentException"):
            kinesis.get_records(ShardIterator=bad)


# Limits


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


# Enhanced fan-out


def register(kinesis: Any, name: str, consumer: str = "fast") -> str:
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    consumer_arn = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=consumer)["Consumer"]["ConsumerARN"]
    while (
        kinesis.describe_stream_consumer(ConsumerARN=consumer_arn)["ConsumerDescription"]["ConsumerStatus"] != "ACTIVE"
    ):
        time.sleep(0.05)
    return consumer_arn


def test_subscribe_to_shard_pushes_records_and_ends_with_the_shard(kinesis: Any) -> None:
    """API SubscribeToShard and SubscribeToShardEvent: ChildShards come at the end of the shard."""
    name = make_stream(kinesis)
    put(kinesis, name, b"stored")
    consumer_arn = register(kinesis, name)
    stream = kinesis.subscribe_to_shard(
        ConsumerARN=consumer_arn, ShardId=shard_id(0), StartingPosition={"Type": "TRIM_HORIZON"}
    )["EventStream"]
    events = (event["SubscribeToShardEvent"] for event in stream)
    first = next(events)
    assert [record["Data"] for record in first["Records"]] == [b"stored"]
    assert first["ContinuationSequenceNumber"] == first["Records"][-1]["SequenceNumber"]
    assert first["MillisBehindLatest"] == 0
    put(kinesis, name, b"pushed")
    assert [record["Data"] for record in next(events)["Records"]] == [b"pushed"]
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey=str(HASH_KEYS // 2))
    [*_, last] = events
    assert [child["ShardId"] for child in last["ChildShards"]] == [shard_id(1), shard_id(2)]
    assert "ContinuationSequenceNumber" not in last


def test_a_consumer_has_one_subscription_to_a_shard(kinesis: Any) -> None:
    """API SubscribeToShard: a second call within 5 seconds is a ResourceInUseException."""
    name = make_stream(kinesis, 2)
    consumer_arn = register(kinesis, name)
    request = {"ConsumerARN": consumer_arn, "StartingPosition": {"Type": "LATEST"}}
    subscriptions = [kinesis.subscribe_to_shard(ShardId=shard_id(index), **request) for index in (0, 1)]
    with raises("ResourceInUseException"):
        kinesis.subscribe_to_shard(ShardId=shard_id(0), **request)
    kinesis.deregister_stream_consumer(ConsumerARN=consumer_arn)
    for subscription in subscriptions:  # deregistering ends them
        for _ in subscription["EventStream"]:
            pass
    with raises("ResourceNotFoundException"):
        kinesis.subscribe_to_shard(ShardId=shard_id(0), **request)


def test_consumers_are_listed_and_named_once(kinesis: Any) -> None:
    """API RegisterStreamConsumer, ListStreamConsumers (pagination), DescribeStreamConsumer."""
    name = make_stream(kinesis)
    arns = [register(kinesis, name, consumer) for consumer in ("one", "two", "three")]
    stream_arn = arns[0].partition("/consumer/")[0]
    with raises("ResourceInUseException"):
        kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName="one")
    pages = kinesis.get_paginator("list_stream_consumers").paginate(
        StreamARN=stream_arn, PaginationConfig={"PageSize": 2}
    )
    assert [[each["ConsumerARN"] for each in page["Consumers"]] for page in pages] == [arns[:2], arns[2:]]
    with raises("ResourceInUseException"):
        kinesis.delete_stream(StreamName=name)
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


# Streams


def test_list_shards_filters_and_pages(kinesis: Any) -> None:
    """API ListShards and ShardFilter."""
    name = make_stream(kinesis, 2)
    before = time.time()
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey="1000")

    def found(**shard_filter: Any) -> list[int]:
        shards = kinesis.list_shards(StreamName=name, ShardFilter=shard_filter)["Shards"]
        return [int(shard["ShardId"][-3:]) for shard in shards]

    assert found(Type="FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert found(Type="AT_TRIM_HORIZON") == [0, 1]
    assert found(Type="AT_LATEST") == [1, 2, 3]
    assert found(Type="AT_TIMESTAMP", Timestamp=before) == [0, 1]
    assert found(Type="FROM_TIMESTAMP", Timestamp=time.time()) == [1, 2, 3]
    assert found(Type="AFTER_SHARD_ID", ShardId=shard_id(1)) == [2, 3]
    page = kinesis.list_shards(StreamName=name, MaxResults=3)
    assert len(page["Shards"]) == 3
    assert [shard["ShardId"] for shard in kinesis.list_shards(NextToken=page["NextToken"])["Shards"]] == [shard_id(3)]
    with raises("InvalidArgumentException"):  # as on AWS, where boto3's paginator stumbles over it
        kinesis.list_shards(StreamName=name, NextToken=page["NextToken"])
    after = kinesis.list_shards(StreamName=name, ExclusiveStartShardId=shard_id(2))["Shards"]
    assert [shard["ShardId"] for shard in after] == [shard_id(3)]
    with raises("InvalidArgumentException"):
        kinesis.list_shards(NextToken="nonsense")
    described = kinesis.get_paginator("describe_stream").paginate(StreamName=name, PaginationConfig={"PageSize": 3})
    assert [len(page["StreamDescription"]["Shards"]) for page in described] == [3, 1]


def test_streams_are_listed_in_pages(kinesis: Any) -> None:
    """API ListStreams."""
    mine = {make_stream(kinesis) for _ in range(3)}
    pages = list(kinesis.get_paginator("list_streams").paginate(PaginationConfig={"PageSize": 2}))
    listed = [name for page in pages for name in page["StreamNames"]]
    assert mine <= set(listed) and listed == sorted(listed)
    assert [each["StreamName"] for page in pages for each in page["StreamSummaries"]] == listed
    limits = kinesis.describe_limits()
    assert limits["OpenShardCount"] >= 3


def test_the_arn_serves_in_place_of_the_name(kinesis: Any) -> None:
    """API: "use either the StreamARN or the StreamName parameter, or both"."""
    name = make_stream(kinesis)
    arn = kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]
    kinesis.put_record(StreamARN=arn, Data=b"x", PartitionKey="k")
    place = kinesis.get_shard_iterator(StreamARN=arn, ShardId=shard_id(0), ShardIteratorType="TRIM_HORIZON")
    assert len(kinesis.get_records(StreamARN=arn, ShardIterator=place["ShardIterator"])["Records"]) == 1
    kinesis.add_tags_to_stream(StreamARN=arn, Tags={"team": "ops"})
    assert kinesis.list_tags_for_stream(StreamName=name)["Tags"] == [{"Key": "team", "Value": "ops"}]
    assert kinesis.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "team", "Value": "ops"}]
    kinesis.update_shard_count(StreamARN=arn, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    with raises("ResourceNotFoundException"):
        kinesis.describe_stream(StreamARN=arn.replace("us-east-1", "eu-west-1"))
    with raises("InvalidArgumentException"):
        kinesis.describe_stream()


def test_mode_encryption_retention_and_monitoring_are_settings(lab: Any, kinesis: Any) -> None:
    """API UpdateStreamMode, StartStreamEncryption, IncreaseStreamRetentionPeriod, EnableEnhancedMonitoring."""
    name = make_stream(kinesis)
    arn = kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamARN"]
    kinesis.update_stream_mode(StreamARN=arn, StreamModeDetails={"StreamMode": "ON_DEMAND"})
    assert wait_until_active(kinesis, name)["StreamModeDetails"] == {"StreamMode": "ON_DEMAND"}
    with raises("KMSNotFoundException"):
        kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId="alias/none")
    key = lab.client("kms").create_key()["KeyMetadata"]["KeyId"]
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    assert wait_until_active(kinesis, name)["KeyId"] == key
    assert kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k")["EncryptionType"] == "KMS"
    kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=48)
    for hours in (24, 9_000):
        with raises("InvalidArgumentException"):
            kinesis.increase_stream_retention_period(StreamName=name, RetentionPeriodHours=hours)
    answer = kinesis.enable_enhanced_monitoring(StreamName=name, ShardLevelMetrics=["ALL"])
    assert len(answer["DesiredShardLevelMetrics"]) == 7
    summary = wait_until_active(kinesis, name)
    assert (summary["RetentionPeriodHours"], summary["EncryptionType"]) == (48, "KMS")


@pytest.mark.parametrize(
    ("operation", "request_", "code"),
    [
        ("describe_stream", {"StreamName": "absent"}, "ResourceNotFoundException"),
        ("put_record", {"StreamName": "absent", "Data": b"x", "PartitionKey": "k"}, "ResourceNotFoundException"),
        ("create_stream", {"StreamName": "bad name", "ShardCount": 1}, "ValidationException"),
        ("create_stream", {"StreamName": "many", "ShardCount": 100_000}, "LimitExceededException"),
        ("delete_queue", {"QueueARN": "arn:aws:kinesis:us-east-1:123456789012:queue/q"}, "UnknownOperationException"),
        (
            "update_stream_mode",
            {
                "StreamARN": "arn:aws:kinesis:us-east-1:123456789012:stream/x",
                "StreamModeDetails": {"StreamMode": "FAST"},
            },
            "ValidationException",
        ),
    ],
)
def test_errors_have_the_codes_of_the_api_reference(
    kinesis: Any, operation: str, request_: dict[str, Any], code: str
) -> None:
    with raises(code):
        getattr(kinesis, operation)(**request_)


def test_dry_run_checks_and_does_nothing(kinesis: Any) -> None:
    """API PutRecords, DryRun."""
    name = make_stream(kinesis)
    with raises("DryRunOperationException"):
        kinesis.put_record(StreamName=name, Data=b"x", PartitionKey="k", DryRun=True)
    assert read(kinesis, name) == []


def test_auto_distribution_ignores_the_key(kinesis: Any) -> None:
    """API UpdateStreamRecordDistributionStrategy: records are spread evenly, and come back without a key."""
    name = make_stream(kinesis, None, RecordDistributionStrategy="AUTO")
    answer = kinesis.put_records(StreamName=name, Records=[{"Data": b"x", "PartitionKey": "k"}] * 8)
    assert sorted(record["ShardId"] for record in answer["Records"]) == sorted([shard_id(i) for i in range(4)] * 2)
    [record, _] = kinesis.get_records(ShardIterator=iterator(kinesis, name))["Records"]
    assert "PartitionKey" not in record


# From outside and from many sides


def test_the_aws_cli_works(lab: Any, kinesis: Any) -> None:
    name = make_stream(kinesis)
    options = ["--stream-name", name, "--cli-binary-format", "raw-in-base64-out", "--output", "json"]
    lab.aws("kinesis", "put-record", *options[:2], "--partition-key", "k", "--data", "aGVsbG8=", *options[4:])
    answer = json.loads(
        lab.aws(
            "kinesis", "get-shard-iterator", "--stream-name", name, "--shard-id", shard_id(0),
            "--shard-iterator-type", "TRIM_HORIZON", "--output", "json",
        ).stdout
    )  # fmt: skip
    records = lab.aws("kinesis", "get-records", "--shard-iterator", answer["ShardIterator"], "--output", "json").stdout
    assert [record["PartitionKey"] for record in json.loads(records)["Records"]] == ["k"]


def test_cloudformation_makes_streams(new_lab: Any) -> None:
    """CloudFormation User Guide, AWS::Kinesis::Stream; the first thing that this lab hears of Kinesis."""
    lab = new_lab()
    stream = {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "made", "ShardCount": 2}}
    lab.client("cloudformation").create_stack(StackName="s", TemplateBody=json.dumps({"Resources": {"S": stream}}))
    kinesis = lab.client("kinesis")
    assert wait_until_active(kinesis, "made")["OpenShardCount"] == 2
    put(kinesis, "made", b"x")


def test_many_threads_lose_and_repeat_nothing(lab: Any, kinesis: Any) -> None:
    name = make_stream(kinesis, None)
    clients = [lab.client("kinesis") for _ in range(6)]

    def write(writer: int) -> list[str]:
        numbers = []
        for batch in range(5):
            data = [f"{writer}-{batch}-{i}".encode() for i in range(100)]
            entries = [{"Data": each, "PartitionKey": "same"} for each in data]
            answer = clients[writer].put_records(StreamName=name, Records=entries)
            numbers += [record["SequenceNumber"] for record in answer["Records"]]
        return numbers

    with ThreadPoolExecutor(len(clients)) as pool:
        numbers = [number for each in pool.map(write, range(len(clients))) for number in each]
    assert len(set(numbers)) == 3_000
    [used] = {record["ShardId"] for record in kinesis.put_records(
        StreamName=name, Records=[{"Data": b"end", "PartitionKey": "same"}])["Records"]}  # fmt: skip
    assert len(read(kinesis, name, int(used[-3:]))) == 3_001


def test_cloudwatch_sees_the_traffic(lab: Any, kinesis: Any) -> None:
    """DG "Monitor the Amazon Kinesis Data Streams service with Amazon CloudWatch"."""
    plain, watched = make_stream(kinesis), make_stream(kinesis)
    kinesis.enable_enhanced_monitoring(StreamName=watched, ShardLevelMetrics=["IncomingRecords"])
    for name in (plain, watched):
        put(kinesis, name, *[b"123"] * 10)
    cloudwatch = lab.client("cloudwatch")

    def total(metric: str, **dimensions: str) -> float:
        answer = cloudwatch.get_metric_statistics(
            Namespace="AWS/Kinesis",
            MetricName=metric,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
            StartTime=time.time() - 600,
            EndTime=time.time() + 60,
            Period=60,
            Statistics=["Sum"],
        )
        return sum(point["Sum"] for point in answer["Datapoints"])

    deadline = time.monotonic() + 10
    shard = {"StreamName": watched, "ShardId": shard_id(0)}
    while not (total("IncomingRecords", StreamName=plain) and total("IncomingRecords", **shard)):
        assert time.monotonic() < deadline, "no metrics arrived"
        time.sleep(0.1)
    assert total("IncomingRecords", **shard) == 10
    assert (total("IncomingRecords", StreamName=plain), total("IncomingBytes", StreamName=plain)) == (10, 40)


def test_a_reader_that_leaves_frees_its_subscription(lab: Any, kinesis: Any) -> None:
    """A connection that the client closes must not keep the server from stopping or from writing."""
    name = make_stream(kinesis)
    stream = kinesis.subscribe_to_shard(
        ConsumerARN=register(kinesis, name), ShardId=shard_id(0), StartingPosition={"Type": "LATEST"}
    )["EventStream"]
    threading.Timer(0.1, stream.close).start()
    put(kinesis, name, b"x")
    assert read(kinesis, name) == [b"x"]
