"""Enhanced fan-out of Kinesis: consumers that are registered, and what is pushed to them.

DG is the Kinesis Data Streams Developer Guide, API its API Reference.
"""

from __future__ import annotations

import threading
import time
from typing import Any

import pytest
from botocore.config import Config

from tests.engines.kinesis_tools import HASH_KEYS, make_stream, put, raises, read, shard_id


@pytest.fixture
def kinesis(lab: Any) -> Any:
    return lab.client("kinesis")


def register(kinesis: Any, name: str, consumer: str = "fast") -> str:
    arn = kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]
    consumer_arn = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName=consumer)["Consumer"]["ConsumerARN"]
    while (
        kinesis.describe_stream_consumer(ConsumerARN=consumer_arn)["ConsumerDescription"]["ConsumerStatus"] != "ACTIVE"
    ):
        time.sleep(0.05)
    return consumer_arn


def test_subscribe_to_shard_pushes_records_and_ends_with_the_shard(kinesis: Any) -> None:
    """API SubscribeToShard and SubscribeToShardEvent: ChildShards come at the end of the shard."""
    name = make_stream(kinesis)
    put(kinesis, name, b"stored")
    consumer_arn = register(kinesis, name)
    stream = kinesis.subscribe_to_shard(
        ConsumerARN=consumer_arn, ShardId=shard_id(0), StartingPosition={"Type": "TRIM_HORIZON"}
    )["EventStream"]
    events = (event["SubscribeToShardEvent"] for event in stream)
    first = next(events)
    assert [record["Data"] for record in first["Records"]] == [b"stored"]
    assert first["ContinuationSequenceNumber"] == first["Records"][-1]["SequenceNumber"]
    assert first["MillisBehindLatest"] == 0
    put(kinesis, name, b"pushed")
    assert [record["Data"] for record in next(events)["Records"]] == [b"pushed"]
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey=str(HASH_KEYS // 2))
    [*_, last] = events
    assert [child["ShardId"] for child in last["ChildShards"]] == [shard_id(1), shard_id(2)]
    assert "ContinuationSequenceNumber" not in last


def test_a_consumer_has_one_subscription_to_a_shard(kinesis: Any) -> None:
    """API SubscribeToShard: a second call within 5 seconds is a ResourceInUseException."""
    name = make_stream(kinesis, 2)
    consumer_arn = register(kinesis, name)
    request = {"ConsumerARN": consumer_arn, "StartingPosition": {"Type": "LATEST"}}
    subscriptions = [kinesis.subscribe_to_shard(ShardId=shard_id(index), **request) for index in (0, 1)]
    with raises("ResourceInUseException"):
        kinesis.subscribe_to_shard(ShardId=shard_id(0), **request)
    kinesis.deregister_stream_consumer(ConsumerARN=consumer_arn)
    for subscription in subscriptions:  # deregistering ends them
        for _ in subscription["EventStream"]:
            pass
    with raises("ResourceNotFoundException"):
        kinesis.subscribe_to_shard(ShardId=shard_id(0), **request)


def test_consumers_are_listed_and_named_once(kinesis: Any) -> None:
    """API RegisterStreamConsumer, ListStreamConsumers (pagination), DescribeStreamConsumer."""
    name = make_stream(kinesis)
    arns = [register(kinesis, name, consumer) for consumer in ("one", "two", "three")]
    stream_arn = arns[0].partition("/consumer/")[0]
    with raises("ResourceInUseException"):
        kinesis.register_stream_consumer(StreamARN=stream_arn, ConsumerName="one")
    pages = kinesis.get_paginator("list_stream_consumers").paginate(
        StreamARN=stream_arn, PaginationConfig={"PageSize": 2}
    )
    assert [[each["ConsumerARN"] for each in page["Consumers"]] for page in pages] == [arns[:2], arns[2:]]
    with raises("ResourceInUseException"):
        kinesis.delete_stream(StreamName=name)
    kinesis.delete_stream(StreamName=name, EnforceConsumerDeletion=True)


def test_a_reader_that_leaves_frees_its_subscription(lab: Any, kinesis: Any) -> None:
    """A connection that the client closes must not keep the server from stopping or from writing."""
    name = make_stream(kinesis)
    stream = kinesis.subscribe_to_shard(
        ConsumerARN=register(kinesis, name), ShardId=shard_id(0), StartingPosition={"Type": "LATEST"}
    )["EventStream"]
    threading.Timer(0.1, stream.close).start()
    put(kinesis, name, b"x")
    assert read(kinesis, name) == [b"x"]


def test_subscriptions_leave_the_server_to_others(lab: Any, kinesis: Any) -> None:
    """Each takes a thread for as long as it is read, or not read: so there is a limit, which SubscribeToShard tells."""
    many = lab.client("kinesis", config=Config(max_pool_connections=150, retries={"max_attempts": 1}))
    name = make_stream(kinesis, 11)
    consumers = [register(kinesis, name, f"consumer-{number}") for number in range(10)]
    requests = [
        {"ConsumerARN": consumer, "ShardId": shard_id(number), "StartingPosition": {"Type": "LATEST"}}
        for number in range(11)
        for consumer in consumers
    ]
    opened = []
    with raises("LimitExceededException"):
        for request in requests:
            opened.append(many.subscribe_to_shard(**request))
    assert len(opened) > 90
    assert kinesis.list_streams()["StreamNames"]
    for consumer in consumers:
        kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    for subscription in opened:
        list(subscription["EventStream"])  # it ends, and makes place
    consumer = register(kinesis, name)
    position = {"Type": "LATEST"}
    subscription = kinesis.subscribe_to_shard(ConsumerARN=consumer, ShardId=shard_id(0), StartingPosition=position)
    kinesis.deregister_stream_consumer(ConsumerARN=consumer)
    list(subscription["EventStream"])
