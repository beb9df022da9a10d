"""Event source mappings of one account and region: each has a source that polls while the mapping lives."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.exceptions import InvalidParameterValueException, UnknownFunctionException

from localaws.engines.lambda_.sources.mapping import MappingEngine
from localaws.engines.lambda_.sources.queue import QueueSource
from localaws.engines.lambda_.sources.stream import StreamSource
from localaws.gateway.errors import AwsError

if TYPE_CHECKING:
    from localaws.engines.lambda_.backend import LambdaEngine
    from localaws.engines.lambda_.function import FunctionEngine

Source = StreamSource | QueueSource


def source_of(engine: LambdaEngine, mapping: MappingEngine, function: FunctionEngine) -> Source:
    """What polls for *mapping*, with the rights of the function's role."""
    service = {"dynamodb": "dynamodbstreams", "sqs-fifo": "sqs"}.get(mapping.kind, mapping.kind)
    region = mapping.event_source_arn.split(":")[3]
    name, role = function.function_name, function.role
    client = engine.lab.client(service, region=region, role_arn=role, session_name=name, by="lambda")
    if service == "sqs":
        return QueueSource(engine, mapping, client)
    return StreamSource(engine, mapping, client, role)


def go_on(engine: LambdaEngine, mapping: MappingEngine) -> None:
    """Poll again after a start, as soon as the function and what is polled are there."""
    source: Source | None = None
    while not engine.lab.stopping.is_set() and mapping.state != "Deleting":
        try:
            source = source or source_of(engine, mapping, engine.resolve(mapping.function_arn).function)
            engine.sources[mapping.uuid] = source
            source.go_on()
            return
        except (ClientError, BotoCoreError, UnknownFunctionException) as error:
            mapping.problem(error)
            engine.lab.clock.poll(engine.lab.stopping, 1.0, found=False)


def start_source(engine: LambdaEngine, mapping: MappingEngine, function: FunctionEngine) -> Source:
    """Begin to poll. Raises InvalidParameterValueException if the function's role cannot read the source."""
    arn, source = mapping.event_source_arn, source_of(engine, mapping, function)
    try:
        if isinstance(source, QueueSource):
            _check_visibility(source.visibility_timeout(), function.timeout)
        source.start()
    except ClientError as error:
        details = error.response["Error"]
        if details["Code"] == "ResourceNotFoundException":
            raise InvalidParameterValueException(f"Stream not found: {arn}") from None
        if isinstance(source, QueueSource) and details["Code"] == "AWS.SimpleQueueService.NonExistentQueue":
            raise InvalidParameterValueException(
                f"Error occurred while ReceiveMessage. SQS Error Code: {details['Code']}. "
                f"SQS Error Message: {details['Message']}"
            ) from None
        raise InvalidParameterValueException(
            f"Cannot access event source {arn} with the function's role: {details['Code']}: {details['Message']}"
        ) from None
    return source


def _check_visibility(seconds: int, timeout: Any) -> None:
    if seconds < int(timeout):
        raise InvalidParameterValueException(
            f"Queue visibility timeout: {seconds} seconds is less than Function timeout: {timeout} seconds"
        )


def check_new(mappings: Iterable[MappingEngine], new: MappingEngine) -> None:
    """Raises ResourceConflictException if the function already has a mapping of this source."""
    for mapping in mappings:
        if mapping.state == "Deleting":
            continue
        if (mapping.event_source_arn, mapping.function_arn) == (new.event_source_arn, new.function_arn):
            source, function = f'(" {mapping.event_source_arn} ")', f'(" {mapping.function_name} ")'
            said = f"The event source arn {source} and function {function} provided mapping already exists."
            if mapping.kind.startswith("sqs"):
                said = f"An event source mapping with SQS arn {source} and function {function} already exists."
            said += f" Please update or delete the existing mapping with UUID {mapping.uuid}"
            raise AwsError("ResourceConflictException", said, 409)
