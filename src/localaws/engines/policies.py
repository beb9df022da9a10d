"""The grammar of a policy that a resource has; each service says in its own words what of it is wrong.

Sources: IAM user guide, "Grammar of the IAM JSON policy language" and "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import json
import re
from typing import Any

from botocore.exceptions import ClientError

from localaws.lab import Lab

_OF_POLICY = {"Version", "Id", "Statement"}
_ELEMENTS = ("Principal", "Action", "Resource")
_OF_STATEMENT = {"Sid", "Effect", "Condition", *_ELEMENTS, *(f"Not{name}" for name in _ELEMENTS)}
_VERSIONS = {"2012-10-17", "2008-10-17"}
_ACCOUNT = r"\d{12}"
_AWS_PRINCIPAL = re.compile(
    rf"\*|{_ACCOUNT}|A[A-Z]{{3}}[A-Z0-9]{{12,}}|"
    rf"arn:aws[\w-]*:(iam::{_ACCOUNT}:(root|(user|role)/.+)|sts::{_ACCOUNT}:(assumed-role|federated-user)/.+)"
)
_SERVICE = re.compile(r"[\w.-]+\.(amazonaws\.com|amazonaws\.com\.cn|aws\.internal)", re.ASCII)
_IDENTITY = re.compile(rf"arn:aws[\w-]*:iam::(?P<account>{_ACCOUNT}):(?P<kind>user|role)/(?:.*/)?(?P<name>.+)")


class PolicyFaultError(ValueError):
    """What is wrong: ``element`` is "JSON", "syntax" or the name of a statement's element."""

    def __init__(self, element: str) -> None:
        super().__init__(element)
        self.element = element


def check_policy(lab: Lab, text: str, service: str) -> list[dict[str, Any]]:
    """The statements of a policy on a resource of *service* (as actions name it); raises PolicyFaultError."""
    try:
        policy = json.loads(text)
    except (ValueError, RecursionError):
        raise PolicyFaultError("JSON") from None
    if not isinstance(policy, dict):
        raise PolicyFaultError("JSON")
    statements = policy.get("Statement")
    statements = statements if isinstance(statements, list) else [statements]
    if policy.keys() - _OF_POLICY or not statements or policy.get("Version", "2008-10-17") not in _VERSIONS:
        raise PolicyFaultError("syntax")
    for statement in statements:
        if not isinstance(statement, dict) or statement.keys() - _OF_STATEMENT:
            raise PolicyFaultError("syntax")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise PolicyFaultError("syntax")
        check_principal(lab, element_of(statement, "Principal"))
        check_actions(element_of(statement, "Action"), service)
    return statements


def element_of(statement: dict[str, Any], name: str) -> Any:
    """*name* or its negation, of which a statement has one; raises PolicyFaultError."""
    found = [statement[each] for each in (name, f"Not{name}") if each in statement]
    if len(found) != 1:
        raise PolicyFaultError(name)
    return found[0]


def check_actions(actions: Any, service: str) -> None:
    """Raises PolicyFaultError for what is no action of *service*, nor ``*``."""
    for action in texts_of(actions, "Action"):
        if action != "*" and not re.fullmatch(rf"{service}:[\w*?]+", action, re.ASCII | re.IGNORECASE):
            raise PolicyFaultError("Action")


def check_principal(lab: Lab, principal: Any) -> None:
    """Raises PolicyFaultError for one that is none, or a user or role that this account does not have."""
    if principal == "*":
        return
    if not isinstance(principal, dict) or not principal or principal.keys() - _CHECKS.keys():
        raise PolicyFaultError("Principal")
    for kind, values in principal.items():
        for value in texts_of(values, "Principal"):
            identity = _IDENTITY.fullmatch(value)
            if not _CHECKS[kind].fullmatch(value) or (identity and not _exists(lab, identity, value)):
                raise PolicyFaultError("Principal")


#: What each kind of principal looks like.
_CHECKS = {
    "AWS": _AWS_PRINCIPAL,
    "Service": _SERVICE,
    "Federated": re.compile(r".+"),
    "CanonicalUser": re.compile(r"[0-9a-f]{64}"),
}


def texts_of(value: Any, element: str) -> list[str]:
    """One text or a list of them; raises PolicyFaultError for anything else, or none."""
    texts = value if isinstance(value, list) else [value]
    if not texts or not all(isinstance(text, str) and text for text in texts):
        raise PolicyFaultError(element)
    return texts


def _exists(lab: Lab, identity: re.Match[str], arn: str) -> bool:
    """Whether this account has the user or role; those of others nobody here can know."""
    if identity["account"] != lab.owner.account_id:
        return True
    iam = lab.client("iam")
    try:
        if identity["kind"] == "user":
            found: str = iam.get_user(UserName=identity["name"])["User"]["Arn"]
        else:
            found = iam.get_role(RoleName=identity["name"])["Role"]["Arn"]
    except ClientError:
        return False
    return found == arn
