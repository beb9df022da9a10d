"""The resources of a stack: made after what they need, deleted before it, and each step told as an event."""

from __future__ import annotations

from collections.abc import Iterator, Set
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from moto.cloudformation import parsing
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.parsing import ResourceMap
from moto.ssm.models import ssm_backends

from localaws.engines.cloudformation.changes import REPLACES, changes_of, check_replacement
from localaws.engines.cloudformation.checks import depended, references
from localaws.engines.cloudformation.custom import CustomResource
from localaws.engines.cloudformation.deletions import delete_resource
from localaws.engines.cloudformation.failures import ResourceFailed, named
from localaws.engines.cloudformation.given import Given
from localaws.engines.cloudformation.made import MadeResource
from localaws.engines.cloudformation.physical_ids import with_physical_id
from localaws.engines.cloudformation.policies import DELETION, REPLACEMENT, is_retained, policy, take_snapshot
from localaws.engines.cloudformation.schemas import check_properties
from localaws.engines.cloudformation.updates import changed
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.state.places import service_of


class Teller(Protocol):
    """What tells of a resource: its stack."""

    def resource_event(
        self, logical_id: str, resource_type: str, status: str, physical_id: str = "", reason: str | None = None
    ) -> None: ...


@dataclass(frozen=True)
class Applied:
    """What a resource was made from, or last changed to: its part of the template, and the properties of that."""

    template: dict[str, Any]
    properties: dict[str, Any]


@dataclass(frozen=True)
class _Planned:
    """Stands for a resource that an update would make, where other resources refer to it."""

    name: str

    @property
    def physical_resource_id(self) -> str:
        return f"{self.name} (known after the change)"

    def get_cfn_attribute(self, attribute: str) -> str:
        return f"{self.name}.{attribute} (known after the change)"


