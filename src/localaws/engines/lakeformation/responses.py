"""The wire form of Lake Formation's operations, each in the name of who calls it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from moto.lakeformation.models import lakeformation_backends
from moto.lakeformation.responses import LakeFormationResponse

from localaws.engines.lakeformation import filters
from localaws.engines.lakeformation.backend import LakeFormationEngine, caller
from localaws.engines.lakeformation.deciding import insufficient
from localaws.engines.lakeformation.granting import Granting
from localaws.engines.lakeformation.registering import Registering
from localaws.engines.lakeformation.resources import Resource, cells_filter, invalid
from localaws.engines.lakeformation.tagging import Tagging, not_found
from localaws.gateway.errors import AwsError

#: Entries of BatchGrantPermissions and BatchRevokePermissions.
_MOST_ENTRIES = 20
_PAGE = 100


class LakeFormationEngineResponse(Registering, LakeFormationResponse):
    """Grants, filters and LF-tags; settings and locations are `Registering`'s."""

    @property
    def engine(self) -> LakeFormationEngine:
        engine = lakeformation_backends[self.current_account][self.region]
        assert isinstance(engine, LakeFormationEngine)
        return engine

    # Grants

    @property
    def _granting(self) -> Granting:
        return Granting(self.engine, caller())

    def grant_permissions(self) -> str:
        self._granting.grant(json.loads(self.body))
        return "{}"

    def revoke_permissions(self) -> str:
        self._granting.revoke(json.loads(self.body))
        return "{}"

    def batch_grant_permissions(self) -> str:
        return self._batch(self._granting.grant)

    def batch_revoke_permissions(self) -> str:
        return self._batch(self._granting.revoke)

    def _batch(self, change: Callable[[dict[str, Any]], None]) -> str:
        """Each entry by itself; what fails is told."""
        entries = self._get_param("Entries") or []
        if len(entries) > _MOST_ENTRIES:
            raise invalid(f"At most {_MOST_ENTRIES} entries can be changed in one request.")
        failures = []
        for entry in entries:
            try:
                change(entry)
            except AwsError as error:
                told = {"ErrorCode": error.code, "ErrorMessage": error.message}
                failures.append({"RequestEntry": entry, "Error": told})
        return json.dumps({"Failures": failures})

    def list_permissions(self) -> str:
        principal = (self._get_param("Principal") or {}).get("DataLakePrincipalIdentifier") or ""
        resource, kind = self._get_param("Resource"), self._get_param("ResourceType") or ""
        if principal and resource is None:
            raise invalid("Resource is mandatory if Principal is set in the input.")
        related = self._get_param("IncludeRelated") in (True, "TRUE", "true")
        return self._page(self._granting.listed(principal, resource, kind, related), "PrincipalResourcePermissions")

    def get_effective_permissions_for_path(self) -> str:
        place = str(self._get_param("ResourceArn")).rstrip("/")
        return self._page(self._granting.effective(place), "Permissions")

    # Filters

    def create_data_cells_filter(self) -> str:
        given = self._get_param("TableData")
        place = self._filtered(given)
        if place in self.engine.filters:
            raise AwsError("AlreadyExistsException", "Data cells filter already exists.", 400)
        self.engine.filters[place] = self._read(given, place)
        return "{}"

    def update_data_cells_filter(self) -> str:
        """Raises ConcurrentModificationException where the filter has another version by now."""
        given = self._get_param("TableData")
        place = self._filtered(given)
        held = self.engine.filters.get(place)
        if held is None:
            raise not_found("Data cells filter not found.")
        if given.get("VersionId") not in (None, held.version):
            words = "The data cells filter has been changed by another request."
            raise AwsError("ConcurrentModificationException", words, 400)
        self.engine.filters[place] = self._read(given, place)
        return "{}"

    def get_data_cells_filter(self) -> str:
        given = {name: self._get_param(name) for name in ("DatabaseName", "TableName", "Name")}
        held = self.engine.filters.get(self._filtered(given))
        if held is None:
            raise not_found("Data cells filter not found.")
        return json.dumps({"DataCellsFilter": held.describe(self.engine.account_id)})

    def delete_data_cells_filter(self) -> str:
        given = {name: self._get_param(name) or "" for name in ("DatabaseName", "TableName", "Name")}
        place = self._filtered(given)
        if place not in self.engine.filters:
            raise not_found("Data cells filter not found.")
        del self.engine.filters[place]
        self.engine.book.forget_filter(place)
        return "{}"

    def list_data_cells_filter(self) -> str:
        """The filters that the caller may grant: of one table, or of all."""
        table, engine = self._get_param("Table"), self.engine
        wanted = (table["DatabaseName"].lower(), str(table.get("Name") or "*").lower()) if table else None
        found = [
            held.describe(engine.account_id)
            for place, held in sorted(engine.filters.items(), key=lambda item: str(item[0]))
            if (wanted is None or (place.database == wanted[0] and wanted[1] in ("*", place.table)))
            and self._may_filter(Resource("Table", place.database, place.table))
        ]
        return self._page(found, "DataCellsFilters")

    def _filtered(self, given: dict[str, Any]) -> Resource:
        """The filter that is meant, of a table that the caller may grant SELECT on; raises AccessDeniedException."""
        place = cells_filter(given["DatabaseName"], given["TableName"], given["Name"])
        table = Resource("Table", place.database, place.table)
        if not self._may_filter(table):
            raise insufficient(place.table)
        if not self.engine.has(table):
            raise not_found("Table not found.")
        return place

    def _may_filter(self, table: Resource) -> bool:
        """ "You must have SELECT with the grant option on all table columns" ("Data filtering limitations")."""
        governor = self.engine.governor
        return governor.is_admin(caller()) or "SELECT" in governor.grantable(caller(), table)

    def _read(self, given: dict[str, Any], place: Resource) -> filters.CellsFilter:
        at = place.database, place.table
        return filters.read(given, self.engine.columns_of(*at), self.engine.keys_of(*at))

    # LF-tags

    @property
    def _tagging(self) -> Tagging:
        return Tagging(self.engine, caller())

    def create_lf_tag(self) -> str:
        self._tagging.create(self._get_param("TagKey"), self._get_param("TagValues") or [])
        return "{}"

    def get_lf_tag(self) -> str:
        key = self._get_param("TagKey")
        values = self._tagging.values(key)
        return json.dumps({"CatalogId": self.engine.account_id, "TagKey": key.lower(), "TagValues": values})

    def list_lf_tags(self) -> str:
        home = self.engine.account_id
        listed = [{"CatalogId": home, "TagKey": key, "TagValues": values}
                  for key, values in self._tagging.listed().items()]  # fmt: skip
        return self._page(listed, "LFTags")

    def update_lf_tag(self) -> str:
        key, gone, new = (self._get_param(name) for name in ("TagKey", "TagValuesToDelete", "TagValuesToAdd"))
        self._tagging.update(key, gone or [], new or [])
        return "{}"

    def delete_lf_tag(self) -> str:
        self._tagging.delete(self._get_param("TagKey"))
        return "{}"

    def add_lf_tags_to_resource(self) -> str:
        failures = self._tagging.put(self._get_param("Resource") or {}, self._get_param("LFTags") or [])
        return json.dumps({"Failures": failures})

    def remove_lf_tags_from_resource(self) -> str:
        failures = self._tagging.take(self._get_param("Resource") or {}, self._get_param("LFTags") or [])
        return json.dumps({"Failures": failures})

    def get_resource_lf_tags(self) -> str:
        assigned = self._get_param("ShowAssignedLFTags") in (True, "true")
        return json.dumps(self._tagging.carried(self._get_param("Resource") or {}, assigned))

    def search_databases_by_lf_tags(self) -> str:
        return self._page(self._tagging.databases(self._get_param("Expression") or []), "DatabaseList")

    def search_tables_by_lf_tags(self) -> str:
        return self._page(self._tagging.tables(self._get_param("Expression") or []), "TableList")

    def _page(self, everything: Sequence[Any], member: str) -> str:
        """The part of a list that was asked for; the token is a place in it."""
        size = int(self._get_param("MaxResults") or _PAGE)
        token = self._get_param("NextToken") or "0"
        if not str(token).isdecimal():
            raise invalid("NextToken is not one that this operation gave.")
        start = int(token)
        answer: dict[str, Any] = {member: everything[start : start + size]}
        if start + size < len(everything):
            answer["NextToken"] = str(start + size)
        return json.dumps(answer)
