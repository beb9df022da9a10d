"""Wrong answers to the exercises of 02_storage on DynamoDB."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from boto3.dynamodb.conditions import Attr, Key

from tests.exercises.right_items import Flight


def keys(pk: str, sk: str) -> Callable[[Flight], Flight]:
    """An `item` that writes its keys by these patterns."""
    return lambda flight: {**flight, "pk": pk.format(**flight), "sk": sk.format(**flight)}


def between(
    pk: str = "{origin}#{day}", low: str = "{first:04}", high: str = "{last:04}#~", **more: Any
) -> Callable[..., list[Flight]]:
    """A `departing` by one Query with these patterns."""

    def answer(table: Any, origin: str, day: str, first: int, last: int) -> list[Flight]:
        given = {"origin": origin, "day": day, "first": first, "last": last}
        due = Key("sk").between(low.format(**given), high.format(**given))
        return list(table.query(KeyConditionExpression=Key("pk").eq(pk.format(**given)) & due, **more)["Items"])

    return answer


def scanning(table: Any, origin: str, day: str, first: int, last: int) -> list[Flight]:
    wanted = Attr("origin").eq(origin) & Attr("flight_date").eq(day) & Attr("sched_dep_time").between(first, last)
    return list(table.scan(FilterExpression=wanted)["Items"])


def filtering(table: Any, origin: str, day: str, first: int, last: int) -> list[Flight]:
    wanted = Attr("sched_dep_time").between(first, last)
    found = table.query(KeyConditionExpression=Key("pk").eq(f"{origin}#{day}"), FilterExpression=wanted)
    return list(found["Items"])


def minute_by_minute(table: Any, origin: str, day: str, first: int, last: int) -> list[Flight]:
    found = []
    for due in range(first, last + 1):
        condition = Key("pk").eq(f"{origin}#{day}") & Key("sk").begins_with(f"{due:04}")
        found += table.query(KeyConditionExpression=condition)["Items"]
    return found


GOOD = keys("{origin}#{flight_date}", "{sched_dep_time:04}#{carrier}#{flight}")


def index(*range_key: str, projection: str = "INCLUDE", hash_key: str = "origin") -> Callable[[Any, str], None]:
    """An `add_index` with these keys."""

    def answer(dynamodb: Any, table: str) -> None:
        names = [hash_key, *range_key]
        keys = [{"AttributeName": name, "KeyType": kind} for name, kind in zip(names, ("HASH", "RANGE"), strict=False)]
        more = {"NonKeyAttributes": ["gate"]} if projection == "INCLUDE" else {}
        create = {"IndexName": "held", "KeySchema": keys, "Projection": {"ProjectionType": projection, **more}}
        dynamodb.update_table(
            TableName=table,
            AttributeDefinitions=[{"AttributeName": name, "AttributeType": "S"} for name in names],
            GlobalSecondaryIndexUpdates=[{"Create": create}],
        )

    return answer


def held(table: Any, origin: str, **more: Any) -> list[Flight]:
    return list(table.query(IndexName="held", KeyConditionExpression=Key("origin").eq(origin), **more)["Items"])


def held_newest_first(table: Any, origin: str) -> list[Flight]:
    return held(table, origin, ScanIndexForward=False)


def held_filtered(table: Any, origin: str) -> list[Flight]:
    return held(table, origin, FilterExpression=Attr("held_since").exists())


def held_scanned(table: Any, origin: str) -> list[Flight]:
    return sorted(table.scan(IndexName="held")["Items"], key=lambda each: str(each["held_since"]))


def held_and_fetched(table: Any, origin: str) -> list[Flight]:
    return [table.get_item(Key={"flight_id": each["flight_id"]})["Item"] for each in held(table, origin)]


Set = Callable[[Any, str, str], Any]


def puts(
    condition: Callable[[Flight], Any] | None = None, tries: int = 5, version: int = 1, late: Any = False
) -> tuple[Set]:
    """A `set_gate` that reads and puts under a condition, and tries so often."""

    def answer(table: Any, flight_id: str, gate: str) -> Any:
        for _ in range(tries):
            item = table.get_item(Key={"flight_id": flight_id})["Item"]
            if item["status"] == "departed":
                return late
            more = {"ConditionExpression": condition(item)} if condition else {}
            try:
                table.put_item(Item=item | {"gate": gate, "version": item["version"] + version}, **more)
                return True
            except table.meta.client.exceptions.ConditionalCheckFailedException:
                continue
        return False

    return (answer,)


def updates_after_reading(table: Any, flight_id: str, gate: str) -> bool:
    """The update loses nothing, and what it was decided by may have changed."""
    if table.get_item(Key={"flight_id": flight_id})["Item"]["status"] == "departed":
        return False
    table.update_item(
        Key={"flight_id": flight_id},
        UpdateExpression="SET gate = :gate ADD version :one",
        ExpressionAttributeValues={":gate": gate, ":one": 1},
    )
    return True


def same_version(item: Flight) -> Any:
    return Attr("version").eq(item["version"])


WRONG: dict[str, list[tuple[Any, str]]] = {
    "one_query": [
        ((GOOD, scanning), "asked by Scan"),
        ((GOOD, filtering), "A filter comes after"),
        ((GOOD, minute_by_minute), "One Query should do"),
        ((GOOD, between(high="{last:04}")), "due at the last minute"),
        ((GOOD, between(ScanIndexForward=False)), "not in the order"),
        ((keys("{origin}#{flight_date}", "{sched_dep_time:04}"), between()), "replace another"),
        (
            (keys("{origin}#{flight_date}", "{sched_dep_time}#{carrier}#{flight}"), between()),
            "order are texts compared",
        ),
        ((lambda flight: flight["origin"], between()), "texts as `pk` and `sk`"),
    ],
    "open_cases": [
        ((index("held_since", projection="ALL"), held), "copy of the notes"),
        ((index("held_since", projection="KEYS_ONLY"), held), "no `gate`"),
        ((index("gate"), held_filtered), "choose keys that need no filter"),
        ((index("held_since"), held_newest_first), "waited longest"),
        ((index("held_since"), held_scanned), "`held` scans"),
        ((index("held_since", projection="KEYS_ONLY"), held_and_fetched), "can be in the index"),
        ((lambda dynamodb, table: None, held), "should have one index"),
    ],
    "two_writers": [
        (puts(tries=1), "the remark is lost"),
        (puts(same_version, tries=1), "Nothing was lost, and the gate was not set"),
        (puts(same_version, tries=3), "faster three times in a row"),
        (puts(same_version, version=0), "who would notice"),
        (puts(same_version, late=None), "should keep its gate"),
        ((updates_after_reading,), "departed after it had been read"),
    ],
}
