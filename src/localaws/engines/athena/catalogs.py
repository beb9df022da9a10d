"""Athena's own questions about the catalog: data catalogs, databases, tables. The answers are Glue's."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from localaws.children import Cancelled, Overrun
from localaws.client import on_behalf_of
from localaws.engines.athena import PRINCIPAL
from localaws.engines.athena.wire import invalid, page
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lake.catalog import Table

if TYPE_CHECKING:
    from localaws.engines.athena.backend import AthenaEngine

HOME = "AwsDataCatalog"

#: Seconds of a processor that an Expression may take: nobody else waits meanwhile, but its caller does.
_LONGEST_MATCH = 0.5


class Catalogs:
    """The operations that read metadata, of the response class."""

    engine: AthenaEngine
    if TYPE_CHECKING:

        def _get_param(self, name: str, default: Any = None) -> Any: ...

    def list_data_catalogs(self) -> str:
        """AwsDataCatalog is there without having been made."""
        catalogs = [{"CatalogName": HOME, "Type": "GLUE"}, *self.engine.list_data_catalogs()]
        listed, token = page(catalogs, self._get_param("MaxResults"), self._get_param("NextToken"))
        return json.dumps({"DataCatalogsSummary": listed} | ({"NextToken": token} if token else {}))

    def get_data_catalog(self) -> str:
        name = self._get_param("Name")
        if name.lower() == HOME.lower():
            return json.dumps({"DataCatalog": {"Name": HOME, "Type": "GLUE", "Parameters": {}}})
        found = self.engine.get_data_catalog(name)
        if found is None:
            raise invalid(f"Data catalog {name} was not found")
        return json.dumps({"DataCatalog": found})

    def list_databases(self) -> str:
        with self._home():
            databases = self.engine.catalog.databases()
        listed, token = page(databases, self._get_param("MaxResults"), self._get_param("NextToken"))
        described = [_database(each) for each in listed]
        return json.dumps({"DatabaseList": described} | ({"NextToken": token} if token else {}))

    def get_database(self) -> str:
        name = self._get_param("DatabaseName").lower()
        with self._home():
            databases = self.engine.catalog.databases()
        for each in databases:
            if each["Name"] == name:
                return json.dumps({"Database": _database(each)})
        raise _not_found(f"Database {name} not found.")

    def list_table_metadata(self) -> str:
        """*Expression* is a regular expression for names."""
        database = self._get_param("DatabaseName").lower()
        with self._home():
            if not self.engine.catalog.has_database(database):
                raise _not_found(f"Database {database} not found.")
            tables = self.engine.catalog.tables(database)
        if pattern := self._get_param("Expression"):
            names = [each.name for each in tables]
            try:
                found = self.engine.patterns.call("matching", pattern, names, seconds=_LONGEST_MATCH)
            except (ValueError, Overrun, Cancelled) as error:
                raise invalid(f"Expression {pattern!r} cannot be matched: {error}") from None
            tables = [each for each in tables if each.name in found]
        listed, token = page(tables, self._get_param("MaxResults"), self._get_param("NextToken"))
        described = [_table(each) for each in listed]
        return json.dumps({"TableMetadataList": described} | ({"NextToken": token} if token else {}))

    def get_table_metadata(self) -> str:
        database, name = self._get_param("DatabaseName"), self._get_param("TableName")
        with self._home():
            table = self.engine.catalog.find(database, name)
        if table is None:
            raise _not_found("Entity Not Found")
        return json.dumps({"TableMetadata": _table(table)})

    @contextmanager
    def _home(self) -> Iterator[None]:
        """Ask the catalog in here as who asks Athena, whose rights count.

        Raises InvalidRequestException for a catalog that holds no databases of this lab, and MetadataException.
        """
        name = self._get_param("CatalogName") or ""
        if name.lower() != HOME.lower():
            raise invalid(f"Data catalog {name} is not one that this lab can read: only {HOME} is")
        try:
            with on_behalf_of(current_call.get().credential, PRINCIPAL):
                yield
        except ClientError as error:
            details = error.response["Error"]
            raise _of_catalog(details["Message"], details["Code"]) from None


def _not_found(words: str) -> AwsError:
    return _of_catalog(words, "EntityNotFoundException")


def _of_catalog(words: str, code: str) -> AwsError:
    """Glue's refusal as Athena passes it on: clients look for the code within the text."""
    details = f"Service: AmazonDataCatalog; Status Code: 400; Error Code: {code}"
    return AwsError("MetadataException", f"{words} ({details}; Request ID: {uuid.uuid4()}; Proxy: null)")


def _database(raw: dict[str, Any]) -> dict[str, Any]:
    described = {"Name": raw["Name"], "Parameters": raw.get("Parameters") or {}}
    return described | ({"Description": raw["Description"]} if raw.get("Description") else {})


def _table(table: Table) -> dict[str, Any]:
    def columns(listed: list[Any]) -> list[dict[str, str]]:
        return [
            {"Name": each.name, "Type": each.hive_type} | ({"Comment": each.comment} if each.comment else {})
            for each in listed
        ]

    described = {
        "Name": table.name,
        "TableType": table.raw.get("TableType", "EXTERNAL_TABLE"),
        "Columns": columns(table.columns),
        "PartitionKeys": columns(table.keys),
        "Parameters": {
            **table.parameters,
            "location": table.location,
            "inputformat": table.input_format,
            "serde.serialization.lib": table.serde,
        },
    }
    if "CreateTime" in table.raw:
        described["CreateTime"] = table.raw["CreateTime"].timestamp()
    return described
