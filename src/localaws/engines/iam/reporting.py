"""The operations that report on an account's users, roles and policies, and on their use.

Sources: IAM API reference, GenerateServiceLastAccessedDetails, GetServiceLastAccessedDetails and …WithEntities,
ListPoliciesGrantingServiceAccess, GenerateCredentialReport, GetCredentialReport, GetAccessKeyLastUsed,
GetAccountAuthorizationDetails, GetAccountSummary.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Protocol, cast

from moto.core.responses import ActionResult
from moto.iam.models import Role
from moto.iam.responses import IamResponse

from localaws.engines.iam.account import policy_detail, user_detail
from localaws.engines.iam.credential_report import credential_report
from localaws.engines.iam.entities import entity_of
from localaws.engines.iam.last_accessed import AccessReport, access_report, granting
from localaws.engines.iam.pages import MOST_ITEMS, page
from localaws.engines.iam.reports import Reports
from localaws.engines.iam.usage import Usage
from localaws.engines.iam.users import UserEngine
from localaws.gateway.errors import AwsError
from localaws.gateway.reference import title_of
from localaws.lab import Lab


class Reporting(Protocol):
    """A backend that keeps reports."""

    reports: Reports


class ReportingResponse(IamResponse):
    """Answers from what IAM has and from the records of calls."""

    lab: ClassVar[Lab]
    usage: ClassVar[Usage]

    def _reports(self) -> Reports:
        return cast(Reporting, self.backend).reports

    # Last access

    def generate_service_last_accessed_details(self) -> ActionResult:
        arn = self._get_param("Arn")
        policy = self.backend.managed_policies.get(arn)
        about = policy or entity_of(self.backend, arn)
        granularity = self._get_param("Granularity") or "SERVICE_LEVEL"
        report = access_report(self.backend, about, self.usage, granularity, self.lab.clock.now())
        return ActionResult({"JobId": self._reports().keep(report)})

    def get_service_last_accessed_details(self) -> ActionResult:
        report = self._report()
        services, more = self._page(report.services)
        return ActionResult({**_job(report), "JobType": report.granularity, "ServicesLastAccessed": services, **more})

    def get_service_last_accessed_details_with_entities(self) -> ActionResult:
        report, service = self._report(), self._get_param("ServiceNamespace")
        if title_of(service) == service:
            raise AwsError("InvalidInput", f"{service} is the namespace of no service.")
        entities, more = self._page(report.entities.get(service, []))
        return ActionResult({**_job(report), "EntityDetailsList": entities, **more})

    def _report(self) -> AccessReport:
        job_id = self._get_param("JobId")
        report = self._reports().last_accessed.get(job_id)
        if report is None:
            raise AwsError("NoSuchEntity", f"The job {job_id} cannot be found: generate a new report.", 404)
        return report

    def list_policies_granting_service_access(self) -> ActionResult:
        entity = entity_of(self.backend, self._get_param("Arn"))
        found = [
            {"ServiceNamespace": service, "Policies": granting(self.backend, entity, service)}
            for service in self._get_param("ServiceNamespaces")
        ]
        items, more = page(found, self._get_param("Marker"), MOST_ITEMS)
        return ActionResult({"PoliciesGrantingServiceAccess": items, **more})

    def _page(self, items: list[Any]) -> tuple[Sequence[Any], dict[str, Any]]:
        return page(items, self._get_param("Marker"), self._get_int_param("MaxItems", MOST_ITEMS))

    # Credentials

    def generate_credential_report(self) -> ActionResult:
        """A report that is not four hours old is not made again."""
        kept, now = self._reports(), self.lab.clock.now()
        if kept.credentials and kept.credentials.is_good(now):
            return ActionResult({"State": "COMPLETE"})
        why = "The last report has expired." if kept.credentials else "No report exists."
        kept.credentials = credential_report(self.backend, self.usage, now)
        return ActionResult({"State": "STARTED", "Description": f"{why} Starting a new report generation task"})

    def get_credential_report(self) -> ActionResult:
        """Raises ReportNotPresent, and ReportExpired after four hours."""
        report = self._reports().credentials
        if report is None:
            raise AwsError("ReportNotPresent", "No credential report exists: call GenerateCredentialReport.", 410)
        if not report.is_good(self.lab.clock.now()):
            raise AwsError("ReportExpired", "The credential report has expired: call GenerateCredentialReport.", 410)
        return ActionResult({"Content": report.text, "ReportFormat": "text/csv", "GeneratedTime": report.made})

    def get_access_key_last_used(self) -> ActionResult:
        key_id = self._get_param("AccessKeyId")
        key = self.backend.access_keys.get(key_id)
        if key is None:
            raise AwsError("NoSuchEntity", f"The Access Key with id {key_id} cannot be found", 404)
        use = self.usage.of_key(key_id)
        last: dict[str, Any] = {"ServiceName": "N/A", "Region": "N/A"}
        if use:
            last = {"LastUsedDate": use.time, "ServiceName": use.service, "Region": use.region}
        return ActionResult({"UserName": key.user_name, "AccessKeyLastUsed": last})

    # The whole account

    def get_role(self) -> ActionResult:
        self._note_use(self.backend.get_role(self._get_param("RoleName")))
        return super().get_role()

    def get_account_authorization_details(self) -> ActionResult:
        """Users, groups, roles and managed policies, in pages that go through all of them in this order."""
        iam = self.backend
        for role in iam.roles.values():
            self._note_use(role)
        found = iam.get_account_authorization_details(self._get_param("Filter", []))
        users = [user for user in iam.users.values() if isinstance(user, UserEngine)]
        bounded: list[Role | UserEngine] = [*iam.roles.values(), *users]
        boundaries = [each.permissions_boundary_arn for each in bounded if each.permissions_boundary_arn]
        lists: dict[str, list[Any]] = {
            "UserDetailList": [user_detail(iam, user) for user in found["users"]],
            "GroupDetailList": list(found["groups"]),
            "RoleDetailList": list(found["roles"]),
            "Policies": [policy_detail(policy, boundaries) for policy in found["managed_policies"]],
        }
        everything = [(name, item) for name, items in lists.items() for item in items]
        items, more = self._page(everything)
        return ActionResult({**{name: [item for of, item in items if of == name] for name in lists}, **more})

    def _note_use(self, role: Role) -> None:
        use = self.usage.last_of(role.arn)
        if use:
            role.last_used, role.last_used_region = use.time, use.region  # type: ignore[assignment]

    def get_account_summary(self) -> ActionResult:
        """Nobody can sign in as the root user: it has no password."""
        summary = self.backend.get_account_summary().summary_map
        return ActionResult({"SummaryMap": {**summary, "AccountPasswordPresent": 0}})


def _job(report: AccessReport) -> dict[str, Any]:
    return {"JobStatus": "COMPLETED", "JobCreationDate": report.created, "JobCompletionDate": report.created}
