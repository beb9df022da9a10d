"""What SNS refuses of a message before it is sent to anybody.

Sources: SNS developer guide, "Amazon SNS message attributes"; Publish, API reference ("Message", "MessageStructure");
the sentences are those that LocalStack's suite recorded on AWS (test_sns).
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from moto.sns.exceptions import (
    BatchEntryIdsNotDistinct,
    InvalidParameterValue,
    SNSException,
    TooManyEntriesInBatchRequest,
)

#: Bytes of a message with its attributes' names, types and values.
LARGEST_MESSAGE = 262_144
_TYPES = ("String", "Number", "Binary")


class ParameterValueInvalid(SNSException):
    code = "ParameterValueInvalid"


class InvalidBatchEntryId(SNSException):
    code = "InvalidBatchEntryId"


class EmptyBatchRequest(SNSException):
    code = "EmptyBatchRequest"
    message = "The batch request doesn't contain any entries."


class BatchRequestTooLong(SNSException):
    code = "BatchRequestTooLong"
    message = "The length of all the messages put together is more than the limit."


def check_message(message: str, attributes: Mapping[str, Any], structure: str | None) -> None:
    """Raises InvalidParameter (of the kind that a batch reports) for a *message* that cannot be sent.

    *attributes* are as moto keeps them, each with ``Type`` and ``Value``.
    """
    if not message:
        raise InvalidParameterValue("Invalid parameter: Empty message")
    if _size(message, attributes) > LARGEST_MESSAGE:
        raise InvalidParameterValue("Invalid parameter: Message too long")
    if structure == "json":
        _check_structure(message)


def _size(message: str, attributes: Mapping[str, Any]) -> int:
    texts = [message, *(part for name, value in attributes.items() for part in (name, value["Type"], value["Value"]))]
    return sum(len(str(text).encode()) for text in texts)


def check_subject(subject: str | None) -> None:
    """Raises InvalidParameter for what is no subject of a message (API reference, Publish, Subject)."""
    if subject is not None and not re.fullmatch(r"[^\x00-\x1f\x7f]{1,100}", subject):
        raise InvalidParameterValue("Invalid parameter: Subject")


#: What an endpoint of a protocol looks like (API reference, Subscribe, Endpoint), and what AWS says of another.
_ENDPOINTS = {
    "http": (r"http://.+", "Endpoint must match the specified protocol"),
    "https": (r"https://.+", "Endpoint must match the specified protocol"),
    "email": (r"[^@\s]+@[^@\s]+", "Email address"),
    "email-json": (r"[^@\s]+@[^@\s]+", "Email address"),
    "lambda": (r"arn:aws[\w-]*:lambda:[\w-]+:\d{12}:function:.+", "Lambda endpoint ARN"),
    "firehose": (r"arn:aws[\w-]*:firehose:[\w-]+:\d{12}:deliverystream/.+", "Firehose endpoint ARN"),
    "sqs": (r"arn:aws[\w-]*:sqs:[\w-]+:\d{12}:.+", "SQS endpoint ARN"),
}


def check_endpoint(protocol: str, endpoint: str) -> None:
    """Raises InvalidParameter for an *endpoint* that does not fit its *protocol*."""
    pattern, said = _ENDPOINTS.get(protocol, (".*", ""))
    if not re.fullmatch(pattern, endpoint, re.DOTALL):
        raise InvalidParameterValue(f"Invalid parameter: {said}")


def _check_structure(message: str) -> None:
    """Raises InvalidParameter for a *message* that does not say what to send by which protocol."""
    try:
        parts = json.loads(message)
    except (ValueError, RecursionError):
        parts = None
    if not isinstance(parts, dict):
        said = "Message Structure - JSON message body failed to parse"
        raise InvalidParameterValue(f"Invalid parameter: {said}")
    if not isinstance(parts.get("default"), str):
        said = "Message Structure - No default entry in JSON message body"
        raise InvalidParameterValue(f"Invalid parameter: {said}")


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Raises ParameterValueInvalid for message attributes as a request has them."""
    for name, value in attributes.items():
        _check_name(name)
        kind = str(value.get("DataType") or "").split(".")[0]
        if kind not in _TYPES:
            raise ParameterValueInvalid(
                f"The message attribute '{name}' has an invalid message attribute type, the set of supported type "
                "prefixes is Binary, Number, and String."
            )
        right, other = ("BinaryValue", "StringValue") if kind == "Binary" else ("StringValue", "BinaryValue")
        if other in value and right not in value:
            field = right.removesuffix("Value")
            raise ParameterValueInvalid(f"The message attribute '{name}' with type '{kind}' must use field '{field}'.")
        if not value.get(right):
            raise ParameterValueInvalid(
                f"The message attribute '{name}' must contain non-empty message attribute value for message attribute "
                f"type '{kind}'."
            )


def _check_name(name: str) -> None:
    if len(name.encode()) > 256:
        raise ParameterValueInvalid("Length of message attribute name must be less than 256 bytes.")
    if wrong := re.search(r"[^\w.-]", name, re.ASCII):
        raise ParameterValueInvalid(
            f"Invalid non-alphanumeric character '#x{ord(wrong[0]):X}' was found in the message attribute name. Can "
            "only include alphanumeric characters, hyphens, underscores, or dots."
        )
    for place, end in (("starting", 0), ("ending", -1)):
        if name[end] == ".":
            raise ParameterValueInvalid(f"Invalid message attribute name {place} with character '.' was found.")
    if ".." in name:
        raise ParameterValueInvalid("Message attribute name can not have successive '.' character.")


def check_entries(entries: Sequence[Mapping[str, Any]]) -> None:
    """Raises what refuses a batch as a whole (API reference, PublishBatch, "Errors")."""
    if not entries:
        raise EmptyBatchRequest
    if len(entries) > 10:
        raise TooManyEntriesInBatchRequest
    ids = [entry["Id"] for entry in entries]
    if len(set(ids)) < len(ids):
        raise BatchEntryIdsNotDistinct
    for each in ids:
        _check_entry_id(each)
    if sum(_size(entry["Message"], entry.get("MessageAttributes") or {}) for entry in entries) > LARGEST_MESSAGE:
        raise BatchRequestTooLong
    for entry in entries:
        if entry.get("MessageStructure") == "json":
            _check_structure(entry["Message"])


def _check_entry_id(entry_id: str) -> None:
    """Raises InvalidBatchEntryId (PublishBatchRequestEntry, API reference: up to 80 letters, digits, - and _)."""
    said = "contains an impermissible character" if not re.fullmatch(r"[\w-]+", entry_id, re.ASCII) else ""
    if len(entry_id) > 80:
        said = "is too long"
    if said:
        raise InvalidBatchEntryId(f"The Id of a batch entry in the batch request {said}: {entry_id}")