class ResourceMapEngine(ResourceMap):
    """moto's resources of a stack; what cannot be changed or deleted says so by name."""

    lab: ClassVar[Lab]
    teller: Teller
    retained: frozenset[str] = frozenset()
    #: Whether what made the latest resources is being rolled back.
    undoing = False

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.applied: dict[str, Applied] = {}

    def __getstate__(self) -> dict[str, Any]:
        """With the physical ids, which a resource that its own engine keeps comes back without."""
        made = {name: self._parsed_resources[name] for name in self.applied}
        ids = {name: str(each.physical_resource_id) for name, each in made.items()}
        return {**vars(self), "physical_ids": ids}

    def __setstate__(self, state: dict[str, Any]) -> None:
        ids = state.pop("physical_ids")
        vars(self).update(state)
        for name, applied in list(self.applied.items()):
            resource = self._parsed_resources[name]
            if resource is None:  # gone: see localaws.state.pickling
                self._forget(name)
                continue
            resource.cf_resource_type, resource.logical_resource_id = applied.template["Type"], name
            if not hasattr(resource, "physical_resource_id"):
                resource.physical_resource_id = ids[name]

    def __getitem__(self, key: str) -> Any:
        """A parameter or a resource, which is made now if it was not yet: after those that it depends on."""
        if key not in self._parsed_resources:
            for name in depended(self._resource_json_map.get(key, {})):
                self[name]
        return super().__getitem__(key)

    def update(self, template: dict[str, Any], parameters: dict[str, Any] | None = None) -> None:
        """Make, change and then delete what *template* asks for. Raises `ResourceFailed` at the first that fails.

        Whether a resource has changed is told by its properties as they are worked out, not by their text.
        """
        for name in [*self._template.get("Parameters", {}), *self._template.get("Mappings", {})]:
            self._parsed_resources.pop(name, None)
        self._template = template
        if parameters is not None:
            self.input_parameters = parameters
        self.resolved_parameters = {}
        self.load_mapping()
        self.load_parameters()
        self.load_conditions()
        self._resource_json_map = template["Resources"]
        for name in self._in_order():
            if not self.is_wanted(name):
                continue
            if name in self.applied:
                self._update_resource(name)
            else:
                self[name]
        for name in [name for name in reversed(self.applied) if not self.is_wanted(name)]:
            self._clean_up(self._parsed_resources[name], self.applied[name])
            self._forget(name)

    def build_change_set_actions(
        self, template: dict[str, Any], parameters: dict[str, Any] | None = None
    ) -> dict[str, dict[str, dict[str, str]]]:
        """What an update to *template* would do, without doing it: by ``Add``, ``Modify``, ``Remove`` and name."""
        plan = ResourceMapEngine(
            self.stack_id,
            self._parsed_resources["AWS::StackName"],
            parameters or {},
            self.tags,
            region_name=self._region_name,
            account_id=self._account_id,
            template=template,
            cross_stack_resources=self.cross_stack_resources,
        )
        plan.load()
        actions: dict[str, dict[str, dict[str, str]]] = {"Add": {}, "Modify": {}, "Remove": {}}
        for name in plan._in_order():
            if not plan.is_wanted(name):
                continue
            resource_type = template["Resources"][name]["Type"]
            told = {"LogicalResourceId": name, "ResourceType": resource_type}
            plan._parsed_resources[name] = _Planned(name)
            if name not in self.applied:
                actions["Add"][name] = told
                continue
            plan._parsed_resources[name] = self._parsed_resources[name]
            names = changed(self.applied[name].properties, plan._properties(name))
            if names:
                actions["Modify"][name] = told
            if names & changes_of(resource_type).replaced:
                plan._parsed_resources[name] = _Planned(name)
        for name, each in self.applied.items():
            if not plan.is_wanted(name):
                actions["Remove"][name] = {"LogicalResourceId": name, "ResourceType": each.template["Type"]}
        return actions

    def _in_order(self) -> list[str]:
        """The resources' names, each after those that it refers to."""
        order: dict[str, None] = {}

        def add(name: str) -> None:
            if name not in order:
                for each in references(self._resource_json_map[name]):
                    if each in self._resource_json_map:
                        add(each)
                order[name] = None

        for name in self._resource_json_map:
            add(name)
        return list(order)

    def is_wanted(self, name: str) -> bool:
        if name not in self._resource_json_map:
            return False
        condition = self._resource_json_map[name].get("Condition")
        return condition is None or bool(self.lazy_condition_map[condition])

    def _properties(self, name: str) -> dict[str, Any]:
        """The properties that the template gives a resource, worked out."""
        properties: dict[str, Any] = parsing.clean_json(self._resource_json_map[name].get("Properties", {}), self)
        return properties

    def _update_resource(self, name: str) -> None:
        resource, template = self._parsed_resources[name], self._resource_json_map[name]
        former = self.applied[name].properties
        with named(name, template, "UPDATE"):
            new = self._properties(name)
            changes = changes_of(template["Type"])
            if changed(former, new) & changes.replaced:
                check_replacement(template["Type"], former, new)
                self._replace(name)
            elif former != new and isinstance(resource, CustomResource):
                self._change_custom(name, resource, new)
            elif former != new:
                changes.apply(self.lab, self._region_name, str(resource.physical_resource_id), former, new)
                if isinstance(resource, MadeResource):
                    resource.changed(self._region_name, new)
        self.applied[name] = Applied(template, new)
        if former != new:
            self.made(self._parsed_resources[name], "UPDATE")

    def _change_custom(self, name: str, resource: CustomResource, properties: dict[str, Any]) -> None:
        """What the provider has put another resource in the place of is deleted after it."""
        before = self.applied[name]
        if properties["ServiceToken"] != before.properties["ServiceToken"]:
            raise CloudFormationError("Modifying service token is not allowed.")
        gone = resource.update(properties)
        if gone is not None:
            self._clean_up(gone, before, REPLACEMENT)

    def _replace(self, name: str) -> None:
        """Make another resource in the place of one that cannot become what its template asks for."""
        old, before = self._parsed_resources[name], self.applied[name]
        self._tell(old, before.template, "UPDATE_IN_PROGRESS", REPLACES)
        try:
            parsing.parse_and_create_resource(
                name,
                self._resource_json_map[name],
                self,
                account_id=self._account_id,
                region_name=self._region_name,
            )
        except ResourceFailed as failure:
            self._parsed_resources[name], self.applied[name] = old, before
            raise ResourceFailed(name, failure.resource_type, "UPDATE", failure.reason) from failure
        self._clean_up(old, before, REPLACEMENT)

    def _clean_up(self, resource: Any, made_from: Applied, attribute: str = DELETION) -> None:
        """Delete a *resource* that the stack no longer has; the update stands where that fails."""
        try:
            self._leave(resource, made_from, attribute)
        except ResourceFailed as failure:
            self._tell(resource, made_from.template, "DELETE_FAILED", failure.reason)

    def _leave(self, resource: Any, made_from: Applied, attribute: str = DELETION) -> bool:
        """Do with a *resource* what its policy says; whether it is gone. Raises `ResourceFailed`."""
        template = made_from.template
        if resource.logical_resource_id in self.retained or is_retained(template, attribute, self.undoing):
            self._tell(resource, template, "DELETE_SKIPPED")
            return False
        if policy(template, attribute) == "Snapshot" and not self.undoing:
            with named(resource.logical_resource_id, template, "DELETE"):
                told = resource.logical_resource_id, str(resource.physical_resource_id)
                take_snapshot(self.lab, self._region_name, template, *told)
        self._remove(resource, made_from)
        return True

    def delete(self) -> None:
        """Delete the resources, the youngest first. Raises `ResourceFailed` when all others are gone."""
        failed: list[ResourceFailed] = []
        for name in reversed(list(self.applied)):
            try:
                if self._leave(self._parsed_resources[name], self.applied[name]):
                    self._forget(name)
            except ResourceFailed as failure:
                failed.append(failure)
        if failed:
            raise failed[0]

    def _forget(self, name: str) -> None:
        del self._parsed_resources[name], self.applied[name]

    def parse_ssm_parameter(self, value: str, value_type: str) -> str:
        if ssm_backends[self._account_id][self._region_name].get_parameter(value) is None:
            said = f"Unable to fetch parameters [{value}] from parameter store for this account."
            raise AwsError("ValidationError", said)
        return super().parse_ssm_parameter(value, value_type)

    def keep_only_made(self) -> None:
        """Forget the resources that were not made, lest moto make them when somebody looks at the stack."""
        self._resource_json_map = {name: each.template for name, each in self.applied.items()}

    def begun(self, name: str, resource: Any, left: Set[str]) -> None:
        """Note what a new *resource* was made from, and give it what its creation has *left* out.

        Raises `ResourceFailed`.
        """
        template = self._resource_json_map[name]
        self._parsed_resources[name] = resource  # a failure from here on finds it, to delete it
        self.applied[name] = Applied(template, self._properties(name))
        with named(name, template, "CREATE"):
            changes_of(template["Type"]).complete(
                self.lab, self._region_name, str(resource.physical_resource_id), self.applied[name].properties, left
            )

    def of_stack(self, name: str) -> Any:
        """The resource of this name; None where it was not made."""
        return self._parsed_resources[name] if name in self.applied else None

    def restored(self, failure: ResourceFailed) -> None:
        """Tell of the resource whose change failed that it is again what it was."""
        if failure.action == "UPDATE" and failure.logical_id in self.applied:  # it may be an output's
            self.made(self._parsed_resources[failure.logical_id], "UPDATE")

    def made(self, resource: Any, action: str) -> None:
        """Tell that the *resource* is there, or was changed."""
        template = self._resource_json_map[resource.logical_resource_id]
        self._tell(resource, template, f"{action}_IN_PROGRESS")
        if action == "CREATE":
            self._tell(resource, template, "CREATE_IN_PROGRESS", "Resource creation Initiated")
        self._tell(resource, template, f"{action}_COMPLETE")

    def _remove(self, resource: Any, made_from: Applied) -> None:
        template = made_from.template
        with named(resource.logical_resource_id, template, "DELETE"):
            physical_id = str(resource.physical_resource_id)
            kind = template["Type"]
            if not delete_resource(self.lab, self._region_name, kind, physical_id, made_from.properties):
                with _changing(self.lab, type(resource)):
                    self._delete_resource(resource, template)
        self._tell(resource, template, "DELETE_IN_PROGRESS")
        self._tell(resource, template, "DELETE_COMPLETE")

    def _tell(self, resource: Any, template: dict[str, Any], status: str, reason: str | None = None) -> None:
        physical_id = "" if (status, reason) == ("CREATE_IN_PROGRESS", None) else str(resource.physical_resource_id)
        self.teller.resource_event(resource.logical_resource_id, template["Type"], status, physical_id, reason)


