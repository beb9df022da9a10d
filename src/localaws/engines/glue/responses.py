"""The catalog's API where it differs from moto's: names are folded, lists come in pages, updates name a version."""

from __future__ import annotations

import json
from functools import cached_property
from typing import Any

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult, EmptyResult
from moto.glue.exceptions import InvalidInputException
from moto.glue.responses import GlueResponse

from localaws.engines.glue import functions, statistics
from localaws.engines.glue.backend import GlueEngine
from localaws.engines.glue.governed import GovernedCatalog
from localaws.engines.glue.search import search
from localaws.engines.lakeformation.backend import caller, lake_of
from localaws.gateway.errors import AwsError

#: "For Hive compatibility, this is folded to lowercase when it is stored" (DatabaseInput, TableInput: Name).
_FOLDED = ("DatabaseName", "TableName")
#: Operations whose Name is a database's or a table's.
_NAMED_DIRECTLY = {f"{verb}{thing}" for verb in ("Get", "Update", "Delete") for thing in ("Database", "Table")}
#: The most that a page may hold where the caller does not say (GetTables …: MaxResults).
_PAGE = {"DatabaseList": 100, "TableList": 100, "TableVersions": 100, "Partitions": 1000, "UserDefinedFunctions": 100}


class GlueEngineResponse(GlueResponse):
    """Databases, tables and partitions. Source: "Catalog API" of the Glue web API reference."""

    @cached_property
    def parameters(self) -> dict[str, Any]:
        given: dict[str, Any] = json.loads(self.body)
        for name in _FOLDED:
            if isinstance(given.get(name), str):
                given[name] = given[name].lower()
        if self._get_action() in _NAMED_DIRECTLY and isinstance(given.get("Name"), str):
            given["Name"] = given["Name"].lower()
        for holder in ("DatabaseInput", "TableInput"):
            if isinstance(given.get(holder), dict) and "Name" in given[holder]:
                given[holder]["Name"] = given[holder]["Name"].lower()
        if "TablesToDelete" in given:
            given["TablesToDelete"] = [name.lower() for name in given["TablesToDelete"]]
        return given

    def call_action(self) -> TYPE_RESPONSE:
        arn = (self._get_param("SchemaId") or {}).get("SchemaArn")
        if arn is not None and arn.count("/") != 2:  # …:schema/registry/name
            raise AwsError("InvalidInputException", f"{arn[:200]} is not the ARN of a schema")
        self._governed.check(self._get_action(), self.parameters)
        return super().call_action()

    @property
    def _governed(self) -> GovernedCatalog:
        return GovernedCatalog(lake_of(self.current_account, self.region), caller())

    @property
    def _engine(self) -> GlueEngine:
        backend = self.glue_backend
        assert isinstance(backend, GlueEngine)
        return backend

    def get_table(self) -> ActionResult:
        return self._shown(super().get_table())

    def get_table_version(self) -> ActionResult:
        return self._shown(super().get_table_version())

    def get_partition(self) -> ActionResult:
        return self._shown(super().get_partition())

    def batch_get_partition(self) -> ActionResult:
        return self._shown(super().batch_get_partition())

    def _shown(self, answer: ActionResult) -> ActionResult:
        """What of an *answer* about one table Lake Formation lets the caller see."""
        assert isinstance(answer.result, dict)
        return ActionResult(self._governed.shown(answer.result, self.parameters))

    def create_table(self) -> ActionResult:
        given = self.parameters
        table, form, indexes = given["TableInput"], given.get("OpenTableFormatInput"), given.get("PartitionIndexes")
        self._engine.create_table(given["DatabaseName"], table["Name"], table, form, indexes or ())
        return EmptyResult()

    def batch_delete_table_version(self) -> ActionResult:
        given = self.parameters
        named = given["DatabaseName"], given["TableName"], given["VersionIds"]
        errors = self._engine.batch_delete_table_version(*named)
        return ActionResult({"Errors": errors} if errors else {})

    def create_partition_index(self) -> ActionResult:
        given = self.parameters
        self._engine.create_partition_index(given["DatabaseName"], given["TableName"], given["PartitionIndex"])
        return EmptyResult()

    def delete_partition_index(self) -> ActionResult:
        given = self.parameters
        self._engine.delete_partition_index(given["DatabaseName"], given["TableName"], given["IndexName"])
        return EmptyResult()

    def get_partition_indexes(self) -> ActionResult:
        table = self._engine.indexed(self.parameters["DatabaseName"], self.parameters["TableName"])
        return ActionResult({"PartitionIndexDescriptorList": table.describe_indexes()})

    def update_column_statistics_for_table(self) -> str:
        """Of a table, or of the partition that the request names."""
        given = self.parameters
        columns = self._engine.indexed(given["DatabaseName"], given["TableName"]).columns()
        with self._engine.analysing(*self._analysed) as analysed:
            return json.dumps({"Errors": statistics.update(analysed, columns, given["ColumnStatisticsList"])})

    def get_column_statistics_for_table(self) -> str:
        return json.dumps(statistics.told(self._engine.analysed(*self._analysed), self.parameters["ColumnNames"]))

    def delete_column_statistics_for_table(self) -> str:
        with self._engine.analysing(*self._analysed) as analysed:
            statistics.forget(analysed, self.parameters["ColumnName"])
        return "{}"

    update_column_statistics_for_partition = update_column_statistics_for_table
    get_column_statistics_for_partition = get_column_statistics_for_table
    delete_column_statistics_for_partition = delete_column_statistics_for_table

    @property
    def _analysed(self) -> tuple[str, str, list[str] | None]:
        """The database, the table and, if the request is about a partition, its values."""
        return self.parameters["DatabaseName"], self.parameters["TableName"], self.parameters.get("PartitionValues")

    def create_user_defined_function(self) -> str:
        with self._engine.defining(self.parameters["DatabaseName"]) as database:
            now = self._engine.lab.clock.time()
            functions.create(database, self.parameters["FunctionInput"], now, self.current_account)
        return "{}"

    def update_user_defined_function(self) -> str:
        with self._engine.defining(self.parameters["DatabaseName"]) as database:
            functions.change(database, self.parameters["FunctionName"], self.parameters["FunctionInput"])
        return "{}"

    def delete_user_defined_function(self) -> str:
        with self._engine.defining(self.parameters["DatabaseName"]) as database:
            functions.drop(database, self.parameters["FunctionName"])
        return "{}"

    def get_user_defined_function(self) -> str:
        database = self._engine.owned(self.parameters["DatabaseName"])
        return json.dumps({"UserDefinedFunction": functions.find(database, self.parameters["FunctionName"])})

    def get_user_defined_functions(self) -> str:
        """Of one database or, where none is named, of all."""
        given = self.parameters
        names = [given["DatabaseName"]] if given.get("DatabaseName") else sorted(self._engine.databases)
        found = [
            function
            for name in names
            for function in functions.matching(self._engine.owned(name), given["Pattern"], given.get("FunctionType"))
        ]
        page = self._page(ActionResult({"UserDefinedFunctions": found}), "UserDefinedFunctions")
        return json.dumps(page.result)

    def update_table(self) -> ActionResult:
        given = self.parameters
        change = given["TableInput"]
        version, forget = given.get("VersionId"), bool(given.get("SkipArchive"))
        self._engine.replace_table(given["DatabaseName"], change["Name"], change, version, forget)
        return EmptyResult()

    def list_crawls(self) -> ActionResult:
        """Raises InvalidInputException for a filter that lacks a part (API reference, CrawlsFilter)."""
        for each in self.parameters.get("Filters") or []:
            if not {"FieldName", "FilterOperator", "FieldValue"} <= each.keys():
                raise InvalidInputException("ListCrawls", "A filter needs FieldName, FilterOperator and FieldValue")
            if each["FieldName"] == "DPU_HOUR":
                raise NotImplementedError("crawls by DPU_HOUR")
        return super().list_crawls()

    def get_databases(self) -> ActionResult:
        seen = self._governed.seen_databases(_told(super().get_databases(), "DatabaseList"))
        return self._page(ActionResult({"DatabaseList": seen}), "DatabaseList")

    def get_tables(self) -> ActionResult:
        seen = self._governed.seen_tables(_told(super().get_tables(), "TableList"))
        return self._page(ActionResult({"TableList": seen}), "TableList")

    def search_tables(self) -> ActionResult:
        given = self.parameters
        backend = self.glue_backend
        everything = [table.as_dict() for name in backend.databases for table in backend.get_tables(name, "")]
        tables = self._governed.seen_tables(everything)
        filters, sort = given.get("Filters") or [], given.get("SortCriteria") or []
        try:
            found = search(tables, given.get("SearchText") or "", filters, sort)
        except (ValueError, KeyError) as error:
            raise InvalidInputException("SearchTables", f"A filter is not one: {error}") from None
        return self._page(ActionResult({"TableList": found}), "TableList")

    def get_table_versions(self) -> ActionResult:
        answer = self._shown(super().get_table_versions())
        assert isinstance(answer.result, dict)
        answer.result["TableVersions"].reverse()  # the newest first
        return self._page(answer, "TableVersions")

    def get_partitions(self) -> ActionResult:
        return self._page(self._shown(super().get_partitions()), "Partitions")

    def _page(self, answer: ActionResult, member: str) -> ActionResult:
        """The part of the list *member* that was asked for; the token is a place in it."""
        assert isinstance(answer.result, dict)
        given = self.parameters
        size = int(given.get("MaxResults") or _PAGE[member])
        try:
            start = int(given.get("NextToken") or 0)
        except ValueError:
            raise InvalidInputException(self._get_action(), "Invalid pagination token") from None
        everything = answer.result[member]
        page = {member: everything[start : start + size]}
        if start + size < len(everything):
            page["NextToken"] = str(start + size)
        return ActionResult(page)


def _told(answer: ActionResult, member: str) -> list[dict[str, Any]]:
    assert isinstance(answer.result, dict)
    return list(answer.result[member])
