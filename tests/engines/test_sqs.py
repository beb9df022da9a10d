"""SQS as the SQS developer guide has it: visibility, long polling, dead-letter queues, FIFO order, nothing lost."""

from __future__ import annotations

import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.roles import open_to_services


@pytest.fixture
def sqs(lab: RunningLab) -> Any:
    return lab.client("sqs")


def test_attributes_count_what_is_visible_delayed_and_in_flight(sqs: Any) -> None:
    """GetQueueAttributes: ApproximateNumberOfMessages, …Delayed, …NotVisible."""
    url = sqs.create_queue(QueueName="attributes", Attributes={"VisibilityTimeout": "60"})["QueueUrl"]
    for _ in range(3):
        sqs.send_message(QueueUrl=url, MessageBody="now")
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=60)
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert found["ApproximateNumberOfMessages"] == "2"
    assert found["ApproximateNumberOfMessagesDelayed"] == "1"
    assert found["ApproximateNumberOfMessagesNotVisible"] == "1"
    assert found["QueueArn"].endswith(":attributes")
    assert found["SqsManagedSseEnabled"] == "true"
    assert "RedrivePolicy" not in found and "KmsMasterKeyId" not in found


def test_long_polling_ends_when_a_message_arrives(sqs: Any) -> None:
    """Developer guide, "Amazon SQS short and long polling": the wait ends as soon as there is a message."""
    url = sqs.create_queue(QueueName="polling")["QueueUrl"]
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20)))
    started = time.monotonic()
    waiting.start()
    sqs.send_message(QueueUrl=url, MessageBody="hello")
    waiting.join(timeout=19)
    assert answers[0]["Messages"][0]["Body"] == "hello"
    assert time.monotonic() - started < 19


def test_a_message_received_too_often_goes_to_the_dead_letter_queue(sqs: Any) -> None:
    """Developer guide, "Using dead-letter queues": after maxReceiveCount receives."""
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 2})
    attributes = {"RedrivePolicy": redrive, "VisibilityTimeout": "0"}
    url = sqs.create_queue(QueueName="source", Attributes=attributes)["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="poison")
    for _ in range(2):
        assert sqs.receive_message(QueueUrl=url)["Messages"]
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    assert sqs.receive_message(QueueUrl=dead)["Messages"][0]["Body"] == "poison"
    stored = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])["Attributes"]
    assert json.loads(stored["RedrivePolicy"])["maxReceiveCount"] == 2


def test_deleting_twice_is_no_error_and_a_foreign_handle_is(sqs: Any) -> None:
    """API reference, DeleteMessage."""
    url = sqs.create_queue(QueueName="deleting")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="x")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    for _ in range(2):
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    with pytest.raises(ClientError) as error:
        sqs.delete_message(QueueUrl=url, ReceiptHandle="never-given")
    assert error.value.response["Error"]["Code"] == "ReceiptHandleIsInvalid"


