"""A stack's life as its user sees it: events in order, waiters, change sets, and `aws cloudformation deploy`.

Sources: CloudFormation user guide, "Understand CloudFormation stack creation events" and "Stack status codes"; AWS CLI
reference, "cloudformation deploy"; DescribeStackEvents, CreateChangeSet, ExecuteChangeSet, API reference.
"""

from __future__ import annotations

import json
import subprocess
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, WaiterError

from tests.conftest import RunningLab

ROLE = {
    "Type": "AWS::IAM::Role",
    "Properties": {
        "AssumeRolePolicyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
            ],
        }
    },
}
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Runtime": "python3.12",
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Code": {"ZipFile": "def handler(event, context):\n    return event['n'] + 1\n"},
        "Environment": {"Variables": {"QUEUE": {"Ref": "Queue"}}},
    },
}
TABLE = {
    "Type": "AWS::DynamoDB::Table",
    "Properties": {
        "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
        "BillingMode": "PAY_PER_REQUEST",
    },
}
SOON = {"Delay": 1, "MaxAttempts": 5}


def unique() -> str:
    return f"stack-{uuid.uuid4().hex[:8]}"


def template(**more: Any) -> str:
    resources = {
        "Function": FUNCTION,  # before what it refers to
        "Bucket": {"Type": "AWS::S3::Bucket"},
        "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": {"Ref": "Seconds"}}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Table": TABLE,
        "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"ShardCount": 1}},
        "Role": ROLE,
    }
    parameters = {"Seconds": {"Type": "Number", "Default": 30}}
    outputs = {"Function": {"Value": {"Ref": "Function"}}, "Queue": {"Value": {"Ref": "Queue"}}}
    return json.dumps({"Parameters": parameters, "Resources": {**resources, **more}, "Outputs": outputs})


def events(formation: Any, stack: str) -> list[tuple[str, str]]:
    """Logical ids and statuses, the oldest first."""
    found = formation.describe_stack_events(StackName=stack)["StackEvents"]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]


def test_events_of_a_stack_that_succeeds(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    stack = formation.create_stack(StackName=name, TemplateBody=template(), Capabilities=["CAPABILITY_IAM"])["StackId"]
    formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=SOON)
    told = events(formation, name)
    assert (told[0], told[-1]) == ((name, "CREATE_IN_PROGRESS"), (name, "CREATE_COMPLETE"))
    for resource in json.loads(template())["Resources"]:
        assert [status for each, status in told if each == resource] == [
            "CREATE_IN_PROGRESS",
            "CREATE_IN_PROGRESS",
            "CREATE_COMPLETE",
        ]
    for described in (
        formation.describe_stack_resources(StackName=name)["StackResources"],
        formation.list_stack_resources(StackName=name)["StackResourceSummaries"],
        [formation.describe_stack_resource(StackName=name, LogicalResourceId="Queue")["StackResourceDetail"]],
    ):
        [queue] = [each for each in described if each["LogicalResourceId"] == "Queue"]
        assert (queue["ResourceStatus"], queue["ResourceType"]) == ("CREATE_COMPLETE", "AWS::SQS::Queue")
        made = queue.get("Timestamp") or queue["LastUpdatedTimestamp"]
        [stack_told] = formation.describe_stacks(StackName=name)["Stacks"]
        assert made >= stack_told["CreationTime"]  # moto: of 2010
    assert told.index(("Role", "CREATE_COMPLETE")) < told.index(("Function", "CREATE_IN_PROGRESS"))
    [first, second, _] = [
        event
        for event in reversed(formation.describe_stack_events(StackName=name)["StackEvents"])
        if event["LogicalResourceId"] == "Queue"
    ]
    assert "ResourceStatusReason" not in first
    assert (second["ResourceStatusReason"], second["ResourceType"]) == (
        "Resource creation Initiated",
        "AWS::SQS::Queue",
    )
    assert second["PhysicalResourceId"].startswith("https://sqs.")

    formation.delete_stack(StackName=name)
    formation.get_waiter("stack_delete_complete").wait(StackName=name, WaiterConfig=SOON)
    told = events(formation, stack)
    assert told[-1] == (name, "DELETE_COMPLETE")
    assert told.index(("Function", "DELETE_COMPLETE")) < told.index(("Role", "DELETE_IN_PROGRESS"))


