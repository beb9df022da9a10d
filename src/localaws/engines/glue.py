"""Glue's Data Catalog: updates of a table that do not overwrite one another.

moto takes every UpdateTable, whatever version of the table it was made from; Iceberg's writers rely on Glue to
refuse one that another overtook. Source: UpdateTable of the Glue API reference (VersionId, SkipArchive).
"""

from __future__ import annotations

import threading
from typing import Any

from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import GlueClientError
from moto.glue.models import GlueBackend, glue_backends
from moto.glue.responses import GlueResponse

from localaws.engines import replace_backend, replace_responses
from localaws.lab import Lab


class ConcurrentModification(GlueClientError):
    def __init__(self) -> None:
        super().__init__("ConcurrentModificationException", "Update table failed due to concurrent modifications.")


class GlueEngine(GlueBackend):
    """Compares and sets a table's version in one step."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._updating = threading.Lock()

    def replace_table(
        self, database: str, name: str, table_input: dict[str, Any], version_id: str | None, skip_archive: bool
    ) -> None:
        """UpdateTable: *version_id* is the version that the update was made from, *skip_archive* forgets that version.

        Raises ConcurrentModification if the table has another version by now.
        """
        with self._updating:
            table = self.get_table(database, name)
            before = table.as_dict()["VersionId"]
            if version_id is not None and version_id != before:
                raise ConcurrentModification
            self.update_table(database, name, table_input)
            if skip_archive:
                table.delete_version(before)


class GlueEngineResponse(GlueResponse):
    """UpdateTable with all of its parameters."""

    def update_table(self) -> ActionResult:
        given = self.parameters
        change = given["TableInput"]
        backend = self.glue_backend
        assert isinstance(backend, GlueEngine)
        version, forget = given.get("VersionId"), bool(given.get("SkipArchive"))
        backend.replace_table(given["DatabaseName"], change["Name"], change, version, forget)
        return EmptyResult()


def install(lab: Lab) -> None:
    replace_backend(glue_backends, GlueEngine)
    replace_responses(GlueResponse, GlueEngineResponse)
