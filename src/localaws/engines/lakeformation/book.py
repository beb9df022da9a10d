"""Who has been granted what, on what.

What has no entry is as AWS makes it while nothing else has been set: open to whom IAM allows, and its creator's. So an
account that does not use Lake Formation has an empty book.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from localaws.engines.lakeformation.resources import ALL_TABLES, Resource

#: The group of all whom IAM allows.
IAM_ALLOWED = "IAM_ALLOWED_PRINCIPALS"


@dataclass
class Grant:
    """What one principal may do, and what of it he may grant to others."""

    permissions: set[str] = field(default_factory=set)
    grantable: set[str] = field(default_factory=set)

    def add(self, permissions: Iterable[str], grantable: Iterable[str]) -> None:
        self.permissions |= set(permissions) | set(grantable)
        self.grantable |= set(grantable)

    def take(self, permissions: Iterable[str], grantable: Iterable[str]) -> bool:
        """Whether anything was there to be taken. Who loses a permission can no longer grant it."""
        before = len(self.permissions), len(self.grantable)
        self.permissions -= set(permissions)
        self.grantable -= set(grantable) | set(permissions)
        return before != (len(self.permissions), len(self.grantable))


Grants = dict[str, Grant]


class Book:
    """Grants by resource and principal (an IAM ARN, or `IAM_ALLOWED`)."""

    def __init__(self) -> None:
        self._held: dict[Resource, Grants] = {Resource("Catalog"): {IAM_ALLOWED: Grant({"CREATE_DATABASE"})}}

    def on(self, resource: Resource) -> Grants | None:
        """The grants on *resource*; None while nobody has changed what it was made with."""
        return self._held.get(resource)

    def write(self, resource: Resource, grants: Grants) -> Grants:
        """Have *grants* on *resource*, whatever there was."""
        self._held[resource] = grants
        return grants

    def items(self) -> Iterator[tuple[Resource, Mapping[str, Grant]]]:
        yield from list(self._held.items())

    def within(self, database: str) -> Iterator[tuple[Resource, Mapping[str, Grant]]]:
        """The grants on what lies in *database*: tables, their columns and filters."""
        return (
            (each, grants) for each, grants in self.items() if each.database == database and each.kind != "Database"
        )

    def forget(self, database: str, table: str = "") -> None:
        """Forget the grants on *database* and all in it, or on one *table* and its columns and filters."""
        gone = [
            each
            for each in self._held
            if each.database == database and (not table or (each.table == table and table != ALL_TABLES))
        ]
        for each in gone:
            del self._held[each]

    def forget_filter(self, resource: Resource) -> None:
        self._held.pop(resource, None)
