"""What a record shows of a request and its answer: as much as CloudTrail, and nothing secret.

Source: "CloudTrail record contents", "CloudTrail userIdentity element", "Logging data events" (CloudTrail user guide).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.gateway import call_files
from localaws.gateway.call_files import CallRecords
from localaws.gateway.records import Call
from tests.conftest import RunningLab
from tests.engines.athena_tools import as_role
from tests.gateway.wire import recorded

ACCOUNT = "123456789012"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
SECRET = "correct-horse-battery-staple"
PAYLOAD = "nobody-shall-read-this-in-a-record"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One whose records are few, for these tests read all of them again and again."""
    yield from RunningLab.in_turn(tmp_path_factory.mktemp("records"))


def record_of(lab: RunningLab, answer: dict[str, Any]) -> dict[str, Any]:
    return recorded(lab, answer["ResponseMetadata"]["RequestId"])


def test_a_change_shows_what_was_asked_and_what_was_answered(lab: RunningLab) -> None:
    """In each protocol, by the names and in the types of the model; a form has only texts."""
    kinesis = record_of(lab, lab.client("kinesis").create_stream(StreamName="contents", ShardCount=2))
    assert (kinesis["request_parameters"], kinesis["response_elements"]) == (
        {"StreamName": "contents", "ShardCount": 2},
        None,
    )
    topic = record_of(lab, lab.client("sns").create_topic(Name="contents", Attributes={"DisplayName": "x"}))
    assert topic["request_parameters"] == {"Name": "contents", "Attributes": {"DisplayName": "x"}}
    assert topic["response_elements"] == {"TopicArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:contents"}
    alarm = lab.client("cloudwatch").put_metric_alarm(
        AlarmName="contents", MetricName="m", Namespace="n", Statistic="Sum", Period=60, EvaluationPeriods=3,
        Threshold=1.5, ComparisonOperator="GreaterThanThreshold", ActionsEnabled=False,
    )  # fmt: skip
    shown = record_of(lab, alarm)["request_parameters"]
    assert [shown[name] for name in ("Period", "Threshold", "ActionsEnabled")] == [60, 1.5, False]
    bucket = record_of(lab, lab.client("s3").create_bucket(Bucket="contents"))
    assert (bucket["request_parameters"], bucket["event_category"]) == ({"Bucket": "contents"}, "Management")
    made = record_of(lab, lab.client("kms").create_key(Description="contents"))
    assert made["response_elements"]["KeyMetadata"]["Description"] == "contents"
    assert made["resources"] == [made["response_elements"]["KeyMetadata"]["Arn"]]


def test_of_what_only_reads_the_answer_is_not_kept(lab: RunningLab) -> None:
    record = record_of(lab, lab.client("iam").list_users(MaxItems=5))
    assert (record["read_only"], record["request_parameters"], record["response_elements"]) == (
        True,
        {"MaxItems": 5},
        None,
    )


def test_secrets_are_hidden(lab: RunningLab) -> None:
    secrets, iam, ssm = lab.client("secretsmanager"), lab.client("iam"), lab.client("ssm")
    made = record_of(lab, secrets.create_secret(Name="contents", SecretString=SECRET))
    assert made["request_parameters"]["SecretString"] == HIDDEN
    assert made["resources"][-1] == made["response_elements"]["ARN"]
    record_of(lab, secrets.get_secret_value(SecretId="contents"))
    ssm.put_parameter(Name="contents", Value=SECRET, Type="SecureString")
    iam.create_user(UserName="contents")
    iam.create_login_profile(UserName="contents", Password=f"{SECRET}1A")
    answer = iam.create_access_key(UserName="contents")
    key = record_of(lab, answer)["response_elements"]["AccessKey"]
    assert (key["AccessKeyId"], key["SecretAccessKey"]) == (answer["AccessKey"]["AccessKeyId"], HIDDEN)
    told = json.dumps(lab.calls())
    assert SECRET not in told
    assert answer["AccessKey"]["SecretAccessKey"] not in told


