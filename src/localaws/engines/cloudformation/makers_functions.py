"""Functions, what feeds them, and versions of them and of layers.

Source: CloudFormation template reference, AWS::Lambda::Function, AWS::Lambda::EventSourceMapping, AWS::Lambda::Version
and AWS::Lambda::LayerVersion.
"""

from __future__ import annotations

from localaws.engines.cloudformation.changes_services import SERVICES, packaged, settled
from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties

_DROPPED = (
    "CapacityProviderConfig CodeSigningConfigArn DurableConfig FileSystemConfigs ImageConfig SnapStart TenancyConfig"
).split()


def _function(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = api.taken("CreateFunction", properties, _DROPPED) | {"FunctionName": name, "Code": packaged(properties)}
    made = api("CreateFunction", **wanted, KMSKeyArn=properties.get("KmsKeyArn"))
    api.wait("function_active_v2", FunctionName=name)
    return name, {"Arn": made["FunctionArn"]}


def _mapping(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = api.taken("CreateEventSourceMapping", properties, ["LoggingConfig"])
    made = api("CreateEventSourceMapping", **wanted, KMSKeyArn=properties.get("KmsKeyArn"))
    return made["UUID"], {"Id": made["UUID"], "EventSourceMappingArn": made["EventSourceMappingArn"]}


def _delete_mapping(api: Api, uuid: str, properties: Properties) -> None:
    settled(api, uuid)
    api("DeleteEventSourceMapping", UUID=uuid)


def _version(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    made = api("PublishVersion", **api.taken("PublishVersion", properties))
    return made["FunctionArn"], {"FunctionArn": made["FunctionArn"], "Version": made["Version"]}


def _layer(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    arn = api("PublishLayerVersion", **{"LayerName": name, **properties})["LayerVersionArn"]
    return arn, {"LayerVersionArn": arn}


def _delete_layer(api: Api, arn: str, properties: Properties) -> None:
    *_, name, version = arn.split(":")
    api("DeleteLayerVersion", LayerName=name, VersionNumber=version)


FUNCTIONS = {
    "AWS::Lambda::Function": Maker(
        _function,
        deleted("DeleteFunction", "FunctionName"),
        SERVICES["AWS::Lambda::Function"],
        "FunctionName",
        frozenset({"Arn"}),
    ),
    "AWS::Lambda::EventSourceMapping": Maker(
        _mapping,
        _delete_mapping,
        SERVICES["AWS::Lambda::EventSourceMapping"],
        attributes=frozenset({"Id", "EventSourceMappingArn"}),
    ),
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
