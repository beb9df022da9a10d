"""The ARNs of what a call acts on, from its parameters and the patterns that IAM has for its actions' resources.

A parameter that is an ARN of one of these types is taken as it is. Else the pattern's variables are looked for among
the operation's members: ``${StreamName}`` is StreamName, ``${WorkGroupName}`` is WorkGroup, ``${QueueName}`` ends
QueueUrl, ``${AlarmName}`` is each of AlarmNames; where AWS's words differ too much, the declaration of the resource
(`awsfacts`) has the members.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from itertools import product
from typing import Any

from botocore.model import ListShape, Shape, StringShape, StructureShape
from moto.core.utils import get_service_model
from moto.utilities.utils import get_partition

from awsfacts import services
from localaws.gateway.reference import ResourceType, actions_of, type_of

#: Services whose ARNs have ids, where requests have names that look like them: their engines tell what is meant.
_BY_IDS = (":redshift-serverless:",)
#: What names end with that mean the same thing.
_ENDINGS = re.compile(r"(WithPath|Name|Identifier|Id|Url)$", re.IGNORECASE)
#: A path through a request's members to a text: ("TableInput", "Name").
_Path = tuple[str, ...]


#: Where one of the first type is named, none of the second is meant: who queries an index needs no right on its table.
_INSTEAD_OF = {"index": "table", "rule-on-custom-event-bus": "rule-on-default-event-bus"}


@dataclass(frozen=True)
class Maker:
    """How the ARNs of one type are found in an operation's parameters."""

    type: ResourceType
    #: Members that may hold a whole ARN.
    whole: tuple[str, ...]
    #: Structures, each with those of its members that are ARNs.
    within: Mapping[str, tuple[str, ...]]
    #: Variable → where its value may be; None where not all are known.
    parts: Mapping[str, tuple[_Path, ...]] | None

    def arns(self, parameters: Mapping[str, Any], region: str, account: str) -> Iterator[str]:
        """All that *parameters* name."""
        yield from self._whole(parameters, self.whole)
        for structure, members in self.within.items():
            if isinstance(inner := parameters.get(structure), dict):
                yield from self._whole(inner, members)
        if self.parts is None:
            return
        template = self.type.template
        known = {"Partition": partition_of(region), "Region": region, "Account": account, "Id": "*"}
        found: list[list[str]] = []
        for variable, paths in self.parts.items():
            names = [name for name in _texts(parameters, paths) if not name.startswith("arn:")]
            if not names:
                return
            # a parameter's name begins with a slash, and its ARN has only one
            found.append([name.removeprefix("/") if f"/{{{variable}}}" in template else name for name in names])
        for values in product(*found):
            arn = template.format(**known, **dict(zip(self.parts, values, strict=True)))
            yield arn.replace(":key/alias/", ":alias/")

    def _whole(self, parameters: Mapping[str, Any], members: tuple[str, ...]) -> Iterator[str]:
        for member in members:
            if (value := parameters.get(member)) is not None:
                for text in value if isinstance(value, list) else (value,):
                    if isinstance(text, str) and text.startswith("arn:") and self.type.pattern.fullmatch(text):
                        yield text


def arns_of(makers: Sequence[Maker], parameters: Mapping[str, Any], region: str, account: str) -> list[str]:
    """The resources that a call names; [] where it acts on none, or tells none."""
    if len(makers) == 1:
        return list(dict.fromkeys(makers[0].arns(parameters, region, account)))
    found = {maker.type.name: list(maker.arns(parameters, region, account)) for maker in makers}
    for narrow, wide in _INSTEAD_OF.items():
        if found.get(narrow):
            found.pop(wide, None)
    return list(dict.fromkeys(arn for arns in found.values() for arn in arns))


@cache
def makers_of(service: str, operation: str) -> tuple[tuple[str, tuple[Maker, ...]], ...]:
    """The actions that *operation* needs, each with who finds its resources."""
    shape = get_service_model(service).operation_model(operation).input_shape
    members = shape.members if isinstance(shape, StructureShape) else {}
    whole = tuple(name for name, member in members.items() if _may_hold_arns(member))
    named = {
        outer: tuple(name for name in each.members if name.lower().endswith("arn"))
        for outer, each in members.items()
        if isinstance(each, StructureShape)
    }
    within = {outer: names for outer, names in named.items() if names}
    return tuple(
        (
            action.name,
            tuple(Maker(each, whole, within, _parts(each, service, operation, members)) for each in action.types),
        )
        for action in actions_of(service, operation)
    )


