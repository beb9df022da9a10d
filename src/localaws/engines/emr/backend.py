"""EMR: groups and steps keep all that a request says of them, and what is not there is said to be so.

Source: EMR API reference. EMR's error for a request that cannot be is InvalidRequestException.
"""

from __future__ import annotations

import re
from typing import Any

from moto.emr.models import (
    Cluster,
    ElasticMapReduceBackend,
    InstanceGroup,
    Step,
)

from localaws.gateway.errors import AwsError

_RELEASE = re.compile(r"emr-[0-9]+\.[0-9]+\.[0-9]+")


class InstanceGroupEngine(InstanceGroup):
    """A group with its configurations and its image (InstanceGroupConfig)."""

    def __init__(
        self, *args: Any, configurations: Any = None, custom_ami_id: str | None = None, **described: Any
    ) -> None:
        super().__init__(*args, **described)
        self.configurations = configurations or []
        self.custom_ami_id = custom_ami_id


class StepEngine(Step):
    """A step with the monitoring it asks for (StepConfig)."""

    def __init__(self, *args: Any, step_monitoring_configuration: Any = None, **described: Any) -> None:
        super().__init__(*args, **described)
        self.step_monitoring_configuration = step_monitoring_configuration


class ClusterEngine(Cluster):
    """A cluster that may have no instance groups: RunJobFlow requires none."""

    @property
    def master_instance_type(self) -> str | None:  # type: ignore[override]
        return self._type_of(self.master_instance_group_id)

    @property
    def slave_instance_type(self) -> str | None:  # type: ignore[override]
        return self._type_of(self.core_instance_group_id)

    def _type_of(self, group_id: str | None) -> str | None:
        group = self.emr_backend.instance_groups.get(group_id) if group_id else None
        return group.instance_type if group else None


class EmrEngine(ElasticMapReduceBackend):
    """Raises InvalidRequestException for groups and release labels that there are not."""

    def add_job_flow_steps(self, job_flow_id: str, steps: list[dict[str, Any]]) -> list[Step]:
        """Raises ValidationException for a cluster that there is not, as the oldest operations of EMR do."""
        if job_flow_id not in self.clusters:
            raise AwsError("ValidationException", "Specified job flow ID does not exist.")
        return super().add_job_flow_steps(job_flow_id, steps)

    def modify_instance_groups(self, instance_groups: list[dict[str, Any]]) -> None:
        for change in instance_groups:
            if change["instance_group_id"] not in self.instance_groups:
                raise AwsError("InvalidRequestException", f"Instance group {change['instance_group_id']} is not valid.")
        counted = [change for change in instance_groups if "instance_count" in change]
        super().modify_instance_groups(counted)

    def list_supported_instance_types(self, release_label: str) -> list[dict[str, Any]]:
        try:
            if _RELEASE.fullmatch(release_label):
                return super().list_supported_instance_types(release_label)
        except FileNotFoundError:
            pass
        raise AwsError("InvalidRequestException", f"The release label {release_label[:100]} is not valid.")
