"""What an event source mapping is set to; moto keeps and shows it, here it is checked and given AWS's defaults.

Source: CreateEventSourceMapping, API reference; Lambda developer guide, "Lambda parameters for Amazon Kinesis Data
Streams event source mappings" and its like for DynamoDB and SQS.
"""

from __future__ import annotations

import logging
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.awslambda.exceptions import InvalidParameterValueException
from moto.awslambda.models import EventSourceMapping
from moto.core.exceptions import JsonRESTError

from localaws.clock import Clock
from localaws.engines.lambda_.filters import Filters
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

log = logging.getLogger(__name__)

#: How long AWS takes to create, change or delete a mapping: "several minutes" at worst, a second here.
TRANSITION_SECONDS = 1.0
_BATCH_SIZES = {"kinesis": (100, 10_000), "dynamodb": (100, 10_000), "sqs": (10, 10_000), "sqs-fifo": (10, 10)}
_STREAM_DEFAULTS: dict[str, Any] = {
    "MaximumBatchingWindowInSeconds": 0,
    "ParallelizationFactor": 1,
    "BisectBatchOnFunctionError": False,
    "MaximumRecordAgeInSeconds": -1,
    "MaximumRetryAttempts": -1,
    "TumblingWindowInSeconds": 0,
    "DestinationConfig": {"OnFailure": {}},
    "FunctionResponseTypes": [],
}
_QUEUE_DEFAULTS: dict[str, Any] = {"MaximumBatchingWindowInSeconds": 0, "FunctionResponseTypes": []}
#: Smallest and largest of each number, streams and queues alike.
_RANGES = {
    "MaximumBatchingWindowInSeconds": (0, 300),
    "ParallelizationFactor": (1, 10),
    "MaximumRecordAgeInSeconds": (-1, 604_800),
    "MaximumRetryAttempts": (-1, 10_000),
    "TumblingWindowInSeconds": (0, 900),
}
_STREAM_ONLY = _STREAM_DEFAULTS.keys() - _QUEUE_DEFAULTS.keys() - {"DestinationConfig"}


class MappingEngine(EventSourceMapping):
    """moto's mapping with AWS's defaults, and the result of the last batch."""

    def __init__(self, lab: Lab, spec: dict[str, Any]) -> None:
        """*spec* as CreateEventSourceMapping has it. Raises InvalidParameterValueException."""
        self._lab = lab
        kind = kind_of(spec["EventSourceArn"])
        _check(kind, spec)
        if kind in ("kinesis", "dynamodb") and spec.get("StartingPosition") not in _positions(kind):
            said = f"Unsupported starting position for arn type: {spec['EventSourceArn']}"
            if not spec.get("StartingPosition"):
                said = "1 validation error detected: Value null at 'startingPosition' failed to satisfy constraint: "
                said += "Member must not be null."
            raise InvalidParameterValueException(said)
        super().__init__({**_defaults(kind), **spec})
        self.kind = kind
        self.filters = Filters(self.filter_criteria)
        self.last_result = "No records processed"
        self.transition("")

    def update(self, changes: dict[str, Any]) -> str:
        """Check what an UpdateEventSourceMapping asks for, before moto stores it; returns the state in between."""
        _check(
            self.kind, {"BatchSize": self.batch_size, "MaximumBatchingWindowInSeconds": self.max_batch_window} | changes
        )
        if "FilterCriteria" in changes:
            self.filters = Filters(changes["FilterCriteria"])
        enabled = changes.get("Enabled", self.enabled)
        return "Updating" if enabled == self.enabled else "Enabling" if enabled else "Disabling"

    def transition(self, state: str) -> None:
        """A change is done, and from now on told of as *state* for `TRANSITION_SECONDS`."""
        self._transition = state
        self.last_modified = self._lab.clock.time()

    @property
    def state(self) -> str:
        if self._transition and (self._transition == "Deleting" or self._age < TRANSITION_SECONDS):
            return self._transition
        return "Enabled" if self.enabled else "Disabled"

    @property
    def changing(self) -> bool:
        """Whether AWS refuses another change: it is being created, changed or deleted (API_ResourceInUseException)."""
        return self.state not in ("Enabled", "Disabled")

    @property
    def gone(self) -> bool:
        """Whether it is deleted, and no longer to be seen."""
        return self._transition == "Deleting" and self._age >= TRANSITION_SECONDS

    @property
    def _age(self) -> float:
        return float(self._lab.clock.time() - self.last_modified)

    def problem(self, error: Exception) -> None:
        """Show why a batch could not be read or handed over; errors that are no service's are bugs, and logged."""
        self.last_result = f"PROBLEM: {getattr(error, 'message', error)}"
        if not isinstance(error, AwsError | JsonRESTError | ClientError | BotoCoreError):
            log.error("mapping %s of %s", self.uuid, self.event_source_arn, exc_info=error)

    @property
    def clock(self) -> Clock:
        return self._lab.clock

    @property
    def reports_failures(self) -> bool:
        """Whether the function tells which records of a batch failed."""
        return "ReportBatchItemFailures" in (self.function_response_types or [])

    @property
    def retries_end(self) -> bool:
        """Whether records that fail again and again are given up."""
        return any(limit not in (None, -1) for limit in (self.max_retry_attempts, self.max_record_age))

    @property
    def failure_destination(self) -> str | None:
        """Where records that are given up are told of."""
        config: dict[str, Any] = self.destination_config or {}
        return (config.get("OnFailure") or {}).get("Destination")

    def get_configuration(self) -> dict[str, Any]:
        configuration = super().get_configuration()
        configuration["State"] = self.state
        if self.kind.startswith("sqs"):  # of a queue AWS tells neither
            configuration.pop("StartingPosition", None)
        else:
            configuration["LastProcessingResult"] = self.last_result
        # as AWS's recorded answers have it, for queues and for streams
        configuration["StateTransitionReason"] = "USER_INITIATED" if self.kind.startswith("sqs") else "User action"
        return configuration


