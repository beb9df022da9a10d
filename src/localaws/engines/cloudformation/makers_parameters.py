"""Parameters of Systems Manager, whose tags are an object in a template.

Source: CloudFormation template reference, AWS::SSM::Parameter (Name: "If you don't specify a name, CloudFormation
generates a unique physical ID").
"""

from __future__ import annotations

from collections.abc import Mapping

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties, Target, both, tag_list


def _parameter(api: Api, generated: str, properties: Properties) -> tuple[str, dict[str, str]]:
    name = properties.get("Name") or _name(generated)
    wanted = {**api.taken("PutParameter", properties), "Name": name, "Tags": tag_list(properties.get("Tags", {}))}
    api("PutParameter", **wanted)
    return name, {"Type": str(properties["Type"]), "Value": str(properties["Value"])}


def _name(generated: str) -> str:
    """As AWS's: ``CFN-``, the resource's name and what makes it unique."""
    _, logical_id, suffix = generated.rsplit("-", 2)
    return f"CFN-{logical_id}-{suffix}"


def _change(parameter: Target) -> None:
    wanted = {**parameter.api.taken("PutParameter", parameter.new), "Name": parameter.id, "Overwrite": True}
    wanted.pop("Tags", None)  # PutParameter tags only what it makes
    parameter.api("PutParameter", **wanted)


def _tags(parameter: Target) -> None:
    former, new = (_given(properties) for properties in both(parameter))
    own = {"ResourceType": "Parameter", "ResourceId": parameter.id}
    if new:
        parameter.api("AddTagsToResource", **own, Tags=tag_list(new))
    if gone := sorted(former.keys() - new.keys()):
        parameter.api("RemoveTagsFromResource", **own, TagKeys=gone)


def _given(properties: Properties) -> Mapping[str, str]:
    tags: Mapping[str, str] = properties.get("Tags", {})
    return tags


def _told(api: Api, name: str) -> dict[str, str]:
    told = api("GetParameter", Name=name)["Parameter"]
    return {"Type": told["Type"], "Value": told["Value"]}


PARAMETERS = {
    "AWS::SSM::Parameter": Maker(
        _parameter,
        deleted("DeleteParameter", "Name"),
        Changes(
            "ssm",
            [
                ("Value Type Description AllowedPattern Tier DataType Policies".split(), _change),
                (["Tags"], _tags),
            ],
            frozenset({"Name"}),
        ),
        "Name",
        frozenset({"Type", "Value"}),
        _told,
    )
}
