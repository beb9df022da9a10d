"""Keys, which moto makes all alike.

Source: CloudFormation template reference, AWS::KMS::Key ("the KMS key is scheduled for deletion").
"""

from __future__ import annotations

from typing import Any

from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.made import Maker
from localaws.engines.cloudformation.updates import Changes, Properties, Target, tags_of


def _key(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = api.taken("CreateKey", properties) | {"Tags": _tag_list(tags_of(properties))}
    policy = properties.get("KeyPolicy")
    made = api("CreateKey", **wanted, Policy=None if policy is None else as_text(policy))["KeyMetadata"]
    return made["KeyId"], {"Arn": made["Arn"], "KeyId": made["KeyId"]}


def _tag_list(tags: dict[str, str]) -> list[dict[str, Any]]:
    return [{"TagKey": key, "TagValue": value} for key, value in tags.items()]


def _description(key: Target) -> None:
    key.api("UpdateKeyDescription", KeyId=key.id, Description=key.new.get("Description", ""))


def _policy(key: Target) -> None:
    key.api("PutKeyPolicy", KeyId=key.id, PolicyName="default", Policy=as_text(key.new["KeyPolicy"]))


def _rotation(key: Target) -> None:
    if str(key.new.get("EnableKeyRotation", False)).lower() == "true":
        key.api("EnableKeyRotation", KeyId=key.id)
    else:
        key.api("DisableKeyRotation", KeyId=key.id)


def _enabled(key: Target) -> None:
    enabled = str(key.new.get("Enabled", True)).lower() == "true"
    key.api("EnableKey" if enabled else "DisableKey", KeyId=key.id)


def _tags(key: Target) -> None:
    new, gone = key.tags()
    if new:
        key.api("TagResource", KeyId=key.id, Tags=_tag_list(new))
    if gone:
        key.api("UntagResource", KeyId=key.id, TagKeys=gone)


def _at_deletion(key: Target) -> None:
    """Nothing to do before."""


def _delete(api: Api, key: str, properties: Properties) -> None:
    api("ScheduleKeyDeletion", KeyId=key, PendingWindowInDays=properties.get("PendingWindowInDays", 30))


KEYS = {
    "AWS::KMS::Key": Maker(
        _key,
        _delete,
        Changes(
            "kms",
            [
                (["Description"], _description),
                (["KeyPolicy"], _policy),
                (["EnableKeyRotation"], _rotation),
                (["Enabled"], _enabled),  # last: a disabled key takes no other change
                (["Tags"], _tags),
                (["PendingWindowInDays"], _at_deletion),
            ],
        ),
        attributes=frozenset({"Arn", "KeyId"}),
    )
}
