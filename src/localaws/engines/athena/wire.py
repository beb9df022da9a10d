"""What the response classes of Athena share: errors and pages."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeVar

from localaws.gateway.errors import AwsError

_Item = TypeVar("_Item")
_MOST_LISTED = 50


def invalid(message: str) -> AwsError:
    """InvalidRequestException, as nearly every complaint of Athena is."""
    return AwsError("InvalidRequestException", message)


def missing(message: str) -> AwsError:
    return AwsError("ResourceNotFoundException", message)


def page(items: Sequence[_Item], most: Any, token: str | None, limit: int = _MOST_LISTED) -> tuple[list[_Item], str]:
    """A page of *items* and the token of the next, empty after the last.

    Raises InvalidRequestException for a MaxResults out of 1 … *limit*, or a token that was never given.
    """
    size = int(most or limit)
    if not 1 <= size <= limit:
        raise invalid(f"MaxResults takes 1 to {limit}, not {size}")
    if token and not (token.isdigit() and int(token) < len(items)):
        raise invalid("Malformed request: NextToken")
    start = int(token or 0)
    following = str(start + size) if start + size < len(items) else ""
    return list(items[start : start + size]), following
