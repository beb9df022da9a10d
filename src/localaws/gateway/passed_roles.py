"""The roles that a call gives to a service, for each of which the caller needs ``iam:PassRole``.

Sources: IAM user guide, "Grant a user permissions to pass a role to an AWS service": it is no operation, and asked
wherever a service is given a role. Service authorization reference, the condition key iam:PassedToService.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape
from moto.core.utils import get_service_model

from localaws.gateway.reference import prefix_of

#: A way through a request's members to a text; "*" stands for each item of a list.
_Path = tuple[str, ...]

#: Services that take roles, but not to work with them.
_TAKE_NONE = {"iam", "sts", "organizations"}
#: Operations that name a role which the service has already, or lends to the caller.
_PASS_NONE = {
    ("lakeformation", "AssumeDecoratedRoleWithSAML"),
    ("rds", "RemoveRoleFromDBCluster"),
    ("rds", "RemoveRoleFromDBInstance"),
}
#: As which principal a service takes roles, where it is not called like the prefix of its actions.
_PRINCIPALS = {
    "cloudwatch": "streams.metrics.cloudwatch.amazonaws.com",
    "kinesisanalyticsv2": "kinesisanalytics.amazonaws.com",
    "mwaa": "airflow-env.amazonaws.com",
}
_DEEPEST = 6


def passed_roles(service: str, operation: str, parameters: Mapping[str, Any], account: str) -> list[str]:
    """The ARNs of the roles that a call gives to *service*."""
    found = (value for path in _paths(service, operation) for value in _at(parameters, path))
    return list(dict.fromkeys(arn for value in found if (arn := _arn_of(value, account))))


def taken_by(service: str) -> str:
    """The principal that a role of *service* has to trust."""
    return _PRINCIPALS.get(service, f"{prefix_of(service)}.amazonaws.com")


@cache
def _paths(service: str, operation: str) -> tuple[_Path, ...]:
    if service in _TAKE_NONE or (service, operation) in _PASS_NONE or operation.startswith(("Get", "List", "Describe")):
        return ()
    shape = get_service_model(service).operation_model(operation).input_shape
    return tuple(_within(shape, ())) if shape else ()


def _within(shape: Shape, path: _Path) -> Iterator[_Path]:
    if len(path) > _DEEPEST:
        return
    if isinstance(shape, StructureShape):
        for name, member in shape.members.items():
            if name.startswith("Remove"):  # what is taken away is not passed
                continue
            yield from _within(member, (*path, name))
    elif isinstance(shape, ListShape):
        yield from _within(shape.member, (*path, "*"))
    elif isinstance(shape, StringShape) and path:
        name = next(name for name in reversed(path) if name != "*").lower()
        if name.endswith(("role", "roles", "rolearn", "rolearns")):
            yield path


def _at(value: Any, path: _Path) -> Iterator[str]:
    if not path:
        if isinstance(value, str) and value:
            yield value
    elif path[0] == "*":
        for each in value if isinstance(value, list) else ():
            yield from _at(each, path[1:])
    elif isinstance(value, Mapping):
        yield from _at(value.get(path[0]), path[1:])


def _arn_of(value: str, account: str) -> str:
    """The ARN of a role that is named by it, or by its name; "" for what is no role's."""
    if value.startswith("arn:"):
        return value if ":role/" in value else ""
    return f"arn:aws:iam::{account}:role/{value}"
