"""Queues over a kill of the lab: what was acknowledged is there, messages in flight are so still, nothing comes twice.

AWS's queues outlive any of its servers ("Amazon SQS stores copies of your messages on multiple servers", developer
guide, "Basic architecture").
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.conftest import RunningLab, eventually
from tests.gateway.disks import errors_of, small_files
from tests.gateway.wire import advance

Labs = Callable[..., RunningLab]


def _bodies(sqs: Any, url: str) -> list[str]:
    """Those of all messages that can be received now."""
    found: list[str] = []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600).get("Messages"):
        found += [message["Body"] for message in messages]
    return found


def test_a_kill_amid_many_senders_and_receivers(new_lab: Labs) -> None:
    lab = new_lab()
    url = lab.client("sqs").create_queue(QueueName="busy")["QueueUrl"]
    sent, deleted, perhaps = set[str](), set[str](), set[str]()
    enough = threading.Event()

    def send(sender: int) -> None:
        sqs = lab.fresh_client("sqs")
        for number in range(10_000):
            body = f"{sender}-{number}"
            perhaps.add(body)
            sqs.send_message(QueueUrl=url, MessageBody=body)
            sent.add(body)
            perhaps.discard(body)
            if len(sent) > 300:
                enough.set()

    def receive() -> None:
        sqs = lab.fresh_client("sqs")
        while True:
            for message in sqs.receive_message(QueueUrl=url, VisibilityTimeout=0).get("Messages", []):
                perhaps.add(message["Body"])
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                deleted.add(message["Body"])
                perhaps.discard(message["Body"])

    with ThreadPoolExecutor(6) as pool:
        running = [pool.submit(send, n) for n in range(4)] + [pool.submit(receive) for _ in range(2)]
        assert enough.wait(60)
        lab.kill()
    assert all(isinstance(each.exception(), BotoCoreError) for each in running)
    lab.start()
    found = _bodies(lab.client("sqs"), url)
    assert len(found) == len(set(found))
    assert (sent - deleted) - perhaps <= set(found) <= ((sent - deleted) | perhaps)


def test_messages_in_flight_and_delayed(new_lab: Labs) -> None:
    """Handles stay good, what is hidden or delayed stays so, and receives are counted on."""
    lab = new_lab()
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="flight")["QueueUrl"]
    value = {"DataType": "Binary", "BinaryValue": b"\0\xff"}
    for body in ("hidden", "deleted", "seen"):
        sqs.send_message(QueueUrl=url, MessageBody=body, MessageAttributes={"a": value})
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=900)
    received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=600)["Messages"]
    handles = {message["Body"]: message["ReceiptHandle"] for message in received}
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles["deleted"])
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles["seen"], VisibilityTimeout=0)
    lab.kill()
    lab.start()
    sqs = lab.client("sqs")
    sqs.delete_message(QueueUrl=url, ReceiptHandle=handles["deleted"])  # once more, as a client does without an answer
    [message] = sqs.receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, AttributeNames=["All"], MessageAttributeNames=["All"]
    )["Messages"]
    assert (message["Body"], message["MessageAttributes"]) == ("seen", {"a": value})
    assert message["Attributes"]["ApproximateReceiveCount"] == "2"
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert told["ApproximateNumberOfMessagesDelayed"] == "1"
    assert told["ApproximateNumberOfMessagesNotVisible"] == "2"
    sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handles["hidden"], VisibilityTimeout=0)
    assert eventually(lambda: _bodies(sqs, url)) == ["hidden"]


def test_deadlines_are_on_the_labs_clock(new_lab: Labs) -> None:
    """API reference, CreateQueue: MessageRetentionPeriod, VisibilityTimeout and DelaySeconds are seconds that pass."""
    lab = new_lab()
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="late", Attributes={"MessageRetentionPeriod": "1000"})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="hidden")
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)
    sqs.send_message(QueueUrl=url, MessageBody="delayed", DelaySeconds=600)
    assert _bodies(sqs, url) == []
    lab.kill()
    lab.start()
    advance(lab, 601)
    sqs = lab.client("sqs")
    assert sorted(_bodies(sqs, url)) == ["delayed", "hidden"]
    advance(lab, 400)
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    assert told == dict.fromkeys(names, "0")


def test_a_fifo_queue_keeps_order_groups_and_what_it_had(new_lab: Labs) -> None:
    """Developer guide, "FIFO queue delivery logic" and "Exactly-once processing"."""
    lab = new_lab()
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="kept.fifo", Attributes={"FifoQueue": "true"})["QueueUrl"]

    def send(body: str, group: str) -> dict[str, Any]:
        kinds = {"MessageGroupId": group, "MessageDeduplicationId": f"{group}{body}"}
        answer: dict[str, Any] = lab.client("sqs").send_message(QueueUrl=url, MessageBody=body, **kinds)
        return answer

    first = send("1", "a")
    for body in "23":
        send(body, "a")
    last = send("1", "b")
    [message] = sqs.receive_message(QueueUrl=url)["Messages"]
    lab.kill()
    lab.start()
    sqs = lab.client("sqs")
    again = send("1", "a")
    assert (again["MessageId"], again["SequenceNumber"]) == (first["MessageId"], first["SequenceNumber"])
    assert int(send("4", "c")["SequenceNumber"]) > int(last["SequenceNumber"])
    assert _bodies(sqs, url) == ["1", "4"]  # of the groups b and c; a is with somebody
    sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
    assert _bodies(sqs, url) == ["2", "3"]


def test_what_moved_to_the_dead_letter_queue_is_there(new_lab: Labs) -> None:
    lab = new_lab()
    sqs = lab.client("sqs")
    dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    redrive = json.dumps({"deadLetterTargetArn": arn, "maxReceiveCount": 1})
    url = sqs.create_queue(QueueName="alive", Attributes={"RedrivePolicy": redrive})["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="m")
    sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)
    assert eventually(lambda: "Messages" not in sqs.receive_message(QueueUrl=url, VisibilityTimeout=0))
    lab.kill()
    lab.start()
    sqs = lab.client("sqs")
    assert _bodies(sqs, url) == []
    assert _bodies(sqs, dead) == ["m"]
    [source] = sqs.list_dead_letter_source_queues(QueueUrl=dead)["queueUrls"]
    assert source.endswith("/alive")


def test_a_queue_made_anew_has_nothing_of_the_one_that_was_deleted(new_lab: Labs) -> None:
    lab = new_lab()
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="anew")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="old")
    time.sleep(1)  # until the settings are kept: the first queue is one of them
    sqs.delete_queue(QueueUrl=url)
    sqs.create_queue(QueueName="anew", Attributes={"VisibilityTimeout": "77"})
    sqs.send_message(QueueUrl=url, MessageBody="new")
    lab.kill()
    lab.start()
    sqs = lab.client("sqs")
    assert _bodies(sqs, url) == ["new"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert told == {"VisibilityTimeout": "77"}
    assert len(list((lab.directory / "sqs").iterdir())) == 1


def test_a_damaged_record_takes_its_message_alone(new_lab: Labs) -> None:
    """Not AWS's: a disk may damage what it holds. The server's log says so."""
    lab = new_lab()
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="damaged")["QueueUrl"]
    for body in ("first", "second", "third"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    time.sleep(1)  # until the queue is kept
    lab.kill()
    [file] = (lab.directory / "sqs").iterdir()
    file.write_bytes(file.read_bytes().replace(b"second", b"secund").replace(b"damaged", b"demaged"))
    lab.start()
    assert _bodies(lab.client("sqs"), url) == ["first", "third"]
    assert "damaged" in lab.log()


def test_a_disk_that_takes_nothing(new_lab: Labs) -> None:
    """InternalFailure, 500 ("Common errors" of the API reference); what is refused leaves no trace."""
    lab = new_lab()
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="full")["QueueUrl"]
    for body in "ab":
        sqs.send_message(QueueUrl=url, MessageBody=body)
    handle = sqs.receive_message(QueueUrl=url, VisibilityTimeout=600)["Messages"][0]["ReceiptHandle"]

    def look() -> Any:
        told = lab.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        return {name: value for name, value in told.items() if name.startswith("Approximate")}

    before = look()
    empty = sqs.create_queue(QueueName="empty")["QueueUrl"]
    with small_files(lab):
        errors_of(
            {
                "SendMessage, the first": lambda: sqs.send_message(QueueUrl=empty, MessageBody="c"),
                "SendMessage": lambda: sqs.send_message(QueueUrl=url, MessageBody="c"),
                "ReceiveMessage": lambda: sqs.receive_message(QueueUrl=url),
                "DeleteMessage": lambda: sqs.delete_message(QueueUrl=url, ReceiptHandle=handle),
                "ChangeMessageVisibility": lambda: sqs.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=0
                ),
                "PurgeQueue": lambda: sqs.purge_queue(QueueUrl=url),
            }
        )
        assert look() == before
    sqs.send_message(QueueUrl=empty, MessageBody="d")
    lab.kill()
    lab.start()
    assert look() == before
    assert _bodies(lab.client("sqs"), url) == ["b"]
    assert _bodies(lab.client("sqs"), empty) == ["d"]


def test_a_file_holds_no_more_than_the_queue(new_lab: Labs) -> None:
    """A queue through which messages pass does not fill the disk; one that is purged has nothing."""
    lab = new_lab()
    sqs = lab.client("sqs")
    url = sqs.create_queue(QueueName="passing")["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": "x" * 10_000} for n in range(10)]
    for _ in range(60):
        sqs.send_message_batch(QueueUrl=url, Entries=entries)
        messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
        handles = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
        sqs.delete_message_batch(QueueUrl=url, Entries=handles)
    [file] = (lab.directory / "sqs").iterdir()
    assert file.stat().st_size < 5_000_000  # of 6,000,000 that went through
    assert file.stat().st_mode & 0o777 == 0o600
    sqs.send_message(QueueUrl=url, MessageBody="last")
    sqs.purge_queue(QueueUrl=url)
    lab.kill()
    lab.start()
    assert _bodies(lab.client("sqs"), url) == []
    lab.client("sqs").delete_queue(QueueUrl=url)
    assert not list((lab.directory / "sqs").iterdir())
    with pytest.raises(ClientError, match="NonExistentQueue"):
        lab.client("sqs").send_message(QueueUrl=url, MessageBody="m")
