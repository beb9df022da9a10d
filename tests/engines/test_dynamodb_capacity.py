"""Capacity: what each call takes, and what happens when there is none left.

Source: DynamoDB developer guide, "DynamoDB capacity unit consumption", "DynamoDB item sizes and formats", "DynamoDB
burst and adaptive capacity"; API reference, ConsumedCapacity.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.exceptions import ClientError

from awsfacts import meter
from tests.conftest import RunningLab, eventually
from tests.gateway.wire import advance

Labs = Callable[..., RunningLab]
EXCEEDED = "ProvisionedThroughputExceededException"


def make(dynamodb: Any, name: str, *, reads: int = 0, writes: int = 0, indexes: tuple[str, ...] = ()) -> str:
    """A table by ``k`` and ``n``, on demand unless units are given; each index is by the attribute of its name."""
    units = {"ReadCapacityUnits": reads, "WriteCapacityUnits": writes}
    billing = {"ProvisionedThroughput": units} if reads else {"BillingMode": "PAY_PER_REQUEST"}
    of_index = {"ProvisionedThroughput": units} if reads else {}
    given: dict[str, Any] = {}
    if indexes:
        given["GlobalSecondaryIndexes"] = [
            {
                "IndexName": f"by-{each}",
                "KeySchema": [{"AttributeName": each, "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "KEYS_ONLY"},
                **of_index,
            }
            for each in indexes
        ]
    types = {"k": "S", "n": "N", **dict.fromkeys(indexes, "S")}
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}, {"AttributeName": "n", "KeyType": "RANGE"}],
        AttributeDefinitions=[{"AttributeName": each, "AttributeType": kind} for each, kind in types.items()],
        **billing,
        **given,
    )
    return name


def item(k: str = "a", n: int = 1, size: int = 0, **more: str) -> dict[str, Any]:
    return {"k": {"S": k}, "n": {"N": str(n)}, "v": {"S": "x" * size}, **{key: {"S": v} for key, v in more.items()}}


def key(k: str = "a", n: int = 1) -> dict[str, Any]:
    return {"k": {"S": k}, "n": {"N": str(n)}}


def taken(answer: Any) -> Any:
    return answer["ConsumedCapacity"]


def test_reads_by_four_and_writes_by_one_kilobyte(lab: RunningLab) -> None:
    """ "One read unit: one strongly consistent read … for an item up to 4 KB", half as much eventually, twice as much
    in a transaction; "one write unit: … up to 1 KB", twice in a transaction. What is not there counts as one."""
    client = lab.client("dynamodb")
    name = make(client, "capacity-sizes")
    ask = {"TableName": name, "ReturnConsumedCapacity": "TOTAL"}
    put = client.put_item(**ask, Item=item(size=5000))
    assert taken(put) == {"TableName": name, "CapacityUnits": 5.0}
    assert taken(client.get_item(**ask, Key=key()))["CapacityUnits"] == 1.0
    assert taken(client.get_item(**ask, Key=key(), ConsistentRead=True))["CapacityUnits"] == 2.0
    assert taken(client.get_item(**ask, Key=key("none")))["CapacityUnits"] == 0.5
    assert taken(client.put_item(**ask, Item=item()))["CapacityUnits"] == 5.0, "the larger of both"
    assert taken(client.put_item(**ask, Item=item()))["CapacityUnits"] == 1.0
    assert taken(client.delete_item(**ask, Key=key("none")))["CapacityUnits"] == 1.0
    update = {"UpdateExpression": "SET v = :v", "ExpressionAttributeValues": {":v": {"S": "x" * 2000}}}
    assert taken(client.update_item(**ask, Key=key(), **update))["CapacityUnits"] == 2.0
    writes = [{"Put": {"TableName": name, "Item": item(n=each)}} for each in (5, 6)]
    both = client.transact_write_items(TransactItems=writes, ReturnConsumedCapacity="TOTAL")
    assert taken(both) == [{"TableName": name, "CapacityUnits": 4.0, "WriteCapacityUnits": 4.0}]
    reads = [{"Get": {"TableName": name, "Key": key(n=each)}} for each in (1, 5)]
    both = client.transact_get_items(TransactItems=reads, ReturnConsumedCapacity="TOTAL")
    assert taken(both) == [{"TableName": name, "CapacityUnits": 4.0, "ReadCapacityUnits": 4.0}]
    keys = {name: {"Keys": [key(), key(n=5), key("none")]}}
    assert taken(client.batch_get_item(RequestItems=keys, ReturnConsumedCapacity="TOTAL")) == [
        {"TableName": name, "CapacityUnits": 1.5}
    ]
    puts = {name: [{"PutRequest": {"Item": item("batch", each, 1500)}} for each in range(3)]}
    assert taken(client.batch_write_item(RequestItems=puts, ReturnConsumedCapacity="TOTAL")) == [
        {"TableName": name, "CapacityUnits": 6.0}
    ]
    text = f"SELECT * FROM \"{name}\" WHERE k = 'batch'"
    assert taken(client.execute_statement(Statement=text, ReturnConsumedCapacity="TOTAL"))["CapacityUnits"] == 1.0
    text = f"INSERT INTO \"{name}\" VALUE {{'k': 'p', 'n': 1}}"
    assert taken(client.execute_statement(Statement=text, ReturnConsumedCapacity="TOTAL"))["CapacityUnits"] == 1.0
    assert "ConsumedCapacity" not in client.get_item(TableName=name, Key=key())


def test_what_a_filter_throws_away_is_paid(lab: RunningLab) -> None:
    """ "A filter expression is applied after a Query finishes … consumes the same amount of read capacity"; the sizes
    are added up before they are rounded."""
    client = lab.client("dynamodb")
    name = make(client, "capacity-filters")
    for each in range(10):
        client.put_item(TableName=name, Item=item(n=each, size=4000))
    nothing = {"FilterExpression": "v = :no", "ExpressionAttributeValues": {":no": {"S": "no"}}}
    ask = {"TableName": name, "ReturnConsumedCapacity": "TOTAL"}
    scan = client.scan(**ask, **nothing)
    assert (scan["Count"], scan["ScannedCount"], taken(scan)["CapacityUnits"]) == (0, 10, 5.0)
    assert taken(client.scan(**ask))["CapacityUnits"] == 5.0
    assert taken(client.scan(**ask, ConsistentRead=True))["CapacityUnits"] == 10.0
    assert taken(client.scan(**ask, Limit=2))["CapacityUnits"] == 1.0
    values = {":k": {"S": "a"}, ":n": {"N": "4"}, ":no": {"S": "no"}}
    query = {"KeyConditionExpression": "k = :k AND n < :n", "ExpressionAttributeValues": values}
    found = client.query(**ask, **query, FilterExpression="v = :no")
    assert (found["Count"], found["ScannedCount"], taken(found)["CapacityUnits"]) == (0, 4, 2.0)
    found = client.query(**ask, **query, FilterExpression="v = :no", ProjectionExpression="k")
    assert taken(found)["CapacityUnits"] == 2.0


def test_each_index_takes_its_own(lab: RunningLab) -> None:
    """ "If you add an item … one write to the index"; "if an update changes the value of an indexed key attribute …
    two writes"; what does not change what the index has takes nothing; INDEXES tells of each."""
    client = lab.client("dynamodb")
    name = make(client, "capacity-indexes", indexes=("city",))
    ask = {"TableName": name, "ReturnConsumedCapacity": "INDEXES"}

    def put(**more: str) -> tuple[float, float]:
        told = taken(client.put_item(**ask, Item=item("a", 1, 1500, **more)))
        of_index = told.get("GlobalSecondaryIndexes", {}).get("by-city", {}).get("CapacityUnits", 0.0)
        assert told["CapacityUnits"] == told["Table"]["CapacityUnits"] + of_index
        return told["Table"]["CapacityUnits"], of_index

    assert put() == (2.0, 0.0), "an item without the attribute is not in the index"
    assert put(city="Rome") == (2.0, 1.0)
    assert put(city="Rome", mood="good") == (2.0, 0.0)
    assert put(city="Oslo") == (2.0, 2.0)
    assert put() == (2.0, 1.0)
    put(city="Rome")
    query = {"KeyConditionExpression": "city = :c", "ExpressionAttributeValues": {":c": {"S": "Rome"}}}
    told = taken(client.query(**ask, IndexName="by-city", **query))
    assert told["GlobalSecondaryIndexes"] == {"by-city": {"CapacityUnits": 0.5}}
    assert told["Table"] == {"CapacityUnits": 0.0}


