"""DynamoDB on the wire: expressions are checked before anything is read, and UPDATED_NEW is what was named."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, cast

from moto.core.common_types import TYPE_RESPONSE
from moto.core.responses import ActionResult
from moto.dynamodb.parsing.ast_nodes import (  # type: ignore[attr-defined]
    ExpressionAttribute,
    ExpressionAttributeName,
    ExpressionSelector,
    UpdateExpressionAction,
    UpdateExpressionPath,
    UpdateExpressionSetAction,
)
from moto.dynamodb.parsing.expressions import UpdateExpressionParser  # type: ignore[attr-defined]
from moto.dynamodb.responses import DynamoHandler, DynamoResult, ProjectionExpressionParser

from localaws.engines.dynamodb.backend import DynamoDBEngine
from localaws.engines.dynamodb.batches import MAX_WRITES, check_distinct, check_key, check_parts, writes_of
from localaws.engines.dynamodb.conditions import ConditionError
from localaws.engines.dynamodb.encryption import check_key as check_key_of_kms
from localaws.engines.dynamodb.encryption import check_named
from localaws.engines.dynamodb.expressions import ExpressionParser, parse_key_condition
from localaws.engines.dynamodb.history import seconds
from localaws.engines.dynamodb.partiql.execution import token_of
from localaws.engines.dynamodb.paths import Parts, project
from localaws.engines.dynamodb.placeholders import check_placeholders
from localaws.engines.dynamodb.transfers import importing
from localaws.engines.dynamodb.values import check_values
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.gateway.reference import is_data_event

_UNITS = "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"


class DynamoEngineResponse(DynamoHandler):
    """Overrides PartiQL's operations, and what operations return."""

    @property
    def dynamodb_backend(self) -> DynamoDBEngine:
        return cast(DynamoDBEngine, super().dynamodb_backend)

    def call_action(self) -> TYPE_RESPONSE:
        request = getattr(self, "params", {})
        check_values(request)
        action = self._get_action()
        _check_expressions(action, request)
        if is_data_event("dynamodb", action):
            self._check_keys_of_kms()
        return super().call_action()

    def _check_keys_of_kms(self) -> None:
        """Raises AccessDeniedException for a table whose key of KMS the caller may not use, or nobody can."""
        backend = self.dynamodb_backend
        for arn in current_call.get().resources:
            table = backend.tables.get(arn.rpartition(":table/")[2].partition("/")[0])
            if table is not None and table.sse_specification:
                check_key_of_kms(backend.lab, table)

    def create_table(self) -> ActionResult:
        if self.body.get("BillingMode") == "PAY_PER_REQUEST" and self.body.get("ProvisionedThroughput"):
            raise AwsError("ValidationException", f"One or more parameter values were invalid: {_UNITS}")
        check_named(self.dynamodb_backend.lab, self.region, self.body.get("SSESpecification"))
        return _described_while(super().create_table(), "CREATING", {"WarmThroughput"})

    def update_table(self) -> ActionResult:
        """Raises ResourceNotFoundException for an index to change or delete that the table does not have."""
        check_named(self.dynamodb_backend.lab, self.region, self.body.get("SSESpecification"))
        if "ReplicaUpdates" in self.body:
            raise NotImplementedError("replicas of tables in other regions (global tables)")
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        indexes = {index.name for index in table.global_indexes}
        for update in self.body.get("GlobalSecondaryIndexUpdates") or []:
            for action, described in update.items():
                name = described["IndexName"]
                if action == "Create" and name in indexes:
                    raise AwsError("ValidationException", "Attempting to create an index which already exists")
                if action != "Create" and name not in indexes:
                    raise AwsError("ResourceNotFoundException", f"Requested resource not found: Index {name}")
        # A new index brings the attributes of its own keys; those of the table need not be said again (API reference,
        # UpdateTable, AttributeDefinitions).
        if given := {each["AttributeName"]: each for each in self.body.get("AttributeDefinitions") or []}:
            known = {each["AttributeName"]: each for each in table.attr}
            self.body["AttributeDefinitions"] = list((known | given).values())
        return super().update_table()

    def restore_table_to_point_in_time(self) -> ActionResult:
        """Raises TableNotFoundException for a source that there is not; it is named in one of two ways."""
        source = self.body.get("SourceTableName") or self.body["SourceTableArn"]
        self.body["SourceTableName"] = name = source.rpartition("/")[2]
        if name not in self.dynamodb_backend.tables:
            raise AwsError("TableNotFoundException", f"Source table not found: {name}")
        moment = None if self.body.get("UseLatestRestorableTime") else self.body.get("RestoreDateTime")
        restored = self.dynamodb_backend.restore_table_to_point_in_time(
            self.body["TargetTableName"], name, None if moment is None else seconds(moment)
        )
        return DynamoResult(restored.describe())

    def export_table_to_point_in_time(self) -> ActionResult:
        """Raises NotImplementedError for Amazon Ion, incremental exports and those of some items."""
        if (
            self.body.get("ExportFormat", "DYNAMODB_JSON") != "DYNAMODB_JSON"
            or self.body.get("ExportType", "FULL_EXPORT") != "FULL_EXPORT"
            or "FilterSpecification" in self.body
        ):
            raise NotImplementedError("exports but whole ones in DynamoDB JSON")
        return ActionResult({"ExportDescription": self.dynamodb_backend.export(self.body).response()})

    def import_table(self) -> ActionResult:
        """Raises NotImplementedError for Amazon Ion and ZSTD, ResourceInUseException for a table that there is."""
        if self.body["InputFormat"] not in ("DYNAMODB_JSON", "CSV") or self.body.get("InputCompressionType") == "ZSTD":
            raise NotImplementedError("imports but of DynamoDB JSON and CSV, plain or by gzip")
        name = self.body["TableCreationParameters"]["TableName"]
        if name in self.dynamodb_backend.tables:
            raise AwsError("ResourceInUseException", f"Table already exists: {name}")
        token = importing.set(self.body)
        try:
            return super().import_table()
        finally:
            importing.reset(token)

    def list_exports(self) -> ActionResult:
        """Those of one table, or of all (API reference, ListExports, TableArn)."""
        if "TableArn" in self.body:
            return super().list_exports()
        exports = self.dynamodb_backend.table_exports.values()
        told = [{"ExportArn": e.arn, "ExportStatus": e.status, "ExportType": e.export_type} for e in exports]
        return ActionResult({"ExportSummaries": told})

    def delete_table(self) -> ActionResult:
        unsaid = {"AttributeDefinitions", "CreationDateTime", "KeySchema", "WarmThroughput"}
        return _described_while(super().delete_table(), "DELETING", unsaid)

    def batch_write_item(self) -> ActionResult:
        """Look at all requests before the first is done: what is refused is refused whole (API reference, "Errors")."""
        items = self.body["RequestItems"]
        if sum(map(len, items.values())) > MAX_WRITES:
            raise AwsError("ValidationException", "Too many items requested for the BatchWriteItem call")
        writes = {name: writes_of(self.dynamodb_backend.get_table(name), items[name]) for name in items}
        left = self.dynamodb_backend.write_some(writes)
        unprocessed = {name: [items[name][position] for position in positions] for name, positions in left.items()}
        return self._as_asked(ActionResult({"ItemCollectionMetrics": {}, "UnprocessedItems": unprocessed}))

    def batch_get_item(self) -> ActionResult:
        for name, asked in self.body["RequestItems"].items():
            for key in asked["Keys"]:
                check_key(self.dynamodb_backend.get_table(name), key)
        return self._as_asked(super().batch_get_item())

    def get_item(self) -> ActionResult:
        self._check_key()
        return super().get_item()

    def delete_item(self) -> ActionResult:
        self._check_key()
        return super().delete_item()

    def _check_key(self) -> None:
        check_key(self.dynamodb_backend.get_table(self.body["TableName"]), self.body["Key"])

    def transact_get_items(self) -> ActionResult:
        """Raises TransactionCanceledException for a key that is none; returns of each item what is asked for."""
        asked = [each["Get"] for each in self.body["TransactItems"]]
        check_distinct((each["TableName"], each["Key"]) for each in asked)
        check_parts((self.dynamodb_backend.get_table(each["TableName"]), each) for each in asked)
        answer = super().transact_get_items()
        result = cast(dict[str, Any], answer.result)
        return DynamoResult(result | {"Responses": [self._projected(each) for each in asked]})

    def _projected(self, get: dict[str, Any]) -> dict[str, Any]:
        names = get.get("ExpressionAttributeNames") or {}
        wanted = ProjectionExpressionParser(get.get("ProjectionExpression"), names).parse()
        item = self.dynamodb_backend.get_item(get["TableName"], get["Key"], wanted)
        return item.describe_attrs(None) if item else {}

    def transact_write_items(self) -> ActionResult:
        """A request whose token has been seen is not done again (API reference, ClientRequestToken)."""
        backend, token, items = self.dynamodb_backend, self.body.get("ClientRequestToken"), self.body["TransactItems"]
        asked = copy.deepcopy(items)  # moto completes the items that it is given
        if backend.transactions.is_done(token, asked, backend.lab.clock.time()):
            return DynamoResult({})
        answer = self._as_asked(super().transact_write_items())
        backend.transactions.note(token, asked, backend.lab.clock.time())
        return answer

    def _as_asked(self, answer: ActionResult) -> ActionResult:
        """*answer* with metrics of collections only if the request asks for them."""
        result = dict(cast(dict[str, Any], answer.result))
        if self.body.get("ReturnItemCollectionMetrics", "NONE") == "NONE":
            result.pop("ItemCollectionMetrics", None)
        return DynamoResult(result)

    def query(self) -> ActionResult:
        self._check_key_types()
        return super().query()

    def update_item(self) -> ActionResult:
        """Returns what ReturnValues asks for; UPDATED_OLD and UPDATED_NEW the attributes that the request names.

        Source: API reference, UpdateItem, ReturnValues.
        """
        self._check_key()
        wanted = self.body.get("ReturnValues", "NONE")
        if wanted not in ("UPDATED_OLD", "UPDATED_NEW"):
            return super().update_item()
        self.body["ReturnValues"] = wanted.replace("UPDATED", "ALL")
        answer = super().update_item()
        result = cast(dict[str, Any], answer.result)
        changed = project(result.pop("Attributes", {}), self._paths_named())
        return ActionResult(result | ({"Attributes": changed} if changed else {}))

    def execute_statement(self) -> ActionResult:
        found = self.dynamodb_backend.run_statement(
            self.body["Statement"], self.body.get("Parameters", []), self.body.get("Limit"), self.body.get("NextToken")
        )
        result: dict[str, Any] = {"Items": found.items}
        if found.last_key:
            last_key = {name: value.to_json() for name, value in found.last_key.items()}
            result |= {"LastEvaluatedKey": last_key, "NextToken": token_of(last_key)}
        return DynamoResult(result)

    def execute_transaction(self) -> ActionResult:
        backend, token = self.dynamodb_backend, self.body.get("ClientRequestToken")
        asked = self.body["TransactStatements"]
        if backend.transactions.is_done(token, asked, backend.lab.clock.time()):
            return DynamoResult({"Responses": []})
        responses = backend.run_transaction(asked)
        backend.transactions.note(token, asked, backend.lab.clock.time())
        return DynamoResult({"Responses": responses if any(responses) else []})

    def batch_execute_statement(self) -> ActionResult:
        return DynamoResult({"Responses": self.dynamodb_backend.run_batch(self.body["Statements"])})

    def _paths_named(self) -> list[Parts]:
        """The paths that the update expression (or AttributeUpdates) changes."""
        text = self.body.get("UpdateExpression")
        if not text:
            return [(name,) for name in self.body.get("AttributeUpdates", {})]
        names = self.body.get("ExpressionAttributeNames", {})
        return [_parts(path, names) for path in _changed_paths(UpdateExpressionParser.make(text))]

    def _check_key_types(self) -> None:
        """Refuse values of another type than the key's, before looking for them."""
        text = self.body.get("KeyConditionExpression")
        if not text:
            return
        table = self.dynamodb_backend.get_table(self.body["TableName"])
        schema = self.dynamodb_backend.get_schema(self.body["TableName"], self.body.get("IndexName"))
        values = self.body.get("ExpressionAttributeValues", {})
        hash_keys, range_keys, _ = parse_key_condition(
            key_condition_expression=text,
            expression_attribute_values=values,
            expression_attribute_names=self.body.get("ExpressionAttributeNames", {}),
            schema=schema,
        )
        types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
        given = [*hash_keys, *((name, value) for name, _, values in range_keys for value in values)]
        if any(types.get(name) not in value for name, value in given):
            message = "One or more parameter values were invalid: Condition parameter type does not match schema type"
            raise AwsError("ValidationException", message)


