"""What services do for others passes the one door too: it is decided on, as whom AWS says, and leaves a record.

Each test refuses one action, sees the work fail where it fails on AWS, with nothing written; then it lets it.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import eventually
from tests.engines.dms import ROLE, Migration, only
from tests.engines.lambda_tools import create
from tests.engines.secret_tools import ROTATION, is_current
from tests.gateway.deciding import DecidingLab
from tests.roles import permit, role

ACCOUNT = "123456789012"


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DecidingLab]:
    yield from DecidingLab.in_turn(tmp_path_factory.mktemp("decided-work"))


@pytest.fixture(scope="module")
def worker(lab: DecidingLab) -> dict[str, str]:
    """Keys of somebody who is not the lab's owner, who may do everything."""
    keys = lab.client("sts").assume_role(RoleArn=role(lab), RoleSessionName="me")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


WORKER = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/me"


def bucket(lab: DecidingLab, name: str) -> str:
    """A new one, in which CloudWatch Logs may write."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket=name)
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "logs.amazonaws.com"},
        "Action": ["s3:GetBucketAcl", "s3:PutObject"],
        "Resource": [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"],
    }
    s3.put_bucket_policy(Bucket=name, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    return name


def keys(lab: DecidingLab, name: str) -> list[str]:
    return [each["Key"] for each in lab.client("s3").list_objects_v2(Bucket=name).get("Contents", [])]


def done(lab: DecidingLab, operation: str, resource: str) -> list[dict[str, Any]]:
    """The records of *operation* on what begins with *resource*, that were not from a person."""
    return [
        call
        for call in lab.calls()
        if call["operation"] == operation and call["via"] and any(r.startswith(resource) for r in call["resources"])
    ]


def who(calls: list[dict[str, Any]]) -> set[tuple[str, str, str | None]]:
    return {(call["principal"], call["via"], call["error"]) for call in calls}


def test_an_export_of_a_table_writes_as_who_asked(lab: DecidingLab, worker: dict[str, str]) -> None:
    """DynamoDB developer guide, "Requesting a table export": the caller needs s3:PutObject on the bucket."""
    dynamodb, to = lab.fresh_client("dynamodb", **worker), bucket(lab, "exports")
    arn = table(dynamodb, "exported")

    def export() -> dict[str, Any]:
        made = dynamodb.export_table_to_point_in_time(TableArn=arn, S3Bucket=to)["ExportDescription"]["ExportArn"]
        told = lambda: dynamodb.describe_export(ExportArn=made)["ExportDescription"]  # noqa: E731
        eventually(lambda: told()["ExportStatus"] != "IN_PROGRESS")
        return dict(told())

    with lab.refusing("s3:PutObject"):
        failed = export()
    assert (failed["ExportStatus"], failed["FailureCode"]) == ("FAILED", "S3AccessDenied")
    assert "not authorized to perform: s3:PutObject" in failed["FailureMessage"]
    assert keys(lab, to) == []
    assert export()["ExportStatus"] == "COMPLETED"
    assert [key for key in keys(lab, to) if not key.startswith("AWSDynamoDB/")] == []
    written = done(lab, "PutObject", f"arn:aws:s3:::{to}/")
    assert who(written) == {(WORKER, "dynamodb.amazonaws.com", error) for error in (None, "AccessDenied")}


def table(dynamodb: Any, name: str) -> str:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName=name, Item={"k": {"S": "1"}})
    enabled = {"PointInTimeRecoveryEnabled": True}
    dynamodb.update_continuous_backups(TableName=name, PointInTimeRecoverySpecification=enabled)
    return str(dynamodb.describe_table(TableName=name)["Table"]["TableArn"])


def test_an_import_of_a_table_reads_as_who_asked(lab: DecidingLab, worker: dict[str, str]) -> None:
    """DynamoDB developer guide, "Requesting a table import": s3:ListBucket and s3:GetObject."""
    dynamodb, source = lab.fresh_client("dynamodb", **worker), bucket(lab, "imports")
    lab.client("s3").put_object(Bucket=source, Key="1.json", Body=b'{"Item": {"k": {"S": "1"}}}\n')

    def import_to(name: str) -> dict[str, Any]:
        made = dynamodb.import_table(
            S3BucketSource={"S3Bucket": source},
            InputFormat="DYNAMODB_JSON",
            TableCreationParameters={
                "TableName": name,
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
                "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
                "BillingMode": "PAY_PER_REQUEST",
            },
        )["ImportTableDescription"]["ImportArn"]
        told = lambda: dynamodb.describe_import(ImportArn=made)["ImportTableDescription"]  # noqa: E731
        eventually(lambda: told()["ImportStatus"] != "IN_PROGRESS")
        return dict(told())

    with lab.refusing("s3:ListBucket"):
        assert import_to("unlisted")["FailureCode"] == "S3AccessDenied"
    assert "unlisted" not in dynamodb.list_tables()["TableNames"]
    with lab.refusing("s3:GetObject"):
        assert import_to("unread")["FailureCode"] == "S3AccessDenied"
    assert dynamodb.scan(TableName="unread")["Count"] == 0
    assert import_to("imported")["ImportedItemCount"] == 1
    read = done(lab, "GetObject", f"arn:aws:s3:::{source}/1.json")
    assert who(read) == {(WORKER, "dynamodb.amazonaws.com", error) for error in (None, "AccessDenied")}


def log_group(lab: DecidingLab, name: str) -> dict[str, str]:
    """A new group and its stream ``s/1``."""
    logs, stream = lab.client("logs"), {"logGroupName": name, "logStreamName": "s/1"}
    logs.create_log_group(logGroupName=name)
    logs.create_log_stream(**stream)
    return stream


def event(message: str) -> dict[str, Any]:
    return {"timestamp": int(time.time() * 1000), "message": message}


@pytest.mark.parametrize(("action", "operation"), [("s3:GetBucketAcl", "GetBucketAcl"), ("s3:PutObject", "PutObject")])
def test_an_export_of_logs_is_written_by_the_service(lab: DecidingLab, action: str, operation: str) -> None:
    """CloudWatch Logs user guide, "Export log data to Amazon S3": the bucket's policy lets the service do both."""
    logs, to = lab.client("logs"), bucket(lab, f"logs-{operation.lower()}")
    stream = log_group(lab, f"exported-{operation}")
    logs.put_log_events(**stream, logEvents=[event("first"), event("second")])
    given = {
        "logGroupName": stream["logGroupName"],
        "fromTime": 0,
        "to": int(time.time() * 1000) + 1,
        "destination": to,
    }
    given["from"] = given.pop("fromTime")
    with (
        lab.refusing(action),
        pytest.raises(ClientError, match=f"{operation} call on the given bucket failed") as caught,
    ):
        logs.create_export_task(**given)
    assert caught.value.response["Error"]["Code"] == "InvalidParameterException"
    assert keys(lab, to) == []
    task = logs.create_export_task(**given)["taskId"]
    assert logs.describe_export_tasks(taskId=task)["exportTasks"][0]["status"]["code"] == "COMPLETED"
    key = f"exportedlogs/{task}/s-1/000000.gz"
    assert keys(lab, to) == ["aws-logs-write-test", key]
    lines = gzip.decompress(lab.client("s3").get_object(Bucket=to, Key=key)["Body"].read()).decode().splitlines()
    assert [line.partition(" ")[2] for line in lines] == ["first", "second"]
    written = done(lab, operation, f"arn:aws:s3:::{to}")
    assert who(written) == {("logs.amazonaws.com", "logs.amazonaws.com", error) for error in (None, "AccessDenied")}


