"""Lake Formation's settings, grants, filters, LF-tags and registered locations, and what they mean for who asks.

Sources: Lake Formation API reference; developer guide, "Changing the default settings for your data lake", "Granting
and revoking permissions on Data Catalog resources", "Registering an Amazon S3 location".
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from moto.glue.models import GlueBackend, glue_backends
from moto.lakeformation.models import LakeFormationBackend

from localaws.credentials import Credential
from localaws.engines.lakeformation.book import IAM_ALLOWED, Book, Grant, Grants
from localaws.engines.lakeformation.deciding import Governor, is_within
from localaws.engines.lakeformation.filters import CellsFilter
from localaws.engines.lakeformation.resources import ALL_TABLES, Resource
from localaws.engines.lakeformation.tags import LFTags
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

Described = Mapping[str, Any]
_DEFAULTS = [{"Principal": {"DataLakePrincipalIdentifier": IAM_ALLOWED}, "Permissions": ["ALL"]}]


class LakeFormationEngine(LakeFormationBackend):
    """What is kept, and what was made without anybody's asking; `governor` decides by it."""

    lab: ClassVar[Lab]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.book = Book()
        self.tags = LFTags()
        self.filters: dict[Resource, CellsFilter] = {}
        self.locations: dict[str, dict[str, Any]] = {}

    @property
    def governor(self) -> Governor:
        return Governor(self)

    @property
    def current_settings(self) -> dict[str, Any]:
        return self.settings[self.account_id]

    # What the catalog says

    @property
    def _glue(self) -> GlueBackend:
        return glue_backends[self.account_id][self.region_name]

    def databases(self) -> list[str]:
        return list(self._glue.databases)

    def tables_in(self, database: str) -> list[str]:
        found = self._glue.databases.get(database)
        return list(found.tables) if found else []

    def has(self, resource: Resource) -> bool:
        """Whether the database, or the table, that *resource* is or belongs to is in the catalog."""
        if not resource.database:
            return True
        found = self._glue.databases.get(resource.database)
        return found is not None and (resource.table in ("", ALL_TABLES) or resource.table in found.tables)

    def keys_of(self, database: str, table: str) -> list[str]:
        described = self._table(database, table)
        return [each["Name"].lower() for each in described.get("PartitionKeys") or ()]

    def columns_of(self, database: str, table: str) -> list[str]:
        """The names of all columns, the partitions' keys last; [] for a table that is not there."""
        described = self._table(database, table)
        storage = described.get("StorageDescriptor") or {}
        return [each["Name"].lower() for each in storage.get("Columns") or ()] + self.keys_of(database, table)

    def _table(self, database: str, table: str) -> dict[str, Any]:
        found = self._glue.databases.get(database)
        held = found.tables.get(table) if found else None
        described: dict[str, Any] = held.as_dict() if held else {}
        return described

    def location_of(self, database: str) -> str:
        found = self._glue.databases.get(database)
        return str(found.input.get("LocationUri") or "") if found else ""

    def place_of(self, resource: Resource) -> str:
        """Where a database or a table lies, as an S3 ARN without a slash at its end; "" if it says no place."""
        location = self.location_of(resource.database)
        if resource.table:
            storage = self._table(resource.database, resource.table).get("StorageDescriptor") or {}
            location = str(storage.get("Location") or "")
        return location.replace("s3://", "arn:aws:s3:::", 1).rstrip("/")

    # What was granted

    def granted(self, resource: Resource) -> Grants:
        """The grants on *resource* by its name. What nobody has changed is left to IAM, and its creator's."""
        held = self.book.on(resource)
        if held is not None:
            return held
        if resource.kind not in ("Database", "Table") or resource.table == ALL_TABLES or not self.has(resource):
            return {}
        return self._made_with(_DEFAULTS, self._owner(resource))

    def to_change(self, resource: Resource) -> Grants:
        """The grants on *resource*, for changing them."""
        return self.book.write(resource, self.granted(resource))

    def _owner(self, resource: Resource) -> str:
        database = self._glue.databases[resource.database]
        made: Any = database.tables[resource.table] if resource.table else database
        return getattr(made, "owner", "")

    @staticmethod
    def _made_with(defaults: Sequence[Described], owner: str) -> Grants:
        """What a new database or table is made with: the creator may do all, and grant it ("Implicit permissions")."""
        grants: Grants = {owner: Grant({"ALL"}, {"ALL"})} if owner else {}
        for each in defaults:
            name = each["Principal"]["DataLakePrincipalIdentifier"]
            grants.setdefault(name, Grant()).add(each["Permissions"], ())
        return grants

    def database_made(self, name: str, given: dict[str, Any], owner: str) -> None:
        """Have the database *name* as it is made now; *given* gets what its tables will be made with."""
        settings = self.current_settings
        given.setdefault("CreateTableDefaultPermissions", settings.get("CreateTableDefaultPermissions") or [])
        self._forget(name)
        self._make(Resource("Database", name), settings.get("CreateDatabaseDefaultPermissions") or [], owner)

    def table_made(self, database: str, name: str, owner: str) -> None:
        """Have the table *name* as it is made now."""
        self._forget(database, name)
        held = self._glue.databases[database].input.get("CreateTableDefaultPermissions")
        self._make(Resource("Table", database, name), _DEFAULTS if held is None else held, owner)

    def _make(self, resource: Resource, defaults: Sequence[Described], owner: str) -> None:
        if list(defaults) != _DEFAULTS:
            self.book.write(resource, self._made_with(defaults, owner))
            self.keep_now()

    def keep_now(self) -> None:
        """Have the grants on disk before the catalog has what they are on: a kill must leave nothing open."""
        self.lab.state.changed("lakeformation")
        self.lab.state.settle("lakeformation")

    def gone(self, database: str, table: str = "") -> None:
        """Forget all about a database, or a table, that has been deleted."""
        self._forget(database, table)
        self.lab.state.changed("lakeformation")

    def _forget(self, database: str, table: str = "") -> None:
        self.book.forget(database, table)
        self.tags.forget(database, table)
        for each in list(self.filters):
            if each.database == database and (not table or each.table == table):
                del self.filters[each]

    # Locations

    def registered(self, place: str) -> dict[str, Any] | None:
        """The registered location that the S3 ARN *place* lies in, the innermost; None if there is none."""
        found = [arn for arn in self.locations if is_within(place, arn.rstrip("/"))]
        return self.locations[max(found, key=len)] if found else None


def lake_of(account: str, region: str) -> LakeFormationEngine:
    """The engine of *account* in *region*."""
    from moto.lakeformation.models import lakeformation_backends

    engine = lakeformation_backends[account][region]
    assert isinstance(engine, LakeFormationEngine)
    return engine


def caller() -> Credential:
    """Who is calling; raises AccessDeniedException where nobody has signed."""
    credential = current_call.get().credential
    if credential is None:
        raise AwsError("AccessDeniedException", "The request is not signed.", 400)
    return credential
