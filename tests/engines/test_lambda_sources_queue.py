"""Event source mappings of SQS queues, read with the function's role, as AWS's pollers do.

Held to the Lambda developer guide ("Using Lambda with SQS", "Configuring partial batch response").
"""

from __future__ import annotations

import json

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.lambda_source_tools import batches, connect, flat
from tests.engines.lambda_tools import create, queue, receive

QUEUE_CONSUMER = """
import json
def handler(event, context):
    bodies = [record["body"] for record in event["Records"]]
    print("BATCH " + json.dumps(bodies))
    failed = [record["messageId"] for record in event["Records"] if record["body"] == "poison"]
    return {"batchItemFailures": [{"itemIdentifier": i} for i in failed]}
"""


def test_sqs_messages_are_deleted_when_handled(lab: RunningLab) -> None:
    """Messages reported as failed come back after the visibility timeout, and end in the dead-letter queue."""
    sqs = lab.client("sqs")
    dead, dead_arn = queue(lab, "consumed-dead")
    redrive = json.dumps({"deadLetterTargetArn": dead_arn, "maxReceiveCount": 2})
    url, arn = queue(lab, "consumed", VisibilityTimeout="1", RedrivePolicy=redrive)
    create(lab, "consumed", QUEUE_CONSUMER, Timeout=1)
    connect(lab, "consumed", arn, FunctionResponseTypes=["ReportBatchItemFailures"])
    for body in ("a", "poison", "b"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert receive(lab, dead)["Body"] == "poison"
    assert sorted(flat(batches(lab, "consumed", bool))) == ["a", "b", "poison", "poison"]
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert counts["ApproximateNumberOfMessages"] == counts["ApproximateNumberOfMessagesNotVisible"] == "0"


def test_fifo_queue_keeps_its_order(lab: RunningLab) -> None:
    """One batch of a message group at a time."""
    url, arn = queue(lab, "gates.fifo", FifoQueue="true", ContentBasedDeduplication="true")
    for number in range(25):
        lab.client("sqs").send_message(QueueUrl=url, MessageBody=str(number), MessageGroupId="one")
    create(lab, "fifo", QUEUE_CONSUMER)
    connect(lab, "fifo", arn)
    assert flat(batches(lab, "fifo", lambda b: len(flat(b)) >= 25)) == [str(number) for number in range(25)]


def test_sqs_record_and_batching_window(lab: RunningLab) -> None:
    sqs = lab.client("sqs")
    url, arn = queue(lab, "windowed")
    for start in range(0, 20, 10):
        entries = [
            {
                "Id": str(n),
                "MessageBody": str(n),
                "MessageAttributes": {"unit": {"DataType": "String", "StringValue": "min"}},
            }
            for n in range(start, start + 10)
        ]
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
    create(lab, "windowed", "import json\ndef handler(event, c): print('BATCH ' + json.dumps(event['Records']))")
    connect(lab, "windowed", arn, BatchSize=20, MaximumBatchingWindowInSeconds=10)
    (batch,) = batches(lab, "windowed", bool)
    assert sorted(int(record["body"]) for record in batch) == list(range(20))
    record = batch[0]
    assert record["eventSource"] == "aws:sqs" and record["eventSourceARN"] == arn
    assert record["attributes"]["ApproximateReceiveCount"] == "1" and record["attributes"]["SentTimestamp"].isdigit()
    assert record["messageAttributes"] == {
        "unit": {"stringValue": "min", "stringListValues": [], "binaryListValues": [], "dataType": "String"}
    }


def test_a_queue_must_hide_messages_while_the_function_runs(lab: RunningLab) -> None:
    _, arn = queue(lab, "hasty")
    create(lab, "hasty", QUEUE_CONSUMER, Timeout=60)
    with pytest.raises(ClientError, match="visibility timeout: 30 seconds is less than Function timeout: 60"):
        connect(lab, "hasty", arn)
