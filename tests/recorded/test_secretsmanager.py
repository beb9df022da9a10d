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


def secret_versions(replay: Replay) -> None:
    client, name = create_secret(replay)
    secret = {"SecretId": name}
    value = {**named(name), "SecretString": "s", "VersionId": "<first>", "VersionStages": ["AWSCURRENT"]}
    current = {**value, "CreatedDate": datetime}
    replay.call("first", client.get_secret_value, secret, current)
    for step, stages in (("samples", ["SAMPLESTAGE0", "SAMPLESTAGE1"]), ("pending", ["AWSPENDING"])):
        ask = {**secret, "SecretString": step, "VersionStages": stages, "ClientRequestToken": str(uuid.uuid4())}
        told = {**named(name), "VersionId": ask["ClientRequestToken"], "VersionStages": stages}
        replay.call(f"put {step}", client.put_secret_value, ask, told)
        replay.call(f"first after {step}", client.get_secret_value, secret, current)
    first = client.get_secret_value(**secret)["VersionId"]
    moved = {
        **secret,
        "VersionStage": "AWSCURRENT",
        "RemoveFromVersionId": first,
        "MoveToVersionId": ask["ClientRequestToken"],
    }
    replay.call("move", client.update_secret_version_stage, moved, named(name))
    said = "You provided a VersionStage that is not associated to the provided VersionId."
    wrong = {**secret, "VersionId": ask["ClientRequestToken"], "VersionStage": "AWSPREVIOUS"}
    mismatch = secret_refusal("InvalidRequestException", said)
    replay.call("mismatch", client.get_secret_value, wrong, mismatch)
    binary = {"SecretBinary": b"footest", "ClientRequestToken": str(uuid.uuid4())}
    told = {**named(name), "VersionId": binary["ClientRequestToken"], "VersionStages": ["AWSCURRENT"]}
    replay.call("put binary", client.put_secret_value, {**secret, **binary}, told)
    told = {**told, "SecretBinary": b"footest", "CreatedDate": datetime}
    replay.call("binary", client.get_secret_value, secret, told)


def secret_descriptions(replay: Replay) -> None:
    client, name = create_secret(replay)
    secret = {"SecretId": name}
    dates = {"CreatedDate": datetime, "LastChangedDate": datetime}
    stages = {"VersionIdsToStages": {first_version(client, name): ["AWSCURRENT"]}}
    replay.call("describe", client.describe_secret, secret, {**named(name), **dates, **stages})
    ask = {**secret, "Description": "MyDescription"}
    replay.call("update", client.update_secret, ask, named(name))
    described = {**named(name), **dates, **stages, "Description": "MyDescription"}
    replay.call("described", client.describe_secret, secret, described)
    former = first_version(client, name)
    ask = {**secret, "SecretString": "new", "ClientRequestToken": str(uuid.uuid4())}
    replay.call("update value", client.update_secret, ask, {**named(name), "VersionId": ask["ClientRequestToken"]})
    stages = {"VersionIdsToStages": {former: ["AWSPREVIOUS"], ask["ClientRequestToken"]: ["AWSCURRENT"]}}
    replay.call("two versions", client.describe_secret, secret, {**described, **stages})


def empty_and_deleted_secrets(replay: Replay) -> None:
    client, name = replay.client("secretsmanager"), replay.unique("empty")
    secret = {"SecretId": name}
    dates = {"CreatedDate": datetime, "LastChangedDate": datetime}
    replay.call("create", client.create_secret, {"Name": name}, named(name))
    replay.call("describe", client.describe_secret, secret, {**named(name), **dates})
    said = "Secrets Manager can't find the specified secret value for staging label: AWSCURRENT"
    replay.call("value", client.get_secret_value, secret, secret_refusal("ResourceNotFoundException", said))
    ask = {**secret, "SecretString": "s", "ClientRequestToken": str(uuid.uuid4())}
    told = {**named(name), "VersionId": ask["ClientRequestToken"], "VersionStages": ["AWSCURRENT"]}
    replay.call("put", client.put_secret_value, ask, told)
    said = "No Lambda rotation function ARN is associated with this secret."
    token = {"ClientRequestToken": str(uuid.uuid4())}
    answer = secret_refusal("InvalidRequestException", said)
    replay.call("rotate", client.rotate_secret, {**secret, **token}, answer)
    deleted = {**named(name), "DeletionDate": datetime}
    replay.call("delete", client.delete_secret, secret, deleted)
    stages = {"VersionIdsToStages": {ask["ClientRequestToken"]: ["AWSCURRENT"]}}
    described = {**named(name), **dates, **stages, "DeletedDate": datetime}
    replay.call("describe deleted", client.describe_secret, secret, described)
    marked = secret_refusal(
        "InvalidRequestException",
        "You can't perform this operation on the secret because it was marked for deletion.",
    )
    tags = {**secret, "Tags": [{"Key": "a", "Value": "1"}]}
    replay.call("tag deleted", client.tag_resource, tags, marked)
    replay.call("untag deleted", client.untag_resource, {**secret, "TagKeys": ["a"]}, marked)
    said = "You can't create this secret because a secret with this name is already scheduled for deletion."
    again = {"Name": name, "SecretString": "s", **token}
    answer = secret_refusal("InvalidRequestException", said)
    replay.call("create deleted", client.create_secret, again, answer)
    replay.call("restore", client.restore_secret, secret, named(name))
    client.delete_secret(**secret)
    replay.call("force", client.delete_secret, {**secret, "ForceDeleteWithoutRecovery": True}, deleted)
    said = "Invalid name. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!"
    wrong = {"Name": "Inv Name", "SecretString": "s", **token}
    replay.call("name", client.create_secret, wrong, refusal("ValidationException", said))


def first_version(client: Any, name: str) -> str:
    return str(client.get_secret_value(SecretId=name)["VersionId"])


def test_secrets_manager_answers_as_aws(lab: RunningLab) -> None:
    scenarios = [secrets_not_found, secrets_exist, secrets_tags_and_policies]
    scenarios += [secret_versions, secret_descriptions, empty_and_deleted_secrets]
    assert_agreement(lab, scenarios, {})
