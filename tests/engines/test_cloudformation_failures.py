"""A resource that cannot be made is told by events of its stack, which is rolled back; the call itself succeeds.

Source: CloudFormation user guide, "Choose how to handle failures when provisioning resources" and "Stack status
codes"; the form of the reason is that of AWS's resource handlers, as users quote it from DescribeStackEvents.
"""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

#: The lab has no Node.js.
FUNCTION = {
    "Type": "AWS::Lambda::Function",
    "Properties": {
        "Runtime": "nodejs20.x",
        "Handler": "index.handler",
        "Role": "arn:aws:iam::123456789012:role/function",
        "Code": {"ZipFile": "exports.handler = async () => 1"},
    },
}
SAID = (
    r'Resource handler returned message: ".*nodejs20\.x.* \(Service: Lambda, Status Code: 400, Request ID: [\w-]+\)" '
)
SAID += r"\(RequestToken: [\w-]+, HandlerErrorCode: InvalidRequest\)"


def unique() -> str:
    return f"fails-{uuid.uuid4().hex[:8]}"


def queue(name: str) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}


def template(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def events(formation: Any, stack: str) -> list[tuple[str, str]]:
    """Logical ids and statuses, the oldest first."""
    found = formation.describe_stack_events(StackName=stack)["StackEvents"]
    return [(event["LogicalResourceId"], event["ResourceStatus"]) for event in reversed(found)]


def reasons(formation: Any, stack: str, status: str) -> list[str]:
    found = formation.describe_stack_events(StackName=stack)["StackEvents"]
    return [event.get("ResourceStatusReason", "") for event in found if event["ResourceStatus"] == status]


def status(formation: Any, stack: str) -> str:
    [found] = formation.describe_stacks(StackName=stack)["Stacks"]
    return str(found["StackStatus"])


def queues(lab: RunningLab, name: str) -> int:
    return len(lab.client("sqs").list_queues(QueueNamePrefix=name).get("QueueUrls", []))


@pytest.mark.parametrize(
    ("options", "statuses"),
    [
        ({}, ["ROLLBACK_IN_PROGRESS", "ROLLBACK_COMPLETE"]),
        ({"OnFailure": "DELETE"}, ["DELETE_IN_PROGRESS", "DELETE_COMPLETE"]),
        ({"OnFailure": "DO_NOTHING"}, ["CREATE_FAILED"]),
        ({"DisableRollback": True}, ["CREATE_FAILED"]),
    ],
)
def test_creation_that_fails(lab: RunningLab, options: dict[str, Any], statuses: list[str]) -> None:
    formation, name = lab.client("cloudformation"), unique()
    body = json.dumps(
        {
            "Resources": {"Queue": queue(name), "Function": {**FUNCTION, "DependsOn": "Queue"}},
            # what an output names, and others import, is looked up before the rest
            "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}, "Export": {"Name": name}}},
        }
    )
    stack = formation.create_stack(StackName=name, TemplateBody=body, **options)["StackId"]
    undone = [("Queue", "DELETE_IN_PROGRESS"), ("Queue", "DELETE_COMPLETE")]
    assert events(formation, stack) == [
        (name, "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        ("Function", "CREATE_IN_PROGRESS"),
        ("Function", "CREATE_FAILED"),
        (name, statuses[0]),
        *(undone if len(statuses) > 1 else []),
        *((name, each) for each in statuses[1:]),
    ]
    assert any(re.fullmatch(SAID, reason) for reason in reasons(formation, stack, "CREATE_FAILED"))
    said = "The following resource(s) failed to create: [Function]. "
    assert any(reason.startswith(said) for reason in reasons(formation, stack, statuses[0]))
    assert status(formation, stack) == statuses[-1]
    formation.delete_stack(StackName=name)
    assert queues(lab, name) == 0
    assert status(formation, stack) == "DELETE_COMPLETE"


def test_what_was_made_stays_or_goes(lab: RunningLab) -> None:
    formation = lab.client("cloudformation")
    for options, left in (({}, 0), ({"OnFailure": "DO_NOTHING"}, 1)):
        name = unique()
        body = template(Queue=queue(name), Function={**FUNCTION, "DependsOn": "Queue"})
        formation.create_stack(StackName=name, TemplateBody=body, **options)
        assert queues(lab, name) == left
        resources = formation.list_stack_resources(StackName=name)["StackResourceSummaries"]
        assert len(resources) == left
        formation.delete_stack(StackName=name)


def test_update_that_fails_returns_to_what_was(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    formation.create_stack(StackName=name, TemplateBody=template(Queue=queue(name)))
    wanted = template(Queue=queue(name), Second=queue(f"{name}-2"), Function={**FUNCTION, "DependsOn": "Second"})
    formation.update_stack(StackName=name, TemplateBody=wanted)
    assert status(formation, name) == "UPDATE_ROLLBACK_COMPLETE"
    assert events(formation, name)[5:] == [
        (name, "UPDATE_IN_PROGRESS"),
        *[("Second", f"CREATE_{each}") for each in ("IN_PROGRESS", "IN_PROGRESS", "COMPLETE")],
        ("Function", "CREATE_IN_PROGRESS"),
        ("Function", "CREATE_FAILED"),
        (name, "UPDATE_ROLLBACK_IN_PROGRESS"),
        ("Second", "DELETE_IN_PROGRESS"),
        ("Second", "DELETE_COMPLETE"),
        (name, "UPDATE_ROLLBACK_COMPLETE"),
    ]
    assert queues(lab, name) == 1
    formation.delete_stack(StackName=name)


def test_change_set_that_fails(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    names = {"StackName": name, "ChangeSetName": "c"}
    formation.create_change_set(**names, ChangeSetType="CREATE", TemplateBody=template(Function=FUNCTION))
    formation.execute_change_set(**names)
    assert status(formation, name) == "ROLLBACK_COMPLETE"
    assert re.fullmatch(SAID, reasons(formation, name, "CREATE_FAILED")[0])
    assert formation.describe_change_set(**names)["ExecutionStatus"] == "EXECUTE_FAILED"
    formation.delete_stack(StackName=name)


def test_missing_change_set(lab: RunningLab) -> None:
    """ExecuteChangeSet, API reference: ChangeSetNotFound."""
    formation = lab.client("cloudformation")
    for call in (formation.execute_change_set, formation.describe_change_set):
        with pytest.raises(formation.exceptions.ChangeSetNotFoundException):
            call(StackName="s", ChangeSetName="missing")


def test_deletion_that_fails(lab: RunningLab) -> None:
    """A bucket that is not empty is not deleted (AWS::S3::Bucket, "You can only delete empty buckets")."""
    formation, s3, name = lab.client("cloudformation"), lab.client("s3"), unique()
    bucket = {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": name}}
    formation.create_stack(StackName=name, TemplateBody=template(Bucket=bucket))
    s3.put_object(Bucket=name, Key="k")
    formation.delete_stack(StackName=name)
    assert status(formation, name) == "DELETE_FAILED"
    assert events(formation, name)[-3:] == [
        ("Bucket", "DELETE_IN_PROGRESS"),
        ("Bucket", "DELETE_FAILED"),
        (name, "DELETE_FAILED"),
    ]
    s3.delete_object(Bucket=name, Key="k")
    formation.delete_stack(StackName=name)
    with pytest.raises(ClientError, match="does not exist"):
        formation.describe_stacks(StackName=name)
    with pytest.raises(ClientError, match="404"):
        s3.head_bucket(Bucket=name)


def test_output_without_a_value(lab: RunningLab) -> None:
    """Fn::ImportValue, user guide: what nobody exports cannot be imported; the stack is rolled back, and readable."""
    formation, name = lab.client("cloudformation"), unique()
    resources = {"Queue": queue(name)}
    outputs = {"A": {"Value": {"Fn::ImportValue": "none"}}}
    body = json.dumps({"Resources": resources, "Outputs": outputs})
    formation.create_stack(StackName=name, TemplateBody=body)
    assert status(formation, name) == "ROLLBACK_COMPLETE"
    formation.delete_stack(StackName=name)
    formation.create_stack(StackName=name, TemplateBody=template(Queue=queue(name)))
    formation.update_stack(StackName=name, TemplateBody=body)
    assert status(formation, name) == "UPDATE_ROLLBACK_COMPLETE"
    formation.delete_stack(StackName=name)
    twice = {key: {"Value": key, "Export": {"Name": name}} for key in "ab"}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": twice}))
    formation.delete_stack(StackName=name)
    assert queues(lab, name) == 0
