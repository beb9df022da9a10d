"""An exercise on rotation: four steps that Secrets Manager calls, while a client goes on working with the secret."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dehelpers.exercises.checks.part06.part import PART
from dehelpers.exercises.checks.resources import unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

USER = "loader"
STEPS = ("createSecret", "setSecret", "testSecret", "finishSecret")


@dataclass(frozen=True)
class _Scene:
    """A secret, and the table of passwords that the server compares with."""

    secret: str
    table: str

    def on_server(self) -> str:
        item = client("dynamodb").get_item(TableName=self.table, Key={"user": {"S": USER}})["Item"]
        return str(item["password"]["S"])

    def set_on_server(self, password: str) -> None:
        item = {"user": {"S": USER}, "password": {"S": password}}
        client("dynamodb").put_item(TableName=self.table, Item=item)

    def version(self, **which: str) -> dict[str, Any]:
        """What a version of the secret has; {} if there is none, or none that is read as JSON.

        Which is said by VersionStage or VersionId, as to GetSecretValue.
        """
        secrets = client("secretsmanager")
        try:
            found = json.loads(secrets.get_secret_value(SecretId=self.secret, **which)["SecretString"])
        except (secrets.exceptions.ResourceNotFoundException, ValueError, KeyError):
            return {}
        return found if isinstance(found, dict) else {}

    def stages(self) -> dict[str, list[str]]:
        described = client("secretsmanager").describe_secret(SecretId=self.secret)
        return dict(described["VersionIdsToStages"])


@contextmanager
def _scene() -> Iterator[_Scene]:
    """A secret whose password is that of the server; both are gone at the end."""
    dynamodb, secrets, password = client("dynamodb"), client("secretsmanager"), uuid.uuid4().hex
    table = unique("table")
    dynamodb.create_table(
        TableName=table,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "user", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "user", "KeyType": "HASH"}],
    )
    try:
        dynamodb.get_waiter("table_exists").wait(TableName=table, WaiterConfig={"Delay": 1})
        value = json.dumps({"table": table, "user": USER, "password": password})
        made = _Scene(secrets.create_secret(Name=unique("function"), SecretString=value)["ARN"], table)
        try:
            made.set_on_server(password)
            yield made
        finally:
            secrets.delete_secret(SecretId=made.secret, ForceDeleteWithoutRecovery=True)
    finally:
        dynamodb.delete_table(TableName=table)


@PART.exercise(
    "A password that changes",
    kind="fix",
    hints=(
        "Put down which version each step reads and which it writes: AWSCURRENT is what clients get.",
        "The new version is AWSPENDING until the last step; `put_secret_value` takes `VersionStages`.",
        "`update_secret_version_stage` moves AWSCURRENT: it wants to know from which version, and to which.",
    ),
)
def rotation(rotate: Callable[[dict[str, str], Any], Any]) -> str:
    with _scene() as made:
        token, old = str(uuid.uuid4()), made.version()
        (before,) = made.stages()

        def step(name: str) -> None:
            run(rotate, {"SecretId": made.secret, "ClientRequestToken": token, "Step": name}, None)

        step("createSecret")
        new = _created(made, old, token)
        step("createSecret")
        if made.version(VersionId=token) != new:
            raise NotYet("createSecret was called again, as after a failure, and has changed the new version.")
        step("setSecret")
        step("setSecret")
        if made.on_server() != new["password"]:
            raise NotYet("After setSecret the server does not know the new password. Which version is it to be told?")
        _tested(made, new, step)
        step("finishSecret")
        step("finishSecret")
        stages = made.stages()
    if "AWSCURRENT" not in stages.get(token, ()):
        raise NotYet("After finishSecret clients still get the old password, which the server has forgotten.")
    if "AWSPREVIOUS" not in stages.get(before, ()):
        raise NotYet("After finishSecret nobody can tell which version was the last one: it should be AWSPREVIOUS.")
    return "Four steps, each called twice: at every moment the secret has a password that the server took last."


def _created(made: _Scene, old: dict[str, Any], token: str) -> dict[str, Any]:
    """What the new version has, if it is as it should be after createSecret."""
    new = made.version(VersionId=token)
    if not new.get("password"):
        raise NotYet("After createSecret there is no version with the token's id that has a `password` in its JSON.")
    if made.version() != old:
        raise NotYet("After createSecret the running client gets a password that the server does not know yet.")
    if new["password"] == old["password"]:
        raise NotYet("The new version has the old password.")
    if {**new, "password": ""} != {**old, "password": ""}:
        raise NotYet("The new version has lost what stands beside the password: a client needs that, too.")
    if "AWSPENDING" not in made.stages().get(token, ()):
        raise NotYet("The new version is not AWSPENDING: the next steps would not know that it is there.")
    return new


def _tested(made: _Scene, new: dict[str, Any], step: Callable[[str], None]) -> None:
    """testSecret has to fail where the server does not take the new password, and only there."""
    made.set_on_server("somebody changed it")
    try:
        step("testSecret")
    except NotYet:
        made.set_on_server(new["password"])
    else:
        raise NotYet("The server refused the new password, and testSecret said nothing: the rotation would go on.")
    step("testSecret")
