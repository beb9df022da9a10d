"""What Kinesis does as time passes, on a lab in this process whose clock the tests move.

DG is the Kinesis Data Streams Developer Guide, API its API Reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from localaws.clock import Clock
from localaws.credentials import Credential
from localaws.engines import Installer
from localaws.engines.declaration import REPLACED_RESPONSES
from localaws.gateway.app import Gateway
from localaws.gateway.dispatch import Dispatcher
from localaws.lab import Lab

HOUR = 3600
SHARD = "shardId-000000000000"
names = count()


class StillClock(Clock):
    """Time that passes only when a test says so."""

    def time(self) -> float:
        return 1_800_000_000.0 + self._offset


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    directory: Path = tmp_path_factory.mktemp("clock")
    account = "123456789012"
    owner = Credential("AKIATESTTESTTESTTEST", "secret", f"arn:aws:iam::{account}:root", account, account)
    lab = Lab(directory, owner, account, "us-east-1", "http://127.0.0.1:1", StillClock())
    lab.install = Installer(lab)
    lab.gateway = Gateway(lab, Dispatcher(lab.install, REPLACED_RESPONSES))
    yield lab
    lab.stop()


@pytest.fixture
def kinesis(lab: Lab) -> Any:
    return lab.client("kinesis")


@pytest.fixture
def stream(lab: Lab, kinesis: Any) -> str:
    name = f"clock-{next(names)}"
    kinesis.create_stream(StreamName=name, ShardCount=1)
    lab.clock.advance(1)
    return name


def put(kinesis: Any, name: str, data: bytes, times: int = 1) -> int:
    """Returns how many were refused."""
    records = [{"Data": data, "PartitionKey": "k"}] * times
    return kinesis.put_records(StreamName=name, Records=records)["FailedRecordCount"]


def start(kinesis: Any, name: str, kind: str = "TRIM_HORIZON", **options: Any) -> str:
    answer = kinesis.get_shard_iterator(StreamName=name, ShardId=SHARD, ShardIteratorType=kind, **options)
    return answer["ShardIterator"]


def read(kinesis: Any, iterator: str) -> list[bytes]:
    return [record["Data"] for record in kinesis.get_records(ShardIterator=iterator)["Records"]]


def raises(code: str) -> Any:
    return pytest.raises(ClientError, match=rf"\({code}\)")


def test_a_stream_passes_through_its_states(lab: Lab, kinesis: Any) -> None:
    """API CreateStream, SplitShard, DeleteStream: CREATING, ACTIVE, UPDATING, DELETING, gone."""
    name = f"clock-{next(names)}"

    def status() -> str:
        return kinesis.describe_stream(StreamName=name)["StreamDescription"]["StreamStatus"]

    kinesis.create_stream(StreamName=name, ShardCount=1)
    assert status() == "CREATING"
    with raises("ResourceNotFoundException"):
        put(kinesis, name, b"x")
    with raises("ResourceInUseException"):
        kinesis.create_stream(StreamName=name, ShardCount=1)
    lab.clock.advance(1)
    assert status() == "ACTIVE"
    kinesis.split_shard(StreamName=name, ShardToSplit=SHARD, NewStartingHashKey="99")
    assert status() == "UPDATING"
    assert put(kinesis, name, b"x") == 0  # reading and writing go on
    with raises("ResourceInUseException"):
        kinesis.split_shard(StreamName=name, ShardToSplit="shardId-000000000002", NewStartingHashKey="999")
    lab.clock.advance(1)
    iterator = start(kinesis, name)
    kinesis.delete_stream(StreamName=name)
    assert status() == "DELETING"
    lab.clock.advance(1)
    with raises("ResourceNotFoundException"):
        status()
    kinesis.create_stream(StreamName=name, ShardCount=1)
    lab.clock.advance(1)
    with raises("ResourceNotFoundException"):  # the iterator was the old stream's
        read(kinesis, iterator)


def test_an_iterator_lives_five_minutes(lab: Lab, kinesis: Any, stream: str) -> None:
    """API GetShardIterator: "A shard iterator expires 5 minutes after it is returned"."""
    iterator = start(kinesis, stream)
    lab.clock.advance(299)
    assert read(kinesis, iterator) == []
    lab.clock.advance(2)
    with raises("ExpiredIteratorException"):
        read(kinesis, iterator)


def test_next_tokens_expire(lab: Lab, kinesis: Any, stream: str) -> None:
    """API ListShards, NextToken: 300 seconds, then ExpiredNextTokenException."""
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    token = kinesis.list_shards(StreamName=stream, MaxResults=1)["NextToken"]
    lab.clock.advance(301)
    with raises("ExpiredNextTokenException"):
        kinesis.list_shards(NextToken=token)


def test_records_vanish_after_the_retention_period(lab: Lab, kinesis: Any, stream: str) -> None:
    """DG "Change the data retention period": 24 hours by default; TRIM_HORIZON moves with it."""
    put(kinesis, stream, b"first")
    lab.clock.advance(20 * HOUR)
    put(kinesis, stream, b"second")
    iterator = start(kinesis, stream)
    answer = kinesis.get_records(ShardIterator=iterator, Limit=1)
    assert answer["Records"][0]["Data"] == b"first"
    assert answer["MillisBehindLatest"] < 1000  # what is left to read has just arrived
    lab.clock.advance(4 * HOUR + 1)
    assert read(kinesis, start(kinesis, stream)) == [b"second"]
    assert read(kinesis, start(kinesis, stream, "AT_TIMESTAMP", Timestamp=0)) == [b"second"]


def test_a_longer_retention_keeps_and_a_shorter_one_drops(lab: Lab, kinesis: Any, stream: str) -> None:
    """API IncreaseStreamRetentionPeriod, DecreaseStreamRetentionPeriod: older data is inaccessible at once."""
    put(kinesis, stream, b"old")
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=8760)
    lab.clock.advance(300 * 24 * HOUR)
    assert read(kinesis, start(kinesis, stream)) == [b"old"]
    put(kinesis, stream, b"new")
    kinesis.decrease_stream_retention_period(StreamName=stream, RetentionPeriodHours=24)
    kinesis.increase_stream_retention_period(StreamName=stream, RetentionPeriodHours=8760)
    assert read(kinesis, start(kinesis, stream)) == [b"new"]


def test_millis_behind_latest_is_the_age_of_what_is_unread(lab: Lab, kinesis: Any, stream: str) -> None:
    """API GetRecords, MillisBehindLatest: zero means caught up."""
    put(kinesis, stream, b"x", 2)
    lab.clock.advance(90)
    answer = kinesis.get_records(ShardIterator=start(kinesis, stream), Limit=1)
    assert 90_000 <= answer["MillisBehindLatest"] < 95_000
    answer = kinesis.get_records(ShardIterator=answer["NextShardIterator"])
    assert answer["MillisBehindLatest"] == 0


def test_closed_shards_expire_with_their_records(lab: Lab, kinesis: Any, stream: str) -> None:
    """DG "Data routing, data persistence, and shard state after a reshard": OPEN, CLOSED, EXPIRED."""
    put(kinesis, stream, b"x")
    kinesis.update_shard_count(StreamName=stream, TargetShardCount=2, ScalingType="UNIFORM_SCALING")
    lab.clock.advance(23 * HOUR)
    assert len(kinesis.list_shards(StreamName=stream)["Shards"]) == 3
    lab.clock.advance(2 * HOUR)
    assert len(kinesis.list_shards(StreamName=stream)["Shards"]) == 2
    with raises("ResourceNotFoundException"):
        start(kinesis, stream)


def test_the_write_limit_is_over_with_the_second(lab: Lab, kinesis: Any, stream: str) -> None:
    """DG "Quotas and limits": 1,000 records/s a shard; a 10 MiB record takes ten seconds' worth (large records)."""
    assert [put(kinesis, stream, b"x", 500) for _ in range(3)] == [0, 0, 500]
    lab.clock.advance(1)
    assert put(kinesis, stream, b"x", 500) == 0
    arn = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    kinesis.update_max_record_size(StreamARN=arn, MaxRecordSizeInKiB=10_240)
    lab.clock.advance(2)
    assert put(kinesis, stream, bytes(5 << 20)) == 0
    lab.clock.advance(4)
    assert put(kinesis, stream, b"x") == 1
    lab.clock.advance(1.1)
    assert put(kinesis, stream, b"x") == 0


