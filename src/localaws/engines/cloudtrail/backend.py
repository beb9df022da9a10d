"""CloudTrail whose trails deliver, and whose event history is what has really happened.

moto keeps the trails' settings and their tags.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from moto.cloudtrail.models import CloudTrailBackend, Trail

from localaws.engines.cloudtrail import selectors
from localaws.engines.cloudtrail.delivery import Deliverer
from localaws.engines.cloudtrail.trail import TrailEngine
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

#: "Trails per Region" (CloudTrail user guide, "Quotas in AWS CloudTrail").
_MOST = 5


class CloudTrailEngine(CloudTrailBackend):
    """Trails that deliver while they log."""

    lab: ClassVar[Lab]
    deliverer: ClassVar[Deliverer]

    def create_trail(self, name: str, *settings: Any, **more: Any) -> Trail:
        """Raises TrailAlreadyExistsException, MaximumNumberOfTrailsExceededException, and what `TrailEngine` does."""
        if name in self.trails:
            said = f"Trail {name} already exists for customer: {self.account_id}"
            raise AwsError("TrailAlreadyExistsException", said)
        if len(self.trails) >= _MOST:
            said = f"User: {self.account_id} already has {_MOST} trails in region {self.region_name}."
            raise AwsError("MaximumNumberOfTrailsExceededException", said)
        made = super().create_trail(name, *settings, **more)
        try:
            assert isinstance(made, TrailEngine)
            made.check_others()
        except BaseException:
            del self.trails[name]
            raise
        return made

    def own(self, name_or_arn: str) -> TrailEngine:
        """The trail of this region. Raises InvalidHomeRegionException for another region's, TrailNotFoundException."""
        if name_or_arn.startswith("arn:") and name_or_arn.split(":")[3] not in ("", self.region_name):
            said = f"Trail {name_or_arn} cannot be updated from region {self.region_name}."
            raise AwsError("InvalidHomeRegionException", said)
        found = self.get_trail(name_or_arn)
        assert isinstance(found, TrailEngine)
        return found

    def delete_trail(self, name: str) -> None:
        trail = self.own(name)
        self.deliverer.remove(trail)
        self.tagging_service.delete_all_tags_for_resource(trail.arn)
        super().delete_trail(trail.trail_name)

    def start_logging(self, name: str) -> None:
        trail = self.own(name)
        if not trail.status.is_logging:
            trail.start_logging()
            self.deliverer.start(trail)

    def stop_logging(self, name: str) -> None:
        trail = self.own(name)
        if trail.status.is_logging:
            trail.stop_logging()
            self.deliverer.stop(trail)

    def put_event_selectors(
        self,
        trail_name: str,
        event_selectors: list[dict[str, Any]],
        advanced_event_selectors: list[dict[str, Any]],
    ) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
        trail = self.own(trail_name)
        trail.select(event_selectors, advanced_event_selectors)
        self.deliverer.look()
        return trail.arn, trail.event_selectors, trail.advanced_event_selectors

    def get_event_selectors(self, trail_name: str) -> tuple[str, list[dict[str, Any]], list[dict[str, Any]]]:
        arn, basic, advanced = super().get_event_selectors(trail_name)
        return arn, basic or ([] if advanced else [dict(selectors.DEFAULT)]), advanced

    def get_insight_selectors(self, trail_name: str) -> tuple[str, list[dict[str, str]]]:
        """Raises InsightNotEnabledException, for the lab has no Insights."""
        trail = self.get_trail(trail_name)
        said = f"Trail {trail.arn} does not have Insights enabled. Edit the trail settings to enable Insights."
        raise AwsError("InsightNotEnabledException", said)

    def add_tags(self, resource_id: str, tags_list: Sequence[dict[str, str]]) -> None:
        super().add_tags(self._tagged(resource_id), list(tags_list))

    def remove_tags(self, resource_id: str, tags_list: Sequence[dict[str, str]]) -> None:
        super().remove_tags(self._tagged(resource_id), list(tags_list))

    def list_tags(self, resource_id_list: list[str]) -> list[dict[str, Any]]:
        return super().list_tags([self._tagged(each) for each in resource_id_list])

    def _tagged(self, arn: str) -> str:
        """Raises ResourceNotFoundException for what is no trail."""
        if not any(trail.arn == arn for trail in self.trails.values()):
            raise AwsError("ResourceNotFoundException", f"The resource {arn} was not found.")
        return arn
