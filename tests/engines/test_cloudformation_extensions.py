"""What the transform AWS::LanguageExtensions adds, and what CloudFormation refuses without it.

Source: CloudFormation template reference, "AWS::LanguageExtensions transform", Fn::ForEach, Fn::Length,
Fn::ToJsonString and Fn::FindInMap.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

EXTENDED = {"Transform": "AWS::LanguageExtensions"}


def setting(value: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}


def made(lab: RunningLab, template: dict[str, Any], **more: Any) -> dict[str, str]:
    """The outputs of a stack of *template*, which is then deleted."""
    formation, name = lab.client("cloudformation"), f"extended-{uuid.uuid4().hex[:8]}"
    body = json.dumps(template)
    formation.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_AUTO_EXPAND"], **more)
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", [each.get("ResourceStatusReason") for each in events]
    assert formation.get_template(StackName=name)["TemplateBody"]["Resources"] == template["Resources"]
    formation.delete_stack(StackName=name)
    return {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}


def refused(lab: RunningLab, template: dict[str, Any], *granted: str) -> tuple[str, str]:
    formation, name = lab.client("cloudformation"), f"extended-{uuid.uuid4().hex[:8]}"
    with pytest.raises(ClientError) as caught:
        formation.create_stack(StackName=name, TemplateBody=json.dumps(template), Capabilities=list(granted))
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


def test_functions(lab: RunningLab) -> None:
    outputs = made(
        lab,
        {
            **EXTENDED,
            "Parameters": {"Names": {"Type": "CommaDelimitedList", "Default": "a,b"}},
            "Mappings": {"Sizes": {"small": {"rows": 5}}},
            "Resources": {"Setting": setting({"Fn::ToJsonString": {"who": {"Ref": "Names"}, "n": 1}})},
            "Outputs": {
                "Value": {"Value": {"Fn::GetAtt": ["Setting", "Value"]}},
                "Length": {"Value": {"Fn::Length": {"Ref": "Names"}}},
                "Found": {"Value": {"Fn::FindInMap": ["Sizes", "small", "rows", {"DefaultValue": 9}]}},
                "Default": {"Value": {"Fn::FindInMap": ["Sizes", "big", "rows", {"DefaultValue": 9}]}},
            },
        },
        Parameters=[{"ParameterKey": "Names", "ParameterValue": "x,y,z"}],
    )
    assert outputs == {"Value": '{"who":["x","y","z"],"n":1}', "Length": "3", "Found": "5", "Default": "9"}


def test_loops(lab: RunningLab) -> None:
    """Loops stand in loops, in resources, in their properties and in outputs; &{…} keeps letters and digits."""
    inner = {"${Zone}&{Stage}": setting({"Fn::Sub": "${Zone} ${Stage} of ${AWS::Region}"})}
    tags = {"Fn::ForEach::Tags": ["Tag", ["one", "two"], {"${Tag}": {"Ref": "Tag"}}]}
    tagged = setting("v")
    tagged["Properties"]["Tags"] = tags
    outputs = made(
        lab,
        {
            **EXTENDED,
            "Resources": {
                "Fn::ForEach::Zones": ["Zone", ["A", "B"], {"Fn::ForEach::Stages": ["Stage", ["a-1"], inner]}],
                "Tagged": tagged,
            },
            "Outputs": {
                "Fn::ForEach::All": [
                    "Zone",
                    ["A", "B"],
                    {"Of${Zone}": {"Value": {"Fn::GetAtt": ["${Zone}a1", "Value"]}}},
                ],
                "Direct": {"Value": {"Fn::GetAtt": [{"Fn::Sub": "Aa1"}, "Type"]}},
            },
        },
    )
    assert outputs == {"OfA": "A a-1 of us-east-1", "OfB": "B a-1 of us-east-1", "Direct": "String"}


def test_loops_over_parameters(lab: RunningLab) -> None:
    """They follow the values that are given: in stacks, their updates, rollbacks and change sets."""
    formation, name = lab.client("cloudformation"), f"extended-{uuid.uuid4().hex[:8]}"
    listed = {"Type": "CommaDelimitedList", "Default": "A"}
    loop = {"Fn::ForEach::All": ["Item", {"Ref": "Items"}, {"Of${Item}": setting({"Ref": "Value"})}]}
    template = json.dumps(
        {**EXTENDED, "Parameters": {"Items": listed, "Value": {"Type": "String", "Default": "v"}}, "Resources": loop}
    )
    more = {"StackName": name, "TemplateBody": template, "Capabilities": ["CAPABILITY_AUTO_EXPAND"]}

    def values(items: str, value: str = "v") -> list[dict[str, str]]:
        return [
            {"ParameterKey": "Items", "ParameterValue": items},
            {"ParameterKey": "Value", "ParameterValue": value},
        ]

    def made() -> set[str]:
        found = formation.describe_stack_resources(StackName=name)["StackResources"]
        return {each["LogicalResourceId"] for each in found}

    formation.create_stack(**more, Parameters=values("A,B"))
    assert made() == {"OfA", "OfB"}
    formation.update_stack(**more, Parameters=values("B, C"))
    assert made() == {"OfB", "OfC"}
    formation.update_stack(**more, Parameters=values("C,D", ""))  # SSM takes no empty value
    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE"
    assert made() == {"OfB", "OfC"}
    formation.create_change_set(**more, ChangeSetName="c", Parameters=values("C,D"))
    changes = formation.describe_change_set(StackName=name, ChangeSetName="c")["Changes"]
    told = {(each["ResourceChange"]["Action"], each["ResourceChange"]["LogicalResourceId"]) for each in changes}
    assert told == {("Add", "OfD"), ("Remove", "OfB")}
    formation.execute_change_set(StackName=name, ChangeSetName="c")
    assert made() == {"OfC", "OfD"}
    with pytest.raises(ClientError, match="No updates are to be performed"):
        formation.update_stack(**more, Parameters=values("C,D"))
    formation.delete_stack(StackName=name)


@pytest.mark.parametrize("function", ["Fn::Length", "Fn::ToJsonString"])
def test_functions_without_the_transform(lab: RunningLab, function: str) -> None:
    code, said = refused(lab, {"Resources": {"Setting": setting({function: ["a"]})}})
    assert code == "ValidationError"
    assert said.startswith(f"Template error: Encountered unsupported function: {function} Supported functions are: [")
    assert function not in said.split("[")[1]


@pytest.mark.parametrize(
    ("template", "said"),
    [
        (
            {"Resources": {"Fn::ForEach::L": ["X", ["a"], {"${X}": setting("v")}]}},
            "Template format error: Any Resources member must be an object.",
        ),
        (
            {**EXTENDED, "Resources": {"Fn::ForEach::L": ["X", ["a"]]}},
            "Transform AWS::LanguageExtensions failed with: Fn::ForEach::L layout is incorrect",
        ),
        (
            {**EXTENDED, "Resources": {"A": setting("v"), "Fn::ForEach::L": ["X", ["A"], {"${X}": setting("v")}]}},
            "Transform AWS::LanguageExtensions failed with: Duplicate A in Fn::ForEach::L",
        ),
        (
            {**EXTENDED, "Resources": {"Fn::ForEach::L": ["X", {"Fn::Split": [",", "a"]}, {"${X}": setting("v")}]}},
            "This lab expands loops over lists of texts and parameters alone: that of Fn::ForEach::L is over neither. "
            "Write its items in the template.",
        ),
        (
            {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"A": setting("v")}},
            "This lab does not run the transform AWS::Serverless-2016-10-31: it knows AWS::LanguageExtensions alone. "
            "Give the template that the transform would make.",
        ),
        (
            {
                "Mappings": {"M": {"a": {"b": "c"}}},
                "Resources": {"A": setting({"Fn::FindInMap": ["M", "a", "z"]})},
            },
            "Template error: Unable to get mapping for M::a::z",
        ),
    ],
)
def test_what_is_refused(lab: RunningLab, template: dict[str, Any], said: str) -> None:
    assert refused(lab, template, "CAPABILITY_AUTO_EXPAND") == ("ValidationError", said)


def test_loops_that_multiply(lab: RunningLab) -> None:
    """They end before they fill the memory."""
    fragment: dict[str, Any] = {"A${L0}${L1}${L2}${L3}${L4}": setting("v")}
    for depth in range(5):
        fragment = {f"Fn::ForEach::Loop{depth}": [f"L{depth}", [str(item) for item in range(10)], fragment]}
    code, said = refused(lab, {**EXTENDED, "Resources": fragment}, "CAPABILITY_AUTO_EXPAND")
    assert code == "ValidationError"
    assert said.endswith("makes more than 10000 items")


def test_a_transform_needs_a_capability(lab: RunningLab) -> None:
    """CreateStack, API reference, Capabilities: a change set shows what a macro makes, a stack does not."""
    formation, name = lab.client("cloudformation"), f"extended-{uuid.uuid4().hex[:8]}"
    template = {**EXTENDED, "Resources": {"Setting": setting("v")}}
    needed = "Requires capabilities : [CAPABILITY_AUTO_EXPAND]"
    assert refused(lab, template) == ("InsufficientCapabilitiesException", needed)
    more = {"ChangeSetName": "c", "ChangeSetType": "CREATE", "TemplateBody": json.dumps(template)}
    formation.create_change_set(StackName=name, **more)
    formation.delete_stack(StackName=name)
