"""Time to live: items go within days after the time in their table's attribute, and the stream says who deleted them.

Source: DynamoDB developer guide, "Using time to live (TTL) in DynamoDB", "Working with expired items and TTL" and
"DynamoDB Streams and Time to Live".
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from tests.conftest import RunningLab
from tests.engines.lambda_tools import create, log_lines
from tests.gateway.wire import advance

DAY = 86400
#: What Lambda is told of who deleted, as a filter ("Using time to live": "Archiving items deleted by TTL").
DELETED_BY_TTL = {"type": ["Service"], "principalId": ["dynamodb.amazonaws.com"]}
SEES = """
def handler(event, context):
    for record in event["Records"]:
        print("SEES", record["dynamodb"]["Keys"]["k"]["S"])
"""


def make_table(dynamodb: Any, name: str, ttl: bool) -> None:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        StreamSpecification={"StreamEnabled": True, "StreamViewType": "KEYS_ONLY"},
    )
    if ttl:
        specification = {"Enabled": True, "AttributeName": "until"}
        dynamodb.update_time_to_live(TableName=name, TimeToLiveSpecification=specification)
    now = int(time.time())
    for key, until in {
        "soon": {"N": str(now + DAY)},
        "later": {"N": str(now + 30 * DAY)},
        "text": {"S": str(now + DAY)},
        "long ago": {"N": str(now - 6 * 365 * DAY)},
    }.items():
        dynamodb.put_item(TableName=name, Item={"k": {"S": key}, "until": until})
    dynamodb.put_item(TableName=name, Item={"k": {"S": "without"}})


def keys(dynamodb: Any, table: str) -> set[str]:
    return {item["k"]["S"] for item in dynamodb.scan(TableName=table)["Items"]}


def test_items_expire(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    dynamodb = lab.client("dynamodb")
    make_table(dynamodb, "expiring", ttl=True)
    make_table(dynamodb, "lasting", ttl=False)
    lab.stop()
    lab.start()
    dynamodb, streams = lab.client("dynamodb"), lab.client("dynamodbstreams")
    create(lab, "archives", SEES)
    lab.client("lambda").create_event_source_mapping(
        FunctionName="archives",
        EventSourceArn=dynamodb.describe_table(TableName="expiring")["Table"]["LatestStreamArn"],
        StartingPosition="TRIM_HORIZON",
        FilterCriteria={"Filters": [{"Pattern": json.dumps({"userIdentity": DELETED_BY_TTL})}]},
    )
    everything = {"soon", "later", "text", "long ago", "without"}
    advance(lab, DAY / 2)
    assert keys(dynamodb, "expiring") == everything
    advance(lab, DAY)
    assert keys(dynamodb, "expiring") == everything - {"soon"}
    assert keys(dynamodb, "lasting") == everything

    arn = dynamodb.describe_table(TableName="expiring")["Table"]["LatestStreamArn"]
    (shard,) = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
    place = streams.get_shard_iterator(StreamArn=arn, ShardId=shard["ShardId"], ShardIteratorType="TRIM_HORIZON")
    removed = [
        record
        for record in streams.get_records(ShardIterator=place["ShardIterator"])["Records"]
        if record["eventName"] == "REMOVE"
    ]
    assert [record["dynamodb"]["Keys"] for record in removed] == [{"k": {"S": "soon"}}]
    assert removed[0]["userIdentity"] == {"Type": "Service", "PrincipalId": "dynamodb.amazonaws.com"}

    lines = log_lines(lab, "archives", until="SEES ")
    assert [line.split()[1] for line in lines if line.startswith("SEES ")] == ["soon"]

    advance(lab, 30 * DAY)
    assert keys(dynamodb, "expiring") == everything - {"soon", "later"}
