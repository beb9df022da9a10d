"""A template is data: whatever tags its YAML has, no code runs by it, and CloudFormation's own short forms work.

Source: CloudFormation user guide, "Template format: YAML" and "Intrinsic function reference".
"""

from __future__ import annotations

import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab


@pytest.fixture
def formation(lab: RunningLab) -> Any:
    return lab.client("cloudformation")


@pytest.mark.parametrize("call", ["create_stack", "validate_template", "get_template_summary", "create_change_set"])
@pytest.mark.parametrize("tag", ["!!python/object/apply:os.system", "!!python/object/new:os.system"])
def test_no_code_runs_by_a_template(formation: Any, tmp_path: Path, call: str, tag: str) -> None:
    ran = tmp_path / "ran"
    template = f'Description: {tag} ["touch {ran}"]\nResources:\n  Queue: {{Type: AWS::SQS::Queue}}\n'
    names = {
        "create_stack": {"StackName": f"attack-{uuid.uuid4().hex[:8]}"},
        "create_change_set": {
            "StackName": f"attack-{uuid.uuid4().hex[:8]}",
            "ChangeSetName": "c",
            "ChangeSetType": "CREATE",
        },
    }
    with pytest.raises(ClientError) as caught:
        getattr(formation, call)(TemplateBody=template, **names.get(call, {}))
    assert caught.value.response["Error"]["Code"] == "ValidationError"
    assert not ran.exists()


def test_short_forms_of_functions(formation: Any, lab: RunningLab) -> None:
    name = f"short-{uuid.uuid4().hex[:8]}"
    template = f"""
Parameters:
  Name: {{Type: String, Default: {name}}}
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties: {{QueueName: !Join ["-", [!Ref Name, queue]]}}
Outputs:
  Arn: {{Value: !GetAtt Queue.Arn}}
"""
    formation.create_stack(StackName=name, TemplateBody=template)
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    assert stack["Outputs"][0]["OutputValue"].endswith(f":{name}-queue")


QUEUE = '{"Resources": {"A": {"Type": "AWS::SQS::Queue"}}, '


@pytest.mark.parametrize(
    ("template", "said"),
    [
        ("{{{", "Template format error: JSON not well-formed. (line 1, column 3)"),
        ('{"this is invalid JSON"="bobbins"}', "Template format error: JSON not well-formed. (line 1, column 25)"),
        ("Resources: [", "Template format error: YAML not well-formed. (line 1, column 13)"),
        ("[" * 20_000, "Template format error: YAML not well-formed. (line 1, column 129)"),
        ('{"a":' * 5_000, "Template format error: JSON not well-formed."),
        ("- Resources", "Template format error: unsupported structure."),
        ("{}", "Template format error: At least one Resources member must be defined."),
        ('{"Resources": {"A": 1}}', "Template format error: Any Resources member must be an object."),
        (
            '{"Resources": {"A": {}}}',
            "Template format error: [/Resources/A] Every Resources object must contain a Type member.",
        ),
        (
            QUEUE + '"Outputs": {"B": {"Value": null}}}',
            "[/Outputs/B/Value] 'null' values are not allowed in templates",
        ),
        (
            QUEUE + '"Outputs": {"B": {}}}',
            "Template format error: Every Outputs member must contain a Value object",
        ),
        (
            '{"Resources": {"A": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": {"Ref": "Missing"}}}}}',
            "Template format error: Unresolved resource dependencies [Missing] in the Resources block of the template",
        ),
    ],
)
def test_templates_that_are_none(formation: Any, template: str, said: str) -> None:
    """AWS's sentences, as LocalStack's suite recorded them (test_validations, test_templates); no stack comes of it."""
    name = f"none-{uuid.uuid4().hex[:8]}"
    calls: list[tuple[Any, dict[str, str]]] = [
        (formation.create_stack, {"StackName": name}),
        (formation.create_change_set, {"StackName": name, "ChangeSetName": "c", "ChangeSetType": "CREATE"}),
        (formation.validate_template, {}),
        (formation.get_template_summary, {}),
    ]
    for call, more in calls:
        with pytest.raises(ClientError) as caught:
            call(TemplateBody=template, **more)
        error = caught.value.response["Error"]
        assert (error["Code"], error["Message"]) == ("ValidationError", said)
    assert name not in {stack["StackName"] for stack in formation.list_stacks()["StackSummaries"]}


def test_validate_template_tells_the_parameters(formation: Any) -> None:
    """ValidateTemplate, API reference, "TemplateParameter"."""
    template = (
        "Description: d\nParameters: {Key: {Type: String, Default: x, NoEcho: true, Description: k}}\n"
        "Resources: {Queue: {Type: AWS::SQS::Queue}}\n"
    )
    answer = formation.validate_template(TemplateBody=template)
    told = {"ParameterKey": "Key", "DefaultValue": "x", "NoEcho": True, "Description": "k"}
    assert (answer["Description"], answer["Parameters"]) == ("d", [told])


def test_cidr(lab: RunningLab, formation: Any) -> None:
    """Intrinsic function reference, Fn::Cidr: 8 subnet bits are blocks of 256 addresses."""
    name = f"blocks-{uuid.uuid4().hex[:8]}"
    template = """
Resources:
  Network: {Type: AWS::EC2::VPC, Properties: {CidrBlock: 10.9.0.0/16}}
  Part:
    Type: AWS::EC2::Subnet
    Properties:
      VpcId: !Ref Network
      CidrBlock: !Select [1, !Cidr [!GetAtt Network.CidrBlock, 2, 8]]
"""
    formation.create_stack(StackName=name, TemplateBody=template)
    found = formation.describe_stack_resources(StackName=name)["StackResources"]
    [part] = [each["PhysicalResourceId"] for each in found if each["LogicalResourceId"] == "Part"]
    assert lab.client("ec2").describe_subnets(SubnetIds=[part])["Subnets"][0]["CidrBlock"] == "10.9.1.0/24"
    formation.delete_stack(StackName=name)


def test_first_call_compiles_no_grammar() -> None:
    """The first call of CloudFormation imports all that moto can make; a grammar of IRIs took a third of that time."""
    code = (
        "import sys; from localaws.engines import Installer; Installer(None); import moto.apigateway.models; "
        "print('jsonschema' in sys.modules, 'rfc3987_syntax.syntax_helpers' in sys.modules)"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60)
    assert ran.stdout.split() == ["True", "False"]
