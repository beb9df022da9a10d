"""Rules hold the values of parameters to each other, before anything is made.

Source: CloudFormation user guide, "Rules syntax" and "Rule functions".
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

PARAMETERS = {
    "Stage": {"Type": "String", "Default": "test"},
    "Size": {"Type": "String", "Default": "small"},
    "Zones": {"Type": "CommaDelimitedList", "Default": "a,b"},
}


def template(assertion: Any) -> str:
    """In production an *assertion* must hold."""
    rule = {
        "RuleCondition": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]},
        "Assertions": [{"Assert": assertion, "AssertDescription": "too small for production"}],
    }
    resources = {"Queue": {"Type": "AWS::SQS::Queue"}}
    return json.dumps({"Parameters": PARAMETERS, "Rules": {"Big": rule}, "Resources": resources})


def values(**given: str) -> list[dict[str, str]]:
    return [{"ParameterKey": key, "ParameterValue": value} for key, value in given.items()]


@pytest.mark.parametrize(
    ("assertion", "good", "bad"),
    [
        ({"Fn::Contains": [["large", "huge"], {"Ref": "Size"}]}, {"Size": "huge"}, {"Size": "small"}),
        ({"Fn::EachMemberIn": [{"Ref": "Zones"}, ["a", "b"]]}, {"Zones": "b"}, {"Zones": "a,c"}),
        ({"Fn::EachMemberEquals": [{"Ref": "Zones"}, "a"]}, {"Zones": "a, a"}, {"Zones": "a,b"}),
        ({"Fn::Not": [{"Fn::Equals": [{"Ref": "Size"}, "small"]}]}, {"Size": "huge"}, {"Size": "small"}),
        (
            {
                "Fn::Or": [
                    {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-west-1"]},
                    {"Fn::Equals": [{"Ref": "Size"}, "huge"]},
                ]
            },
            {"Size": "huge"},
            {"Size": "small"},
        ),
    ],
)
def test_rules(lab: RunningLab, assertion: Any, good: dict[str, str], bad: dict[str, str]) -> None:
    formation, name = lab.client("cloudformation"), f"ruled-{uuid.uuid4().hex[:8]}"
    body = {"StackName": name, "TemplateBody": template(assertion)}
    with pytest.raises(ClientError, match="too small for production") as caught:
        formation.create_stack(**body, Parameters=values(Stage="prod", **bad))
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    formation.create_stack(**body, Parameters=values(Stage="test", **bad))
    with pytest.raises(ClientError, match="too small for production"):
        formation.update_stack(**body, Parameters=values(Stage="prod", **bad))
    formation.update_stack(**body, Parameters=values(Stage="prod", **good))
    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "UPDATE_COMPLETE"
    formation.delete_stack(StackName=name)


@pytest.mark.parametrize(
    ("assertion", "said"),
    [
        ({"Fn::ValueOf": ["Size", "x"]}, "this lab does not work out Fn::ValueOf in a rule"),
        ({"Fn::Equals": ["a"]}, "Fn::Equals in a rule takes two arguments"),
        ({"Fn::Equals": [{"Ref": "Queue"}, "a"]}, "a rule refers to parameters alone"),
        ("true", "a rule takes one function that is true or false"),
    ],
)
def test_what_is_no_rule(lab: RunningLab, assertion: Any, said: str) -> None:
    create, name = lab.client("cloudformation").create_stack, f"ruled-{uuid.uuid4().hex[:8]}"
    with pytest.raises(ClientError, match=said):
        create(StackName=name, TemplateBody=template(assertion), Parameters=values(Stage="prod"))
