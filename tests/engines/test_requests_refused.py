"""What SNS, SQS, KMS, Logs and CloudFormation refuse, in AWS's words, and what their answers hold (API references)."""

from __future__ import annotations

import time
import uuid
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

UNCHECKED = Config(parameter_validation=False, retries={"max_attempts": 1, "mode": "standard"})
TOPIC = "arn:aws:sns:us-east-1:123456789012:missing"


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    details = error.value.response["Error"]
    return details["Code"], details["Message"]


def name(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def test_sns_refuses_empty_messages_unknown_protocols_and_missing_topics(lab: RunningLab) -> None:
    """As LocalStack's suite recorded (test_publish_message_by_target_arn, test_subscribe_with_invalid_protocol)."""
    sns = lab.client("sns", config=UNCHECKED)
    topic = sns.create_topic(Name=name("topic"))["TopicArn"]
    assert refused(sns.publish, TopicArn=topic, Message="") == ("InvalidParameter", "Invalid parameter: Empty message")
    unknown = ("InvalidParameter", "Invalid parameter: Amazon SNS does not support this protocol string: carrier")
    assert refused(sns.subscribe, TopicArn=topic, Protocol="carrier", Endpoint="x") == unknown
    assert refused(sns.publish, TopicArn=TOPIC, Message="m") == ("NotFound", "Topic does not exist")
    assert refused(sns.publish, TopicArn="missing", Message="m")[0] == "InvalidParameter"
    batch = sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=[{"Id": "1", "Message": ""}])
    assert [(each["Id"], each["Code"]) for each in batch["Failed"]] == [("1", "InvalidParameter")]
    assert refused(sns.list_topics, NextToken="not ours")[0] == "InvalidParameter"
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []


def test_sqs_refuses_an_empty_body(lab: RunningLab) -> None:
    sqs = lab.client("sqs", config=UNCHECKED)
    queue = sqs.create_queue(QueueName=name("queue"))["QueueUrl"]
    missing = ("MissingParameter", "The request must contain the parameter MessageBody.")
    assert refused(sqs.send_message, QueueUrl=queue, MessageBody="") == missing


def test_sqs_counts_attributes_in_a_messages_size(lab: RunningLab) -> None:
    """Message quotas: 1 MiB, attributes with their names and types included; the limit is a queue's attribute."""
    sqs = lab.client("sqs")
    queue = sqs.create_queue(QueueName=name("queue"), Attributes={"MaximumMessageSize": "1024"})["QueueUrl"]
    attribute = {"k": {"DataType": "String", "StringValue": "v" * 10}}
    sqs.send_message(QueueUrl=queue, MessageBody="x" * (1024 - 17), MessageAttributes=attribute)
    long = {"QueueUrl": queue, "MessageBody": "x" * (1024 - 16), "MessageAttributes": attribute}
    reason = "One or more parameters are invalid. Reason: Message must be shorter than 1024 bytes."
    assert refused(sqs.send_message, **long) == ("InvalidParameterValue", reason)
    large = sqs.create_queue(QueueName=name("queue"))["QueueUrl"]
    entries = [{"Id": str(n), "MessageBody": "x" * (1 << 19), "MessageAttributes": attribute} for n in range(2)]
    assert refused(sqs.send_message_batch, QueueUrl=large, Entries=entries)[0].endswith("BatchRequestTooLong")


def test_kms_says_the_algorithm_and_the_default_policys_name(lab: RunningLab) -> None:
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    encrypted = kms.encrypt(KeyId=key, Plaintext=b"secret")
    assert encrypted["EncryptionAlgorithm"] == "SYMMETRIC_DEFAULT"
    decrypted = kms.decrypt(CiphertextBlob=encrypted["CiphertextBlob"])
    assert (decrypted["Plaintext"], decrypted["EncryptionAlgorithm"]) == (b"secret", "SYMMETRIC_DEFAULT")
    assert kms.get_key_policy(KeyId=key)["PolicyName"] == "default"


