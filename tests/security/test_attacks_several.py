"""What names several resources in one call is refused if one of them is denied, and no batch gets what a call does not.

Sources: service authorization reference of each service (resource types of the action); Secrets Manager API reference,
BatchGetSecretValue.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.security.people import ACCOUNT, allow, deny, unique, user

HERE = f"us-east-1:{ACCOUNT}"
QUERY = {"queryString": "limit 1", "startTime": 0, "endTime": 1}
#: Service, operation, parameters with the denied name in {0} and a harmless one beside it, and the denied ARN.
SEVERAL: list[tuple[str, str, dict[str, Any], str]] = [
    ("cloudwatch", "delete_alarms", {"AlarmNames": ["harmless", "{0}"]}, f"arn:aws:cloudwatch:{HERE}:alarm:{{0}}"),
    ("cloudwatch", "disable_alarm_actions", {"AlarmNames": ["{0}"]}, f"arn:aws:cloudwatch:{HERE}:alarm:{{0}}"),
    ("cloudwatch", "delete_dashboards", {"DashboardNames": ["{0}"]}, f"arn:aws:cloudwatch::{ACCOUNT}:dashboard/{{0}}"),
    ("ec2", "terminate_instances", {"InstanceIds": ["i-0123456789abcdef0"]}, f"arn:aws:ec2:{HERE}:instance/i-0*"),
    ("ssm", "get_parameters", {"Names": ["harmless", "{0}"]}, f"arn:aws:ssm:{HERE}:parameter/{{0}}"),
    ("ssm", "get_parameters", {"Names": ["/of/{0}"]}, f"arn:aws:ssm:{HERE}:parameter/of/{{0}}"),
    ("ssm", "get_parameters_by_path", {"Path": "/of/{0}/"}, f"arn:aws:ssm:{HERE}:parameter/of/{{0}}"),
    ("ssm", "delete_parameters", {"Names": ["{0}"]}, f"arn:aws:ssm:{HERE}:parameter/{{0}}"),
    ("glue", "batch_get_jobs", {"JobNames": ["harmless", "{0}"]}, f"arn:aws:glue:{HERE}:job/{{0}}"),
    ("glue", "batch_delete_table", {"DatabaseName": "d", "TablesToDelete": ["a", "{0}"]},
     f"arn:aws:glue:{HERE}:table/d/{{0}}"),
    ("logs", "start_query", {**QUERY, "logGroupNames": ["harmless", "{0}"]}, f"arn:aws:logs:{HERE}:log-group:{{0}}*"),
]  # fmt: skip


def filled(value: Any, name: str) -> Any:
    if isinstance(value, dict):
        return {key: filled(each, name) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, name) for each in value]
    return value.format(name) if isinstance(value, str) else value


@pytest.mark.parametrize(("service", "operation", "parameters", "arn"), SEVERAL, ids=lambda each: str(each)[:30])
def test_one_that_is_denied_refuses_all(
    lab: RunningLab, service: str, operation: str, parameters: dict[str, Any], arn: str
) -> None:
    name = unique("denied")
    who = user(lab, allow("*"), deny("*", arn.format(name)))
    with pytest.raises(ClientError, match=r"explicit deny|UnauthorizedOperation"):
        getattr(who.client(service), operation)(**filled(parameters, name))
    if service != "ec2":  # where the denied id is always the same
        named = filled(parameters, unique("other"))
        try:
            getattr(who.client(service), operation)(**named)
        except ClientError as error:  # there is no such thing, which is no refusal
            assert "explicit deny" not in str(error)


def test_a_batch_of_secrets_tells_those_that_one_may_get_alone(lab: RunningLab) -> None:
    secrets = lab.client("secretsmanager")
    mine, other = (secrets.create_secret(Name=unique("secret"), SecretString="s") for _ in range(2))
    who = user(lab, allow("secretsmanager:*"), deny("secretsmanager:GetSecretValue", other["ARN"]))
    asked = {"SecretIdList": [mine["Name"], other["Name"]]}
    told = who.client("secretsmanager").batch_get_secret_value(**asked)
    assert [each["Name"] for each in told["SecretValues"]] == [mine["Name"]]
    [error] = told["Errors"]
    assert (error["SecretId"], error["ErrorCode"]) == (other["ARN"], "AccessDeniedException")
    assert "explicit deny" in error["Message"]
    bare = user(lab, allow("secretsmanager:BatchGetSecretValue"))
    assert bare.client("secretsmanager").batch_get_secret_value(**asked)["SecretValues"] == []
