"""Answers in pages, as IAM writes them: MaxItems and Marker (IAM API reference, each operation that lists)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from localaws.gateway.errors import AwsError

MOST_ITEMS = 100
Item = TypeVar("Item")


def page(items: Sequence[Item], marker: str | None, most: int) -> tuple[Sequence[Item], dict[str, Any]]:
    """At most *most* of *items* from where *marker* points, and what the answer says of the rest.

    Raises ValidationError for a marker that no answer had.
    """
    try:
        start = int(base64.b64decode(marker, validate=True)) if marker else 0
    except (ValueError, binascii.Error):
        raise AwsError("ValidationError", "Invalid Marker.") from None
    end = start + most
    if end >= len(items):
        return items[start:], {"IsTruncated": False}
    return items[start:end], {"IsTruncated": True, "Marker": base64.b64encode(str(end).encode()).decode()}