def _described_while(answer: ActionResult, status: str, unsaid: set[str]) -> ActionResult:
    """A table's description while AWS makes or deletes it, in which it leaves out what is *unsaid*."""
    told = cast(dict[str, Any], answer.result)["TableDescription"]
    shown = {name: value for name, value in told.items() if name not in unsaid}
    return DynamoResult({"TableDescription": shown | {"TableStatus": status}})


def _check_expressions(operation: str, request: dict[str, Any]) -> None:
    """Raise ValidationException for a condition or filter, here or in a transaction's parts, that cannot be asked."""
    for name_of_part, part in _parts_of_request(operation, request):
        for name in ("ConditionExpression", "FilterExpression"):
            text = part.get(name)
            if text is None:
                continue
            try:
                ExpressionParser(
                    text, part.get("ExpressionAttributeNames"), part.get("ExpressionAttributeValues")
                ).parse()
            except ConditionError as error:
                raise AwsError("ValidationException", f"Invalid {name}: {error}") from None
        check_placeholders(name_of_part, part)


def _parts_of_request(operation: str, request: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """What has expressions of its own: the request, the parts of a transaction, the tables of BatchGetItem."""
    yield operation, request
    for item in request.get("TransactItems") or []:
        yield from ((f"{name}Item", part) for name, part in item.items() if isinstance(part, dict))
    if operation == "BatchGetItem":
        yield from ((operation, part) for part in request["RequestItems"].values())


def _changed_paths(node: Any) -> Iterator[Any]:
    """The path on the left of each SET, REMOVE, ADD and DELETE."""
    for child in getattr(node, "children", None) or []:
        if isinstance(child, UpdateExpressionSetAction | UpdateExpressionAction):
            yield child.children[0]
        elif not isinstance(child, UpdateExpressionPath):
            yield from _changed_paths(child)


def _parts(path: Any, names: dict[str, str]) -> Parts:
    parts: list[str | int] = []
    for child in path.children:
        if isinstance(child, ExpressionAttributeName):
            parts.append(names[child.get_attribute_name_placeholder()])
        elif isinstance(child, ExpressionAttribute):
            parts.append(child.get_attribute_name())
        elif isinstance(child, ExpressionSelector):
            parts.append(child.get_index())
    return parts
