"""What SQS refuses of a message before it is in a queue.

Sources: SQS developer guide, "Amazon SQS message metadata" and "Message quotas"; API reference, SendMessage.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from moto.sqs.exceptions import InvalidParameterValue

from localaws.gateway.errors import AwsError

_TYPES = ("Binary", "Number", "String")
_NOT_XML = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def check_attributes(attributes: Mapping[str, Any]) -> None:
    """Raises InvalidParameterValue for too many message attributes, or one without a type or a value.

    Source: developer guide, "Message quotas" and "Message attribute components"; the texts as users met them.
    """
    if len(attributes) > 10:
        raise InvalidParameterValue(
            f"Number of message attributes [{len(attributes)}] exceeds the allowed maximum [10]."
        )
    for name, value in attributes.items():
        _check_attribute_name(name)
        kind = str(value.get("DataType") or "")
        if kind.split(".")[0] not in _TYPES:
            raise InvalidParameterValue(
                f"The type of message (user) attribute '{name}' is invalid. You must use only the following supported "
                f"type prefixes: {', '.join(_TYPES)}."
            )
        field = "BinaryValue" if kind.startswith("Binary") else "StringValue"
        if not value.get(field):
            raise InvalidParameterValue(
                f"Message (user) attribute '{name}' must contain a non-empty value of type '{kind}'."
            )
        text = value.get("StringValue") or ""
        if kind.startswith("Number") and text and not _NUMBER.fullmatch(text):
            raise InvalidParameterValue(f"Can't cast the value of message (user) attribute '{name}' to a number.")
        check_characters(text)


def _check_attribute_name(name: str) -> None:
    """Raises InvalidParameterValue (developer guide, "Message attribute components": Name)."""
    said = ""
    if len(name) > 256:
        said = "Message (user) attribute name must be shorter than 256 characters."
    elif re.match(r"aws\.|amazon\.", name, re.IGNORECASE):
        said = f"The message attribute name '{name}' is invalid. It must not start with AWS. or Amazon."
    elif re.search(r"[^\w.-]", name, re.ASCII):
        said = (
            f"The message attribute name '{name}' is invalid. Attribute name can contain A-Z, a-z, 0-9, underscore "
            "(_), hyphen (-), and period (.) characters."
        )
    elif name.startswith(".") or name.endswith(".") or ".." in name:
        said = (
            f"The message attribute name '{name}' is invalid. It must not start or end with a period, nor repeat one."
        )
    if said:
        raise InvalidParameterValue(said)


def check_characters(text: str) -> None:
    """Raises InvalidMessageContents for a character that XML does not allow (API reference, SendMessage)."""
    if _NOT_XML.search(text):
        said = (
            "Invalid characters found. Valid unicode characters are #x9 | #xA | #xD | #x20 to #xD7FF | #xE000 to #xFFFD"
        )
        raise AwsError("InvalidMessageContents", f"{said} | #x10000 to #x10FFFF")


def check_id(name: str, value: str | None) -> None:
    """Raises InvalidParameterValue for what is no group or deduplication id (API reference, SendMessage)."""
    if value is not None and not re.fullmatch(r"[!-~]{1,128}", value):
        reason = f"{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise InvalidParameterValue(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def check_delay(seconds: int | None) -> None:
    """Raises InvalidParameterValue (API reference, SendMessage, DelaySeconds)."""
    if seconds is not None and not 0 <= int(seconds) <= 900:
        reason = "DelaySeconds must be >= 0 and <= 900."
        raise InvalidParameterValue(f"Value {seconds} for parameter DelaySeconds is invalid. Reason: {reason}")


def size_of(body: str, attributes: Mapping[str, Any] | None) -> int:
    """Bytes of a message: its body, and its attributes' names, types and values (developer guide, "Message quotas")."""
    size = len(body.encode())
    for name, attribute in (attributes or {}).items():
        parts = (name, attribute.get("DataType"), attribute.get("StringValue"), attribute.get("BinaryValue"))
        size += sum(len(part if isinstance(part, bytes) else part.encode()) for part in parts if part)
    return size
