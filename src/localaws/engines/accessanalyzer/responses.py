"""The operations of IAM Access Analyzer (its API reference)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from typing import Any, ClassVar

from moto.core.responses import ActionResult, BaseResponse

from localaws.engines.accessanalyzer.backend import AccessAnalyzerBackend, accessanalyzer_backends
from localaws.engines.accessanalyzer.custom_checks import (
    Outcome,
    check_granted,
    check_new_access,
    check_public,
    statements_of,
)
from localaws.engines.accessanalyzer.validation import validate
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.policies.documents import read

_MOST_RESULTS = 100


class AccessAnalyzerResponse(BaseResponse):
    """Answers each operation."""

    lab: ClassVar[Lab]

    def __init__(self) -> None:
        super().__init__(service_name="accessanalyzer")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> AccessAnalyzerBackend:
        return accessanalyzer_backends[self.current_account][self.region]

    def _given(self, name: str, otherwise: Any = None) -> Any:
        return self._get_param(name, otherwise)

    def _page(self, name: str, items: Sequence[Any]) -> ActionResult:
        """The *items* from where nextToken points, at most maxResults of them."""
        token = self._given("nextToken")
        try:
            start = int(base64.b64decode(token, validate=True)) if token else 0
        except (ValueError, binascii.Error):
            raise _invalid("The nextToken is not one that was given.") from None
        end = start + int(self._given("maxResults") or _MOST_RESULTS)
        more = {"nextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
        return ActionResult({name: items[start:end], **more})

    # Policies

    def validate_policy(self) -> ActionResult:
        text, kind = self._given("policyDocument"), self._given("policyType")
        resource_type = self._given("validatePolicyResourceType") or ""
        if resource_type and kind != "RESOURCE_POLICY":
            raise _invalid("validatePolicyResourceType goes with the policyType RESOURCE_POLICY alone.")
        return self._page("findings", [finding.told(text) for finding in validate(text, kind, resource_type)])

    def check_access_not_granted(self) -> ActionResult:
        policy = self._policy("policyDocument")
        return _told(check_granted(policy, self._given("access")))

    def check_no_new_access(self) -> ActionResult:
        return _told(check_new_access(self._policy("newPolicyDocument"), self._policy("existingPolicyDocument")))

    def check_no_public_access(self) -> ActionResult:
        return _told(check_public(self._policy("policyDocument")))

    def _policy(self, name: str) -> dict[str, Any]:
        """The document that the request has as *name*. Raises InvalidParameterException for what is no policy."""
        text = self._given(name)
        try:
            read(name, text)
            policy: dict[str, Any] = json.loads(text)
            if any(not {"Action", "NotAction"} & each.keys() for each in statements_of(policy)):
                raise ValueError("a statement has no Action")
        except ValueError as error:
            raise AwsError("InvalidParameterException", f"{name} is not a valid policy: {error}", 400) from None
        return policy


def _told(outcome: Outcome) -> ActionResult:
    reasons = [
        {"description": said, "statementIndex": index, **({"statementId": sid} if sid else {})}
        for said, index, sid in outcome.reasons
    ]
    result = "FAIL" if reasons else "PASS"
    return ActionResult({"result": result, "message": outcome.message, **({"reasons": reasons} if reasons else {})})


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message, 400, {"reason": "fieldValidationFailed"})
