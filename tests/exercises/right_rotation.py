"""Right answers to the exercise of 06_security on rotation."""

from __future__ import annotations

import json
import secrets as chance
from typing import Any

import boto3

Event = dict[str, str]


class Rotation:
    """The steps as methods, called by their names; a client of DynamoDB."""

    def __init__(self, event: Event) -> None:
        self.secrets, self.dynamodb = boto3.client("secretsmanager"), boto3.client("dynamodb")
        self.secret, self.token = event["SecretId"], event["ClientRequestToken"]

    def value(self, stage: str) -> dict[str, str]:
        found = self.secrets.get_secret_value(SecretId=self.secret, VersionStage=stage)
        return dict(json.loads(found["SecretString"]))

    def create_secret(self) -> None:
        try:
            self.secrets.get_secret_value(SecretId=self.secret, VersionId=self.token)
        except self.secrets.exceptions.ResourceNotFoundException:
            new = {**self.value("AWSCURRENT"), "password": chance.token_urlsafe(30)}
            self.secrets.put_secret_value(
                SecretId=self.secret,
                ClientRequestToken=self.token,
                SecretString=json.dumps(new, indent=1),
                VersionStages=["AWSPENDING"],
            )

    def set_secret(self) -> None:
        pending = self.value("AWSPENDING")
        self.dynamodb.update_item(
            TableName=pending["table"],
            Key={"user": {"S": pending["user"]}},
            UpdateExpression="SET password = :new",
            ExpressionAttributeValues={":new": {"S": pending["password"]}},
        )

    def test_secret(self) -> None:
        pending = self.value("AWSPENDING")
        item = self.dynamodb.get_item(TableName=pending["table"], Key={"user": {"S": pending["user"]}})["Item"]
        assert item["password"] == {"S": pending["password"]}

    def finish_secret(self) -> None:
        for version, stages in self.secrets.describe_secret(SecretId=self.secret)["VersionIdsToStages"].items():
            if "AWSCURRENT" in stages and version != self.token:
                self.secrets.update_secret_version_stage(
                    SecretId=self.secret,
                    VersionStage="AWSCURRENT",
                    MoveToVersionId=self.token,
                    RemoveFromVersionId=version,
                )


def by_methods(event: Event, context: Any) -> str:
    steps = {"createSecret": "create_secret", "setSecret": "set_secret", "testSecret": "test_secret"}
    getattr(Rotation(event), steps.get(event["Step"], "finish_secret"))()
    return "done"


def whose_passwords_follow_from_the_token(event: Event, context: Any) -> None:
    """Puts the same value when it is called again, which Secrets Manager takes as done."""
    rotation, step = Rotation(event), event["Step"]
    if step == "createSecret":
        old = rotation.value("AWSCURRENT")
        new = json.dumps({**old, "password": event["ClientRequestToken"]})
        where = {"SecretId": rotation.secret, "ClientRequestToken": rotation.token}
        rotation.secrets.put_secret_value(**where, SecretString=new, VersionStages=["AWSPENDING"])
    elif step == "setSecret":
        rotation.set_secret()
    elif step == "testSecret":
        rotation.test_secret()
    else:
        rotation.finish_secret()


RIGHT: dict[str, list[Any]] = {"rotation": [(by_methods,), (whose_passwords_follow_from_the_token,)]}
