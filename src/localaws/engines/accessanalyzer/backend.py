"""The backends of IAM Access Analyzer, by account and region."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, ClassVar

from moto.core.base_backend import BackendDict, BaseBackend

from localaws.engines.accessanalyzer.analyzers import Analyzer
from localaws.engines.accessanalyzer.generation import Generation
from localaws.engines.accessanalyzer.guarded import guarded
from localaws.gateway.errors import AwsError
from localaws.gateway.records import new_id
from localaws.lab import Lab

#: How long what was generated is kept ("IAM Access Analyzer policy generation").
_KEPT = timedelta(days=7)
_CLOCKS_DIFFER = timedelta(minutes=1)


class AccessAnalyzerBackend(BaseBackend):
    """What the service holds in one region."""

    lab: ClassVar[Lab]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.analyzers: dict[str, Analyzer] = {}
        self.generations: dict[str, Generation] = {}

    @property
    def url_paths(self) -> dict[str, Callable[..., Any]]:
        from localaws.engines.accessanalyzer.responses import AccessAnalyzerResponse

        return {"/.*": AccessAnalyzerResponse.dispatch}

    def create_analyzer(self, name: str, kind: str, tags: dict[str, str]) -> Analyzer:
        """Raises ConflictException for a name that is taken, and ServiceQuotaExceededException for a second one.

        There is one analyzer of external access for an account and a region ("IAM Access Analyzer quotas").
        """
        if kind != "ACCOUNT" or self.account_id != self.lab.account_id:
            said = "The lab's analyzers look for external access to its own account: create one of type ACCOUNT there."
            raise AwsError("ValidationException", said, 400, {"reason": "notSupported"})
        about = {"resourceId": name, "resourceType": "analyzer"}
        if name in self.analyzers:
            raise AwsError("ConflictException", f"The analyzer {name} already exists.", 409, about)
        if self.analyzers:
            said = "There is an analyzer of this type in this region: 1 is the most."
            raise AwsError("ServiceQuotaExceededException", said, 402, about)
        arn = f"arn:{self.partition}:access-analyzer:{self.region_name}:{self.account_id}:analyzer/{name}"
        self.analyzers[name] = Analyzer(name, arn, kind, self.lab.clock.now(), tags)
        return self.analyzers[name]

    def analyzer(self, name: str) -> Analyzer:
        """The one of that *name*. Raises ResourceNotFoundException."""
        if name not in self.analyzers:
            about = {"resourceId": name, "resourceType": "analyzer"}
            raise AwsError("ResourceNotFoundException", f"The analyzer {name} does not exist.", 404, about)
        return self.analyzers[name]

    def scanned(self, arn: str) -> Analyzer:
        """The analyzer *arn*, which has looked at everything just now; AWS's look within half an hour of a change."""
        analyzer = self.analyzer(arn.rpartition("/")[2])
        if analyzer.scan(guarded(self.lab, self.region_name), self.lab.clock.now()):
            self.lab.state.changed("accessanalyzer")
        return analyzer

    def generate(self, principal: str, trails: list[dict[str, Any]], role: str, start: datetime, end: datetime) -> str:
        """The id of a job that generates a policy. Raises ValidationException for a time that is none."""
        now = self.lab.clock.now()
        if start >= end or end > now + _CLOCKS_DIFFER:
            said = "endTime has to be after startTime, and not in the future."
            raise AwsError("ValidationException", said, 400, {"reason": "fieldValidationFailed"})
        job = Generation(new_id(), principal, trails, role, start, end, now)
        self.generations = {id: each for id, each in self.generations.items() if now - each.started < _KEPT}
        self.generations[job.id] = job
        self.run(job)
        return job.id

    def run(self, job: Generation) -> None:
        """Let a job do its work on a thread of its own."""
        self.lab.spawn(f"policy generation {job.id}", partial(job.run, self.lab), followed=True)

    def generation(self, job_id: str) -> Generation:
        """Raises ValidationException for a job that there is not, or not any more."""
        if job_id not in self.generations:
            said = f"There is no policy generation {job_id}: its result is kept for seven days."
            raise AwsError("ValidationException", said, 400, {"reason": "fieldValidationFailed"})
        return self.generations[job_id]


accessanalyzer_backends = BackendDict(AccessAnalyzerBackend, "accessanalyzer")