def test_operations_on_data_do_not_show_the_data(lab: RunningLab) -> None:
    """They are data events: named by what they act on, without what they carry or give."""
    s3, sqs, sns, kinesis = (lab.client(name) for name in ("s3", "sqs", "sns", "kinesis"))
    dynamodb, logs, cloudwatch = (lab.client(name) for name in ("dynamodb", "logs", "cloudwatch"))
    s3.create_bucket(Bucket="contents-data")
    queue, topic = sqs.create_queue(QueueName="data")["QueueUrl"], sns.create_topic(Name="data")["TopicArn"]
    kinesis.create_stream(StreamName="data", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="data", WaiterConfig={"Delay": 1})
    schema = {"KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}], "BillingMode": "PAY_PER_REQUEST"}
    attributes = [{"AttributeName": "k", "AttributeType": "S"}]
    dynamodb.create_table(TableName="data", AttributeDefinitions=attributes, **schema)
    logs.create_log_group(logGroupName="data")
    logs.create_log_stream(logGroupName="data", logStreamName="s")
    event = {"timestamp": 1_700_000_000_000, "message": PAYLOAD}
    answers = [
        (s3.put_object(Bucket="contents-data", Key="k", Body=PAYLOAD), {"Bucket": "contents-data", "Key": "k"}),
        (sqs.send_message(QueueUrl=queue, MessageBody=PAYLOAD), {"QueueUrl": queue}),
        (sns.publish(TopicArn=topic, Message=PAYLOAD), {"TopicArn": topic}),
        (kinesis.put_record(StreamName="data", Data=PAYLOAD, PartitionKey="k"), {"StreamName": "data"}),
        (dynamodb.put_item(TableName="data", Item={"k": {"S": PAYLOAD}}), {"TableName": "data"}),
        (logs.put_log_events(logGroupName="data", logStreamName="s", logEvents=[event]),
         {"logGroupName": "data", "logStreamName": "s"}),
        (cloudwatch.put_metric_data(Namespace="data", MetricData=[{"MetricName": PAYLOAD, "Value": 1}]), {}),
    ]  # fmt: skip
    for answer, parameters in answers:
        record = record_of(lab, answer)
        assert (record["event_category"], record["response_elements"]) == ("Data", None), record["operation"]
        assert record["request_parameters"] == parameters
    assert PAYLOAD not in json.dumps(lab.calls())


def test_what_is_too_large_is_omitted(lab: RunningLab) -> None:
    """ "This field has a maximum size of 100 KB" ; what exceeds it leaves ``omitted``."""
    glue = lab.client("glue")
    glue.create_database(DatabaseInput={"Name": "contents"})
    columns = [{"Name": f"column_{number}", "Type": "string", "Comment": "x" * 200} for number in range(600)]
    answer = glue.create_table(
        DatabaseName="contents", TableInput={"Name": "wide", "StorageDescriptor": {"Columns": columns}}
    )
    shown = record_of(lab, answer)["request_parameters"]
    assert (shown["omitted"], shown["originalSize"] > 100 << 10) == (True, True)


def test_a_session_tells_its_role(lab: RunningLab) -> None:
    as_role(lab, "contents", "me")
    keys = lab.client("sts").assume_role(RoleArn=f"arn:aws:iam::{ACCOUNT}:role/contents", RoleSessionName="me")
    assumed = record_of(lab, keys)
    assert (assumed["operation"], assumed["response_elements"]["Credentials"]["SessionToken"]) == ("AssumeRole", HIDDEN)
    session = {
        "aws_access_key_id": keys["Credentials"]["AccessKeyId"],
        "aws_secret_access_key": keys["Credentials"]["SecretAccessKey"],
        "aws_session_token": keys["Credentials"]["SessionToken"],
    }
    record = record_of(lab, lab.fresh_client("sqs", **session).list_queues())
    assert (record["principal_type"], record["via"]) == ("AssumedRole", "")
    assert record["principal"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/contents/me"
    assert record["session_issuer"] == f"arn:aws:iam::{ACCOUNT}:role/contents"
    assert record["principal_id"] == keys["AssumedRoleUser"]["AssumedRoleId"]
    assert keys["Credentials"]["SessionToken"] not in json.dumps(lab.calls())


def test_an_error_is_told_in_words(lab: RunningLab) -> None:
    calls: list[Callable[[], Any]] = [
        lambda: lab.client("s3").get_object(Bucket="contents-none", Key="k"),
        lambda: lab.client("iam").get_role(RoleName="nobody"),
        lambda: lab.client("dynamodb").describe_table(TableName="nothing"),
        lambda: lab.client("lambda").get_function(FunctionName="nothing"),
    ]
    for call in calls:
        with pytest.raises(ClientError) as error:
            call()
        assert record_of(lab, error.value.response)["error_message"] == error.value.response["Error"]["Message"]


def test_records_fill_two_files_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A million calls do not fill the disk: the elder file goes, numbers go on, and all that is left can be read."""
    monkeypatch.setattr(call_files, "FULL", 200_000)
    path = tmp_path / "calls.jsonl"
    records = CallRecords(path)
    for number in range(3000):
        records.append(Call(f"request-{number}", "2026-01-01T00:00:00", "127.0.0.1", "test" * (number % 50)))
    assert sum(file.stat().st_size for file in tmp_path.glob("calls*")) < 2 * 200_000 + 2000
    oldest = next(numbers(records, 0))
    assert 1 < oldest < 2900
    for since in (0, oldest - 1, oldest, 2500, 2899, 2990, 2999, 3000, 9999):
        assert list(numbers(records, since)) == list(range(max(since + 1, oldest), 3001)), since
    records.close()
    again = CallRecords(path)
    again.append(Call("next", "", "", ""))
    assert list(numbers(again, 2998)) == [2999, 3000, 3001]
    again.close()


def numbers(records: CallRecords, since: int) -> Iterator[int]:
    return (json.loads(line)["seq"] for line in b"".join(records.since(since)).splitlines())
