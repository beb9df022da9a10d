"""What the engine tells CloudWatch, in namespace ``AWS/Kinesis``.

Source: "Monitor the Amazon Kinesis Data Streams service with Amazon CloudWatch", Developer Guide.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from localaws.engines.kinesis.shard import Shard
from localaws.engines.kinesis.stream import Entry, Stream
from localaws.engines.kinesis.usage import use_get, use_put

SHARD_METRICS = [
    "IncomingBytes",
    "IncomingRecords",
    "IteratorAgeMilliseconds",
    "OutgoingBytes",
    "OutgoingRecords",
    "ReadProvisionedThroughputExceeded",
    "WriteProvisionedThroughputExceeded",
]


def _unit(metric: str) -> str:
    if metric.endswith("Bytes"):
        return "Bytes"
    return "Milliseconds" if metric.endswith(("Milliseconds", "Latency", "MillisBehindLatest")) else "Count"


def stream_metrics(stream: Stream, values: dict[str, float], **dimensions: str) -> None:
    """Report *values* by metric for the stream, or for what other *dimensions* narrow it to."""
    for name, value in values.items():
        stream.lab.metrics.add(
            "AWS/Kinesis", name, value, _unit(name), {"StreamName": stream.stream_name, **dimensions}, stream.region
        )


def shard_metrics(stream: Stream, shard: Shard, values: dict[str, float]) -> None:
    """Report those of *values* that enhanced (shard-level) monitoring was switched on for."""
    wanted = {name: value for name, value in values.items() if name in stream.shard_level_metrics}
    if wanted:
        stream_metrics(stream, wanted, ShardId=shard.shard_id)


def report_put(
    operation: str,
    stream: Stream,
    entries: Sequence[Entry],
    results: Sequence[tuple[Shard, int | None]],
    latency_ms: float,
) -> None:
    """The metrics of one PutRecord or PutRecords call."""
    sizes = [entry.size for entry, (_, number) in zip(entries, results, strict=True) if number is not None]
    stored, stored_bytes = len(sizes), sum(sizes)
    failed = len(entries) - stored
    use_put(stream, sizes)
    values: dict[str, float] = {
        "IncomingBytes": stored_bytes,
        "IncomingRecords": stored,
        "WriteProvisionedThroughputExceeded": failed,
        f"{operation}.Bytes": stored_bytes,
        f"{operation}.Latency": round(latency_ms, 1),
        f"{operation}.Success": int(stored > 0),
    }
    if operation == "PutRecords":
        values |= {
            "PutRecords.Records": stored,
            "PutRecords.TotalRecords": len(entries),
            "PutRecords.SuccessfulRecords": stored,
            "PutRecords.FailedRecords": 0,  # by internal failures
            "PutRecords.ThrottledRecords": failed,
        }
    stream_metrics(stream, values)
    if stream.shard_level_metrics:
        _report_put_by_shard(stream, entries, results)


def _report_put_by_shard(stream: Stream, entries: Sequence[Entry], results: Sequence[tuple[Shard, int | None]]) -> None:
    sizes: Counter[Shard] = Counter()
    records: Counter[Shard] = Counter()
    refused: Counter[Shard] = Counter()
    for entry, (shard, number) in zip(entries, results, strict=True):
        if number is None:
            refused[shard] += 1
        else:
            records[shard] += 1
            sizes[shard] += entry.size
    for shard in records | refused:
        values: dict[str, float] = {
            "IncomingBytes": sizes[shard],
            "IncomingRecords": records[shard],
            "WriteProvisionedThroughputExceeded": refused[shard],
        }
        shard_metrics(stream, shard, values)


def report_get(stream: Stream, shard: Shard, records: int, size: int, age_ms: int, latency_ms: float) -> None:
    """The metrics of one GetRecords call that was answered."""
    use_get(stream, records, size)
    stream_metrics(
        stream,
        {
            "GetRecords.Bytes": size,
            "GetRecords.Records": records,
            "GetRecords.IteratorAgeMilliseconds": age_ms,
            "GetRecords.Latency": round(latency_ms, 1),
            "GetRecords.Success": 1,
            "ReadProvisionedThroughputExceeded": 0,
        },
    )
    values: dict[str, float] = {"OutgoingBytes": size, "OutgoingRecords": records, "IteratorAgeMilliseconds": age_ms}
    shard_metrics(stream, shard, values)


def report_get_refused(stream: Stream, shard: Shard) -> None:
    """The metrics of one GetRecords call that was throttled."""
    stream_metrics(stream, {"ReadProvisionedThroughputExceeded": 1, "GetRecords.Success": 0})
    shard_metrics(stream, shard, {"ReadProvisionedThroughputExceeded": 1})


def report_event(stream: Stream, consumer_name: str, shard: Shard, records: int, size: int, behind_ms: int) -> None:
    """The metrics of one event pushed to an enhanced fan-out consumer."""
    values: dict[str, float] = {
        "SubscribeToShardEvent.Bytes": size,
        "SubscribeToShardEvent.Records": records,
        "SubscribeToShardEvent.MillisBehindLatest": behind_ms,
        "SubscribeToShardEvent.Success": 1,
    }
    stream_metrics(stream, values, ConsumerName=consumer_name)
    shard_metrics(stream, shard, {"OutgoingBytes": size, "OutgoingRecords": records})
