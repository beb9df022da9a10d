"""S3 event notifications: who is told what, and who may be told at all."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from typing import Any
from urllib.parse import unquote_plus

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually

ALL = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]


class Listener:
    """A bucket and a queue that its events go to."""

    def __init__(self, lab: RunningLab) -> None:
        self.s3, self.sqs, self.sns = lab.client("s3"), lab.client("sqs"), lab.client("sns")
        name = f"s3-events-{uuid.uuid4().hex[:12]}"
        self.bucket = name
        self.s3.create_bucket(Bucket=name)
        self.queue = self.sqs.create_queue(QueueName=name)["QueueUrl"]
        attributes = self.sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])
        self.queue_arn: str = attributes["Attributes"]["QueueArn"]

    def policy(self, action: str, resource: str, **condition: Any) -> str:
        """What AWS's user guide has readers attach to a destination."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": action,
            "Resource": resource,
            "Condition": condition or {"ArnLike": {"aws:SourceArn": f"arn:aws:s3:*:*:{self.bucket}"}},
        }
        return json.dumps({"Version": "2012-10-17", "Statement": [statement]})

    def allow(self, service: str = "s3.amazonaws.com", **condition: Any) -> None:
        policy = self.policy("sqs:SendMessage", self.queue_arn, **condition).replace("s3.amazonaws.com", service)
        self.sqs.set_queue_attributes(QueueUrl=self.queue, Attributes={"Policy": policy})

    def configure(self, *rules: dict[str, Any]) -> None:
        configuration = {"QueueConfigurations": [{"QueueArn": self.queue_arn, "Events": ALL, **rule} for rule in rules]}
        self.s3.put_bucket_notification_configuration(Bucket=self.bucket, NotificationConfiguration=configuration)

    def messages(self, count: int) -> list[dict[str, Any]]:
        """The next *count* messages, in the order of their sequencers."""
        found: list[dict[str, Any]] = []

        def poll() -> bool:
            answer = self.sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10)
            for message in answer.get("Messages", []):
                self.sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                found.append(json.loads(message["Body"]))
            return len(found) >= count

        eventually(poll)
        assert len(found) == count, found
        return sorted(
            found,
            key=lambda message: message["Records"][0]["s3"]["object"]["sequencer"] if "Records" in message else "",
        )

    def records(self, count: int) -> list[dict[str, Any]]:
        return [message["Records"][0] for message in self.messages(count)]


@pytest.fixture
def listener(lab: RunningLab) -> Listener:
    return Listener(lab)


@pytest.fixture
def heard(listener: Listener) -> Listener:
    """One that is configured, with the test event out of the way."""
    listener.allow()
    listener.configure({"Id": "everything"})
    assert listener.messages(1)[0]["Event"] == "s3:TestEvent"
    return listener


def refusal(call: Callable[..., Any], *arguments: Any) -> str:
    with pytest.raises(ClientError) as caught:
        call(*arguments)
    assert caught.value.response["Error"]["Code"] == "InvalidArgument"
    return str(caught.value.response["Error"]["Message"])


def test_a_record_has_aws_s_shape(heard: Listener) -> None:
    """User guide, "Event message structure": the key is URL-encoded, with + for a space."""
    written = heard.s3.put_object(Bucket=heard.bucket, Key="day=1/a file+ü.csv", Body=b"12345")
    (record,) = heard.records(1)
    assert (record["eventVersion"], record["eventSource"], record["awsRegion"]) == ("2.1", "aws:s3", "us-east-1")
    assert record["eventName"] == "ObjectCreated:Put"
    assert record["responseElements"]["x-amz-request-id"] == written["ResponseMetadata"]["RequestId"]
    assert record["requestParameters"]["sourceIPAddress"] == "127.0.0.1"
    assert record["userIdentity"]["principalId"]
    assert record["s3"]["configurationId"] == "everything"
    assert record["s3"]["bucket"]["arn"] == f"arn:aws:s3:::{heard.bucket}"
    thing = record["s3"]["object"]
    assert thing["key"] == "day%3D1/a+file%2B%C3%BC.csv"
    assert unquote_plus(thing["key"]) == "day=1/a file+ü.csv"
    assert (thing["size"], f'"{thing["eTag"]}"') == (5, written["ETag"])
    assert "versionId" not in thing


def test_every_way_to_write_or_delete_has_its_event(heard: Listener) -> None:
    """User guide, "Supported event types for SQS, SNS, and Lambda"."""
    s3, bucket = heard.s3, heard.bucket
    s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "k"})
    s3.upload_fileobj(io.BytesIO(bytes(9 << 20)), bucket, "parts")
    s3.delete_object(Bucket=bucket, Key="k")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"y")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=version)
    told = [(record["eventName"], record["s3"]["object"].get("versionId")) for record in heard.records(7)]
    assert told == [
        ("ObjectCreated:Put", None),
        ("ObjectCreated:Copy", None),
        ("ObjectCreated:CompleteMultipartUpload", None),
        ("ObjectRemoved:Delete", None),
        ("ObjectCreated:Put", version),
        ("ObjectRemoved:DeleteMarkerCreated", marker),
        ("ObjectRemoved:Delete", version),
    ]


