"""Queries that are kept: named queries, and statements prepared for a workgroup."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from moto.athena.models import NamedQuery, PreparedStatement

from localaws.engines.athena.wire import invalid, missing, page

if TYPE_CHECKING:
    from localaws.engines.athena.backend import AthenaEngine

_MOST_IN_BATCH = 50


class SavedQueries:
    """The operations on named queries and prepared statements, of the response class."""

    engine: AthenaEngine
    if TYPE_CHECKING:

        def _get_param(self, name: str, default: Any = None) -> Any: ...

    # Named queries

    def create_named_query(self) -> str:
        workgroup = self._get_param("WorkGroup") or "primary"
        self._must_exist(workgroup)
        query_id = self.engine.create_named_query(
            self._get_param("Name"),
            self._get_param("Description") or "",
            self._get_param("Database"),
            self._get_param("QueryString"),
            workgroup,
        )
        return json.dumps({"NamedQueryId": query_id})

    def get_named_query(self) -> str:
        return json.dumps({"NamedQuery": _named(self._query())})

    def batch_get_named_query(self) -> str:
        ids = self._get_param("NamedQueryIds") or []
        if not 1 <= len(ids) <= _MOST_IN_BATCH:
            raise invalid(f"NamedQueryIds takes 1 to {_MOST_IN_BATCH} ids")
        kept = self.engine.named_queries
        unknown = [{"NamedQueryId": each, "ErrorCode": "INVALID_INPUT"} for each in ids if each not in kept]
        found = [_named(kept[each]) for each in ids if each in kept]
        return json.dumps({"NamedQueries": found, "UnprocessedNamedQueryIds": unknown})

    def list_named_queries(self) -> str:
        workgroup = self._get_param("WorkGroup") or "primary"
        self._must_exist(workgroup)
        ids = [each.id for each in self.engine.named_queries.values() if each.workgroup.name == workgroup]
        listed, token = page(ids, self._get_param("MaxResults"), self._get_param("NextToken"))
        return json.dumps({"NamedQueryIds": listed} | ({"NextToken": token} if token else {}))

    def update_named_query(self) -> str:
        query = self._query()
        query.name = self._get_param("Name")
        query.query_string = self._get_param("QueryString")
        if self._get_param("Description") is not None:
            query.description = self._get_param("Description")
        return "{}"

    def delete_named_query(self) -> str:
        del self.engine.named_queries[self._query().id]
        return "{}"

    def _query(self) -> NamedQuery:
        query_id = self._get_param("NamedQueryId")
        if query_id not in self.engine.named_queries:
            raise invalid(f"NamedQuery {query_id} was not found")
        return self.engine.named_queries[query_id]

    # Prepared statements: a name belongs to its workgroup

    def create_prepared_statement(self) -> str:
        name, workgroup = self._key()
        self._must_exist(workgroup)
        if (workgroup, name) in self.engine.prepared:
            raise invalid(f"Prepared Statement {name} already exists in WorkGroup {workgroup}")
        self._keep(name, workgroup)
        return "{}"

    def update_prepared_statement(self) -> str:
        self._statement()
        self._keep(*self._key())
        return "{}"

    def get_prepared_statement(self) -> str:
        return json.dumps({"PreparedStatement": _prepared(self._statement())})

    def batch_get_prepared_statement(self) -> str:
        """What is not found is named with the reason (API reference, UnprocessedPreparedStatementName)."""
        workgroup, kept = self._get_param("WorkGroup"), self.engine.prepared
        self._must_exist(workgroup)
        found, unknown = [], []
        for name in self._get_param("PreparedStatementNames"):
            if (workgroup, name) in kept:
                found.append(_prepared(kept[workgroup, name]))
            else:
                reason = {"ErrorCode": "STATEMENT_NOT_FOUND", "ErrorMessage": _not_found(name, workgroup)}
                unknown.append({"StatementName": name, **reason})
        return json.dumps({"PreparedStatements": found, "UnprocessedPreparedStatementNames": unknown})

    def list_prepared_statements(self) -> str:
        workgroup = self._get_param("WorkGroup")
        self._must_exist(workgroup)
        kept = [each for (group, _), each in sorted(self.engine.prepared.items()) if group == workgroup]
        listed, token = page(kept, self._get_param("MaxResults"), self._get_param("NextToken"))
        summaries = [
            {key: value for key, value in _prepared(each).items() if key in ("StatementName", "LastModifiedTime")}
            for each in listed
        ]
        return json.dumps({"PreparedStatements": summaries} | ({"NextToken": token} if token else {}))

    def delete_prepared_statement(self) -> str:
        self._statement()
        del self.engine.prepared[self._key()[::-1]]
        return "{}"

    def _keep(self, name: str, workgroup: str) -> None:
        statement = PreparedStatement(
            statement_name=name,
            workgroup=workgroup,  # type: ignore[arg-type]
            query_statement=self._get_param("QueryStatement"),
            description=self._get_param("Description") or "",
        )
        statement.last_modified_time = self.engine.lab.clock.now()
        self.engine.prepared[workgroup, name] = statement

    def _key(self) -> tuple[str, str]:
        return self._get_param("StatementName"), self._get_param("WorkGroup")

    def _statement(self) -> PreparedStatement:
        name, workgroup = self._key()
        if (workgroup, name) not in self.engine.prepared:
            raise missing(_not_found(name, workgroup))
        return self.engine.prepared[workgroup, name]

    def _must_exist(self, workgroup: str) -> None:
        if workgroup not in self.engine.work_groups:
            raise invalid(f"WorkGroup {workgroup} is not found.")


def _named(query: NamedQuery) -> dict[str, Any]:
    return {
        "Name": query.name,
        "Description": query.description,
        "Database": query.database,
        "QueryString": query.query_string,
        "NamedQueryId": query.id,
        "WorkGroup": query.workgroup.name,
    }


def _not_found(name: str, workgroup: str) -> str:
    return f"PreparedStatement {name} was not found in workGroup {workgroup}"


def _prepared(statement: PreparedStatement) -> dict[str, Any]:
    return {
        "StatementName": statement.statement_name,
        "QueryStatement": statement.query_statement,
        "WorkGroupName": statement.workgroup,
        "Description": statement.description,
        "LastModifiedTime": statement.last_modified_time.timestamp(),
    }
