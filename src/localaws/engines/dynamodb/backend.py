"""The backend: one write at a time, so that a condition still holds when its write is done; and PartiQL."""

from __future__ import annotations

import copy
import re
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from typing import Any

from moto.dynamodb.exceptions import (
    AttributeDoesNotExist,
    DynamodbException,
    IncorrectDataType,
    InvalidUpdateExpressionInvalidDocumentPath,
    ResourceNotFoundException,
    TransactionCanceledException,
)
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

from localaws.engines.dynamodb.batches import Write, check_distinct, check_parts, key_of_item
from localaws.engines.dynamodb.items import TableEngine, WeighedItem
from localaws.engines.dynamodb.partiql.execution import Result, batch_error, execute, key_of, key_of_token
from localaws.engines.dynamodb.partiql.parser import ExistsCheck, Insert, Select, Statement, parse
from localaws.gateway.errors import AwsError

AttributeMap = dict[str, Any]
_TABLE_ARN = re.compile(r"arn:aws[\w-]*:dynamodb:[\w-]+:\d{12}:table/[\w.-]+")
_NO_KEY = "Select statements within BatchExecuteStatement must specify the primary key in the where clause."


#: What is wrong with an update only once there is an item to do it to.
_OF_THE_ITEM = (AttributeDoesNotExist, IncorrectDataType, InvalidUpdateExpressionInvalidDocumentPath)


class ValidationError(Exception):
    """Why a part of a transaction cannot be done; its name is what moto tells as the reason's code."""


