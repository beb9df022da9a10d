"""What the wire needs beside moto's."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any, ClassVar

from moto.cloudtrail.responses import CloudTrailResponse

from localaws.engines.cloudtrail import lookup
from localaws.engines.cloudtrail.backend import CloudTrailEngine
from localaws.engines.cloudtrail.trail import TrailEngine
from localaws.gateway.errors import AwsError
from localaws.lab import Lab


class CloudTrailEngineResponse(CloudTrailResponse):
    """Adds LookupEvents and ListPublicKeys, and the status of deliveries."""

    lab: ClassVar[Lab]

    @property
    def _engine(self) -> CloudTrailEngine:
        engine = self.cloudtrail_backend
        assert isinstance(engine, CloudTrailEngine)
        return engine

    def create_trail(self) -> str:
        self._check_organization()
        super().create_trail()
        return self._with_recursion(self._get_param("Name"))

    def update_trail(self) -> str:
        self._check_organization()
        self._engine.own(self._get_param("Name"))
        super().update_trail()
        return self._with_recursion(self._get_param("Name"))

    def _check_organization(self) -> None:
        if self._get_param("IsOrganizationTrail"):
            raise NotImplementedError("a trail of an organization")

    def _with_recursion(self, name: str) -> str:
        trail = self._engine.own(name)
        given = self._get_param("RecursiveLogging")
        if given is not None:
            trail.recursive_logging = given
        return json.dumps(trail.description())

    def get_trail_status(self) -> str:
        status = self._engine.get_trail_status(self._get_param("Name"))
        trail = next(each for each in self._engine.describe_trails(include_shadow_trails=True) if each.status is status)
        assert isinstance(trail, TrailEngine)
        told: dict[str, Any] = {"IsLogging": trail.status.is_logging, **self._engine.deliverer.told(trail)}
        for name, moment in (("Start", trail.status.started), ("Stop", trail.status.stopped)):
            if moment:
                told[f"{name}LoggingTime"] = int(moment.replace(tzinfo=UTC).timestamp())
        return json.dumps(told)

    def lookup_events(self) -> str:
        """Raises InvalidTimeRangeException, InvalidLookupAttributesException, InvalidMaxResultsException and more."""
        if self._get_param("EventCategory"):
            raise NotImplementedError("Insights")
        now = self.lab.clock.now()
        start, end = self._moment("StartTime"), self._moment("EndTime")
        if start and end and start > end:
            raise AwsError("InvalidTimeRangeException", "The end time must be after the start time.")
        attributes = self._get_param("LookupAttributes") or []
        if len(attributes) > 1:
            raise AwsError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
        most = int(self._get_param("MaxResults") or lookup.MOST)
        if not 1 <= most <= lookup.MOST:
            raise AwsError("InvalidMaxResultsException", f"MaxResults must be between 1 and {lookup.MOST}.")
        attribute = (attributes[0]["AttributeKey"], attributes[0]["AttributeValue"]) if attributes else None
        oldest = now - lookup.KEPT
        asked = lookup.Question(self.current_account, self.region, max(start or oldest, oldest), end or now, attribute)
        return json.dumps(lookup.answer(self.lab.records, asked, most, self._get_param("NextToken")))

    def list_public_keys(self) -> str:
        """Those that were good in the time that is asked for, of this region. Raises InvalidTimeRangeException."""
        now = self.lab.clock.now()
        start, end = self._moment("StartTime") or now, self._moment("EndTime") or now
        if start > end:
            raise AwsError("InvalidTimeRangeException", "The end time must be after the start time.")
        keys = self._engine.deliverer.signing_keys(self.region)
        keys.at(now.timestamp())
        listed = [
            {
                "Value": base64.b64encode(key.public).decode(),
                "ValidityStartTime": int(key.made),
                "ValidityEndTime": int(key.end),
                "Fingerprint": key.fingerprint,
            }
            for key in keys.all
            if key.made <= end.timestamp() and start.timestamp() <= key.end
        ]
        return json.dumps({"PublicKeyList": listed})

    def _moment(self, name: str) -> datetime | None:
        value = self._get_param(name)
        return datetime.fromtimestamp(float(value), UTC) if value is not None else None
