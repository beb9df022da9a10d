"""Lake Formation: every kind of permission can be listed, and a resource without LF-tags has none.

Sources: API reference, ListPermissions, GetResourceLFTags, RemoveLFTagsFromResource.
"""

from __future__ import annotations

import json
from typing import Any

from moto.lakeformation.models import LakeFormationBackend
from moto.lakeformation.responses import LakeFormationResponse

Tags = list[dict[str, Any]]

#: The kinds of permission that moto does not know, by the member of a resource that holds them.
_LISTED_HERE = {
    "LF_TAG": "LFTag",
    "LF_TAG_POLICY": "LFTagPolicy",
    "LF_TAG_POLICY_DATABASE": "LFTagPolicy",
    "LF_TAG_POLICY_TABLE": "LFTagPolicy",
    "LF_NAMED_TAG_EXPRESSION": "LFTagExpression",
}


class LakeFormationEngine(LakeFormationBackend):
    """Looks for a resource's tags before it reads them."""

    def add_lf_tags_to_resource(self, catalog_id: str, resource: dict[str, Any], tags: Tags) -> Tags:
        self._expect(resource)
        return super().add_lf_tags_to_resource(catalog_id, resource, tags)

    def get_resource_lf_tags(self, catalog_id: str, resource: dict[str, Any]) -> tuple[Tags, Tags, Tags]:
        self._expect(resource)
        return super().get_resource_lf_tags(catalog_id, resource)

    def remove_lf_tags_from_resource(self, catalog_id: str, resource: dict[str, Any], tags: Tags) -> None:
        """A tag that the resource does not have is none to remove."""
        removed = [(tag["TagKey"], tag["TagValues"]) for tag in tags]
        for held in self._expect(resource):
            held[:] = [tag for tag in held if (tag["TagKey"], tag["TagValues"]) not in removed]

    def _expect(self, resource: dict[str, Any]) -> list[Tags]:
        """The tags of each thing that *resource* names, [] where there are none; raises NotImplementedError."""
        database, table, columns = (resource.get(kind) for kind in ("Database", "Table", "TableWithColumns"))
        found = []
        if database:
            place = (database.get("CatalogId", self.account_id), database["Name"])
            found.append(self.lf_database_tags.setdefault(place, []))
        if table:
            if "Name" not in table:
                raise NotImplementedError("LF-tags of all tables of a database")
            of_table = (table.get("CatalogId", self.account_id), table["DatabaseName"], table["Name"])
            found.append(self.lf_table_tags.setdefault(of_table, []))
        if columns:
            if "ColumnNames" not in columns:
                raise NotImplementedError("LF-tags of all columns of a table")
            of_columns = (columns.get("CatalogId", self.account_id), columns["DatabaseName"], columns["Name"])
            found += [self.lf_columns_tags.setdefault((*of_columns, name), []) for name in columns["ColumnNames"]]
        return found


class LakeFormationEngineResponse(LakeFormationResponse):
    def list_permissions(self) -> str:
        """Permissions on resources of ResourceType; ALL is the same as leaving it out."""
        answer = json.loads(super().list_permissions())
        member = _LISTED_HERE.get(super()._get_param("ResourceType"))
        if member is not None:
            found = answer["PrincipalResourcePermissions"]
            answer["PrincipalResourcePermissions"] = [each for each in found if member in each["Resource"]]
        return json.dumps(answer)

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, if_none)
        unknown = (*_LISTED_HERE, "ANY_RESOURCE", "ALL")
        return None if param_name == "ResourceType" and value in unknown else value
