"""Known slips in the exercises on streams."""

from __future__ import annotations

import hashlib
import json
import time
import uuid
from typing import Any

import boto3


def shard_ignoring_splits(key: str, shards: list[dict[str, Any]]) -> str | None:
    number = int(hashlib.md5(key.encode()).hexdigest(), 16)
    for shard in shards:
        hashes = shard["HashKeyRange"]
        if int(hashes["StartingHashKey"]) <= number <= int(hashes["EndingHashKey"]):
            return str(shard["ShardId"])
    return None


def shard_by_remainder(key: str, shards: list[dict[str, Any]]) -> str:
    still_open = [shard for shard in shards if "EndingSequenceNumber" not in shard["SequenceNumberRange"]]
    return str(still_open[int(hashlib.md5(key.encode()).hexdigest(), 16) % len(still_open)]["ShardId"])


def shard_as_a_number(key: str, shards: list[dict[str, Any]]) -> int:
    return int(hashlib.md5(key.encode()).hexdigest(), 16) * len(shards) >> 128


def put_trustingly(kinesis: Any, stream: str, entries: list[Any]) -> None:
    for start in range(0, len(entries), 500):
        kinesis.put_records(StreamName=stream, Records=entries[start : start + 500])


def put_all_at_once(kinesis: Any, stream: str, entries: list[Any]) -> None:
    kinesis.put_records(StreamName=stream, Records=entries)


def put_batches_again(kinesis: Any, stream: str, entries: list[Any]) -> None:
    for start in range(0, len(entries), 500):
        for _ in range(4):
            if not kinesis.put_records(StreamName=stream, Records=entries[start : start + 500])["FailedRecordCount"]:
                break
            time.sleep(0.01)


def put_without_pause(kinesis: Any, stream: str, entries: list[Any]) -> None:
    while entries:
        batch, rest = entries[:500], entries[500:]
        answer = kinesis.put_records(StreamName=stream, Records=batch)
        entries = [e for e, said in zip(batch, answer["Records"], strict=True) if "ErrorCode" in said] + rest


def key_origin(event: dict[str, Any]) -> str:
    return str(event["origin"])


def key_random(event: dict[str, Any]) -> str:
    return uuid.uuid4().hex


def key_flight(event: dict[str, Any]) -> int:
    return int(event["flight"])


def _read(stream: str, shard_id: str, **start: Any) -> Any:
    """All records of a shard from some place on, with whether the shard is closed."""
    kinesis = boto3.client("kinesis")
    iterator = kinesis.get_shard_iterator(StreamName=stream, ShardId=shard_id, **start)["ShardIterator"]
    while iterator:
        page = kinesis.get_records(ShardIterator=iterator)
        yield from page["Records"]
        iterator = page.get("NextShardIterator") if page["MillisBehindLatest"] else None