def _parts(
    type: ResourceType, service: str, operation: str, members: Mapping[str, Shape]
) -> dict[str, tuple[_Path, ...]] | None:
    if "*" in type.arn or any(service in type.arn for service in _BY_IDS):  # ids that only AWS knows
        return None
    variables = [each for each in type.variables if each != "Id"]
    found = {variable: paths for variable in variables if (paths := _called(variable, members))}
    if len(found) == len(variables):
        return found
    for names in _declared_names(type, service, operation):
        places = [_paths_to(name, members) for name in names.split("/")]
        if len(places) == len(variables) and all(places):
            return dict(zip(variables, places, strict=True))
    left = [variable for variable in variables if variable not in found]
    name = _paths_to("Name", members) or _paths_to("name", members)
    return {**found, left[0]: name} if name and len(left) == 1 else None


def _called(variable: str, members: Mapping[str, Shape]) -> tuple[_Path, ...]:
    inner = {outer: each.members for outer, each in members.items() if isinstance(each, StructureShape)}
    own = called(variable, [name for name in members if name not in inner])
    several = {name.removesuffix("s"): name for name, each in members.items() if _holds_names(each)}
    own += [several[name] for name in called(variable, several)]
    return tuple((name,) for name in own) or tuple(
        (outer, name) for outer, each in inner.items() for name in called(variable, each)
    )


def called(variable: str, members: Iterable[str]) -> list[str]:
    """Those of *members* that a pattern's *variable* means: by its very name first."""
    exact = [name for name in members if name.lower() == variable.lower()]
    alike = [name for name in members if _bare(name) and _bare(name) == _bare(variable)]
    return list(dict.fromkeys([*exact, *alike]))


@lru_cache(4096)  # maps in a request have names that nobody foresees
def _bare(name: str) -> str:
    return _ENDINGS.sub("", name).lower()


def _declared_names(type: ResourceType, service: str, operation: str) -> Iterator[str]:
    declared = services().get(service)
    for resource in declared.resources if declared else ():
        if type_of(service, resource.type) == type:
            if operation not in resource.create:
                yield from resource.named_by
            yield resource.name


def _paths_to(name: str, members: Mapping[str, Shape]) -> tuple[_Path, ...]:
    """Where the member *name* is: in the request, alone or several in a list, or in one of its structures."""
    own = [(name,)] if name in members else []
    if f"{name}s" in members and _holds_names(members[f"{name}s"]):
        own.append((f"{name}s",))
    inner = [
        (outer, name) for outer, each in members.items() if isinstance(each, StructureShape) and name in each.members
    ]
    return (*own, *inner)


def _holds_names(member: Shape) -> bool:
    return isinstance(member, ListShape) and isinstance(member.member, StringShape)


def _may_hold_arns(member: Shape) -> bool:
    text = member.member if isinstance(member, ListShape) else member
    return isinstance(text, StringShape) and not text.enum


@cache
def partition_of(region: str) -> str:
    """Of AWS's partitions the one that has *region*: "aws", "aws-cn"."""
    return str(get_partition(region))


def _texts(parameters: Mapping[str, Any], paths: tuple[_Path, ...]) -> list[str]:
    """The first text or list of texts that there is, each shortened to the name in it; [] if there is none."""
    for path in paths:
        value: Any = parameters
        for name in path:
            value = value.get(name) if isinstance(value, dict) else None
        given = value if isinstance(value, list) else (value,)
        texts = [short for each in given if isinstance(each, str) and (short := _short(path[-1], each))]
        if texts:
            return texts
    return []


def _short(member: str, value: str) -> str:
    """The name in a *value* that may say more: the URL of a queue, the beginning of a function's ARN."""
    if member.endswith("Url"):
        return value.rstrip("/").rpartition("/")[2]
    if member == "EventBusName" and value == "default":
        return ""
    return value.rpartition("function:")[2] if member == "FunctionName" else value
