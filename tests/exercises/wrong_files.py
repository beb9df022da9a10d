"""Known slips in the exercises on files, plans and functions."""

from __future__ import annotations

import base64
import csv
import io
import json
from contextlib import suppress
from typing import Any
from urllib.parse import unquote_plus

import boto3

Event = dict[str, Any]


def _text(bucket: str, key: str) -> str:
    return str(boto3.client("s3").get_object(Bucket=bucket, Key=key)["Body"].read().decode())


def load_naively(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    for record in event["Records"]:
        key = record["s3"]["object"]["key"]
        table[key] = _text(record["s3"]["bucket"]["name"], key)


def load_ignoring_time(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    for record in event.get("Records", []):
        key = unquote_plus(record["s3"]["object"]["key"])
        if record["eventName"].startswith("ObjectRemoved"):
            table.pop(key, None)
        else:
            table[key] = _text(record["s3"]["bucket"]["name"], key)


def load_each_once(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    for record in event.get("Records", []):
        key, number = unquote_plus(record["s3"]["object"]["key"]), record["s3"]["object"]["sequencer"]
        if record["eventName"].startswith("ObjectCreated") and number > seen.get(key, ""):
            seen[key] = number
            table[key] = "the file"


def load_encoded_keys(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    for record in event.get("Records", []):
        key = record["s3"]["object"]["key"]
        table[key] = _text(record["s3"]["bucket"]["name"], unquote_plus(key))


def load_without_test(event: Event, table: dict[str, str], seen: dict[str, str]) -> None:
    """All right, until S3's own test message comes."""
    for record in event["Records"]:
        key, number = unquote_plus(record["s3"]["object"]["key"]), record["s3"]["object"]["sequencer"]
        if number <= seen.get(key, ""):
            continue
        seen[key] = number
        if record["eventName"].startswith("ObjectRemoved"):
            table.pop(key, None)
        else:
            table[key] = _text(record["s3"]["bucket"]["name"], key)


def _rows(bucket: str, prefix: str, load_first: bool = True) -> list[tuple[str, list[str]]]:
    keys = [item["Key"] for item in boto3.client("s3").list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]]
    if load_first:
        keys.sort(key=lambda key: ("LOAD" not in key, key))
    rows = [(key, row) for key in keys for row in csv.reader(io.StringIO(_text(bucket, key)))]
    return [("I", row) if "LOAD" in key else (row[0], row[1:]) for key, row in rows]


def _seats(rows: list[tuple[str, list[str]]]) -> dict[str, int]:
    seats: dict[str, int] = {}
    for op, row in rows:
        if op == "D":
            seats.pop(row[0], None)
        else:
            seats[row[0]] = int(row[3])
    return seats


def rebuild_load_only(bucket: str, prefix: str) -> dict[str, int]:
    return _seats(_rows(bucket, prefix + "LOAD"))


def rebuild_without_deletes(bucket: str, prefix: str) -> dict[str, int]:
    return _seats([(op, row) for op, row in _rows(bucket, prefix) if op != "D"])


def rebuild_as_listed(bucket: str, prefix: str) -> dict[str, int]:
    return _seats(_rows(bucket, prefix, load_first=False))


def rebuild_as_text(bucket: str, prefix: str) -> dict[str, str]:
    return {plane: str(seats) for plane, seats in _seats(_rows(bucket, prefix)).items()}


def rebuild_first_file(bucket: str, prefix: str) -> dict[str, int]:
    return _seats(_rows(bucket, prefix + "LOAD00000001"))


def rebuild_by_commas(bucket: str, prefix: str) -> dict[str, int]:
    text = _text(bucket, f"{prefix}20130711-1215000000.csv")
    return {row.split(",")[1]: int(row.split(",")[4]) for row in text.splitlines()}


def rebuild_a_list(bucket: str, prefix: str) -> list[Any]:
    return _rows(bucket, prefix)


def plan(**changes: Any) -> tuple[dict[str, Any]]:
    return ({"shards": 3, "limited_by": "bytes out", "buffer_mb": 128, "buffer_seconds": 60} | changes,)


def _store(bucket: str, data: bytes) -> None:
    departure = json.loads(data)
    boto3.client("s3").put_object(Bucket=bucket, Key=f"departures/{departure['event_id']}.json", Body=data)


class Handlers:
    """Broken handlers; each knows the bucket it writes to, as a reader's does by a global."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket

    def of_the_guide(self, event: Event, context: Any) -> Any:
        return event["data"]

    def undecoded(self, event: Event, context: Any) -> Any:
        for record in event["Records"]:
            _store(self.bucket, record["kinesis"]["data"])

    def raising(self, event: Event, context: Any) -> Any:
        for record in event["Records"]:
            _store(self.bucket, base64.b64decode(record["kinesis"]["data"]))

    def swallowing(self, event: Event, context: Any) -> Any:
        for record in event["Records"]:
            with suppress(ValueError):
                _store(self.bucket, base64.b64decode(record["kinesis"]["data"]))
        return {"batchItemFailures": []}

    def naming_the_event(self, event: Event, context: Any) -> Any:
        return self._failing(event, lambda record: record["eventID"])

    def naming_the_first(self, event: Event, context: Any) -> Any:
        return self._failing(event, lambda record: event["Records"][0]["kinesis"]["sequenceNumber"])

    def storing_nothing(self, event: Event, context: Any) -> Any:
        return {"batchItemFailures": []}

    def setting_aside_the_rest(self, event: Event, context: Any) -> Any:
        """Keeps the record that is no JSON, and forgets those behind it."""
        if failures := self._failing(event, lambda record: record["kinesis"]["data"])["batchItemFailures"]:
            boto3.client("s3").put_object(Bucket=self.bucket, Key="pill", Body=failures[0]["itemIdentifier"].encode())

    def answering_as_the_web(self, event: Event, context: Any) -> Any:
        self._failing(event, str)
        return {"statusCode": 200, "batchItemFailures": [{"itemIdentifier": ""}]}

    def _failing(self, event: Event, name: Any) -> Any:
        for record in event["Records"]:
            try:
                _store(self.bucket, base64.b64decode(record["kinesis"]["data"]))
            except ValueError:
                return {"batchItemFailures": [{"itemIdentifier": name(record)}]}
        return {"batchItemFailures": []}


def handler(name: str) -> Any:
    """The answers of one broken handler, made once there is a lab: a bucket and the handler that writes to it."""

    def answers(bucket: str) -> tuple[Any, str]:
        return getattr(Handlers(bucket), name), bucket

    return answers


def settings(**changes: Any) -> Any:
    """Settings of an event source mapping that would be right without *changes*; None leaves one out."""

    def answers(queue: str) -> tuple[dict[str, Any], str]:
        right = {
            "BatchSize": 10,
            "StartingPosition": "TRIM_HORIZON",
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnFailure": {"Destination": queue}},
        }
        return {name: value for name, value in (right | changes).items() if value is not None}, queue

    return answers


WRONG: dict[str, list[tuple[Any, str]]] = {
    "load_files": [
        ((load_naively,), "NoSuchKey"),
        ((load_ignoring_time,), "its old deletion arrived late"),
        ((load_each_once,), "not the file's text"),
        ((load_encoded_keys,), "no key in the bucket"),
        ((load_without_test,), "KeyError: 'Records'"),
    ],
    "rebuild_table": [
        ((rebuild_load_only,), "full load alone"),
        ((rebuild_without_deletes,), "were sold"),
        ((rebuild_as_listed,), "came before what they change"),
        ((rebuild_as_text,), "only text"),
        ((rebuild_first_file,), "follow that one"),
        ((rebuild_by_commas,), "ValueError"),
        ((rebuild_a_list,), "a dict"),
    ],
    "size_stream": [
        (plan(shards=1), "1,000 records a second"),
        (plan(shards=2), "take out"),
        (plan(shards=6), "32.85 USD a month more"),
        (plan(limited_by="records in"), "two shards would do"),
        (plan(limited_by="memory"), "is one of"),
        (plan(buffer_seconds=300), "At night"),
        (plan(buffer_seconds=10), "the interval is reached first"),
        (plan(buffer_mb=5), "the size is reached first"),
        (plan(buffer_mb=512), "1 to 128 MB"),
        (plan(shards="3"), "whole numbers"),
        (({"shards": 3},), "four keys"),
    ],
    "mend_handler": [
        (handler("of_the_guide"), "KeyError: 'data'"),
        (handler("undecoded"), "`undecoded` raised"),
        (handler("raising"), "`raising` raised"),
        (handler("swallowing"), "that record is lost"),
        (handler("naming_the_event"), "should be a `sequenceNumber`"),
        (handler("naming_the_first"), "others were reported"),
        (handler("storing_nothing"), "not in the bucket"),
        (handler("answering_as_the_web"), "All four went well"),
        (handler("setting_aside_the_rest"), "beside it are not"),
    ],
    "poison_pill": [
        (settings(BisectBatchOnFunctionError=None), "Who separates them"),
        (settings(MaximumRetryAttempts=None), "blocks its shard"),
        (settings(DestinationConfig=None), "nobody is told"),
        (settings(BatchSize=1), "many calls"),
        (settings(StartingPosition="LATEST"), "from where"),
        (settings(MaxRetries=1), "Lambda refused"),
        (settings(Enabled=False), "not enabled"),
        (settings(FilterCriteria={"Filters": [{"Pattern": '{"data": {"dest": ["MIA"]}}'}]}), "A filter leaves"),
        (
            settings(DestinationConfig={"OnFailure": {"Destination": "arn:aws:sqs:us-east-1:123456789012:nowhere"}}),
            "nobody looks",
        ),
    ],
}
