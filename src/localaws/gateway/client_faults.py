"""Exceptions that moto's code raises because of what a client sent, as the errors that AWS has for it.

moto looks things up by the names in a request and converts its texts, and does not always ask first whether it can.
Only what is proved to be the client's doing is told so; anything else stays a fault of the lab: a 500 and a log entry.
- KeyError in moto for a name that the request holds and moto's function was given: no such thing, as the
  operation's own errors in botocore's model say it. An engine's KeyError is the engine's fault.
- ValueError of ``int(text)``, or of an enum, in moto for a text of the request: an invalid token or value.
- UnknownTokenError of moto's paginator: an invalid token.
- RecursionError while a text of the request nests brackets deeper than Python's stack is.
Not taken: an AttributeError or TypeError on None, a StopIteration, an IndexError. They do not tell what was looked for.
"""

from __future__ import annotations

import logging
import re
import traceback
from collections.abc import Iterator
from functools import cache
from types import FrameType
from typing import Any

import botocore.session
from botocore.exceptions import DataNotFoundError, UnknownServiceError
from botocore.model import Shape

from localaws.gateway import refusals
from localaws.gateway.errors import JSON_PROTOCOLS, AwsError
from localaws.gateway.paging import UnknownTokenError
from localaws.gateway.records import current_call
from localaws.gateway.validation import ModelledRequest

log = logging.getLogger(__name__)

_SESSION = botocore.session.get_session()
_ABSENT = re.compile(
    r"(?:Resource|Entity)?(?:NotFound|NoSuch(?:Entity)?|DoesNotExist|NonExist\w*)(?:Exception|Fault|Error)?"
)
_INVALID_TOKEN = re.compile(r"Invalid(Next|Pagination)?(Token|Marker)(Exception)?")
_INVALID = re.compile(r"Invalid(?:Input|Request|ParameterValue|Parameter)(?:Exception|Fault|Error)?")
#: Tokens of operations that botocore has no paginator for.
_TOKENS = {"NextToken", "nextToken", "Marker", "PageToken", "ShardIterator"}
#: What services without a not-found error in their models answer (their API references, "Errors").
_WITHOUT_NOT_FOUND = {"emr": "InvalidRequestException", "sns": "InvalidParameter"}
#: EC2's models have no errors; those of its API reference ("Error codes") are made of the thing's name, but for these.
_EC2_NOT_FOUND = {
    "DhcpOptionsId": "InvalidDhcpOptionID.NotFound",
    "GroupId": "InvalidGroup.NotFound",
    "GroupName": "InvalidGroup.NotFound",
    "ImageId": "InvalidAMIID.NotFound",
    "KeyName": "InvalidKeyPair.NotFound",
    "LaunchTemplateId": "InvalidLaunchTemplateId.NotFound",
    "NatGatewayId": "NatGatewayNotFound",
    "SnapshotId": "InvalidSnapshot.NotFound",
    "VolumeId": "InvalidVolume.NotFound",
    "VpcEndpointId": "InvalidVpcEndpointId.NotFound",
}
#: Brackets in one text that no honest client nests.
_MANY_BRACKETS = 200


def as_aws_error(request: ModelledRequest, error: Exception) -> AwsError | None:
    """The error that AWS has for the fault of *request* behind *error*; None where it is not proved to be one."""
    match error:
        case KeyError():
            told = _not_found(request, error)
        case RecursionError():
            told = _too_deep(request)
        case ValueError():
            told = _not_a_value(request, error)
        case UnknownTokenError():
            told = _unknown_token(request)
        case _:
            told = None
    if told:
        call = current_call.get()
        log.info("request %s: %s %s: %r is told as %s", call.request_id, call.service, call.operation, error, told.code)
    return told


def _not_found(request: ModelledRequest, error: KeyError) -> AwsError | None:
    key, frame = error.args[0] if error.args else None, _raising_frame(error)
    if not isinstance(key, str) or not key or not _is_motos(frame) or not _holds(frame, key):
        return None
    for name, value in _texts(request.parameters):
        if value.casefold() == key.casefold():  # RDS's names are looked up in small letters
            if name in _token_names(request):
                return _invalid_token(request, name)
            code, status = _not_found_code(request, name)
            return AwsError(code, f"{name} {value} does not exist.", status)
    return None


def _unknown_token(request: ModelledRequest) -> AwsError:
    tokens = _token_names(request)
    return _invalid_token(request, next((name for name in request.parameters if name in tokens), "token"))


