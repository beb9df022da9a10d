"""How long policies may be, and what moto's reading of them lets through that AWS's does not.

Sources: IAM user guide, "IAM and AWS STS quotas" (white space does not count), "IAM JSON policy elements: Sid"; the
words are AWS's.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy, PolicyVersion, Role
from moto.iam.policy_validation import BaseIAMPolicyValidator

from localaws.gateway.errors import AwsError

MANAGED = 6144
TRUST = 2048
#: All inline policies of one together.
INLINE = {"user": 2048, "role": 10_240, "group": 5120}
_SPACE = re.compile(r"\s+")
_SID = re.compile(r"[0-9A-Za-z]*")


class LimitedIAM(IAMBackend):
    """Refuses policies that are too long, and those of identities that name a principal."""

    def create_policy(
        self, description: str, path: str, policy_document: str, *more: Any, **named: Any
    ) -> ManagedPolicy:
        policy = super().create_policy(description, path, policy_document, *more, **named)
        try:
            _check_managed(policy_document)
        except AwsError:
            del self.managed_policies[policy.arn]
            raise
        return policy

    def create_policy_version(self, policy_arn: str, policy_document: str, set_as_default: bool) -> PolicyVersion:
        _check_managed(policy_document)
        return super().create_policy_version(policy_arn, policy_document, set_as_default)

    def put_user_policy(self, user_name: str, policy_name: str, policy_json: str) -> None:
        _check_inline("user", user_name, self.get_user(user_name).policies, policy_name, policy_json)
        super().put_user_policy(user_name, policy_name, policy_json)

    def put_role_policy(self, role_name: str, policy_name: str, policy_json: str) -> None:
        _check_inline("role", role_name, self.get_role(role_name).policies, policy_name, policy_json)
        super().put_role_policy(role_name, policy_name, policy_json)

    def put_group_policy(self, group_name: str, policy_name: str, policy_json: str) -> None:
        _check_inline("group", group_name, self.get_group(group_name).policies, policy_name, policy_json)
        super().put_group_policy(group_name, policy_name, policy_json)

    def create_role(self, role_name: str, assume_role_policy_document: str, *more: Any, **named: Any) -> Role:
        _check_trust(assume_role_policy_document)
        return super().create_role(role_name, assume_role_policy_document, *more, **named)

    def update_assume_role_policy(self, role_name: str, policy_document: str) -> None:
        _check_trust(policy_document)
        super().update_assume_role_policy(role_name, policy_document)


_check_conditions = BaseIAMPolicyValidator._validate_condition_syntax


def let_conditions_have_numbers() -> None:
    """``"s3:max-keys": 10`` is a condition, too, which moto knows of texts and booleans only.

    Source: IAM user guide, "Grammar of the IAM JSON policy language" (``<condition_value>``).
    """
    BaseIAMPolicyValidator._validate_condition_syntax = staticmethod(_check_with_numbers)  # type: ignore[method-assign]


def _check_with_numbers(statement: dict[str, Any]) -> None:
    condition = statement.get("Condition")
    if isinstance(condition, dict):
        as_texts = {
            operator: {key: str(value) if type(value) in (int, float) else value for key, value in asked.items()}
            for operator, asked in condition.items()
            if isinstance(asked, dict)
        }
        statement = {**statement, "Condition": {**condition, **as_texts}}
    _check_conditions(statement)


def size_of(document: str) -> int:
    """Its letters, without white space."""
    return len(_SPACE.sub("", document))


def _check_managed(document: str) -> None:
    if size_of(document) > MANAGED:
        raise _too_long(f"Cannot exceed quota for PolicySize: {MANAGED}")
    _check_statements(document)


def _check_trust(document: str) -> None:
    if size_of(document) > TRUST:
        raise _too_long(f"Cannot exceed quota for ACLSizePerRole: {TRUST}")


def _check_inline(kind: str, name: str, policies: Mapping[str, Any], policy_name: str, document: str) -> None:
    others = (
        each if isinstance(each, str) else json.dumps(each) for key, each in policies.items() if key != policy_name
    )
    if size_of(document) + sum(map(size_of, others)) > INLINE[kind]:
        raise _too_long(f"Maximum policy size of {INLINE[kind]} bytes exceeded for {kind} {name}")
    _check_statements(document)


def _too_long(message: str) -> AwsError:
    return AwsError("LimitExceeded", message, 409)


def _check_statements(document: str) -> None:
    """Raises MalformedPolicyDocument; what is no policy at all moto tells."""
    try:
        statements = json.loads(document)["Statement"]
    except (ValueError, LookupError, TypeError, RecursionError):
        return
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict):
            return
        if {"Principal", "NotPrincipal"} & statement.keys():
            raise AwsError("MalformedPolicyDocument", "Policy document should not specify a principal.")
        if not _SID.fullmatch(str(statement.get("Sid", ""))):
            said = "Statement IDs (SID) must be alpha-numeric. Check that your input satisfies the regular expression "
            raise AwsError("MalformedPolicyDocument", f"{said}[0-9A-Za-z]*")
