"""GrantPermissions, RevokePermissions and what tells of grants.

Sources: Lake Formation API reference, GrantPermissions, RevokePermissions, ListPermissions,
GetEffectivePermissionsForPath; developer guide, "Implicit Lake Formation permissions" (who may grant).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from moto.iam.models import iam_backends

from localaws.credentials import Credential
from localaws.engines.lakeformation.backend import LakeFormationEngine
from localaws.engines.lakeformation.book import IAM_ALLOWED, Grant, Grants
from localaws.engines.lakeformation.deciding import is_within
from localaws.engines.lakeformation.resources import ALL_TABLES, PERMISSIONS, Resource, described, invalid, of
from localaws.gateway.errors import AwsError

_IDENTITY = re.compile(r"arn:aws[\w-]*:iam::(?P<account>\d{12}):(?P<kind>user|role)/(?:.*/)?(?P<name>[^/]+)")
_TYPES = {
    "CATALOG": ("Catalog",),
    "DATABASE": ("Database",),
    "TABLE": ("Table", "Column", "OtherColumns", "DataCellsFilter"),
    "DATA_LOCATION": ("DataLocation",),
    "LF_TAG": ("LFTag",),
    "LF_TAG_POLICY": ("DATABASE policy", "TABLE policy"),
    "LF_TAG_POLICY_DATABASE": ("DATABASE policy",),
    "LF_TAG_POLICY_TABLE": ("TABLE policy",),
    "LF_NAMED_TAG_EXPRESSION": (),
    "USER_DEFINED_FUNCTION": (),
}


class Granting:
    """Changes and tells the grants of *engine*, in the name of *caller*."""

    def __init__(self, engine: LakeFormationEngine, caller: Credential) -> None:
        self._engine = engine
        self._caller = caller

    def grant(self, entry: Mapping[str, Any]) -> None:
        """Raises InvalidInputException, EntityNotFoundException, and AccessDeniedException for who may not grant it."""
        principal = self._principal(entry)
        permissions, grantable = entry.get("Permissions") or (), entry.get("PermissionsWithGrantOption") or ()
        resources = self._named(entry, [*permissions, *grantable])
        for resource in resources:
            self._engine.to_change(resource).setdefault(principal, Grant()).add(permissions, grantable)

    def revoke(self, entry: Mapping[str, Any]) -> None:
        """Raises what `grant` does, and InvalidInputException where the principal has nothing of it."""
        principal = self._principal(entry, must_exist=False)
        permissions, grantable = entry.get("Permissions") or (), entry.get("PermissionsWithGrantOption") or ()
        resources = self._named(entry, [*permissions, *grantable])
        taken = [self._take(resource, principal, permissions, grantable) for resource in resources]
        if not any(taken):
            raise invalid("No permissions revoked. Grantee has no permissions and grantable permissions on resource")

    def _take(self, resource: Resource, principal: str, permissions: Iterable[str], grantable: Iterable[str]) -> bool:
        grants = self._engine.to_change(resource)
        grant = grants.get(principal)
        if grant is None:
            return False
        if "ALL" in grant.permissions and "ALL" not in permissions:  # what is left of it has to be told one by one
            grant.permissions |= PERMISSIONS[resource.kind]
            grant.permissions -= {"ALL"} if set(permissions) else set()
        if "ALL" in grant.grantable and "ALL" not in grantable:
            grant.grantable |= PERMISSIONS[resource.kind]
            grant.grantable -= {"ALL"} if set(permissions) | set(grantable) else set()
        if "ALL" in permissions:
            permissions = [*permissions, *PERMISSIONS[resource.kind]]
        if "ALL" in grantable:
            grantable = [*grantable, *PERMISSIONS[resource.kind]]
        taken = grant.take(permissions, grantable)
        if not grant.permissions:
            del grants[principal]
        return taken

    def _principal(self, entry: Mapping[str, Any], must_exist: bool = True) -> str:
        return self.check_principal(entry.get("Principal") or {}, must_exist)

    def check_principal(self, described: Mapping[str, Any], must_exist: bool = True) -> str:
        """The name of a principal, who must be a user or role of this account; raises InvalidInputException."""
        name = str(described.get("DataLakePrincipalIdentifier") or "")
        if name in (IAM_ALLOWED, f"{self._engine.account_id}:IAMPrincipals"):
            return name
        found = _IDENTITY.fullmatch(name)
        if found is None:
            raise invalid(f"Invalid principal, {name}")
        if found["account"] != self._engine.account_id:
            raise NotImplementedError("grants to another account")
        if must_exist and name != self._engine.lab.owner.principal and not _is_there(found):
            raise invalid(f"Invalid principal, {name}")
        return name

    def _named(self, entry: Mapping[str, Any], permissions: list[str]) -> list[Resource]:
        """What *entry* is about, if the caller may grant all *permissions* on it."""
        if not permissions:
            raise invalid("Permissions modification is invalid.")
        resources = of(entry.get("Resource") or {})
        for resource in resources:
            wanted = resource.check(permissions)
            if not self._may_grant(resource, wanted):
                words = "Resource does not exist or requester is not authorized to access requested permissions."
                raise AwsError("AccessDeniedException", words, 400)
            self._must_be_there(resource)
        return resources

    def _may_grant(self, resource: Resource, wanted: frozenset[str]) -> bool:
        governor = self._engine.governor
        if governor.is_admin(self._caller):
            return True
        held = governor.grantable(self._caller, resource)
        return (PERMISSIONS[resource.kind] if "ALL" in wanted else wanted) <= held

    def _must_be_there(self, resource: Resource) -> None:
        if not self._engine.has(Resource("Database", resource.database) if resource.database else resource):
            raise _not_found("Database not found.")
        if not self._engine.has(resource):
            raise _not_found("Table not found.")
        columns = (resource.name,) if resource.kind == "Column" else resource.values
        if resource.kind in ("Column", "OtherColumns"):
            known = self._engine.columns_of(resource.database, resource.table)
            if unknown := [each for each in columns if each not in known]:
                raise _not_found(f"Column(s) not found: {', '.join(unknown)}")
        if resource.kind == "DataCellsFilter" and resource not in self._engine.filters:
            raise _not_found("Data cells filter not found.")
        if resource.kind == "LFTag" and resource.values[0] not in (
            *self._engine.tags.values.get(resource.name, ()),
            "*",
        ):
            raise _not_found("Tag or tag value does not exist.")
        for key, values in resource.expression:
            if not set(values) <= set(self._engine.tags.values.get(key, ())):
                raise _not_found("Tag or tag value does not exist.")

    # Listing

    def listed(self, principal: str, resource: Mapping[str, Any] | None, kind: str, related: bool) -> list[Any]:
        """The API's PrincipalResourcePermissions. Who is no data lake administrator sees his own grants, and those on
        what he may grant ("Viewing database and table permissions in Lake Formation")."""
        governor, names = self._engine.governor, self._engine.governor.names_of(self._caller)
        kinds = _TYPES.get(kind)
        found = []
        for held, grants in self._all():
            if (kinds is not None and held.kind not in kinds) or not self._is_about(held, resource, related):
                continue
            sees_all = governor.is_admin(self._caller) or bool(governor.grantable(self._caller, held))
            shown = {name: grant for name, grant in grants.items()
                     if (sees_all or name in names) and principal in ("", name)}  # fmt: skip
            found += [(held, name, grant) for name, grant in shown.items()]
        return list(_told(found, self._engine.account_id))

    def _all(self) -> Iterator[tuple[Resource, Grants]]:
        """Every grant there is, those that databases and tables were made with too."""
        told = set()
        for database in list(self._engine.databases()):
            for table in ("", *self._engine.tables_in(database)):
                resource = Resource("Table" if table else "Database", database, table)
                told.add(resource)
                yield resource, self._engine.granted(resource)
        for resource, _ in self._engine.book.items():
            if resource not in told:
                yield resource, self._engine.granted(resource)

    @staticmethod
    def _is_about(held: Resource, wanted: Mapping[str, Any] | None, related: bool) -> bool:
        if wanted is None or "AnyResource" in wanted:
            return True
        named = of(wanted)
        if related and any(each.kind == "Database" and each.database == held.database for each in named):
            return True
        if held in named:
            return True
        return any(
            each.kind in ("Table", "Column", "OtherColumns")
            and held.kind in ("Table", "Column", "OtherColumns")
            and (each.database, each.table) == (held.database, held.table)
            and (each.kind == "Table" or held.kind != "Table")
            for each in named
        )

    def effective(self, place: str) -> list[Any]:
        """Grants on locations that the S3 ARN *place* lies in, and on databases and tables that lie in it."""
        found = []
        for held, grants in self._all():
            where = held.name if held.kind == "DataLocation" else self._engine.place_of(held)
            inside = is_within(place, held.name) if held.kind == "DataLocation" else is_within(where, place)
            if where and inside:
                found += [(held, name, grant) for name, grant in grants.items()]
        return list(_told(found, self._engine.account_id))


def _told(found: Iterable[tuple[Resource, str, Grant]], account: str) -> Iterator[dict[str, Any]]:
    """As ListPermissions tells it: columns, and values of an LF-tag, that are alike together; SELECT on a table, as on
    all its columns."""
    together: dict[tuple[Any, ...], list[str]] = {}
    for resource, principal, grant in found:
        permissions, grantable = frozenset(grant.permissions), frozenset(grant.grantable)
        if resource.kind == "Table" and resource.table != ALL_TABLES and "SELECT" in permissions:
            all_columns = (resource, "columns", principal, frozenset({"SELECT"}), grantable & {"SELECT"})
            together.setdefault(all_columns, [])
            permissions, grantable = permissions - {"SELECT"}, grantable - {"SELECT"}
        if not permissions:
            continue
        same: Resource = resource
        if resource.kind in ("Column", "LFTag"):
            same = Resource(
                resource.kind, resource.database, resource.table, resource.name * (resource.kind == "LFTag")
            )
        key = (same, "", principal, permissions, grantable)
        together.setdefault(key, []).append(resource.name if resource.kind == "Column" else "".join(resource.values))
    for (resource, part, principal, permissions, grantable), names in together.items():
        told = described(resource, account, names)
        if part:
            told = {"TableWithColumns": {**told["Table"], "ColumnWildcard": {}}}
        yield {
            "Principal": {"DataLakePrincipalIdentifier": principal},
            "Resource": told,
            "Permissions": sorted(permissions),
            "PermissionsWithGrantOption": sorted(grantable),
        }


def _is_there(found: re.Match[str]) -> bool:
    iam = iam_backends[found["account"]]["aws"]
    held = iam.users if found["kind"] == "user" else {role.name: role for role in iam.roles.values()}
    named: Any = held.get(found["name"])
    return named is not None and named.arn == found[0]


def _not_found(message: str) -> AwsError:
    return AwsError("EntityNotFoundException", message, 400)
