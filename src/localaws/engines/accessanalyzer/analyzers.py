"""Analyzers, and what they have found: an access from outside is a finding until it is gone, or somebody archives it.

Source: IAM user guide, "IAM Access Analyzer findings"; API reference, FindingSummary and FindingSummaryV2.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from localaws.engines.accessanalyzer.external_access import Access, external_access
from localaws.engines.accessanalyzer.guarded import Guarded

Filter = Mapping[str, Mapping[str, Any]]


@dataclass
class AccessFinding:
    """Somebody outside who may do something to a resource."""

    id: str
    resource: str
    type: str
    owner: str
    access: Access
    created: datetime
    updated: datetime
    analyzed: datetime
    status: str = "ACTIVE"

    def summary(self) -> dict[str, Any]:
        """What all answers tell."""
        return {
            "id": self.id,
            "resource": self.resource,
            "resourceType": self.type,
            "resourceOwnerAccount": self.owner,
            "createdAt": self.created,
            "updatedAt": self.updated,
            "analyzedAt": self.analyzed,
            "status": self.status,
        }

    def details(self) -> dict[str, Any]:
        """Who may do what."""
        kind, name = self.access.principal
        return {
            "principal": {kind: name},
            "action": list(self.access.actions),
            "condition": dict(self.access.condition),
            "isPublic": self.access.is_public,
        }

    def fits(self, criteria: Filter) -> bool:
        """Whether it has what each of *criteria* asks for ("Filter keys")."""
        return all(_holds(self._property(name), criterion) for name, criterion in criteria.items())

    def _property(self, name: str) -> list[str]:
        first, _, rest = name.partition(".")
        value = {**self.summary(), **self.details(), "findingType": "ExternalAccess"}.get(first)
        value = value.get(rest) if isinstance(value, dict) else value
        values = value if isinstance(value, list) else [] if value is None else [value]
        return [str(each).lower() if isinstance(each, bool) else str(each) for each in values]


def _holds(values: list[str], criterion: Mapping[str, Any]) -> bool:
    if "exists" in criterion and bool(values) != criterion["exists"]:
        return False
    if "eq" in criterion and not set(criterion["eq"]) & set(values):
        return False
    if "neq" in criterion and set(criterion["neq"]) & set(values):
        return False
    return "contains" not in criterion or any(part in value for part in criterion["contains"] for value in values)


@dataclass
class Analyzer:
    """One of external access to an account.

    ``rules`` are its archive rules: what is found and fits one of them is archived at once.
    """

    name: str
    arn: str
    type: str
    created: datetime
    tags: dict[str, str] = field(default_factory=dict)
    rules: dict[str, dict[str, Any]] = field(default_factory=dict)
    findings: dict[str, AccessFinding] = field(default_factory=dict)
    resources: dict[str, str] = field(default_factory=dict)
    analyzed: datetime | None = None

    def scan(self, resources: Iterable[Guarded], now: datetime) -> bool:
        """Look at all *resources* again; whether something is found that was not, or is gone."""
        account, changed = self.arn.split(":")[4], False
        found: dict[str, tuple[Guarded, Access]] = {}
        self.resources = {}
        for resource in resources:
            self.resources[resource.arn] = resource.type
            for access in external_access(resource.document, account, resource.closed):
                found[self._id_of(resource, access)] = resource, access
        for finding_id, (resource, access) in found.items():
            changed |= self._note(finding_id, resource, access, now)
        for finding in self.findings.values():
            if finding.id not in found and finding.status != "RESOLVED":
                finding.status, finding.updated, changed = "RESOLVED", now, True
        self.analyzed = now
        return changed

    def _note(self, finding_id: str, resource: Guarded, access: Access, now: datetime) -> bool:
        account = self.arn.split(":")[4]
        known = self.findings.get(finding_id)
        if known and known.status != "RESOLVED" and known.access == access:
            known.analyzed = now
            return False
        created = known.created if known else now
        finding = AccessFinding(finding_id, resource.arn, resource.type, account, access, created, now, now)
        if any(finding.fits(rule) for rule in self.rules.values()):
            finding.status = "ARCHIVED"
        self.findings[finding_id] = finding
        return True

    def _id_of(self, resource: Guarded, access: Access) -> str:
        """The same for the same principal and condition, whatever the actions."""
        about = repr((self.arn, resource.arn, access.principal, access.condition))
        return str(uuid.UUID(bytes=hashlib.sha256(about.encode()).digest()[:16], version=4))

    def summary(self) -> dict[str, Any]:
        last = {"lastResourceAnalyzed": max(self.resources, default=None), "lastResourceAnalyzedAt": self.analyzed}
        return {
            "arn": self.arn,
            "name": self.name,
            "type": self.type,
            "createdAt": self.created,
            "status": "ACTIVE",
            "tags": self.tags,
            **(last if self.resources else {}),
        }
