"""Lambda."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from awsfacts.declaration import Listing, Meter, Resource, Service, Settle, pages


def delete_mapping(aws: Any, mapping: str, settle: Settle) -> None:
    """Delete an event source mapping. Lambda deletes none that is being created, changed or deleted."""

    def has_settled() -> bool:
        try:
            return aws.get_event_source_mapping(UUID=mapping)["State"] in ("Enabled", "Disabled")
        except aws.exceptions.ResourceNotFoundException:
            return True

    settle(has_settled, "event source mapping")
    aws.delete_event_source_mapping(UUID=mapping)


def _delete_function(aws: Any, function: str, settle: Settle) -> None:
    """Mappings outlive their function, so they go first."""
    for mapping in aws.list_event_source_mappings(FunctionName=function)["EventSourceMappings"]:
        with suppress(aws.exceptions.ResourceNotFoundException):
            delete_mapping(aws, mapping["UUID"], settle)
    aws.delete_function(FunctionName=function)


def _delete_layer(aws: Any, layer: str, settle: Settle) -> None:
    """A layer goes with its last version."""
    for page in pages(aws, "ListLayerVersions", LayerName=layer):
        for version in page["LayerVersions"]:
            aws.delete_layer_version(LayerName=layer, VersionNumber=version["Version"])


SERVICE = Service(
    name="lambda",
    title="AWS Lambda",
    resources=(
        Resource(
            type="function",
            title="Lambda function",
            create=("CreateFunction",),
            name="FunctionName",
            list=Listing("ListFunctions", "Functions.FunctionName"),
            delete=_delete_function,
            uses=(
                "kinesis:stream",
                "sqs:queue",
                "sns:topic",
                "dynamodb:table",
                "s3:bucket",
                "iam:role",
                "kms:key",
                "lambda:layer",
                "logs:log-group",
            ),
            logs="/aws/lambda/",
        ),
        Resource(
            type="event-source-mapping",
            title="event source mapping",
            create=("CreateEventSourceMapping",),
            name="UUID",
            delete=delete_mapping,
            part_of="function",
        ),
        Resource(
            type="function alias",
            title="alias of a function",
            create=("CreateAlias",),
            name="FunctionName/Name",
            part_of="function",
        ),
        Resource(
            type="function url",
            title="URL of a function",
            create=("CreateFunctionUrlConfig",),
            name="FunctionName",
            part_of="function",
        ),
        Resource(
            type="layer",
            title="layer",
            create=("PublishLayerVersion",),
            name="LayerName",
            list=Listing("ListLayers", "Layers.LayerName"),
            delete=_delete_layer,
        ),
    ),
    unsupported=(
        ("CreateCapacityProvider", "Functions run on this machine: the lab has no capacity providers."),
        ("CreateCodeSigningConfig", "The lab checks no signatures of code."),
    ),
    meters=(
        Meter("lambda:requests", "lambda.request"),
        Meter("lambda:gb_seconds", "lambda.gb_second"),
    ),
    actions={
        "GetLayerVersionByArn": ("lambda:GetLayerVersion",),
        "Invoke": ("lambda:InvokeFunction",),
        "InvokeWithResponseStream": ("lambda:InvokeFunction",),
    },
    data_events=frozenset({"Invoke", "InvokeAsync", "InvokeWithResponseStream"}),
)
