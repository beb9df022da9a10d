"""Exercises on writing to a stream: where a record goes, what to do when it is refused, which key spreads the load."""

from __future__ import annotations

import statistics
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from dehelpers.exercises.checks.part01.part import PART, departures
from dehelpers.exercises.checks.resources import contents, entry, put, split, stream
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

Entry = dict[str, Any]


@PART.exercise(
    "Predict the shard",
    kind="predict",
    hints=(
        "The MD5 of the key in UTF-8, read as a number of 128 bits, falls into the `HashKeyRange` of some shard.",
        "After a split the parent is still listed, with the same range as its two children together.",
        "In the `SequenceNumberRange` of a closed shard there is something that an open shard does not have.",
    ),
)
def predict_shard(shard_of: Callable[[str, list[Mapping[str, Any]]], str]) -> str:
    keys = [*dict.fromkeys(event["tailnum"] for event in departures(60)), "Zürich"]
    with stream(4) as made:
        split(made, "shardId-000000000001")
        shards = client("kinesis").list_shards(StreamName=made)["Shards"]
        predicted = [run(shard_of, key, shards) for key in keys]
        placed = put(made, [entry({"tailnum": key}, key) for key in keys])
    missed = [key for key, said, went in zip(keys, predicted, placed, strict=True) if said != went]
    if "shardId-000000000001" in predicted:
        raise NotYet(
            "A record was predicted for shard 1, which was split and takes no more records. How do you see that?"
        )
    if strange := [said for said in predicted if said not in [shard["ShardId"] for shard in shards]]:
        raise NotYet(
            f"`shard_of` should return a ShardId such as `{shards[0]['ShardId']}`, and returned `{strange[0]}`."
        )
    if missed:
        raise NotYet(
            f"{len(keys) - len(missed)} of {len(keys)} keys went where you said; `{missed[0]}` did not. "
            "A shard owns a range of hash keys: which number is compared with it?"
        )
    return f"All {len(keys)} records went to the shard you named, without asking Kinesis first."


@PART.exercise(
    "Retry only what failed",
    kind="write",
    hints=(
        "PutRecords answers HTTP 200 even if records were refused: `FailedRecordCount` says how many.",
        "`Records` of the answer has one result for each entry, in the same order; a refused one has an `ErrorCode`.",
        "Pair entries and results with `zip`, keep those with an `ErrorCode` for the next round, and pause before it.",
    ),
)
def retry_failed(put_all: Callable[[Any, str, list[Entry]], Any]) -> str:
    events = departures()
    entries = [entry(event, event["tailnum"]) for event in events]
    flaky = _FlakyKinesis()
    run(put_all, flaky, "flaky", entries)
    _judge_delivery(Counter(flaky.accepted), entries, "The stream that refuses every third record once or twice")
    if flaky.pauses and statistics.median(flaky.pauses) < 0.001:
        raise NotYet("All arrive, but refused records are sent again at once, into a shard that is still full. Pause.")
    with stream(1) as made:
        entries = [entry(event | {"copy": copy}, event["tailnum"]) for copy in (1, 2) for event in events[:700]]
        run(put_all, client("kinesis"), made, entries)
        [stored] = contents(made).values()
        _judge_delivery(Counter(record["Data"] for record in stored), entries, "A shard that takes 1,000 a second")
    return f"{len(entries):,} records through a shard that takes 1,000 a second: each is there, and only once."


class _FlakyKinesis:
    """A client that refuses every third record at first, every sixth twice, and keeps what it took.

    All that it does not do itself, such as `exceptions`, is the real client's.
    """

    def __init__(self) -> None:
        self._client = client("kinesis")
        self.accepted: list[bytes] = []
        self.pauses: list[float] = []  # seconds between a refusal and the next call
        self._offered: Counter[bytes] = Counter()
        self._refused_at = 0.0

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def put_record(self, *, Data: bytes | str, PartitionKey: str, **_: str) -> dict[str, str]:
        answer = self.put_records(Records=[{"Data": Data, "PartitionKey": PartitionKey}])["Records"][0]
        if "ErrorCode" in answer:
            error = {"Error": {"Code": answer["ErrorCode"], "Message": answer["ErrorMessage"]}}
            raise self._client.exceptions.ProvisionedThroughputExceededException(error, "PutRecord")
        return answer

    def put_records(self, *, Records: list[Entry], StreamName: str = "", StreamARN: str = "") -> dict[str, Any]:
        if not 1 <= len(Records) <= 500:
            raise NotYet(f"PutRecords was called with {len(Records):,} records; it takes 1 to 500 in one call.")
        if self._refused_at:
            self.pauses.append(time.monotonic() - self._refused_at)
        results = [self._take(record["Data"]) for record in Records]
        failed = sum("ErrorCode" in result for result in results)
        self._refused_at = time.monotonic() if failed else 0.0
        return {"FailedRecordCount": failed, "Records": results}

    def _take(self, data: bytes | str) -> dict[str, str]:
        content = data.encode() if isinstance(data, str) else data
        self._offered[content] += 1
        if self._offered[content] <= sum(content) % 3:
            return {"ErrorCode": "ProvisionedThroughputExceededException", "ErrorMessage": "Rate exceeded for shard"}
        self.accepted.append(content)
        return {"ShardId": "shardId-000000000000", "SequenceNumber": str(len(self.accepted))}


def _judge_delivery(stored: Counter[bytes], entries: list[Entry], where: str) -> None:
    lost = sum(1 for item in entries if not stored[item["Data"]])
    if lost:
        raise NotYet(f"{where}: {lost:,} of {len(entries):,} records never arrived. What does the answer say of each?")
    twice = sum(1 for times in stored.values() if times > 1)
    if twice:
        raise NotYet(f"{where}: all arrived, {twice:,} of them more than once. Which need not be sent again?")


@PART.exercise(
    "Mend a hot shard",
    kind="fix",
    hints=(
        "Three airports make three keys: three shards at most, however many are paid for.",
        "Look for a field with many values, none of them frequent, that is the same whenever order matters.",
    ),
)
def mend_hot_shard(partition_key: Callable[[dict[str, Any]], str]) -> str:
    events = departures()
    keys = [run(partition_key, event) for event in events]
    if not all(isinstance(key, str) and 1 <= len(key) <= 256 for key in keys):
        raise NotYet("A partition key is text of 1 to 256 characters.")
    with stream(6) as made:
        put(made, [entry(event, key) for event, key in zip(events, keys, strict=True)])
        loads = [len(records) for records in contents(made).values()]
    skew = max(loads) / statistics.mean(loads)
    if skew >= 1.3:
        used = f"{sum(load > 0 for load in loads)} of {len(loads)} shards are used"
        raise NotYet(
            f"The fullest shard has {skew:.2f} times the mean, {used}; {len(set(keys))} different keys were sent."
        )
    keys_of: dict[str, set[str]] = {}
    for event, key in zip(events, keys, strict=True):
        keys_of.setdefault(event["tailnum"], set()).add(key)
    torn = sum(len(found) > 1 for found in keys_of.values())
    if torn:
        raise NotYet(f"max/mean is {skew:.2f}, but {torn} planes have several keys: their departures lose their order.")
    return (
        f"The fullest of {len(loads)} shards has {skew:.2f} times the mean, and each plane's departures stay in order."
    )
