"""DynamoDB answers as AWS answered LocalStack's suite (tests/aws/services/dynamodb/test_dynamodb)."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, AnyOrder, Replay, assert_agreement, refusal

THROUGHPUT = {"ReadCapacityUnits": 5, "WriteCapacityUnits": 5}


def said(code: str, message: str, **more: Any) -> Answer:
    """DynamoDB says most messages twice: in ``Error`` and beside it."""
    return refusal(code, message, message=message, **more)


def definition(name: str, *keys: str) -> dict[str, Any]:
    """The arguments of CreateTable for a table with these text keys: the partition key and the sort key."""
    kinds = zip(keys, ("HASH", "RANGE"), strict=False)
    return {
        "TableName": name,
        "KeySchema": [{"AttributeName": key, "KeyType": kind} for key, kind in kinds],
        "AttributeDefinitions": [{"AttributeName": key, "AttributeType": "S"} for key in keys],
        "ProvisionedThroughput": THROUGHPUT,
    }


def table_of(replay: Replay, *keys: str) -> tuple[Any, str]:
    client = replay.client("dynamodb")
    name = replay.unique("table").replace("-", "_")
    client.create_table(**definition(name, *keys))
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    return client, name


def tables(replay: Replay) -> None:
    """The recording waits for the table to be ACTIVE before it describes it."""
    client = replay.client("dynamodb")
    name = replay.unique("table")
    told: Answer = {
        "DeletionProtectionEnabled": False,
        "ItemCount": 0,
        "ProvisionedThroughput": {"NumberOfDecreasesToday": 0, **THROUGHPUT},
        "TableArn": f"arn:aws:dynamodb:<region>:<account>:table/{name}",
        "TableId": "<id>",
        "TableName": name,
        "TableSizeBytes": 0,
    }
    keys = {
        "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
        "CreationDateTime": datetime,
        "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    }
    created = {"TableDescription": {**told, **keys, "TableStatus": "CREATING"}}
    replay.call("create", client.create_table, definition(name, "id"), created)
    client.get_waiter("table_exists").wait(TableName=name, WaiterConfig={"Delay": 1})
    warm = {"ReadUnitsPerSecond": 5, "Status": "ACTIVE", "WriteUnitsPerSecond": 5}
    described = {"Table": {**told, **keys, "TableStatus": "ACTIVE", "WarmThroughput": warm}}
    replay.call("describe", client.describe_table, {"TableName": name}, described)
    deleted = {"TableDescription": {**told, "TableStatus": "DELETING"}}
    replay.call("delete", client.delete_table, {"TableName": name}, deleted)
    missing = said("ResourceNotFoundException", "Requested resource not found: Table: non-existent not found")
    replay.call("delete missing", client.delete_table, {"TableName": "non-existent"}, missing)


def refused_tables(replay: Replay) -> None:
    """The recordings of these two hold an error's text, which has its code and message and no status."""
    client, name = table_of(replay, "id")
    exists = said("ResourceInUseException", f"Table already exists: {name}") | {"HTTPStatusCode": ..., "message": ...}
    replay.call("again", client.create_table, definition(name, "id"), exists)
    units = "Neither ReadCapacityUnits nor WriteCapacityUnits can be specified when BillingMode is PAY_PER_REQUEST"
    both = definition(replay.unique("table"), "id") | {"BillingMode": "PAY_PER_REQUEST"}
    answer = refusal("ValidationException", f"One or more parameter values were invalid: {units}")
    replay.call("on demand", client.create_table, both, answer | {"HTTPStatusCode": ...})
    status = {"ContributorInsightsStatus": "DISABLED", "TableName": name}
    replay.call("insights", client.describe_contributor_insights, {"TableName": name}, status)


def puts(replay: Replay) -> None:
    client, name = table_of(replay, "id")
    first = {"id": {"S": "id1"}, "data": {"S": "foobar"}}
    put = {"TableName": name, "Item": first}
    old = {"ReturnValues": "ALL_OLD"}
    replay.call("first", client.put_item, put | old, {})
    replay.call("old", client.put_item, put | old, {"Attributes": first})
    other = {"id": {"S": "id1"}, "data": {"S": "barfoo"}}
    replay.call("other", client.put_item, {**put, "Item": other} | old, {"Attributes": first})
    replay.call("none", client.put_item, put, {})
    replay.call("none again", client.put_item, put, {})
    replay.call("empty text", client.put_item, {**put, "Item": {"id": {"S": "id1"}, "data": {"S": ""}}}, {})
    replay.call("bytes", client.put_item, {**put, "Item": {"id": {"S": "id2"}, "data": {"B": b"\x90"}}}, {})


