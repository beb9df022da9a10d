"""Lambda."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from awsfacts.declaration import Claim, Listing, Meter, Resource, Service, Settle, pages


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
    real=(
        Claim(
            "Functions in Python run, in environments that stay warm.",
            "engines/test_lambda.py::test_handler_is_called_in_a_warm_environment",
        ),
        Claim(
            "Streams, queues and tables feed functions in batches, with bisection, retries and reported failures.",
            "engines/test_lambda_sources.py::test_bisection_isolates_a_poison_pill",
        ),
        Claim(
            "Events of S3 invoke functions, and so do those of SNS, EventBridge and CloudWatch Logs.",
            "engines/test_lambda_events.py::test_s3_invokes_a_function",
        ),
        Claim(
            "A failed event is tried twice more, and then sent to its destination.",
            "engines/test_lambda_events.py::test_failed_event_is_retried_twice_then_sent_to_destination_and_dead_letter_queue",
        ),
    ),
    differs=(
        Claim(
            "A function reaches the lab over HTTP: for its calls aws:SecureTransport is false, unless its client has "
            "the address for TLS.",
            "gateway/test_tls.py::test_a_function_s_calls_come_over_http",
        ),
        Claim(
            "A function runs with the Python of this lab, whichever version Runtime names.",
            "test_claims_01.py::test_functions_run_with_the_python_of_the_lab",
        ),
        Claim(
            "On Linux with namespaces a function sees AWS's layout; elsewhere it can read the files of the user "
            "who started the lab.",
            "engines/test_lambda_isolation.py::test_only_tmp_can_be_written_and_holds_no_more_than_its_size",
        ),
    ),
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
            type="eventSourceMapping",
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
