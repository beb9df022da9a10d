"""Queues, streams, topics, tables and logs under a key of KMS: who may not use it puts and gets nothing.

Nor does anybody while the key is disabled.

Sources: SQS developer guide, "Configure KMS permissions for AWS services" and API reference, SendMessage, "Errors";
Kinesis developer guide, "Permissions to use user-generated KMS keys" and API reference, PutRecord, "Errors"; SNS
developer guide, "Managing encryption keys and costs" (a publisher needs both actions), and API reference, Publish.
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

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


def test_a_table_is_inaccessible_without_its_key(lab: DecidingLab, worker: Callable[[str], Any], key: str) -> None:
    """DynamoDB developer guide, "DynamoDB encryption at rest usage notes"; "How DynamoDB uses AWS KMS", contexts."""
    dynamodb, kms, name = worker("dynamodb"), lab.client("kms"), "under-a-key"
    made = {
        "TableName": name, "BillingMode": "PAY_PER_REQUEST", "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    }  # fmt: skip
    encrypted = {"Enabled": True, "SSEType": "KMS", "KMSMasterKeyId": key}
    missing = {**encrypted, "KMSMasterKeyId": key[:-4] + "0000"}
    assert error_of(lambda: dynamodb.create_table(**made, SSESpecification=missing)) == ("AccessDeniedException", 400)
    dynamodb.create_table(**made, SSESpecification=encrypted)
    item, of = {"id": {"S": "1"}}, {"TableName": name}
    asks: list[Ask] = [
        lambda: dynamodb.put_item(**of, Item=item),
        lambda: dynamodb.get_item(**of, Key=item),
        lambda: dynamodb.scan(**of),
        lambda: dynamodb.batch_get_item(RequestItems={name: {"Keys": [item]}}),
        lambda: dynamodb.transact_write_items(TransactItems=[{"Put": {**of, "Item": item}}]),
        lambda: dynamodb.execute_statement(Statement=f'SELECT * FROM "{name}"'),
        lambda: dynamodb.execute_transaction(
            TransactStatements=[{"Statement": f"SELECT * FROM \"{name}\" WHERE id='1'"}]
        ),
    ]
    with lab.refusing("kms:Decrypt"):
        assert {error_of(ask) for ask in asks} == {("AccessDeniedException", 400)}
        with pytest.raises(ClientError, match=r"KMS key access denied error: .*you are not allowed to access"):
            asks[0]()
    for ask in asks:
        ask()
    contexts = [each["context"] for each in lab.asked() if each["resources"] == [key]]
    assert name in {each.get("kms:encryptioncontext:aws:dynamodb:tablename") for each in contexts}
    kms.disable_key(KeyId=key)
    assert {error_of(ask) for ask in asks} == {("AccessDeniedException", 400)}
    table = dynamodb.describe_table(**of)["Table"]
    assert table["TableStatus"] == "INACCESSIBLE_ENCRYPTION_CREDENTIALS"
    assert table["SSEDescription"] == {"Status": "ENABLED", "SSEType": "KMS", "KMSMasterKeyArn": key}
    kms.enable_key(KeyId=key)
    assert dynamodb.get_item(**of, Key=item)["Item"] == item
    assert dynamodb.describe_table(**of)["Table"]["TableStatus"] == "ACTIVE"


def test_cloudwatch_logs_needs_a_key_that_lets_it(lab: DecidingLab, key: str) -> None:
    """CloudWatch Logs user guide, "Encrypt log data …"; API reference, AssociateKmsKey, CreateLogGroup."""
    logs, kms, name = lab.client("logs"), lab.client("kms"), "/under/a-key"
    create = lambda: logs.create_log_group(logGroupName=name, kmsKeyId=key)  # noqa: E731
    assert error_of(create) == ("AccessDeniedException", 400)  # the key's policy knows the account alone
    arn = f"arn:aws:logs:us-east-1:123456789012:log-group:{name}"
    policy = json.loads(kms.get_key_policy(KeyId=key, PolicyName="default")["Policy"])
    policy["Statement"].append(
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Action": ["kms:Encrypt*", "kms:Decrypt*", "kms:ReEncrypt*", "kms:GenerateDataKey*", "kms:Describe*"],
            "Resource": "*",
            "Condition": {"ArnEquals": {"kms:EncryptionContext:aws:logs:arn": arn}},
        }
    )
    kms.put_key_policy(KeyId=key, PolicyName="default", Policy=json.dumps(policy))
    other = lambda: logs.create_log_group(logGroupName="/under/another", kmsKeyId=key)  # noqa: E731
    assert error_of(other) == ("AccessDeniedException", 400)
    create()
    of = {"logGroupName": name, "logStreamName": "s"}
    logs.create_log_stream(**of)
    logs.put_log_events(**of, logEvents=[{"timestamp": int(time.time() * 1000), "message": "kept"}])
    span = {"startTime": 0, "endTime": 4_000_000_000, "queryString": "fields @message"}
    reads: list[Ask] = [
        lambda: logs.get_log_events(**of),
        lambda: logs.filter_log_events(logGroupName=name),
        lambda: logs.start_query(logGroupName=name, **span),
    ]
    assert [event["message"] for event in reads[0]()["events"]] == ["kept"]
    kms.disable_key(KeyId=key)
    assert {error_of(read) for read in reads} == {("InvalidParameterException", 400)}
    associate = lambda: logs.associate_kms_key(logGroupName=name, kmsKeyId=key)  # noqa: E731
    assert error_of(associate) == ("InvalidParameterException", 400)
    kms.enable_key(KeyId=key)
    for ask in (*reads, associate):
        ask()
    logs.disassociate_kms_key(logGroupName=name)
    assert "kmsKeyId" not in logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"][0]
    kms.disable_key(KeyId=key)
    reads[1]()


def test_a_secret_is_not_told_without_its_key(lab: DecidingLab, worker: Callable[[str], Any], key: str) -> None:
    """Secrets Manager user guide, "Secret encryption and decryption"; API reference, GetSecretValue, "Errors"."""
    secrets, kms = worker("secretsmanager"), lab.client("kms")
    secrets.create_secret(Name="under-a-key", SecretString="s", KmsKeyId=key)
    get = lambda: secrets.get_secret_value(SecretId="under-a-key")  # noqa: E731
    assert get()["SecretString"] == "s"
    with lab.refusing("kms:Decrypt"):
        assert error_of(get) == ("AccessDeniedException", 400)
    kms.disable_key(KeyId=key)
    assert error_of(get) == ("DecryptionFailure", 400)
    told = secrets.batch_get_secret_value(SecretIdList=["under-a-key"])
    assert (told["SecretValues"], [each["ErrorCode"] for each in told["Errors"]]) == ([], ["DecryptionFailure"])
    kms.enable_key(KeyId=key)
    assert get()["SecretString"] == "s"
