"""Checks of ``Action`` and ``NotAction``."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Any

from localaws.engines.accessanalyzer.elements import redundant, texts
from localaws.engines.accessanalyzer.findings import Finding
from localaws.gateway.reference import actions_with, prefixes
from localaws.policies.located import Path
from localaws.policies.patterns import action_fits


def action_findings(statement: dict[str, Any], path: Path) -> Iterator[Finding]:
    for name in ("Action", "NotAction"):
        if statement.get(name) == []:
            details = "This statement includes no actions and does not affect the policy. Specify actions."
            yield Finding("EMPTY_ARRAY_ACTION", details, (*path, name))
        listed = list(texts(statement, path, name))
        for action, place in listed:
            yield from _of_action(action, place)
        if found := redundant(listed, _covers, str.lower):
            said = f"{len(found)} action(s) are redundant because others give the same, such as {found[0][0]}."
            yield Finding("REDUNDANT_ACTION", said, found[0][1])


def _of_action(action: str, place: Path) -> Iterator[Finding]:
    if action == "*":
        return
    prefix, colon, name = action.partition(":")
    if any(wildcard in prefix for wildcard in "*?"):
        details = "Avoid wildcards (*, ?) in the service name: they might grant access to other services."
        yield Finding("WILDCARD_IN_SERVICE_NAME", details, place)
    elif not colon or prefix.lower() not in prefixes():
        meant = _did_you_mean(prefix.lower(), prefixes())
        yield Finding("INVALID_SERVICE_IN_ACTION", f"The service {prefix} in the action does not exist.{meant}", place)
    elif not any(action_fits(each.name, action) for each in actions_with(prefix.lower())):
        names = {each.name.partition(":")[2].lower(): each.name for each in actions_with(prefix.lower())}
        close = get_close_matches(name.lower(), names, 1)
        meant = f" Did you mean {names[close[0]]}?" if close else ""
        yield Finding("INVALID_ACTION", f"The action {action} does not exist.{meant}", place)


def _did_you_mean(name: str, known: tuple[str, ...]) -> str:
    close = get_close_matches(name, known, 1)
    return f" Did you mean {close[0]}?" if close else ""


def _covers(pattern: str, action: str) -> bool:
    """Whether *pattern* means all that *action* does."""
    return "?" not in action and action_fits(action, pattern)
