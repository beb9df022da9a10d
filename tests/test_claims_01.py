"""What notebooks/01_ingestion.ipynb says about how the lab differs from AWS."""

from __future__ import annotations

import io
import json
import platform
import time
import uuid
import zipfile
from functools import partial
from typing import Any

import pytest

from tests.conftest import RunningLab, eventually
from tests.roles import role


def unique(word: str) -> str:
    return f"{word}-{uuid.uuid4().hex[:8]}"


@pytest.fixture
def bucket(lab: RunningLab) -> str:
    name = unique("claims")
    lab.client("s3").create_bucket(Bucket=name)
    return name


def make_stream(lab: RunningLab, shards: int = 1) -> str:
    kinesis, name = lab.client("kinesis"), unique("claims")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    eventually(lambda: status_of(kinesis, name) == "ACTIVE")
    return name


def status_of(kinesis: Any, name: str) -> str:
    summary: dict[str, str] = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return summary["StreamStatus"]


def make_firehose(lab: RunningLab, bucket: str, interval: int) -> str:
    firehose, name = lab.client("firehose"), unique("claims")
    destination = {
        "RoleARN": role(lab, "firehose"),
        "BucketARN": f"arn:aws:s3:::{bucket}",
        "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": interval},
    }
    firehose.create_delivery_stream(DeliveryStreamName=name, ExtendedS3DestinationConfiguration=destination)
    return name


def objects(lab: RunningLab, bucket: str) -> list[str]:
    return [item["Key"] for item in lab.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


def has_objects(lab: RunningLab, bucket: str, count: int) -> bool:
    return len(objects(lab, bucket)) == count


def test_streams_are_ready_at_once(lab: RunningLab, bucket: str) -> None:
    began = time.monotonic()
    make_stream(lab)
    firehose, name = lab.client("firehose"), make_firehose(lab, bucket, interval=60)
    description = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    assert description["DeliveryStreamStatus"] == "ACTIVE"
    assert time.monotonic() - began < 10  # AWS: "it can take several minutes"


def test_latencies_are_those_of_one_machine(lab: RunningLab) -> None:
    kinesis, stream = lab.client("kinesis"), make_stream(lab)
    kinesis.put_record(StreamName=stream, Data=b"x", PartitionKey="k")
    place = kinesis.get_shard_iterator(
        StreamName=stream, ShardId="shardId-000000000000", ShardIteratorType="TRIM_HORIZON"
    )
    assert lab.endpoint.startswith("http://127.0.0.1:")
    # the very next read has it: no replication, no propagation
    assert len(kinesis.get_records(ShardIterator=place["ShardIterator"])["Records"]) == 1


def test_events_arrive_once_and_in_order(lab: RunningLab, bucket: str) -> None:
    s3, sqs = lab.client("s3"), lab.client("sqs")
    queue = sqs.create_queue(QueueName=unique("claims"))["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    allow = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:SendMessage"}
    policy = {"Version": "2012-10-17", "Statement": [{**allow, "Resource": arn}]}
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": json.dumps(policy)})
    rule = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(Bucket=bucket, NotificationConfiguration={"QueueConfigurations": [rule]})
    keys = [f"file-{number:02}" for number in range(30)]
    for key in keys:
        s3.put_object(Bucket=bucket, Key=key, Body=b"")
    told: list[str] = []

    def all_told() -> bool:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, WaitTimeSeconds=1)
        for message in answer.get("Messages", []):
            records = json.loads(message["Body"]).get("Records", [])  # the test event has none
            told.extend(record["s3"]["object"]["key"] for record in records)
        return len(told) >= len(keys)

    eventually(all_told, seconds=20)
    assert told == keys


def test_what_fails_in_a_shard_is_the_end_of_the_call(lab: RunningLab) -> None:
    """On AWS "an unsuccessfully processed record" may stand anywhere in the answer (PutRecords, API Reference)."""
    kinesis, stream = lab.client("kinesis"), make_stream(lab)
    entries = [{"Data": b"x" * 3_000, "PartitionKey": "k"} for _ in range(500)]  # 1.5 MB: more than a second's worth
    answer = kinesis.put_records(StreamName=stream, Records=entries)
    stored = ["ErrorCode" not in record for record in answer["Records"]]
    assert 0 < answer["FailedRecordCount"] == stored.count(False) < len(entries)
    assert stored == sorted(stored, reverse=True)


def test_zero_buffering_writes_each_batch_at_once(lab: RunningLab, bucket: str) -> None:
    firehose, name = lab.client("firehose"), make_firehose(lab, bucket, interval=0)
    for count in (1, 2, 3):
        firehose.put_record_batch(DeliveryStreamName=name, Records=[{"Data": b"a\n"}, {"Data": b"b\n"}])
        eventually(partial(has_objects, lab, bucket, count), seconds=5)


def make_function(lab: RunningLab, code: str) -> str:
    """A function whose role may be taken by Lambda, and may then do nothing."""
    trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    name = unique("claims")
    role = lab.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]["Arn"]
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("app.py", code)
    settings = {"Runtime": "python3.13", "Handler": "app.handler", "Timeout": 30}
    lab.client("lambda").create_function(FunctionName=name, Role=role, Code={"ZipFile": archive.getvalue()}, **settings)
    return name


def test_functions_run_with_the_python_of_the_lab(lab: RunningLab) -> None:
    name = make_function(lab, "import platform\ndef handler(event, context): return platform.python_version()")
    answer = lab.client("lambda").invoke(FunctionName=name)
    assert json.loads(answer["Payload"].read()) == platform.python_version()


def test_what_a_role_may_do_is_known_at_once(lab: RunningLab, bucket: str) -> None:
    """On AWS changes of IAM take some seconds (IAM user guide, "Troubleshoot IAM")."""
    put = f"boto3.client('s3').put_object(Bucket='{bucket}', Key='k', Body=b'')"
    name = make_function(lab, f"import boto3\ndef handler(event, context): {put}")
    assert "FunctionError" in lab.client("lambda").invoke(FunctionName=name)
    statement = {"Effect": "Allow", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("iam").put_role_policy(RoleName=name, PolicyName="work", PolicyDocument=document)
    assert "FunctionError" not in lab.client("lambda").invoke(FunctionName=name)
    assert objects(lab, bucket) == ["k"]


def test_databases_are_on_this_machine(lab: RunningLab) -> None:
    """And a replication instance is there as soon as somebody asks."""
    rds, dms, name = lab.client("rds"), lab.client("dms"), unique("claims")
    rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.micro",
        Engine="postgres",
        AllocatedStorage=20,
        MasterUsername="master",
        MasterUserPassword="correct-horse-7",
    )
    machine = dms.create_replication_instance(
        ReplicationInstanceIdentifier=name, ReplicationInstanceClass="dms.t3.micro"
    )["ReplicationInstance"]["ReplicationInstanceArn"]
    only = [{"Name": "replication-instance-id", "Values": [name]}]

    def ready() -> Any:
        instance = dms.describe_replication_instances(Filters=only)["ReplicationInstances"][0]
        database = rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]
        statuses = (database["DBInstanceStatus"], instance["ReplicationInstanceStatus"])
        return statuses == ("available", "available") and database

    assert eventually(ready, seconds=40)["Endpoint"]["Address"] == "127.0.0.1"
    dms.delete_replication_instance(ReplicationInstanceArn=machine)
    rds.delete_db_instance(DBInstanceIdentifier=name, SkipFinalSnapshot=True)
