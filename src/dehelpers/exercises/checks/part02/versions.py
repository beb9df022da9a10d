"""An exercise on optimistic locking in DynamoDB: read, decide, write, and notice that somebody was faster."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3

from dehelpers.exercises.checks.items import fill, table, watched
from dehelpers.exercises.checks.part02.part import PART
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run

FLIGHT = {"flight_id": "UA1545", "gate": "B31", "status": "boarding", "remark": "", "version": 1}
READS = ("GetItem", "Query", "Scan", "TransactGetItems", "BatchGetItem", "ExecuteStatement")


class _Other:
    """Somebody who changes the flight whenever it has been read, as long as there are *changes* waiting."""

    def __init__(self, made: str, *changes: dict[str, str]) -> None:
        self.table, self.waiting = boto3.resource("dynamodb").Table(made), list(changes)

    def __call__(self, operation: str) -> None:
        if operation in READS and self.waiting:
            change = self.waiting.pop(0)
            sets = ", ".join(f"#{name} = :{name}" for name in change)
            self.table.update_item(
                Key={"flight_id": FLIGHT["flight_id"]},
                UpdateExpression=f"SET {sets} ADD version :one",
                ExpressionAttributeNames={f"#{name}": name for name in change},
                ExpressionAttributeValues={f":{name}": value for name, value in change.items()} | {":one": 1},
            )


@dataclass(frozen=True)
class _End:
    """What `set_gate` returned, the items of the table then, and how often somebody else had been at work."""

    said: Any
    items: list[dict[str, Any]]
    changed: int

    def __getitem__(self, name: str) -> Any:
        return next(item[name] for item in self.items if item["flight_id"] == FLIGHT["flight_id"])


def _set(set_gate: Callable[..., Any], *changes: dict[str, str], flight: str = "UA1545", **other: str) -> _End:
    """Have a gate set, of the flight with *other* facts, while somebody else makes *changes*."""
    with table("flight_id") as made:
        fill(made, [FLIGHT | other])
        somebody = _Other(made, *changes)
        said = run(set_gate, watched(made, somebody).table, flight, "C70")
        items = somebody.table.scan(ConsistentRead=True)["Items"]
    return _End(said, items, len(changes) - len(somebody.waiting))


@PART.exercise(
    "A gate that two people change",
    kind="fix",
    hints=(
        "Between reading the item and putting it back, somebody else may have put it. Who would notice?",
        "A ConditionExpression is judged together with the write. What is still true if nobody has changed the item?",
        "On ConditionalCheckFailedException begin again, with the item as it is now: a loop, with an end.",
    ),
)
def two_writers(set_gate: Callable[[Any, str, str], Any]) -> str:
    _alone(set_gate)
    _at_a_time(set_gate)
    departs = _set(set_gate, {"status": "departed"})
    if departs.changed and departs["gate"] == "C70":
        raise NotYet("The flight departed after it had been read, and got another gate after that.")
    return "Nothing is lost, whoever comes between, and a flight that has departed keeps its gate."


def _alone(set_gate: Callable[..., Any]) -> None:
    alone = _set(set_gate)
    if alone["gate"] != "C70" or alone.said is not True:
        raise NotYet(f"Nobody else is at work, the gate is {alone['gate']}, and `{alone.said!r:.20}` was returned.")
    if alone["version"] != 2:
        raise NotYet(f"The flight was changed, and its version, which was 1, is {alone['version']}: who would notice?")
    departed = _set(set_gate, status="departed")
    if departed["gate"] == "C70" or departed.said is not False:
        raise NotYet("A flight had departed: it should keep its gate, and `set_gate` return `False`.")


def _at_a_time(set_gate: Callable[..., Any]) -> None:
    both = _set(set_gate, {"remark": "wheelchair"})
    if both.changed and both["remark"] != "wheelchair":
        raise NotYet("Somebody wrote a remark after the item had been read, and the remark is lost.")
    if both["gate"] != "C70":
        raise NotYet("Somebody wrote a remark at the same time. Nothing was lost, and the gate was not set.")
    if both["version"] != 2 + both.changed:
        raise NotYet(f"Two people have changed the item, and its version went from 1 to {both['version']}.")
    often = _set(set_gate, *({"remark": str(number)} for number in range(3)))
    if often["gate"] != "C70":
        raise NotYet("Somebody was faster three times in a row, and the gate was not set in the end.")