def test_kms_keys_that_are_disabled_or_on_their_way_out_do_nothing(lab: RunningLab) -> None:
    """Developer guide, "Key states of AWS KMS keys"."""
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]
    blob = kms.encrypt(KeyId=key["KeyId"], Plaintext=b"secret")["CiphertextBlob"]
    kms.disable_key(KeyId=key["KeyId"])
    disabled = ("DisabledException", f"{key['Arn']} is disabled.")
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x") == disabled
    assert refused(kms.decrypt, CiphertextBlob=blob) == disabled
    assert refused(kms.generate_data_key, KeyId=key["KeyId"], KeySpec="AES_256") == disabled
    kms.schedule_key_deletion(KeyId=key["KeyId"], PendingWindowInDays=7)
    pending = ("KMSInvalidStateException", f"{key['Arn']} is pending deletion.")
    assert refused(kms.encrypt, KeyId=key["KeyId"], Plaintext=b"x") == pending
    kms.cancel_key_deletion(KeyId=key["KeyId"])
    kms.enable_key(KeyId=key["KeyId"])
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"


@pytest.mark.parametrize("body", ["a\x00b", "a\uffffb", "\x1b", "\ufffe"])
def test_sqs_takes_what_xml_can_hold(lab: RunningLab, body: str) -> None:
    """SendMessage: InvalidMessageContents, "a message can include only XML, JSON, and unformatted text"."""
    sqs = lab.client("sqs", config=UNCHECKED)
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    assert refused(sqs.send_message, QueueUrl=url, MessageBody=body)[0] == "InvalidMessageContents"
    text = {"a": {"DataType": "String", "StringValue": body}}
    refusal = refused(sqs.send_message, QueueUrl=url, MessageBody="x", MessageAttributes=text)
    assert refusal[0] == "InvalidMessageContents"
    fine = "tab\tline\r\n\ud7ff\ue000\ufffd\U0001f600"
    sqs.send_message(QueueUrl=url, MessageBody=fine)
    assert sqs.receive_message(QueueUrl=url)["Messages"][0]["Body"] == fine


def test_sqs_attributes_are_named_and_typed(lab: RunningLab) -> None:
    """SQS developer guide, "Message attribute components"."""
    sqs = lab.client("sqs", config=UNCHECKED)
    url = sqs.create_queue(QueueName=name("q"))["QueueUrl"]
    text = {"DataType": "String", "StringValue": "x"}
    wrong: list[dict[str, Any]] = [{bad: text} for bad in ("AWS.x", "aws.x", "Amazon.x", ".a", "a.", "a..b", "a" * 257)]
    wrong += [{"a": {"DataType": kind, "StringValue": "abc"}} for kind in ("Number", "Number.int")]
    wrong.append({"a": {"DataType": "String", "StringValue": ""}})
    for attributes in wrong:
        request = {"QueueUrl": url, "MessageBody": "x", "MessageAttributes": attributes}
        assert refused(sqs.send_message, **request)[0] == "InvalidParameterValue", attributes
    numbers = {
        f"n{at}": {"DataType": "Number", "StringValue": text} for at, text in enumerate(("1", "-1.5", "1e5", ".5"))
    }
    sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=numbers | {"AWSx": text, "a" * 256: text})
    assert len(sqs.receive_message(QueueUrl=url)["Messages"]) == 1


def test_sns_endpoints_fit_their_protocol_and_subjects_are_one_line(lab: RunningLab) -> None:
    """Subscribe, Endpoint; Publish, Subject: up to 100 characters without line breaks (API reference)."""
    sns = lab.client("sns", config=UNCHECKED)
    topic = sns.create_topic(Name=name("topic"))["TopicArn"]
    wrong = {"email": "notanemail", "email-json": "a@", "lambda": "x", "firehose": "x", "sqs": topic}
    wrong |= {"https": "http://127.0.0.1/", "http": "https://127.0.0.1/"}
    for protocol, endpoint in wrong.items():
        refusal = refused(sns.subscribe, TopicArn=topic, Protocol=protocol, Endpoint=endpoint)
        assert refusal[0] == "InvalidParameter", protocol
    assert sns.list_subscriptions_by_topic(TopicArn=topic)["Subscriptions"] == []
    sns.subscribe(TopicArn=topic, Protocol="email", Endpoint="ana@example.com")
    for subject in ("a\nb", "a\tb", "", "a" * 101):
        refusal = refused(sns.publish, TopicArn=topic, Message="m", Subject=subject)
        assert refusal == ("InvalidParameter", "Invalid parameter: Subject")
    assert sns.publish(TopicArn=topic, Message="m", Subject="a" * 100)["MessageId"]
    required = "Invalid parameter: TopicArn or TargetArn Reason: no value for required parameter"
    assert refused(sns.publish, Message="m") == ("InvalidParameter", required)


