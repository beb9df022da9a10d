"""Changing a resource in place: by its service's own API, property by property.

moto changes few properties, and says nothing of the others; here what this lab cannot change ends in UPDATE_FAILED.
Source: CloudFormation template reference, "Update requires" of each property.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any

from moto.cloudformation.exceptions import CloudFormationError

from localaws.engines.cloudformation.coercion import Api, not_given
from localaws.lab import Lab

Properties = Mapping[str, Any]


@dataclass(frozen=True)
class Target:
    """A resource that is to become what *new* says; *former* is what its template said before (empty: a new one)."""

    api: Api
    id: str
    former: Properties
    new: Properties

    @property
    def name(self) -> str:
        """The last part of an ARN, a path or a URL."""
        return self.id.rsplit("/", 1)[-1].rsplit(":", 1)[-1]

    def tags(self) -> tuple[dict[str, str], list[str]]:
        """The tags to set, and the keys of those to take away."""
        former, new = tags_of(self.former), tags_of(self.new)
        return {k: v for k, v in new.items() if former.get(k) != v}, [k for k in former if k not in new]


Change = Callable[[Target], None]


@dataclass(frozen=True)
class Changes:
    """How resources of a type are changed: the *service* of the API, and of which properties each function takes care.

    *replaced* names the properties whose change needs another resource.
    """

    service: str
    by: Sequence[tuple[Sequence[str], Change]]
    replaced: frozenset[str] = field(default_factory=frozenset)

    def complete(self, lab: Lab, region: str, physical_id: str, properties: Properties, left: Set[str]) -> None:
        """Give a new resource what its creation has *left* out of its *properties*.

        Raises CloudFormationError for a property that nothing here gives it.
        """
        self._check(left, not_given)
        target = Target(Api(lab, self.service, region), physical_id, {}, properties)
        for change in self._needed(left):
            change(target)

    def apply(self, lab: Lab, region: str, physical_id: str, former: Properties, new: Properties) -> None:
        """Raises CloudFormationError for a property that nothing here changes; what fails half-way is undone."""
        names = changed(former, new)
        self._check(names, unchangeable)
        api, done = Api(lab, self.service, region), list[Change]()
        try:
            for change in self._needed(names):
                change(Target(api, physical_id, former, new))
                done.append(change)
        except Exception:
            for change in reversed(done):
                change(Target(api, physical_id, new, former))
            raise

    def _check(self, names: Set[str], refusal: Callable[[Sequence[str]], CloudFormationError]) -> None:
        if unable := sorted(names - {name for properties, _ in self.by for name in properties}):
            raise refusal(unable)

    def _needed(self, names: Set[str]) -> list[Change]:
        return [change for properties, change in self.by if names & set(properties)]


def both(target: Target) -> Sequence[Properties]:
    """What a resource was to be, and what it is to be now."""
    return target.former, target.new


def changed(former: Properties, new: Properties) -> set[str]:
    return {name for name in former.keys() | new.keys() if former.get(name) != new.get(name)}


def unchangeable(names: Sequence[str]) -> CloudFormationError:
    said = f"This lab cannot change {', '.join(names)} of this resource in place, as AWS does."
    return CloudFormationError(f"{said} Delete the resource from the template, update the stack, and add it again.")


def tagging(
    tag: str,
    untag: str,
    member: str,
    tags: str = "Tags",
    keys: str = "TagKeys",
    *,
    of: Callable[[Target], str] = lambda target: target.id,
    listed: bool = True,
) -> Change:
    """The change of a resource's tags by the operations *tag* and *untag*, of which *member* names the resource.

    *tags* and *keys* are their other members; *of* gives what they call the resource, and *listed* tells whether they
    take tags as a list of keys and values, or as a map.
    """

    def change(target: Target) -> None:
        new, gone = target.tags()
        resource = {member: of(target)}
        if new:
            target.api(tag, **resource, **{tags: tag_list(new) if listed else new})
        if gone:
            target.api(untag, **resource, **{keys: gone})

    return change


def setting(name: str, put: str, delete: str, member: str) -> Change:
    """The change of the property *name*, which *put* takes and *delete* takes away; *member* names the resource."""

    def change(target: Target) -> None:
        wanted = target.new.get(name)
        if wanted:
            target.api(put, **{member: target.id, name: wanted})
        else:
            target.api(delete, **{member: target.id})

    return change


def members(name: str, add: str, remove: str, own: str, other: str) -> Change:
    """The change of the list *name*: *add* and *remove* take each as the member *other*; *own* names the resource."""

    def change(target: Target) -> None:
        before, after = (set(properties.get(name, [])) for properties in both(target))
        for each in sorted(before - after):
            target.api(remove, **{own: target.id, other: each})
        for each in sorted(after - before):
            target.api(add, **{own: target.id, other: each})

    return change


def tag_list(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def tags_of(properties: Properties) -> dict[str, str]:
    return {str(tag["Key"]): str(tag["Value"]) for tag in properties.get("Tags", [])}
