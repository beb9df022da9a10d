"""Pages of lists: a token that no page gave is refused in the service's words, and any list has a second page.

moto's paginator knows a place by the name of the thing there. Where nobody told it which member is the name, the
second page of a list failed; here the place is its number.
"""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import InvalidToken
from moto.utilities.paginator import Paginator

_parse = Paginator._parse_starting_token
_raise = Paginator._raise_exception_if_required
_paginate = Paginator.paginate


class UnknownTokenError(Exception):
    """A request's token was not made by the list it asks for."""


def install() -> None:
    """Once a process is enough."""
    Paginator._parse_starting_token = _parse_checked  # type: ignore[method-assign, assignment]
    Paginator.paginate = _paginate_any  # type: ignore[method-assign, assignment]


def _parse_checked(paginator: Paginator) -> dict[str, Any] | None:
    """The token's content; tokens are base64 of JSON, and a client may send any."""
    try:
        token = _parse(paginator)
    except InvalidToken as error:
        raise UnknownTokenError from error
    except (AttributeError, KeyError, RecursionError):
        token = {}
    if token is not None and not isinstance(token.get("uniqueAttributes"), str):
        try:
            _raise(paginator, str(paginator._starting_token))
        except InvalidToken as error:
            raise UnknownTokenError from error
        return None
    return token


def _paginate_any(paginator: Paginator, results: Any) -> tuple[list[Any], str | None]:
    results = list(results)
    if paginator._unique_attributes != [None]:
        try:
            return _paginate(paginator, results)
        except (InvalidToken, IndexError) as error:
            raise UnknownTokenError from error
    start = _place(paginator._parsed_token, len(results))
    end = start + int(paginator._max_results or len(results))
    if end >= len(results):
        return results[start:], None
    token: dict[str, Any] = {"uniqueAttributes": str(end)}
    if paginator._param_checksum:
        token["parameterChecksum"] = paginator._param_checksum
    return results[start:end], paginator._token_encoder.encode(token)


def _place(token: dict[str, Any] | None, length: int) -> int:
    if token is None:
        return 0
    text = token["uniqueAttributes"]
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text) < length):
        raise UnknownTokenError
    return int(text)
