"""Checks of ``Principal`` and ``NotPrincipal``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from localaws.engines.accessanalyzer.findings import Finding
from localaws.policies.located import Path

_KEYS = {"AWS", "CanonicalUser", "Federated", "Service"}
#: Condition keys that hold a service to one source ("The confused deputy problem").
_SOURCES = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths", "aws:sourceowner")


def principal_findings(statement: dict[str, Any], path: Path, policy_type: str) -> Iterator[Finding]:
    names = [name for name in ("Principal", "NotPrincipal") if name in statement]
    if policy_type == "SERVICE_CONTROL_POLICY" and names:
        details = "SCPs do not support specifying principals. Remove the Principal or NotPrincipal element."
        yield Finding("SCP_SYNTAX_ERROR_PRINCIPAL", details, (*path, names[0]))
    elif policy_type == "IDENTITY_POLICY" and names:
        details = f"The policy type {policy_type} does not support the {names[0]} element. Remove the element."
        yield Finding("UNSUPPORTED_PRINCIPAL", details, (*path, names[0]))
    elif policy_type in ("RESOURCE_POLICY", "RESOURCE_CONTROL_POLICY") and not names:
        yield Finding("MISSING_PRINCIPAL", "Add a Principal element to the policy statement.", path)
    if "NotPrincipal" in names and statement.get("Effect") == "Allow":
        details = "Using Allow with NotPrincipal can be overly permissive: it names everybody else."
        yield Finding("ALLOW_WITH_NOT_PRINCIPAL", details, (*path, "NotPrincipal"))
    for name in names:
        yield from _of_element(statement, name, (*path, name))


def _of_element(statement: dict[str, Any], name: str, path: Path) -> Iterator[Finding]:
    value = statement[name]
    if value == {}:
        yield Finding("EMPTY_OBJECT_PRINCIPAL", "This statement includes no principals. Specify principals.", path)
    elif not isinstance(value, dict):
        if value != "*":
            details = "The Principal element contents are not valid. Specify a key-value pair in the Principal element."
            yield Finding("INVALID_PRINCIPAL_FORMAT", details, path)
        return
    for key, named in value.items():
        if key not in _KEYS:
            yield Finding("INVALID_PRINCIPAL_KEY", f"The principal key {key} is not valid.", (*path, key))
        elif named == []:
            details = "This statement includes no principals and does not affect the policy. Specify principals."
            yield Finding("EMPTY_ARRAY_PRINCIPAL", details, (*path, key))
        elif key == "Service" and name == "Principal" and statement.get("Effect") == "Allow":
            yield from _of_services(statement, named, (*path, key))


def _of_services(statement: dict[str, Any], named: Any, path: Path) -> Iterator[Finding]:
    """Who passes a role to a service says whom it works for: only other actions need a source."""
    actions = statement.get("Action")
    takes_role = all(str(each).startswith("sts:") for each in (actions if isinstance(actions, list) else [actions]))
    conditions = statement.get("Condition")
    blocks = conditions.values() if isinstance(conditions, dict) else ()
    keys = {key.lower() for block in blocks if isinstance(block, dict) for key in block}
    if not takes_role and not keys & set(_SOURCES):
        details = (
            "A service is given access without a source. Use the condition key aws:SourceArn or aws:SourceAccount."
        )
        yield Finding("RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL", details, path)
