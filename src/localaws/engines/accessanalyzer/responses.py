"""The operations of IAM Access Analyzer (its API reference)."""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, ClassVar
from urllib.parse import unquote

from moto.core.responses import ActionResult, BaseResponse

from localaws.engines.accessanalyzer.analyzers import AccessFinding, Analyzer
from localaws.engines.accessanalyzer.backend import AccessAnalyzerBackend, accessanalyzer_backends
from localaws.engines.accessanalyzer.custom_checks import (
    Outcome,
    check_granted,
    check_new_access,
    check_public,
    statements_of,
)
from localaws.engines.accessanalyzer.validation import validate
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.policies.documents import read

_MOST_RESULTS = 100


class AccessAnalyzerResponse(BaseResponse):
    """Answers each operation."""

    lab: ClassVar[Lab]

    def __init__(self) -> None:
        super().__init__(service_name="accessanalyzer")
        self.automated_parameter_parsing = True

    @property
    def backend(self) -> AccessAnalyzerBackend:
        return accessanalyzer_backends[self.current_account][self.region]

    def _given(self, name: str, otherwise: Any = None) -> Any:
        return self._get_param(name, otherwise)

    def _page(self, name: str, items: Sequence[Any]) -> ActionResult:
        """The *items* from where nextToken points, at most maxResults of them."""
        token = self._given("nextToken")
        try:
            start = int(base64.b64decode(token, validate=True)) if token else 0
        except (ValueError, binascii.Error):
            raise _invalid("The nextToken is not one that was given.") from None
        end = start + int(self._given("maxResults") or _MOST_RESULTS)
        more = {"nextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
        return ActionResult({name: items[start:end], **more})

    # Analyzers

    def create_analyzer(self) -> ActionResult:
        analyzer = self.backend.create_analyzer(
            self._given("analyzerName"), self._given("type"), dict(self._given("tags") or {})
        )
        for rule in self._given("archiveRules") or ():
            analyzer.rules[rule["ruleName"]] = rule["filter"]
        return ActionResult({"arn": analyzer.arn})

    def get_analyzer(self) -> ActionResult:
        return ActionResult({"analyzer": self._analyzer().summary()})

    def list_analyzers(self) -> ActionResult:
        kind = self._given("type")
        found = [each.summary() for each in self.backend.analyzers.values() if kind in (None, each.type)]
        return self._page("analyzers", found)

    def delete_analyzer(self) -> ActionResult:
        del self.backend.analyzers[self._analyzer().name]
        return ActionResult({})

    def _analyzer(self) -> Analyzer:
        return self.backend.analyzer(self._given("analyzerName"))

    def list_tags_for_resource(self) -> ActionResult:
        return ActionResult({"tags": self._tagged().tags})

    def tag_resource(self) -> ActionResult:
        self._tagged().tags.update(self._given("tags"))
        return ActionResult({})

    def untag_resource(self) -> ActionResult:
        analyzer = self._tagged()
        analyzer.tags = {key: value for key, value in analyzer.tags.items() if key not in self._given("tagKeys")}
        return ActionResult({})

    def _tagged(self) -> Analyzer:
        return self.backend.analyzer(unquote(self._given("resourceArn")).rpartition("/")[2])

    # Archive rules

    def create_archive_rule(self) -> ActionResult:
        analyzer, name = self._analyzer(), self._given("ruleName")
        if name in analyzer.rules:
            about = {"resourceId": name, "resourceType": "archive-rule"}
            raise AwsError("ConflictException", f"The archive rule {name} already exists.", 409, about)
        analyzer.rules[name] = self._given("filter")
        return ActionResult({})

    def update_archive_rule(self) -> ActionResult:
        self._rule()
        self._analyzer().rules[self._given("ruleName")] = self._given("filter")
        return ActionResult({})

    def get_archive_rule(self) -> ActionResult:
        return ActionResult({"archiveRule": self._rule()})

    def list_archive_rules(self) -> ActionResult:
        analyzer = self._analyzer()
        return self._page("archiveRules", [self._told_rule(analyzer, name) for name in analyzer.rules])

    def delete_archive_rule(self) -> ActionResult:
        self._rule()
        del self._analyzer().rules[self._given("ruleName")]
        return ActionResult({})

    def apply_archive_rule(self) -> ActionResult:
        analyzer = self.backend.scanned(self._given("analyzerArn"))
        rule = analyzer.rules.get(self._given("ruleName"))
        if rule is None:
            raise self._no_rule()
        for finding in analyzer.findings.values():
            if finding.status == "ACTIVE" and finding.fits(rule):
                finding.status, finding.updated = "ARCHIVED", self.lab.clock.now()
        return ActionResult({})

    def _rule(self) -> dict[str, Any]:
        analyzer, name = self._analyzer(), self._given("ruleName")
        if name not in analyzer.rules:
            raise self._no_rule()
        return self._told_rule(analyzer, name)

    def _told_rule(self, analyzer: Analyzer, name: str) -> dict[str, Any]:
        times = {"createdAt": analyzer.created, "updatedAt": analyzer.created}
        return {"ruleName": name, "filter": analyzer.rules[name], **times}

    def _no_rule(self) -> AwsError:
        name = self._given("ruleName")
        about = {"resourceId": name, "resourceType": "archive-rule"}
        return AwsError("ResourceNotFoundException", f"The archive rule {name} does not exist.", 404, about)

    # Findings

    def list_findings(self) -> ActionResult:
        return self._page("findings", [{**each.summary(), **each.details()} for each in self._found()])

    def list_findings_v2(self) -> ActionResult:
        return self._page("findings", [{**each.summary(), "findingType": "ExternalAccess"} for each in self._found()])

    def _found(self) -> list[AccessFinding]:
        """The findings that the request's filter leaves, in its order; by resource where it asks for none."""
        analyzer, criteria = self.backend.scanned(self._given("analyzerArn")), self._given("filter") or {}
        sort = self._given("sort") or {}
        name = sort.get("attributeName") or "resource"
        return sorted(
            (each for each in analyzer.findings.values() if each.fits(criteria)),
            key=lambda each: (str(each.summary().get(name, "")), each.id),
            reverse=sort.get("orderBy") == "DESC",
        )

    def get_finding(self) -> ActionResult:
        finding = self._finding()
        return ActionResult({"finding": {**finding.summary(), **finding.details()}})

    def get_finding_v2(self) -> ActionResult:
        finding = self._finding()
        details = [{"externalAccessDetails": finding.details()}]
        return ActionResult({**finding.summary(), "findingType": "ExternalAccess", "findingDetails": details})

    def _finding(self) -> AccessFinding:
        finding_id = self._given("id")
        found = self.backend.scanned(self._given("analyzerArn")).findings.get(finding_id)
        if found is None:
            about = {"resourceId": finding_id, "resourceType": "finding"}
            raise AwsError("ResourceNotFoundException", f"The finding {finding_id} does not exist.", 404, about)
        return found

    def update_findings(self) -> ActionResult:
        """Archives findings, or makes them active again."""
        analyzer, now = self.backend.scanned(self._given("analyzerArn")), self.lab.clock.now()
        ids, resource = self._given("ids") or [], self._given("resourceArn")
        for finding in analyzer.findings.values():
            if (finding.id in ids or finding.resource == resource) and finding.status != "RESOLVED":
                finding.status, finding.updated = self._given("status"), now
        return ActionResult({})

    def start_resource_scan(self) -> ActionResult:
        self.backend.scanned(self._given("analyzerArn"))
        return ActionResult({})

    def list_analyzed_resources(self) -> ActionResult:
        analyzer, kind = self.backend.scanned(self._given("analyzerArn")), self._given("resourceType")
        owner = self.current_account
        found = [
            {"resourceArn": arn, "resourceOwnerAccount": owner, "resourceType": type}
            for arn, type in sorted(analyzer.resources.items())
            if kind in (None, type)
        ]
        return self._page("analyzedResources", found)

    # Policies generated from what was done

    def start_policy_generation(self) -> ActionResult:
        details = self._given("cloudTrailDetails")
        if not details:
            raise _invalid("cloudTrailDetails is needed: a policy is generated from the files of a trail.")
        principal = self._given("policyGenerationDetails")["principalArn"]
        start, end = _moment(details["startTime"]), _moment(details.get("endTime") or self.lab.clock.now())
        return ActionResult(
            {"jobId": self.backend.generate(principal, details["trails"], details["accessRole"], start, end)}
        )

    def get_generated_policy(self) -> ActionResult:
        if self._given("includeServiceLevelTemplate"):
            raise _invalid("The lab generates policies by action: includeServiceLevelTemplate cannot be asked for.")
        job = self.backend.generation(self._given("jobId"))
        error = {"jobError": job.error} if job.error else {}
        result = job.result(bool(self._given("includeResourcePlaceholders")))
        return ActionResult({"jobDetails": {**job.job(), **error}, "generatedPolicyResult": result})

    def list_policy_generations(self) -> ActionResult:
        principal = self._given("principalArn")
        jobs = [each for each in self.backend.generations.values() if principal in (None, each.principal)]
        return self._page("policyGenerations", [{**job.job(), "principalArn": job.principal} for job in jobs])

    def cancel_policy_generation(self) -> ActionResult:
        job = self.backend.generation(self._given("jobId"))
        if job.status == "IN_PROGRESS":
            job.status, job.completed = "CANCELED", self.lab.clock.now()
        return ActionResult({})

    # Policies

    def validate_policy(self) -> ActionResult:
        text, kind = self._given("policyDocument"), self._given("policyType")
        resource_type = self._given("validatePolicyResourceType") or ""
        if resource_type and kind != "RESOURCE_POLICY":
            raise _invalid("validatePolicyResourceType goes with the policyType RESOURCE_POLICY alone.")
        return self._page("findings", [finding.told(text) for finding in validate(text, kind, resource_type)])

    def check_access_not_granted(self) -> ActionResult:
        policy = self._policy("policyDocument")
        return _told(check_granted(policy, self._given("access")))

    def check_no_new_access(self) -> ActionResult:
        return _told(check_new_access(self._policy("newPolicyDocument"), self._policy("existingPolicyDocument")))

    def check_no_public_access(self) -> ActionResult:
        return _told(check_public(self._policy("policyDocument")))

    def _policy(self, name: str) -> dict[str, Any]:
        """The document that the request has as *name*. Raises InvalidParameterException for what is no policy."""
        text = self._given(name)
        try:
            read(name, text)
            policy: dict[str, Any] = json.loads(text)
            if any(not {"Action", "NotAction"} & each.keys() for each in statements_of(policy)):
                raise ValueError("a statement has no Action")
        except ValueError as error:
            raise AwsError("InvalidParameterException", f"{name} is not a valid policy: {error}", 400) from None
        return policy


def _told(outcome: Outcome) -> ActionResult:
    reasons = [
        {"description": said, "statementIndex": index, **({"statementId": sid} if sid else {})}
        for said, index, sid in outcome.reasons
    ]
    result = "FAIL" if reasons else "PASS"
    return ActionResult({"result": result, "message": outcome.message, **({"reasons": reasons} if reasons else {})})


def _moment(given: Any) -> datetime:
    moment = given if isinstance(given, datetime) else datetime.fromisoformat(str(given))
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _invalid(message: str) -> AwsError:
    return AwsError("ValidationException", message, 400, {"reason": "fieldValidationFailed"})
