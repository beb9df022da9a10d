"""Shards of a Kinesis stream are split, merged, counted and listed.

DG is the Kinesis Data Streams Developer Guide, API its API Reference.
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import pytest

from tests.engines.kinesis_tools import HASH_KEYS, iterator, make_stream, put, raises, shard_id, wait_until_active


@pytest.fixture
def kinesis(lab: Any) -> Any:
    return lab.client("kinesis")


def test_split_closes_the_parent_and_routes_to_the_children(kinesis: Any) -> None:
    """DG "Split a shard" and "Data routing, data persistence, and shard state after a reshard"."""
    name = make_stream(kinesis)
    put(kinesis, name, b"before")
    middle = str(HASH_KEYS // 2)
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey=middle)
    assert wait_until_active(kinesis, name)["OpenShardCount"] == 2

    parent, left, right = kinesis.list_shards(StreamName=name)["Shards"]
    assert "EndingSequenceNumber" in parent["SequenceNumberRange"]
    assert left["ParentShardId"] == right["ParentShardId"] == shard_id(0)
    assert left["HashKeyRange"] == {"StartingHashKey": "0", "EndingHashKey": str(HASH_KEYS // 2 - 1)}
    assert right["HashKeyRange"] == {"StartingHashKey": middle, "EndingHashKey": str(HASH_KEYS - 1)}
    assert int(left["SequenceNumberRange"]["StartingSequenceNumber"]) > int(
        parent["SequenceNumberRange"]["EndingSequenceNumber"]
    )
    for hash_key, child in (("0", left), (middle, right)):
        answer = kinesis.put_record(StreamName=name, Data=b"after", PartitionKey="k", ExplicitHashKey=hash_key)
        assert answer["ShardId"] == child["ShardId"]
    with raises("InvalidArgumentException"):
        kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey="99")


def test_a_closed_shard_is_read_to_its_end_which_names_the_children(kinesis: Any) -> None:
    """API GetRecords: NextShardIterator is null and ChildShards is given at the end of a closed shard."""
    name = make_stream(kinesis)
    put(kinesis, name, b"1", b"2", b"3")
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey=str(HASH_KEYS // 2))
    first = kinesis.get_records(ShardIterator=iterator(kinesis, name), Limit=2)
    assert [record["Data"] for record in first["Records"]] == [b"1", b"2"]
    assert "ChildShards" not in first
    last = kinesis.get_records(ShardIterator=first["NextShardIterator"])
    assert [record["Data"] for record in last["Records"]] == [b"3"]
    assert "NextShardIterator" not in last
    assert [(child["ShardId"], child["ParentShards"]) for child in last["ChildShards"]] == [
        (shard_id(1), [shard_id(0)]),
        (shard_id(2), [shard_id(0)]),
    ]


def test_merge_joins_two_neighbours(kinesis: Any) -> None:
    """DG "Merge two shards"."""
    name = make_stream(kinesis, 3)
    with raises("InvalidArgumentException"):
        kinesis.merge_shards(StreamName=name, ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(2))
    kinesis.merge_shards(StreamName=name, ShardToMerge=shard_id(0), AdjacentShardToMerge=shard_id(1))
    wait_until_active(kinesis, name)
    merged = kinesis.list_shards(StreamName=name)["Shards"][-1]
    assert (merged["ParentShardId"], merged["AdjacentParentShardId"]) == (shard_id(0), shard_id(1))
    assert merged["HashKeyRange"]["StartingHashKey"] == "0"
    [child] = kinesis.get_records(ShardIterator=iterator(kinesis, name, 1))["ChildShards"]
    assert child["ParentShards"] == [shard_id(0), shard_id(1)]


@pytest.mark.parametrize(("before", "after"), [(1, 2), (4, 2), (4, 3), (2, 3), (5, 7)])
def test_update_shard_count_leaves_even_shards(kinesis: Any, before: int, after: int) -> None:
    """API UpdateShardCount, UNIFORM_SCALING: shards of equal size; no hash key is lost on the way."""
    name = make_stream(kinesis, before)
    answer = kinesis.update_shard_count(StreamName=name, TargetShardCount=after, ScalingType="UNIFORM_SCALING")
    assert (answer["CurrentShardCount"], answer["TargetShardCount"]) == (before, after)
    shards = kinesis.list_shards(StreamName=name, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    ranges = sorted([int(edge) for edge in shard["HashKeyRange"].values()] for shard in shards)
    edges = [sorted(each) for each in ranges]
    assert len(edges) == after
    assert edges[0][0] == 0 and edges[-1][1] == HASH_KEYS - 1
    assert all(low[1] + 1 == high[0] for low, high in pairwise(edges))
    widths = [high - low + 1 for low, high in edges]
    assert max(widths) - min(widths) <= 1


def test_thousands_of_shards_are_scaled_at_once(kinesis: Any) -> None:
    """Quotas and limits: an account has up to 20,000 shards. Each costs the same, however many there are."""
    name = make_stream(kinesis, 14_000)
    started = time.monotonic()
    kinesis.update_shard_count(StreamName=name, TargetShardCount=9_000, ScalingType="UNIFORM_SCALING")
    assert time.monotonic() - started < 15
    wait_until_active(kinesis, name)
    assert kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["OpenShardCount"] == 9_000
    kinesis.delete_stream(StreamName=name)


def test_update_shard_count_splits_and_merges_in_aws_order(kinesis: Any) -> None:
    """Four shards to three on AWS: of eleven listed, 6, 9 and 10 are open (seen in risingwavelabs/risingwave#9961)."""
    name = make_stream(kinesis, 4)
    kinesis.update_shard_count(StreamName=name, TargetShardCount=3, ScalingType="UNIFORM_SCALING")
    assert len(kinesis.list_shards(StreamName=name)["Shards"]) == 11
    shards = kinesis.list_shards(StreamName=name, ShardFilter={"Type": "AT_LATEST"})["Shards"]
    assert [shard["ShardId"] for shard in shards] == [shard_id(6), shard_id(9), shard_id(10)]


def test_update_shard_count_at_most_doubles_and_at_least_halves(kinesis: Any) -> None:
    """API UpdateShardCount, default limits."""
    name = make_stream(kinesis, 4)
    for target in (9, 1):
        with raises("LimitExceededException"):
            kinesis.update_shard_count(StreamName=name, TargetShardCount=target, ScalingType="UNIFORM_SCALING")
    with raises("ValidationException"):
        kinesis.update_shard_count(
            StreamName=make_stream(kinesis, None), TargetShardCount=8, ScalingType="UNIFORM_SCALING"
        )


def test_list_shards_filters_and_pages(kinesis: Any) -> None:
    """API ListShards and ShardFilter."""
    name = make_stream(kinesis, 2)
    before = time.time()
    kinesis.split_shard(StreamName=name, ShardToSplit=shard_id(0), NewStartingHashKey="1000")

    def found(**shard_filter: Any) -> list[int]:
        shards = kinesis.list_shards(StreamName=name, ShardFilter=shard_filter)["Shards"]
        return [int(shard["ShardId"][-3:]) for shard in shards]

    assert found(Type="FROM_TRIM_HORIZON") == [0, 1, 2, 3]
    assert found(Type="AT_TRIM_HORIZON") == [0, 1]
    assert found(Type="AT_LATEST") == [1, 2, 3]
    assert found(Type="AT_TIMESTAMP", Timestamp=before) == [0, 1]
    assert found(Type="FROM_TIMESTAMP", Timestamp=time.time()) == [1, 2, 3]
    assert found(Type="AFTER_SHARD_ID", ShardId=shard_id(1)) == [2, 3]
    page = kinesis.list_shards(StreamName=name, MaxResults=3)
    assert len(page["Shards"]) == 3
    assert [shard["ShardId"] for shard in kinesis.list_shards(NextToken=page["NextToken"])["Shards"]] == [shard_id(3)]
    with raises("InvalidArgumentException"):  # as on AWS, where boto3's paginator stumbles over it
        kinesis.list_shards(StreamName=name, NextToken=page["NextToken"])
    after = kinesis.list_shards(StreamName=name, ExclusiveStartShardId=shard_id(2))["Shards"]
    assert [shard["ShardId"] for shard in after] == [shard_id(3)]
    with raises("InvalidArgumentException"):
        kinesis.list_shards(NextToken="nonsense")
    described = kinesis.get_paginator("describe_stream").paginate(StreamName=name, PaginationConfig={"PageSize": 3})
    assert [len(page["StreamDescription"]["Shards"]) for page in described] == [3, 1]
