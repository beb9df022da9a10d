"""LF-tags: keys with the values that they may have, and what carries them.

A table has its database's LF-tags and a column its table's, unless it has the key itself. Source: "Lake Formation
tag-based access control" (Lake Formation developer guide).
"""

from __future__ import annotations

from collections.abc import Mapping

from localaws.engines.lakeformation.resources import Resource

#: Keys with one value each, as a resource carries them.
Carried = dict[str, str]


class LFTags:
    """The keys of an account, and the LF-tags that were put on databases, tables and columns."""

    def __init__(self) -> None:
        self.values: dict[str, list[str]] = {}
        self.creators: dict[str, str] = {}
        self.put: dict[Resource, Carried] = {}

    def of(self, resource: Resource) -> Carried:
        """The LF-tags of a database, a table or a column, the inherited ones too."""
        found = dict(self.put.get(Resource("Database", resource.database), {}))
        if resource.table:
            found |= self.put.get(Resource("Table", resource.database, resource.table), {})
        if resource.kind == "Column":
            found |= self.put.get(resource, {})
        return found

    def forget_key(self, key: str) -> None:
        del self.values[key]
        self.creators.pop(key, None)
        for carried in self.put.values():
            carried.pop(key, None)

    def forget(self, database: str, table: str = "") -> None:
        """Forget what a database or a table that is gone carried."""
        for each in list(self.put):
            if each.database == database and (not table or each.table == table):
                del self.put[each]


def matches(policy: Resource, carried: Mapping[str, str]) -> bool:
    """Whether the expression of *policy* holds for what carries these LF-tags: all its keys, each with one value."""
    return all(carried.get(key) in values for key, values in policy.expression)
