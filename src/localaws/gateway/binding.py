"""Has moto act on the operation and the region that were signed, identified and recorded, and on no other.

moto looks for both again by itself, and believes much: an ``Action`` in the URL, or even in the text of a JSON body
(``"a message &Action=DeleteQueue& …"``), and a region in the URL or the User-Agent. Whoever can write one of these
would be served something else than what was authorised.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import BaseResponse
from moto.core.serialize import SerializationContext
from moto.utilities.utils import get_partition

from localaws.gateway.operations import Operation
from localaws.gateway.records import current_call

_ENVIRON_KEY = "localaws.identified"
_moto_get_action = BaseResponse._get_action
_moto_setup_class = BaseResponse.setup_class


def identified_as(environ: dict[str, Any], operation: Operation, region: str) -> None:
    """Say what the request in *environ* is; moto's response classes will take it from here."""
    environ[_ENVIRON_KEY] = operation, region


def bind() -> None:
    """Teach moto's response classes to ask the gateway; once a process is enough."""
    BaseResponse._get_action = _get_action  # type: ignore[method-assign, assignment]
    BaseResponse.setup_class = _setup_class  # type: ignore[method-assign, assignment]
    SerializationContext.__init__ = _take_request_id  # type: ignore[method-assign, assignment]


def _get_action(response: BaseResponse) -> str:
    operation, _ = response.normalized_request.environ.get(_ENVIRON_KEY, (None, ""))
    if operation is None or not operation.name:
        return _moto_get_action(response)
    if operation.service == "s3":  # moto's S3 names its actions itself, on the way
        return _moto_get_action(response)
    if operation.protocol.startswith("rest"):
        response.uri_match = operation.parameters
    return str(operation.name)


def _setup_class(response: BaseResponse, request: Any, *arguments: Any, **options: Any) -> None:
    _moto_setup_class(response, request, *arguments, **options)
    _, region = request.environ.get(_ENVIRON_KEY, (None, ""))
    if region:
        response.region = region
        response.partition = get_partition(region)


def _take_request_id(context: SerializationContext, request_id: str | None = None) -> None:
    """Answers carry the call's own id, where moto would write the words "request-id"."""
    context.request_id = request_id or current_call.get().request_id