def test_waiters_of_a_stack_that_fails(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    body = json.dumps({"Resources": {"Role": {"Type": "AWS::IAM::Role"}}})
    formation.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    [reason] = [
        event["ResourceStatusReason"]
        for event in formation.describe_stack_events(StackName=name)["StackEvents"]
        if event["ResourceStatus"] == "CREATE_FAILED"
    ]
    assert reason == "Model validation failed (#: required key [AssumeRolePolicyDocument] not found)"
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        formation.get_waiter("stack_create_complete").wait(StackName=name, WaiterConfig=SOON)

    formation.delete_stack(StackName=name)
    queue = {"Type": "AWS::SQS::Queue"}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Queue": queue}}))
    wanted = json.dumps({"Resources": {"Queue": queue, "Role": {"Type": "AWS::IAM::Role"}}})
    formation.update_stack(StackName=name, TemplateBody=wanted, Capabilities=["CAPABILITY_IAM"])
    formation.get_waiter("stack_rollback_complete").wait(StackName=name, WaiterConfig=SOON)


def test_resources_without_properties(lab: RunningLab) -> None:
    """AWS::KMS::Key, template reference: KMS attaches the default key policy where KeyPolicy is left out."""
    formation, name = lab.client("cloudformation"), unique()
    body = json.dumps({"Resources": {"Key": {"Type": "AWS::KMS::Key"}}, "Outputs": {"K": {"Value": {"Ref": "Key"}}}})
    formation.create_stack(StackName=name, TemplateBody=body)
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    policy = lab.client("kms").get_key_policy(KeyId=stack["Outputs"][0]["OutputValue"])["Policy"]
    assert json.loads(policy)["Statement"]


def test_retained_resource(lab: RunningLab) -> None:
    """DeletionPolicy attribute, user guide: Retain keeps the resource, and the event says DELETE_SKIPPED."""
    formation, name = lab.client("cloudformation"), unique()
    queue = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain", "Properties": {"QueueName": name}}
    stack = formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Q": queue}}))["StackId"]
    formation.delete_stack(StackName=name)
    assert events(formation, stack)[-2:] == [("Q", "DELETE_SKIPPED"), (name, "DELETE_COMPLETE")]
    lab.client("sqs").get_queue_url(QueueName=name)


def test_exports_follow_their_stack(lab: RunningLab) -> None:
    """ListExports, API reference: the exports of stacks that are there, as they are now."""
    formation, name = lab.client("cloudformation"), unique()

    def body(export: str) -> str:
        output = {"Value": {"Ref": "Q"}, "Export": {"Name": export}}
        return json.dumps({"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}, "Outputs": {"Q": output}})

    def exported() -> set[str]:
        return {each["Name"] for each in formation.list_exports()["Exports"] if each["Name"].startswith(name)}

    names = {"StackName": name, "ChangeSetName": "c"}
    formation.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=body(f"{name}-1"))
    formation.execute_change_set(**names)
    assert exported() == {f"{name}-1"}
    formation.update_stack(StackName=name, TemplateBody=body(f"{name}-2"))
    assert exported() == {f"{name}-2"}
    with pytest.raises(ClientError, match="No updates are to be performed"):
        formation.update_stack(StackName=name, TemplateBody=body(f"{name}-2"))
    formation.delete_stack(StackName=name)
    assert exported() == set()


def deploy(lab: RunningLab, file: Path, name: str, *more: str) -> subprocess.CompletedProcess[str]:
    command = ("cloudformation", "deploy", "--template-file", str(file), "--stack-name", name)
    return lab.aws(*command, *more, check=False)


def test_deploy(lab: RunningLab, tmp_path: Path) -> None:
    formation, name, file = lab.client("cloudformation"), unique(), tmp_path / "template.json"
    file.write_text(template())
    granted = ("--capabilities", "CAPABILITY_IAM")
    made = deploy(lab, file, name, *granted)
    assert made.returncode == 0, made.stderr
    assert f"Successfully created/updated stack - {name}" in made.stdout
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    outputs = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    answer = lab.client("lambda").invoke(FunctionName=outputs["Function"], Payload=b'{"n": 1}')
    assert json.load(answer["Payload"]) == 2

    time.sleep(1)  # the CLI names its change sets by the second
    again = deploy(lab, file, name, *granted, "--no-fail-on-empty-changeset")
    assert again.returncode == 0, again.stderr
    assert f"No changes to deploy. Stack {name} is up to date" in again.stdout
    time.sleep(1)
    changed = deploy(lab, file, name, *granted, "--parameter-overrides", "Seconds=31")
    assert changed.returncode == 0, changed.stderr
    time.sleep(1)
    more = ("--parameter-overrides", "Seconds=31", "--no-fail-on-empty-changeset")
    same_values = deploy(lab, file, name, *granted, *more)
    assert (same_values.returncode, "No changes to deploy" in same_values.stdout) == (0, True), same_values.stderr
    attributes = lab.client("sqs").get_queue_attributes(QueueUrl=outputs["Queue"], AttributeNames=["All"])
    assert attributes["Attributes"]["VisibilityTimeout"] == "31"
    values = [{"ParameterKey": "Seconds", "UsePreviousValue": True}]
    names = {"StackName": name, "ChangeSetName": "same"}
    formation.create_change_set(
        **names, UsePreviousTemplate=True, Parameters=values, ChangeSetType="UPDATE", Capabilities=[granted[1]]
    )
    same = formation.describe_change_set(**names)
    assert (same["Status"], same["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    with pytest.raises(formation.exceptions.InvalidChangeSetStatusException):
        formation.execute_change_set(**names)
    assert [each for each in events(formation, name) if each[0] == "Queue"][-2:] == [
        ("Queue", "UPDATE_IN_PROGRESS"),
        ("Queue", "UPDATE_COMPLETE"),
    ]
