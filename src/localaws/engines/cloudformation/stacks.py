"""Stacks: a resource that fails ends in a rollback and events that say why, never in an error to the caller.

Sources: CloudFormation user guide, "Choose how to handle failures when provisioning resources" and "Understand
CloudFormation stack creation events"; CreateStack, API reference (OnFailure, DisableRollback).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

from moto.cloudformation import models
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, Event
from moto.cloudformation.parsing import OutputMap

from localaws.engines.cloudformation.failures import ResourceFailed, ResourceMapEngine
from localaws.engines.cloudformation.templates import read_template
from localaws.gateway.errors import AwsError

#: What the CreateStack that is being served wants of a stack that fails: ``ROLLBACK``, ``DELETE`` or ``DO_NOTHING``.
on_failure: ContextVar[str] = ContextVar("on_failure", default="ROLLBACK")


@contextmanager
def wanting(choice: str) -> Iterator[None]:
    """Stacks made meanwhile treat a failure as *choice* says."""
    token = on_failure.set(choice)
    try:
        yield
    finally:
        on_failure.reset(token)


class Stack(models.Stack):
    """moto's stack, which can tell of a failure and undo what came before it.

    It has moto's name: by this the answers find ``StackName`` in its ``name``.
    """

    resource_map: ResourceMapEngine
    stack_status_reason: str | None = None

    def update(self, *arguments: Any, **more: Any) -> None:
        self.stack_status_reason = None
        super().update(*arguments, **more)

    def delete(self) -> None:
        self.stack_status_reason = None
        super().delete()

    def creation_failed(self, failure: ResourceFailed, choice: str) -> None:
        """End a creation that *failure* stopped, as *choice* (see `on_failure`) says."""
        self.disable_rollback = choice == "DO_NOTHING"
        if not self.events:
            self._add_stack_event("CREATE_IN_PROGRESS", resource_status_reason="User Initiated")
        self._resource_event(failure)
        said = f"The following resource(s) failed to create: [{failure.logical_id}]. "
        self.output_map = OutputMap(self.resource_map, {}, self.stack_id)  # outputs would name what is not there
        self.resource_map.keep_only_made()
        if choice == "DO_NOTHING":
            self._change("CREATE_FAILED", said)
            return
        steps = "DELETE" if choice == "DELETE" else "ROLLBACK"
        self._change(f"{steps}_IN_PROGRESS", f"{said}{choice.capitalize()} requested by user.")
        self._undo(steps)

    def deletion_failed(self, failure: ResourceFailed) -> None:
        self._resource_event(failure)
        self._change("DELETE_FAILED", f"The following resource(s) failed to delete: [{failure.logical_id}]. ")

    def update_failed(self, failure: ResourceFailed, template: str, parameters: dict[str, Any]) -> None:
        """Return to the *template* and the *parameters* from before the update."""
        self._resource_event(failure)
        verb = failure.action.lower()
        said = f"The following resource(s) failed to {verb}: [{failure.logical_id}]. "
        self._change("UPDATE_ROLLBACK_IN_PROGRESS", said)
        self.template = template
        self._parse_template()
        try:
            self.resource_map.keep_only_made()
            self.resource_map.update(self.template_dict, parameters)
            self._change("UPDATE_ROLLBACK_COMPLETE")
        except ResourceFailed as second:
            self._resource_event(second)
            said = f"The following resource(s) failed to {second.action.lower()}: [{second.logical_id}]. "
            self._change("UPDATE_ROLLBACK_FAILED", said)
        self.output_map = self._create_output_map()

    def _undo(self, steps: str) -> None:
        try:
            self.resource_map.delete()
        except ResourceFailed as failure:
            self._resource_event(failure)
            said = f"The following resource(s) failed to delete: [{failure.logical_id}]. "
            self._change(f"{steps}_FAILED", said)
        else:
            self.resource_map.keep_only_made()
            self._change(f"{steps}_COMPLETE")

    def _change(self, status: str, reason: str | None = None) -> None:
        self.status, self.stack_status_reason = status, reason
        self._add_stack_event(status, resource_status_reason=reason)

    def _resource_event(self, failure: ResourceFailed) -> None:
        event = Event(
            stack_id=self.stack_id,
            stack_name=self.name,
            logical_resource_id=failure.logical_id,
            physical_resource_id="",
            resource_type=failure.resource_type,
            resource_status=f"{failure.action}_FAILED",
            resource_status_reason=failure.reason,
            resource_properties=None,
        )
        event.sendToSns(self.account_id, self.region_name, self.notification_arns)
        self.events.append(event)


class CloudFormationEngine(CloudFormationBackend):
    """moto's backend, whose stacks fail by themselves."""

    def create_stack(self, name: str, *arguments: Any, **more: Any) -> Stack:
        before = set(self.stacks)
        try:
            stack = super().create_stack(name, *arguments, **more)
        except ResourceFailed as failure:
            stack = next(each for key, each in self.stacks.items() if key not in before and each.name == name)
            assert isinstance(stack, Stack)
            choice = on_failure.get()
            stack.creation_failed(failure, choice)
            if choice == "DELETE":
                self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)
        except Exception:  # of the template: no stack comes of it
            for key in [key for key, each in self.stacks.items() if key not in before and each.name == name]:
                with suppress(ResourceFailed):
                    self.stacks.pop(key).resource_map.delete()
            raise
        assert isinstance(stack, Stack)
        return stack

    def update_stack(self, name: str, *arguments: Any, **more: Any) -> Stack:
        stack = self.get_stack(name)
        assert isinstance(stack, Stack)
        former = stack.template, stack.parameters
        try:
            super().update_stack(name, *arguments, **more)
        except ResourceFailed as failure:
            stack.update_failed(failure, *former)  # type: ignore[arg-type]
        return stack

    def create_change_set(  # type: ignore[override]
        self, stack_name: str, change_set_name: str, template: str, **more: Any
    ) -> tuple[str, str]:
        read_template(template)  # before moto makes a stack for it
        if more["change_set_type"] == "CREATE" and any(each.name == stack_name for each in self.stacks.values()):
            said = f"Stack [{stack_name}] already exists and cannot be created again with the changeSet"
            raise AwsError("ValidationError", f"{said} [{change_set_name}].")
        answer: tuple[str, str] = super().create_change_set(stack_name, change_set_name, template, **more)
        return answer

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self.find_change_set(change_set_name, stack_name)
        stack = change_set.stack
        assert isinstance(stack, Stack)
        former = stack.template, stack.parameters
        try:
            super().execute_change_set(change_set.change_set_id, stack_name)
        except ResourceFailed as failure:
            change_set.execution_status = "EXECUTE_FAILED"
            if change_set.change_set_type == "CREATE":
                stack.creation_failed(failure, on_failure.get())
            else:
                stack.update_failed(failure, *former)  # type: ignore[arg-type]

    def describe_change_set(self, change_set_name: str) -> ChangeSet:
        return self.find_change_set(change_set_name)

    def delete_change_set(self, change_set_name: str) -> None:
        super().delete_change_set(self.find_change_set(change_set_name).change_set_id)

    def find_change_set(self, name: str, stack_name: str | None = None) -> ChangeSet:
        """By ARN or name. Raises ChangeSetNotFound."""
        for arn, change_set in self.change_sets.items():
            of_stack = stack_name in (None, change_set.stack_name, change_set.stack_id)
            if name == arn or (name == change_set.change_set_name and of_stack):
                return change_set
        raise AwsError("ChangeSetNotFound", f"ChangeSet [{name}] does not exist", 404)

    def delete_stack(self, name_or_stack_id: str) -> None:
        """Delete a stack, if there is one; what cannot be deleted leaves it as DELETE_FAILED."""
        for stack in list(self.stacks.values()):
            if name_or_stack_id in (stack.name, stack.stack_id):
                assert isinstance(stack, Stack)
                try:
                    super().delete_stack(stack.stack_id)
                except ResourceFailed as failure:
                    self.stacks[stack.stack_id] = stack
                    stack.deletion_failed(failure)
