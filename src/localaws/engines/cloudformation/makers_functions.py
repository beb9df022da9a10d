"""Versions of functions and of layers, which moto makes without a physical id and never deletes.

Source: CloudFormation template reference, AWS::Lambda::Version and AWS::Lambda::LayerVersion; nothing of them but a
version's concurrency can be changed without another one.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties


def _version(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    members = ("FunctionName", "CodeSha256", "Description")
    made = api("PublishVersion", **{member: properties.get(member) for member in members})
    return made["FunctionArn"], {"FunctionArn": made["FunctionArn"], "Version": made["Version"]}


def _layer(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    arn = api("PublishLayerVersion", **{"LayerName": name, **properties})["LayerVersionArn"]
    return arn, {"LayerVersionArn": arn}


def _delete_layer(api: Api, arn: str, properties: Properties) -> None:
    *_, name, version = arn.split(":")
    api("DeleteLayerVersion", LayerName=name, VersionNumber=version)


FUNCTIONS = {
    "AWS::Lambda::Version": Maker(
        _version,
        deleted("DeleteFunction", "FunctionName"),
        Changes("lambda", [], frozenset({"FunctionName", "CodeSha256", "Description"})),
        attributes=frozenset({"FunctionArn", "Version"}),
    ),
    "AWS::Lambda::LayerVersion": Maker(
        _layer,
        _delete_layer,
        Changes(
            "lambda",
            [],
            frozenset("LayerName Content Description CompatibleRuntimes CompatibleArchitectures LicenseInfo".split()),
        ),
        attributes=frozenset({"LayerVersionArn"}),
    ),
}
