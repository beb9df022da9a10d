"""Right answers to the exercises on streams, written in another way than the solution."""

from __future__ import annotations

import graphlib
import hashlib
import json
import random
import time
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import count
from typing import Any

import boto3


def shard_of_hex(key: str, shards: list[dict[str, Any]]) -> str:
    number = int(hashlib.md5(key.encode()).hexdigest(), 16)
    [found] = [
        shard
        for shard in shards
        if not shard["SequenceNumberRange"].get("EndingSequenceNumber")
        and int(shard["HashKeyRange"]["StartingHashKey"]) <= number <= int(shard["HashKeyRange"]["EndingHashKey"])
    ]
    return str(found["ShardId"])


def shard_of_newest(key: str, shards: list[dict[str, Any]]) -> str:
    """Of all shards whose range has the key, the one that began last."""
    number = int.from_bytes(hashlib.md5(key.encode()).digest(), "big")
    fits = [
        shard
        for shard in shards
        if int(shard["HashKeyRange"]["StartingHashKey"]) <= number <= int(shard["HashKeyRange"]["EndingHashKey"])
    ]
    return str(max(fits, key=lambda shard: int(shard["SequenceNumberRange"]["StartingSequenceNumber"]))["ShardId"])


def put_one_by_one(kinesis: Any, stream: str, entries: list[dict[str, Any]]) -> None:
    for entry in entries:
        while True:
            try:
                kinesis.put_record(StreamName=stream, **entry)
                break
            except kinesis.exceptions.ProvisionedThroughputExceededException:
                time.sleep(random.uniform(0.002, 0.01))


def put_round_by_round(kinesis: Any, stream: str, entries: list[dict[str, Any]]) -> None:
    waiting = list(entries)
    for attempt in count():
        refused = []
        for start in range(0, len(waiting), 250):
            batch = waiting[start : start + 250]
            answer = kinesis.put_records(StreamName=stream, Records=batch)
            refused += [batch[n] for n, said in enumerate(answer["Records"]) if said.get("ErrorCode")]
            if answer["FailedRecordCount"]:
                time.sleep(random.uniform(0.01, min(0.3, 0.02 * 2**attempt)))
        if not refused:
            return
        waiting = refused


def consume_by_page(stream: str, shard_id: str, checkpoint: Any, handle: Callable[[Any], None]) -> None:
    """Fifty records a page, and a checkpoint after each page."""
    kinesis = boto3.client("kinesis")
    last = checkpoint.load()
    start = {"ShardIteratorType": "TRIM_HORIZON"}
    if last is not None:
        start = {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last}
    place = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, **start)["ShardIterator"]
    while True:
        page = kinesis.get_records(ShardIterator=place, Limit=50)
        for record in page["Records"]:
            handle(record)
        if page["Records"]:
            checkpoint.save(page["Records"][-1]["SequenceNumber"])
        if page["MillisBehindLatest"] == 0 or not page.get("NextShardIterator"):
            return
        place = page["NextShardIterator"]


def consume_by_tens(stream: str, shard_id: str, checkpoint: Any, handle: Callable[[Any], None]) -> None:
    """A checkpoint after every ten records, and one at the end."""
    kinesis, since = boto3.client("kinesis"), 0
    known = checkpoint.load()
    place = {"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
    if known:
        place |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": known}
    iterator, behind, newest = kinesis.get_shard_iterator(**place)["ShardIterator"], 1, None
    while iterator and behind:
        page = kinesis.get_records(ShardIterator=iterator, Limit=1000)
        for record in page["Records"]:
            handle(record)
            newest, since = record["SequenceNumber"], since + 1
            if since % 10 == 0:
                checkpoint.save(newest)
        iterator, behind = page.get("NextShardIterator"), page["MillisBehindLatest"]
    if newest:
        checkpoint.save(newest)


def _start(last: str | None) -> dict[str, str]:
    if last is None:
        return {"ShardIteratorType": "TRIM_HORIZON"}
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": last}


def _pages(stream: str, shard_id: str, **start: Any) -> Any:
    """What GetRecords answers, from some place on until nothing is behind."""
    kinesis = boto3.client("kinesis")
    page = {
        "NextShardIterator": kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, **start)["ShardIterator"]
    }
    while page.get("NextShardIterator"):
        page = kinesis.get_records(ShardIterator=page["NextShardIterator"])
        yield page
        if page["MillisBehindLatest"] == 0:
            return