def transactions(replay: Replay) -> None:
    """The put of Fred is not recorded, nor is the put that the read looks for in the recording."""
    client, name = table_of(replay, "Username")
    binary = {"Username": {"S": "someUser"}, "binaryData": {"B": b"foobar"}}
    put = {"TransactItems": [{"Put": {"TableName": name, "Item": binary}}]}
    replay.call("write bytes", client.transact_write_items, put, {})
    key = {"TableName": name, "Key": {"Username": {"S": "someUser"}}}
    replay.call("read bytes", client.get_item, key, {"Item": binary})
    read = {"TransactItems": [{"Get": key}]}
    replay.call("read", client.transact_get_items, read, {"Responses": [{"Item": binary}]})
    client.put_item(TableName=name, Item={"Username": {"S": "Fred"}})
    condition = {"TableName": name, "ConditionExpression": "attribute_not_exists(Username)"}
    failing = [
        {"ConditionCheck": {**condition, "Key": {"Username": {"S": "Fred"}}}},
        {"Delete": {"TableName": name, "Key": {"Username": {"S": "Bert"}}}},
    ]
    reasons = "Transaction cancelled, please refer cancellation reasons for specific reasons "
    cancelled = refusal("TransactionCanceledException", f"{reasons}[ConditionalCheckFailed, None]")
    cancelled |= {"CancellationReasons": ..., "Message": ..., "HTTPStatusCode": ...}
    replay.call("cancelled", client.transact_write_items, {"TransactItems": failing}, cancelled)
    missing = {"TransactItems": [{"Put": {"TableName": "non-existing-table", "Item": {}}}]}
    answer = said("ResourceNotFoundException", "Requested resource not found")
    replay.call("no table", client.transact_write_items, missing, answer)


def idempotent_transactions(replay: Replay) -> None:
    client, name = table_of(replay, "id", "name")
    item = {"id": {"S": "id1"}, "name": {"S": "name1"}}
    for step, each in [("first", item), ("again", dict(reversed(item.items())))]:
        ask = {"TransactItems": [{"Put": {"TableName": name, "Item": each}}], "ClientRequestToken": name}
        replay.call(step, client.transact_write_items, ask, {})


def statements(replay: Replay) -> None:
    """The put before the batch is not recorded."""
    client, name = table_of(replay, "Username")
    user = [{"Username": {"S": f"user0{n}"}} for n in (1, 2)]
    inserts = [{"Statement": f"INSERT INTO {name} VALUE {{'Username': 'user0{n}'}}"} for n in (1, 2)]
    replay.call("transaction", client.execute_transaction, {"TransactStatements": inserts}, {"Responses": []})
    scanned = {"Count": 2, "Items": AnyOrder(user), "ScannedCount": 2}
    replay.call("scan", client.scan, {"TableName": name}, scanned)
    batch = [
        {"Statement": f"INSERT INTO {name} VALUE {{'Username': 'user03'}}"},
        {"Statement": f"UPDATE {name} SET Age=20 WHERE Username='user02'"},
    ]
    done = {"Responses": [{"TableName": name}, {"TableName": name}]}
    replay.call("batch", client.batch_execute_statement, {"Statements": batch}, done)
    updated = {"Item": {"Age": {"N": "20"}, **user[1]}}
    replay.call("updated", client.get_item, {"TableName": name, "Key": user[1]}, updated)
    inserted = {"Username": {"S": "user03"}}
    replay.call("inserted", client.get_item, {"TableName": name, "Key": inserted}, {"Item": inserted})
    client.execute_statement(Statement=f"INSERT INTO {name} VALUE {{'Username': 'Alice123', 'FirstName': 'Alice'}}")
    found = client.execute_statement(Statement=f"SELECT * FROM {name} WHERE FirstName IS NOT MISSING")["Items"]
    replay.compare("not missing", found, [{"FirstName": {"S": "Alice"}, "Username": {"S": "Alice123"}}])
    empty = "1 validation error detected: Value '[]' at 'parameters' failed to satisfy constraint: "
    empty += "Member must have length greater than or equal to 1"
    ask = {"Statement": f"SELECT * FROM {name}", "Parameters": []}
    replay.call("no parameters", client.execute_statement, ask, refusal("ValidationException", empty))