def test_a_function_gets_logs_from_who_may_invoke_it(lab: DecidingLab) -> None:
    """CloudWatch Logs user guide, "Subscription filters with AWS Lambda": `aws lambda add-permission` comes first."""
    logs, stream = lab.client("logs"), log_group(lab, "to-function")
    function = create(lab, "of-logs", "def handler(event, context): pass")
    permit(lab, "of-logs", "logs")
    subscription = {"logGroupName": "to-function", "filterName": "f", "filterPattern": "", "destinationArn": function}
    with lab.refusing("lambda:InvokeFunction"), pytest.raises(ClientError, match="Could not execute the lambda"):
        logs.put_subscription_filter(**subscription)
    assert logs.describe_subscription_filters(logGroupName="to-function")["subscriptionFilters"] == []
    logs.put_subscription_filter(**subscription)
    with lab.refusing("lambda:InvokeFunction"):
        logs.put_log_events(**stream, logEvents=[event("kept all the same")])
    assert [call["error"] for call in done(lab, "Invoke", function)] == [
        "AccessDeniedException",
        None,
        "AccessDeniedException",
    ]
    logs.put_log_events(**stream, logEvents=[event("sent")])
    assert len(logs.get_log_events(**stream)["events"]) == 2
    sent = done(lab, "Invoke", function)[-1]
    assert (sent["principal"], sent["via"], sent["error"]) == ("logs.amazonaws.com", "logs.amazonaws.com", None)
    ran = eventually(lambda: [c for c in done(lab, "Invoke", function) if c["via"] == "lambda.amazonaws.com"], 40)
    assert len(ran) == 1


