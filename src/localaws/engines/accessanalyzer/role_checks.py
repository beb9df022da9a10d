"""Checks of statements that let roles be passed, or service-linked roles be made, more widely than one may want."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.engines.accessanalyzer.elements import texts
from localaws.engines.accessanalyzer.findings import Finding
from localaws.policies.located import Path
from localaws.policies.patterns import action_fits

_PASS_ROLE, _CREATE_LINKED = "iam:PassRole", "iam:CreateServiceLinkedRole"
#: Action, beginning of the codes, and condition keys with which a wildcard is narrow enough.
_ACTIONS = (
    (_PASS_ROLE, "PASS_ROLE", {"iam:passedtoservice"}),
    (_CREATE_LINKED, "CREATE_SLR", {"iam:awsservicename"}),
)


def role_findings(statement: dict[str, Any], path: Path) -> Iterator[Finding]:
    if statement.get("Effect") != "Allow":
        return
    conditions = statement.get("Condition")
    blocks = conditions.values() if isinstance(conditions, dict) else ()
    keys = {key.lower() for block in blocks if isinstance(block, dict) for key in block}
    for action, code, narrowing in _ACTIONS:
        how = _how_allowed(statement, action)
        wide = _wide_resource(statement, path)
        if how and wide and not keys & narrowing:
            resource, place = wide
            details = (
                f"{action} is allowed on many resources. Name their ARNs, or use the condition key {_named(code)}."
            )
            yield Finding(_CODES[how, resource].format(code), details, place)


def _named(code: str) -> str:
    return "iam:PassedToService" if code == "PASS_ROLE" else "iam:AWSServiceName"


_CODES = {
    ("action", "not resource"): "{}_WITH_NOT_RESOURCE",
    ("action", "star"): "{}_WITH_STAR_IN_RESOURCE",
    ("star", "not resource"): "{}_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
    ("star", "star"): "{}_WITH_STAR_IN_ACTION_AND_RESOURCE",
    ("not action", "not resource"): "{}_WITH_NOT_ACTION_AND_NOT_RESOURCE",
    ("not action", "star"): "{}_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
}


def _how_allowed(statement: dict[str, Any], action: str) -> str:
    """By which kind of element the statement means *action*; "" if it does not."""
    if "NotAction" in statement:
        left_out = any(action_fits(action, each) for each, _ in texts(statement, (), "NotAction"))
        return "" if left_out else "not action"
    fitting = [each for each, _ in texts(statement, (), "Action") if action_fits(action, each)]
    if not fitting:
        return ""
    return "action" if any(each.lower() == action.lower() for each in fitting) else "star"


def _wide_resource(statement: dict[str, Any], path: Path) -> tuple[str, Path] | None:
    """How it means many roles, and by which part; None if it names them."""
    if "NotResource" in statement:
        return "not resource", (*path, "NotResource")
    for arn, place in texts(statement, path, "Resource"):
        if arn == "*" or (arn.startswith("arn:") and arn.rpartition("/")[2].startswith("*")):
            return "star", place
    return None
