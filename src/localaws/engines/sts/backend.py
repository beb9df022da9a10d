"""STS: temporary credentials that really sign, and an identity that is the caller's own.

moto keeps what it hands out to itself, or hands out constants; here the gateway must know every key.
"""

from __future__ import annotations

import binascii
import re
from contextvars import ContextVar
from typing import Any, ClassVar, cast
from xml.parsers.expat import ExpatError

from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import iam_backends
from moto.iam.policy_validation import IAMPolicyDocumentValidator
from moto.sts.models import AssumedRole, STSBackend
from moto.sts.responses import TokenResponse

from localaws.credentials import Credential
from localaws.engines.sts.mfa import check_code
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

HOUR = 3600
#: Letters of all session policies together (API reference, AssumeRole, Policy).
_MOST_OF_POLICIES = 2048
#: What the session that is being made is limited by, and called: `CredentialStore.mint`.
_session: ContextVar[dict[str, Any]] = ContextVar("session", default={})  # noqa: B039 (nobody changes it)
_ROLE_ARN = re.compile(r"arn:[^:\n]+:[^:\n]+:[^:\n]*:[^:\n]*:.+")


class STSEngine(STSBackend):
    """Assumes only roles that exist, and registers their credentials with the gateway."""

    lab: ClassVar[Lab]

    def assume_role(self, *args: Any, **kwargs: Any) -> AssumedRole:
        duration = int(kwargs["duration"])
        _check_role(kwargs["role_arn"], duration)
        return self._known(super().assume_role(*args, **kwargs), duration)

    def assume_role_with_saml(self, **kwargs: Any) -> AssumedRole:
        """Raises InvalidIdentityToken for an assertion that cannot be read; nobody's signature is checked."""
        _check_role(kwargs["role_arn"], int(kwargs.get("duration") or HOUR))
        try:
            role = super().assume_role_with_saml(**kwargs)
        except (binascii.Error, UnicodeDecodeError):
            raise AwsError("InvalidIdentityToken", "Invalid base64 SAMLResponse") from None
        except (ExpatError, LookupError, TypeError, ValueError, RecursionError) as error:
            raise AwsError("InvalidIdentityToken", f"The SAML response cannot be read: {error}") from None
        return self._known(role, int(kwargs.get("duration") or HOUR))

    def _known(self, role: AssumedRole, duration: int) -> AssumedRole:
        """*role* with credentials that the gateway knows for *duration* seconds."""
        credential = self.lab.credentials.give(
            role.arn, role.account_id, role.user_id, duration, issuer=role.role_arn, **_session.get()
        )
        role.access_key_id = credential.access_key_id
        role.secret_access_key = credential.secret_access_key
        role.session_token = credential.session_token or ""
        if credential.expires:
            role.expiration = credential.expires
        return role


