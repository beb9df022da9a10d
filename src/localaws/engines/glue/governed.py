"""The catalog's operations as Lake Formation governs them: what each needs, and what of its answer the caller sees.

Sources: Lake Formation developer guide, "Lake Formation permissions reference" and "Implicit Lake Formation
permissions". A table that is left to IAM asks for nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from localaws.credentials import Credential
from localaws.engines.lakeformation.backend import LakeFormationEngine
from localaws.engines.lakeformation.deciding import CATALOG, TableAccess, insufficient
from localaws.engines.lakeformation.resources import Resource

Parameters = Mapping[str, Any]
#: Whether who asks filters by himself: a query engine has to read columns that its user may not see.
_whole: ContextVar[bool] = ContextVar("whole", default=False)
#: Whether an engine commits rows of an Iceberg table, which changes the table's entry.
_committing: ContextVar[bool] = ContextVar("committing", default=False)

_ON_DATABASE = {"UpdateDatabase": "ALTER", "DeleteDatabase": "DROP"}
#: Operation → the permissions of which one is needed on the table.
_ON_TABLE = {
    "UpdateTable": ("ALTER",),
    "DeleteTable": ("DROP",),
    "DeleteTableVersion": ("ALTER",),
    "BatchDeleteTableVersion": ("ALTER",),
    "CreatePartition": ("ALTER", "INSERT"),
    "BatchCreatePartition": ("ALTER", "INSERT"),
    "UpdatePartition": ("ALTER",),
    "BatchUpdatePartition": ("ALTER",),
    "DeletePartition": ("ALTER",),
    "BatchDeletePartition": ("ALTER",),
    "CreatePartitionIndex": ("ALTER",),
    "DeletePartitionIndex": ("ALTER",),
    "UpdateColumnStatisticsForTable": ("ALTER", "INSERT"),
    "UpdateColumnStatisticsForPartition": ("ALTER", "INSERT"),
    "DeleteColumnStatisticsForTable": ("ALTER",),
    "DeleteColumnStatisticsForPartition": ("ALTER",),
}
#: Operations that tell of a table to whoever may do anything to it.
_READING = frozenset(
    "GetTable GetTableVersion GetTableVersions GetPartition GetPartitions BatchGetPartition GetPartitionIndexes".split()
)
_OF_PARTITIONS = frozenset({"GetPartition", "GetPartitions", "BatchGetPartition"})
_OF_COMMITS = ("INSERT", "DELETE", "ALTER")
_WITH_COLUMNS = ("Table", "TableVersion", "Partition")
_LISTS = ("TableVersions", "Partitions")


@contextmanager
def whole(is_whole: bool = True) -> Iterator[None]:
    """Within, the catalog tells all columns of a table to whoever sees any of it: for engines that filter."""
    token = _whole.set(is_whole)
    try:
        yield
    finally:
        _whole.reset(token)


@contextmanager
def committing() -> Iterator[None]:
    """Within, who may change rows of an Iceberg table may have its entry point to the new metadata."""
    token = _committing.set(True)
    try:
        yield
    finally:
        _committing.reset(token)


class GovernedCatalog:
    """One call of *caller* to the catalog that *engine* governs."""

    def __init__(self, engine: LakeFormationEngine, caller: Credential) -> None:
        self._engine = engine
        self._governor = engine.governor
        self._caller = caller

    def check(self, operation: str, given: Parameters) -> None:
        """Raises AccessDeniedException unless *operation* is granted."""
        database = given.get("DatabaseName") or given.get("Name") or ""
        if operation == "CreateDatabase":
            self._governor.require(self._caller, CATALOG, "CREATE_DATABASE")
            self._check_location(given["DatabaseInput"].get("LocationUri"))
        elif operation in _ON_DATABASE:
            self._on_database(database, _ON_DATABASE[operation])
            self._check_location((given.get("DatabaseInput") or {}).get("LocationUri"))
        elif operation in ("GetDatabase", "GetTables"):
            if self._has(database) and not self._governor.sees_database(self._caller, database):
                raise insufficient(database, "DESCRIBE")
        elif operation == "CreateTable":
            self._on_database(database, "CREATE_TABLE")
            self._check_location(_location(given["TableInput"]), database)
        elif operation == "BatchDeleteTable":
            for name in given["TablesToDelete"]:
                self._on_table(database, name, ("DROP",))
        elif operation in _ON_TABLE or operation in _READING:
            name = given.get("TableName") or given.get("Name") or (given.get("TableInput") or {}).get("Name") or ""
            permissions = _ON_TABLE.get(operation)
            if operation == "UpdateTable" and _committing.get():
                permissions = _OF_COMMITS
            self._on_table(database, name, permissions)
            if operation in _OF_PARTITIONS:
                self._check_partitions(database, name)
            self._check_new_places(operation, given, database, name)

    def _has(self, database: str, table: str = "") -> bool:
        return self._engine.has(Resource("Table" if table else "Database", database, table))

    def _on_database(self, name: str, permission: str) -> None:
        if self._has(name):
            self._governor.require(self._caller, Resource("Database", name), permission)

    def _on_table(self, database: str, name: str, permissions: tuple[str, ...] | None) -> None:
        """Raises AccessDeniedException without any of *permissions*; None stands for any permission there is."""
        if not self._has(database, name):
            if self._has(database) and not self._governor.sees_database(self._caller, database):
                raise insufficient(database, "DESCRIBE")  # nor is it told what is not there
            return
        if self._governor.is_open(database, name):
            return
        if permissions:
            self._governor.require(self._caller, Resource("Table", database, name), *permissions)
        elif not self._access(database, name).is_seen:
            raise insufficient(name)

    def _check_partitions(self, database: str, name: str) -> None:
        """Partitions tell values: not to who may read some rows only, or not all the keys."""
        if self._governor.is_open(database, name) or _whole.get():
            return
        access = self._access(database, name)
        hidden = not frozenset(self._engine.keys_of(database, name)) <= access.shown
        if access.rows or hidden:
            raise insufficient(name)

    def _check_new_places(self, operation: str, given: Parameters, database: str, name: str) -> None:
        """A table or partition may be moved or added only to where the caller may point."""
        entries = [given.get("TableInput"), given.get("PartitionInput"), *(given.get("PartitionInputList") or ())]
        entries += [each.get("PartitionInput") for each in given.get("Entries") or ()]
        home = self._engine.place_of(Resource("Table", database, name)) if operation != "UpdateTable" else ""
        for place in map(_location, filter(None, entries)):
            if place and not (home and place.replace("s3://", "arn:aws:s3:::", 1).startswith(home + "/")):
                former = self._engine.place_of(Resource("Table", database, name))
                if place.replace("s3://", "arn:aws:s3:::", 1).rstrip("/") != former:
                    self._check_location(place, database)

    def _check_location(self, location: str | None, database: str = "") -> None:
        if location:
            self._governor.require_location(self._caller, location, database)

    def _access(self, database: str, name: str) -> TableAccess:
        return self._governor.access(self._caller, database, name)

    def seen_databases(self, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each for each in listed if self._governor.sees_database(self._caller, each["Name"])]

    def seen_tables(self, listed: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Those of the tables that the caller sees, with the columns that he may read."""
        found = []
        for each in listed:
            if self._governor.is_open(each["DatabaseName"], each["Name"]):
                found.append(each)
                continue
            access = self._access(each["DatabaseName"], each["Name"])
            if access.is_seen:
                found.append(self._shown(each, access))
        return found

    def shown(self, answer: dict[str, Any], given: Parameters) -> dict[str, Any]:
        """The *answer* about one table, with the columns that the caller may read."""
        place = given["DatabaseName"], given.get("TableName") or given.get("Name") or ""
        if self._governor.is_open(*place) or _whole.get():
            return answer
        access = self._access(*place)
        for member in _WITH_COLUMNS:
            if isinstance(answer.get(member), dict):
                answer = answer | {member: self._shown(answer[member], access)}
        for member in _LISTS:
            if member in answer:
                answer = answer | {member: [self._shown(each, access) for each in answer[member]]}
        return answer

    def _shown(self, described: dict[str, Any], access: TableAccess) -> dict[str, Any]:
        """A table, a version of it or a partition without the columns that are not *access*'s."""
        if _whole.get():
            return described
        if "Table" in described and "VersionId" in described:
            return described | {"Table": self._shown(described["Table"], access)}
        shown = dict(described)
        if "PartitionKeys" in shown:
            shown["PartitionKeys"] = _granted(shown["PartitionKeys"], access)
        storage = shown.get("StorageDescriptor")
        if storage and "Columns" in storage:
            shown["StorageDescriptor"] = storage | {"Columns": _granted(storage["Columns"], access)}
        return shown


def _granted(columns: list[dict[str, Any]] | None, access: TableAccess) -> list[dict[str, Any]]:
    """Those of *columns* that *access* shows; a column of an older version only to who sees all of today's."""
    if access.shown == frozenset(access.columns):
        return columns or []
    return [each for each in columns or () if each["Name"].lower() in access.shown]


def _location(described: Mapping[str, Any]) -> str:
    return str((described.get("StorageDescriptor") or {}).get("Location") or "")