@pytest.mark.parametrize(
    ("value", "size"),
    [("abc", 3), (True, 1), (None, 1), (b"1234", 4), (Decimal("12345"), 4), ([], 3), (["ab"], 6), ({"a": "b"}, 6)],
)
def test_how_large_values_are(lab: RunningLab, value: Any, size: int) -> None:
    """ "DynamoDB item sizes and formats": 1 byte for true, false and null, two digits a byte and one more, 3 bytes for
    a list or map and 1 for each element."""
    client = lab.client("dynamodb")
    client.meta.events  # noqa: B018 (the client is shared)
    if "capacity-values" not in client.list_tables()["TableNames"]:
        make(client, "capacity-values")
    base = item(size=1024 - len("kanvw") - 2)  # with a number of one digit: 2 bytes
    put = {"TableName": "capacity-values", "ReturnConsumedCapacity": "TOTAL"}
    for more, units in ((0, 1.0), (1, 2.0)):
        whole = {**base, "v": {"S": base["v"]["S"][: len(base["v"]["S"]) - size + more]}}
        client.delete_item(TableName="capacity-values", Key=key())
        whole["w"] = TypeSerializer().serialize(value)
        assert taken(client.put_item(**put, Item=whole))["CapacityUnits"] == units


def exhaust(call: Callable[[], Any], most: int = 5000) -> tuple[int, dict[str, Any]]:
    """How often *call* succeeds until it is throttled, and the error."""
    for count in range(most):
        try:
            call()
        except ClientError as error:
            return count, error.response
    raise AssertionError(f"{most} calls were not throttled")


