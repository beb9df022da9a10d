"""The resources of a stack: made after what they need, deleted before it, and each step told as an event."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Protocol

from moto.cloudformation.parsing import ResourceMap
from moto.ssm.models import ssm_backends

from localaws.engines.cloudformation.checks import depended
from localaws.engines.cloudformation.failures import ResourceFailed, named
from localaws.gateway.errors import AwsError
from localaws.lab import Lab


class Teller(Protocol):
    """What tells of a resource: its stack."""

    def resource_event(
        self, logical_id: str, resource_type: str, status: str, physical_id: str = "", reason: str | None = None
    ) -> None: ...


class ResourceMapEngine(ResourceMap):
    """moto's resources of a stack; what cannot be deleted says so by name."""

    lab: ClassVar[Lab]
    teller: Teller

    def __getitem__(self, key: str) -> Any:
        """A parameter or a resource, which is made now if it was not yet: after those that it depends on."""
        if key not in self._parsed_resources:
            for name in depended(self._resource_json_map.get(key, {})):
                self[name]
        return super().__getitem__(key)

    def delete(self) -> None:
        """Delete the resources, the youngest first. Raises `ResourceFailed` when all others are gone."""
        failed: list[ResourceFailed] = []
        for name in reversed([name for name in self._parsed_resources if name in self._resource_json_map]):
            resource, template = self._parsed_resources[name], self._resource_json_map[name]
            if template.get("DeletionPolicy") in ("Retain", "RetainExceptOnCreate"):
                self._tell(resource, template, "DELETE_SKIPPED")
                continue
            try:
                self._delete_resource(resource, template)
            except ResourceFailed as failure:
                failed.append(failure)
            else:
                del self._parsed_resources[name]
        if failed:
            raise failed[0]

    def parse_ssm_parameter(self, value: str, value_type: str) -> str:
        if ssm_backends[self._account_id][self._region_name].get_parameter(value) is None:
            said = f"Unable to fetch parameters [{value}] from parameter store for this account."
            raise AwsError("ValidationError", said)
        return super().parse_ssm_parameter(value, value_type)

    def keep_only_made(self) -> None:
        """Forget the resources that were not made, lest moto make them when somebody looks at the stack."""
        self._resource_json_map = {
            name: resource for name, resource in self._resource_json_map.items() if name in self._parsed_resources
        }

    def made(self, resource: Any, action: str) -> None:
        """Tell that the *resource* is there, or was changed."""
        template = self._resource_json_map[resource.logical_resource_id]
        self._tell(resource, template, f"{action}_IN_PROGRESS")
        if action == "CREATE":
            self._tell(resource, template, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        self._tell(resource, template, f"{action}_COMPLETE")

    def _delete_resource(self, parsed_resource: Any, resource_json: dict[str, Any]) -> None:
        with named(parsed_resource.logical_resource_id, resource_json, "DELETE"):
            if resource_json["Type"] == "AWS::S3::Bucket":  # moto says nothing of a bucket that is not empty
                self.lab.client("s3").delete_bucket(Bucket=parsed_resource.physical_resource_id)
            else:
                super()._delete_resource(parsed_resource, resource_json)
        self._tell(parsed_resource, resource_json, "DELETE_IN_PROGRESS")
        self._tell(parsed_resource, resource_json, "DELETE_COMPLETE")

    def _tell(self, resource: Any, template: dict[str, Any], status: str, reason: str | None = None) -> None:
        physical_id = "" if (status, reason) == ("CREATE_IN_PROGRESS", None) else str(resource.physical_resource_id)
        self.teller.resource_event(resource.logical_resource_id, template["Type"], status, physical_id, reason)


def telling(act: Callable[..., Any], action: str) -> Callable[..., Any]:
    """moto's function *act*, which makes or changes a resource, with its events; it raises `ResourceFailed`."""

    def tell(
        logical_id: str, resource_json: dict[str, Any], resources_map: ResourceMapEngine, *arguments: Any, **more: Any
    ) -> Any:
        if resource_json["Type"] == "AWS::KMS::Key":  # moto asks for the policy; KMS makes one where there is none
            resource_json.setdefault("Properties", {}).setdefault("KeyPolicy", "")
        with named(logical_id, resource_json, action):
            resource = act(logical_id, resource_json, resources_map, *arguments, **more)
        if resource is not None:
            resources_map.made(resource, action)
        return resource

    return tell