def test_fifo_keeps_order_within_a_group_and_drops_duplicates(sqs: Any) -> None:
    """Developer guide, "FIFO queue delivery logic" and "Exactly-once processing"."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="order.fifo", Attributes=attributes)["QueueUrl"]
    for body in ("1", "2", "2", "3"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageGroupId="g")
    bodies = [m["Body"] for m in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]]
    assert bodies == ["1", "2", "3"]


def test_nothing_is_lost_or_given_twice_between_threads(sqs: Any) -> None:
    """Four senders and four receivers that delete: each message is received once within its visibility timeout."""
    url = sqs.create_queue(QueueName="threads")["QueueUrl"]
    received: list[str] = []
    sent = threading.Event()

    def send(sender: int) -> None:
        for batch in range(10):
            entries = [{"Id": str(i), "MessageBody": f"{sender}-{batch}-{i}"} for i in range(10)]
            sqs.send_message_batch(QueueUrl=url, Entries=entries)

    def receive(_: int) -> None:
        while True:
            finished = sent.is_set()
            messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages", [])
            for message in messages:
                received.append(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            if finished and not messages:
                return

    with ThreadPoolExecutor(8) as pool:
        receivers = [pool.submit(receive, n) for n in range(4)]
        for sender in [pool.submit(send, n) for n in range(4)]:
            sender.result()
        sent.set()
        for receiver in receivers:
            receiver.result()
    assert sorted(received) == sorted(f"{s}-{b}-{i}" for s in range(4) for b in range(10) for i in range(10))


def test_at_most_ten_message_attributes(lab: RunningLab) -> None:
    """SQS developer guide, "Message quotas": a message has up to 10 attributes."""
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="ten-attributes")["QueueUrl"]
    attributes = {f"a{number}": {"DataType": "String", "StringValue": "v"} for number in range(11)}
    with pytest.raises(ClientError, match=r"\[11\] exceeds the allowed maximum \[10\]") as caught:
        sqs.send_message(QueueUrl=url, MessageBody="m", MessageAttributes=attributes)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterValue"
    del attributes["a10"]
    sqs.send_message(QueueUrl=url, MessageBody="m", MessageAttributes=attributes)
    entry = {"Id": "1", "MessageBody": "m", "MessageAttributes": {**attributes, "a10": attributes["a0"]}}
    [failed] = sqs.send_message_batch(QueueUrl=url, Entries=[entry])["Failed"]
    assert "exceeds the allowed maximum" in failed["Message"]


def test_batch_reports_each_message_by_itself(lab: RunningLab) -> None:
    """API reference, SendMessageBatch: an entry that cannot be sent keeps the others from nothing.

    The codes and the text of the size are those that AWS answered to LocalStack's suite.
    """
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="partly-sent", Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    bodies = {"good": "m", "control": "\x01", "large": "m" * 1025, "empty": "", "last": "n"}
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": k, "MessageBody": v} for k, v in bodies.items()])
    assert [each["Id"] for each in answer["Successful"]] == ["good", "last"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]] == [
        ("control", "InvalidMessageContents", True),
        ("large", "InvalidParameterValue", True),
        ("empty", "MissingParameter", True),
    ]
    said = "One or more parameters cannot be validated. Reason: Message must be shorter than 1024 bytes."
    assert answer["Failed"][1]["Message"] == said
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(each["Body"] for each in received) == ["m", "n"]
    alone = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "\x01"}])
    assert "Successful" not in alone and len(alone["Failed"]) == 1


STRING = {"DataType": "String", "StringValue": "v"}
BAD_ATTRIBUTES = [
    ({"a": {"DataType": "Text", "StringValue": "v"}}, "InvalidParameterValue"),
    ({"a": {"DataType": "String", "StringValue": ""}}, "InvalidParameterValue"),
    ({"a": {"DataType": "String"}}, "InvalidParameterValue"),
    ({"a": {"DataType": "Number", "StringValue": "one"}}, "InvalidParameterValue"),
    ({"a b": STRING}, "InvalidParameterValue"),
    ({".a": STRING}, "InvalidParameterValue"),
    ({"a": {"DataType": "String", "StringValue": "\x01"}}, "InvalidMessageContents"),
]


@pytest.mark.parametrize(("attributes", "code"), BAD_ATTRIBUTES)
def test_bad_attributes_fail_their_message_alone(sqs: Any, attributes: dict[str, Any], code: str) -> None:
    """AWS answered boto's users with a failed entry (boto/boto#3335); alone, the message is refused and not sent."""
    url = sqs.create_queue(QueueName=f"attributes-{uuid4()}")["QueueUrl"]
    bad = {"MessageBody": "bad", "MessageAttributes": attributes}
    good = [{"Id": "1", "MessageBody": "a", "MessageAttributes": {"a": STRING}}, {"Id": "3", "MessageBody": "c"}]
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[good[0], {"Id": "2", **bad}, good[1]])
    assert [each["Id"] for each in answer["Successful"]] == ["1", "3"]
    assert [(each["Id"], each["Code"], each["SenderFault"]) for each in answer["Failed"]] == [("2", code, True)]
    with pytest.raises(ClientError, match=code):
        sqs.send_message(QueueUrl=url, **bad)
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(each["Body"] for each in received) == ["a", "c"]


def test_what_a_fifo_queue_demands_refuses_the_whole_batch(sqs: Any) -> None:
    """As AWS answered LocalStack's suite (test_send_batch_missing_…_for_fifo_queue)."""
    url = sqs.create_queue(QueueName="demands.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    whole = {"MessageBody": "m", "MessageGroupId": "g", "MessageDeduplicationId": "1"}
    for missing in ("MessageGroupId", "MessageDeduplicationId"):
        entries = [{"Id": "1", **whole}, {"Id": "2", **{k: v for k, v in whole.items() if k != missing}}]
        with pytest.raises(ClientError, match=rf"\(InvalidParameterValue\).*{missing}"):
            sqs.send_message_batch(QueueUrl=url, Entries=entries)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)
    answer = sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", **whole, "DelaySeconds": 1}])
    assert "not valid for this queue type" in answer["Failed"][0]["Message"]