def test_a_table_runs_out_and_saves_up(new_lab: Labs) -> None:
    """ "DynamoDB currently retains up to 5 minutes (300 seconds) of unused read and write capacity"; then
    ProvisionedThroughputExceededException, which says why (ThrottlingReasons), and CloudWatch counts it."""
    lab = new_lab()
    client, cloudwatch = lab.client("dynamodb"), lab.client("cloudwatch")
    name = make(client, "tight", reads=1, writes=1)
    write = {"TableName": name, "Item": item(size=20_000)}
    count, error = exhaust(lambda: client.put_item(**write))
    assert 300 / 20 <= count + 1 <= 300 / 20 + 3
    assert error["Error"]["Code"] == EXCEEDED
    assert error["Error"]["Message"].startswith("The level of configured provisioned throughput for the table")
    reason = error["ThrottlingReasons"][0]
    assert (reason["reason"], reason["resource"].rpartition("/")[2]) == (
        "TableWriteProvisionedThroughputExceeded",
        name,
    )
    assert client.get_item(TableName=name, Key=key())["Item"]["v"], "reads have their own"
    advance(lab, 60)
    again, _ = exhaust(lambda: client.put_item(**write))
    assert 1 <= again <= 60 / 20 + 2
    advance(lab, 3600)
    full, _ = exhaust(lambda: client.put_item(**write))
    assert abs(full - count) <= 2, "no more than 300 seconds are kept"
    reads, error = exhaust(lambda: client.scan(TableName=name, ConsistentRead=True))
    assert reads >= 300 / 5 - 2
    assert error["ThrottlingReasons"][0]["reason"].startswith("TableRead")

    def events() -> float:
        found = cloudwatch.get_metric_statistics(
            Namespace="AWS/DynamoDB",
            MetricName="WriteThrottleEvents",
            Dimensions=[{"Name": "TableName", "Value": name}],
            StartTime=0,
            EndTime=4_000_000_000,
            Period=86400 * 365,
            Statistics=["Sum"],
        )["Datapoints"]
        return sum(each["Sum"] for each in found)

    assert eventually(lambda: events() >= 3)