def test_filters_choose_by_prefix_and_suffix(listener: Listener) -> None:
    """User guide, "Configuring event notifications using object key name filtering"."""
    listener.allow()
    rules = [{"Name": "prefix", "Value": "in/"}, {"Name": "Suffix", "Value": ".csv"}]
    listener.configure({"Events": ["s3:ObjectCreated:Put"], "Filter": {"Key": {"FilterRules": rules}}})
    for key in ("in/a.csv", "in/a.txt", "out/a.csv", "in/b.csv"):
        listener.s3.put_object(Bucket=listener.bucket, Key=key, Body=b"")
    listener.s3.delete_object(Bucket=listener.bucket, Key="in/a.csv")
    test_event, *told = listener.messages(3)
    assert test_event["Event"] == "s3:TestEvent"
    assert [message["Records"][0]["s3"]["object"]["key"] for message in told] == ["in/a.csv", "in/b.csv"]
    kept = listener.s3.get_bucket_notification_configuration(Bucket=listener.bucket)
    assert kept["QueueConfigurations"][0]["QueueArn"] == listener.queue_arn


def test_a_topic_is_told_too(listener: Listener) -> None:
    """User guide, "Walkthrough: Configuring a bucket for notifications"; the topic passes the record on."""
    topic = listener.sns.create_topic(Name=listener.bucket)["TopicArn"]
    configuration = {"TopicConfigurations": [{"TopicArn": topic, "Events": ["s3:ObjectCreated:*"]}]}
    configure = listener.s3.put_bucket_notification_configuration
    with pytest.raises(ClientError, match="Unable to validate"):
        configure(Bucket=listener.bucket, NotificationConfiguration=configuration)
    listener.sns.set_topic_attributes(
        TopicArn=topic, AttributeName="Policy", AttributeValue=listener.policy("SNS:Publish", topic)
    )
    listener.allow(service="sns.amazonaws.com", ArnEquals={"aws:SourceArn": topic})
    listener.sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=listener.queue_arn)
    configure(Bucket=listener.bucket, NotificationConfiguration=configuration)
    listener.s3.put_object(Bucket=listener.bucket, Key="k", Body=b"x")
    bodies = [json.loads(message["Message"]) for message in listener.messages(2)]
    assert {body.get("Event") or body["Records"][0]["eventName"] for body in bodies} == {
        "s3:TestEvent",
        "ObjectCreated:Put",
    }


def test_a_destination_must_exist_and_let_s3_in(listener: Listener) -> None:
    """User guide, "Granting permissions to publish event notification messages to a destination"."""
    unable = "Unable to validate the following destination configurations"
    assert refusal(listener.configure, {}).startswith(unable)
    listener.allow(service="sns.amazonaws.com")
    assert refusal(listener.configure, {}).startswith(unable)
    listener.allow(StringEquals={"aws:SourceAccount": "999999999999"})
    assert refusal(listener.configure, {}).startswith(unable)
    listener.allow(ArnLike={"aws:SourceArn": "arn:aws:s3:::another-bucket"})
    assert refusal(listener.configure, {}).startswith(unable)
    listener.allow(StringEquals={"aws:SourceAccount": "123456789012"})
    missing = {"QueueArn": listener.queue_arn + "-none"}
    assert "does not exist" in refusal(listener.configure, missing)
    kept = listener.s3.get_bucket_notification_configuration(Bucket=listener.bucket)
    assert "QueueConfigurations" not in kept
    listener.configure({})


def test_rules_may_not_overlap(listener: Listener) -> None:
    """User guide, "Configuring event notifications using object key name filtering", overlapping examples."""
    listener.allow()

    def rule(prefix: str) -> dict[str, Any]:
        return {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": prefix}]}}}

    assert "ambiguously defined" in refusal(listener.configure, rule("images"), rule("images/jpg"))
    listener.configure(rule("images"), rule("logs"))


def test_a_configuration_tells_all_that_was_put(lab: RunningLab) -> None:
    """EventBridge's part is there and empty, as it was sent (API reference, EventBridgeConfiguration)."""
    listener = Listener(lab)
    listener.allow()
    only = {"Filter": {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}}
    queue = {"Id": "in", "QueueArn": listener.queue_arn, "Events": ["s3:ObjectCreated:*"], **only}
    put = {"QueueConfigurations": [queue], "EventBridgeConfiguration": {}}
    listener.s3.put_bucket_notification_configuration(Bucket=listener.bucket, NotificationConfiguration=put)
    told = listener.s3.get_bucket_notification_configuration(Bucket=listener.bucket)
    told["QueueConfigurations"][0]["Filter"]["Key"]["FilterRules"][0]["Name"] = "prefix"  # S3 writes it "Prefix"
    assert {name: told[name] for name in put} == put
    listener.s3.put_bucket_notification_configuration(
        Bucket=listener.bucket, NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    told = listener.s3.get_bucket_notification_configuration(Bucket=listener.bucket)
    assert told["EventBridgeConfiguration"] == {}
    assert "QueueConfigurations" not in told


def test_a_configuration_survives_a_crash_and_can_be_removed(new_lab: Callable[..., RunningLab]) -> None:
    """A put with an empty configuration turns notifications off (API reference)."""
    lab = new_lab()
    listener = Listener(lab)
    listener.allow()
    listener.configure({"Id": "kept"})
    lab.kill()
    (lab.directory / "lab.json").unlink()
    lab.start()
    s3 = lab.client("s3")
    kept = s3.get_bucket_notification_configuration(Bucket=listener.bucket)
    assert kept["QueueConfigurations"][0]["Id"] == "kept"
    s3.put_bucket_notification_configuration(Bucket=listener.bucket, NotificationConfiguration={})
    assert "QueueConfigurations" not in s3.get_bucket_notification_configuration(Bucket=listener.bucket)
