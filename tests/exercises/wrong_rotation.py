"""Wrong answers to the exercise of 06_security on rotation: a right one with one of its steps done in another way."""

from __future__ import annotations

import json
import uuid
from typing import Any

from tests.exercises.right_rotation import Event, Rotation, by_methods


def but(step: str, instead: Any) -> tuple[Any]:
    def rotate(event: Event, context: Any) -> Any:
        return instead(Rotation(event)) if event["Step"] == step else by_methods(event, context)

    return (rotate,)


def puts(fields: Any = lambda old: old, password: Any = lambda: uuid.uuid4().hex, **options: Any) -> Any:
    """A createSecret that writes what *fields* leaves of the old value, with a new password, if there is none yet."""

    def create(rotation: Rotation) -> None:
        if rotation.token in rotation.secrets.describe_secret(SecretId=rotation.secret)["VersionIdsToStages"]:
            return
        new = fields(rotation.value("AWSCURRENT")) | {"password": password()}
        where = {"SecretId": rotation.secret, "ClientRequestToken": rotation.token}
        rotation.secrets.put_secret_value(**where, SecretString=json.dumps(new), **options)

    return create


def again_and_again(rotation: Rotation) -> None:
    new = rotation.value("AWSCURRENT") | {"password": uuid.uuid4().hex}
    where = {"SecretId": rotation.secret, "ClientRequestToken": rotation.token}
    rotation.secrets.put_secret_value(**where, SecretString=json.dumps(new), VersionStages=["AWSPENDING"])


def sets_the_current_one(rotation: Rotation) -> None:
    old = rotation.value("AWSCURRENT")
    item = {"user": {"S": old["user"]}, "password": {"S": old["password"]}}
    rotation.dynamodb.put_item(TableName=old["table"], Item=item)


def moves_without_from(rotation: Rotation) -> None:
    where = {"SecretId": rotation.secret, "VersionStage": "AWSCURRENT"}
    rotation.secrets.update_secret_version_stage(**where, MoveToVersionId=rotation.token)


def nothing(rotation: Rotation) -> None:
    pass


PENDING = {"VersionStages": ["AWSPENDING"]}

WRONG: dict[str, list[tuple[Any, str]]] = {
    "rotation": [
        (but("createSecret", puts()), "does not know yet"),
        (but("createSecret", puts(VersionStages=["NEXT"])), "is not AWSPENDING"),
        (but("createSecret", puts(lambda old: {}, **PENDING)), "stands beside the password"),
        (but("createSecret", again_and_again), "ResourceExistsException"),
        (but("createSecret", nothing), "no version with the token's id"),
        (but("setSecret", sets_the_current_one), "is it to be told"),
        (but("testSecret", nothing), "said nothing"),
        (but("finishSecret", nothing), "still get the old password"),
        (but("finishSecret", moves_without_from), "InvalidParameterException"),
    ]
}
