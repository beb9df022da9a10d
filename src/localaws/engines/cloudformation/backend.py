"""The account's stacks, change sets and stack sets: what is refused at once, and what a stack makes of a failure."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from moto.cloudformation.exceptions import StackInstanceNotFound
from moto.cloudformation.models import ChangeSet, CloudFormationBackend, StackSet
from moto.cloudformation.parsing import OutputMap

from localaws.engines.cloudformation.extensions import expanding_with
from localaws.engines.cloudformation.failures import ResourceFailed
from localaws.engines.cloudformation.parameters import check_capabilities, check_expansion, check_parameters, resolved
from localaws.engines.cloudformation.rules import check_rules
from localaws.engines.cloudformation.stacks import Stack, wanted
from localaws.engines.cloudformation.templates import read_template
from localaws.gateway.errors import AwsError


class CloudFormationEngine(CloudFormationBackend):
    """moto's backend, whose stacks fail by themselves."""

    def create_stack(self, name: str, template: str, parameters: dict[str, Any], **more: Any) -> Stack:  # type: ignore[override]
        check_expansion(self._check(template, parameters), wanted.get().capabilities)
        before = set(self.stacks)
        try:
            stack = super().create_stack(name, template, parameters, **more)
        except ResourceFailed as failure:
            stack = next(each for key, each in self.stacks.items() if key not in before and each.name == name)
            assert isinstance(stack, Stack)
            choice = wanted.get().on_failure
            stack.creation_failed(failure, choice)
            self._export(stack)
            if choice == "DELETE":
                self.deleted_stacks[stack.stack_id] = self.stacks.pop(stack.stack_id)
        except Exception:  # of the template: no stack comes of it
            for key in [key for key, each in self.stacks.items() if key not in before and each.name == name]:
                with suppress(ResourceFailed):
                    self.stacks.pop(key).resource_map.delete()
            raise
        assert isinstance(stack, Stack)
        return stack

    def update_stack(
        self,
        name: str,
        template: str,
        role_arn: str | None,
        parameters: list[dict[str, Any]],
        tags: dict[str, str] | None,
    ) -> Stack:
        stack = self.get_stack(name)
        assert isinstance(stack, Stack)
        checked = self._check(template, resolved(parameters, stack.stack_parameters))
        check_expansion(checked, wanted.get().capabilities)
        former = stack.template, stack.parameters
        try:
            super().update_stack(name, template, role_arn, parameters, tags)
        except ResourceFailed as failure:
            stack.update_failed(failure, *former)  # type: ignore[arg-type]
        self._export(stack)
        return stack

    def create_change_set(  # type: ignore[override]
        self, stack_name: str, change_set_name: str, template: str, parameters: dict[str, Any], **more: Any
    ) -> tuple[str, str]:
        self._check(template, parameters)  # before moto makes a stack for it
        found = next((each for each in self.stacks.values() if stack_name in (each.name, each.stack_id)), None)
        if found is None:
            return self._new_change_set(stack_name, change_set_name, template, parameters, **more)
        if more["change_set_type"] == "CREATE" and found.status != "REVIEW_IN_PROGRESS":
            said = f"Stack [{stack_name}] already exists and cannot be created again with the changeSet"
            raise AwsError("ValidationError", f"{said} [{change_set_name}].")
        if any(each.stack is found and each.change_set_name == change_set_name for each in self.change_sets.values()):
            raise AwsError("AlreadyExistsException", f"ChangeSet {change_set_name} already exists for {stack_name}")
        arn, stack_id = self._new_change_set(found.name, change_set_name, template, parameters, **more)
        if stack_id != found.stack_id:  # moto has made another stack of the same name
            change_set = self.change_sets[arn]
            change_set.stack, change_set.stack_id = found, found.stack_id
            del self.stacks[stack_id]
        return arn, found.stack_id

    def _new_change_set(self, *arguments: Any, **more: Any) -> tuple[str, str]:
        answer: tuple[str, str] = super().create_change_set(*arguments, **more)
        return answer

    def execute_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        change_set = self.find_change_set(change_set_name, stack_name)
        if change_set.execution_status != "AVAILABLE":
            said = f"ChangeSet [{change_set.change_set_id}] cannot be executed in its current status"
            raise AwsError("InvalidChangeSetStatus", f"{said} of [{change_set.status}]")
        stack = change_set.stack
        assert isinstance(stack, Stack)
        former = stack.template, stack.parameters
        try:
            super().execute_change_set(change_set.change_set_id, stack_name)
            stack.applied(change_set)
        except ResourceFailed as failure:
            change_set.execution_status = "EXECUTE_FAILED"
            if change_set.change_set_type == "CREATE":
                stack.creation_failed(failure, wanted.get().on_failure)
            else:
                stack.update_failed(failure, *former)  # type: ignore[arg-type]
        self._export(stack)

    def describe_change_set(self, change_set_name: str, stack_name: str | None = None) -> ChangeSet:
        return self.find_change_set(change_set_name, stack_name)

    def delete_change_set(self, change_set_name: str, stack_name: str | None = None) -> None:
        super().delete_change_set(self.find_change_set(change_set_name, stack_name).change_set_id)

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
                in_use = self._in_use(stack)
                if in_use:
                    stack.deletion_refused(in_use)
                    continue
                outputs = stack.output_map
                stack.output_map = OutputMap(stack.resource_map, {}, stack.stack_id)  # they name what will be gone
                try:
                    super().delete_stack(stack.stack_id)
                except ResourceFailed as failure:
                    stack.output_map = outputs
                    self.stacks[stack.stack_id] = stack
                    stack.deletion_failed(failure)
                else:
                    self._export(stack)
                    self.change_sets = {arn: each for arn, each in self.change_sets.items() if each.stack is not stack}

    def create_stack_set(self, name: str, template: str, parameters: dict[str, str], **more: Any) -> StackSet:  # type: ignore[override]
        self._check(template, parameters)
        if any(each.name == name and each.status == "ACTIVE" for each in self.stacksets.values()):
            raise AwsError("NameAlreadyExistsException", f"The name '{name}' is used by another stack set.", 409)
        return super().create_stack_set(name, template, parameters, **more)

    def update_stack_set(self, stackset_name: str, template: str | None, **more: Any) -> dict[str, Any]:  # type: ignore[override]
        stack_set = self.describe_stack_set(stackset_name)
        if template is not None:
            read_template(template)
        resolved(more["parameters"], stack_set.parameters)
        return super().update_stack_set(stackset_name, template, **more)  # type: ignore[arg-type]

    def describe_stack_instance(self, stack_set_name: str, account_id: str, region: str) -> dict[str, Any]:
        if self.describe_stack_set(stack_set_name).instances.get_instance(account_id, region) is None:
            raise StackInstanceNotFound()
        return super().describe_stack_instance(stack_set_name, account_id, region)

    def _resolve_update_parameters(self, instance: Any, incoming_params: list[dict[str, str]]) -> dict[str, str]:
        previous = instance.stack_parameters if isinstance(instance, Stack) else instance.parameters
        return resolved(incoming_params, previous)

    def _check(self, text: str, parameters: dict[str, Any]) -> dict[str, Any]:
        with expanding_with(parameters):
            template = read_template(text)
        check_parameters(template, parameters)
        check_rules(template, parameters, {"AWS::Region": self.region_name, "AWS::AccountId": self.account_id})
        check_capabilities(template, wanted.get().capabilities)
        return template

    def exported_by(self, stack: Stack) -> dict[str, str]:
        """What *stack* offers to others, by name."""
        return {name: each.value for name, each in self.exports.items() if each.exporting_stack_id == stack.stack_id}

    def users_of(self, stack: Stack, name: str) -> str:
        """The names of the stacks that use the export *name* of *stack*'s; empty where none does."""
        others = [each for each in self.stacks.values() if each is not stack and isinstance(each, Stack)]
        return " and ".join(each.name for each in others if each.resource_map.applied and name in each.imports())

    def _in_use(self, stack: Stack) -> str:
        """Why *stack* cannot be deleted, because of its exports; empty where it can."""
        for name in self.exported_by(stack):
            if users := self.users_of(stack, name):
                return f"Export {name} cannot be deleted as it is in use by {users}"
        return ""

    def _export(self, stack: Stack) -> None:
        """Offer other stacks what *stack* exports now, and nothing of what it exported before."""
        for name in self.exported_by(stack):
            del self.exports[name]
        self.exports.update({export.name: export for export in stack.exports})
