"""The ARN of what a call has made: as its answer has it, or from the names in request and answer.

What a call needs (`arns`) is known before it is done, and many creations name nothing then that will have an ARN:
of a VPC only the answer to CreateVpc has the id.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice, product
from typing import Any

from awsfacts import Resource, resource_made_by
from localaws.gateway.arns import called, partition_of
from localaws.gateway.reference import ResourceType, type_of

#: How many resources a record names: DeleteObjects may have a thousand.
MOST_RESOURCES = 100

_Tree = Mapping[str, Any]


def arns_made(service: str, operation: str, request: _Tree, answer: _Tree, region: str, account: str) -> list[str]:
    """What a successful call of *operation* has made, as far as it is declared and *request* and *answer* name it."""
    declared = resource_made_by(service, operation)
    if declared is None:
        return []
    type = type_of(service, declared.type)
    if type is None:
        return [text for text in _named(declared.name.rpartition("/")[2], answer, request) if text.startswith("arn:")]
    whole = [text for text in _texts(answer) if type.pattern.fullmatch(text)]
    if whole or "*" in type.arn:  # of which AWS gives no more
        return whole
    values = {"Partition": [partition_of(region)], "Region": [region], "Account": [account]}
    values |= _values(type, declared, answer, request)
    chosen = islice(product(*values.values()), MOST_RESOURCES)
    return [type.template.format_map(dict(zip(values, each, strict=True))) for each in chosen]


def _values(type: ResourceType, declared: Resource, *trees: _Tree) -> dict[str, list[str]]:
    """What may stand for each variable of *type*: members that are called so, or else as the declaration says."""
    found = {variable: _named(variable, *trees) for variable in type.variables}
    if "Id" in found:  # "StackSetId": "name:id"
        found["Id"] = [text.rpartition(":")[2] for text in _named(f"{type.name}Id", *trees)]
    for variable, member in zip(reversed(list(found)), reversed(declared.name.split("/")), strict=False):
        found[variable] = found[variable] or _named(member, *trees)
    return found


def _named(variable: str, *trees: _Tree) -> list[str]:
    """The texts of members that are called *variable*, or else alike; of the first of *trees*, and the outermost."""
    for alike in (False, True):
        for tree in trees:
            if found := next((texts for texts in _levels(tree, variable, alike) if texts), None):
                return found
    return []


def _levels(tree: _Tree, variable: str, alike: bool) -> Iterator[list[str]]:
    """At each depth of *tree*, in a structure or a list of such, the texts of the members that *variable* means."""
    level = [tree]
    while level:
        yield [
            text
            for each in level
            for name in (called(variable, each) if alike else each.keys() & {variable})
            for text in _listed(each[name], str)
        ]
        level = [inner for each in level for value in each.values() for inner in _listed(value, dict)]


def _listed(value: Any, type: type) -> list[Any]:
    return [each for each in (value if isinstance(value, list) else [value]) if isinstance(each, type)]


def _texts(tree: _Tree) -> Iterator[str]:
    for value in tree.values():
        yield from _listed(value, str)
        for inner in _listed(value, dict):
            yield from _texts(inner)
