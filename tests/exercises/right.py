"""Right answers that are written in another way than the solution: a check looks at what they do."""

from __future__ import annotations

import random
import time
import uuid
from collections.abc import Callable
from itertools import count
from typing import Any

import boto3
from botocore.exceptions import ClientError

import dehelpers as de

# -- 00 ---------------------------------------------------------------------------------------------------------------


def read_by_code(s3: Any, bucket: str, key: str) -> bytes | None:
    try:
        answer = s3.get_object(Bucket=bucket, Key=key)
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchKey":
            raise
        return None
    return bytes(answer["Body"].read())


def read_listed(s3: Any, bucket: str, key: str) -> bytes | None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=key):
        if any(item["Key"] == key for item in page.get("Contents", [])):
            return bytes(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    return None


# -- 01 ---------------------------------------------------------------------------------------------------------------


def shard_of_hex(key: str, shards: list[dict[str, Any]]) -> str:
    import hashlib

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
    import hashlib

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


# -- 04 ---------------------------------------------------------------------------------------------------------------


def flights_prepared(carrier: str, database: str, output: str) -> str:
    """With the question mark in an IN, and the quotes doubled by splitting."""
    literal = "'" + "''".join(carrier.split("'")) + "'"
    started = boto3.client("athena").start_query_execution(
        QueryString="SELECT flight, dest FROM day WHERE carrier IN (?)",
        ExecutionParameters=[literal],
        QueryExecutionContext={"Database": database, "Catalog": "AwsDataCatalog"},
        ResultConfiguration={"OutputLocation": output},
    )
    return str(started["QueryExecutionId"])


def price_by_sum(executions: list[dict[str, Any]]) -> float:
    def megabytes(execution: dict[str, Any]) -> int:
        statistics = execution["Statistics"]
        free = execution["Status"]["State"] == "FAILED" or execution["StatementType"] != "DML"
        if free or statistics["ResultReuseInformation"]["ReusedPreviousResult"]:
            return 0
        whole, rest = divmod(statistics["DataScannedInBytes"], 1024 * 1024)
        return max(10, whole + bool(rest))

    return 5 * sum(map(megabytes, executions)) / 1024 / 1024


RIGHT: dict[str, dict[str, list[Callable[[], tuple[Any, ...]]]]] = {
    "00_introduction": {
        "name_bucket": [
            lambda: (f"landing-weather-{uuid.uuid4().hex}",),
            lambda: (f"{de.current().account_id}-landing-zone-weather",),
            lambda: (f"weather-{uuid.uuid4()}",),
        ],
        "tell_errors_apart": [lambda: (read_by_code,), lambda: (read_listed,)],
        "price_month": [lambda: (7.65,), lambda: (300 * 1.024 * 0.023 + 0.75,)],
    },
    "01_ingestion": {
        "predict_shard": [lambda: (shard_of_hex,), lambda: (shard_of_newest,)],
        "retry_failed": [lambda: (put_one_by_one,), lambda: (put_round_by_round,)],
        "mend_hot_shard": [
            lambda: (lambda event: f"plane {event['tailnum']}",),
            lambda: (lambda event: uuid.uuid5(uuid.NAMESPACE_DNS, event["tailnum"]).hex,),
        ],
        "survive_kill": [lambda: (consume_by_page,), lambda: (consume_by_tens,)],
    },
    "04_analytics": {
        "parameters": [lambda: (flights_prepared,)],
        "price_queries": [lambda: (price_by_sum,)],
        "prune": [
            lambda: ("SELECT origin, avg(dep_delay) AS delay FROM departures WHERE day IN ('2013-07-04') GROUP BY 1",),
            lambda: (
                "WITH one AS (SELECT * FROM departures WHERE day BETWEEN '2013-07-04' AND '2013-07-04') "
                "SELECT origin, sum(dep_delay) * 1e0 / count(dep_delay) AS delay FROM one GROUP BY origin",
            ),
        ],
        "fan_out": [
            lambda: (
                "SELECT f.carrier, f.flight, f.origin, w.visib FROM weather w RIGHT JOIN flights f "
                "ON w.origin = f.origin AND w.time_hour = f.time_hour",
            ),
            lambda: ("SELECT carrier, flight, origin, visib FROM flights LEFT JOIN weather USING (origin, time_hour)",),
        ],
    },
}
