"""A resource that a service refused: which one, and in the service's words why.

moto makes, changes and deletes a stack's resources while the caller waits, and lets a service's error through to it.
On AWS the call has long been answered by then: the error is an event of the stack.
"""

from __future__ import annotations

import logging
import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from botocore.exceptions import ClientError, ParamValidationError
from moto.cloudformation.exceptions import CloudFormationError
from moto.core.exceptions import ServiceException
from werkzeug.exceptions import HTTPException

from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call

log = logging.getLogger(__name__)

#: CloudFormation's own words for what a service answered ("Handler error codes", CLI for extensions user guide).
_HANDLER_CODES = [
    (r"AlreadyExists|ResourceConflict|EntityAlreadyExists|ResourceInUse|BucketAlreadyOwnedByYou", "AlreadyExists"),
    (r"NotFound|NoSuch|NonExistent", "NotFound"),
    (r"AccessDenied|Unauthorized", "AccessDenied"),
    (r"LimitExceeded", "ServiceLimitExceeded"),
    (r"Throttl|TooManyRequests", "Throttling"),
    (r"Internal|ServiceException", "ServiceInternalError"),
]


class ResourceFailed(Exception):
    """A resource could not be made, changed or deleted.

    *action* is ``CREATE``, ``UPDATE`` or ``DELETE``; *reason* is what DescribeStackEvents shows.
    """

    def __init__(self, logical_id: str, resource_type: str, action: str, reason: str) -> None:
        super().__init__(f"{logical_id} ({resource_type}): {reason}")
        self.logical_id = logical_id
        self.resource_type = resource_type
        self.action = action
        self.reason = reason


@contextmanager
def named(logical_id: str, resource: dict[str, Any], action: str) -> Iterator[None]:
    """Whatever stops the *action* (``CREATE``, …) on a resource becomes `ResourceFailed`."""
    try:
        yield
    except ResourceFailed:  # of a resource that this one refers to
        raise
    except Exception as error:
        raise ResourceFailed(logical_id, resource["Type"], action, _reason(error, resource["Type"])) from error


def _reason(error: Exception, resource_type: str) -> str:
    """What AWS's resource handlers say of a service's *error*."""
    code, message, status = _details(error)
    if isinstance(error, CloudFormationError):
        return message
    if isinstance(error, ParamValidationError):
        return f"Model validation failed ({error.kwargs['report']})"
    if not code:
        if isinstance(error, KeyError):  # moto's resources look for the properties that must be there
            return f"Model validation failed (#: required key [{error.args[0]}] not found)"
        log.error("a resource of type %s failed", resource_type, exc_info=error)
        return f"Internal Failure: {type(error).__name__}: {error}"
    handler = next((name for pattern, name in _HANDLER_CODES if re.search(pattern, code)), "InvalidRequest")
    service = resource_type.split("::")[1]
    call = current_call.get(None)
    request_id = call.request_id if call else uuid.uuid4()
    return (
        f'Resource handler returned message: "{message} (Service: {service}, Status Code: {status}, '
        f'Request ID: {request_id})" (RequestToken: {uuid.uuid4()}, HandlerErrorCode: {handler})'
    )


def _details(error: Exception) -> tuple[str, str, int]:
    """A service's code, message and HTTP status; no code for what is no service's error."""
    if isinstance(error, AwsError):
        return error.code, error.message, error.status
    if isinstance(error, ClientError):
        said = error.response["Error"]
        return said["Code"], said.get("Message", ""), error.response["ResponseMetadata"]["HTTPStatusCode"]
    if isinstance(error, HTTPException) and hasattr(error, "error_type"):  # most of moto's
        return error.error_type, getattr(error, "message", ""), error.code or 400
    if isinstance(error, ServiceException):
        return error.code, error.message, 400
    return "", str(error), 500
