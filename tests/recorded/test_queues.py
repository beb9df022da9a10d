"""SQS's attributes, FIFO queues, message attributes and permissions answer as AWS answered LocalStack's test_sqs.

What SQS says of batches, tags and limits is in test_services.
"""

from __future__ import annotations

from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Json, Replay, assert_agreement
from tests.recorded.test_services import sqs_queue, sqs_refusal


def invalid(said: str) -> Answer:
    return sqs_refusal("InvalidParameterValue", said, "InvalidParameterValueException")


def fifo_queue(replay: Replay) -> tuple[Any, str]:
    sqs, name = replay.client("sqs"), f"{replay.unique('queue')}.fifo"
    return sqs, sqs.create_queue(QueueName=name, Attributes={"FifoQueue": "true"})["QueueUrl"]


def queue_attributes(replay: Replay) -> None:
    settings = {"MessageRetentionPeriod": "604800", "ReceiveMessageWaitTimeSeconds": "10", "VisibilityTimeout": "20"}
    sqs, url = sqs_queue(replay, settings)
    told = {
        "ApproximateNumberOfMessages": "0",
        "ApproximateNumberOfMessagesDelayed": "0",
        "ApproximateNumberOfMessagesNotVisible": "0",
        "CreatedTimestamp": str,
        "DelaySeconds": "0",
        "LastModifiedTimestamp": str,
        "MaximumMessageSize": "1048576",
        "QueueArn": str,
        "SqsManagedSseEnabled": "true",
        **settings,
    }
    ask = {"QueueUrl": url, "AttributeNames": ["All"]}
    replay.call("get", sqs.get_queue_attributes, ask, {"Attributes": told})
    changes = {"MaximumMessageSize": "2048", "VisibilityTimeout": "69", "DelaySeconds": "420"}
    replay.call("set", sqs.set_queue_attributes, {"QueueUrl": url, "Attributes": changes}, {})
    replay.call("updated", sqs.get_queue_attributes, ask, {"Attributes": {**told, **changes}})
    said = "One or more parameters are invalid. Reason: Message must be shorter than 2048 bytes."
    replay.call("too large", sqs.send_message, {"QueueUrl": url, "MessageBody": "x" * 2049}, invalid(said))
    unknown = sqs_refusal("InvalidAttributeName", "Unknown Attribute FifoQueue.")
    unknown["message"] = "Unknown Attribute FifoQueue."
    for value in ("true", "false"):
        change = {"QueueUrl": url, "Attributes": {"FifoQueue": value}}
        replay.call(f"FifoQueue {value}", sqs.set_queue_attributes, change, unknown)
    for wait in (21, -1):
        said = f"Value {wait} for parameter WaitTimeSeconds is invalid. Reason: Must be >= 0 and <= 20, if provided."
        replay.call(f"wait {wait}", sqs.receive_message, {"QueueUrl": url, "WaitTimeSeconds": wait}, invalid(said))


def message_attributes(replay: Replay) -> None:
    sqs, url = sqs_queue(replay, {"VisibilityTimeout": "0"})
    text = {name: {"DataType": "String", "StringValue": value} for name, value in [("General", "Kenobi")]}
    text |= {"Hello": {"DataType": "String", "StringValue": "There"}}
    text |= {"Help.Me": {"DataType": "String", "StringValue": "Me"}}
    body = "6e2baaf3b97dbeef01c0043275f9a0e7"
    sent = {"MD5OfMessageAttributes": "4c360f3fdafd970e05fae2f149d997f5", "MD5OfMessageBody": body, "MessageId": "<id>"}
    ask = {"QueueUrl": url, "MessageBody": "msg", "MessageAttributes": text}
    replay.call("send", sqs.send_message, ask, sent)
    message = {"Body": "msg", "MD5OfBody": body, "MessageId": "<id>", "ReceiptHandle": str}
    for step, names, md5, kept in (
        ("none", [], None, []),
        ("all", ["All"], "4c360f3fdafd970e05fae2f149d997f5", list(text)),
        ("wildcard", [".*"], "4c360f3fdafd970e05fae2f149d997f5", list(text)),
        ("unknown", ["Foo", "Help"], None, []),
        ("two", ["General", "Hello"], "fca026605781cb4126a1e9044df24232", ["General", "Hello"]),
        ("one of two", ["Foo", "Hello"], "a311262e065454b75da111d535b8dacd", ["Hello"]),
        ("prefix", ["Hel.*"], "83fee93c1bcd8b9a5a923ffacdc636c7", ["Hello", "Help.Me"]),
    ):
        more = {"MD5OfMessageAttributes": md5, "MessageAttributes": {name: text[name] for name in kept}} if kept else {}
        ask = {"QueueUrl": url, "MessageAttributeNames": names}
        replay.call(step, sqs.receive_message, ask, {"Messages": [{**message, **more}]})
    empty = {"ErrorDetails": {"DataType": "String", "StringValue": ""}}
    said = "Message (user) attribute 'ErrorDetails' must contain a non-empty value of type 'String'."
    ask = {"QueueUrl": url, "MessageBody": "test", "MessageAttributes": empty}
    replay.call("empty attribute", sqs.send_message, ask, invalid(said))


