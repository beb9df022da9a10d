"""Right answers to the exercises of 02_storage on DynamoDB, written in another way than the solution."""

from __future__ import annotations

from typing import Any

from boto3.dynamodb.conditions import Attr, Key
from boto3.dynamodb.types import TypeDeserializer
from botocore.exceptions import ClientError

Flight = dict[str, Any]


def item_by_day(flight: Flight) -> Flight:
    """The partition is a day's of an airport, written the other way round; the sort key is made for reading."""
    hour, minute = divmod(flight["sched_dep_time"], 100)
    sort = f"{hour:02}:{minute:02} {flight['carrier']} {flight['flight']:05}"
    return flight | {"pk": f"{flight['flight_date']}/{flight['origin']}", "sk": sort}


def departing_as_text(table: Any, origin: str, day: str, first: int, last: int) -> list[Flight]:
    found = table.query(
        KeyConditionExpression="pk = :pk AND sk BETWEEN :first AND :last",
        ExpressionAttributeValues={
            ":pk": f"{day}/{origin}",
            ":first": f"{first // 100:02}:{first % 100:02}",
            ":last": f"{last // 100:02}:{last % 100:02} ZZZ",
        },
    )
    return list(found["Items"])


def item_by_flight(flight: Flight) -> Flight:
    """What is alike of two flights comes last."""
    return {
        "pk": flight["origin"] + flight["flight_date"],
        "sk": str(10000 + flight["sched_dep_time"]) + "-" + flight["carrier"] + str(flight["flight"]),
        **flight,
    }


def departing_by_client(table: Any, origin: str, day: str, first: int, last: int) -> list[Flight]:
    """By the client below: the next minute ends it, and is itself not in it, for its items have longer keys."""
    pages = table.meta.client.get_paginator("query").paginate(
        TableName=table.name,
        KeyConditionExpression=Key("pk").eq(origin + day) & Key("sk").between(str(10000 + first), str(10001 + last)),
    )
    return [each for page in pages for each in page["Items"]]


def add_index_by_table(dynamodb: Any, table: str) -> None:
    """The notes stay out, the status goes in."""
    definitions = {"origin": "S", "held_since": "S"}
    dynamodb.update_table(
        TableName=table,
        AttributeDefinitions=[{"AttributeName": name, "AttributeType": kind} for name, kind in definitions.items()],
        GlobalSecondaryIndexUpdates=[
            {
                "Create": {
                    "IndexName": "waiting-by-airport",
                    "KeySchema": [
                        {"AttributeName": "origin", "KeyType": "HASH"},
                        {"AttributeName": "held_since", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["gate", "status"]},
                }
            }
        ],
    )


def held_sorted(table: Any, origin: str) -> list[Flight]:
    """Newest first by the index, and turned round."""
    found = table.query(
        IndexName="waiting-by-airport",
        KeyConditionExpression="origin = :origin",
        ExpressionAttributeValues={":origin": origin},
        ScanIndexForward=False,
    )["Items"]
    return found[::-1]


def add_index_by_moment(dynamodb: Any, table: str) -> None:
    """The other keys are in an index by themselves: the table's is."""
    keys = [{"AttributeName": "origin", "KeyType": "HASH"}, {"AttributeName": "held_since", "KeyType": "RANGE"}]
    projection = {"ProjectionType": "INCLUDE", "NonKeyAttributes": ["gate"]}
    create = {"IndexName": "open", "KeySchema": keys, "Projection": projection}
    named = [{"AttributeName": key["AttributeName"], "AttributeType": "S"} for key in keys]
    dynamodb.update_table(TableName=table, AttributeDefinitions=named, GlobalSecondaryIndexUpdates=[{"Create": create}])


def held_since_ever(table: Any, origin: str) -> list[Flight]:
    """By both keys, and by SQL: PartiQL on an index is a Query of it where it names the partition key."""
    condition = Key("origin").eq(origin) & Key("held_since").gt("1")
    return list(
        table.query(IndexName="open", KeyConditionExpression=condition, Select="ALL_PROJECTED_ATTRIBUTES")["Items"]
    )


def set_gate_without_reading(table: Any, flight_id: str, gate: str) -> bool:
    """What is decided by the item is decided where the item is."""
    try:
        table.update_item(
            Key={"flight_id": flight_id},
            UpdateExpression="SET gate = :gate, version = version + :one",
            ConditionExpression="attribute_exists(flight_id) AND #status <> :departed",
            ExpressionAttributeNames={"#status": "status"},
            ExpressionAttributeValues={":gate": gate, ":one": 1, ":departed": "departed"},
        )
    except ClientError as error:
        if error.response["Error"]["Code"] != "ConditionalCheckFailedException":
            raise
        return False
    return True


def set_gate_by_transaction(table: Any, flight_id: str, gate: str) -> bool:
    """The version is asked for in a transaction, and tried again without end."""
    client, key = table.meta.client, {"flight_id": flight_id}
    while True:
        item = table.get_item(Key=key, ConsistentRead=True)["Item"]
        if item["status"] == "departed":
            return False
        update = {
            "TableName": table.name,
            "Key": key,
            "UpdateExpression": "SET gate = :gate ADD version :one",
            "ConditionExpression": "version = :seen",
            "ExpressionAttributeValues": {":gate": gate, ":one": 1, ":seen": item["version"]},
        }
        try:
            client.transact_write_items(TransactItems=[{"Update": update}])
            return True
        except client.exceptions.TransactionCanceledException:
            continue


def set_gate_from_the_refusal(table: Any, flight_id: str, gate: str) -> bool:
    """The refused write brings the item as it is now: the next attempt needs no reading."""
    item = table.get_item(Key={"flight_id": flight_id})["Item"]
    while item["status"] != "departed":
        try:
            table.put_item(
                Item=item | {"gate": gate, "version": item["version"] + 1},
                ConditionExpression=Attr("version").eq(item["version"]),
                ReturnValuesOnConditionCheckFailure="ALL_OLD",
            )
            return True
        except table.meta.client.exceptions.ConditionalCheckFailedException as error:
            item = {name: TypeDeserializer().deserialize(value) for name, value in error.response["Item"].items()}
    return False


RIGHT: dict[str, list[Any]] = {
    "one_query": [(item_by_day, departing_as_text), (item_by_flight, departing_by_client)],
    "open_cases": [(add_index_by_table, held_sorted), (add_index_by_moment, held_since_ever)],
    "two_writers": [(set_gate_without_reading,), (set_gate_by_transaction,), (set_gate_from_the_refusal,)],
}