class DynamoDBEngine(DynamoDBBackend):
    """moto asks a condition and writes in two steps; between them another thread may have written."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._writing = threading.RLock()
        self._transacting = False

    def put_item(self, *args: Any, **kwargs: Any) -> Item:
        with self._writing:
            return super().put_item(*args, **kwargs)

    def update_item(self, *args: Any, **kwargs: Any) -> Item:
        with self._writing:
            try:
                return super().update_item(*args, **kwargs)
            except _OF_THE_ITEM as error:
                if self._transacting:
                    raise ValidationError(error.message) from None
                raise

    def delete_item(self, *args: Any, **kwargs: Any) -> Item | None:
        with self._writing:
            return super().delete_item(*args, **kwargs)

    def transact_write_items(self, transact_items: list[dict[str, Any]]) -> None:
        """Raises TransactionCanceledException with a reason for each part that does not fit its table, and moto's."""
        parts = [part for item in transact_items for part in item.values()]
        with self._writing:
            check_parts((self.get_table(part["TableName"]), part) for part in parts)
            self._transacting = True
            try:
                super().transact_write_items(transact_items)
            finally:
                self._transacting = False

    def write(self, writes: Mapping[str, Iterable[Write]]) -> None:
        """Put or delete items of tables, by the tables' names."""
        with self._writing:
            for name, of_table in writes.items():
                table = self.get_table(name)
                assert isinstance(table, TableEngine)
                for write in of_table:
                    if isinstance(write, WeighedItem):
                        table.store(write)
                    else:
                        super().delete_item(name, write)

    def delete_table(self, name: str) -> Table:
        """Raises ResourceNotFoundException, which names the table."""
        if name.rpartition("/")[2] not in self.tables:
            raise ResourceNotFoundException(table_name=name)
        return super().delete_table(name)

    def update_time_to_live(self, table_name: str, ttl_spec: dict[str, Any]) -> None:
        self.get_table(table_name)  # raises ResourceNotFoundException
        super().update_time_to_live(table_name, ttl_spec)

    def describe_time_to_live(self, table_name: str) -> dict[str, Any]:
        self.get_table(table_name)
        return super().describe_time_to_live(table_name)

    def list_tags_of_resource(self, table_arn: str) -> list[dict[str, str]]:
        return self._table_of(table_arn).tags

    def tag_resource(self, arn: str, tags: dict[str, str]) -> None:
        """A key that the table has gets the new value (API reference, TagResource)."""
        table = self._table_of(arn)
        merged = {tag["Key"]: tag["Value"] for tag in table.tags} | tags
        table.tags = [{"Key": key, "Value": value} for key, value in merged.items()]

    def untag_resource(self, arn: str, tag_keys: list[str]) -> None:
        self._table_of(arn)
        super().untag_resource(arn, tag_keys)

    def _table_of(self, arn: str) -> Table:
        """Raises ValidationException for what is no table's ARN, ResourceNotFoundException for no table's."""
        if not _TABLE_ARN.fullmatch(arn):
            raise AwsError("ValidationException", f"Invalid TableArn: Invalid ResourceArn provided as input {arn}")
        table = next((each for each in self.tables.values() if each.table_arn == arn), None)
        if table is None:
            raise ResourceNotFoundException(f"Requested resource not found: ResourcArn: {arn} not found")
        return table

    def run_statement(
        self, text: str, parameters: list[AttributeMap], limit: int | None = None, token: str | None = None
    ) -> Result:
        """One PartiQL statement; *token* is the NextToken of the page before."""
        statement = parse(text, parameters)
        start = key_of_token(token)
        with self._writing:
            return execute(self, statement, limit, start)

    def run_transaction(self, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """All of *statements* or none of them; raises TransactionCanceledException with each one's reason."""
        parsed = [parse(each["Statement"], each.get("Parameters", [])) for each in statements]
        _check_alike("transaction", parsed)
        check_distinct(named for statement in parsed for named in self._key_named(statement))
        with self._writing:
            before = {name: copy.deepcopy(table) for name, table in self.tables.items()}
            responses, reasons = [], []
            for statement in parsed:
                try:
                    items = execute(self, statement).items
                    responses.append({"Item": items[0]} if items else {})
                    reasons.append((None, None, None))
                except (AwsError, DynamodbException) as error:
                    reason = batch_error(error_of(error))
                    reasons.append((reason["Code"], reason["Message"], None))  # type: ignore[arg-type]
            if any(code for code, _, _ in reasons):
                self.tables.update(before)
                raise TransactionCanceledException(reasons)
        return responses

    def _key_named(self, statement: Statement) -> Iterator[tuple[str, AttributeMap]]:
        """The table and the key of the one item that *statement* is of, if it is of one."""
        if isinstance(statement, Insert):
            yield statement.table, key_of_item(self.get_table(statement.table), statement.item)
        elif not isinstance(statement, ExistsCheck):
            with suppress(AwsError):
                yield statement.table, key_of(self.get_table(statement.table), statement.where)

    def run_batch(self, statements: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Each of *statements* by itself; what fails says so in its place."""
        parsed = [_parsed(each) for each in statements]
        _check_alike("batch", parsed)
        return [self._run_of_batch(each) for each in parsed]

    def _run_of_batch(self, statement: Statement | AwsError) -> dict[str, Any]:
        try:
            if isinstance(statement, AwsError):
                raise statement
            if isinstance(statement, Select):
                try:
                    key_of(self.get_table(statement.table), statement.where)
                except AwsError:
                    raise AwsError("ValidationException", _NO_KEY) from None
            with self._writing:
                items = execute(self, statement).items
        except Exception as error:
            return {"Error": batch_error(error_of(error))}
        name = getattr(statement, "table", None)
        return {"TableName": name} | ({"Item": items[0]} if items else {})


def _parsed(request: dict[str, Any]) -> Statement | AwsError:
    try:
        return parse(request["Statement"], request.get("Parameters", []))
    except AwsError as error:
        return error


def _check_alike(whole: str, statements: Iterable[Statement | AwsError]) -> None:
    """Raises ValidationException for statements that read and statements that write; the words are the API reference's
    (BatchExecuteStatement, ExecuteTransaction), where EXISTS is an exception."""
    kinds = {isinstance(each, Select) for each in statements if not isinstance(each, ExistsCheck | AwsError)}
    if len(kinds) > 1:
        said = "must consist of either read statements or write statements, you cannot mix both in one"
        raise AwsError("ValidationException", f"The entire {whole} {said} {whole}.")


def error_of(error: Exception) -> AwsError:
    """AWS's error of whatever a statement failed with; raises what is none."""
    if isinstance(error, AwsError):
        return error
    code = getattr(error, "error_type", None)
    if code is None:
        raise error
    return AwsError(code, str(getattr(error, "message", error)))
