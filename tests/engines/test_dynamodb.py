"""DynamoDB's puts, as the API reference (PutItem, BatchWriteItem) and the developer guide ("Limits") have them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

STREAM = {"StreamEnabled": True, "StreamViewType": "NEW_AND_OLD_IMAGES"}


@pytest.fixture(scope="module")
def table(lab: RunningLab) -> Any:
    lab.client("dynamodb").create_table(
        TableName="puts",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}, {"AttributeName": "at", "KeyType": "RANGE"}],
        AttributeDefinitions=[
            {"AttributeName": "id", "AttributeType": "S"},
            {"AttributeName": "at", "AttributeType": "N"},
        ],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification=STREAM,
    )
    return lab.client("dynamodb")


def put(table: Any, item: dict[str, Any], **conditions: Any) -> str:
    """Put an item of typed attributes; the error code, or "" when it was stored."""
    try:
        table.put_item(TableName="puts", Item=item, **conditions)
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return ""


def key(name: str, at: int = 1) -> dict[str, Any]:
    return {"id": {"S": name}, "at": {"N": str(at)}}


def test_every_type_comes_back_as_it_was_put(table: Any) -> None:
    item = key("types") | {
        "text": {"S": "ü"},
        "empty": {"S": ""},
        "number": {"N": "1.50"},
        "bytes": {"B": b"\x00\xff"},
        "flag": {"BOOL": False},
        "nothing": {"NULL": True},
        "list": {"L": [{"N": "1"}, {"M": {"deep": {"S": "x"}}}]},
        "map": {"M": {"inner": {"BOOL": True}}},
        "texts": {"SS": ["a", "b"]},
        "blobs": {"BS": [b"1"]},
    }
    assert put(table, item) == ""
    found = table.get_item(TableName="puts", Key=key("types"))["Item"]
    found["texts"]["SS"].sort()
    assert found == item


def test_a_put_replaces_the_whole_item_and_the_stream_has_both_images(lab: RunningLab, table: Any) -> None:
    put(table, key("twice") | {"first": {"S": "1"}})
    put(table, key("twice") | {"second": {"S": "2"}})
    assert table.get_item(TableName="puts", Key=key("twice"))["Item"] == key("twice") | {"second": {"S": "2"}}
    streams = lab.client("dynamodbstreams")
    arn = table.describe_table(TableName="puts")["Table"]["LatestStreamArn"]
    shard = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"][0]["ShardId"]
    place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard, ShardIteratorType="TRIM_HORIZON")["ShardIterator"]
    changes = [r for r in streams.get_records(ShardIterator=place)["Records"] if r["dynamodb"]["Keys"] == key("twice")]
    assert [change["eventName"] for change in changes] == ["INSERT", "MODIFY"]
    assert changes[1]["dynamodb"]["OldImage"]["first"] == {"S": "1"}


def test_conditions_are_still_asked(table: Any) -> None:
    assert put(table, key("once"), ConditionExpression="attribute_not_exists(id)") == ""
    assert put(table, key("once"), ConditionExpression="attribute_not_exists(id)") == "ConditionalCheckFailedException"


@pytest.mark.parametrize(
    "item",
    [
        {"id": {"S": "no range key"}},
        {"id": {"N": "1"}, "at": {"N": "1"}},
        {"id": {"S": ""}, "at": {"N": "1"}},
        {"id": {"S": "x" * 2049}, "at": {"N": "1"}},
        key("not a number") | {"n": {"N": "one"}},
        key("too large") | {f"part{n}": {"S": "x" * 50_000} for n in range(9)},
    ],
    ids=["missing key", "wrong type", "empty key", "long key", "bad number", "over 400 KB"],
)
def test_what_cannot_be_stored_is_refused(table: Any, item: dict[str, Any]) -> None:
    assert put(table, item) == "ValidationException"


def test_a_batch_puts_and_deletes_and_refuses_the_same_key_twice(table: Any) -> None:
    puts = [{"PutRequest": {"Item": key("batch", n)}} for n in range(24)]
    table.batch_write_item(RequestItems={"puts": [*puts, {"DeleteRequest": {"Key": key("twice")}}]})
    query = {"TableName": "puts", "KeyConditionExpression": "id = :id"}
    assert table.query(**query, ExpressionAttributeValues={":id": {"S": "batch"}})["Count"] == 24
    with pytest.raises(ClientError) as error:
        table.batch_write_item(RequestItems={"puts": [puts[0], puts[0]]})
    assert error.value.response["Error"]["Code"] == "ValidationException"


def refusal_of(operation: Any, **request: Any) -> str:
    with pytest.raises(ClientError) as caught:
        operation(TableName="puts", **request)
    error = caught.value.response["Error"]
    assert error["Code"] == "ValidationException"
    return str(error["Message"])


def test_every_name_and_value_given_is_used(table: Any) -> None:
    """Developer guide, "Using expression attribute values": DynamoDB refuses what stands in no expression."""
    values = {":i": {"S": "a"}, ":w": {"N": "1"}, ":v": {"N": "1"}}
    condition = {"ConditionExpression": "id <> :i", "ExpressionAttributeValues": values}
    equal = {"KeyConditionExpression": "id = :i", "ExpressionAttributeValues": values}
    calls: list[tuple[Any, dict[str, Any]]] = [
        (table.scan, {"FilterExpression": "id = :i", "ExpressionAttributeValues": values}),
        (table.query, equal),
        (table.put_item, {"Item": key("a"), **condition}),
        (table.delete_item, {"Key": key("a"), **condition}),
        (table.update_item, {"Key": key("a"), "UpdateExpression": "SET x = :i", "ExpressionAttributeValues": values}),
    ]
    unused = "Value provided in ExpressionAttributeValues unused in expressions: keys: {:v, :w}"
    for call, request in calls:
        assert refusal_of(call, **request) == unused
    put = {"Put": {"TableName": "puts", "Item": key("a"), **condition}}
    with pytest.raises(ClientError, match="unused in expressions"):
        table.transact_write_items(TransactItems=[put])
    names = {"#i": "id", "#w": "at"}
    said = "Value provided in ExpressionAttributeNames unused in expressions: keys: {#w}"
    assert refusal_of(table.scan, ProjectionExpression="#i", ExpressionAttributeNames=names) == said
    asked = {"puts": {"Keys": [key("a")], "ProjectionExpression": "#i", "ExpressionAttributeNames": names}}
    with pytest.raises(ClientError, match="unused in expressions"):
        table.batch_get_item(RequestItems=asked)
    assert not table.get_item(TableName="puts", Key=key("a")).get("Item"), "a refused write wrote"
    used = {":low": {"N": "1"}, ":high": {"N": "2"}, ":one": {"N": "1"}, ":x": {"N": "3"}}
    table.update_item(
        TableName="puts",
        Key=key("sum"),
        UpdateExpression="SET #n = :high-:one",
        ConditionExpression="NOT (#n BETWEEN :low AND :x)",
        ExpressionAttributeNames={"#n": "n"},
        ExpressionAttributeValues=used,
    )
    assert table.get_item(TableName="puts", Key=key("sum"))["Item"]["n"] == {"N": "1"}


def test_names_and_values_come_with_an_expression(table: Any) -> None:
    """Developer guide, "Expression attribute names"; they belong to expressions alone."""
    values, names = {":w": {"N": "1"}}, {"#w": "at"}
    where = {
        table.scan: ({}, "FilterExpression is null"),
        table.put_item: ({"Item": key("b")}, "ConditionExpression is null"),
        table.delete_item: ({"Key": key("b")}, "ConditionExpression is null"),
        table.update_item: ({"Key": key("b")}, "UpdateExpression and ConditionExpression are null"),
    }
    only = "can only be specified when using expressions"
    for call, (request, expected) in where.items():
        said = refusal_of(call, **request, ExpressionAttributeValues=values)
        assert said == f"ExpressionAttributeValues {only}: {expected}"
        assert refusal_of(call, **request, ExpressionAttributeNames=names) == f"ExpressionAttributeNames {only}"
    assert (
        refusal_of(table.get_item, Key=key("b"), ExpressionAttributeNames=names) == f"ExpressionAttributeNames {only}"
    )
    empty = refusal_of(table.scan, FilterExpression="attribute_exists(id)", ExpressionAttributeValues={})
    assert empty == "ExpressionAttributeValues must not be empty"


def test_a_new_index_brings_the_attributes_of_its_own_keys(lab: RunningLab) -> None:
    """API reference, UpdateTable, AttributeDefinitions: of a new index its key elements; the table's are known."""
    dynamodb = lab.client("dynamodb")
    dynamodb.create_table(
        TableName="index-added",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.put_item(TableName="index-added", Item={"id": {"S": "1"}, "origin": {"S": "JFK"}})
    index = {
        "IndexName": "by-origin",
        "KeySchema": [{"AttributeName": "origin", "KeyType": "HASH"}],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }
    described = dynamodb.update_table(
        TableName="index-added",
        AttributeDefinitions=[{"AttributeName": "origin", "AttributeType": "S"}],
        GlobalSecondaryIndexUpdates=[{"Create": index}],
    )["TableDescription"]
    assert {each["AttributeName"] for each in described["AttributeDefinitions"]} == {"id", "origin"}
    assert dynamodb.scan(TableName="index-added", IndexName="by-origin")["Count"] == 1
