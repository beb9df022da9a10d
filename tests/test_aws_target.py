"""target="aws", proved without an account: a second lab, of another account and with keys of its own, plays AWS."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import pytest

import dehelpers as de
from dehelpers.errors import ConsentError
from dehelpers.words.teardown import SEARCHED, types
from tests.conftest import RunningLab
from tests.connected import keys_of, process

ACCOUNT = "999999999999"
AGREED: dict[str, Any] = {"consent": "us-east-1:2", "estimate": 0.5}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
TAGS = {"project": "aws-data-engineering", "dehelpers": "de"}


@pytest.fixture(scope="module")
def aws(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """What plays AWS."""
    running = RunningLab(tmp_path_factory.mktemp("aws"), "--account-id", ACCOUNT)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def reader(aws: RunningLab, tmp_path: Path) -> Iterator[None]:
    """The environment of a reader who is signed in to AWS."""
    with process(tmp_path, {**keys_of(aws), "AWS_ENDPOINT_URL": aws.endpoint}):
        yield


def own_calls(aws: RunningLab) -> list[dict[str, Any]]:
    return [call for call in aws.calls() if "localaws" not in call["user_agent"]]


@pytest.mark.parametrize(
    ("consent", "cause"),
    [
        (None, "Estimated price: 1.50 USD"),
        ("yes", "not of the form REGION:USD"),
        ("us-east-1:1.49", "above your cap of 1.49 USD"),
    ],
)
def test_without_consent_nothing_is_asked_of_aws(aws: RunningLab, consent: str | None, cause: str) -> None:
    before = len(own_calls(aws))
    with pytest.raises(ConsentError, match=cause) as refusal:
        de.connect("aws", consent=consent, estimate=1.5)
    assert "us-east-1:5" in str(refusal.value), "it says how to agree"
    assert len(own_calls(aws)) == before


def test_region_estimate_and_account_are_shown_first(capsys: pytest.CaptureFixture[str]) -> None:
    planned = de.estimate({"kinesis.shard_hour": 4}, hours=1)
    session = de.connect("aws", consent="us-east-1:2", estimate=planned)
    assert capsys.readouterr().out.splitlines() == [
        "Real AWS. Region: us-east-1. Estimated price: 0.06 USD. Your cap: 2.00 USD.",
        f"AWS account {ACCOUNT}, us-east-1: all that is created gets tagged and listed.",
    ]
    assert (session.target, session.account_id, session.region) == ("aws", ACCOUNT, "us-east-1")


def test_from_the_lab_to_aws_takes_nothing_of_the_lab_along(lab: RunningLab) -> None:
    assert de.connect(directory=lab.directory).account_id == "123456789012"
    assert de.connect("aws", **AGREED).account_id == ACCOUNT
    assert boto3.client("sts").get_caller_identity()["Account"] == ACCOUNT


def test_another_region_than_the_agreed_one_is_refused(aws: RunningLab) -> None:
    de.connect("aws", **AGREED)
    with pytest.raises(PermissionError, match="you agreed to us-east-1 only"):
        boto3.client("sqs", region_name="eu-west-1").create_queue(QueueName="de-far")
    assert not aws.client("sqs", region_name="eu-west-1").list_queues().get("QueueUrls")


def create() -> None:
    s3, iam, kinesis = boto3.client("s3"), boto3.client("iam"), boto3.client("kinesis")
    s3.create_bucket(Bucket=de.name("lake"))
    s3.put_object(Bucket=de.name("lake"), Key="k", Body=b"v")
    kinesis.create_stream(StreamName=de.name("departures", "stream"), ShardCount=1)
    boto3.client("sqs").create_queue(QueueName=de.name("files", "queue"), tags={"owner": "ana"})
    boto3.client("sns").create_topic(Name=de.name("alerts", "topic"), Tags=[{"Key": "owner", "Value": "ana"}])
    iam.create_role(RoleName=de.name("delivery", "role"), AssumeRolePolicyDocument=TRUST)
    boto3.client("glue").create_database(DatabaseInput={"Name": de.name("lake", "database")})
    boto3.client("dynamodb").create_table(
        TableName=de.name("checkpoints", "table"), BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
    )  # fmt: skip


def pairs(tags: list[dict[str, str]]) -> dict[str, str]:
    return {tag["Key"]: tag["Value"] for tag in tags}


def test_all_that_is_created_bears_the_tags_beside_the_readers_own(aws: RunningLab) -> None:
    de.connect("aws", **AGREED)
    create()
    arn = f"us-east-1:{ACCOUNT}"
    queue = aws.client("sqs").get_queue_url(QueueName="de-files")["QueueUrl"]
    topic = f"arn:aws:sns:{arn}:de-alerts"
    table = f"arn:aws:dynamodb:{arn}:table/de-checkpoints"
    found = {
        "bucket": pairs(aws.client("s3").get_bucket_tagging(Bucket=de.name("lake"))["TagSet"]),
        "stream": pairs(aws.client("kinesis").list_tags_for_stream(StreamName="de-departures")["Tags"]),
        "role": pairs(aws.client("iam").list_role_tags(RoleName="de-delivery")["Tags"]),
        "table": pairs(aws.client("dynamodb").list_tags_of_resource(ResourceArn=table)["Tags"]),
        "database": aws.client("glue").get_tags(ResourceArn=f"arn:aws:glue:{arn}:database/de_lake")["Tags"],
    }
    assert found == dict.fromkeys(found, TAGS)
    with_own = {**TAGS, "owner": "ana"}
    assert aws.client("sqs").list_queue_tags(QueueUrl=queue)["Tags"] == with_own
    assert pairs(aws.client("sns").list_tags_for_resource(ResourceArn=topic)["Tags"]) == with_own
    de.teardown()


def state(aws: RunningLab) -> set[str]:
    """All there is in the account, as somebody else sees it."""
    searched = [each for each in types().values() if each.service in SEARCHED]
    listings = [(each.resource.list, aws.client(each.service)) for each in searched]
    return {name for listing, client in listings if listing for name in listing(client)}


def test_teardown_leaves_nothing_and_touches_nothing_else(aws: RunningLab, capsys: pytest.CaptureFixture[str]) -> None:
    aws.client("sqs").create_queue(QueueName="de-theirs")  # the prefix alone does not make it ours
    aws.client("s3").create_bucket(Bucket="payroll")
    aws.client("s3").put_object(Bucket="payroll", Key="k", Body=b"v")
    before = state(aws)
    session = de.connect("aws", **AGREED)
    create()
    assert len(state(aws)) == len(before) + 7
    capsys.readouterr()
    de.teardown()
    assert capsys.readouterr().out.splitlines() == [
        "Teardown: 1 bucket, 1 DynamoDB table, 1 Glue database, 1 IAM role, 1 Kinesis stream, 1 SNS",
        "topic, 1 SQS queue. Nothing is left.",
        "Not this session's, left alone: SQS queue de-theirs",
    ]
    assert state(aws) == before
    assert aws.client("s3").get_object(Bucket="payroll", Key="k")["Body"].read() == b"v"
    assert len(session.ledger) == 0


def test_what_a_crashed_session_left_is_found_again(aws: RunningLab) -> None:
    before = state(aws)
    session = de.connect("aws", **AGREED)
    create()
    again = de.connect("aws", **AGREED)  # the kernel was restarted: only the ledger's file remembers
    assert len(again.ledger) == len(session.ledger) == 7
    de.teardown()
    assert state(aws) == before


def test_without_the_ledger_tags_still_tell_what_is_ours(aws: RunningLab) -> None:
    before = state(aws)
    session = de.connect("aws", **AGREED)
    boto3.client("s3").create_bucket(Bucket=de.name("lake"))
    boto3.client("sns").create_topic(Name="any-name")
    boto3.client("sqs").create_queue(QueueName="another-name")
    machine = '{"StartAt": "End", "States": {"End": {"Type": "Succeed"}}}'
    role = f"arn:aws:iam::{ACCOUNT}:role/any"
    boto3.client("stepfunctions").create_state_machine(name="any-name", definition=machine, roleArn=role)
    session.ledger.path.unlink()
    de.teardown()
    assert state(aws) == before
    assert aws.client("stepfunctions").list_state_machines()["stateMachines"] == [], "ARNs call the service states"


def test_a_bucket_made_with_the_aws_cli_is_known_by_account_and_region_in_its_name(aws: RunningLab) -> None:
    before = state(aws)
    de.connect("aws", **AGREED)
    aws.aws("s3", "mb", f"s3://{de.name('by-hand')}")
    de.teardown()
    assert state(aws) == before


def status_of(query: str) -> str:
    return str(boto3.client("athena").get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"])


def test_of_athena_goes_what_the_session_made_and_nothing_else(
    aws: RunningLab, capsys: pytest.CaptureFixture[str]
) -> None:
    aws.aws("athena", "create-work-group", "--name", "de-theirs")
    aws.aws("glue", "create-database", "--database-input", "Name=de_theirs")
    before = state(aws)
    de.connect("aws", **AGREED)
    athena, group = boto3.client("athena"), de.name("analysts", "workgroup")
    boto3.client("s3").create_bucket(Bucket=de.name("lake"))
    athena.create_work_group(Name=group)
    arn = f"arn:aws:athena:us-east-1:{ACCOUNT}:workgroup/{group}"
    assert pairs(aws.client("athena").list_tags_for_resource(ResourceARN=arn)["Tags"]) == TAGS
    output = {"OutputLocation": f"s3://{de.name('lake')}/results/"}
    for sql in ("CREATE DATABASE IF NOT EXISTS de_theirs", "CREATE SCHEMA air", "PREPARE nth FROM SELECT ?"):
        query = athena.start_query_execution(QueryString=sql, ResultConfiguration=output, WorkGroup=group)
        de.wait(partial(status_of, query["QueryExecutionId"]), until="SUCCEEDED", what="query", quiet=True)
    capsys.readouterr()
    de.teardown()
    told, left = capsys.readouterr().out.splitlines()
    assert told == "Teardown: 1 bucket, 1 Glue database, 1 prepared statement, 1 workgroup. Nothing is left."
    assert "workgroup de-theirs" in left and "Glue database de_theirs" in left
    assert state(aws) == before
