"""The reports that an account has: they are made when they are asked for, and told of later."""

from __future__ import annotations

from localaws.engines.iam.credential_report import CredentialReport
from localaws.engines.iam.last_accessed import AccessReport
from localaws.gateway.records import new_id

#: Reports of last access that are remembered.
_MOST_KEPT = 100


class Reports:
    """The reports of an account: its credential report, and those of last access by their job's id."""

    def __init__(self) -> None:
        self.credentials: CredentialReport | None = None
        self.last_accessed: dict[str, AccessReport] = {}

    def keep(self, report: AccessReport) -> str:
        """The id of the job that made the *report*; the oldest are forgotten."""
        job_id = new_id()
        self.last_accessed[job_id] = report
        while len(self.last_accessed) > _MOST_KEPT:
            del self.last_accessed[next(iter(self.last_accessed))]
        return job_id
