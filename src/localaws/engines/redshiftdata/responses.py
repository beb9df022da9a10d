"""The operations of the Data API, in its words (Data API reference)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, TypeVar

from moto.core.responses import ActionResult
from moto.redshiftdata.responses import RedshiftDataAPIServiceResponse

from localaws.engines.redshiftdata import catalog
from localaws.engines.redshiftdata.backend import RedshiftDataEngine
from localaws.engines.redshiftdata.connecting import Connection, Failed
from localaws.engines.redshiftdata.values import as_csv, fields
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

_MOST_LISTED, _MOST_OF_CATALOG = 100, 1000
_Found = TypeVar("_Found")


class RedshiftDataEngineResponse(RedshiftDataAPIServiceResponse):
    lab: ClassVar[Lab]

    def __init__(self) -> None:
        super().__init__()
        self.automated_parameter_parsing = True

    @property
    def engine(self) -> RedshiftDataEngine:
        backend = self.redshiftdata_backend
        assert isinstance(backend, RedshiftDataEngine)
        return backend

    @property
    def _request(self) -> dict[str, Any]:
        return dict(self.params)

    # Statements

    def execute_statement(self) -> ActionResult:  # type: ignore[override]
        return self._submit([self._request["Sql"]])

    def batch_execute_statement(self) -> ActionResult:
        return self._submit(self._request["Sqls"])

    def _submit(self, texts: list[str]) -> ActionResult:
        request = self._request
        wait = request.pop("WaitTimeSeconds", None)
        statement = self.engine.submit(request, texts)
        self.engine.await_end(statement.id, wait)
        answer = statement.answer()
        if wait and statement.finished:
            answer |= {"RedshiftPid": statement.pid, "HasResultSet": statement.texts[-1].columns is not None}
        return ActionResult(answer)

    def describe_statement(self) -> ActionResult:  # type: ignore[override]
        id = self._request["Id"]
        statement = self.engine.statement(id)
        self.engine.await_end(statement.id, self._request.get("WaitTimeSeconds"))
        text = statement.text(id)
        is_part = statement.is_batch and text is not None
        return ActionResult(text.described() if is_part and text else statement.described())

    def cancel_statement(self) -> ActionResult:  # type: ignore[override]
        self.engine.cancel(self._request["Id"])
        return ActionResult({"Status": True})

    def list_statements(self) -> ActionResult:
        return self._page("Statements", [each.listed() for each in self.engine.listed(self._request)], _MOST_LISTED)

    def list_sessions(self) -> ActionResult:
        return self._page("Sessions", self.engine.listed_sessions(self._request), _MOST_LISTED)

    # Results

    def get_statement_result(self) -> ActionResult:  # type: ignore[override]
        text, rows, more = self._result("JSON")
        columns = text.columns or []
        told = {"Records": [fields(row, columns) for row in rows], "ColumnMetadata": columns, "TotalNumRows": text.rows}
        return ActionResult({**told, **more})

    def get_statement_result_v2(self) -> ActionResult:
        text, rows, more = self._result("CSV")
        told = {"Records": [{"CSVRecords": as_csv(rows)}], "ColumnMetadata": text.columns, "TotalNumRows": text.rows}
        return ActionResult({**told, "ResultFormat": "CSV", **more})

    def _result(self, format: str) -> Any:
        request = self._request
        text = self.engine.with_result(request["Id"], request.get("WaitTimeSeconds"), format)
        rows, token = self.engine.results.page(text.id, request.get("NextToken"))
        return text, rows, {"NextToken": token} if token else {}

    # The catalog

    def list_databases(self) -> ActionResult:
        found = self._ask(catalog.databases)
        return self._page("Databases", found, _MOST_OF_CATALOG)

    def list_schemas(self) -> ActionResult:
        found = self._ask(lambda connection: catalog.schemas(connection, self._request))
        return self._page("Schemas", found, _MOST_OF_CATALOG)

    def list_tables(self) -> ActionResult:
        found = self._ask(lambda connection: catalog.tables(connection, self._request))
        return self._page("Tables", found, _MOST_OF_CATALOG)

    def describe_table(self) -> ActionResult:
        found = self._ask(lambda connection: catalog.columns(connection, self._request))
        more = {"TableName": self._request.get("Table") or ""}
        return self._page("ColumnList", found, _MOST_OF_CATALOG, more)

    def _ask(self, question: Callable[[Connection], _Found]) -> _Found:
        """The answer of a connection that is made for it."""
        try:
            connection = self.engine.connect(self._request)
            try:
                return question(connection)
            finally:
                connection.close()
        except Failed as error:
            raise AwsError("ValidationException", str(error)) from None

    def _page(self, name: str, items: Sequence[Any], most: int, more: dict[str, Any] | None = None) -> ActionResult:
        """The *items* from where NextToken points, at most MaxResults of them."""
        try:
            start = int(base64.b64decode(self._request.get("NextToken") or "MA==", validate=True))
        except (ValueError, binascii.Error):
            raise AwsError("ValidationException", "The NextToken is not one that was given.") from None
        end = start + (self._request.get("MaxResults") or most)
        token = {"NextToken": base64.b64encode(str(end).encode()).decode()} if end < len(items) else {}
        return ActionResult({name: items[start:end], **(more or {}), **token})