def kinesis_stream(lab: DecidingLab) -> str:
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName="of-logs", ShardCount=1)
    kinesis.get_waiter("stream_exists").wait(StreamName="of-logs", WaiterConfig={"Delay": 1})
    return f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/of-logs"


def records_of_stream(lab: DecidingLab) -> list[bytes]:
    kinesis, shard = lab.client("kinesis"), {"StreamName": "of-logs", "ShardId": "shardId-000000000000"}
    iterator = kinesis.get_shard_iterator(**shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    return [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]


def delivery_stream(lab: DecidingLab) -> str:
    arn: str = lab.client("firehose").create_delivery_stream(
        DeliveryStreamName="of-logs",
        ExtendedS3DestinationConfiguration={
            "RoleARN": role(lab),
            "BucketARN": f"arn:aws:s3:::{bucket(lab, 'firehose-of-logs')}",
            "BufferingHints": {"SizeInMBs": 1, "IntervalInSeconds": 0},
        },
    )["DeliveryStreamARN"]
    return arn


def objects_of_delivery(lab: DecidingLab) -> list[bytes]:
    s3 = lab.client("s3")
    found = eventually(lambda: keys(lab, "firehose-of-logs"))
    return [s3.get_object(Bucket="firehose-of-logs", Key=key)["Body"].read() for key in found]


@pytest.mark.parametrize(
    ("service", "make", "read"),
    [("kinesis", kinesis_stream, records_of_stream), ("firehose", delivery_stream, objects_of_delivery)],
)
def test_a_stream_gets_logs_from_the_role_of_the_filter(
    lab: DecidingLab, service: str, make: Callable[[DecidingLab], str], read: Callable[[DecidingLab], list[bytes]]
) -> None:
    """CloudWatch Logs user guide, "Log group-level subscription filters": roleArn may put records into the stream."""
    logs, stream, arn = lab.client("logs"), log_group(lab, f"to-{service}"), make(lab)
    subscription = {"logGroupName": f"to-{service}", "filterName": "f", "filterPattern": "", "destinationArn": arn}
    with pytest.raises(ClientError, match="cannot be used without roleArn"):
        logs.put_subscription_filter(**subscription)
    logs.put_subscription_filter(**subscription, roleArn=role(lab))
    with lab.refusing(f"{service}:PutRecord"):
        logs.put_log_events(**stream, logEvents=[event("refused")])
    logs.put_log_events(**stream, logEvents=[event("sent")])
    [data] = read(lab)
    assert [each["message"] for each in json.loads(gzip.decompress(data))["logEvents"]] == ["sent"]
    as_role = f"arn:aws:sts::{ACCOUNT}:assumed-role/worker/logs"
    assert who(done(lab, "PutRecord", arn)) == {
        (as_role, "logs.amazonaws.com", error) for error in (None, "AccessDeniedException")
    }


def test_a_secret_is_rotated_by_who_may_invoke_its_function(lab: DecidingLab) -> None:
    """Secrets Manager user guide, "Rotation function permissions": the function's policy names the service."""
    secrets, function = lab.client("secretsmanager"), create(lab, "rotates", ROTATION, Timeout=30)
    permit(lab, "rotates", "secretsmanager")
    arn = secrets.create_secret(Name="rotated", SecretString="old")["ARN"]
    rotate = {"SecretId": "rotated", "RotationLambdaARN": function, "RotationRules": {"AutomaticallyAfterDays": 30}}
    with (
        lab.refusing("lambda:InvokeFunction"),
        pytest.raises(ClientError, match="cannot invoke the specified") as caught,
    ):
        secrets.rotate_secret(**rotate)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert len(secrets.describe_secret(SecretId="rotated")["VersionIdsToStages"]) == 1
    for _ in range(2):  # "AWSPENDING" of the first is no hindrance to the second
        version = secrets.rotate_secret(**rotate)["VersionId"]
        eventually(partial(is_current, secrets, "rotated", version), 60)
        assert secrets.get_secret_value(SecretId="rotated")["SecretString"] == version
    invoked = [call for call in done(lab, "Invoke", function) if call["principal"] == "secretsmanager.amazonaws.com"]
    assert [call["error"] for call in invoked] == ["AccessDeniedException", *[None] * 10]
    assert {call["via"] for call in invoked} == {"secretsmanager.amazonaws.com"}
    written = [call for call in lab.calls() if call["operation"] == "PutSecretValue"]
    assert {call["resources"][0] for call in written} == {arn}


def test_a_secret_is_no_parameter_of_who_may_not_read_it(lab: DecidingLab, worker: dict[str, str]) -> None:
    """Systems Manager user guide, "Referencing AWS Secrets Manager secrets from Parameter Store parameters"."""
    arn = lab.client("secretsmanager").create_secret(Name="referred", SecretString="s3cret")["ARN"]
    ssm, name = lab.fresh_client("ssm", **worker), "/aws/reference/secretsmanager/referred"
    with lab.refusing("secretsmanager:GetSecretValue"), pytest.raises(ClientError, match="GetSecretValue") as caught:
        ssm.get_parameter(Name=name, WithDecryption=True)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert ssm.get_parameter(Name=name, WithDecryption=True)["Parameter"]["Value"] == "s3cret"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        ssm.get_parameter(Name=f"{name}-not", WithDecryption=True)
    read = done(lab, "GetSecretValue", arn.rpartition("-")[0])
    assert {(WORKER, "ssm.amazonaws.com", error) for error in (None, "AccessDeniedException")} <= who(read)


def test_the_secret_of_a_connection_is_made_as_who_asked(lab: DecidingLab, worker: dict[str, str]) -> None:
    """EventBridge user guide, "Connections": the caller needs secretsmanager:CreateSecret on events!connection/…."""
    events, secrets = lab.fresh_client("events", **worker), lab.client("secretsmanager")
    auth = {"ApiKeyAuthParameters": {"ApiKeyName": "key", "ApiKeyValue": "value"}}
    connection = {"Name": "decided", "AuthorizationType": "API_KEY", "AuthParameters": auth}
    with lab.refusing("secretsmanager:CreateSecret"), pytest.raises(ClientError, match="CreateSecret") as caught:
        events.create_connection(**connection)
    assert caught.value.response["Error"]["Code"] == "AccessDeniedException"
    assert events.list_connections()["Connections"] == []
    events.create_connection(**connection)
    arn = events.describe_connection(Name="decided")["SecretArn"]
    assert secrets.describe_secret(SecretId=arn)["OwningService"] == "events"
    with lab.refusing("secretsmanager:DeleteSecret"), pytest.raises(ClientError, match="DeleteSecret"):
        events.delete_connection(Name="decided")
    assert events.describe_connection(Name="decided")["SecretArn"] == arn
    events.delete_connection(Name="decided")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        secrets.describe_secret(SecretId=arn)
    for operation in ("CreateSecret", "DeleteSecret"):
        calls = done(lab, operation, f"arn:aws:secretsmanager:us-east-1:{ACCOUNT}:secret:events!connection/decided/")
        assert who(calls) == {(WORKER, "events.amazonaws.com", error) for error in (None, "AccessDeniedException")}


def test_a_replication_task_writes_as_its_role(lab: DecidingLab) -> None:
    """DMS user guide, "Using Amazon S3 as a target": the role may put objects, or the task fails with the reason."""
    migration = Migration(lab)
    migration.sql("CREATE TABLE refused (k int PRIMARY KEY)", "INSERT INTO refused VALUES (1)")
    to = migration.bucket()
    task = migration.task("full-load", migration.target(to), only("refused"))
    with lab.refusing("s3:PutObject"):
        migration.begin(task)
        failed = migration.wait(task, "failed")
    assert "not authorized to perform: s3:PutObject" in failed["LastFailureMessage"]
    assert migration.objects(to) == {}
    migration.begin(task, "reload-target")
    migration.wait(task, "stopped")
    assert migration.lines(to, "public/refused/") == ["1"]
    written = done(lab, "PutObject", f"arn:aws:s3:::{to}/")
    assert {(call["session_issuer"], call["via"], call["error"]) for call in written} == {
        (ROLE, "dms.amazonaws.com", error) for error in (None, "AccessDenied")
    }
