"""SQS, SNS, KMS and STS answer as AWS answered LocalStack's suite (test_sqs, test_sns, test_kms, test_sts)."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Replay, assert_agreement, refusal

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}],
}


def sqs_refusal(code: str, message: str, query_code: str | None = None) -> Answer:
    """SQS says who is to blame, and how the query protocol calls the error."""
    short = query_code or code.rpartition(".")[2]
    return refusal(code, message, 400, {"QueryErrorCode": short, "Type": "Sender"})


def sqs_queue(replay: Replay, attributes: dict[str, str] | None = None) -> tuple[Any, str]:
    sqs = replay.client("sqs")
    name = replay.unique("queue")
    answer = {"QueueUrl": f"<host>/<account>/{name}"}
    created = replay.call("create", sqs.create_queue, {"QueueName": name, "Attributes": attributes or {}}, answer)
    return sqs, created["QueueUrl"]


def sqs_tags(replay: Replay) -> None:
    sqs, url = sqs_queue(replay)
    tags = {"tag1": "value1", "tag2": "value2", "tag3": ""}
    replay.call("tag", sqs.tag_queue, {"QueueUrl": url, "Tags": tags}, {})
    replay.call("list", sqs.list_queue_tags, {"QueueUrl": url}, {"Tags": tags})
    replay.call("untag", sqs.untag_queue, {"QueueUrl": url, "TagKeys": ["tag1", "tag3"]}, {})
    replay.call("rest", sqs.list_queue_tags, {"QueueUrl": url}, {"Tags": {"tag2": "value2"}})
    replay.call("untag last", sqs.untag_queue, {"QueueUrl": url, "TagKeys": ["tag2"]}, {})
    replay.call("none", sqs.list_queue_tags, {"QueueUrl": url}, {})


def sqs_limits(replay: Replay) -> None:
    sqs, url = sqs_queue(replay)
    many = "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 and 10, if provided."
    code, query = "InvalidParameterValue", "InvalidParameterValueException"
    ask = {"QueueUrl": url, "MaxNumberOfMessages": 11}
    replay.call("receive 11", sqs.receive_message, ask, sqs_refusal(code, many, query))
    long = "One or more parameters are invalid. Reason: Message must be shorter than 1048576 bytes."
    body = {"QueueUrl": url, "MessageBody": "x" * ((1 << 20) + 1)}
    replay.call("over 1 MiB", sqs.send_message, body, sqs_refusal(code, long, query))
    missing = "The request must contain the parameter MessageBody."
    answer = sqs_refusal("MissingParameter", missing, "MissingRequiredParameterException")
    replay.call("empty", sqs.send_message, {"QueueUrl": url, "MessageBody": ""}, answer)
    replay.call("receive none", sqs.receive_message, {"QueueUrl": url}, {})


def sqs_batches(replay: Replay) -> None:
    sqs, url = sqs_queue(replay)
    prefix = "AWS.SimpleQueueService."
    entries = [{"Id": str(n), "MessageBody": "a"} for n in range(20)]
    said = "Maximum number of entries per request are 10. You have sent 20."
    answer = sqs_refusal(prefix + "TooManyEntriesInBatchRequest", said)
    replay.call("twenty", sqs.send_message_batch, {"QueueUrl": url, "Entries": entries}, answer)
    said = (
        "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
        "It can be at most 80 letters long."
    )
    odd = [{"Id": "invalid:id", "MessageBody": "a"}]
    answer = sqs_refusal(prefix + "InvalidBatchEntryId", said)
    replay.call("odd id", sqs.send_message_batch, {"QueueUrl": url, "Entries": odd}, answer)
    half = [
        {
            "Id": "1",
            "MessageBody": "a" * (1 << 20),
            "MessageAttributes": {"k": {"DataType": "String", "StringValue": "x"}},
        },
    ]
    said = "Batch requests cannot be longer than 1048576 bytes. You have sent 1048584 bytes."
    answer = sqs_refusal(prefix + "BatchRequestTooLong", said)
    replay.call("over 1 MiB", sqs.send_message_batch, {"QueueUrl": url, "Entries": half}, answer)
    sent = {"Successful": [{"Id": "2", "MD5OfMessageBody": "0cc175b9c0f1b6a831c399e269772661", "MessageId": "<id>"}]}
    one = [{"Id": "2", "MessageBody": "a"}]
    replay.call("one", sqs.send_message_batch, {"QueueUrl": url, "Entries": one}, sent)


def sqs_missing_queues(replay: Replay) -> None:
    sqs = replay.client("sqs")
    answer = sqs_refusal(
        "AWS.SimpleQueueService.NonExistentQueue", "The specified queue does not exist.", "QueueDoesNotExist"
    )
    replay.call("by name", sqs.get_queue_url, {"QueueName": replay.unique("none")}, answer)
    name = replay.unique("queue")
    replay.call(
        "create", sqs.create_queue, {"QueueName": name, "Attributes": {"DelaySeconds": "1"}}, {"QueueUrl": "<url>"}
    )
    said = "A queue already exists with the same name and a different value for attribute DelaySeconds"
    answer = sqs_refusal("QueueAlreadyExists", said, "QueueNameExists")
    replay.call("other delay", sqs.create_queue, {"QueueName": name, "Attributes": {"DelaySeconds": "2"}}, answer)


def sqs_more_limits(replay: Replay) -> None:
    """``CreatedTimestamp`` and ``LastModifiedTimestamp`` are whole seconds (API reference, GetQueueAttributes)."""
    sqs, url = sqs_queue(replay)
    names = ["CreatedTimestamp", "LastModifiedTimestamp"]
    told = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    replay.compare("times", {name: value.isdecimal() for name, value in told.items()}, dict.fromkeys(names, True))
    said = "Maximum number of entries per request are 10. You have sent 20."
    answer = sqs_refusal("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", said)
    entries = [{"Id": str(n), "ReceiptHandle": "handle"} for n in range(20)]
    replay.call("delete twenty", sqs.delete_message_batch, {"QueueUrl": url, "Entries": entries}, answer)
    said = "A batch entry id can only contain alphanumeric characters, hyphens and underscores. "
    said += "It can be at most 80 letters long."
    answer = sqs_refusal("AWS.SimpleQueueService.InvalidBatchEntryId", said)
    odd = [{"Id": "invalid:id", "ReceiptHandle": "handle"}]
    replay.call("delete odd id", sqs.delete_message_batch, {"QueueUrl": url, "Entries": odd}, answer)


def sns_refusals(replay: Replay) -> None:
    sns = replay.client("sns")
    name = replay.unique("topic")
    arn = f"arn:aws:sns:<region>:<account>:{name}"
    topic = replay.call("create", sns.create_topic, {"Name": name}, {"TopicArn": arn})["TopicArn"]
    sender = {"Type": "Sender"}

    def invalid(message: str) -> Answer:
        return refusal("InvalidParameter", f"Invalid parameter: {message}", 400, sender)

    missing = refusal("NotFound", "Topic does not exist", 404, sender)
    replay.call("empty", sns.publish, {"TopicArn": topic, "Message": ""}, invalid("Empty message"))
    carrier = invalid("Amazon SNS does not support this protocol string: test-protocol")
    ask = {"TopicArn": topic, "Protocol": "test-protocol", "Endpoint": "x"}
    replay.call("protocol", sns.subscribe, ask, carrier)
    replay.call("missing", sns.publish, {"TopicArn": topic + "x", "Message": "m"}, missing)
    replay.call("attributes of missing", sns.get_topic_attributes, {"TopicArn": topic + "x"}, missing)
    short = invalid("TopicArn Reason: An ARN must have at least 6 elements, not 1")
    replay.call("no ARN", sns.publish, {"TopicArn": "topic", "Message": "m"}, short)
    replay.call("attributes of no ARN", sns.get_topic_attributes, {"TopicArn": "topic"}, short)
    for step, no_arn, elements in (
        ("unsubscribe word", "randomstring", 1),
        ("unsubscribe short", "arn:aws:sns:us:1", 5),
    ):
        reason = f"SubscriptionArn Reason: An ARN must have at least 6 elements, not {elements}"
        replay.call(step, sns.unsubscribe, {"SubscriptionArn": no_arn}, invalid(reason))
    replay.call("publish", sns.publish, {"TopicArn": topic, "Message": "m"}, {"MessageId": "<id>"})
    replay.call("delete", sns.delete_topic, {"TopicArn": topic}, {})


def kms_keys(replay: Replay) -> None:
    kms = replay.client("kms")
    key = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"p", EncryptionContext={"a": "b"})["CiphertextBlob"]
    arn = key["Arn"]
    encrypted = {"CiphertextBlob": bytes, "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "KeyId": arn}
    replay.call("encrypt", kms.encrypt, {"KeyId": key["KeyId"], "Plaintext": b"p"}, encrypted)
    decrypted = {"Plaintext": b"p", "EncryptionAlgorithm": "SYMMETRIC_DEFAULT", "KeyId": arn, "KeyMaterialId": str}
    replay.call("decrypt", kms.decrypt, {"CiphertextBlob": blob, "EncryptionContext": {"a": "b"}}, decrypted)
    wrong = refusal("InvalidCiphertextException", "")
    replay.call("decrypt without context", kms.decrypt, {"CiphertextBlob": blob}, wrong)
    tags = [{"TagKey": "tag1", "TagValue": "value1"}]
    replay.call("tag", kms.tag_resource, {"KeyId": key["KeyId"], "Tags": tags}, {})
    replay.call("tags", kms.list_resource_tags, {"KeyId": key["KeyId"]}, {"Tags": tags, "Truncated": False})
    replay.call("untag", kms.untag_resource, {"KeyId": key["KeyId"], "TagKeys": ["tag1"]}, {})
    replay.call("no tags", kms.list_resource_tags, {"KeyId": key["KeyId"]}, {"Tags": [], "Truncated": False})
    missing = "arn:aws:kms:<region>:<account>:key/134f2428-cec1-4b25-a1ae-9048164dba47"
    said = f"Key '{missing}' does not exist"
    ask = {"KeyId": "134f2428-cec1-4b25-a1ae-9048164dba47"}
    replay.call("missing", kms.describe_key, ask, refusal("NotFoundException", said, message=said))
    said = (
        'Alias must start with the prefix "alias/". '
        "Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
    )
    ask = {"AliasName": "plain", "TargetKeyId": key["KeyId"]}
    replay.call("alias", kms.create_alias, ask, refusal("ValidationException", said))
    replay.call("disable", kms.disable_key, {"KeyId": key["KeyId"]}, {})
    disabled = refusal("DisabledException", f"{arn} is disabled.", message=f"{arn} is disabled.")
    ask = {"KeyId": key["KeyId"], "KeySpec": "AES_256"}
    replay.call("disabled", kms.generate_data_key, ask, disabled)


def sts_roles(replay: Replay) -> None:
    sts, iam = replay.client("sts"), replay.client("iam")
    name = replay.unique("role")
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
    given = {"AccessKeyId": str, "Expiration": datetime, "SecretAccessKey": str, "SessionToken": str}
    assumed = {
        "AssumedRoleUser": {
            "Arn": f"arn:aws:sts::<account>:assumed-role/{name}/session",
            "AssumedRoleId": f"{role['RoleId']}:session",
        },
        "Credentials": given,
    }
    replay.call("assume", sts.assume_role, {"RoleArn": role["Arn"], "RoleSessionName": "session"}, assumed)
    federated = {
        "Credentials": given,
        "FederatedUser": {"Arn": "arn:aws:sts::<account>:federated-user/bob", "FederatedUserId": "<account>:bob"},
        "PackedPolicySize": 0,
    }
    replay.call("federate", sts.get_federation_token, {"Name": "bob"}, federated)
    for step, arn in [
        ("no ARN", "nothing-valid-in-here"),
        ("no partition", "arn::b:::something/test-role"),
        ("no service", "arn:a::::something/test-role"),
        ("few colons", "arn:a:::something/test-role"),
    ]:
        answer = refusal("ValidationError", f"{arn} is invalid", 400, {"Type": "Sender"})
        replay.call(step, sts.assume_role, {"RoleArn": arn, "RoleSessionName": "session"}, answer)
    iam.delete_role(RoleName=name)


def test_sqs_answers_as_aws(lab: RunningLab) -> None:
    known = {
        "moto does not say which attribute differs": ["sqs_missing_queues.other delay: Error.Message"],
    }
    assert_agreement(lab, [sqs_tags, sqs_limits, sqs_batches, sqs_missing_queues, sqs_more_limits], known)


def test_sns_answers_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, [sns_refusals], {})


def test_kms_answers_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, [kms_keys], {})


def test_sts_answers_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, [sts_roles], {})