def test_an_index_holds_its_table_back(new_lab: Labs) -> None:
    """ "Provisioned throughput considerations for global secondary indexes": a write that an index has no capacity for
    is throttled, and nothing of it is done. UpdateTable gives more."""
    lab = new_lab()
    client = lab.client("dynamodb")
    name = make(client, "held-back", reads=100, writes=100, indexes=("city",))
    units = {"ReadCapacityUnits": 1, "WriteCapacityUnits": 1}
    update = [{"Update": {"IndexName": "by-city", "ProvisionedThroughput": units}}]
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=update)
    numbers = iter(range(5000))
    count, error = exhaust(lambda: client.put_item(TableName=name, Item=item(n=next(numbers), city="Rome")))
    assert error["Error"]["Code"] == EXCEEDED
    assert error["ThrottlingReasons"][0]["reason"] == "IndexWriteProvisionedThroughputExceeded"
    assert client.scan(TableName=name, Select="COUNT")["Count"] == count
    client.put_item(TableName=name, Item=item(n=9999))  # what is not in the index goes on
    units = {"ReadCapacityUnits": 10, "WriteCapacityUnits": 1000}
    update = [{"Update": {"IndexName": "by-city", "ProvisionedThroughput": units}}]
    client.update_table(TableName=name, GlobalSecondaryIndexUpdates=update)
    advance(lab, 1)
    client.put_item(TableName=name, Item=item(n=10_000, city="Rome"))


def test_one_partition_is_hot(new_lab: Labs) -> None:
    """ "Each partition … can deliver a maximum of 3,000 read units and 1,000 write units per second", on demand too;
    a batch gives back what it could not write (BatchWriteItem, UnprocessedItems)."""
    lab = new_lab()
    client = lab.client("dynamodb")
    name = make(client, "hot")

    def batch(partition: Callable[[int], str]) -> Any:
        puts = [{"PutRequest": {"Item": item(partition(each), each, 99_000)}} for each in range(20)]
        return client.batch_write_item(RequestItems={name: puts})

    assert batch(lambda each: f"p{each}")["UnprocessedItems"] == {}
    answers = []
    with pytest.raises(ClientError) as error:
        for _ in range(5):
            answers.append(batch(lambda _: "hot"))
    assert error.value.response["ThrottlingReasons"][0]["reason"] == "TableWriteKeyRangeThroughputExceeded"
    left = [len(answer["UnprocessedItems"].get(name, ())) for answer in answers]
    assert sum(left) > 0 or len(answers) == 1
    assert batch(lambda each: f"q{each}")["UnprocessedItems"] == {}
    advance(lab, 10)
    client.put_item(TableName=name, Item=item("hot", 1))


def test_units_are_billed_on_demand_and_by_the_hour(new_lab: Labs) -> None:
    """DynamoDB pricing: on-demand units by the million, provisioned ones by the hour."""
    lab = new_lab()
    client = lab.client("dynamodb")
    name = make(client, "billed")
    client.put_item(TableName=name, Item=item(size=3000))
    client.get_item(TableName=name, Key=key(), ConsistentRead=True)
    make(client, "billed-hourly", reads=10, writes=5)
    client.put_item(TableName="billed-hourly", Item=item())
    advance(lab, 3 * 3600 - 60)
    client.delete_table(TableName="billed-hourly")
    used = meter.used(lab.calls())
    assert (used["dynamodb.write"], used["dynamodb.read"]) == (3 + 0, 1)
    assert (used["dynamodb.provisioned_write"], used["dynamodb.provisioned_read"]) == (15, 30)