def test_a_shard_answers_five_reads_a_second(lab: Lab, kinesis: Any, stream: str) -> None:
    """DG "Quotas and limits": five read transactions a second for each shard, and five GetShardIterator calls."""
    for _ in range(5):
        iterator = start(kinesis, stream)
        assert read(kinesis, iterator) == []
    with raises("ProvisionedThroughputExceededException"):
        read(kinesis, iterator)
    with raises("ProvisionedThroughputExceededException"):
        start(kinesis, stream)
    lab.clock.advance(1)
    assert read(kinesis, iterator) == []


def test_a_ten_mebibyte_read_blocks_the_shard_for_five_seconds(lab: Lab, kinesis: Any, stream: str) -> None:
    """API GetRecords: "subsequent calls made within the next 5 seconds throw"; 2 MiB/s a shard."""
    for _ in range(12):
        assert put(kinesis, stream, bytes(1 << 18), 3) == 0
        lab.clock.advance(1)
    answer = kinesis.get_records(ShardIterator=start(kinesis, stream))
    assert sum(len(record["Data"]) for record in answer["Records"]) <= 10 << 20
    lab.clock.advance(3)
    with raises("ProvisionedThroughputExceededException"):
        read(kinesis, answer["NextShardIterator"])
    lab.clock.advance(2)
    assert read(kinesis, start(kinesis, stream, "LATEST")) == []


