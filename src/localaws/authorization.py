"""Whether somebody may do something: one place, for calls and for work that a service does without a call.

`Lab.authorize` asks whoever has registered a `Decision`. Source of the error's words: "Troubleshooting access denied
error messages" (IAM user guide).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from localaws.credentials import Credential
from localaws.gateway.errors import AwsError
from localaws.policies.principals import Principal

if TYPE_CHECKING:
    from localaws.gateway.records import Call

#: What services say that do not say what others of their protocol do.
_CODES = {"sns": "AuthorizationError", "ec2": "UnauthorizedOperation"}


@dataclass(frozen=True)
class Request:
    """What is decided on: IAM's request context ("How IAM works", IAM user guide).

    Attributes:
        caller: who wants it; a service's own principal for what a service does by itself.
        service: botocore's name of the service that would do it.
        action: such as "s3:GetObject".
        resources: ARNs; ("*",) where the action acts on no resource in particular. It is one wish: who may not have
            all of them has none.
        context: values of condition keys, such as "aws:SourceIp".
    """

    caller: Credential
    service: str
    action: str
    resources: Sequence[str]
    context: Mapping[str, str] = field(default_factory=dict)


#: Why a request is refused: such as "on resource: arn:… because no identity-based policy allows the s3:GetObject
#: action". None if it is not.
Decision = Callable[[Request], str | None]


def refusal(request: Request, reason: str) -> AwsError:
    """The error of *request*'s service for what is not allowed."""
    message = f"User: {request.caller.principal} is not authorized to perform: {request.action} {reason}"
    protocol = _protocol(request.service)
    usual = "AccessDeniedException" if "json" in protocol else "AccessDenied"
    return AwsError(_CODES.get(request.service, usual), message, 400 if protocol == "json" else 403)


def principal_of(caller: Credential) -> Principal:
    """*caller* as policies name him."""
    return Principal(caller.principal, caller.account_id, caller.user_id, caller.issuer)


def global_keys(caller: Credential, call: Call) -> dict[str, str]:
    """The condition keys of a *call* that all services have ("AWS global condition context keys", IAM user guide)."""
    kind = {"IAMUser": "User", "Root": "Account"}.get(caller.kind, caller.kind)
    keys = {
        "aws:CurrentTime": call.time,
        "aws:EpochTime": str(int(datetime.fromisoformat(call.time).timestamp())),
        "aws:PrincipalAccount": caller.account_id,
        "aws:PrincipalIsAWSService": str(caller.kind == "AWSService").lower(),
        "aws:PrincipalArn": caller.issuer or caller.principal,
        "aws:PrincipalType": kind,
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": "false",  # the lab speaks HTTP
        "aws:SourceIp": call.source_ip,
        "aws:UserAgent": call.user_agent,
        "aws:userid": caller.user_id,
    }
    if call.via:
        keys |= {"aws:CalledVia": call.via, "aws:ViaAWSService": "true"}
    if caller.kind == "IAMUser":
        keys["aws:username"] = caller.principal.rpartition("/")[2]
    return keys


@cache
def _protocol(service: str) -> str:
    from botocore.exceptions import UnknownServiceError  # not above: children that know the lab load neither
    from moto.core.utils import get_service_model

    try:
        return str(get_service_model(service).metadata["protocol"])
    except UnknownServiceError:
        return "json"
