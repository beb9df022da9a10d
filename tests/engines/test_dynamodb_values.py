"""AttributeValues have one type and numbers a range; answers hold capacity only where it is asked for.

API reference (AttributeValue, UpdateItem, ListExports), developer guide ("Number"); words as DynamoDB's clients quote
them.
"""

from __future__ import annotations

from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

EMPTY = "Supplied AttributeValue is empty, must contain exactly one of the supported datatypes"
TWO = "Supplied AttributeValue has more than one datatypes set, must contain exactly one of the supported datatypes"
NO_NUMBER = "The parameter cannot be converted to a numeric value: "
DIGITS = "Attempting to store more than 38 significant digits in a Number"
OVERFLOW = "Number overflow. Attempting to store a number with magnitude larger than supported range"
UNDERFLOW = "Number underflow. Attempting to store a number with magnitude smaller than supported range"


@pytest.fixture(scope="module")
def table(lab: RunningLab) -> Any:
    config = Config(parameter_validation=False, retries={"max_attempts": 1, "mode": "standard"})
    client = lab.client("dynamodb", config=config)
    client.create_table(
        TableName="values",
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    return client


def refused(call: Any, **arguments: Any) -> tuple[str, str]:
    with pytest.raises(ClientError) as error:
        call(**arguments)
    return error.value.response["Error"]["Code"], error.value.response["Error"]["Message"]


VALUES = [
    ({}, EMPTY),
    ({"S": "a", "N": "1"}, TWO),
    ({"N": "abc"}, NO_NUMBER + "abc"),
    ({"N": ""}, NO_NUMBER),
    ({"N": "NaN"}, NO_NUMBER + "NaN"),
    ({"N": "1_0"}, NO_NUMBER + "1_0"),
    ({"N": "1" * 39}, DIGITS),
    ({"N": "1e126"}, OVERFLOW),
    ({"N": "-1e126"}, OVERFLOW),
    ({"N": "1e-131"}, UNDERFLOW),
    ({"NS": ["1", "x"]}, NO_NUMBER + "x"),
    ({"L": [{"M": {"deep": {}}}]}, EMPTY),
]


@pytest.mark.parametrize(("value", "message"), VALUES)
def test_what_is_no_value_is_refused_wherever_it_stands(table: Any, value: Any, message: str) -> None:
    item = {"id": {"S": "1"}, "value": value}
    expected = ("ValidationException", message)
    assert refused(table.put_item, TableName="values", Item=item) == expected
    assert refused(table.get_item, TableName="values", Key={"id": value}) == expected
    write = {"values": [{"PutRequest": {"Item": item}}]}
    assert refused(table.batch_write_item, RequestItems=write) == expected
    assert refused(table.batch_get_item, RequestItems={"values": {"Keys": [{"id": value}]}}) == expected
    put = {"Put": {"TableName": "values", "Item": item}}
    assert refused(table.transact_write_items, TransactItems=[put]) == expected
    got = {"Get": {"TableName": "values", "Key": {"id": value}}}
    assert refused(table.transact_get_items, TransactItems=[got]) == expected
    asked = {"KeyConditionExpression": "id = :v", "ExpressionAttributeValues": {":v": value}}
    named = f"ExpressionAttributeValues contains invalid value: {message} for key :v"
    assert refused(table.query, TableName="values", **asked) == ("ValidationException", named)


@pytest.mark.parametrize("number", ["0", "-0.0", "1e125", "9.9999999999999999999999999999999999999E+125", "1e-130"])
def test_numbers_at_the_edge_are_kept(table: Any, number: str) -> None:
    table.put_item(TableName="values", Item={"id": {"S": "edge"}, "n": {"N": number}})
    assert "N" in table.get_item(TableName="values", Key={"id": {"S": "edge"}})["Item"]["n"]


def test_a_write_that_writes_nothing(table: Any) -> None:
    assert refused(table.batch_write_item, RequestItems={"values": [{}]}) == ("ValidationException", TWO)
    code, message = refused(table.transact_write_items, TransactItems=[{}])
    assert code == "ValidationException"
    assert message.startswith("Invalid Request: TransactWriteRequest should contain")


@pytest.mark.parametrize("returned", ["NONE", "ALL_NEW", "UPDATED_NEW"])
def test_update_item_tells_of_capacity_as_it_is_asked(table: Any, returned: str) -> None:
    update = {
        "TableName": "values",
        "Key": {"id": {"S": "capacity"}},
        "UpdateExpression": "SET a = :a",
        "ExpressionAttributeValues": {":a": {"S": returned}},
        "ReturnValues": returned,
    }
    assert "ConsumedCapacity" not in table.update_item(**update)
    total = {"TableName": "values", "CapacityUnits": 1.0}
    assert table.update_item(**update, ReturnConsumedCapacity="TOTAL")["ConsumedCapacity"] == total
    indexes = table.update_item(**update, ReturnConsumedCapacity="INDEXES")["ConsumedCapacity"]
    assert indexes == total | {"Table": {"CapacityUnits": 1.0}}


def test_nothing_tells_of_capacity_unasked(table: Any) -> None:
    item, key = {"id": {"S": "quiet"}}, {"id": {"S": "quiet"}}
    answers = [
        table.put_item(TableName="values", Item=item),
        table.get_item(TableName="values", Key=key),
        table.query(
            TableName="values", KeyConditionExpression="id = :v", ExpressionAttributeValues={":v": {"S": "quiet"}}
        ),
        table.scan(TableName="values"),
        table.batch_write_item(RequestItems={"values": [{"PutRequest": {"Item": item}}]}),
        table.batch_get_item(RequestItems={"values": {"Keys": [key]}}),
        table.transact_write_items(TransactItems=[{"Put": {"TableName": "values", "Item": item}}]),
        table.transact_get_items(TransactItems=[{"Get": {"TableName": "values", "Key": key}}]),
        table.execute_statement(Statement='SELECT * FROM "values"'),
        table.delete_item(TableName="values", Key=key),
    ]
    assert [list(answer) for answer in answers if {"ConsumedCapacity", "ItemCollectionMetrics"} & answer.keys()] == []


def test_what_is_not_there(table: Any) -> None:
    assert refused(table.describe_time_to_live, TableName="none")[0] == "ResourceNotFoundException"
    change = [{"Delete": {"IndexName": "none"}}]
    gone = refused(table.update_table, TableName="values", GlobalSecondaryIndexUpdates=change)
    assert gone[0] == "ResourceNotFoundException"


def test_exports_of_all_tables(table: Any, lab: RunningLab) -> None:
    """API reference: ListExports' TableArn and ExportTableToPointInTime's S3Prefix are optional."""
    lab.client("s3").create_bucket(Bucket="exported-values")
    enabled = {"PointInTimeRecoveryEnabled": True}
    table.update_continuous_backups(TableName="values", PointInTimeRecoverySpecification=enabled)
    arn = table.describe_table(TableName="values")["Table"]["TableArn"]
    made = table.export_table_to_point_in_time(TableArn=arn, S3Bucket="exported-values")["ExportDescription"]
    assert made["ExportArn"] in [each["ExportArn"] for each in table.list_exports()["ExportSummaries"]]
