"""What becomes of a resource that its stack no longer has: it is deleted, kept, or kept as a snapshot.

Source: CloudFormation template reference, "DeletionPolicy attribute" and "UpdateReplacePolicy attribute".
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

#: A resource that fails, after the one called Queue.
FAILING = {"Type": "AWS::SQS::QueuePolicy", "DependsOn": "Queue", "Properties": {"Queues": [], "Nope": 1}}


def unique() -> str:
    return f"kept-{uuid.uuid4().hex[:8]}"


def queue(name: str, **more: Any) -> dict[str, Any]:
    return {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}, **more}


def body(**resources: Any) -> str:
    return json.dumps({"Resources": resources})


def queues(lab: RunningLab, prefix: str) -> list[str]:
    urls = lab.client("sqs").list_queues(QueueNamePrefix=prefix).get("QueueUrls", [])
    return sorted(url.rsplit("/", 1)[-1] for url in urls)


@pytest.mark.parametrize(("policy", "left"), [("Delete", 0), ("Retain", 1), ("RetainExceptOnCreate", 0)])
def test_a_creation_that_is_rolled_back(lab: RunningLab, policy: str, left: int) -> None:
    formation, name = lab.client("cloudformation"), unique()
    template = body(Queue=queue(name, DeletionPolicy=policy), Failing=FAILING)
    formation.create_stack(StackName=name, TemplateBody=template)
    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert len(queues(lab, name)) == left


@pytest.mark.parametrize(("policy", "left"), [("Delete", 0), ("Retain", 1), ("RetainExceptOnCreate", 1)])
def test_a_resource_that_leaves_its_stack(lab: RunningLab, policy: str, left: int) -> None:
    formation, name = lab.client("cloudformation"), unique()
    other = {"Other": {"Type": "AWS::SQS::Queue"}}
    formation.create_stack(StackName=name, TemplateBody=body(Queue=queue(name, DeletionPolicy=policy), **other))
    formation.update_stack(StackName=name, TemplateBody=body(**other))
    assert queues(lab, name).count(name) == left
    formation.delete_stack(StackName=name)


def test_an_update_that_is_rolled_back(lab: RunningLab) -> None:
    """What the update made goes; what was there before it stays."""
    formation, name = lab.client("cloudformation"), unique()
    first = queue(f"{name}-1", DeletionPolicy="RetainExceptOnCreate")
    formation.create_stack(StackName=name, TemplateBody=body(First=first))
    second = queue(f"{name}-2", DeletionPolicy="RetainExceptOnCreate")
    formation.update_stack(StackName=name, TemplateBody=body(First=first, Queue=second, Failing=FAILING))
    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert queues(lab, name) == [f"{name}-1"]
    formation.delete_stack(StackName=name)
    assert queues(lab, name) == [f"{name}-1"]


@pytest.mark.parametrize(("policy", "left"), [("Delete", ["-2"]), ("Retain", ["-1", "-2"])])
def test_a_resource_that_is_replaced(lab: RunningLab, policy: str, left: list[str]) -> None:
    formation, name = lab.client("cloudformation"), unique()
    for number in "12":
        call = formation.create_stack if number == "1" else formation.update_stack
        call(StackName=name, TemplateBody=body(Queue=queue(f"{name}-{number}", UpdateReplacePolicy=policy)))
    assert queues(lab, name) == [f"{name}{each}" for each in left]
    formation.delete_stack(StackName=name)


@pytest.mark.parametrize(("more", "left"), [({}, 1), ({"DeletionPolicy": "Delete"}, 0)])
def test_a_databases_snapshot(lab: RunningLab, more: dict[str, str], left: int) -> None:
    """Snapshot is the default of a database that is part of no cluster."""
    formation, rds, name = lab.client("cloudformation"), lab.client("rds"), unique()
    properties = {
        "AllocatedStorage": "20",
        "DBInstanceClass": "db.t3.micro",
        "DBInstanceIdentifier": name,
        "Engine": "postgres",
        "MasterUserPassword": "Passw0rd123",
        "MasterUsername": "owner",
    }
    template = body(Database={"Type": "AWS::RDS::DBInstance", "Properties": properties, **more})
    formation.create_stack(StackName=name, TemplateBody=template)
    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    formation.delete_stack(StackName=name)
    with pytest.raises(ClientError, match="DBInstanceNotFound"):
        rds.describe_db_instances(DBInstanceIdentifier=name)
    taken = rds.describe_db_snapshots()["DBSnapshots"]
    assert len([each for each in taken if each["DBInstanceIdentifier"] == name]) == left


@pytest.mark.parametrize(
    ("policies", "said"),
    [
        ({"DeletionPolicy": "Keep"}, "Template error: Unrecognized DeletionPolicy Keep for resource Queue"),
        (
            {"UpdateReplacePolicy": "RetainExceptOnCreate"},
            "Template error: Unrecognized UpdateReplacePolicy RetainExceptOnCreate for resource Queue",
        ),
        (
            {"DeletionPolicy": "Snapshot"},
            "Template error: resource type AWS::SQS::Queue does not support deletion policy Snapshot",
        ),
    ],
)
def test_what_is_no_policy(lab: RunningLab, policies: dict[str, str], said: str) -> None:
    with pytest.raises(ClientError) as caught:
        lab.client("cloudformation").create_stack(StackName=unique(), TemplateBody=body(Queue=queue("q", **policies)))
    assert caught.value.response["Error"]["Message"] == said
