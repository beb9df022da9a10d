"""Roles that services work with in tests that are about something else: they may do everything."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import RunningLab

#: Those to whom the tests give roles.
_SERVICES = [
    f"{name}.amazonaws.com" for name in ("athena", "dms", "events", "firehose", "glue", "lambda", "logs", "states")
]
_TRUSTED = {"Service": _SERVICES, "AWS": "123456789012"}
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": _TRUSTED, "Action": ["sts:AssumeRole", "sts:TagSession"]}],
    }
)
#: As whom services act by themselves where a resource's policy lets them.
BY_THEMSELVES = ("events", "logs", "s3", "secretsmanager", "sns")
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def role(lab: RunningLab, name: str = "worker", client: Any = None) -> str:
    """The ARN of a role that services may take, made if it is not there."""
    iam = client or lab.client("iam")
    try:
        arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=TRUST)["Role"]["Arn"])
    except iam.exceptions.EntityAlreadyExistsException:
        return str(iam.get_role(RoleName=name)["Role"]["Arn"])
    iam.attach_role_policy(RoleName=name, PolicyArn=ADMINISTRATOR)
    return arn


def permit(lab: RunningLab, function: str, *services: str) -> None:
    """Let *services* invoke the function."""
    for service in services:
        lab.client("lambda").add_permission(
            FunctionName=function,
            StatementId=service,
            Action="lambda:InvokeFunction",
            Principal=f"{service}.amazonaws.com",
        )


def open_to_services(arn: str) -> str:
    """The policy of a queue to which *services* may send by themselves."""
    services = [f"{name}.amazonaws.com" for name in BY_THEMSELVES]
    statement = {"Effect": "Allow", "Principal": {"Service": services}, "Action": "sqs:SendMessage", "Resource": arn}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
