"""Whether somebody may do something: one place, for calls and for work that a service does without a call.

`Lab.authorize` asks whoever has registered a `Decision`. Source of the error's words: "Troubleshooting access denied
error messages" (IAM user guide).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from localaws.credentials import Credential
from localaws.gateway.errors import AwsError
from localaws.policies.patterns import Context

if TYPE_CHECKING:
    from localaws.failure_messages import FailureMessages
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
    context: Context


#: Why a request is refused: such as "on resource: arn:… because no identity-based policy allows the s3:GetObject
#: action". None if it is not.
Decision = Callable[[Request], str | None]


def refusal(request: Request, reason: str, failures: FailureMessages) -> AwsError:
    """The error of *request*'s service for what is not allowed."""
    message = f"User: {request.caller.principal} is not authorized to perform: {request.action} {reason}"
    message = failures.added_to(message, request, reason)
    protocol = _protocol(request.service)
    usual = "AccessDeniedException" if "json" in protocol else "AccessDenied"
    return AwsError(_CODES.get(request.service, usual), message, 400 if protocol == "json" else 403)


def keys_of_caller(caller: Credential, now: datetime | None = None) -> dict[str, str]:
    """The condition keys that say who calls ("AWS global condition context keys", IAM user guide).

    *now* is the lab's time, for how long ago something was.
    """
    keys = {
        "aws:PrincipalAccount": caller.account_id,
        "aws:PrincipalArn": caller.issuer or caller.principal,
        "aws:PrincipalIsAWSService": str(caller.kind == "AWSService").lower(),
        "aws:PrincipalType": {"IAMUser": "User", "Root": "Account"}.get(caller.kind, caller.kind),
        "aws:SourceIdentity": caller.source_identity,
        "aws:TokenIssueTime": caller.created,
        "aws:userid": caller.user_id,
        **{f"aws:PrincipalTag/{name}": value for name, value in caller.tags},
    }
    if caller.expires is not None:  # long-term keys say nothing of a second factor
        keys["aws:MultiFactorAuthPresent"] = str(bool(caller.mfa)).lower()
        if caller.mfa and now:
            keys["aws:MultiFactorAuthAge"] = str(int((now - datetime.fromisoformat(caller.mfa)).total_seconds()))
    if caller.kind == "IAMUser":
        keys["aws:username"] = caller.principal.rpartition("/")[2]
    return {key: value for key, value in keys.items() if value}


def keys_of_call(call: Call) -> dict[str, str | Sequence[str]]:
    """The condition keys that say how a *call* comes (the same page)."""
    keys: dict[str, str | Sequence[str]] = {
        "aws:CurrentTime": call.time,
        "aws:EpochTime": str(int(datetime.fromisoformat(call.time).timestamp())),
        "aws:RequestedRegion": call.region,
        "aws:SecureTransport": str(bool(call.tls or call.via)).lower(),  # services speak TLS with one another
        "aws:UserAgent": call.user_agent,
    }
    chain = call.called_via
    if chain:
        keys |= {"aws:CalledVia": chain, "aws:CalledViaFirst": chain[0], "aws:CalledViaLast": chain[-1]}
    if not call.via:  # a service that calls for somebody does not come from where he is
        keys["aws:SourceIp"] = call.source_ip
    return keys | {"aws:ViaAWSService": str(bool(chain)).lower()}


def keys_of_source(arn: str, account_id: str = "") -> dict[str, str]:
    """The condition keys that say for what a service works: a topic, a rule, a bucket, whose ARN has no account."""
    account = account_id or arn.split(":")[4]
    return {"aws:SourceArn": arn, **({"aws:SourceAccount": account} if account else {})}


@cache
def _protocol(service: str) -> str:
    from botocore.exceptions import UnknownServiceError  # not above: children that know the lab load neither
    from moto.core.utils import get_service_model

    try:
        return str(get_service_model(service).metadata["protocol"])
    except UnknownServiceError:
        return "json"
