"""Queues, streams and topics under a key of KMS: who may not use it, or nobody while it is disabled, puts or gets.

Sources: SQS developer guide, "Configure KMS permissions for AWS services" and API reference, SendMessage, "Errors";
Kinesis developer guide, "Permissions to use user-generated KMS keys" and API reference, PutRecord, "Errors"; SNS
developer guide, "Managing encryption keys and costs" (a publisher needs both actions), and API reference, Publish.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.engines.test_s3 import error_of
from tests.gateway.deciding import DecidingLab
from tests.roles import role

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidingLab]:
    yield from DecidingLab.in_turn(tmp_path_factory.mktemp("services"))


@pytest.fixture(scope="module")
def worker(lab: DecidingLab) -> Callable[[str], Any]:
    """Clients of somebody who is not the lab's owner."""
    keys = lab.client("sts").assume_role(RoleArn=role(lab), RoleSessionName="me")["Credentials"]
    names = ("aws_access_key_id", "aws_secret_access_key", "aws_session_token")
    given = dict(zip(names, (keys["AccessKeyId"], keys["SecretAccessKey"], keys["SessionToken"]), strict=True))
    return lambda service: lab.client(service, **given)


@pytest.fixture
def key(lab: DecidingLab) -> str:
    arn: str = lab.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


def queue(worker: Callable[[str], Any], key: str) -> tuple[list[Ask], list[Ask]]:
    sqs, name = worker("sqs"), uuid.uuid4().hex
    url = sqs.create_queue(QueueName=name, Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    send = lambda: sqs.send_message(QueueUrl=url, MessageBody="x")  # noqa: E731
    batch = lambda: sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": "1", "MessageBody": "x"}])  # noqa: E731
    return [send, batch], [lambda: sqs.receive_message(QueueUrl=url, VisibilityTimeout=0)]


def stream(worker: Callable[[str], Any], key: str) -> tuple[list[Ask], list[Ask]]:
    kinesis, name = worker("kinesis"), uuid.uuid4().hex
    kinesis.create_stream(StreamName=name, ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    kinesis.start_stream_encryption(StreamName=name, EncryptionType="KMS", KeyId=key)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    shard = {"StreamName": name, "ShardId": "shardId-000000000000", "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**shard)["ShardIterator"]
    record = {"Data": b"x", "PartitionKey": "k"}
    put = lambda: kinesis.put_record(StreamName=name, **record)  # noqa: E731
    puts = lambda: kinesis.put_records(StreamName=name, Records=[record])  # noqa: E731
    return [put, puts], [lambda: kinesis.get_records(ShardIterator=iterator, Limit=1)]


def topic(worker: Callable[[str], Any], key: str) -> tuple[list[Ask], list[Ask]]:
    sns = worker("sns")
    arn = sns.create_topic(Name=uuid.uuid4().hex, Attributes={"KmsMasterKeyId": key})["TopicArn"]
    entries = [{"Id": "1", "Message": "x"}]
    publish = lambda: sns.publish(TopicArn=arn, Message="x")  # noqa: E731
    return [publish, lambda: sns.publish_batch(TopicArn=arn, PublishBatchRequestEntries=entries)], []


SERVICES = [
    (queue, "KmsAccessDenied", "KmsDisabled", "KmsInvalidState"),
    (stream, "KMSAccessDeniedException", "KMSDisabledException", "KMSInvalidStateException"),
    (topic, "KMSAccessDenied", "KMSDisabled", "KMSInvalidState"),
]


@pytest.mark.parametrize(("make", "denied", "disabled", "pending"), SERVICES, ids=["sqs", "kinesis", "sns"])
def test_who_may_not_use_the_key_is_refused(
    lab: DecidingLab, worker: Callable[[str], Any], key: str, make: Any, denied: str, disabled: str, pending: str
) -> None:
    kms = lab.client("kms")
    puts, gets = make(worker, key)
    since = len(lab.calls())
    for action, refused, allowed in (("GenerateDataKey", puts, gets), ("Decrypt", gets or puts, puts if gets else [])):
        with lab.refusing(f"kms:{action}"):
            assert {error_of(ask) for ask in refused} == {(denied, 400)}
            for ask in allowed:
                ask()
    kms.disable_key(KeyId=key)
    assert {error_of(ask) for ask in puts + gets} == {(disabled, 400)}
    kms.enable_key(KeyId=key)
    for ask in puts + gets:
        ask()
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    assert {error_of(ask) for ask in puts + gets} == {(pending, 400)}
    assert not [call for call in lab.calls()[since:] if call["service"] == "kms" and call["via"]]
    asked = [each for each in lab.asked() if each["resources"] == [key] and each["context"].get("kms:viaservice")]
    asked = [each for each in asked if each["action"] != "kms:DescribeKey"]
    assert {each["caller"] for each in asked} == {"arn:aws:sts::123456789012:assumed-role/worker/me"}


def test_a_queue_is_encrypted_by_an_alias_or_the_managed_key(lab: DecidingLab, worker: Callable[[str], Any]) -> None:
    """API reference, CreateQueue, KmsMasterKeyId: an id, an ARN or an alias, such as alias/aws/sqs."""
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/messages", TargetKeyId=key)
    for name in (key, "alias/messages", "alias/aws/sqs"):
        [send, _], [receive] = queue(worker, name)
        send()
        assert len(receive()["Messages"]) == 1
    [send, _], _ = queue(worker, "alias/nothing")
    assert error_of(send) == ("KmsNotFound", 400)


def test_only_s3_encrypts_on_disk(lab: DecidingLab, worker: Callable[[str], Any], key: str) -> None:
    """SQS developer guide, "Encryption at rest": AWS encrypts the body of a message. Here it is refused, not hidden."""
    sqs = worker("sqs")
    url = sqs.create_queue(QueueName="plain-after-all", Attributes={"KmsMasterKeyId": key})["QueueUrl"]
    body = f"message {uuid.uuid4().hex}"
    sqs.send_message(QueueUrl=url, MessageBody=body)
    files = [path for path in lab.directory.rglob("*") if path.is_file()]
    assert any(body.encode() in path.read_bytes() for path in files)
