"""Secrets Manager answers as AWS answered LocalStack's suite (test_secretsmanager)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Json, Replay, assert_agreement, refusal


def secret_refusal(code: str, message: str) -> Answer:
    return refusal(code, message, Message=message)


def named(name: str) -> Answer:
    return {"ARN": f"arn:aws:secretsmanager:<region>:<account>:secret:{name}-<suffix>", "Name": name}


def create_secret(replay: Replay) -> tuple[Any, str]:
    client = replay.client("secretsmanager")
    name = replay.unique("secret")
    arguments = {"Name": name, "SecretString": "s", "ClientRequestToken": str(uuid.uuid4())}
    replay.call(
        "create", client.create_secret, arguments, {**named(name), "VersionId": arguments["ClientRequestToken"]}
    )
    return client, name


def secrets_not_found(replay: Replay) -> None:
    client = replay.client("secretsmanager")
    answer = secret_refusal("ResourceNotFoundException", "Secrets Manager can't find the specified secret.")
    ask = {"SecretId": replay.unique("none")}
    replay.call("value", client.get_secret_value, ask, answer)
    replay.call("versions", client.list_secret_version_ids, ask, answer)
    replay.call("describe", client.describe_secret, ask, answer)


def secrets_exist(replay: Replay) -> None:
    client, name = create_secret(replay)
    said = f"The operation failed because the secret {name} already exists."
    again = {"Name": name, "SecretString": "t"}
    replay.call("again", client.create_secret, again, secret_refusal("ResourceExistsException", said))
    value = {**named(name), "SecretString": "s", "VersionId": "<version>", "VersionStages": ["AWSCURRENT"]}
    replay.call("value", client.get_secret_value, {"SecretId": name}, {**value, "CreatedDate": datetime})
    said = "Secrets Manager can't find the specified secret value for staging label: AWSPREVIOUS"
    ask = {"SecretId": name, "VersionStage": "AWSPREVIOUS"}
    replay.call("previous", client.get_secret_value, ask, secret_refusal("ResourceNotFoundException", said))
    version = "11111111-1111-4111-8111-111111111111"
    said = f"Secrets Manager can't find the specified secret value for VersionId: {version}"
    ask = {"SecretId": name, "VersionId": version}
    replay.call("version", client.get_secret_value, ask, secret_refusal("ResourceNotFoundException", said))
    replay.call("delete", client.delete_secret, {"SecretId": name}, {**named(name), "DeletionDate": datetime})


def secrets_tags_and_policies(replay: Replay) -> None:
    client, name = create_secret(replay)
    replay.call("tag", client.tag_resource, {"SecretId": name, "Tags": [{"Key": "a", "Value": "1"}]}, {})
    replay.call("untag", client.untag_resource, {"SecretId": name, "TagKeys": ["a"]}, {})
    statement = {"Effect": "Allow", "Principal": "*", "Action": "secretsmanager:GetSecretValue", "Resource": "*"}
    text = '{"Version": "2012-10-17", "Statement": [%s]}'
    policy = text % str(statement).replace("'", '"')
    replay.call("put", client.put_resource_policy, {"SecretId": name, "ResourcePolicy": policy}, named(name))
    kept = {**named(name), "ResourcePolicy": Json({"Version": "2012-10-17", "Statement": [statement]})}
    replay.call("get", client.get_resource_policy, {"SecretId": name}, kept)


def test_secrets_manager_answers_as_aws(lab: RunningLab) -> None:
    assert_agreement(lab, [secrets_not_found, secrets_exist, secrets_tags_and_policies], {})
