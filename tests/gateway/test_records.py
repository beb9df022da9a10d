"""One true record of every call: what CloudTrail and the cost meter will read.

CloudTrail user guide, "CloudTrail record contents": who, what, on which resource, when, from where, and how it ended.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.wire import own_api, recorded, send, signer

ACCOUNT = "123456789012"


def record_of(lab: RunningLab, answer: dict[str, Any]) -> dict[str, Any]:
    """The record of the call that boto3 answered with *answer*."""
    request_id = answer["ResponseMetadata"]["RequestId"]
    header = {k.lower(): v for k, v in answer["ResponseMetadata"]["HTTPHeaders"].items()}["x-amzn-requestid"]
    assert request_id == header
    return recorded(lab, request_id)


def failed(call: Callable[[], Any]) -> dict[str, Any]:
    with pytest.raises(ClientError) as error:
        call()
    return dict(error.value.response)


SUCCESSES: dict[str, tuple[str, Callable[[Any], Any], str, list[str], bool]] = {
    "rest-xml": ("s3", lambda c: c.create_bucket(Bucket="records"), "CreateBucket", ["arn:aws:s3:::records"], False),
    "query": (
        "sns",
        lambda c: c.create_topic(Name="records"),
        "CreateTopic",
        [f"arn:aws:sns:us-east-1:{ACCOUNT}:records"],
        False,
    ),
    "ec2": ("ec2", lambda c: c.describe_vpcs(), "DescribeVpcs", [], True),
    "json": (
        "kinesis",
        lambda c: c.create_stream(StreamName="records", ShardCount=1),
        "CreateStream",
        [f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/records"],
        False,
    ),
    "rest-json": ("lambda", lambda c: c.list_functions(), "ListFunctions", [], True),
}


@pytest.mark.parametrize("protocol", SUCCESSES)
def test_a_success_in_each_protocol(lab: RunningLab, protocol: str) -> None:
    service, call, operation, resources, read_only = SUCCESSES[protocol]
    answer = call(lab.client(service))
    record = record_of(lab, answer)
    assert (record["service"], record["operation"]) == (service, operation)
    assert (record["resources"], record["read_only"]) == (resources, read_only)
    assert (record["status"], record["error"], record["region"]) == (200, None, "us-east-1")
    assert record["principal"] == f"arn:aws:iam::{ACCOUNT}:user/lab-admin"
    assert record["access_key_id"] == lab.facts["access_key_id"]
    assert record["source_ip"] == "127.0.0.1"
    assert "Boto3" in record["user_agent"]
    assert datetime.fromisoformat(record["time"]).tzinfo is not None
    assert record["ms"] > 0
    assert "secret" not in json.dumps(record)


FAILURES: dict[str, tuple[str, Callable[[Any], Any], str, str]] = {
    "rest-xml": ("s3", lambda c: c.get_object(Bucket="nobodys", Key="k"), "GetObject", "NoSuchBucket"),
    "rest-xml without body": ("s3", lambda c: c.head_bucket(Bucket="nobodys"), "HeadBucket", "404"),
    "query": ("iam", lambda c: c.get_role(RoleName="nobody"), "GetRole", "NoSuchEntity"),
    "ec2": ("ec2", lambda c: c.describe_vpcs(VpcIds=["vpc-1"]), "DescribeVpcs", "InvalidVpcID.NotFound"),
    "json": (
        "dynamodb",
        lambda c: c.describe_table(TableName="nothing"),
        "DescribeTable",
        "ResourceNotFoundException",
    ),
    "rest-json": (
        "lambda",
        lambda c: c.get_function(FunctionName="nothing"),
        "GetFunction",
        "ResourceNotFoundException",
    ),
}


@pytest.mark.parametrize("protocol", FAILURES)
def test_an_error_in_each_protocol(lab: RunningLab, protocol: str) -> None:
    service, call, operation, code = FAILURES[protocol]
    answer = failed(lambda: call(lab.client(service)))
    assert answer["Error"]["Code"] == code
    record = record_of(lab, answer)
    assert (record["service"], record["operation"], record["error"]) == (service, operation, code)
    assert record["status"] == answer["ResponseMetadata"]["HTTPStatusCode"]


def test_refused_signatures_are_recorded(lab: RunningLab) -> None:
    answer = failed(lab.client("kinesis", aws_secret_access_key="wrong").list_streams)
    record = record_of(lab, answer)
    assert (record["error"], record["status"]) == ("InvalidSignatureException", 400)
    assert (record["service"], record["principal"]) == ("kinesis", "anonymous")
    unsigned = send(lab, "GET", "/", {"Origin": "https://evil.example"})
    assert recorded(lab, unsigned.headers["x-amzn-requestid"])["error"] == "AccessDenied"


def test_bytes_are_counted_on_the_way_in_and_out(lab: RunningLab) -> None:
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="counted")
    body = b"x" * 3_000_000
    put = record_of(lab, s3.put_object(Bucket="counted", Key="k", Body=body))
    assert (put["bytes_in"], put["bytes_out"]) == (3_000_000, 0)
    answer = s3.get_object(Bucket="counted", Key="k")
    assert answer["Body"].read() == body
    assert record_of(lab, answer)["bytes_out"] == 3_000_000
    part = s3.get_object(Bucket="counted", Key="k", Range="bytes=5-14")
    part["Body"].read()
    assert record_of(lab, part)["bytes_out"] == 10
    assert record_of(lab, s3.head_object(Bucket="counted", Key="k"))["bytes_out"] == 0
    decoded = {"x-amz-decoded-content-length": "3"}
    unsigned = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
    headers = signer(lab).headers("PUT", "/counted/k", headers=decoded, payload_hash=unsigned)
    framed = b"3\r\nabc\r\n0\r\n\r\n"
    chunked = {**headers, "Transfer-Encoding": "chunked"}
    sent = send(lab, "PUT", "/counted/k", chunked, b"%x\r\n%b\r\n0\r\n\r\n" % (len(framed), framed))
    assert recorded(lab, sent.headers["x-amzn-requestid"])["bytes_in"] == len(framed)


def test_a_batch_is_named_by_its_stream_however_large(lab: RunningLab) -> None:
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="large", ShardCount=4)
    records = [{"Data": b"x" * 4000, "PartitionKey": str(n)} for n in range(200)]
    eventually(lambda: kinesis.describe_stream(StreamName="large")["StreamDescription"]["StreamStatus"] == "ACTIVE")
    record = record_of(lab, kinesis.put_records(StreamName="large", Records=records))
    assert record["resources"] == [f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/large"]


def test_the_region_is_the_one_that_was_signed(lab: RunningLab) -> None:
    """Not one that a URL or a User-Agent happens to contain."""
    config = Config(user_agent_extra="region/eu-west-1")
    sqs = lab.client("sqs", region_name="ap-south-1", config=config)
    answer = sqs.create_queue(QueueName="regional")
    assert record_of(lab, answer)["region"] == "ap-south-1"
    assert lab.client("sqs", region_name="ap-south-1").list_queues(QueueNamePrefix="regional")["QueueUrls"]
    assert "QueueUrls" not in lab.client("sqs", region_name="eu-west-1").list_queues(QueueNamePrefix="regional")


def test_an_action_inside_a_message_is_only_text(lab: RunningLab) -> None:
    """What is served is what was signed and recorded, not what the data looks like."""
    sns, sqs = lab.client("sns"), lab.client("sqs")
    url = sqs.create_queue(QueueName="text")["QueueUrl"]
    text = "https://x.example/?a=1&Action=DeleteQueue&b=2"
    record = record_of(lab, sqs.send_message(QueueUrl=url, MessageBody=text))
    assert record["operation"] == "SendMessage"
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == text
    events = lab.client("events")
    events.put_rule(Name="text", ScheduleExpression="rate(1 day)", Description="x&Action=DeleteRule&y")
    assert events.describe_rule(Name="text")["Description"] == "x&Action=DeleteRule&y"
    headers = {"X-Amz-Target": "AmazonSQS.GetQueueUrl", "Content-Type": "application/x-amz-json-1.0"}
    target, body = "/?Action=DeleteQueue", json.dumps({"QueueName": "text", "QueueUrl": url}).encode()
    answer = send(lab, "POST", target, signer(lab, "sqs").headers("POST", target, body, headers), body)
    assert (answer.status, b"QueueUrl" in answer.body) == (200, True)
    assert sns.list_topics()["ResponseMetadata"]["HTTPStatusCode"] == 200


def test_records_are_asked_for_by_number(lab: RunningLab) -> None:
    answer = lab.client("sts").get_caller_identity()
    number = record_of(lab, answer)["seq"]
    calls = own_api(lab, "GET", f"/_localaws/calls?since={number - 1}")
    assert calls[0]["request_id"] == answer["ResponseMetadata"]["RequestId"]
    assert [call["seq"] for call in calls] == list(range(number, number + len(calls)))
    assert own_api(lab, "GET", f"/_localaws/calls?since={number + 10_000_000}") == []
    target = "/_localaws/calls?since=yesterday"
    assert send(lab, "GET", target, signer(lab, "localaws").headers("GET", target)).code == "ValidationException"
    assert send(lab, "GET", "/_localaws/calls").status == 403
    assert send(lab, "GET", "/_localaws/calls", signer(lab, "s3").headers("GET", "/_localaws/calls")).status == 404


def test_threads_leave_a_record_each(new_lab: Callable[..., RunningLab]) -> None:
    """8 threads, mixed operations: consistent results, and every call recorded exactly once."""
    lab = new_lab()
    s3, sqs, dynamodb = lab.client("s3"), lab.client("sqs"), lab.client("dynamodb")
    s3.create_bucket(Bucket="threads")
    url = sqs.create_queue(QueueName="threads")["QueueUrl"]
    dynamodb.create_table(
        TableName="threads",
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )

    def work(thread: int) -> None:
        for n in range(10):
            key = f"{thread}-{n}"
            s3.put_object(Bucket="threads", Key=key, Body=key.encode())
            dynamodb.put_item(TableName="threads", Item={"k": {"S": key}})
            sqs.send_message(QueueUrl=url, MessageBody=key)
            assert s3.get_object(Bucket="threads", Key=key)["Body"].read() == key.encode()
            assert dynamodb.get_item(TableName="threads", Key={"k": {"S": key}})["Item"] == {"k": {"S": key}}

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert s3.list_objects_v2(Bucket="threads")["KeyCount"] == 80
    assert dynamodb.scan(TableName="threads", Select="COUNT")["Count"] == 80
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])["Attributes"]
    assert attributes["ApproximateNumberOfMessages"] == "80"
    eventually(lambda: any(call["operation"] == "GetQueueAttributes" for call in lab.calls()))
    calls = lab.calls()
    counts = Counter(call["operation"] for call in calls)
    assert [counts[name] for name in ("PutObject", "GetObject", "GetItem", "PutItem", "SendMessage")] == [80] * 5
    assert [call["seq"] for call in calls] == list(range(1, len(calls) + 1))
    ids = [UUID(call[name]) for call in calls for name in ("request_id", "event_id")]
    assert len(set(ids)) == 2 * len(calls)  # "CloudTrail record contents": eventID is a GUID of the event's own


def test_records_survive_a_crash_and_go_on_counting(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    lab.client("s3").create_bucket(Bucket="before")
    eventually(lab.calls)
    lab.kill()
    lab.start()
    lab.client("sts").get_caller_identity()
    eventually(lambda: len(lab.calls()) == 2)
    assert [(call["seq"], call["operation"]) for call in lab.calls()] == [(1, "CreateBucket"), (2, "GetCallerIdentity")]