def kind_of(arn: str) -> str:
    """``kinesis``, ``dynamodb``, ``sqs`` or ``sqs-fifo``. Raises InvalidParameterValueException for another source."""
    service = arn.split(":")[2] if arn.count(":") >= 5 else arn
    if service == "sqs" and arn.endswith(".fifo"):
        return "sqs-fifo"
    if service not in _BATCH_SIZES:
        raise InvalidParameterValueException(
            f"Unrecognized event source: this lab polls Kinesis, DynamoDB and SQS, not {arn}."
        )
    if "/consumer/" in arn:
        raise InvalidParameterValueException(
            "This lab reads streams by polling, not by enhanced fan-out: give the ARN of the stream."
        )
    return service


def _positions(kind: str) -> tuple[str, ...]:
    return ("TRIM_HORIZON", "LATEST", "AT_TIMESTAMP") if kind == "kinesis" else ("TRIM_HORIZON", "LATEST")


def _defaults(kind: str) -> dict[str, Any]:
    return _QUEUE_DEFAULTS if kind.startswith("sqs") else _STREAM_DEFAULTS


def _check(kind: str, spec: dict[str, Any]) -> None:
    largest = _BATCH_SIZES[kind][1]
    size = spec.get("BatchSize")
    if size is not None and not 1 <= size <= largest:
        raise InvalidParameterValueException(f"BatchSize must be between 1 and {largest} for this source, not {size}.")
    for name, (low, high) in _RANGES.items():
        value = spec.get(name)
        if value is not None and not low <= value <= high:
            raise InvalidParameterValueException(f"{name} must be between {low} and {high}, not {value}.")
    if 0 <= (spec.get("MaximumRecordAgeInSeconds") or 60) < 60:
        raise InvalidParameterValueException("MaximumRecordAgeInSeconds must be -1, or at least 60.")
    if kind.startswith("sqs"):
        if wrong := sorted(name for name in _STREAM_ONLY if spec.get(name) is not None):
            raise InvalidParameterValueException(f"Unsupported for an SQS event source: {', '.join(wrong)}.")
        if kind == "sqs-fifo" and spec.get("MaximumBatchingWindowInSeconds"):
            raise InvalidParameterValueException("Batching window is not supported for FIFO queues.")
        if (size or 0) > 10 and not spec.get("MaximumBatchingWindowInSeconds"):
            raise InvalidParameterValueException(
                "Maximum batch window in seconds must be greater than 0 if maximum batch size is greater than 10"
            )