def _not_a_value(request: ModelledRequest, error: ValueError) -> AwsError | None:
    if not _is_motos(_raising_frame(error)):
        return None
    for name, value in _texts(request.parameters):
        if str(error).startswith(f"{value!r} is not a valid "):
            return _invalid(request, f"{name} {value!r} is not valid.")
        if str(error) == f"invalid literal for int() with base 10: {repr(value)[:200]}":
            if name in _token_names(request):
                return _invalid_token(request, name)
            return _invalid(request, f"{name} must be a number, not {value[:100]!r}.")
    return None


def _too_deep(request: ModelledRequest) -> AwsError | None:
    for name, value in _texts(request.parameters):
        if max(map(value.count, "{[(")) > _MANY_BRACKETS:
            return _invalid(request, f"{name} is nested too deeply.")
    return None


def _raising_frame(error: Exception) -> FrameType:
    """The function that failed: not the ``__getitem__`` of a mapping that it asked."""
    frames = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    return next((f for f in reversed(frames) if not f.f_code.co_name.startswith("__")), frames[-1])


def _is_motos(frame: FrameType) -> bool:
    return str(frame.f_globals.get("__name__", "")).startswith("moto.")


def _holds(frame: FrameType, key: str) -> bool:
    """Whether *key* is a name that the function was given: not a member of a structure that it reads."""
    return any(isinstance(held, str) and held.casefold() == key.casefold() for held in frame.f_locals.values())


def _texts(value: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """The texts in *value*, each with the name of the member that holds it; its depth has been checked."""
    if isinstance(value, str):
        yield name, value
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _texts(item, key)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item, name)


def _not_found_code(request: ModelledRequest, member: str) -> tuple[str, int]:
    """The error among the operation's own that speaks of the thing in *member*, and its HTTP status."""
    if request.operation.service == "ec2":
        thing = re.sub(r"Ids?$", "", member)
        return _EC2_NOT_FOUND.get(member.removesuffix("s"), f"Invalid{thing}ID.NotFound"), 400
    about = (member + request.operation.name).casefold()
    best, most = None, -2
    for shape in request.model.error_shapes if request.model else ():
        thing, matches = _ABSENT.subn("", shape.name)
        thing = thing.casefold()
        score = len(thing) if thing in about else -1
        if matches and score > most and (thing != "kms" or score > 0):
            best, most = shape, score
    service = request.operation.service
    if best is None:
        return _WITHOUT_NOT_FOUND.get(service) or _codes(request).constraint, 400
    return _code_of(request, best), best.metadata.get("error", {}).get("httpStatusCode", 400)


def _invalid_token(request: ModelledRequest, name: str) -> AwsError:
    shapes = request.model.error_shapes if request.model else []
    own = next((shape for shape in shapes if _INVALID_TOKEN.fullmatch(shape.name)), None)
    message = f"The specified {name} is invalid."
    return AwsError(_code_of(request, own), message) if own else _invalid(request, message)


def _invalid(request: ModelledRequest, message: str) -> AwsError:
    """The operation's own error for a request that cannot be, or the one for a request that is not as its model."""
    shapes = request.model.error_shapes if request.model else []
    own = next((shape for shape in shapes if _INVALID.fullmatch(shape.name)), None)
    return AwsError(_code_of(request, own) if own else _codes(request).constraint, message)


def _codes(request: ModelledRequest) -> refusals.Codes:
    return refusals.codes_of(request.operation.service, request.operation.protocol)


def _code_of(request: ModelledRequest, shape: Shape) -> str:
    """How the protocol names an error: JSON by its shape, XML by a code of its own."""
    if request.operation.protocol in JSON_PROTOCOLS:
        return str(shape.name)
    return str(shape.metadata.get("error", {}).get("code", shape.name))


def _token_names(request: ModelledRequest) -> set[str]:
    return _TOKENS | _paginated_by(request.operation.service).get(request.operation.name, set())


@cache
def _paginated_by(service: str) -> dict[str, set[str]]:
    """The members that carry a page's token, by operation: botocore's paginators."""
    try:
        config = _SESSION.get_component("data_loader").load_service_model(service, "paginators-1")["pagination"]
    except (DataNotFoundError, UnknownServiceError):
        return {}
    tokens = {name: page["input_token"] for name, page in config.items()}
    return {name: {token} if isinstance(token, str) else set(token) for name, token in tokens.items()}
