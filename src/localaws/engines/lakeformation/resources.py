"""What permissions are granted on: the catalog, databases, tables, columns, filters, locations, LF-tags and policies.

Sources: Lake Formation API reference, Resource; developer guide, "Lake Formation permissions reference".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from localaws.gateway.errors import AwsError

#: In the place of a table's name: all tables of the database.
ALL_TABLES = "*"
_OF_TABLE = frozenset({"ALTER", "DELETE", "DESCRIBE", "DROP", "INSERT", "SELECT"})
_OF_DATABASE = frozenset({"ALTER", "CREATE_TABLE", "DESCRIBE", "DROP"})
#: Kind of a resource → what can be granted on it, apart from ALL.
PERMISSIONS: Mapping[str, frozenset[str]] = {
    "Catalog": frozenset({"CREATE_DATABASE", "CREATE_LF_TAG", "DESCRIBE", "ALTER", "DROP"}),
    "Database": _OF_DATABASE,
    "Table": _OF_TABLE,
    "Column": frozenset({"SELECT"}),
    "OtherColumns": frozenset({"SELECT"}),
    "DataCellsFilter": frozenset({"DESCRIBE", "DROP", "SELECT"}),
    "DataLocation": frozenset({"DATA_LOCATION_ACCESS"}),
    "LFTag": frozenset({"ALTER", "ASSOCIATE", "DESCRIBE", "DROP", "GRANT_WITH_LF_TAG_EXPRESSION"}),
    "DATABASE policy": _OF_DATABASE,
    "TABLE policy": _OF_TABLE,
}
#: On these ALL ("Super") can be granted.
_SUPER = frozenset({"Catalog", "Database", "Table", "DATABASE policy", "TABLE policy"})
_MEMBERS = (
    "Catalog",
    "Database",
    "Table",
    "TableWithColumns",
    "DataLocation",
    "DataCellsFilter",
    "LFTag",
    "LFTagPolicy",
)


def invalid(message: str) -> AwsError:
    return AwsError("InvalidInputException", message, 400)


@dataclass(frozen=True)
class Resource:
    """One thing that permissions are granted on.

    ``kind`` is a key of `PERMISSIONS`. ``name`` is a column's, a filter's, the key of an LF-tag, or a location's ARN.
    ``values`` are the columns that OtherColumns leave out, or the values of an LF-tag. ``expression`` is the policy's:
    keys with values.
    """

    kind: str
    database: str = ""
    table: str = ""
    name: str = ""
    values: tuple[str, ...] = ()
    expression: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def words(self) -> str:
        """How errors name it."""
        return self.kind if self.kind == "Catalog" else self.table.replace(ALL_TABLES, "") or self.database or self.name

    def check(self, permissions: Iterable[str]) -> frozenset[str]:
        """The *permissions*, which must be such as it can have; raises InvalidInputException."""
        wanted = frozenset(permissions)
        known = PERMISSIONS[self.kind] | ({"ALL"} if self.kind in _SUPER else frozenset())
        if not wanted <= known:
            raise invalid("Permissions modification is invalid.")
        return wanted


def spelled_out(kind: str, permissions: Iterable[str]) -> set[str]:
    """*permissions* with all that ALL stands for."""
    found = set(permissions)
    return found | PERMISSIONS[kind] if "ALL" in found else found


def of(described: Mapping[str, Any]) -> list[Resource]:
    """What the API's Resource names: several where it names columns or values of an LF-tag.

    Raises InvalidInputException, and NotImplementedError for kinds that this lab has not.
    """
    members = [name for name, value in described.items() if value is not None]
    if len(members) != 1:
        raise invalid("Resource must have either the catalog, table or database field populated.")
    (member,) = members
    if member not in _MEMBERS:
        raise NotImplementedError(f"permissions on {member}")
    held = described[member]
    match member:
        case "Catalog":
            return [Resource("Catalog")]
        case "Database":
            return [Resource("Database", held["Name"].lower())]
        case "Table":
            return [_table(held)]
        case "TableWithColumns":
            return _columns(held)
        case "DataLocation":
            return [Resource("DataLocation", name=held["ResourceArn"].rstrip("/"))]
        case "DataCellsFilter":
            return [cells_filter(held["DatabaseName"], held["TableName"], held["Name"])]
        case "LFTag":
            return [Resource("LFTag", name=held["TagKey"].lower(), values=(value,)) for value in held["TagValues"]]
        case _:
            return [_policy(held)]


def cells_filter(database: str, table: str, name: str) -> Resource:
    return Resource("DataCellsFilter", database.lower(), table.lower(), name)


def _table(held: Mapping[str, Any]) -> Resource:
    if held.get("Name") is None and held.get("TableWildcard") is None:
        raise invalid("Table name and table wildcard cannot both be empty.")
    if held.get("Name") is not None and held.get("TableWildcard") is not None:
        raise invalid("Table name and table wildcard cannot both be present.")
    return Resource("Table", held["DatabaseName"].lower(), (held.get("Name") or ALL_TABLES).lower())


def _columns(held: Mapping[str, Any]) -> list[Resource]:
    names, wildcard = held.get("ColumnNames") or [], held.get("ColumnWildcard")
    if bool(names) == (wildcard is not None):
        raise invalid("Exactly one of column names and column wildcard must be present.")
    excluding = wildcard or {}
    place = held["DatabaseName"].lower(), held["Name"].lower()
    if names:
        return [Resource("Column", *place, name.lower()) for name in names]
    excluded = tuple(sorted(name.lower() for name in excluding.get("ExcludedColumnNames") or ()))
    return [Resource("OtherColumns", *place, values=excluded)] if excluded else [Resource("Table", *place)]


def _policy(held: Mapping[str, Any]) -> Resource:
    if not held.get("Expression"):
        raise NotImplementedError("named LF-tag expressions")
    expression = tuple(
        sorted((each["TagKey"].lower(), tuple(sorted(each["TagValues"]))) for each in held["Expression"])
    )
    return Resource(f"{held['ResourceType']} policy", expression=expression)


def described(resource: Resource, account: str, names: Iterable[str] = ()) -> dict[str, Any]:
    """*resource* as the API's Resource; *names* are columns, or values of an LF-tag, that are told together with it."""
    home: dict[str, Any] = {"CatalogId": account}
    at = {"DatabaseName": resource.database}
    match resource.kind:
        case "Catalog":
            return {"Catalog": {}}
        case "Database":
            return {"Database": home | {"Name": resource.database}}
        case "Table":
            name: dict[str, Any] = {"TableWildcard": {}} if resource.table == ALL_TABLES else {"Name": resource.table}
            return {"Table": home | at | name}
        case "Column":
            return {"TableWithColumns": home | at | {"Name": resource.table, "ColumnNames": sorted(names)}}
        case "OtherColumns":
            wildcard = {"ExcludedColumnNames": list(resource.values)}
            return {"TableWithColumns": home | at | {"Name": resource.table, "ColumnWildcard": wildcard}}
        case "DataCellsFilter":
            place = {"TableCatalogId": account, "TableName": resource.table, "Name": resource.name}
            return {"DataCellsFilter": place | at}
        case "DataLocation":
            return {"DataLocation": home | {"ResourceArn": resource.name}}
        case "LFTag":
            return {"LFTag": home | {"TagKey": resource.name, "TagValues": sorted(names)}}
        case _:
            expression = [{"TagKey": key, "TagValues": list(values)} for key, values in resource.expression]
            return {"LFTagPolicy": home | {"ResourceType": resource.kind.split()[0], "Expression": expression}}
