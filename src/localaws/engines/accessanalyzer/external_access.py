"""Whom a resource's policy lets in from outside of the account, its zone of trust.

Source: IAM user guide, "IAM Access Analyzer findings": services of AWS are no external entities.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from localaws.engines.accessanalyzer.custom_checks import Statement, is_denied, listed, statements_of
from localaws.policies.public import lets_in_anybody

_ACCOUNT = re.compile(r"\d{12}")
#: Condition keys by which everybody becomes somebody of an account.
_ACCOUNTS = {"aws:principalaccount", "aws:sourceaccount", "aws:sourceowner", "kms:calleraccount"}
_ARNS = {"aws:principalarn", "aws:sourcearn"}


@dataclass(frozen=True)
class Access:
    """Who may do what: ``principal`` is a kind and a name, as ("AWS", "999999999999")."""

    principal: tuple[str, str]
    actions: tuple[str, ...]
    condition: tuple[tuple[str, str], ...]
    is_public: bool


def external_access(document: str, account: str, closed: bool = False) -> list[Access]:
    """The accesses that a valid policy *document* gives to others than the *account*.

    *closed*: whether nobody is let in by what is public (S3's RestrictPublicBuckets).
    """
    policy = json.loads(document)
    found: dict[tuple[Any, ...], set[str]] = {}
    for statement in statements_of(policy):
        if statement["Effect"] != "Allow":
            continue
        actions = [each for each in listed(statement.get("Action", "*")) if not _is_denied(policy, statement, each)]
        public = lets_in_anybody(statement)
        if not actions or (public and closed):
            continue
        condition = _condition(statement)
        for principal in _strangers(statement, account, dict(condition)):
            everybody = public and principal[1] == "*"
            found.setdefault((principal, condition, everybody), set()).update(actions)
    return [
        Access(principal, tuple(sorted(actions)), condition, public)
        for (principal, condition, public), actions in found.items()
    ]


def _strangers(statement: Statement, account: str, condition: dict[str, str]) -> Iterator[tuple[str, str]]:
    principal = statement.get("Principal", "*")  # NotPrincipal with Allow: everybody but some
    named = principal if isinstance(principal, dict) else {"AWS": "*"}
    for kind, values in named.items():
        for value in listed(values) if kind != "Service" else ():
            if kind == "AWS" and _ACCOUNT.fullmatch(owner := _account_of(value)):
                if owner != account:
                    yield kind, owner if value.endswith(":root") else value
            elif value != "*" or not _is_of(condition, account):
                yield kind, value


def _account_of(principal: str) -> str:
    return principal.split(":")[4] if principal.startswith("arn:") else principal


def _is_of(condition: dict[str, str], account: str) -> bool:
    """Whether the *condition* lets in nobody but the *account* itself."""
    for key, values in condition.items():
        name, each = key.lower(), values.split(",")
        if name in _ACCOUNTS and all(value == account for value in each):
            return True
        if name in _ARNS and all(value.startswith("arn:") and _account_of(value) == account for value in each):
            return True
    return False


def _condition(statement: Statement) -> tuple[tuple[str, str], ...]:
    blocks = statement.get("Condition", {}).values()
    return tuple(sorted((key, ",".join(map(str, listed(values)))) for keys in blocks for key, values in keys.items()))


def _is_denied(policy: dict[str, Any], statement: Statement, action: str) -> bool:
    return all(is_denied(policy, action, resource) for resource in listed(statement.get("Resource", "*")))
