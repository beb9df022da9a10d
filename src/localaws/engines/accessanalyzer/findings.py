"""What is found in a policy, and how ValidatePolicy tells it.

Source: IAM user guide, "IAM Access Analyzer policy check reference": each check has a code and a kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from localaws.policies.located import Path, line_and_column, spans

_PAGE = "https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-reference-policy-checks.html"
_WARNINGS = {
    "CREATE_SLR_WITH_NOT_ACTION_AND_NOT_RESOURCE",
    "CREATE_SLR_WITH_NOT_RESOURCE",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
    "CREATE_SLR_WITH_STAR_IN_ACTION_AND_RESOURCE",
    "CREATE_SLR_WITH_STAR_IN_RESOURCE",
    "CREATE_SLR_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
    "MISSING_VERSION",
    "POLICY_SIZE_EXCEEDS_IDENTITY_POLICY_QUOTA",
    "TYPE_MISMATCH",
    "TYPE_MISMATCH_BOOLEAN",
    "TYPE_MISMATCH_DATE",
    "TYPE_MISMATCH_IP_RANGE",
    "TYPE_MISMATCH_NUMBER",
    "UNIQUE_SIDS_RECOMMENDED",
    "WILDCARD_WITHOUT_LIKE_OPERATOR",
}
_SECURITY_WARNINGS = {
    "ALLOW_WITH_NOT_PRINCIPAL",
    "FORALLVALUES_WITH_SINGLE_VALUED_KEY",
    "PASS_ROLE_WITH_NOT_ACTION_AND_NOT_RESOURCE",
    "PASS_ROLE_WITH_NOT_RESOURCE",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_NOT_RESOURCE",
    "PASS_ROLE_WITH_STAR_IN_ACTION_AND_RESOURCE",
    "PASS_ROLE_WITH_STAR_IN_RESOURCE",
    "PASS_ROLE_WITH_STAR_IN_RESOURCE_AND_NOT_ACTION",
    "RESTRICT_ACCESS_TO_SERVICE_PRINCIPAL",
}
_SUGGESTIONS = {
    "EMPTY_ARRAY_ACTION",
    "EMPTY_ARRAY_CONDITION",
    "EMPTY_ARRAY_PRINCIPAL",
    "EMPTY_ARRAY_RESOURCE",
    "EMPTY_OBJECT_CONDITION",
    "EMPTY_OBJECT_PRINCIPAL",
    "EMPTY_SID_VALUE",
    "IMPROVE_IP_RANGE",
    "NULL_WITH_QUALIFIER",
    "REDUNDANT_ACTION",
    "REDUNDANT_RESOURCE",
    "REDUNDANT_STATEMENT",
    "WILDCARD_IN_SERVICE_NAME",
}
#: What the anchors of the page begin with.
_SLUGS = {
    "ERROR": "error",
    "WARNING": "general-warning",
    "SECURITY_WARNING": "security-warning",
    "SUGGESTION": "suggestion",
}


@dataclass(frozen=True)
class Finding:
    """One, by its *code*, with what it says; *path* leads to the part of the policy that is meant."""

    code: str
    details: str
    path: Path = ()

    @property
    def kind(self) -> str:
        if self.code in _SUGGESTIONS:
            return "SUGGESTION"
        if self.code in _SECURITY_WARNINGS:
            return "SECURITY_WARNING"
        return "WARNING" if self.code in _WARNINGS else "ERROR"

    def told(self, text: str) -> dict[str, Any]:
        """As ValidatePolicy tells it of the policy *text*."""
        slug = f"access-analyzer-reference-policy-checks-{_SLUGS[self.kind]}-{self.code.lower().replace('_', '-')}"
        return {
            "findingDetails": self.details,
            "findingType": self.kind,
            "issueCode": self.code,
            "learnMoreLink": f"{_PAGE}#{slug}",
            "locations": [{"path": list(map(_element, self.path)), "span": _span(text, self)}],
        }


def _element(key: str | int) -> dict[str, Any]:
    return {"index": key} if isinstance(key, int) else {"value": key}


def _span(text: str, finding: Finding) -> dict[str, Any]:
    whole = 0, len(text)
    start, end = whole if finding.code == "JSON_SYNTAX_ERROR" else spans(text).get(finding.path, whole)
    return {"start": _position(text, start), "end": _position(text, end)}


def _position(text: str, place: int) -> dict[str, int]:
    line, column = line_and_column(text, place)
    return {"line": line, "column": column, "offset": place}
