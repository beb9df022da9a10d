"""Exercises on keys of DynamoDB: a question that one Query answers, and an index that has only what is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dehelpers.exercises.checks.items import Watched, fill, table, watched
from dehelpers.exercises.checks.part02.part import PART, departures
from dehelpers.exercises.outcome import NotYet, SetupFault
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.waiting import wait

DAY, NEXT_DAY, END = "2013-07-11", "2013-07-12", "2013-07-13"
QUESTIONS = (("JFK", DAY, 600, 659), ("EWR", NEXT_DAY, 930, 1015), ("LGA", DAY, 900, 900))


@PART.exercise(
    "One question, one Query",
    kind="write",
    hints=(
        "A Query reads one partition key, in the order of the sort key. What do all flights of one answer share?",
        "Sort keys are compared as texts, from the left: there `930` comes after `1015`. And two flights may be due at "
        "the same minute.",
        "With `0659#UA#1545` as a sort key, BETWEEN `0600` AND `0659` ends too early. Which text comes after all that "
        "begin with `0659#`?",
    ),
)
def one_query(item: Callable[[dict[str, Any]], Any], departing: Callable[..., Any]) -> str:
    flights = departures(DAY, END, 500, 1100)
    items = [_item(run(item, dict(flight)), flight) for flight in flights]
    if double := len(items) - len({(each["pk"], each["sk"]) for each in items}):
        raise NotYet(f"{len(flights)} flights, and {double} of them replace another: they have the same `pk` and `sk`.")
    with table("pk", "sk") as made:
        fill(made, items)
        answers = [_asked(departing, made, flights, *question) for question in QUESTIONS]
    return (
        f"{sum(answers)} items were read for {sum(answers)} that were returned, of {len(items)} in the table: the "
        "answer takes as long in a table of a billion."
    )


def _item(made: Any, flight: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(made, dict) or not all(isinstance(made.get(key), str) for key in ("pk", "sk")):
        raise NotYet(f"`item` should return the flight, a dict, with texts as `pk` and `sk`, not `{made!r:.60}`.")
    if lost := [fact for fact in flight if made.get(fact) != flight[fact]]:
        raise NotYet(f"`item` should keep what the flight has, and `{lost[0]}` is not in it as it was.")
    return made


def _asked(departing: Callable[..., Any], made: str, flights: list[dict[str, Any]], *question: Any) -> int:
    """Ask one question, and look at what was called for it. How many flights are in the answer."""
    origin, day, first, last = question
    right = [
        flight
        for flight in flights
        if (flight["origin"], flight["flight_date"]) == (origin, day) and first <= flight["sched_dep_time"] <= last
    ]
    seen = watched(made)
    said = f"From {origin}, {first:04} to {last:04}"
    found = _flights(run(departing, seen.table, *question))
    _one_query_only(seen)
    if missing := [flight for flight in right if _name(flight) not in found]:
        late = all(flight["sched_dep_time"] == last for flight in missing)
        where = "All of them are due at the last minute." if late else "In which order are texts compared?"
        raise NotYet(f"{said}: {len(missing)} of {len(right)} flights are missing. {where}")
    if len(found) > len(right):
        raise NotYet(f"{said}: {len(right)} flights, and there are {len(found)} in the answer.")
    if seen.evaluated > len(right):
        raise NotYet(
            f"{said}: DynamoDB read {seen.evaluated} items, and billed them, to return {len(right)}. A filter comes "
            "after the reading; the condition on the keys comes before it."
        )
    times = [flight["sched_dep_time"] for name in found for flight in right if _name(flight) == name]
    if times != sorted(times):
        raise NotYet(f"{said}: the flights are not in the order of their times.")
    return len(right)


def _one_query_only(seen: Watched) -> None:
    if "Scan" in seen.names:
        raise NotYet("It was asked by Scan, which reads, and bills, the whole table for each display in the hall.")
    if seen.names != ["Query"]:
        raise NotYet(f"One Query should do. It was asked by: {', '.join(seen.names) or 'nothing at all'}.")


def _name(flight: dict[str, Any]) -> tuple[Any, ...]:
    return flight["carrier"], int(flight["flight"]), int(flight["sched_dep_time"])


def _flights(answer: Any) -> list[tuple[Any, ...]]:
    """The flights of an answer, by what tells them apart."""
    try:
        return [_name(each) for each in answer]
    except (TypeError, KeyError, ValueError):
        raise NotYet(f"`departing` should return a list of items, and returned `{answer!r:.60}`.") from None


NOTES = "crew informed, passengers rebooked. " * 40
HELD = {7: "2013-07-11T09:40", 19: "2013-07-11T06:15", 23: "2013-07-11T21:05", 41: "2013-07-11T12:30"}
GATES = {7: "B31", 19: "A12", 23: "C70", 41: "B02"}


def _board() -> list[dict[str, Any]]:
    """Sixty flights with long notes. Four are held, of them three at JFK: only these have `held_since`."""
    return [
        {"flight_id": f"f{number:02}", "origin": "LGA" if number == 41 else "JFK", "notes": NOTES}
        | ({"held_since": HELD[number], "gate": GATES[number]} if number in HELD else {"gate": "B20"})
        for number in range(60)
    ]


@PART.exercise(
    "An index of what is open",
    kind="write",
    hints=(
        "`update_table` takes GlobalSecondaryIndexUpdates with one Create; key attributes that are new to the table "
        "have to stand in AttributeDefinitions.",
        "An item without the attributes that are the keys of an index is not in that index. Which flights are to be?",
        "An index keeps its keys and the table's, and what `Projection` adds: INCLUDE with NonKeyAttributes.",
    ),
)
def open_cases(add_index: Callable[[Any, str], Any], held: Callable[[Any, str], Any]) -> str:
    with table("flight_id") as made:
        fill(made, _board())
        run(add_index, client("dynamodb"), made)
        index = _index(made)
        wait(lambda: _index(made)["IndexStatus"], until="ACTIVE", what=f"index of {made}", quiet=True, timeout=900)
        _compare(held, made, ["f19", "f07", "f23"])
        _small(made, str(index["IndexName"]))
        client("dynamodb").update_item(
            TableName=made, Key={"flight_id": {"S": "f07"}}, UpdateExpression="REMOVE held_since"
        )
        _until_gone(held, made, "f07")
    return f"The index has {len(HELD)} of {len(_board())} items and no notes. A flight that leaves is out of it."


def _index(made: str) -> dict[str, Any]:
    indexes = client("dynamodb").describe_table(TableName=made)["Table"].get("GlobalSecondaryIndexes", [])
    if len(indexes) != 1:
        raise NotYet(f"The table should have one index after `add_index`, and has {len(indexes)}.")
    return dict(indexes[0])


def _ids(held: Callable[..., Any], made: str) -> list[str]:
    """The flights that `held` finds, each with its gate and since when."""
    seen = watched(made)
    try:
        found = [dict(each) for each in run(held, seen.table, "JFK")]
    except (TypeError, ValueError):
        raise NotYet("`held` should return a list of items.") from None
    if "Scan" in seen.names:
        raise NotYet("`held` scans. An index that has to be scanned is a second table to scan.")
    if set(seen.names) != {"Query"}:
        raise NotYet(f"`held` called {', '.join(seen.names) or 'nothing'}: all it needs can be in the index.")
    if seen.evaluated > len(found):
        raise NotYet(f"`held` read {seen.evaluated} items to return {len(found)}: choose keys that need no filter.")
    for each in found:
        if lost := [name for name in ("flight_id", "gate", "held_since") if name not in each]:
            raise NotYet(f"An item of the answer has no `{lost[0]}`. What is in the index beside its keys?")
    return [str(each["flight_id"]) for each in found]


def _compare(held: Callable[..., Any], made: str, right: list[str]) -> None:
    found = _ids(held, made)
    if sorted(found) != sorted(right):
        raise NotYet(f"{len(right)} flights are held at JFK, and `held` found {len(found)}, some of them others.")
    if found != right:
        raise NotYet("These are the flights. The one that has waited longest should come first.")


def _small(made: str, index: str) -> None:
    items = client("dynamodb").scan(TableName=made, IndexName=index)["Items"]
    if len(items) > len(HELD):
        raise NotYet(f"The index has {len(items)} items, and {len(HELD)} flights are held: each costs storage, writes.")
    if any("notes" in each for each in items):
        raise NotYet("The index has a copy of the notes, too: they are written twice, and nobody reads them there.")


def _until_gone(held: Callable[..., Any], made: str, flight: str) -> None:
    """An index follows its table within moments ("Global secondary indexes", eventual consistency)."""
    deadline = time.monotonic() + 20
    while flight in _ids(held, made):
        if time.monotonic() > deadline:
            raise SetupFault("A flight that is no longer held is still in the index after 20 s.")
        time.sleep(0.2)
