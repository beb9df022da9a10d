"""A decision of IAM as a drawing: which policies were asked, what each said, and what decided.

`{"EvalActionName": "s3:GetObject", "EvalDecision": "allowed", …}` becomes call ─▶ policies ─▶ allowed, with a box for
each statement that decided (IAM API Reference, EvaluationResult). A level of which the answer says nothing was not
asked, and is not drawn: an organization, a permissions boundary.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from dehelpers.words.boxes import Arrow, Box, Sketch

_LONGEST = 25  # of a line in a box, in characters; of its name, which is bold, 21
_WORDS = {"allowed": "allowed", "explicitDeny": "denied by a Deny", "implicitDeny": "denied, for nobody allows"}


def decision_sketch(answer: Mapping[str, Any]) -> Sketch:
    """The drawing of an answer of SimulatePrincipalPolicy or SimulateCustomPolicy about one action on one resource.

    Raises:
        ValueError: the answer is about several actions or resources.
    """
    result, resource = _the_only(answer)
    levels = list(_levels(result))
    decision = result["EvalDecision"]
    call = Box(0, 0, _shortened(result["EvalActionName"], 21), _shortened(resource))
    boxes = [call, *(Box(n, 0, name, said, name == _decider(result)) for n, (name, said) in enumerate(levels, 1))]
    boxes.append(Box(len(boxes), 0, "allowed") if decision == "allowed" else Box(len(boxes), 0, "denied", decision))
    arrows = [Arrow(number, number + 1) for number in range(len(boxes) - 1)]
    policies = next(number for number, box in enumerate(boxes) if box.name == "policies")
    for row, (name, more) in enumerate(_reasons(result), 1):
        boxes.append(Box(policies, row, _shortened(name, 21), _shortened(more)))
        arrows += [Arrow(len(boxes) - 1, policies)] if row == 1 else []
    said = "; ".join(f"{name}: {words}" for name, words in [*levels, *_reasons(result)])
    alt = f"{result['EvalActionName']} on {resource} is {_WORDS[decision]}. Asked were {said}."
    return Sketch(f"{result['EvalActionName']} is {_WORDS[decision]}", alt, boxes, arrows)


def _the_only(answer: Mapping[str, Any]) -> tuple[Mapping[str, Any], str]:
    """The one result, with what is said of its resource alone, and the resource's name."""
    results = answer["EvaluationResults"]
    if len(results) != 1 or len(results[0].get("ResourceSpecificResults", [])) > 1:
        raise ValueError("a picture shows one decision: simulate one action on one resource at a time")
    result: Mapping[str, Any] = results[0]
    for single in result.get("ResourceSpecificResults", []):
        decided = {**result, **single, "EvalDecision": single["EvalResourceDecision"]}
        return decided, single["EvalResourceName"]
    return result, result.get("EvalResourceName", "*")


def _levels(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The levels that were asked, in AWS's order, and what each says."""
    if "OrganizationsDecisionDetail" in result:
        yield "organization", _agrees(_organization(result))
    yield "policies", _policies(result)
    if "PermissionsBoundaryDecisionDetail" in result:
        yield "boundary", _agrees(_boundary(result))


def _organization(result: Mapping[str, Any]) -> bool:
    return bool(result.get("OrganizationsDecisionDetail", {}).get("AllowedByOrganizations", True))


def _boundary(result: Mapping[str, Any]) -> bool:
    return bool(result.get("PermissionsBoundaryDecisionDetail", {}).get("AllowedByPermissionsBoundary", True))


def _agrees(allowed: bool) -> str:
    return "allows" if allowed else "does not allow"


def _policies(result: Mapping[str, Any]) -> str:
    """What identity and resource policies say. Where another level ends the matter, the answer has no statement."""
    if result.get("MatchedStatements"):
        return "a statement denies" if result["EvalDecision"] == "explicitDeny" else "a statement allows"
    return "no statement allows" if _organization(result) and _boundary(result) else "do not matter"


def _decider(result: Mapping[str, Any]) -> str:
    """The level that has decided."""
    if not result.get("MatchedStatements"):
        if not _organization(result):
            return "organization"
        if not _boundary(result):
            return "boundary"
    return "policies"


def _reasons(result: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The statements that decided, by policy and place; what each kind says across accounts; what was not told."""
    for statement in result.get("MatchedStatements", []):
        start = statement["StartPosition"]
        yield statement["SourcePolicyId"], f"line {start['Line']}, column {start['Column']}"
    yield from result.get("EvalDecisionDetails", {}).items()
    for key in result.get("MissingContextValues", []):
        yield key, "was not told"


def _shortened(text: str, longest: int = _LONGEST) -> str:
    """A text that fits into a box: its end tells more than its middle."""
    return text if len(text) <= longest else f"{text[:5]}…{text[-(longest - 6) :]}"
