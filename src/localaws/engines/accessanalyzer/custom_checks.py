"""Custom policy checks: does a policy give something, or more than another, or to everybody?

Source: IAM user guide, "Validate policies with IAM Access Analyzer custom policy checks". Conditions are taken to hold:
what a policy gives under some condition it gives. Where it cannot be told that nothing new is given, the check fails.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from localaws.gateway.reference import actions_with, prefixes
from localaws.policies.patterns import Context, action_fits, arn_fits, filled_in
from localaws.policies.public import lets_in_anybody
from localaws.wildcards import overlap

Statement = dict[str, Any]
_NO_KEYS = Context({})


@dataclass(frozen=True)
class Outcome:
    """What a check has found: ``reasons`` are a sentence, the number of a statement and its Sid; () where it passes."""

    message: str
    reasons: tuple[tuple[str, int, str], ...]


def check_granted(policy: dict[str, Any], access: list[dict[str, Any]]) -> Outcome:
    """Whether *policy* gives one of the actions on one of the resources that *access* names."""
    reasons = []
    for number, statement in enumerate(statements_of(policy)):
        if statement["Effect"] == "Allow" and any(_gives(statement, each, policy) for each in access):
            said = f"One or more of the listed actions in the statement with index: {number}."
            reasons.append((said, number, statement.get("Sid", "")))
    found = (
        "The policy document grants access to perform" if reasons else "The policy document does not grant access to"
    )
    return Outcome(f"{found} one or more of the listed actions or resources.", tuple(reasons))


def _gives(statement: Statement, access: dict[str, Any], policy: dict[str, Any]) -> bool:
    for action in access.get("actions") or ["*"]:
        for resource in access.get("resources") or ["*"]:
            if _may_mean(statement, action, resource) and not is_denied(policy, action, resource):
                return True
    return False


def _may_mean(statement: Statement, action: str, resource: str) -> bool:
    """Whether the statement is about something that both *action* and *resource*, which may be patterns, mean."""
    if "NotAction" in statement:
        actions = not any(action_fits(action, each) for each in listed(statement["NotAction"]))
    else:
        actions = any(overlap(action.lower(), each.lower()) for each in listed(statement["Action"]))
    if "NotResource" in statement:
        resources = not any(_covers(each, resource) for each in listed(statement["NotResource"]))
    else:
        resources = any(overlap(resource, each) for each in listed(statement.get("Resource", "*")))
    return actions and resources


def is_denied(policy: dict[str, Any], action: str, resource: str) -> bool:
    """Whether a statement without conditions denies all of it to everybody."""
    return any(
        each["Effect"] == "Deny"
        and not each.get("Condition")
        and each.get("Principal", "*") == "*"
        and any(action_fits(action, pattern) for pattern in listed(each.get("Action", [])))
        and any(_covers(pattern, resource) for pattern in listed(each.get("Resource", "*")))
        for each in statements_of(policy)
    )


def check_new_access(new: dict[str, Any], existing: dict[str, Any]) -> Outcome:
    """Whether *new* may give what *existing* does not."""
    old = [each for each in statements_of(existing) if each["Effect"] == "Allow"]
    reasons = []
    for number, statement in enumerate(statements_of(new)):
        if statement["Effect"] == "Allow" and not _is_given_by(statement, old):
            said = f"New access in the statement with index: {number}."
            reasons.append((said, number, statement.get("Sid", "")))
    denials = [each for each in statements_of(new) if each["Effect"] == "Deny"]
    for number, statement in enumerate(statements_of(existing)):
        if statement["Effect"] == "Deny" and not any(_bare(statement) == _bare(each) for each in denials):
            said = f"The denial in the existing statement with index: {number} is no longer there."
            reasons.append((said, number, statement.get("Sid", "")))
    found = (
        "The modified permissions grant new access" if reasons else "The modified permissions do not grant new access"
    )
    return Outcome(f"{found} compared to your existing policy.", tuple(reasons))


def _is_given_by(statement: Statement, old: list[Statement]) -> bool:
    """Whether for each of its actions and resources one of the *old* statements has it, under no more conditions."""
    if any(_bare(statement) == _bare(each) for each in old):
        return True
    if "NotAction" in statement or "NotResource" in statement or "NotPrincipal" in statement:
        return False
    return all(
        any(_has(each, action, resource, statement) for each in old)
        for action in _concrete(listed(statement["Action"]))
        for resource in listed(statement.get("Resource", "*"))
    )


def _has(old: Statement, action: str, resource: str, new: Statement) -> bool:
    same_condition = not old.get("Condition") or old["Condition"] == new.get("Condition")
    same_principal = old.get("Principal") in ("*", {"AWS": "*"}, new.get("Principal"))
    if "NotAction" in old:
        actions = not any(overlap(action.lower(), each.lower()) for each in listed(old["NotAction"]))
    else:
        actions = any(action_fits(action, each) for each in listed(old["Action"]))
    if "NotResource" in old:
        resources = not any(overlap(resource, each) for each in listed(old["NotResource"]))
    else:
        resources = any(_covers(each, resource) for each in listed(old.get("Resource", "*")))
    return same_condition and same_principal and actions and resources


def _concrete(patterns: Iterable[str]) -> Iterator[str]:
    """The actions that *patterns* mean; a pattern for all services stays one."""
    for pattern in patterns:
        prefix = pattern.partition(":")[0].lower()
        if prefix in prefixes():
            yield from (each.name for each in actions_with(prefix) if action_fits(each.name, pattern))
        else:
            yield pattern


def check_public(policy: dict[str, Any]) -> Outcome:
    """Whether a resource's *policy* lets in everybody."""
    reasons = tuple(
        (f"Public access in the statement with index: {number}.", number, statement.get("Sid", ""))
        for number, statement in enumerate(statements_of(policy))
        if lets_in_anybody(statement)
    )
    found = "allows public access" if reasons else "does not allow public access"
    return Outcome(f"The resource policy {found} to the given resource type.", reasons)


def statements_of(policy: dict[str, Any]) -> list[Statement]:
    """The statements of a *policy*, which may have one alone."""
    found = policy["Statement"]
    return found if isinstance(found, list) else [found]


def _bare(statement: Statement) -> Statement:
    return {name: value for name, value in statement.items() if name != "Sid"}


def _covers(pattern: str, resource: str) -> bool:
    """Whether *pattern* means all that *resource*, perhaps a pattern too, does."""
    if pattern in ("*", resource):
        return True
    filled = filled_in(pattern, _NO_KEYS, variables=False)
    return "?" not in resource and filled is not None and arn_fits(resource, filled)


def listed(value: Any) -> list[str]:
    """The texts of an element, which may be one alone."""
    return value if isinstance(value, list) else [value]
