"""A table of DynamoDB of a check's own, and what an answer asks of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import boto3

from dehelpers.exercises.checks.resources import unique
from dehelpers.words.clients import client

Call = tuple[str, dict[str, Any]]


@dataclass(frozen=True)
class Watched:
    """A table as boto3's resource has it, whose calls are seen: `calls` are operations with their answers, in order."""

    table: Any
    calls: list[Call] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.calls]

    @property
    def evaluated(self) -> int:
        """Items that were read, whether or not a filter let them pass: these are billed."""
        return sum(int(answer.get("ScannedCount", 0)) for _, answer in self.calls)


@contextmanager
def table(hash_key: str, range_key: str = "") -> Iterator[str]:
    """An on-demand table whose keys are texts, gone at the end. Its name."""
    dynamodb, made = client("dynamodb"), unique("table")
    keys = {hash_key: "HASH"} | ({range_key: "RANGE"} if range_key else {})
    dynamodb.create_table(
        TableName=made,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": key, "AttributeType": "S"} for key in keys],
        KeySchema=[{"AttributeName": key, "KeyType": kind} for key, kind in keys.items()],
    )
    try:
        dynamodb.get_waiter("table_exists").wait(TableName=made, WaiterConfig={"Delay": 1})
        yield made
    finally:
        dynamodb.delete_table(TableName=made)


def fill(made: str, items: Iterable[dict[str, Any]]) -> None:
    with boto3.resource("dynamodb").Table(made).batch_writer() as batch:
        for item in items:
            batch.put_item(Item=item)


def watched(made: str, after: Callable[[str], None] | None = None) -> Watched:
    """The table *made*, to be given to an answer; *after* each of its calls is told the operation's name."""
    seen = Watched(boto3.resource("dynamodb").Table(made))

    def see(parsed: dict[str, Any], model: Any, **_: Any) -> None:
        seen.calls.append((model.name, parsed))
        if after:
            after(model.name)

    seen.table.meta.client.meta.events.register("after-call.dynamodb", see)
    return seen
