"""An exercise on sizes: how many shards, which buffer."""

from __future__ import annotations

from typing import Any

from dehelpers.exercises.checks.numbers import number
from dehelpers.exercises.checks.part01.part import PART
from dehelpers.exercises.outcome import NotYet
from dehelpers.words.price import estimate

RECORDS, RECORD_BYTES, READERS = 1_500, 1_200, 3  # per second; as the notebook tells it
SMALLEST_FILE, LONGEST_WAIT = 50, 60  # MB, seconds
MB = 1_000_000
LIMITS = ("records in", "bytes in", "bytes out")


@PART.exercise(
    "Size a stream",
    kind="choose",
    hints=(
        "A shard has three limits: 1,000 records/s in, 1 MiB/s in, 2 MiB/s out. Work out all three.",
        "Everyone who reads with GetRecords gets all records, and all of them share the 2 MiB/s of each shard.",
        "A buffer is delivered at its size or its interval, whichever comes first. How much arrives in a minute?",
    ),
)
def size_stream(plan: dict[str, Any]) -> str:
    if not isinstance(plan, dict) or not {"shards", "limited_by", "buffer_mb", "buffer_seconds"} <= plan.keys():
        raise NotYet("`plan` needs the four keys that it began with.")
    limit = plan["limited_by"]
    shards, size, seconds = (_whole(plan[key]) for key in ("shards", "buffer_mb", "buffer_seconds"))
    rate = RECORDS * RECORD_BYTES / MB  # MB a second
    if shards < 2:
        raise NotYet(f"{shards} shard takes 1,000 records a second, and {RECORDS:,} come.")
    if shards == 2:
        raise NotYet(f"What comes in fits. Now add up what {READERS} applications take out, all together.")
    if shards > 3:
        extra = estimate({"kinesis.shard_hour": shards - 3}, hours=730).total
        raise NotYet(f"Fewer are enough: {shards} shards cost {extra:.2f} USD a month more than need be.")
    if limit not in LIMITS:
        raise NotYet(f"`limited_by` is one of {', '.join(LIMITS)}.")
    if limit != "bytes out":
        raise NotYet(f"By {limit} two shards would do. What made it three?")
    if not (1 <= size <= 128 and 0 <= seconds <= 900):
        raise NotYet("Firehose takes 1 to 128 MB and 0 to 900 seconds.")
    if seconds > LONGEST_WAIT:
        raise NotYet(f"At night, when little comes, a departure would wait {seconds} s in the buffer.")
    file = min(size, rate * seconds)
    if file < SMALLEST_FILE:
        first = "the size" if size <= rate * seconds else "the interval"
        raise NotYet(f"Files of {file:.0f} MB: {first} is reached first.")
    return f"Three shards because of what goes out; files of {file:.0f} MB, and nobody waits longer than {seconds} s."


def _whole(answer: Any) -> int:
    """A whole number, which may be written as 3.0."""
    advice = "Shards, megabytes and seconds are whole numbers here."
    found = number(answer, advice)
    if not found.is_integer():
        raise NotYet(advice)
    return int(found)