def test_duplicates_are_known_after_their_message_is_deleted(sqs: Any) -> None:
    """Developer guide, "Exactly-once processing": for five minutes "even after the message is received and deleted"."""
    url = sqs.create_queue(QueueName="duplicates.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]
    send = {"QueueUrl": url, "MessageGroupId": "g", "MessageDeduplicationId": "1"}
    first = sqs.send_message(**send, MessageBody="m")
    handle = sqs.receive_message(QueueUrl=url)["Messages"][0]["ReceiptHandle"]
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
    again = sqs.send_message(**send, MessageBody="m")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_sequence_numbers_increase(sqs: Any) -> None:
    """API reference, SendMessage, SequenceNumber; with deduplication by content too."""
    attributes = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName="numbers.fifo", Attributes=attributes)["QueueUrl"]
    answers = [sqs.send_message(QueueUrl=url, MessageBody=str(n), MessageGroupId="g") for n in range(3)]
    numbers = [int(each["SequenceNumber"]) for each in answers]
    assert numbers == sorted(set(numbers))
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, MessageSystemAttributeNames=["SequenceNumber"])
    assert [int(each["Attributes"]["SequenceNumber"]) for each in received["Messages"]] == numbers


def test_batches_of_handles_are_reported_one_by_one(sqs: Any) -> None:
    """API reference, DeleteMessageBatch and ChangeMessageVisibilityBatch; a message may be deleted twice in one."""
    url = sqs.create_queue(QueueName="handles", Attributes={"VisibilityTimeout": "600"})["QueueUrl"]
    for body in "ab":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    a, b = (each["ReceiptHandle"] for each in sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"])
    entries = [
        {"Id": "good", "ReceiptHandle": a, "VisibilityTimeout": 0},
        {"Id": "no-handle", "ReceiptHandle": "never-given", "VisibilityTimeout": 0},
        {"Id": "long", "ReceiptHandle": b, "VisibilityTimeout": 43_201},
        {"Id": "negative", "ReceiptHandle": b, "VisibilityTimeout": -1},
    ]
    changed = sqs.change_message_visibility_batch(QueueUrl=url, Entries=entries)
    assert [each["Id"] for each in changed["Successful"]] == ["good"]
    codes = {each["Id"]: each["Code"] for each in changed["Failed"]}
    wrong = "InvalidParameterValue"
    assert codes == {"no-handle": "ReceiptHandleIsInvalid", "long": wrong, "negative": wrong}
    handles = {"1": "never-given", "2": b, "3": b}
    deleted = sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": each, "ReceiptHandle": handle} for each, handle in handles.items()]
    )
    assert [each["Id"] for each in deleted["Successful"]] == ["2", "3"]
    assert [each["Id"] for each in deleted["Failed"]] == ["1"]


@pytest.mark.parametrize("operation", ["send_message_batch", "delete_message_batch", "change_message_visibility_batch"])
def test_a_batch_has_entries_with_ids_of_their_own(sqs: Any, operation: str) -> None:
    """API reference, "Errors" of the three: of a refused batch nothing is done."""
    url = sqs.create_queue(QueueName="of-their-own")["QueueUrl"]
    entry = {"Id": "1", "MessageBody": "m", "ReceiptHandle": "h", "VisibilityTimeout": 1}
    known = sqs.meta.service_model.operation_model(sqs.meta.method_to_api_mapping[operation])
    members = known.input_shape.members["Entries"].member.members
    entry = {name: value for name, value in entry.items() if name in members}
    for entries, code in (([], "EmptyBatchRequest"), ([entry, entry], "BatchEntryIdsNotDistinct")):
        with pytest.raises(ClientError, match=code):
            getattr(sqs, operation)(QueueUrl=url, Entries=entries)
    assert "Messages" not in sqs.receive_message(QueueUrl=url)


def test_a_policy_stays_when_other_attributes_are_set(lab: RunningLab) -> None:
    """API reference, SetQueueAttributes: it sets the attributes that are named; an empty policy takes it away."""
    sqs, name = lab.client("sqs"), f"keeps-{uuid4().hex}"
    policy = open_to_services(f"arn:aws:sqs:us-east-1:123456789012:{name}")
    url = sqs.create_queue(QueueName=name, Attributes={"Policy": policy})["QueueUrl"]
    held = lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["Policy"]).get("Attributes")  # noqa: E731
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "60"})
    assert json.loads(held()["Policy"]) == json.loads(policy)
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
    assert held() is None
