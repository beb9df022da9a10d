"""A template takes values from Systems Manager and Secrets Manager where it says ``{{resolve:…}}``.

Source: CloudFormation user guide, "Get values stored in other services using dynamic references".
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest

from tests.conftest import RunningLab


def setting(value: Any) -> dict[str, Any]:
    return {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": value}}


def made(lab: RunningLab, resources: dict[str, Any]) -> tuple[str, str | None]:
    """The value of the parameter that the stack made as ``Setting``, or why that failed."""
    formation, name = lab.client("cloudformation"), f"refers-{uuid.uuid4().hex[:8]}"
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    ids = [e["PhysicalResourceId"] for e in events if e["LogicalResourceId"] == "Setting"]
    value = None if failed else lab.client("ssm").get_parameter(Name=ids[0])["Parameter"]["Value"]
    formation.delete_stack(StackName=name)
    return "".join(failed), value


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("{{resolve:ssm:NAME}}", "second"),
        ("{{resolve:ssm:NAME:1}}", "first"),
        ("host={{resolve:ssm:NAME}};{{resolve:ssm:NAME:1}}", "host=second;first"),
        ("{{resolve:ssm-secure:NAME-secure}}", "hidden"),
        ("{{resolve:secretsmanager:NAME}}", '{"user": "etl", "password": "s3cret"}'),
        ("{{resolve:secretsmanager:NAME:SecretString:password}}", "s3cret"),
        ("{{resolve:secretsmanager:NAME:SecretString:password:AWSPREVIOUS}}", "old"),
        ("{{resolve:secretsmanager:ARN:SecretString:user}}", "etl"),
    ],
)
def test_references(lab: RunningLab, reference: str, value: str) -> None:
    ssm, secrets, name = lab.client("ssm"), lab.client("secretsmanager"), f"refers-{uuid.uuid4().hex[:8]}"
    for each in ("first", "second"):
        ssm.put_parameter(Name=name, Type="String", Value=each, Overwrite=each == "second")
    ssm.put_parameter(Name=f"{name}-secure", Type="SecureString", Value="hidden")
    arn = secrets.create_secret(Name=name, SecretString=json.dumps({"password": "old"}))["ARN"]
    secrets.put_secret_value(SecretId=name, SecretString=json.dumps({"user": "etl", "password": "s3cret"}))
    text = reference.replace("NAME", name).replace("ARN", arn)
    assert made(lab, {"Setting": setting(text)}) == ("", value)


def test_a_secret_of_the_same_template(lab: RunningLab) -> None:
    """A password that nobody has read."""
    generated = {"SecretStringTemplate": '{"user": "etl"}', "GenerateStringKey": "password", "PasswordLength": 24}
    secret = {"Type": "AWS::SecretsManager::Secret", "Properties": {"GenerateSecretString": generated}}
    text = {"Fn::Sub": "{{resolve:secretsmanager:${Secret}:SecretString:password}}"}
    _, value = made(lab, {"Secret": secret, "Setting": setting(text)})
    assert value is not None and len(value) == 24


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("{{resolve:ssm:none}}", "none"),
        ("{{resolve:secretsmanager:none}}", "Secrets Manager can't find the specified secret."),
        ("{{resolve:secretsmanager:NAME:SecretString:nope}}", "Could not find a value associated with JSONKey"),
        ("{{resolve:secretsmanager:NAME:SecretBinary}}", "Secrets Manager has no SecretBinary"),
    ],
)
def test_references_to_nothing(lab: RunningLab, reference: str, said: str) -> None:
    name = f"refers-{uuid.uuid4().hex[:8]}"
    lab.client("secretsmanager").create_secret(Name=name, SecretString="{}")
    failed, _ = made(lab, {"Setting": setting(reference.replace("NAME", name))})
    assert said in failed
