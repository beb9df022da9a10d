"""What an operation needs although its model calls it optional: data, from the operations' API references.

Mostly a thing that can be named in two ways, so that neither way is required; sometimes a member that became optional
when the operation learned something new. Members that this lab cannot serve stand here too.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from awsfacts import services
from localaws.gateway.errors import AwsError


@dataclass(frozen=True)
class OneOf:
    """A request names one of *members*; one that names none, or two where it may not, gets *code* and *message*."""

    members: tuple[str, ...]
    code: str
    message: str
    exclusive: bool = False

    def check(self, parameters: dict[str, Any]) -> None:
        given = sum(parameters.get(name) is not None for name in self.members)
        if given == 0 or (given > 1 and self.exclusive):
            raise AwsError(self.code, self.message)


def _null(member: str) -> OneOf:
    path = member[:1].lower() + member[1:]
    message = f"1 validation error detected: Value null at '{path}' failed to satisfy constraint: "
    return OneOf((member,), "ValidationException", message + "Member must not be null")


_TRAIL = OneOf(
    ("TrailName", "EventDataStore"),
    "InvalidParameterCombinationException",
    "Give either TrailName or EventDataStore.",
    exclusive=True,
)
_ATTACHMENT = OneOf(
    ("TransitGatewayAttachmentId", "TransitGatewayRouteTableAnnouncementId"),
    "MissingParameter",
    "The request must contain the parameter TransitGatewayAttachmentId.",
)
_NEEDED: dict[tuple[str, str], tuple[OneOf, ...]] = {
    ("cloudtrail", "GetInsightSelectors"): (_TRAIL,),
    ("cloudtrail", "PutInsightSelectors"): (_TRAIL,),
    ("dynamodb", "CreateTable"): (_null("KeySchema"), _null("AttributeDefinitions")),
    ("ec2", "AllocateHosts"): (
        OneOf(("Quantity", "AssetIds"), "MissingParameter", "The request must contain the parameter Quantity."),
    ),
    ("ec2", "CreateLaunchTemplateVersion"): (
        OneOf(
            ("LaunchTemplateId", "LaunchTemplateName"),
            "MissingParameter",
            "The request must contain either LaunchTemplateId or LaunchTemplateName.",
        ),
    ),
    ("ec2", "CreateSubnet"): (
        OneOf(
            ("CidrBlock", "Ipv6CidrBlock", "Ipv4IpamPoolId"),
            "MissingParameter",
            "Either 'cidrBlock' or 'ipv6CidrBlock' should be provided.",
        ),
    ),
    ("ec2", "EnableTransitGatewayRouteTablePropagation"): (_ATTACHMENT,),
    ("ec2", "DisableTransitGatewayRouteTablePropagation"): (_ATTACHMENT,),
    ("dynamodb", "RestoreTableToPointInTime"): (
        OneOf(
            ("SourceTableArn", "SourceTableName"),
            "ValidationException",
            "SourceTableArn or SourceTableName must be specified",
        ),
    ),
    ("glue", "CreateSchema"): (
        OneOf(("SchemaDefinition",), "InvalidInputException", "SchemaDefinition must not be null."),
    ),
    ("glue", "CreateTable"): (OneOf(("TableInput",), "InvalidInputException", "TableInput must not be null."),),
    ("glue", "UpdateTable"): (OneOf(("TableInput",), "InvalidInputException", "TableInput must not be null."),),
    ("glue", "PutSchemaVersionMetadata"): (
        OneOf(("SchemaId", "SchemaVersionId"), "InvalidInputException", "Give SchemaVersionId, or SchemaId."),
    ),
    ("kms", "GenerateRandom"): (OneOf(("NumberOfBytes",), "ValidationException", "NumberOfBytes is required."),),
    ("kms", "RetireGrant"): (
        OneOf(("GrantToken", "GrantId"), "ValidationException", "Grant token OR (grant ID, key ID) must be specified"),
        OneOf(("GrantToken", "KeyId"), "ValidationException", "Grant token OR (grant ID, key ID) must be specified"),
    ),
    ("logs", "PutDeliveryDestination"): (
        OneOf(
            ("deliveryDestinationConfiguration",),
            "ValidationException",
            "deliveryDestinationConfiguration is required unless the destination is X-Ray.",
        ),
    ),
    ("redshift", "RestoreFromClusterSnapshot"): (
        OneOf(
            ("SnapshotIdentifier", "SnapshotArn"),
            "MissingParameter",
            "The request must contain the parameter SnapshotIdentifier.",
        ),
    ),
    ("s3tables", "GetTable"): (
        *(
            OneOf(("tableArn", member), "BadRequestException", "Give tableArn, or tableBucketARN, namespace and name.")
            for member in ("tableBucketARN", "namespace", "name")
        ),
    ),
    ("stepfunctions", "ListExecutions"): (
        OneOf(
            ("stateMachineArn", "mapRunArn"),
            "ValidationException",
            "Give either stateMachineArn or mapRunArn.",
            exclusive=True,
        ),
    ),
    ("support", "ResolveCase"): (OneOf(("caseId",), "CaseIdNotFound", "The request names no case."),),
}

#: Members that change what an operation is about, and that the lab cannot serve.
_NOT_SERVED = {
    ("cloudtrail", "GetInsightSelectors"): "EventDataStore",
    ("cloudtrail", "PutInsightSelectors"): "EventDataStore",
    ("ec2", "AllocateHosts"): "AssetIds",
    ("ec2", "CreateSubnet"): "Ipv4IpamPoolId",
    ("ec2", "EnableTransitGatewayRouteTablePropagation"): "TransitGatewayRouteTableAnnouncementId",
    ("ec2", "DisableTransitGatewayRouteTablePropagation"): "TransitGatewayRouteTableAnnouncementId",
    ("redshift", "RestoreFromClusterSnapshot"): "SnapshotArn",
    ("s3tables", "GetTable"): "tableArn",
    ("stepfunctions", "ListExecutions"): "mapRunArn",
}


def check_needed(service: str, operation: str, parameters: dict[str, Any]) -> None:
    """Raise the service's error for what *parameters* lack, and NotImplementedError for what the lab cannot do."""
    for each in _NEEDED.get((service, operation), ()):
        each.check(parameters)
    declared = services().get(service)
    if declared and operation in declared.pretended:
        raise NotImplementedError(operation)
    unserved = _NOT_SERVED.get((service, operation))
    if unserved is not None and parameters.get(unserved) is not None:
        raise NotImplementedError(unserved)