def batches(replay: Replay) -> None:
    """The recording of the wrong key holds an error's text, which has its code and message and no status."""
    client, name = table_of(replay, "id", "sortKey")
    item = {"id": {"S": "a"}, "sortKey": {"S": "b"}, "binary": {"B": b"\x90"}}
    put = {"RequestItems": {name: [{"PutRequest": {"Item": item}}]}}
    replay.call("write", client.batch_write_item, put, {"UnprocessedItems": {}})
    wrong = {"RequestItems": {name: [{"PutRequest": {"Item": {"nonKey": {"S": "hello"}}}}]}}
    schema = refusal("ValidationException", "The provided key element does not match the schema")
    replay.call("wrong key", client.batch_write_item, wrong, schema | {"HTTPStatusCode": ...})
    ask = {"RequestItems": {name: {"Keys": [{"id": {"S": "none"}, "sortKey": {"S": "none"}}]}}}
    none: dict[str, Any] = {"Responses": {name: []}, "UnprocessedKeys": {}}
    replay.call("read none", client.batch_get_item, ask, none)


def failed_conditions(replay: Replay) -> None:
    """The put is not recorded."""
    client, name = table_of(replay, "id")
    item = {"id": {"S": "456"}, "price": {"N": "650"}, "product": {"S": "sporting goods"}}
    client.put_item(TableName=name, Item=item)
    ask = {
        "TableName": name,
        "Key": {"id": {"S": "456"}},
        "ConditionExpression": "price between :lo and :hi",
        "ExpressionAttributeValues": {":lo": {"N": "500"}, ":hi": {"N": "600"}},
        "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
    }
    answer = refusal("ConditionalCheckFailedException", "The conditional request failed", Item=item)
    replay.call("delete", client.delete_item, ask, answer)


def backups(replay: Replay) -> None:
    client, name = table_of(replay, "id")
    recovery = {
        "EarliestRestorableDateTime": datetime,
        "LatestRestorableDateTime": datetime,
        "PointInTimeRecoveryStatus": "ENABLED",
        "RecoveryPeriodInDays": 35,
    }
    told = {"ContinuousBackupsStatus": "ENABLED", "PointInTimeRecoveryDescription": recovery}
    answer = {"ContinuousBackupsDescription": told}
    ask = {"TableName": name, "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}}
    replay.call("update", client.update_continuous_backups, ask, answer)
    replay.call("describe", client.describe_continuous_backups, {"TableName": name}, answer)


def test_tags_need_the_arn_of_a_table(lab: RunningLab) -> None:
    """TagResource, UntagResource and ListTagsOfResource refuse what names no table (API reference, TagResource)."""
    client = lab.client("dynamodb")
    stray = f"arn:aws:dynamodb:{lab.facts['region']}:{lab.facts['account_id']}:table/no-such-table"
    for arn, code in (("table/x", "ValidationException"), (stray, "ResourceNotFoundException")):
        for call in (
            lambda arn=arn: client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": "1"}]),
            lambda arn=arn: client.untag_resource(ResourceArn=arn, TagKeys=["a"]),
            lambda arn=arn: client.list_tags_of_resource(ResourceArn=arn),
        ):
            with pytest.raises(ClientError) as refused:
                call()
            assert refused.value.response["Error"]["Code"] == code


def test_a_tag_set_twice_keeps_the_new_value(lab: RunningLab) -> None:
    """A tag key is there once; its last value counts (developer guide, "Adding tags to tables")."""
    client = lab.client("dynamodb")
    name = f"tagged-{uuid.uuid4().hex[:8]}"
    arn = client.create_table(**definition(name, "id"))["TableDescription"]["TableArn"]
    for value in ("1", "2"):
        client.tag_resource(ResourceArn=arn, Tags=[{"Key": "a", "Value": value}])
    assert client.list_tags_of_resource(ResourceArn=arn)["Tags"] == [{"Key": "a", "Value": "2"}]
    client.delete_table(TableName=name)


SCENARIOS = [tables, refused_tables, puts, transactions, idempotent_transactions, statements, batches]
SCENARIOS += [failed_conditions, backups]


def test_dynamodb_answers_as_aws(lab: RunningLab) -> None:
    known = {
        "the lab has no contributor insights": [
            f"refused_tables.insights: {field}"
            for field in ("HTTPStatusCode", "ContributorInsightsStatus", "TableName", "Error.Message", "Error.Code")
        ],
        "moto says this message twice": ["failed_conditions.delete: message"],
    }
    assert_agreement(lab, SCENARIOS, known)
