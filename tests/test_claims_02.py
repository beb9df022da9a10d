"""What notebooks/02_storage.ipynb says about how the lab differs from AWS."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from tests.conftest import RunningLab

NAMES = [{"AttributeName": name, "AttributeType": "S"} for name in ("pk", "plane")]


def key(name: str) -> list[dict[str, str]]:
    return [{"AttributeName": name, "KeyType": "HASH"}]


def table(lab: RunningLab, name: str) -> Any:
    """A table of flights by "pk", with an index by plane."""
    dynamodb = lab.client("dynamodb")
    dynamodb.create_table(
        TableName=name,
        AttributeDefinitions=NAMES,
        KeySchema=key("pk"),
        GlobalSecondaryIndexes=[
            {"IndexName": "by-plane", "KeySchema": key("plane"), "Projection": {"ProjectionType": "ALL"}}
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    return dynamodb


def test_an_index_has_each_change_at_once(lab: RunningLab) -> None:
    """ "Global secondary indexes": on AWS a query on one is eventually consistent."""
    dynamodb = table(lab, "claims-index")
    for number in range(20):
        item = {"pk": {"S": f"flight-{number}"}, "plane": {"S": f"N{number}"}}
        dynamodb.put_item(TableName="claims-index", Item=item)
        found = dynamodb.query(
            TableName="claims-index",
            IndexName="by-plane",
            KeyConditionExpression="plane = :plane",
            ExpressionAttributeValues={":plane": item["plane"]},
        )
        assert found["Items"] == [item]


def test_what_is_stored_survives_a_kill_on_this_disk(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    lab.client("s3").create_bucket(Bucket="claims-kept")
    lab.client("s3").put_object(Bucket="claims-kept", Key="flight", Body=b"UA 1545")
    item = {"pk": {"S": "flight"}, "plane": {"S": "N14228"}}
    table(lab, "claims-kept").put_item(TableName="claims-kept", Item=item)
    lab.kill()
    lab.start()
    found = lab.client("dynamodb").get_item(TableName="claims-kept", Key={"pk": item["pk"]})
    assert found["Item"] == item
    assert lab.client("s3").get_object(Bucket="claims-kept", Key="flight")["Body"].read() == b"UA 1545"
