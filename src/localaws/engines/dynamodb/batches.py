"""Requests for many items: each is held against its table before the first is done.

Sources: DynamoDB API reference, BatchWriteItem ("DynamoDB rejects the entire batch write operation" if …) and
TransactWriteItems; what a wrong key gets where is what the conformance suite paritysuite/dynamodb-conformance saw on
AWS: an empty one refuses the request, another makes a transaction's part a reason of its cancellation.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from moto.dynamodb.exceptions import (
    MockValidationException,
    MultipleTransactionsException,
    ProvidedKeyDoesNotExist,
    TransactionCanceledException,
)
from moto.dynamodb.models.table import Table

from localaws.engines.dynamodb.items import TableEngine, WeighedItem
from localaws.gateway.errors import AwsError

#: Puts and deletes of one request, in all its tables.
MAX_WRITES = 25
_EMPTY = "One or more parameter values are not valid. The AttributeValue for a key attribute cannot contain an empty"

#: An item to put, or the key of one to delete.
Write = WeighedItem | dict[str, Any]
#: Why a part of a transaction cannot be done: code, message, and its item where that was asked for.
Reason = tuple[str | None, str | None, dict[str, Any] | None]


def writes_of(table: Table, requests: Sequence[dict[str, Any]]) -> list[Write]:
    """What *requests* ask of *table*. Raises ValidationException if one cannot be done, or two are of one item."""
    assert isinstance(table, TableEngine)
    writes: list[Write] = []
    keys = []
    for request in requests:
        put = request.get("PutRequest")
        key = key_of_item(table, put["Item"]) if put else request["DeleteRequest"]["Key"]
        check_key(table, key)
        keys.append(key)
        writes.append(table.new_item(put["Item"]) if put else key)
    if _repeat(keys):
        raise AwsError("ValidationException", "Provided list of item keys contains duplicates")
    return writes


def key_of_item(table: Table, item: dict[str, Any]) -> dict[str, Any]:
    """The attributes of *item* that are its key in *table*."""
    return {name: item[name] for name in table.table_key_attrs if name in item}


def check_key(table: Table, key: dict[str, Any]) -> None:
    """Raises ValidationException for what is no key of *table*."""
    for name, value in key.items():
        for kind, words in (("S", "string"), ("B", "binary")):
            if name in table.table_key_attrs and kind in value and not value[kind]:
                raise AwsError("ValidationException", f"{_EMPTY} {words} value. Key: {name}")
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    if set(key) != set(table.table_key_attrs) or any(types[name] not in value for name, value in key.items()):
        raise ProvidedKeyDoesNotExist


def check_parts(parts: Iterable[tuple[Table, dict[str, Any]]]) -> None:
    """Raises TransactionCanceledException, with a reason for each of a transaction's *parts*, if one cannot be done."""
    reasons = [_reason_of(table, part) for table, part in parts]
    if any(code for code, _, _ in reasons):
        raise TransactionCanceledException(reasons)


def _reason_of(table: Table, part: dict[str, Any]) -> Reason:
    """Why *part*, of a transaction, cannot be done in *table*: it has an item to put, or a key."""
    try:
        if "Item" in part:
            assert isinstance(table, TableEngine)
            table.new_item(part["Item"])
        else:
            check_key(table, part["Key"])
    except MockValidationException as error:
        return "ValidationError", error.message, None
    return None, None, None


def check_distinct(named: Iterable[tuple[str, dict[str, Any]]]) -> None:
    """Raises ValidationException where two parts of a transaction have the same table and key."""
    if _repeat([[table, key] for table, key in named]):
        raise MultipleTransactionsException


def _repeat(values: Sequence[Any]) -> bool:
    return len({json.dumps(each, sort_keys=True) for each in values}) < len(values)
