"""Exercises on reading from a stream: crash and lose nothing, replay, and find out why nothing comes any more."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from unittest import mock

from botocore.client import BaseClient

from dehelpers.exercises.checks.part01.part import PART, departures
from dehelpers.exercises.checks.resources import contents, entry, new_stream, put, split, stream, unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

Record = dict[str, Any]
Handle = Callable[[Record], None]


class Killed(BaseException):
    """What a kill looks like from inside: `except Exception` does not catch it."""


class Checkpoint:
    """The sequence number handled last, in a place that outlives the consumer (on AWS a table in DynamoDB)."""

    def __init__(self) -> None:
        self._saved: str | None = None

    def load(self) -> str | None:
        """The sequence number saved last; None if there is none yet."""
        return self._saved

    def save(self, sequence_number: str) -> None:
        """Remember *sequence_number*."""
        self._saved = sequence_number


class Pages:
    """GetRecords as it is on a busy day, for all clients: pages of at most 100 records, and some of them *empty*.

    On AWS a page may be empty although more records follow (Kinesis guide, "GetRecords returns an empty records
    array"). A read that is refused, because a shard answers five a second, is repeated here: it is not what is asked.
    """

    def __init__(self, empty: bool = False) -> None:
        self._empty = empty
        self._calls = 0
        self.stopped_at_an_empty_one = False

    def __enter__(self) -> Pages:
        call = BaseClient._make_api_call

        def limited(client: Any, operation: str, parameters: dict[str, Any]) -> Any:
            if operation == "GetShardIterator":
                self._calls = 0
            if operation != "GetRecords":
                return call(client, operation, parameters)
            self._calls += 1
            self.stopped_at_an_empty_one = self._empty and self._calls % 3 == 2
            if self.stopped_at_an_empty_one:
                return {"Records": [], "NextShardIterator": parameters["ShardIterator"], "MillisBehindLatest": 60_000}
            while True:
                try:
                    return call(client, operation, {**parameters, "Limit": min(parameters.get("Limit", 100), 100)})
                except client.exceptions.ProvisionedThroughputExceededException:
                    time.sleep(0.2)

        self._patch = mock.patch.object(BaseClient, "_make_api_call", limited)
        self._patch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._patch.stop()


@PART.exercise(
    "Survive a kill",
    kind="write",
    hints=(
        "Decide where to start: `checkpoint.load()` is None only the first time, and then the oldest record is wanted.",
        "A checkpoint is a promise that everything up to it is done. When may it be given?",
        "`AFTER_SEQUENCE_NUMBER` goes on behind a checkpoint. `MillisBehindLatest` is 0 when there is no more to read.",
    ),
)
def survive_kill(consume: Callable[[str, str, Checkpoint, Handle], Any]) -> str:
    events, kills, tolerated = departures(300), (60, 150), 50
    handled: list[str] = []
    calls = 0

    def handle(record: Record) -> None:
        nonlocal calls
        calls += 1
        if calls == kills[0]:  # before the work is done
            raise Killed
        handled.append(json.loads(record["Data"])["event_id"])
        if calls == kills[1]:  # and once after it
            raise Killed

    with stream(1) as made, Pages(empty=True) as pages:
        put(made, [entry(event, event["tailnum"]) for event in events])
        checkpoint = Checkpoint()
        for _ in range(len(kills) + 1):
            try:
                run(consume, made, "shardId-000000000000", checkpoint, handle)
            except Killed:
                continue
            break
    if len(set(handled)) < len(events) and pages.stopped_at_an_empty_one:
        raise NotYet(
            "It stopped at an empty page, long before the end: GetRecords may return none although there are more. "
            "What else does the answer say?"
        )
    if not handled:
        raise NotYet(
            "Nothing was handled: without a checkpoint, start at the oldest record, and read until 0 ms behind."
        )
    lost = {event["event_id"] for event in events} - set(handled)
    if lost and calls < kills[0]:
        raise NotYet(
            f"It returned with {len(lost)} of {len(events)} records unread. One GetRecords is not all there is."
        )
    if lost:
        raise NotYet(f"After {len(kills)} kills {len(lost)} records were never handled. When is it safe to save?")
    repeated = len(handled) - len(events)
    if checkpoint.load() is None:
        raise NotYet("Nothing is lost, but nothing was ever saved: each start began with the oldest record again.")
    if repeated > tolerated * len(kills):
        raise NotYet(
            f"Nothing is lost, but {repeated} records were handled again after {len(kills)} kills. Save more often."
        )
    return f"Killed {len(kills)} times, lost nothing. Records handled twice: {repeated}; a sink has to bear that."


@PART.exercise(
    "Replay without doubles",
    kind="operate",
    hints=(
        "GetShardIterator can begin at a moment: `ShardIteratorType` AT_TIMESTAMP, with a `Timestamp`.",
        "A moment exists in each shard: list them, and read each until `MillisBehindLatest` is 0.",
        "What is the same when a producer sends an event again? Not the sequence number.",
    ),
)
def replay(replay: Callable[[str, datetime, dict[str, Any]], Any]) -> str:
    events = departures(200)
    before, after = events[:120], events[120:]
    with stream(2) as made, Pages():
        put(made, [entry(event, event["tailnum"]) for event in before])
        last = max(record["ApproximateArrivalTimestamp"] for part in contents(made).values() for record in part)
        since = last + timedelta(milliseconds=1)
        put(made, [entry(event, event["tailnum"]) for event in [*after, *after[:10]]])  # a producer that retried
        kept = {event["event_id"]: event | {"seats": 149} for event in before}  # somebody has worked on them since
        sink = dict(kept)
        run(replay, made, since, sink)
        first = dict(sink)
        run(replay, made, since, sink)
    wanted = {event["event_id"] for event in events}
    if any(sink.get(number) != departure for number, departure in kept.items()):
        raise NotYet("It wrote events from before `since` again. That is a read of the whole stream, not a replay.")
    if len(first) > len(events):
        raise NotYet(
            f"The sink has {len(first)} rows for {len(events)} departures: what makes two records one departure?"
        )
    if wanted - set(first):
        raise NotYet(
            f"{len(wanted - set(first))} departures are still missing from the sink. Are all shards read to their end?"
        )
    if dict(sink) != first or any(sink[event["event_id"]] != event for event in after):
        raise NotYet(
            "The rows are not the departures: put the decoded event under its `event_id`, as often as it comes."
        )
    return f"{len(after)} departures are back, the {len(before)} before untouched, and a second replay changes nothing."


def _incident() -> dict[str, Any]:
    """A stream that was split twice while its consumer, which had read a third of it, was not told."""
    made = unique("stream")
    new_stream(made, 2)
    day = departures()
    flown = Counter(event["tailnum"] for event in day)
    events = [event for event in day if flown[event["tailnum"]] > 2]  # planes that leave before and after a split
    third = len(events) // 3
    put(made, [entry(event, event["tailnum"]) for event in events[:third]])
    checkpoints = {shard: part[len(part) // 2]["SequenceNumber"] for shard, part in contents(made).items()}
    split(made, "shardId-000000000000")
    put(made, [entry(event, event["tailnum"]) for event in events[third : 2 * third]])
    split(made, "shardId-000000000002")
    put(made, [entry(event, event["tailnum"]) for event in events[2 * third :]])
    return {"stream": made, "checkpoints": checkpoints}


@PART.exercise(
    "The silent consumer",
    kind="operate",
    stage=_incident,
    hints=(
        "Compare the shards that ListShards knows with those of the checkpoints. Who reads the others?",
        "A closed shard ends: its last answer has no `NextShardIterator`, but `ChildShards`. Who has a place in those?",
        "A child of a shard has no checkpoint of yours, so all of it is new: TRIM_HORIZON. Parents come first.",
    ),
)
def silent_consumer(catch_up: Callable[[str, dict[str, str], Handle], Any]) -> str:
    incident = _incident()
    made, checkpoints = incident["stream"], dict(incident["checkpoints"])
    handled: list[Record] = []
    try:
        stored = contents(made)
        with Pages():
            run(catch_up, made, dict(checkpoints), handled.append)
    finally:
        client("kinesis").delete_stream(StreamName=made)
    records = [record for part in stored.values() for record in part]
    old = {
        record["SequenceNumber"]
        for shard, last in checkpoints.items()
        for record in stored[shard]
        if int(record["SequenceNumber"]) <= int(last)
    }
    new = {record["SequenceNumber"] for record in records} - old
    seen = [record["SequenceNumber"] for record in handled]
    if old & set(seen):
        raise NotYet(f"{len(old & set(seen))} departures were handled that had been handled before the incident.")
    unread = [shard for shard in stored if not {record["SequenceNumber"] for record in stored[shard]} & set(seen)]
    if unread:
        raise NotYet(
            f"{len(new - set(seen))} departures still wait, in shards nobody reads: {len(unread)} of {len(stored)}."
        )
    if new - set(seen):
        raise NotYet(
            f"{len(new - set(seen))} departures still wait, in shards that are read, but not from where they begin."
        )
    if len(seen) > len(set(seen)):
        raise NotYet(f"{len(seen) - len(set(seen))} departures were handled twice: a shard is reached by two ways.")
    if _disordered(handled):
        raise NotYet("Departures of one plane came in the wrong order: what has to be read before a child shard?")
    return f"{len(new)} departures had been waiting; all are handled, in order, and none twice."


def _disordered(handled: list[Record]) -> bool:
    newest: dict[str, str] = {}
    for record in handled:
        event = json.loads(record["Data"])
        if event["event_time"] < newest.get(event["tailnum"], ""):
            return True
        newest[event["tailnum"]] = event["event_time"]
    return False
