"""Stacks: a resource that fails ends in a rollback and events that say why, never in an error to the caller.

Sources: CloudFormation user guide, "Choose how to handle failures when provisioning resources" and "Understand
CloudFormation stack creation events"; CreateStack, API reference (OnFailure, DisableRollback).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from moto.cloudformation import models
from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.models import Change, ChangeSet, Event
from moto.cloudformation.parsing import OutputMap, clean_json

from localaws.engines.cloudformation.extensions import expanding_with
from localaws.engines.cloudformation.failures import ResourceFailed, named
from localaws.engines.cloudformation.functions import walk
from localaws.engines.cloudformation.resources import ResourceMapEngine


@dataclass(frozen=True)
class Wanted:
    """What the call that is being served says besides its template.

    *on_failure* is ``ROLLBACK``, ``DELETE`` or ``DO_NOTHING``; *capabilities* is None where nobody is to be asked;
    *retained* are the resources that a deletion leaves.
    """

    on_failure: str = "ROLLBACK"
    capabilities: Sequence[str] | None = None
    retained: frozenset[str] = frozenset()


_NOTHING = Wanted()
wanted: ContextVar[Wanted] = ContextVar("wanted", default=_NOTHING)


@contextmanager
def wanting(choice: Wanted) -> Iterator[None]:
    """Stacks made meanwhile are made as *choice* says."""
    token = wanted.set(choice)
    try:
        yield
    finally:
        wanted.reset(token)


class ChangeSetEngine(ChangeSet):
    """moto's change set, which lists what would be changed: by the properties as its parameters make them."""

    def _parse_template(self) -> None:
        with expanding_with(self.parameters):
            super()._parse_template()

    def diff(self) -> list[Change]:
        assert isinstance(self.stack, Stack)
        actions = self.stack.resource_map.build_change_set_actions(self.template_dict, self.parameters)
        return [
            Change(action, name, resource["ResourceType"])
            for action, resources in actions.items()
            for name, resource in resources.items()
        ]


