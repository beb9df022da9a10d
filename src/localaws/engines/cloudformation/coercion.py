"""Calls of a service's API with values from a template, where 7 may be "7" and true "true".

Source: CloudFormation user guide, "Parameters syntax" (Type: Number): a template's values are texts as well.
"""

from __future__ import annotations

import json
from typing import Any

from localaws.lab import Lab


class Api:
    """A service's operations by their AWS names, called in the lab's own process."""

    def __init__(self, lab: Lab, service: str, region: str) -> None:
        self.lab, self.region = lab, region
        self._client = lab.client(service, region=region)

    def __call__(self, operation: str, **request: Any) -> dict[str, Any]:
        """Call *operation*; members that are None are left out."""
        shape = self._client.meta.service_model.operation_model(operation).input_shape
        given = {name: each for name, each in request.items() if each is not None}
        method = next(name for name, each in self._client.meta.method_to_api_mapping.items() if each == operation)
        answer: dict[str, Any] = getattr(self._client, method)(**coerced(given, shape))
        return answer

    def wait(self, waiter: str, **request: Any) -> None:
        """Until the *waiter* (of the client's) is content."""
        self._client.get_waiter(waiter).wait(**request, WaiterConfig={"Delay": 1, "MaxAttempts": 60})

    def other(self, service: str) -> Api:
        """Another service's operations, in the same Region."""
        return Api(self.lab, service, self.region)


def as_text(value: Any) -> str:
    """What a template writes as an object, a number or a boolean, where the service's API takes text."""
    return value if isinstance(value, str) else json.dumps(value, default=str)  # YAML reads dates in policies


def coerced(value: Any, shape: Any) -> Any:
    """The *value* with the types that the *shape* (of botocore's models) asks for, where they can be told."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, dict):
        return {k: coerced(v, shape.members[k]) if k in shape.members else v for k, v in value.items()}
    if kind == "map" and isinstance(value, dict):
        return {str(k): coerced(v, shape.value) for k, v in value.items()}
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
