"""What was due when the clock was advanced has been done when the call is answered, through every service it passes.

A reader who has waited so long on AWS finds it done too: so nothing here waits after an advance.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.lambda_source_tools import connect, put, stream
from tests.engines.lambda_tools import create, queue
from tests.engines.test_firehose import ROLE, Streams
from tests.engines.test_s3_events import Listener
from tests.gateway.wire import advance

#: Tells each batch as an object's key: how many records there were.
COUNTER = """
import boto3
def handler(event, context):
    key = f"{len(event['Records'])}-{context.aws_request_id}"
    boto3.client("s3").put_object(Bucket=context.function_name, Key=key, Body=b"")
"""


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """A lab whose clock no other test reads."""
    lab = RunningLab(tmp_path_factory.mktemp("later"))
    yield lab
    lab.stop()


def counter(lab: RunningLab) -> str:
    """A new function, and a bucket of its name."""
    name = f"counts-{uuid.uuid4().hex[:12]}"
    lab.client("s3").create_bucket(Bucket=name)
    create(lab, name, COUNTER)
    return name


def counted(lab: RunningLab, function: str) -> list[str]:
    """How many records each batch had."""
    found = lab.client("s3").list_objects_v2(Bucket=function).get("Contents", [])
    return [item["Key"].split("-")[0] for item in found]


def test_notifications_that_are_under_way_arrive(later: RunningLab) -> None:
    """S3 user guide, "Amazon S3 Event Notifications": typically in seconds."""
    listener = Listener(later)
    listener.allow()
    listener.configure({})
    for number in range(20):
        listener.s3.put_object(Bucket=listener.bucket, Key=str(number), Body=b"")
    advance(later, 1)
    attributes = ["ApproximateNumberOfMessages"]
    told = listener.sqs.get_queue_attributes(QueueUrl=listener.queue, AttributeNames=attributes)["Attributes"]
    assert told == {"ApproximateNumberOfMessages": "21"}  # with s3:TestEvent


def test_the_batching_window_of_a_queue_ends(later: RunningLab) -> None:
    """What is gathered must stay hidden for longer than the window, as the Lambda developer guide asks.

    Source: "Creating and configuring an Amazon SQS event source mapping".
    """
    sqs, function = later.client("sqs"), counter(later)
    url, arn = queue(later, function, VisibilityTimeout="360")
    connect(later, function, arn, BatchSize=100, MaximumBatchingWindowInSeconds=300)
    for body in ("a", "b"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    advance(later, 290)
    assert counted(later, function) == []
    advance(later, 11)
    assert counted(later, function) == ["2"]


def test_a_message_that_was_delayed_reaches_the_function(later: RunningLab) -> None:
    """SQS developer guide, "Amazon SQS message timers": to consumers it is not there for that long."""
    function = counter(later)
    url, arn = queue(later, function)
    connect(later, function, arn)
    later.client("sqs").send_message(QueueUrl=url, MessageBody="a", DelaySeconds=900)
    advance(later, 890)
    assert counted(later, function) == []
    advance(later, 11)
    assert counted(later, function) == ["1"]


def test_the_batching_window_of_a_stream_ends(later: RunningLab) -> None:
    """The poller reads once a second, and the window begins with what it has read."""
    function = counter(later)
    connect(later, function, stream(later, function), StartingPosition="LATEST", MaximumBatchingWindowInSeconds=300)
    put(later, function, "a", "b")
    advance(later, 302)
    assert counted(later, function) == ["2"]


def test_what_a_function_printed_is_in_its_log(later: RunningLab) -> None:
    """Lambda developer guide, "Sending Lambda function logs to CloudWatch Logs"."""
    name = f"prints-{uuid.uuid4().hex[:12]}"
    url, arn = queue(later, name)
    create(later, name, "def handler(event, context): print('SEEN', event['Records'][0]['body'])")
    connect(later, name, arn)
    later.client("sqs").send_message(QueueUrl=url, MessageBody="a")
    advance(later, 1)
    events = later.client("logs").filter_log_events(logGroupName=f"/aws/lambda/{name}", filterPattern="SEEN")["events"]
    assert [event["message"].strip() for event in events] == ["SEEN a"]


def test_retries_come_to_their_end(later: RunningLab) -> None:
    """MaximumRetryAttempts: then the records are discarded, and the destination on failure is told."""
    name = f"fails-{uuid.uuid4().hex[:12]}"
    create(later, name, "def handler(event, context): raise ValueError")
    url, arn = queue(later, name)
    failures = {"OnFailure": {"Destination": arn}}
    settings: dict[str, Any] = {"MaximumRetryAttempts": 6, "DestinationConfig": failures}
    connect(later, name, stream(later, name), StartingPosition="LATEST", **settings)
    put(later, name, "a")
    advance(later, 60)
    [message] = later.client("sqs").receive_message(QueueUrl=url)["Messages"]
    assert json.loads(message["Body"])["requestContext"]["approximateInvokeCount"] == 7


def test_what_a_stream_gave_goes_through_four_services(later: RunningLab) -> None:
    """Kinesis → Firehose, which buffers for 15 minutes → S3 → SQS → Lambda, which gathers for five."""
    listener, function, streams = Listener(later), counter(later), Streams(later)
    listener.allow()
    source = stream(later, function)
    streams.firehose.create_delivery_stream(
        DeliveryStreamName=function,
        DeliveryStreamType="KinesisStreamAsSource",
        KinesisStreamSourceConfiguration={"KinesisStreamARN": source, "RoleARN": ROLE},
        ExtendedS3DestinationConfiguration={
            "RoleARN": ROLE,
            "BucketARN": f"arn:aws:s3:::{listener.bucket}",
            "BufferingHints": {"SizeInMBs": 128, "IntervalInSeconds": 900},
        },
    )
    listener.configure({"Events": ["s3:ObjectCreated:*"]})
    listener.sqs.set_queue_attributes(QueueUrl=listener.queue, Attributes={"VisibilityTimeout": "360"})
    advance(later, 2)  # the stream is ACTIVE, and s3:TestEvent has come
    listener.sqs.purge_queue(QueueUrl=listener.queue)
    connect(later, function, listener.queue_arn, BatchSize=100, MaximumBatchingWindowInSeconds=300)
    put(later, function, "a", "b")
    advance(later, 900 + 300 + 5)
    assert list(streams.objects(listener.bucket).values()) == [b"ab"]
    assert counted(later, function) == ["1"]


def test_a_message_that_fails_again_and_again_is_a_dead_letter(later: RunningLab) -> None:
    """SQS developer guide, "Using dead-letter queues": after maxReceiveCount receives; each is a visibility timeout on.

    Source: Lambda developer guide, "Handling errors for an SQS event source in Lambda".
    """
    sqs, name = later.client("sqs"), f"fails-{uuid.uuid4().hex[:12]}"
    create(later, name, "def handler(event, context):\n    raise ValueError")
    dead, dead_arn = queue(later, f"{name}-dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 3})
    url, arn = queue(later, name, VisibilityTimeout="600", RedrivePolicy=redrive)
    connect(later, name, arn)
    sqs.send_message(QueueUrl=url, MessageBody="spoilt")
    advance(later, 1700)
    assert not sqs.receive_message(QueueUrl=dead).get("Messages")
    advance(later, 200)
    (message,) = sqs.receive_message(QueueUrl=dead)["Messages"]
    assert message["Body"] == "spoilt"
