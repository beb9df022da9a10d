"""Transactions among themselves: conflicts, and requests that are told twice.

Source: DynamoDB developer guide, "Amazon DynamoDB Transactions: How it works"; API reference, TransactWriteItems.
"""

from __future__ import annotations

import uuid
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.test_dynamodb_capacity import make


def add(name: str, *keys: str) -> list[dict[str, Any]]:
    """A transaction that adds one to items."""
    change = {"UpdateExpression": "ADD c :one", "ExpressionAttributeValues": {":one": {"N": "1"}}}
    return [{"Update": {"TableName": name, "Key": {"k": {"S": k}, "n": {"N": "1"}}, **change}} for k in keys]


def count(client: Any, name: str, key: str) -> int:
    item = client.get_item(TableName=name, Key={"k": {"S": key}, "n": {"N": "1"}}, ConsistentRead=True)
    return int(item.get("Item", {"c": {"N": "0"}})["c"]["N"])


def test_transactions_conflict_and_none_is_lost(lab: RunningLab) -> None:
    """ "Transaction conflict handling": a transaction with an item that another one has is cancelled, with the reason
    TransactionConflict for that item; those that are done are done whole."""
    client = lab.client("dynamodb")
    name = make(client, "transaction-conflicts")

    def try_once(number: int) -> str:
        try:
            client.transact_write_items(TransactItems=add(name, "shared", f"own-{number % 8}"))
        except ClientError as error:
            assert error.response["Error"]["Code"] == "TransactionCanceledException"
            codes = [reason["Code"] for reason in error.response["CancellationReasons"]]
            assert "TransactionConflict" in codes
            return "conflict"
        return "done"

    seen: list[str] = []
    with ThreadPoolExecutor(8) as pool:
        while "conflict" not in seen and len(seen) < 4000:
            seen += pool.map(try_once, range(200))
    assert "conflict" in seen
    done = seen.count("done")
    assert count(client, name, "shared") == done
    assert sum(count(client, name, f"own-{number}") for number in range(8)) == done


def test_a_token_is_done_once(lab: RunningLab) -> None:
    """ "Idempotency": the same token and the same request within ten minutes changes nothing more; with another
    request it is IdempotentParameterMismatchException."""
    client = lab.client("dynamodb")
    name = make(client, "transaction-tokens")
    token = str(uuid.uuid4())
    for _ in range(3):
        client.transact_write_items(TransactItems=add(name, "a", "b"), ClientRequestToken=token)
    assert count(client, name, "a") == 1
    with pytest.raises(ClientError, match="IdempotentParameterMismatchException"):
        client.transact_write_items(TransactItems=add(name, "a"), ClientRequestToken=token)
    client.transact_write_items(TransactItems=add(name, "a"), ClientRequestToken=str(uuid.uuid4()))
    assert count(client, name, "a") == 2
    statements = [{"Statement": f"INSERT INTO \"{name}\" VALUE {{'k': 'p', 'n': 1, 'c': 5}}"}]
    for _ in range(2):
        client.execute_transaction(TransactStatements=statements, ClientRequestToken=token[:-1] + "x")
    assert count(client, name, "p") == 5


def test_there_are_no_replicas(lab: RunningLab) -> None:
    """The lab is one region at a time, and says so; nothing is done."""
    client = lab.client("dynamodb")
    name = make(client, "transaction-replicas")
    update = [{"Create": {"RegionName": "eu-west-1"}}]
    with pytest.raises(ClientError) as error:
        client.update_table(TableName=name, ReplicaUpdates=update)
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 501
    assert "Replicas" not in client.describe_table(TableName=name)["Table"]
