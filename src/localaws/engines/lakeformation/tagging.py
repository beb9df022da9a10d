"""LF-tags: made, put on databases, tables and columns, and searched for.

Sources: Lake Formation API reference, CreateLFTag, UpdateLFTag, AddLFTagsToResource, GetResourceLFTags,
SearchTablesByLFTags; developer guide, "LF-Tag assignment requirements", "LF-Tag restrictions".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from localaws.credentials import Credential
from localaws.engines.lakeformation.backend import LakeFormationEngine
from localaws.engines.lakeformation.deciding import CATALOG, insufficient
from localaws.engines.lakeformation.resources import Resource, invalid, of
from localaws.engines.lakeformation.tags import Carried, matches
from localaws.gateway.errors import AwsError

#: "LF-Tag restrictions": values of a key.
_MOST_VALUES = 1000
_CARRYING = ("Database", "Table", "TableWithColumns")


def not_found(message: str) -> AwsError:
    return AwsError("EntityNotFoundException", message, 400)


class Tagging:
    """What *caller* does with the LF-tags of *engine*. Keys and values are kept in lower case."""

    def __init__(self, engine: LakeFormationEngine, caller: Credential) -> None:
        self._engine = engine
        self._tags = engine.tags
        self._caller = caller

    # Keys

    def create(self, key: str, values: Sequence[str]) -> None:
        """Raises AccessDeniedException, AlreadyExistsException, InvalidInputException."""
        self._engine.governor.require(self._caller, CATALOG, "CREATE_LF_TAG")
        key, listed = key.lower(), _lowered(values)
        if key in self._tags.values:
            raise AwsError("AlreadyExistsException", "Tag key already exists", 400)
        if not listed or len(listed) > _MOST_VALUES:
            raise invalid(f"An LF-tag has 1 to {_MOST_VALUES} values.")
        self._tags.values[key] = listed
        self._tags.creators[key] = self._caller.issuer or self._caller.principal

    def values(self, key: str) -> list[str]:
        """Raises EntityNotFoundException, also for a key that the caller may not describe."""
        shown = self._shown(key.lower()) if key.lower() in self._tags.values else []
        if not shown:
            raise not_found("Tag key does not exist")
        return shown

    def listed(self) -> dict[str, list[str]]:
        """The keys that the caller may describe, with those of their values that he may."""
        return {key: shown for key in sorted(self._tags.values) if (shown := self._shown(key))}

    def _shown(self, key: str) -> list[str]:
        return [each for each in self._tags.values[key] if self._may(key, each, "DESCRIBE", "ASSOCIATE")]

    def _may(self, key: str, value: str, *permissions: str) -> bool:
        """Whether the caller has one of *permissions* on a key's *value*; administrators and its creator have all."""
        name = self._caller.issuer or self._caller.principal
        if self._engine.governor.is_admin(self._caller) or self._tags.creators.get(key) == name:
            return True
        held = (self._engine.governor.permissions(self._caller, Resource("LFTag", name=key, values=(each,)))
                for each in (value, "*"))  # fmt: skip
        return any(found & set(permissions) for found in held)

    def update(self, key: str, to_delete: Iterable[str], to_add: Iterable[str]) -> None:
        """Raises InvalidInputException where a value is to go that something carries."""
        known = self._changeable(key, "ALTER")
        gone, new = _lowered(to_delete), _lowered(to_add)
        if missing := [each for each in gone if each not in known]:
            raise not_found(f"Tag value does not exist: {missing[0]}")
        if any(carried.get(key.lower()) in gone for carried in self._tags.put.values()):
            raise invalid("Update not allowed: the value is assigned to a resource.")
        self._tags.values[key.lower()] = [each for each in [*known, *new] if each not in gone]

    def delete(self, key: str) -> None:
        self._changeable(key, "DROP")
        self._tags.forget_key(key.lower())

    def _changeable(self, key: str, permission: str) -> list[str]:
        known = self._tags.values.get(key.lower())
        if known is None:
            raise not_found("Tag key does not exist")
        if not self._may(key.lower(), "*", permission):
            raise insufficient(key, permission)
        return known

    # What carries them

    def put(self, described: Mapping[str, Any], pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Put LF-tags on a resource; gives the API's Failures."""
        resources = self._carriers(described)
        failures = []
        for pair in pairs:
            key, values = pair["TagKey"].lower(), _lowered(pair["TagValues"])
            if len(values) != 1:
                raise invalid("A resource has one value of an LF-tag.")
            if values[0] not in self._tags.values.get(key, ()):
                failures.append(_failure(pair, "EntityNotFoundException", "Tag or tag value does not exist."))
            elif not self._may(key, values[0], "ASSOCIATE"):
                said = insufficient(key, "ASSOCIATE").message
                failures.append(_failure(pair, "AccessDeniedException", said))
            else:
                for resource in resources:
                    self._tags.put.setdefault(resource, {})[key] = values[0]
        return failures

    def take(self, described: Mapping[str, Any], pairs: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """Take LF-tags from a resource; one that it does not carry itself is none to take."""
        resources = self._carriers(described)
        failures = []
        for pair in pairs:
            key = pair["TagKey"].lower()
            if key not in self._tags.values:
                failures.append(_failure(pair, "EntityNotFoundException", "Tag or tag value does not exist."))
            elif not self._may(key, pair["TagValues"][0].lower(), "ASSOCIATE"):
                failures.append(_failure(pair, "AccessDeniedException", insufficient(key, "ASSOCIATE").message))
            else:
                for resource in resources:
                    carried = self._tags.put.get(resource, {})
                    if carried.get(key) in _lowered(pair["TagValues"]):
                        del carried[key]
        return failures

    def _carriers(self, described: Mapping[str, Any]) -> list[Resource]:
        """Raises EntityNotFoundException for what is not there or may not be seen."""
        if len(described) != 1 or not described.keys() <= set(_CARRYING):
            raise invalid("LF-tags are put on a database, a table or columns.")
        found = of(described)
        for each in found:
            if each.kind == "OtherColumns" or each.table == "*":
                raise NotImplementedError("LF-tags of all tables, or of all columns but some")
            home = Resource("Table" if each.table else "Database", each.database, each.table)
            if not self._engine.has(home) or not self._engine.governor.permissions(self._caller, home):
                raise not_found("Table not found." if each.table else "Database not found.")
            if each.kind == "Column" and each.name not in self._engine.columns_of(each.database, each.table):
                raise not_found(f"Column not found: {each.name}")
        return found

    def carried(self, described: Mapping[str, Any], assigned_only: bool) -> dict[str, Any]:
        """GetResourceLFTags: also those inherited, unless only the *assigned* are asked for."""
        (resource, *others) = self._carriers(described)
        answer: dict[str, Any] = {}
        database = Resource("Database", resource.database)
        if (resource.kind == "Database" or not assigned_only) and (tags := self._tags.of(database)):
            answer["LFTagOnDatabase"] = self._pairs(tags)
        if resource.kind == "Table":
            tags = self._tags.put.get(resource, {}) if assigned_only else self._tags.of(resource)
            if tags:
                answer["LFTagsOnTable"] = self._pairs(tags)
        if resource.table:
            names = [each.name for each in (resource, *others)] if resource.kind == "Column" else (
                self._engine.columns_of(resource.database, resource.table)
            )  # fmt: skip
            columns = self._of_columns(resource, names, assigned_only=resource.kind == "Table" or assigned_only)
            if columns:
                answer["LFTagsOnColumns"] = columns
        return answer

    def _of_columns(self, table: Resource, names: Iterable[str], assigned_only: bool) -> list[dict[str, Any]]:
        columns = {name: Resource("Column", table.database, table.table, name) for name in names}
        tags = {name: self._tags.put.get(each, {}) if assigned_only else self._tags.of(each)
                for name, each in columns.items()}  # fmt: skip
        return [{"Name": name, "LFTags": self._pairs(carried)} for name, carried in tags.items() if carried]

    def _pairs(self, carried: Carried) -> list[dict[str, Any]]:
        home = self._engine.account_id
        return [{"CatalogId": home, "TagKey": key, "TagValues": [value]} for key, value in sorted(carried.items())]

    # Search

    def databases(self, expression: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The databases whose LF-tags satisfy *expression*, as far as the caller sees them."""
        policy = self._policy("DATABASE", expression)
        return [
            {"Database": {"CatalogId": self._engine.account_id, "Name": name}, "LFTags": self._pairs(tags)}
            for name in sorted(self._engine.databases())
            if matches(policy, tags := self._tags.of(Resource("Database", name)))
            and self._engine.governor.sees_database(self._caller, name)
        ]

    def tables(self, expression: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """The tables that satisfy *expression* themselves, or by one of their columns."""
        policy = self._policy("TABLE", expression)
        found = []
        for database in sorted(self._engine.databases()):
            for name in sorted(self._engine.tables_in(database)):
                table = Resource("Table", database, name)
                columns = [Resource("Column", database, name, each) for each in self._engine.columns_of(database, name)]
                if not any(matches(policy, self._tags.of(each)) for each in (table, *columns)):
                    continue
                if self._engine.governor.access(self._caller, database, name).is_seen:
                    home = {"CatalogId": self._engine.account_id, "DatabaseName": database, "Name": name}
                    told = self.carried({"Table": home}, assigned_only=False)
                    found.append({"Table": home, **told})
        return found

    def _policy(self, kind: str, expression: Sequence[Mapping[str, Any]]) -> Resource:
        lowered = [{"TagKey": each["TagKey"], "TagValues": _lowered(each["TagValues"])} for each in expression]
        if not lowered:
            raise invalid("The expression is empty.")
        return of({"LFTagPolicy": {"ResourceType": kind, "Expression": lowered}})[0]


def _lowered(values: Iterable[str] | None) -> list[str]:
    return list(dict.fromkeys(value.lower() for value in values or ()))


def _failure(pair: Mapping[str, Any], code: str, message: str) -> dict[str, Any]:
    return {"LFTag": dict(pair), "Error": {"ErrorCode": code, "ErrorMessage": message}}