class Stack(models.Stack):
    """moto's stack, which can tell of a failure and undo what came before it.

    It has moto's name: by this the answers find ``StackName`` in its ``name``.
    """

    resource_map: ResourceMapEngine
    stack_status_reason: str | None = None

    def __init__(self, **given: Any) -> None:
        self.parameters = given["parameters"]  # moto reads the template before it notes them
        super().__init__(**given)

    def _parse_template(self) -> None:
        with expanding_with(self.parameters):
            super()._parse_template()

    def has_template(self, other_template: str) -> bool:
        """Whether an update with this one, and the same parameters, would change nothing."""
        with expanding_with(self.parameters):
            return super().has_template(other_template)

    @property
    def stack_parameters(self) -> dict[str, Any]:
        """The values as they were given, or the template's own: what UsePreviousValue means."""
        declared = self.template_dict.get("Parameters", {})
        return {name: str(self.parameters.get(name, each.get("Default"))) for name, each in declared.items()}

    def has_parameters(self, other_parameters: dict[str, Any]) -> bool:
        """Whether an update with these would change none: what it does not give has its default again."""
        declared = self.template_dict.get("Parameters", {})
        given = {name: str(other_parameters.get(name, each.get("Default"))) for name, each in declared.items()}
        return given == self.stack_parameters

    def update(
        self,
        template: str,
        role_arn: str | None = None,
        parameters: dict[str, Any] | None = None,
        tags: dict[str, str] | None = None,
    ) -> None:
        self.stack_status_reason = None
        self.parameters = parameters or {}  # what is not given has its default again
        super().update(template, role_arn, parameters, tags)

    def applied(self, change_set: ChangeSet) -> None:
        """Take over what *change_set* has made of the resources."""
        self.stack_status_reason = None
        self.template, self.parameters = change_set.template, change_set.parameters
        self.tags = change_set.tags or self.tags
        self._parse_template()
        self.description = self.template_dict.get("Description")
        self.output_map = self._create_output_map()
        self._check_outputs(change_set.change_set_type)

    def mark_creation_complete(self) -> None:
        self._check_outputs("CREATE")
        super().mark_creation_complete()

    def _check_outputs(self, action: str) -> None:
        """Raises `ResourceFailed` for an output without a value, which moto would only miss when it is asked for, and
        for the change of one that others use ("Get exported outputs from a deployed CloudFormation stack")."""
        with named(self.name, {"Type": self.cloudformation_type()}, action):
            assert self.outputs is None or self.outputs
            backend = models.cloudformation_backends[self.account_id][self.region_name]
            new = {export.name: export.value for export in self.exports}
            for name, value in backend.exported_by(self).items():  # type: ignore[attr-defined]
                users = new.get(name) != value and backend.users_of(self, name)  # type: ignore[attr-defined]
                if users:
                    verb = "updated" if name in new else "deleted"
                    raise CloudFormationError(f"Export {name} cannot be {verb} as it is in use by {users}")

    def delete(self) -> None:
        self.stack_status_reason = None
        self.resource_map.retained = wanted.get().retained if self.status == "DELETE_FAILED" else frozenset()
        super().delete()

    def creation_failed(self, failure: ResourceFailed, choice: str) -> None:
        """End a creation that *failure* stopped, as *choice* (see `Wanted`) says."""
        self.disable_rollback = choice == "DO_NOTHING"
        self._begin_creation()
        self._failure_event(failure)
        said = f"The following resource(s) failed to create: [{failure.logical_id}]. "
        self.output_map = OutputMap(self.resource_map, {}, self.stack_id)  # outputs would name what is not there
        self.resource_map.keep_only_made()
        if choice == "DO_NOTHING":
            self._change("CREATE_FAILED", said)
            return
        steps = "DELETE" if choice == "DELETE" else "ROLLBACK"
        self._change(f"{steps}_IN_PROGRESS", f"{said}{choice.capitalize()} requested by user.")
        self._undo(steps)

    def imports(self) -> set[str]:
        """The names of the exports that the stack uses."""
        described = self.template_dict.get("Resources", {}) | self.template_dict.get("Outputs", {})
        return {
            str(clean_json(argument, self.resource_map))
            for name, argument, holder in walk(described)
            if name == "Fn::ImportValue" and len(holder) == 1
        }

    def deletion_refused(self, reason: str) -> None:
        """Remain what the stack is."""
        status = self.status
        self._change("DELETE_IN_PROGRESS", "User Initiated")
        self._change(status, reason)

    def deletion_failed(self, failure: ResourceFailed) -> None:
        self._failure_event(failure)
        self._change("DELETE_FAILED", f"The following resource(s) failed to delete: [{failure.logical_id}]. ")

    def update_failed(self, failure: ResourceFailed, template: str, parameters: dict[str, Any]) -> None:
        """Return to the *template* and the *parameters* from before the update."""
        self._failure_event(failure)
        verb = failure.action.lower()
        said = f"The following resource(s) failed to {verb}: [{failure.logical_id}]. "
        self._change("UPDATE_ROLLBACK_IN_PROGRESS", said)
        self.template, self.parameters = template, parameters
        self._parse_template()
        self.resource_map.undoing = True
        try:
            self.resource_map.keep_only_made()
            self.resource_map.update(self.template_dict, parameters)
            self.resource_map.restored(failure)
            self._change("UPDATE_ROLLBACK_COMPLETE")
        except ResourceFailed as second:
            self._failure_event(second)
            said = f"The following resource(s) failed to {second.action.lower()}: [{second.logical_id}]. "
            self._change("UPDATE_ROLLBACK_FAILED", said)
        finally:
            self.resource_map.undoing = False
        self.output_map = self._create_output_map()

    def _undo(self, steps: str) -> None:
        self.resource_map.undoing = True
        try:
            self.resource_map.delete()
        except ResourceFailed as failure:
            self._failure_event(failure)
            said = f"The following resource(s) failed to delete: [{failure.logical_id}]. "
            self._change(f"{steps}_FAILED", said)
        else:
            self.resource_map.keep_only_made()
            self._change(f"{steps}_COMPLETE")
        finally:
            self.resource_map.undoing = False

    def _change(self, status: str, reason: str | None = None) -> None:
        self.status, self.stack_status_reason = status, reason
        self._add_stack_event(status, resource_status_reason=reason)

    def _failure_event(self, failure: ResourceFailed) -> None:
        resource = self.resource_map.of_stack(failure.logical_id)
        told = failure.logical_id, failure.resource_type
        physical_id = "" if resource is None else str(resource.physical_resource_id)
        self.resource_event(*told, f"{failure.action}_IN_PROGRESS", physical_id)
        self.resource_event(*told, f"{failure.action}_FAILED", physical_id, failure.reason)

    def resource_event(
        self, logical_id: str, resource_type: str, status: str, physical_id: str = "", reason: str | None = None
    ) -> None:
        """Add to what DescribeStackEvents tells of a resource."""
        self._begin_creation()
        event = Event(
            stack_id=self.stack_id,
            stack_name=self.name,
            logical_resource_id=logical_id,
            physical_resource_id=physical_id,
            resource_type=resource_type,
            resource_status=status,
            resource_status_reason=reason,
            resource_properties=None,
        )
        event.sendToSns(self.account_id, self.region_name, self.notification_arns)
        self.events.append(event)

    def _begin_creation(self) -> None:
        """moto makes what an export names before it says that the stack begins."""
        if not self.events:
            self._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")

    def _add_stack_event(self, resource_status: str, *arguments: Any, **more: Any) -> None:
        begun = ("CREATE_IN_PROGRESS", self.stack_id) in [
            (e.resource_status, e.physical_resource_id) for e in self.events
        ]
        if resource_status == "UPDATE_COMPLETE":
            self._check_outputs("UPDATE")
        if not (begun and resource_status == "CREATE_IN_PROGRESS"):
            super()._add_stack_event(resource_status, *arguments, **more)

    def _create_resource_map(self) -> ResourceMapEngine:
        resource_map = super()._create_resource_map()
        assert isinstance(resource_map, ResourceMapEngine)
        resource_map.teller = self
        return resource_map
