"""A policy generated from what somebody did: from the log files of a trail, read with the role that was given for it.

Source: IAM user guide, "IAM Access Analyzer policy generation": of management events, whose actions become statements;
which resources are meant is for the reader to fill in. Data events are not looked at.
"""

from __future__ import annotations

import gzip
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError
from moto.core.utils import get_service_model

from awsfacts import services
from localaws.engines.cloudtrail.names import event_name, event_source
from localaws.gateway.errors import AwsError
from localaws.gateway.reference import action_called, actions_of
from localaws.lab import Lab

_BY = "access-analyzer"
_DAY = re.compile(r"/CloudTrail/(?P<region>[\w-]+)/(?P<year>\d{4})/(?P<month>\d\d)/(?P<day>\d\d)/")


@dataclass
class Generation:
    """A job: whose policy, from which trails and times, and how far it is.

    ``trails`` and ``role`` are as StartPolicyGeneration has them; ``actions`` is what was found.
    """

    id: str
    principal: str
    trails: list[dict[str, Any]]
    role: str
    start: datetime
    end: datetime
    started: datetime
    status: str = "IN_PROGRESS"
    completed: datetime | None = None
    error: dict[str, str] = field(default_factory=dict)
    actions: tuple[str, ...] = ()

    def run(self, lab: Lab) -> None:
        """Read the trails; a failure is the job's."""
        try:
            found = {action for trail in self.trails for action in self._actions_in(lab, trail)}
        except (ClientError, BotoCoreError, AwsError) as error:
            code = error.response["Error"]["Code"] if isinstance(error, ClientError) else getattr(error, "code", "")
            missing = "NoSuch" in code or "NotFound" in code
            self._fail(lab, "RESOURCE_NOT_FOUND_ERROR" if missing else "AUTHORIZATION_ERROR", error)
        except (OSError, LookupError, ValueError) as error:  # a file that is no trail's
            self._fail(lab, "SERVICE_ERROR", error)
        else:
            self.actions = tuple(sorted(found))
            self._end(lab, "SUCCEEDED")
        lab.state.changed("accessanalyzer")

    def _fail(self, lab: Lab, code: str, error: Exception) -> None:
        self.error = {"code": code, "message": f"The trails cannot be read with {self.role}: {error}"}
        self._end(lab, "FAILED")

    def _end(self, lab: Lab, status: str) -> None:
        if self.status == "IN_PROGRESS":  # else it was canceled
            self.status, self.completed = status, lab.clock.now()

    def _actions_in(self, lab: Lab, trail: dict[str, Any]) -> Iterator[str]:
        for event in self._events(lab, trail):
            when = datetime.fromisoformat(event["eventTime"])
            if event.get("eventCategory") == "Management" and self.start <= when <= self.end and self._is_own(event):
                yield from _actions(event["eventSource"], event["eventName"])

    def _events(self, lab: Lab, trail: dict[str, Any]) -> Iterator[dict[str, Any]]:
        arn = trail["cloudTrailArn"]
        region, account = arn.split(":")[3:5]
        told = lab.client("cloudtrail", region=region, role_arn=self.role, by=_BY).get_trail(Name=arn)["Trail"]
        s3 = lab.client("s3", region=region, role_arn=self.role, by=_BY)
        prefix = f"{told['S3KeyPrefix']}/" if told.get("S3KeyPrefix") else ""
        regions = None if trail.get("allRegions") else trail.get("regions")
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=told["S3BucketName"], Prefix=f"{prefix}AWSLogs/{account}/CloudTrail/"
        )
        for page in pages:
            for each in page.get("Contents", []):
                if self._may_have(each["Key"], regions):
                    content = s3.get_object(Bucket=told["S3BucketName"], Key=each["Key"])["Body"].read()
                    yield from json.loads(gzip.decompress(content))["Records"]

    def _may_have(self, key: str, regions: list[str] | None) -> bool:
        """Whether a log file is of a day and a region that are asked for."""
        found = _DAY.search(key)
        if not found or (regions and found["region"] not in regions):
            return False
        day = date(int(found["year"]), int(found["month"]), int(found["day"]))
        return self.start.astimezone(UTC).date() <= day <= self.end.astimezone(UTC).date()

    def _is_own(self, event: dict[str, Any]) -> bool:
        identity = event["userIdentity"]
        issuer = identity.get("sessionContext", {}).get("sessionIssuer", {}).get("arn")
        return self.principal in (identity.get("arn"), issuer)

    def job(self) -> dict[str, Any]:
        """What GetGeneratedPolicy and ListPolicyGenerations tell of it."""
        return {
            "jobId": self.id,
            "status": self.status,
            "startedOn": self.started,
            **({"completedOn": self.completed} if self.completed else {}),
        }

    def result(self, placeholders: bool) -> dict[str, Any]:
        """The policy, once there is one; *placeholders*: whether resources stand as ``arn:aws:s3:::${BucketName}``."""
        times = {"startTime": self.start, "endTime": self.end}
        properties = {
            "isComplete": self.status == "SUCCEEDED",
            "principalArn": self.principal,
            "cloudTrailProperties": {"trailProperties": self.trails, **times},
        }
        policies = [{"policy": json.dumps(policy_of(self.actions, placeholders))}] if self.actions else []
        return {"properties": properties, "generatedPolicies": policies}


def policy_of(actions: tuple[str, ...], placeholders: bool) -> dict[str, Any]:
    """A policy that allows *actions*: those that act on resources of one type in one statement."""
    by_resource: defaultdict[str, list[str]] = defaultdict(list)
    for action in actions:
        types = action_called(action).types if placeholders else ()
        by_resource[types[0].arn if types else "*"].append(action)
    statements = [
        {"Effect": "Allow", "Action": names, "Resource": resource} for resource, names in sorted(by_resource.items())
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def _actions(source: str, name: str) -> tuple[str, ...]:
    """The actions that an event needed; () for what is no call, such as a sign-in."""
    found = _operations(source).get(name)
    return tuple(action.name for action in actions_of(*found)) if found else ()


@cache
def _operations(source: str) -> dict[str, tuple[str, str]]:
    """By the names of a source's events the operations, each with its service (botocore's names)."""
    return {
        event_name(service, operation): (service, operation)
        for service in services()
        if event_source(service) == source
        for operation in get_service_model(service).operation_names
    }
