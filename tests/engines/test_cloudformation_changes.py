"""What change sets list, updates of nothing, and exports that other stacks use.

Sources: CreateChangeSet, UpdateStack, API reference; CloudFormation user guide, "Get exported outputs from a deployed
CloudFormation stack"; the sentences are those that users quote.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

TOPIC = {"Type": "AWS::SNS::Topic"}


def unique() -> str:
    return f"set-{uuid.uuid4().hex[:8]}"


def template(**more: Any) -> str:
    tags = [{"Key": "stage", "Value": {"Ref": "Env"}}]
    resources = {"Queue": {"Type": "AWS::SQS::Queue", "Properties": {"Tags": tags}}, "Topic": TOPIC}
    return json.dumps({"Parameters": {"Env": {"Type": "String", "Default": "dev"}}, "Resources": {**resources, **more}})


def values(env: str) -> list[dict[str, str]]:
    return [{"ParameterKey": "Env", "ParameterValue": env}]


def changes(formation: Any, names: dict[str, str], **request: Any) -> list[tuple[str, str]]:
    formation.create_change_set(**names, **request)
    told = formation.describe_change_set(**names)
    return [(e["ResourceChange"]["Action"], e["ResourceChange"]["LogicalResourceId"]) for e in told["Changes"]]


def test_change_sets(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    formation.create_stack(StackName=name, TemplateBody=template(), Parameters=values("prod"))
    names = {"StackName": name, "ChangeSetName": "other"}  # no type: UPDATE
    other = template(Second=TOPIC)
    assert changes(formation, names, TemplateBody=other, Parameters=values("test")) == [
        ("Add", "Second"),
        ("Modify", "Queue"),
    ]
    formation.execute_change_set(**names)
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    assert (stack["StackStatus"], stack["Parameters"][0]["ParameterValue"]) == ("UPDATE_COMPLETE", "test")
    names["ChangeSetName"] = "less"
    assert changes(formation, names, TemplateBody=template(), Parameters=values("test")) == [("Remove", "Second")]
    names["ChangeSetName"] = "same"
    assert changes(formation, names, TemplateBody=other, Parameters=values("test")) == []
    same = formation.describe_change_set(**names)
    assert same["Status"] == "FAILED"
    assert same["StatusReason"].startswith("The submitted information didn't contain changes.")
    formation.delete_stack(StackName=name)


def test_change_set_of_no_stack(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    with pytest.raises(ClientError, match=rf"ValidationError.*Stack \[{name}\] does not exist"):
        formation.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=template())


def test_update_of_nothing(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    formation.create_stack(StackName=name, TemplateBody=template(), Parameters=values("prod"))
    previous = [{"ParameterKey": "Env", "UsePreviousValue": True}]
    for request in (
        {"TemplateBody": template(), "Parameters": values("prod")},
        {"UsePreviousTemplate": True, "Parameters": previous},
    ):
        with pytest.raises(ClientError, match=r"ValidationError.*No updates are to be performed\."):
            formation.update_stack(StackName=name, **request)
    formation.update_stack(StackName=name, UsePreviousTemplate=True)  # Env has its default again
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    assert stack["Parameters"][0]["ParameterValue"] == "dev"
    formation.delete_stack(StackName=name)


def test_exports_in_use(lab: RunningLab) -> None:
    """The stack returns to what it was, with the reason, until nothing imports its value."""
    formation, name, user = lab.client("cloudformation"), unique(), unique()
    outputs = {"T": {"Value": {"Ref": "Topic"}, "Export": {"Name": name}}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Topic": TOPIC}, "Outputs": outputs}))
    imported = {"Fn::ImportValue": {"Fn::Sub": name}}
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": imported}}
    formation.create_stack(StackName=user, TemplateBody=json.dumps({"Resources": {"P": parameter}}))
    formation.delete_stack(StackName=name)
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["StackStatusReason"] == f"Export {name} cannot be deleted as it is in use by {user}"
    for other, verb in (({"T": {"Value": "x", "Export": {"Name": name}}}, "updated"), ({}, "deleted")):
        changed = json.dumps({"Resources": {"Topic": TOPIC}, "Outputs": other})
        formation.update_stack(StackName=name, TemplateBody=changed)
        [stack] = formation.describe_stacks(StackName=name)["Stacks"]
        assert (stack["StackStatus"], len(stack["Outputs"])) == ("UPDATE_ROLLBACK_COMPLETE", 1)
        told = formation.describe_stack_events(StackName=name)["StackEvents"]
        reasons = [each.get("ResourceStatusReason") for each in told]
        assert f"Export {name} cannot be {verb} as it is in use by {user}" in reasons
    formation.delete_stack(StackName=user)
    formation.delete_stack(StackName=name)
    assert name not in [each["Name"] for each in formation.list_exports()["Exports"]]
    with pytest.raises(ClientError, match="does not exist"):
        formation.describe_stacks(StackName=name)


def test_exports_of_a_stack_that_failed(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    outputs = {"T": {"Value": "v", "Export": {"Name": name}}}
    bad = {"Type": "AWS::SQS::Queue", "Properties": {"VisibilityTimeout": -1}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Q": bad}, "Outputs": outputs}))
    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert name not in [each["Name"] for each in formation.list_exports()["Exports"]]
    formation.delete_stack(StackName=name)
