"""ValidatePolicy: what is wrong with a policy, or could be better, found from its text and from AWS's reference data.

Source: IAM user guide, "IAM Access Analyzer policy check reference". Of its checks those are made that a policy and the
reference can decide; the restrictions of service control policies that AWS has given up since are none.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from localaws.engines.accessanalyzer.action_checks import action_findings
from localaws.engines.accessanalyzer.condition_checks import condition_findings
from localaws.engines.accessanalyzer.findings import Finding
from localaws.engines.accessanalyzer.principal_checks import principal_findings
from localaws.engines.accessanalyzer.resource_checks import resource_findings
from localaws.engines.accessanalyzer.role_checks import role_findings
from localaws.policies.documents import NEW_VERSION
from localaws.policies.located import Path

_VERSIONS = (NEW_VERSION, "2008-10-17")
_OF_POLICY = {"Version", "Id", "Statement"}
_PAIRS = (("Action", "NotAction"), ("Resource", "NotResource"), ("Principal", "NotPrincipal"))
_OF_STATEMENT = {"Sid", "Effect", "Condition", *(name for pair in _PAIRS for name in pair)}
#: Letters of a managed policy without whitespace ("IAM and AWS STS quotas").
_MOST_LETTERS = 6144
_SID = re.compile(r"[a-zA-Z0-9]*", re.ASCII)


def validate(text: str, policy_type: str, resource_type: str = "") -> list[Finding]:
    """The findings in the policy *text*; *policy_type* and *resource_type* are ValidatePolicy's."""
    try:
        policy = json.loads(text)
    except json.JSONDecodeError as error:
        place = f"at index {error.pos} line {error.lineno} column {error.colno - 1}"
        return [Finding("JSON_SYNTAX_ERROR", f"Fix the JSON syntax error {place}.")]
    except RecursionError:
        return [Finding("JSON_SYNTAX_ERROR", "Fix the JSON syntax error: the policy is nested too deeply.")]
    if not isinstance(policy, dict):
        return [_mismatch("Object", ())]
    return [*_of_policy(policy, text, policy_type), *_of_statements(policy, policy_type, resource_type)]


def _of_policy(policy: dict[str, Any], text: str, policy_type: str) -> Iterator[Finding]:
    for name in policy:
        if name not in _OF_POLICY:
            yield Finding("INVALID_POLICY_ELEMENT", f"The policy element {name} is not valid.", (name,))
    if "Version" not in policy:
        yield Finding("MISSING_VERSION", "Specify the Version element: without it variables are plain text.")
    elif policy["Version"] not in _VERSIONS:
        versions = ", ".join(_VERSIONS)
        details = f"The version {policy['Version']} is not valid. Use one of the following versions: {versions}"
        yield Finding("INVALID_VERSION", details, ("Version",))
    size = len(re.sub(r"\s", "", text))
    if policy_type == "IDENTITY_POLICY" and size > _MOST_LETTERS:
        details = (
            f"The {size} characters in the identity policy, without whitespace, exceed the {_MOST_LETTERS} of one."
        )
        yield Finding("POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA", details)


def _of_statements(policy: dict[str, Any], policy_type: str, resource_type: str) -> Iterator[Finding]:
    if not policy.get("Statement"):
        yield Finding("MISSING_STATEMENT", "Add a statement to the policy")
        return
    alone = not isinstance(policy["Statement"], list)
    listed = [policy["Statement"]] if alone else policy["Statement"]
    located: list[tuple[dict[str, Any], Path]] = []
    for number, statement in enumerate(listed):
        path: Path = ("Statement",) if alone else ("Statement", number)
        if isinstance(statement, dict):
            located.append((statement, path))
        else:
            yield _mismatch("Object", path)
    for statement, path in located:
        yield from _of_statement(statement, path, policy_type, resource_type)
        yield from condition_findings(statement, path, policy.get("Version") == NEW_VERSION)
    yield from _alike(located)


def _of_statement(statement: dict[str, Any], path: Path, policy_type: str, resource_type: str) -> Iterator[Finding]:
    for name in statement:
        if name not in _OF_STATEMENT:
            yield Finding("INVALID_POLICY_ELEMENT", f"The policy element {name} is not valid.", (*path, name))
    effect = statement.get("Effect")
    if effect is None:
        yield Finding("MISSING_EFFECT", "Add an Effect element to the policy statement with Allow or Deny.", path)
    elif effect not in ("Allow", "Deny"):
        yield Finding("INVALID_EFFECT", f"The effect {effect} is not valid. Use Allow or Deny.", (*path, "Effect"))
    for one, other in _PAIRS:
        if one in statement and other in statement:
            details = f"The policy elements {one} and {other} can not be used in the same statement."
            yield Finding("UNSUPPORTED_ELEMENT_COMBINATION", details, path)
    if "Action" not in statement and "NotAction" not in statement:
        yield Finding("MISSING_ACTION", "Add an Action or NotAction element to the policy statement.", path)
    is_trust = resource_type == "AWS::IAM::AssumeRolePolicyDocument"
    if "Resource" not in statement and "NotResource" not in statement and not is_trust:
        yield Finding("MISSING_RESOURCE", "Add a Resource or NotResource element to the policy statement.", path)
    if (sid := statement.get("Sid")) == "":
        yield Finding("EMPTY_SID_VALUE", "Add a value to the empty string in the Sid element.", (*path, "Sid"))
    elif policy_type == "IDENTITY_POLICY" and isinstance(sid, str) and not _SID.fullmatch(sid):
        yield Finding("UNSUPPORTED_SID", "Use only the characters a-z, A-Z and 0-9 in the Sid.", (*path, "Sid"))
    yield from principal_findings(statement, path, policy_type)
    yield from action_findings(statement, path)
    yield from resource_findings(statement, path)
    yield from role_findings(statement, path)


def _alike(located: list[tuple[dict[str, Any], Path]]) -> Iterator[Finding]:
    """Statements that repeat others, or their ids."""
    sids: set[str] = set()
    seen: list[dict[str, Any]] = []
    for statement, path in located:
        sid = statement.get("Sid")
        if isinstance(sid, str) and sid:
            if sid in sids:
                yield Finding("UNIQUE_SIDS_RECOMMENDED", f"Another statement is called {sid} too.", (*path, "Sid"))
            sids.add(sid)
        same = {name: value for name, value in statement.items() if name != "Sid"}
        if same in seen:
            details = "The statements are redundant because they provide identical permissions."
            yield Finding("REDUNDANT_STATEMENT", details, path)
        seen.append(same)


def _mismatch(wanted: str, path: Path) -> Finding:
    return Finding("DATA_TYPE_MISMATCH", f"The text does not match the expected JSON data type {wanted}.", path)
