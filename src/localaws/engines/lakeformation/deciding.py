"""What a caller may do to the catalog, by all that was granted to him.

Sources: Lake Formation developer guide, "Implicit Lake Formation permissions", "Lake Formation permissions reference",
"Data filtering and cell-level security" (several grants are a union; a column that only some rows show is NULL in the
others), "Underlying data access control".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from localaws.credentials import Credential
from localaws.engines.lakeformation.book import IAM_ALLOWED, Grant
from localaws.engines.lakeformation.resources import ALL_TABLES, Resource, spelled_out
from localaws.engines.lakeformation.tags import matches
from localaws.gateway.errors import AwsError

if TYPE_CHECKING:
    from localaws.engines.lakeformation.backend import LakeFormationEngine

CATALOG = Resource("Catalog")


@dataclass(frozen=True)
class Read:
    """A grant of SELECT: these columns, of the rows for which an expression holds; "" stands for all rows."""

    columns: frozenset[str]
    rows: str = ""


@dataclass(frozen=True)
class TableAccess:
    """What a caller may do to one table, which has *columns*.

    ``is_open`` says that the table is left to IAM; ``permissions`` are those on the table as a whole, SELECT among them
    only if it is not told in ``reads``.
    """

    columns: Sequence[str]
    permissions: frozenset[str]
    reads: tuple[Read, ...]
    is_open: bool

    @property
    def is_seen(self) -> bool:
        """Any permission shows that the table is there."""
        return bool(self.permissions or self.reads)

    @cached_property
    def always(self) -> frozenset[str]:
        """The columns that may be read in all rows."""
        return frozenset().union(*(read.columns for read in self.reads if not read.rows))

    @property
    def readable(self) -> frozenset[str]:
        return frozenset().union(*(read.columns for read in self.reads))

    @property
    def is_whole(self) -> bool:
        """Whether all of it may be read."""
        return bool(self.reads) and self.always == frozenset(self.columns)

    @property
    def shown(self) -> frozenset[str]:
        """The columns that the catalog tells of: those that may be read; all, to who may do something else only."""
        return self.readable or frozenset(self.columns)

    @property
    def rows(self) -> tuple[str, ...]:
        """The expressions of which one must hold for a row to be seen; () if all rows are."""
        return () if self.always else tuple(dict.fromkeys(read.rows for read in self.reads))

    def rows_of(self, column: str) -> tuple[str, ...]:
        """The expressions of which one must hold for *column* to be seen in a row; () if it is in all."""
        if column in self.always:
            return ()
        return tuple(dict.fromkeys(read.rows for read in self.reads if column in read.columns))


class Governor:
    """Decides by the grants of one account and region."""

    def __init__(self, engine: LakeFormationEngine) -> None:
        self._engine = engine

    # Who

    @staticmethod
    def names_of(caller: Credential) -> frozenset[str]:
        """Under which names grants may be the caller's: a session has those of its role."""
        return frozenset({caller.issuer or caller.principal, IAM_ALLOWED, f"{caller.account_id}:IAMPrincipals"})

    def is_admin(self, caller: Credential) -> bool:
        """Whether he is a data lake administrator: nobody is one who was not made one."""
        return self._is_among("DataLakeAdmins", caller)

    def _is_among(self, setting: str, caller: Credential) -> bool:
        listed = self._engine.current_settings.get(setting) or ()
        return any(each["DataLakePrincipalIdentifier"] == (caller.issuer or caller.principal) for each in listed)

    def _sees_all(self, caller: Credential) -> bool:
        return self.is_admin(caller) or self._is_among("ReadOnlyAdmins", caller)

    # May

    def permissions(self, caller: Credential, resource: Resource) -> frozenset[str]:
        """All permissions that he has on *resource*, ALL spelled out; on a table, those on it as a whole."""
        return self._of(caller, resource, "permissions")

    def grantable(self, caller: Credential, resource: Resource) -> frozenset[str]:
        """All permissions on *resource* that he may grant to others."""
        return self._of(caller, resource, "grantable")

    def _of(self, caller: Credential, resource: Resource, member: str) -> frozenset[str]:
        names = self.names_of(caller)
        found: set[str] = set()
        for grants in self._grants_for(resource):
            for name in names & grants.keys():
                found |= spelled_out(resource.kind, getattr(grants[name], member))
        if member == "permissions":
            found |= self._implied(caller, resource)
        return frozenset(found)

    def _grants_for(self, resource: Resource) -> Iterator[Mapping[str, Grant]]:
        """What was granted on *resource*: by its name, with all tables of its database, and by its LF-tags."""
        yield self._engine.granted(resource)
        if resource.kind == "Table" and resource.table != ALL_TABLES:
            yield self._engine.granted(Resource("Table", resource.database, ALL_TABLES))
        if resource.kind in ("Database", "Table"):
            yield from self._by_tags(resource)
        if resource.kind in ("Column", "OtherColumns", "DataCellsFilter"):
            yield from self._grants_for(Resource("Table", resource.database, resource.table))

    def _by_tags(self, resource: Resource) -> Iterator[Mapping[str, Grant]]:
        kind = "DATABASE policy" if resource.kind == "Database" else "TABLE policy"
        carried = self._engine.tags.of(resource)
        if carried:
            for policy, grants in self._engine.book.items():
                if policy.kind == kind and matches(policy, carried):
                    yield grants

    def _implied(self, caller: Credential, resource: Resource) -> frozenset[str]:
        if self.is_admin(caller):
            return frozenset({"DESCRIBE", "CREATE_DATABASE", "CREATE_LF_TAG", "DATA_LOCATION_ACCESS"})
        return frozenset({"DESCRIBE"}) if self._sees_all(caller) else frozenset()

    def sees_database(self, caller: Credential, name: str) -> bool:
        """Who may do anything to a database, or to something in it, sees it."""
        if self.permissions(caller, Resource("Database", name)):
            return True
        names = self.names_of(caller)
        if any(names & grants.keys() for _, grants in self._engine.book.within(name)):
            return True
        return any(self.access(caller, name, table).is_seen for table in self._engine.tables_in(name))

    def access(self, caller: Credential, database: str, table: str) -> TableAccess:
        """What he may do to *table*."""
        resource, columns = Resource("Table", database, table), self._engine.columns_of(database, table)
        names = self.names_of(caller)
        permissions = self.permissions(caller, resource)
        reads = list(self._reads(names, resource, columns))
        if any("SELECT" in spelled_out("Table", grants[name].permissions)
               for grants in self._grants_by_name(resource) for name in names & grants.keys()):  # fmt: skip
            reads.append(Read(frozenset(columns)))
        seen = tuple(each for each in reads if each.columns)
        return TableAccess(columns, permissions, seen, self.is_open(database, table))

    def is_open(self, database: str, table: str) -> bool:
        """Whether a table, which is there, is left to IAM: most are, so this is asked before anything else."""
        resource = Resource("Table", database, table)
        grants = self._engine.book.on(resource)
        if grants is None:
            return self._engine.has(resource)
        group = grants.get(IAM_ALLOWED)
        return group is not None and "ALL" in group.permissions

    def _grants_by_name(self, resource: Resource) -> Iterator[Mapping[str, Grant]]:
        yield self._engine.granted(resource)
        yield self._engine.granted(Resource("Table", resource.database, ALL_TABLES))

    def _reads(self, names: frozenset[str], table: Resource, columns: Sequence[str]) -> Iterator[Read]:
        """SELECT on columns, by filters, and by the LF-tags that each column carries."""
        for each, grants in self._engine.book.items():
            selects = any(
                "SELECT" in spelled_out(each.kind, grants[name].permissions) for name in names & grants.keys()
            )
            if not selects:
                continue
            if each.kind == "TABLE policy":
                carried = {name: self._engine.tags.of(Resource("Column", table.database, table.table, name))
                           for name in columns}  # fmt: skip
                yield Read(frozenset(name for name in columns if matches(each, carried[name])))
            elif (each.database, each.table) != (table.database, table.table):
                continue
            elif each.kind == "Column":
                yield Read(frozenset({each.name}) & frozenset(columns))
            elif each.kind == "OtherColumns":
                yield Read(frozenset(columns) - frozenset(each.values))
            elif each.kind == "DataCellsFilter" and each in self._engine.filters:
                cells = self._engine.filters[each]
                yield Read(cells.among(columns), cells.rows)

    def require(self, caller: Credential, resource: Resource, *permissions: str) -> None:
        """Raises AccessDeniedException unless he has one of *permissions* on *resource*."""
        if not self.permissions(caller, resource) & frozenset(permissions):
            raise insufficient(resource.words, permissions[0])

    def require_location(self, caller: Credential, location: str, database: str = "") -> None:
        """Raises AccessDeniedException unless he may make catalog entries that point to *location*, an s3:// URI.

        Only a registered location asks for it; who creates a table within the location of its database has it.
        """
        place = location.replace("s3://", "arn:aws:s3:::", 1).rstrip("/")
        if self._engine.registered(place) is None:
            return
        home = self._engine.place_of(Resource("Database", database))
        if home and is_within(place, home):
            return
        granted = (each for each, _ in self._engine.book.items() if each.kind == "DataLocation")
        candidates = [each for each in granted if is_within(place, each.name)]
        if not any(self.permissions(caller, each) for each in [*candidates, Resource("DataLocation", name=place)]):
            raise insufficient(location)


def is_within(place: str, home: str) -> bool:
    """Whether an S3 ARN is *home* or lies in it."""
    return place == home or place.startswith(home + "/")


def insufficient(on: str, permission: str = "") -> AwsError:
    """AWS's words for what was not granted."""
    said = "Insufficient Lake Formation permission(s)"
    if permission:
        said += f": Required {permission.replace('_', ' ').title().replace('Lf Tag', 'Tag')}"
    return AwsError("AccessDeniedException", f"{said} on {on}", 400)