def test_days_have_quotas(lab: Lab, kinesis: Any, stream: str) -> None:
    """API UpdateShardCount: ten times in 24 hours; UpdateStreamMode: twice."""
    scale = {"StreamName": stream, "ScalingType": "UNIFORM_SCALING"}
    for turn in range(10):
        kinesis.update_shard_count(TargetShardCount=2 - turn % 2, **scale)
        lab.clock.advance(1)
    with raises("LimitExceededException"):
        kinesis.update_shard_count(TargetShardCount=2, **scale)
    lab.clock.advance(24 * HOUR)
    kinesis.update_shard_count(TargetShardCount=2, **scale)


def test_a_subscription_ends_after_five_minutes(lab: Lab, kinesis: Any, stream: str) -> None:
    """API SubscribeToShard: events "for up to 5 minutes"; taken over after five seconds, not before."""
    put(kinesis, stream, b"x")
    arn = kinesis.describe_stream(StreamName=stream)["StreamDescription"]["StreamARN"]
    consumer = kinesis.register_stream_consumer(StreamARN=arn, ConsumerName="c")["Consumer"]["ConsumerARN"]
    engine = _engine(lab)
    lab.clock.advance(1)
    live = engine.describe_stream_consumer(None, None, consumer)
    shard = live.stream.shards[SHARD]
    first = live.subscribe(shard, 0, lambda records, size, behind: None).events()
    assert b"initial-response" in next(first)
    assert b'"Data":"eA=="' in next(first)
    with pytest.raises(Exception, match="Another active subscription"):
        live.subscribe(shard, 0, lambda records, size, behind: None)
    lab.clock.advance(5)
    second = live.subscribe(shard, 1, lambda records, size, behind: None).events()
    assert b"ResourceInUseException" in list(first)[-1]
    next(second)
    assert b'"Records":[]' in next(second)
    lab.clock.advance(301)
    assert list(second) == []
    assert not shard.subscriptions


def _engine(lab: Lab) -> Any:
    from moto.kinesis.models import kinesis_backends

    return kinesis_backends[lab.account_id][lab.region]