def test_logs_queries_are_run_as_they_say_or_refused(lab: RunningLab) -> None:
    """CloudWatch Logs user guide, "language query syntax"; StartQuery: MalformedQueryException, queryCompileError."""
    logs = lab.client("logs")
    logs.create_log_group(logGroupName="queried")
    logs.create_log_stream(logGroupName="queried", logStreamName="s")
    now = int(time.time() * 1000)
    events = [{"timestamp": now + n, "message": str(n)} for n in range(3)]
    logs.put_log_events(logGroupName="queried", logStreamName="s", logEvents=events)
    span = {"logGroupName": "queried", "startTime": 0, "endTime": 2_000_000_000}
    for query, expected in {
        "fields @message": ["2", "1", "0"],
        "fields @timestamp, @message\n| sort @timestamp asc\n| limit 2": ["0", "1"],
        "FIELDS @message|sort @timestamp|limit 1": ["2"],
    }.items():
        found = logs.get_query_results(queryId=logs.start_query(**span, queryString=query)["queryId"])["results"]
        rows = [{cell["field"]: cell["value"] for cell in row} for row in found]
        assert [row["@message"] for row in rows] == expected, query
    for query, symbol in {"nonsense |||": "nonsense", "fields @message | | limit 1": "|", "limit x": "x"}.items():
        with pytest.raises(ClientError) as caught:
            logs.start_query(**span, queryString=query)
        assert caught.value.response["Error"]["Code"] == "MalformedQueryException", query
        compiled = caught.value.response["queryCompileError"]
        assert compiled["message"].startswith(f"unexpected symbol found {symbol} at line 1 and position")
    for query in (
        "fields @message | filter @message like /a|b/",
        "stats count(*) by bin(5m)",
        "sort @message",
        "fields f",
    ):
        with pytest.raises(ClientError, match="does not do the Logs Insights command"):
            logs.start_query(**span, queryString=query)


def test_logs_query_takes_identifiers(lab: RunningLab) -> None:
    logs = lab.client("logs")
    group = name("group")
    logs.create_log_group(logGroupName=group)
    arn = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"][0]["arn"]
    span = {"startTime": 0, "endTime": 2_000_000_000, "queryString": "fields @message"}
    for identifier in (group, arn.removesuffix(":*")):
        assert logs.start_query(logGroupIdentifiers=[identifier], **span)["queryId"]
    assert refused(logs.start_query, **span)[0] == "InvalidParameterException"
    both = {"logGroupName": group, "logGroupIdentifiers": [group]}
    assert refused(logs.start_query, **both, **span)[0] == "InvalidParameterException"


def test_log_groups_keep_their_class_and_protection(lab: RunningLab) -> None:
    logs = lab.client("logs")
    group = name("group")
    logs.create_log_group(logGroupName=group, logGroupClass="INFREQUENT_ACCESS", deletionProtectionEnabled=True)
    [found] = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    assert (found["logGroupClass"], found["deletionProtectionEnabled"]) == ("INFREQUENT_ACCESS", True)
    assert refused(logs.delete_log_group, logGroupName=group)[0] == "ValidationException"
    logs.put_log_group_deletion_protection(logGroupIdentifier=group, deletionProtectionEnabled=False)
    logs.delete_log_group(logGroupName=group)


def test_cloudformation_says_what_s3_said_of_a_template(lab: RunningLab) -> None:
    formation, s3 = lab.client("cloudformation"), lab.client("s3")
    bucket = name("templates")
    s3.create_bucket(Bucket=bucket)
    missing = {"StackName": name("stack"), "TemplateURL": f"https://{bucket}.s3.amazonaws.com/none.yaml"}
    code, message = refused(formation.create_stack, **missing)
    assert (code, message.splitlines()[0]) == ("ValidationError", "S3 error: The specified key does not exist.")
    nowhere = {"StackName": name("stack"), "TemplateURL": "https://s3.amazonaws.com/no-such-bucket-here/none.yaml"}
    code, message = refused(formation.create_stack, **nowhere)
    assert (code, message.splitlines()[0]) == ("ValidationError", "S3 error: Access Denied")
    other = ("ValidationError", "TemplateURL must be a supported URL.")
    assert refused(formation.create_stack, StackName=name("stack"), TemplateURL="https://example.com/t.yaml") == other
    template = '{"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}'
    s3.put_object(Bucket=bucket, Key="t.json", Body=template)
    stack = name("stack")
    formation.create_stack(StackName=stack, TemplateURL=f"{lab.endpoint}/{bucket}/t.json")
    formation.delete_stack(StackName=stack)