def _after(number: str | None) -> dict[str, str]:
    if number is None:
        return {"ShardIteratorType": "TRIM_HORIZON"}
    return {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": number}


def consume_saving_first(stream: str, shard_id: str, checkpoint: Any, handle: Any) -> None:
    for record in _read(stream, shard_id, **_after(checkpoint.load())):
        checkpoint.save(record["SequenceNumber"])
        handle(record)


def consume_never_saving(stream: str, shard_id: str, checkpoint: Any, handle: Any) -> None:
    for record in _read(stream, shard_id, ShardIteratorType="TRIM_HORIZON"):
        handle(record)


def consume_saving_at_the_end(stream: str, shard_id: str, checkpoint: Any, handle: Any) -> None:
    for record in _read(stream, shard_id, **_after(checkpoint.load())):
        handle(record)
    checkpoint.save(record["SequenceNumber"])


def consume_from_latest(stream: str, shard_id: str, checkpoint: Any, handle: Any) -> None:
    for record in _read(stream, shard_id, ShardIteratorType="LATEST"):
        handle(record)


def consume_one_page(stream: str, shard_id: str, checkpoint: Any, handle: Any) -> None:
    kinesis = boto3.client("kinesis")
    place = {"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
    iterator = kinesis.get_shard_iterator(**place)["ShardIterator"]
    for record in kinesis.get_records(ShardIterator=iterator, Limit=20)["Records"]:
        handle(record)


def consume_until_an_empty_page(stream: str, shard_id: str, checkpoint: Any, handle: Any) -> None:
    kinesis = boto3.client("kinesis")
    place = {"StreamName": stream, "ShardId": shard_id, "ShardIteratorType": "TRIM_HORIZON"}
    if checkpoint.load():
        place |= {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "StartingSequenceNumber": checkpoint.load()}
    page = kinesis.get_records(ShardIterator=kinesis.get_shard_iterator(**place)["ShardIterator"])
    while page["Records"]:
        for record in page["Records"]:
            handle(record)
            checkpoint.save(record["SequenceNumber"])
        page = kinesis.get_records(ShardIterator=page["NextShardIterator"])


def _shards(stream: str) -> list[str]:
    return [shard["ShardId"] for shard in boto3.client("kinesis").list_shards(StreamName=stream)["Shards"]]


def replay_everything(stream: str, since: Any, sink: Any) -> None:
    for shard_id in _shards(stream):
        for record in _read(stream, shard_id, ShardIteratorType="TRIM_HORIZON"):
            event = json.loads(record["Data"])
            sink[event["event_id"]] = event


def replay_one_shard(stream: str, since: Any, sink: Any) -> None:
    for record in _read(stream, _shards(stream)[0], ShardIteratorType="AT_TIMESTAMP", Timestamp=since):
        event = json.loads(record["Data"])
        sink[event["event_id"]] = event


def replay_by_sequence_number(stream: str, since: Any, sink: Any) -> None:
    for shard_id in _shards(stream):
        for record in _read(stream, shard_id, ShardIteratorType="AT_TIMESTAMP", Timestamp=since):
            sink[record["SequenceNumber"]] = json.loads(record["Data"])


def replay_undecoded(stream: str, since: Any, sink: Any) -> None:
    for shard_id in _shards(stream):
        for record in _read(stream, shard_id, ShardIteratorType="AT_TIMESTAMP", Timestamp=since):
            sink[json.loads(record["Data"])["event_id"]] = record["Data"]


def catch_up_on_what_it_knows(stream: str, checkpoints: dict[str, str], handle: Any) -> None:
    for shard_id, last in checkpoints.items():
        for record in _read(stream, shard_id, **_after(last)):
            handle(record)


def catch_up_from_the_start(stream: str, checkpoints: dict[str, str], handle: Any) -> None:
    for shard_id in _shards(stream):
        for record in _read(stream, shard_id, ShardIteratorType="TRIM_HORIZON"):
            handle(record)


def catch_up_children_first(stream: str, checkpoints: dict[str, str], handle: Any) -> None:
    for shard_id in reversed(_shards(stream)):
        for record in _read(stream, shard_id, **_after(checkpoints.get(shard_id))):
            handle(record)


def catch_up_twice(stream: str, checkpoints: dict[str, str], handle: Any) -> None:
    for shard_id in _shards(stream):
        for record in _read(stream, shard_id, **_after(checkpoints.get(shard_id))):
            handle(record)
            handle(record)


WRONG: dict[str, list[tuple[tuple[Any, ...], str]]] = {
    "predict_shard": [
        ((shard_ignoring_splits,), "was split"),
        ((shard_by_remainder,), "owns a range"),
        ((shard_as_a_number,), "return a ShardId"),
    ],
    "retry_failed": [
        ((put_trustingly,), "never arrived"),
        ((put_all_at_once,), "1 to 500"),
        ((put_batches_again,), "more than once"),
        ((put_without_pause,), "Pause"),
    ],
    "mend_hot_shard": [
        ((key_origin,), "3 different keys"),
        ((key_random,), "lose their order"),
        ((key_flight,), "is text"),
    ],
    "survive_kill": [
        ((consume_saving_first,), "safe to save"),
        ((consume_never_saving,), "nothing was ever saved"),
        ((consume_saving_at_the_end,), "Save more often"),
        ((consume_from_latest,), "Nothing was handled"),
        ((consume_one_page,), "records unread"),
        ((consume_until_an_empty_page,), "stopped at an empty page"),
    ],
    "replay": [
        ((replay_everything,), "not a replay"),
        ((replay_one_shard,), "still missing"),
        ((replay_by_sequence_number,), "two records one departure"),
        ((replay_undecoded,), "decoded event"),
    ],
    "silent_consumer": [
        ((catch_up_on_what_it_knows,), "in shards nobody reads"),
        ((catch_up_from_the_start,), "before the incident"),
        ((catch_up_children_first,), "wrong order"),
        ((catch_up_twice,), "handled twice"),
    ],
}
