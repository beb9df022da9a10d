"""A template of which no stack can come is refused at once, in AWS's words; and so are calls for what is not there.

Sources: CloudFormation API reference (CreateStack, CreateChangeSet, ExecuteChangeSet, CreateStackSet, "Common errors");
CloudFormation user guide, "Intrinsic function reference"; the sentences are those of AWS that users quote.
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

QUEUE = {"Type": "AWS::SQS::Queue"}


def unique() -> str:
    return f"refused-{uuid.uuid4().hex[:8]}"


def named(name: Any, **more: Any) -> dict[str, Any]:
    return {"A": {**QUEUE, "Properties": {"QueueName": name}}, **more}


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    error = caught.value.response["Error"]
    return error["Code"], error["Message"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"Resources": {}}, "Template format error: At least one Resources member must be defined."),
    ({"Resources": {"A": QUEUE}, "Foo": 1}, "Invalid template property or properties [Foo]"),
    ({"Resources": {"A-b": QUEUE}}, "Template format error: Resource name A-b is non alphanumeric."),
    (
        {"Resources": {"A": {"Type": "AWS::Nosuch::Thing"}}},
        "Template format error: Unrecognized resource types: [AWS::Nosuch::Thing]",
    ),
    (
        {"Resources": {"A": {**QUEUE, "Properties": [1]}}},
        "Template format error: [/Resources/A] resource definition is malformed",
    ),
    (
        {"Resources": {"A": {**QUEUE, "DependsOn": 5}}},
        "Template format error: [/Resources/A] resource definition is malformed",
    ),
    (
        {"Resources": named({"Ref": "B"}, B={**QUEUE, "Properties": {"QueueName": {"Fn::Sub": "${A}-b"}}})},
        "Circular dependency between resources: [A, B]",
    ),
    ({"Resources": {"A": {**QUEUE, "DependsOn": "A"}}}, "Circular dependency between resources: [A]"),
    (
        {"Resources": named({"Fn::Sub": "${Nope}-x"})},
        "Template format error: Unresolved resource dependencies [Nope] in the Resources block of the template",
    ),
    ({"Resources": named({"Ref": ["A"]})}, "Template error: every Ref object must have a single String value."),
    (
        {"Resources": named({"Fn::GetAtt": 5})},
        "Template error: every Fn::GetAtt object requires two non-empty parameters, the resource name and the resource "
        "attribute",
    ),
    (
        {"Resources": named({"Fn::Join": "x"})},
        "Template error: every Fn::Join object requires two parameters, (1) a string delimiter and (2) a list of "
        "strings to be joined or a function that returns a list of strings (such as Fn::GetAZs) to be joined.",
    ),
    (
        {"Resources": named({"Fn::If": ["C", 1, 2]})},
        "Template error: unresolved condition dependency C in Fn::If",
    ),
    ({"Resources": named({"Fn::FindInMap": ["M", "a", "b"]})}, "Template error: Unable to get mapping for M::a::b"),
    (
        {"Conditions": {"C": {"Fn::Foo": [1, 2]}}, "Resources": {"A": QUEUE}},
        "Template format error: Conditions can only be boolean operations on parameters and other conditions",
    ),
    (
        {"Conditions": {"C": {"Fn::Equals": [{"Ref": "A"}, 1]}}, "Resources": {"A": QUEUE}},
        "Template format error: Unresolved dependencies [A]. Cannot reference resources in the Conditions block of the "
        "template",
    ),
    (
        {"Parameters": {"P": {"Type": "Foo"}}, "Resources": {"A": QUEUE}},
        "Template format error: Unrecognized parameter type: Foo",
    ),
]


@pytest.mark.parametrize(("template", "said"), REFUSED)
def test_templates_refused(lab: RunningLab, template: dict[str, Any], said: str) -> None:
    formation, name = lab.client("cloudformation"), unique()
    body = {"TemplateBody": json.dumps(template)}
    calls: list[tuple[Any, dict[str, str]]] = [
        (formation.create_stack, {"StackName": name}),
        (formation.create_change_set, {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE"}),
        (formation.create_stack_set, {"StackSetName": name}),
        (formation.validate_template, {}),
        (formation.get_template_summary, {}),
    ]
    for call, more in calls:
        assert refused(call, **body, **more) == ("ValidationError", said)
    assert name not in {stack["StackName"] for stack in formation.list_stacks()["StackSummaries"]}


@pytest.mark.parametrize(
    "condition",
    ["x", {"Fn::Not": [{"Condition": "C"}]}, {"Fn::Equals": []}, {"Condition": "D"}, {"Fn::And": [1]}],
)
def test_conditions_that_are_none(lab: RunningLab, condition: Any) -> None:
    template = {"Conditions": {"C": condition}, "Resources": {"A": QUEUE}}
    create = lab.client("cloudformation").create_stack
    code, said = refused(create, StackName=unique(), TemplateBody=json.dumps(template))
    assert (code, said[:21]) == ("ValidationError", "Template format error")


@pytest.mark.parametrize(
    ("parameter", "given", "said"),
    [
        ({"Type": "String"}, [], "Parameters: [P] must have values"),
        ({"Type": "String"}, [("P", "1"), ("Z", "1")], "Parameters: [Z] do not exist in the template"),
        ({"Type": "Number", "Default": "x"}, [], "Parameter 'P' must be a number."),
        ({"Type": "String", "AllowedValues": ["a"]}, [("P", "b")], "Parameter 'P' must be one of AllowedValues"),
        (
            {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/none"},
            [],
            "Unable to fetch parameters [/none] from parameter store for this account.",
        ),
    ],
)
def test_values_refused(lab: RunningLab, parameter: dict[str, Any], given: list[tuple[str, str]], said: str) -> None:
    template = {"Parameters": {"P": parameter}, "Resources": {"A": QUEUE}}
    values = [{"ParameterKey": key, "ParameterValue": value} for key, value in given]
    create = lab.client("cloudformation").create_stack
    answer = refused(create, StackName=unique(), TemplateBody=json.dumps(template), Parameters=values)
    assert answer == ("ValidationError", said)


def test_previous_value_of_nothing(lab: RunningLab) -> None:
    template = {"Parameters": {"P": {"Type": "String"}}, "Resources": {"A": QUEUE}}
    formation = lab.client("cloudformation")
    more = {"ChangeSetName": "c", "ChangeSetType": "CREATE"}
    for call, arguments in ((formation.create_stack, {}), (formation.create_change_set, more)):
        values = [{"ParameterKey": "P", "UsePreviousValue": True}]
        code, said = refused(
            call, StackName=unique(), TemplateBody=json.dumps(template), Parameters=values, **arguments
        )
        assert code == "ValidationError"
        assert said.endswith("usePreviousValue as true for a parameter key not in the previous template")


def test_iam_asks_for_capabilities(lab: RunningLab) -> None:
    """CreateStack, API reference, Capabilities; the sentence as users quote it."""
    formation = lab.client("cloudformation")
    for properties, needed in (({}, "CAPABILITY_IAM"), ({"RoleName": unique()}, "CAPABILITY_NAMED_IAM")):
        role = {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": {}, **properties}}
        body = json.dumps({"Resources": {"R": role}})
        answer = refused(formation.create_stack, StackName=unique(), TemplateBody=body)
        assert answer == ("InsufficientCapabilitiesException", f"Requires capabilities : [{needed}]")
        formation.create_stack(StackName=unique(), TemplateBody=body, Capabilities=[needed])


def test_calls_for_what_is_not_there(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), unique()
    template = json.dumps({"Resources": {"A": QUEUE}})
    where = {"StackInstanceAccount": lab.facts["account_id"], "StackInstanceRegion": "us-east-1"}
    assert refused(formation.describe_stacks, NextToken="q")[0] == "ValidationError"
    assert refused(formation.update_stack, StackName=name, TemplateBody=template)[0] == "ValidationError"
    assert refused(formation.delete_change_set, StackName=name, ChangeSetName="c")[0] == "ChangeSetNotFound"
    assert refused(formation.execute_change_set, StackName=name, ChangeSetName="c")[0] == "ChangeSetNotFound"
    assert refused(formation.describe_stack_set, StackSetName=name)[0] == "StackSetNotFoundException"
    formation.create_stack_set(StackSetName=name, TemplateBody=template)
    told = refused(formation.describe_stack_instance, StackSetName=name, **where)
    assert told[0] == "StackInstanceNotFoundException"
    assert refused(formation.create_stack_set, StackSetName=name, TemplateBody=template)[0] == (
        "NameAlreadyExistsException"
    )
