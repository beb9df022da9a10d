"""Calls of a service's API with values from a template, where 7 may be "7" and true "true".

Source: CloudFormation user guide, "Parameters syntax" (Type: Number): a template's values are texts as well.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError

from localaws.lab import Lab


class Api:
    """A service's operations by their AWS names, called in the lab's own process."""

    def __init__(self, lab: Lab, service: str, region: str) -> None:
        self.lab, self.region = lab, region
        self._client = lab.client(service, region=region)

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call *operation*; members that are None are left out.

        Raises CloudFormationError for one that the operation does not have: botocore would silently leave it out.
        """
        given = {name: each for name, each in request.items() if each is not None}
        method = next(name for name, each in self._client.meta.method_to_api_mapping.items() if each == operation)
        answer: dict[str, Any] = getattr(self._client, method)(**coerced(given, self._shape(operation)))
        return answer

    def taken(self, operation: str, properties: Mapping[str, Any], but: Sequence[str] = ()) -> dict[str, Any]:
        """Of a resource's *properties* those that *operation* takes by the same name.

        *but* names what moto's operation silently drops.
        """
        names = {_capital(name) for name in self._shape(operation).members} - set(but)
        return {name: properties[name] for name in names & properties.keys()}

    def wait(self, waiter: str, **request: Any) -> None:
        """Until the *waiter* (of the client's) is content: what takes minutes on AWS takes a moment here."""
        self._client.get_waiter(waiter).wait(**request, WaiterConfig={"Delay": 0.1, "MaxAttempts": 600})

    def other(self, service: str) -> Api:
        """Another service's operations, in the same Region."""
        return Api(self.lab, service, self.region)

    def _shape(self, operation: str) -> Any:
        return self._client.meta.service_model.operation_model(operation).input_shape


def items_of(parameter: Mapping[str, Any], value: Any) -> list[str] | None:
    """The items of a template's *parameter* that has this *value*; None for one that is no list."""
    return [each.strip() for each in str(value).split(",")] if "List" in parameter.get("Type", "") else None


def as_text(value: Any) -> str:
    """What a template writes as an object, a number or a boolean, where the service's API takes text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)  # YAML reads dates in policies


def coerced(value: Any, shape: Any) -> Any:
    """The *value* with the types that the *shape* (of botocore's models) asks for, where they can be told.

    Raises CloudFormationError for a member that the shape does not have.
    """
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return value if shape.is_document_type else dict(_member(shape, *each) for each in value.items())
    if kind == "map" and isinstance(value, dict):
        return {str(k): coerced(v, shape.value) for k, v in value.items()}
    if kind == "map" and isinstance(value, list):  # of tags, which templates write as a list
        return {str(each["Key"]): coerced(each["Value"], shape.value) for each in value}
    if kind == "list" and isinstance(value, list):
        return [coerced(each, shape.member) for each in value]
    if kind in ("integer", "long") and isinstance(value, str) and value.lstrip("-").isdecimal():
        return int(value)
    if kind in ("float", "double") and isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            return value
    if kind == "boolean" and str(value).lower() in ("true", "false"):
        return str(value).lower() == "true"
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, (int, float)):
        return str(value)
    return value


def not_given(names: Sequence[str]) -> CloudFormationError:
    """For what a resource would silently go without."""
    said = f"This lab cannot give a resource of this type its {', '.join(names)}."
    return CloudFormationError(f"{said} AWS can: take this out of the template here.")


def _member(shape: Any, name: str, value: Any) -> tuple[str, Any]:
    """A structure's member by a template's name, which has a capital where the API's has none."""
    own = name if name in shape.members else name[:1].lower() + name[1:]
    if own not in shape.members:
        raise not_given([name])
    return own, coerced(value, shape.members[own])


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]
