"""What a record shows of a request and of its answer: CloudTrail's ``requestParameters`` and ``responseElements``.

Source: "CloudTrail record contents" (CloudTrail user guide): the answer is kept of what changes something; operations
on data leave neither what they carry nor what they give; what is secret is hidden, and what is too large omitted.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from typing import Any

from botocore.awsrequest import HeadersDict
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from botocore.parsers import ResponseParserError, create_parser

from localaws.gateway.arns import makers_of
from localaws.gateway.reference import is_data_event, is_read_only, prefix_of
from localaws.gateway.response import Response

log = logging.getLogger(__name__)

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"
#: Members that are secret by their name, where botocore's model does not say so of their shape.
_SECRET = re.compile(
    r"password|secret(string|binary|access ?key|key)$|sessiontoken|privatekey|authtoken", re.IGNORECASE
)
#: What an operation on objects shows besides the names of bucket and object.
_OF_OBJECTS = frozenset({"Bucket", "Key", "VersionId", "UploadId", "PartNumber", "Prefix", "CopySource"})
_NUMBERS = {"integer": int, "long": int, "float": float, "double": float}
_MOST_ARNS = 20
#: Code and message, in XML or JSON.
_ERROR = tuple(
    re.compile(pattern.encode(), re.DOTALL)
    for pattern in (
        r"(?:<Code>|\"__type\": ?\")([^<\"]*)",
        r"(?:<Message>|\"[mM]essage\": ?\")((?:[^<\"\\]|\\.){0,1000})",
    )
)


def request_parameters(service: str, operation: OperationModel, parameters: Mapping[str, Any]) -> dict[str, Any]:
    """What the record of a call shows of its *parameters*."""
    if is_data_event(service, operation.name):
        names = _OF_OBJECTS if service == "s3" else _names(service, operation.name)
        return {name: value for name, value in parameters.items() if name in names}
    try:
        return _shown(operation.input_shape, parameters) or {}
    except RecursionError:
        return {"omitted": True}


def response_elements(
    service: str, operation: OperationModel, protocol: str, response: Response
) -> dict[str, Any] | None:
    """What the record of a call shows of a *response* in that *protocol*; None for what only reads, or moves data."""
    reads = is_read_only(service, operation.name) and service != "sts"  # which tells for whom it has made keys
    if reads or is_data_event(service, operation.name):
        return None
    shape = operation.output_shape
    if shape is None or response.status_code >= 300 or response.is_streamed or operation.has_streaming_output:
        return None
    headers = HeadersDict(dict(response.headers.items()))
    told = {"status_code": response.status_code, "headers": headers, "body": response.body}
    try:
        return _shown(shape, _parser(protocol).parse(told, shape)) or None
    except (ResponseParserError, ValueError, LookupError, TypeError, RecursionError):  # moto's, which fits no model
        log.info("the answer to %s %s does not fit its model", service, operation.name)
        return None


def arns_in(service: str, elements: Mapping[str, Any]) -> list[str]:
    """The ARNs of what *elements* tell that the service has made, or done something to."""
    own = f":{prefix_of(service)}:"
    inner = [value for each in elements.values() if isinstance(each, dict) for value in each.values()]
    texts = [each for each in [*elements.values(), *inner] if isinstance(each, str)]
    return [each for each in texts if each.startswith("arn:") and each[4:].find(own) in range(2, 12)][:_MOST_ARNS]


def error_of(response: Response) -> tuple[str, str]:
    """The code of an error that a service wrote itself, and its message, or what is found of them."""
    text = b"" if response.is_streamed else response.body
    header = response.headers.get("x-amzn-ErrorType", "").split(":")[0]
    code, message = (found[1].decode("utf-8", "replace") if (found := part.search(text)) else "" for part in _ERROR)
    return header or code.rpartition("#")[2] or str(response.status_code), message


def _shown(shape: Shape | None, value: Any, name: str = "") -> Any:
    """*value* of *shape* without secrets and bytes, in JSON's types; only what the model knows."""
    if shape is None or value is None:
        return None
    if shape.metadata.get("sensitive") or _SECRET.search(name):
        return HIDDEN
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        if shape.is_document_type:
            return None
        shown = {each: _shown(member, value[each], each) for each, member in shape.members.items() if each in value}
        return {each: part for each, part in shown.items() if part is not None}
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_shown(shape.member, each, name) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        return {str(key): _shown(shape.value, each, str(key)) for key, each in value.items()}
    return _plain(shape, value)


def _plain(shape: Shape, value: Any) -> Any:
    if shape.type_name == "blob" or isinstance(value, bytes):
        return None
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, str):  # a form's
        if shape.type_name == "boolean":
            return value.lower() == "true"
        try:
            return _NUMBERS[shape.type_name](value) if shape.type_name in _NUMBERS else value
        except ValueError:
            return value
    return value if isinstance(value, bool | int | float) else None


@cache
def _names(service: str, operation: str) -> frozenset[str]:
    """The members of *operation* that name what it acts on."""
    makers = [maker for _, found in makers_of(service, operation) for maker in found]
    parts = [path[0] for maker in makers for paths in (maker.parts or {}).values() for path in paths]
    whole = [member for maker in makers for member in maker.whole if member.lower().endswith("arn")]
    return frozenset([*parts, *whole])


@cache
def _parser(protocol: str) -> Any:
    return create_parser("rest-xml" if protocol == "s3" else protocol)