class STSEngineResponse(TokenResponse):
    """The operations that moto answers with constants."""

    lab: ClassVar[Lab]

    def assume_role(self) -> ActionResult:
        """PackedPolicySize is told of session policies and tags only.

        Raises MalformedPolicyDocument for a session policy that is none, PackedPolicyTooLarge for too many letters,
        ValidationError for a managed policy that is not there.
        """
        made = {
            "policies": self._policies(),
            **self._tags(),
            "source_identity": self._get_param("SourceIdentity") or _caller().source_identity,
            "mfa": self._second_factor(),
        }
        token = _session.set(made)
        try:
            answer = super().assume_role()
        finally:
            _session.reset(token)
        if source := made["source_identity"]:
            cast(dict[str, Any], answer.result)["SourceIdentity"] = source
        if not (self._get_param("Policy") or self._get_param("PolicyArns") or self._get_param("Tags")):
            cast(dict[str, Any], answer.result).pop("PackedPolicySize")
        return answer

    def _tags(self) -> dict[str, Any]:
        """The session's tags: the request's, and those that the caller's session passes on.

        Source: IAM user guide, "Passing session tags in AWS STS", "Chaining roles with session tags".
        """
        caller = _caller()
        asked = {tag["Key"]: tag["Value"] for tag in self._get_param("Tags") or ()}
        passed_on = tuple(self._get_param("TransitiveTagKeys") or ())
        inherited = {name: value for name, value in caller.tags if name in caller.transitive}
        known = {name.lower() for name in asked}
        if len(known) < len(self._get_param("Tags") or ()):
            said = "Duplicate tag keys found. Please note that Tag keys are case insensitive."
            raise AwsError("InvalidParameterValue", said)
        if {name.lower() for name in inherited} & known:
            said = (
                "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            )
            raise AwsError("InvalidParameterValue", f"{said}from the calling session.")
        if {name.lower() for name in passed_on} - known:
            said = "The specified transitive tag key must be included in the requested tags."
            raise AwsError("InvalidParameterValue", said)
        lower = {name.lower() for name in passed_on}
        transitive = (*inherited, *(name for name in asked if name.lower() in lower))
        return {"tags": tuple({**inherited, **asked}.items()), "transitive": transitive}

    def _second_factor(self) -> str:
        """When the caller has proved himself by the code that the request has, "" if it has none."""
        serial, code = self._get_param("SerialNumber"), self._get_param("TokenCode")
        return check_code(_caller(), serial, code or "", self.lab.clock.now()) if serial or code else ""

    def _policies(self) -> tuple[str, ...]:
        """The documents of the request's session policies."""
        own = self._get_param("Policy")
        if own is not None:
            IAMPolicyDocumentValidator(own).validate()
        arns = [each["arn"] for each in self._get_param("PolicyArns") or ()]
        documents = [*([own] if own else []), *(_document_of(arn, self.current_account) for arn in arns)]
        if len("".join([*arns, own or ""])) > _MOST_OF_POLICIES:
            raise AwsError("PackedPolicyTooLarge", "Serialized token too large for session")
        return tuple(documents)

    def get_session_token(self) -> ActionResult:
        caller = _caller()
        duration = self._get_int_param("DurationSeconds", 12 * HOUR)
        mfa = self._second_factor()
        return ActionResult({"Credentials": self._mint(caller.principal, caller.user_id, duration, mfa=mfa)})

    def get_federation_token(self) -> ActionResult:
        name = self._get_param("Name")
        arn = f"arn:aws:sts::{self.current_account}:federated-user/{name}"
        user_id = f"{self.current_account}:{name}"
        duration = self._get_int_param("DurationSeconds", 12 * HOUR)
        return ActionResult(
            {
                "Credentials": self._mint(
                    arn, user_id, duration, issuer=_caller().principal, policies=self._policies()
                ),
                "FederatedUser": {"FederatedUserId": user_id, "Arn": arn},
                "PackedPolicySize": 0,
            }
        )

    def decode_authorization_message(self) -> ActionResult:
        """Raises InvalidAuthorizationMessageException for what no refusal of this lab had in it."""
        try:
            return ActionResult({"DecodedMessage": self.lab.failure_messages.decode(self._get_param("EncodedMessage"))})
        except ValueError:
            said = "The message that was given for decoding is not valid: copy all of it from the error."
            raise AwsError("InvalidAuthorizationMessageException", said) from None

    def get_caller_identity(self) -> ActionResult:
        caller = _caller()
        return ActionResult({"UserId": caller.user_id, "Account": caller.account_id, "Arn": caller.principal})

    def _mint(self, principal: str, user_id: str, seconds: int, **session: Any) -> dict[str, Any]:
        _check_duration(seconds, 36 * HOUR)
        credential = self.lab.credentials.give(principal, self.current_account, user_id, seconds, **session)
        return {
            "AccessKeyId": credential.access_key_id,
            "SecretAccessKey": credential.secret_access_key,
            "SessionToken": credential.session_token,
            "Expiration": credential.expires,
        }


def _document_of(policy_arn: str, account_id: str) -> str:
    try:
        policy = iam_backends[account_id][policy_arn.split(":")[1]].get_policy(policy_arn)
    except (KeyError, IndexError, NotFoundException):
        raise AwsError("ValidationError", f"Policy {policy_arn} does not exist or is not attachable.") from None
    return next(str(version.document) for version in policy.versions if version.is_default)


def find_iam_key(access_key_id: str) -> Credential | None:
    """The IAM user's key with that id, in any account; None if there is none or it is inactive."""
    for account_id, by_partition in list(iam_backends.items()):
        for iam in list(by_partition.values()):
            key = iam.access_keys.get(access_key_id)
            if key is None or key.status != "Active" or not key.user_name:
                continue
            user = iam.get_user(key.user_name)
            return Credential(key.access_key_id, key.secret_access_key, user.arn, account_id, user.id)
    return None


def find_role_id(role_arn: str) -> str | None:
    """The unique id of the role with that ARN, in any account; None if there is none."""
    roles = (role for by_partition in list(iam_backends.values()) for iam in list(by_partition.values())
             for role in list(iam.roles.values()))  # fmt: skip
    return next((str(role.id) for role in roles if role.arn == role_arn), None)


def _check_role(role_arn: str, duration: int) -> None:
    """Raise AccessDenied for a role that does not exist, ValidationError for a session longer than it allows.

    STS API reference, AssumeRole: between 15 minutes and the role's MaxSessionDuration, an hour in a role chain.
    """
    caller = _caller()
    if not _ROLE_ARN.fullmatch(role_arn):
        raise AwsError("ValidationError", f"{role_arn} is invalid")
    try:
        _, partition, _, _, account_id, _ = role_arn.split(":", 5)
        role = iam_backends[account_id][partition].get_role_by_arn(role_arn)
    except (ValueError, KeyError, NotFoundException):
        # AWS does not tell whether there is such a role
        message = f"User: {caller.principal} is not authorized to perform: sts:AssumeRole on resource: {role_arn}"
        raise AwsError("AccessDenied", message, 403) from None
    chained = ":assumed-role/" in caller.principal
    _check_duration(duration, HOUR if chained else int(role.max_session_duration or HOUR))


def _check_duration(seconds: int, longest: int) -> None:
    if not 900 <= seconds <= longest:
        raise AwsError("ValidationError", f"DurationSeconds must be between 900 and {longest} here, not {seconds}.")


def _caller() -> Credential:
    credential = current_call.get().credential
    assert credential is not None, "the gateway lets nobody in without one"
    return credential