def fifo_messages(replay: Replay) -> None:
    sqs, url = fifo_queue(replay)
    group = {"QueueUrl": url, "MessageBody": "message-body-1", "MessageGroupId": "group-1"}
    full = {**group, "MessageDeduplicationId": "dedup-1"}
    md5 = "19c9e282d65f9733bc6b35d50062c7ee"
    sent = {"MD5OfMessageBody": md5, "MessageId": "<id>", "SequenceNumber": "<number>"}
    replay.call("send", sqs.send_message, full, sent)
    attributes = {
        "ApproximateFirstReceiveTimestamp": str,
        "ApproximateReceiveCount": "1",
        "MessageDeduplicationId": "dedup-1",
        "MessageGroupId": "group-1",
        "SenderId": str,
        "SentTimestamp": str,
        "SequenceNumber": "<number>",
    }
    told = {"Attributes": attributes, "Body": "message-body-1", "MD5OfBody": md5, "MessageId": "<id>"}
    ask = {"QueueUrl": url, "AttributeNames": ["All"]}
    replay.call("receive", sqs.receive_message, ask, {"Messages": [{**told, "ReceiptHandle": str}]})
    said = (
        "Value 2 for parameter DelaySeconds is invalid. Reason: The request include parameter that is not valid for "
        "this queue type."
    )
    replay.call("delay", sqs.send_message, {**full, "DelaySeconds": 2}, invalid(said))
    said = (
        "The queue should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    )
    replay.call("no deduplication", sqs.send_message, group, invalid(said))
    said = "The request must contain the parameter MessageGroupId."
    alone = {"QueueUrl": url, "MessageBody": "m", "MessageDeduplicationId": "d"}
    answer = sqs_refusal("MissingParameter", said, "MissingRequiredParameterException")
    replay.call("no group", sqs.send_message, alone, answer)
    for name in ("MessageGroupId", "MessageDeduplicationId"):
        for value in ("a" * 129, "group 123"):
            reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
            said = f"Value {value} for parameter {name} is invalid. Reason: {reason}"
            replay.call(f"{name} {len(value)}", sqs.send_message, {**full, name: value}, invalid(said))
    sqs.purge_queue(QueueUrl=url)
    name = url.rsplit("/", 1)[-1]
    said = f"Only one PurgeQueue operation on {name} is allowed every 60 seconds."
    busy = sqs_refusal("AWS.SimpleQueueService.PurgeQueueInProgress", said)
    replay.call("purge again", sqs.purge_queue, {"QueueUrl": url}, {**busy, "HTTPStatusCode": 403})
    entries = [{"Id": str(n), "ReceiptHandle": "handle", "VisibilityTimeout": 1} for n in range(20)]
    said = "Maximum number of entries per request are 10. You have sent 20."
    many = sqs_refusal("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", said)
    change = {"QueueUrl": url, "Entries": entries}
    replay.call("visibility of twenty", sqs.change_message_visibility_batch, change, many)


def fifo_attributes_of_standard_queues(replay: Replay) -> None:
    sqs = replay.client("sqs")
    for name, said in (
        ("FifoQueue", "Unknown Attribute FifoQueue."),
        ("ContentBasedDeduplication", "Unknown Attribute ContentBasedDeduplication."),
        ("DeduplicationScope", "You can specify the DeduplicationScope only when FifoQueue is set to true."),
        ("FifoThroughputLimit", "You can specify the FifoThroughputLimit only when FifoQueue is set to true."),
    ):
        value = {"DeduplicationScope": "queue", "FifoThroughputLimit": "perQueue"}.get(name, "false")
        ask = {"QueueName": replay.unique("queue"), "Attributes": {name: value}}
        answer = {**sqs_refusal("InvalidAttributeName", said), "message": said}
        replay.call(name, sqs.create_queue, ask, answer)


def permissions(replay: Replay) -> None:
    sqs, url = sqs_queue(replay)
    account = replay.lab.facts["account_id"]
    name = url.rsplit("/", 1)[-1]
    arn = f"arn:aws:sqs:<region>:<account>:{name}"
    ask = {"QueueUrl": url, "Label": "label", "AWSAccountIds": [account], "Actions": ["ReceiveMessage"]}
    replay.call("add", sqs.add_permission, ask, {})
    statement = {
        "Sid": "label",
        "Effect": "Allow",
        "Principal": {"AWS": "arn:aws:iam::<account>:root"},
        "Action": "SQS:ReceiveMessage",
        "Resource": arn,
    }
    policy = Json({"Version": "2008-10-17", "Id": f"{arn}/SQSDefaultPolicy", "Statement": [statement]})
    get = {"QueueUrl": url, "AttributeNames": ["Policy"]}
    replay.call("policy", sqs.get_queue_attributes, get, {"Attributes": {"Policy": policy}})
    said = "Value label for parameter Label is invalid. Reason: Already exists."
    replay.call("add again", sqs.add_permission, ask, invalid(said))
    replay.call("remove", sqs.remove_permission, {"QueueUrl": url, "Label": "label"}, {})
    replay.call("no policy", sqs.get_queue_attributes, get, {})
    said = "Value label for parameter Label is invalid. Reason: can't find label."
    replay.call("remove again", sqs.remove_permission, {"QueueUrl": url, "Label": "label"}, invalid(said))


def test_queues_answer_as_aws(lab: RunningLab) -> None:
    scenarios = [queue_attributes, message_attributes, fifo_messages, fifo_attributes_of_standard_queues, permissions]
    assert_agreement(lab, scenarios, {})