def create(
    logical_id: str, resource_json: dict[str, Any], resources_map: ResourceMapEngine, account_id: str, region_name: str
) -> Any:
    """In place of moto's parse_and_create_resource: a resource, told of in events, that has all of its properties.

    None where the resource's condition is false. Raises `ResourceFailed`.
    """
    kind, replaces = resource_json["Type"], logical_id in resources_map.applied
    with named(logical_id, resource_json, "CREATE"):
        if not resources_map.is_wanted(logical_id):
            return None
        parsed = parsing.parse_resource_and_generate_name(logical_id, resource_json, resources_map)
        if parsed is None:  # moto has nothing to make of it
            return None
        model, described, name = parsed
        check_properties(logical_id, kind, described["Properties"])
        given = Given(described["Properties"])
        with _changing(resources_map.lab, model):
            resource: Any = model.create_from_cloudformation_json(
                name,
                {**described, "Properties": given},
                account_id,
                region_name,
                LogicalId=logical_id,
                StackId=resources_map.stack_id,
                ResourceType=kind,
            )
        resource.cf_resource_type, resource.logical_resource_id = kind, logical_id
    with_physical_id(resource, kind, resources_map["AWS::StackName"], logical_id)
    left = given.untouched - {parsing.resource_name_property_from_type(kind)}
    resources_map.begun(logical_id, resource, left)
    if not replaces:
        resources_map.made(resource, "CREATE")
    return resource


@contextmanager
def _changing(lab: Lab, model: type) -> Iterator[None]:
    """moto's models make and delete resources in the backend of their service, past its door.

    It is the engine's once that is installed, and what it holds is to be kept.
    """
    service = service_of(model)
    assert lab.install is not None, "the lab is not serving yet"
    lab.install(service)
    with lab.state.changing(service):
        yield
