"""Kinesis's own errors, by their code.

Source: the "Errors" section of each operation in the Kinesis Data Streams API Reference.
"""

from __future__ import annotations

from localaws.gateway.errors import AwsError


def invalid(message: str) -> AwsError:
    return AwsError("InvalidArgumentException", message)


def not_valid(message: str) -> AwsError:
    return AwsError("ValidationException", message)


def not_found(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def in_use(message: str) -> AwsError:
    return AwsError("ResourceInUseException", message)


def limit_exceeded(message: str) -> AwsError:
    return AwsError("LimitExceededException", message)


def rate_exceeded(message: str) -> AwsError:
    return AwsError("ProvisionedThroughputExceededException", message)


def not_serializable(message: str) -> AwsError:
    return AwsError("SerializationException", message)


def dry_run() -> AwsError:
    return AwsError("DryRunOperationException", "Request would have succeeded, but DryRun flag is set.")
