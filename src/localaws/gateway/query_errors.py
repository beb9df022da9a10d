"""Errors of the query protocol say their message once.

moto writes it a second time, in small letters, where the service's model gives an error a member ``message``; on
AWS ``<Message>`` is all there is (recorded by LocalStack's suite, test_sns).
"""

from __future__ import annotations

from typing import Any

from moto.core.serialize import QuerySerializer

_serialize = QuerySerializer._serialize_error_metadata


def install() -> None:
    """Once a process is enough."""
    QuerySerializer._serialize_error_metadata = _without_second_message  # type: ignore[method-assign, assignment]


def _without_second_message(serializer: QuerySerializer, serialized: Any, error: Exception, shape: Any) -> None:
    _serialize(serializer, serialized, error, shape)
    if "Message" in serialized:
        serialized.pop("message", None)
