"""Kinesis Data Streams through boto3 and the AWS CLI, over the socket: records, iterators, settings.

Each test names the page of the Developer Guide (DG) or API Reference (API) that it holds the engine to.
"""

from __future__ import annotations

import json
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engines.kinesis_tools import HASH_KEYS, iterator, make_stream, put, raises, read, shard_id, wait_until_active


@pytest.fixture
def kinesis(lab: Any) -> Any:
    return lab.client("kinesis")


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


def test_a_stream_without_mode_and_count_is_on_demand(kinesis: Any) -> None:
    """Four shards, as LocalStack's suite recorded on AWS (test_create_stream_without_shard_count)."""
    kinesis.create_stream(StreamName="plain")
    wait_until_active(kinesis, "plain")
    found = kinesis.describe_stream_summary(StreamName="plain")["StreamDescriptionSummary"]
    assert (found["OpenShardCount"], found["StreamModeDetails"]) == (4, {"StreamMode": "ON_DEMAND"})
    kinesis.delete_stream(StreamName="plain")


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


# Streams


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
    clients = [lab.fresh_client("kinesis") for _ in range(6)]

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