def replay_at_a_time(stream: str, since: datetime, sink: dict[str, Any]) -> None:
    """A thread for each shard, and the rows put in at the end."""
    shards = [
        shard["ShardId"]
        for page in boto3.client("kinesis").get_paginator("list_shards").paginate(StreamName=stream)
        for shard in page["Shards"]
    ]

    def read(shard_id: str) -> dict[str, Any]:
        pages = _pages(stream, shard_id, ShardIteratorType="AT_TIMESTAMP", Timestamp=since.timestamp())
        departures = [json.loads(record["Data"].decode()) for page in pages for record in page["Records"]]
        return {departure["event_id"]: departure for departure in departures}

    with ThreadPoolExecutor() as pool:
        for rows in pool.map(read, shards):
            sink |= rows


def replay_by_arrival(stream: str, since: datetime, sink: dict[str, Any]) -> None:
    """Reads all that is kept, and takes what arrived since."""
    for shard in boto3.client("kinesis").list_shards(StreamName=stream)["Shards"]:
        for page in _pages(stream, shard["ShardId"], ShardIteratorType="TRIM_HORIZON"):
            late = [record for record in page["Records"] if record["ApproximateArrivalTimestamp"] >= since]
            sink.update((row["event_id"], row) for row in map(json.loads, (record["Data"] for record in late)))


def catch_up_by_children(stream: str, checkpoints: dict[str, str], handle: Callable[[Any], None]) -> None:
    """A shard that ends names its children; they come into the queue behind it."""
    queue = list(checkpoints)
    while queue:
        shard_id = queue.pop(0)
        for page in _pages(stream, shard_id, **_start(checkpoints.get(shard_id))):
            for record in page["Records"]:
                handle(record)
            queue += [child["ShardId"] for child in page.get("ChildShards", [])]


def catch_up_by_family(stream: str, checkpoints: dict[str, str], handle: Callable[[Any], None]) -> None:
    """Parents first, by the tree of shards."""
    shards = boto3.client("kinesis").list_shards(StreamName=stream)["Shards"]
    parents = {shard["ShardId"]: [shard[name] for name in ("ParentShardId",) if name in shard] for shard in shards}
    for shard_id in graphlib.TopologicalSorter(parents).static_order():
        for page in _pages(stream, shard_id, **_start(checkpoints.get(shard_id))):
            list(map(handle, page["Records"]))


def catch_up_sorted(stream: str, checkpoints: dict[str, str], handle: Callable[[Any], None]) -> None:
    """Reads all, in any order, and handles it in the order of the departures."""
    found = []
    for shard in reversed(boto3.client("kinesis").list_shards(StreamName=stream)["Shards"]):
        last = int(checkpoints.get(shard["ShardId"], -1))
        for page in _pages(stream, shard["ShardId"], ShardIteratorType="TRIM_HORIZON"):
            found += [record for record in page["Records"] if int(record["SequenceNumber"]) > last]
    for record in sorted(found, key=lambda record: str(json.loads(record["Data"])["event_time"])):
        handle(record)


RIGHT: dict[str, list[Any]] = {
    "predict_shard": [(shard_of_hex,), (shard_of_newest,)],
    "retry_failed": [(put_one_by_one,), (put_round_by_round,)],
    "mend_hot_shard": [
        (lambda event: f"plane {event['tailnum']}",),
        (lambda event: uuid.uuid5(uuid.NAMESPACE_DNS, event["tailnum"]).hex,),
    ],
    "survive_kill": [(consume_by_page,), (consume_by_tens,)],
    "replay": [(replay_at_a_time,), (replay_by_arrival,)],
    "silent_consumer": [(catch_up_by_children,), (catch_up_by_family,), (catch_up_sorted,)],
}
