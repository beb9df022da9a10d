"""People of a lab with policies of their own, and whether they may do something."""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.conftest import RunningLab

ACCOUNT = "123456789012"
Statement = dict[str, Any]


def allow(action: str | list[str], resource: str | list[str] = "*", **elements: Any) -> Statement:
    return {"Effect": "Allow", "Action": action, "Resource": resource, **elements}


def deny(action: str | list[str], resource: str | list[str] = "*", **elements: Any) -> Statement:
    return {"Effect": "Deny", "Action": action, "Resource": resource, **elements}


def document(*statements: Statement) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def trust(*more: str, **principal: Any) -> str:
    """A trust policy; *more* are actions besides sts:AssumeRole."""
    actions = ["sts:AssumeRole", *more] if more else "sts:AssumeRole"
    return document({"Effect": "Allow", "Principal": principal, "Action": actions})


@dataclass
class Person:
    """Somebody with keys: ``arn`` is who he is for the lab."""

    lab: RunningLab
    name: str
    arn: str
    keys: dict[str, str]

    def client(self, service: str, **overrides: Any) -> Any:
        return self.lab.fresh_client(service, **{**self.keys, **overrides})


def unique(prefix: str) -> str:
    return f"{prefix}-{uuid.uuid4().hex[:10]}"


def user(lab: RunningLab, *statements: Statement, name: str = "", boundary: Sequence[Statement] = ()) -> Person:
    """A new user with an inline policy of *statements*, bounded by a policy of *boundary*."""
    iam, name = lab.client("iam"), name or unique("user")
    made = iam.create_user(UserName=name)["User"]
    if statements:
        iam.put_user_policy(UserName=name, PolicyName="own", PolicyDocument=document(*statements))
    if boundary:
        arn = iam.create_policy(PolicyName=f"{name}-limit", PolicyDocument=document(*boundary))["Policy"]["Arn"]
        iam.put_user_permissions_boundary(UserName=name, PermissionsBoundary=arn)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    return Person(lab, name, made["Arn"], keys)


def role(lab: RunningLab, trusted: str, *statements: Statement) -> str:
    """The ARN of a new role with an inline policy of *statements*, for whom the document *trusted* names."""
    iam, name = lab.client("iam"), unique("role")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trusted)["Role"]["Arn"]
    if statements:
        iam.put_role_policy(RoleName=name, PolicyName="own", PolicyDocument=document(*statements))
    return arn


def session(by: Any, role_arn: str, lab: RunningLab, **options: Any) -> Person:
    """A session of the role, taken with the STS client *by*."""
    answer = by.assume_role(RoleArn=role_arn, RoleSessionName="run-1", **options)
    given = answer["Credentials"]
    keys = {
        "aws_access_key_id": given["AccessKeyId"],
        "aws_secret_access_key": given["SecretAccessKey"],
        "aws_session_token": given["SessionToken"],
    }
    return Person(lab, "run-1", answer["AssumedRoleUser"]["Arn"], keys)


def said(call: Any, **parameters: Any) -> tuple[str, str]:
    """The code and the message of what is said against a call; empty if nothing."""
    try:
        call(**parameters)
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"]["Message"]
    return "", ""


#: Codes by which services say that somebody may not (IAM user guide, "Troubleshoot access denied error messages").
REFUSALS = {"AccessDenied", "AccessDeniedException", "AuthorizationError", "UnauthorizedOperation", "403"}


def refusal(work: Any, *arguments: Any, **named: Any) -> str:
    """Why *work* is refused; "" if it is done. Any other error is the test's."""
    try:
        work(*arguments, **named)
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSALS:
            raise
        return str(error.response["Error"]["Message"])
    return ""
