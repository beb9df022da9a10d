"""Where a reader starts, and the shard iterators that remember where it is.

Source: GetShardIterator and GetRecords, API Reference.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, NamedTuple

from localaws.engines.kinesis import limits
from localaws.engines.kinesis.errors import invalid
from localaws.engines.kinesis.shard import Shard
from localaws.engines.kinesis.stream import Stream
from localaws.engines.kinesis.tokens import seal, unseal
from localaws.gateway.errors import AwsError


class Place(NamedTuple):
    """What a shard iterator says: the stream (by name and creation), the shard, the next record's position."""

    stream_name: str
    created: str
    shard_id: str
    position: int


def start_position(
    stream: Stream, shard: Shard, kind: str, sequence_number: str | None, timestamp: float | None
) -> int:
    """The position of the first record that an iterator of type *kind* stands for.

    Raises InvalidArgumentException when the sequence number or the timestamp does not suit the type or the shard.
    """
    if kind in ("AT_SEQUENCE_NUMBER", "AFTER_SEQUENCE_NUMBER"):
        position = _position_of(stream, shard, kind, sequence_number)
        return max(0, position + (kind == "AFTER_SEQUENCE_NUMBER"))
    if sequence_number is not None:
        raise invalid(_sequence_rule(kind, "also a"))
    if kind == "AT_TIMESTAMP":
        return _position_at(stream, shard, timestamp)
    return shard.log.end if kind == "LATEST" else shard.log.start


def _position_of(stream: Stream, shard: Shard, kind: str, sequence_number: str | None) -> int:
    if sequence_number is None:
        raise invalid(_sequence_rule(kind, "no"))
    position = shard.position_of(int(sequence_number))
    if position is None:
        raise invalid(
            f"StartingSequenceNumber {sequence_number} used in GetShardIterator on shard {shard.shard_id} in stream "
            f"{stream.stream_name} under account {stream.account_id} is invalid because it did not come from this "
            "shard."
        )
    return position


def _sequence_rule(kind: str, what: str) -> str:
    return (
        "Must either specify (1) AT_SEQUENCE_NUMBER or AFTER_SEQUENCE_NUMBER and StartingSequenceNumber or "
        "(2) TRIM_HORIZON or LATEST and no StartingSequenceNumber. "
        f"Request specified {kind} and {what} StartingSequenceNumber."
    )


def _position_at(stream: Stream, shard: Shard, timestamp: float | None) -> int:
    if timestamp is None:
        raise invalid(
            "Must specify timestampInMillis parameter for iterator of type AT_TIMESTAMP. "
            "Current request has no timestamp parameter."
        )
    now = stream.lab.clock.time()
    if timestamp > now:
        raise invalid(
            "The timestampInMillis parameter cannot be greater than the currentTimestampInMillis. "
            f"timestampInMillis: {timestamp * 1000:.0f}, currentTimestampInMillis: {now * 1000:.0f}"
        )
    # Clients know arrival times in whole milliseconds.
    return shard.log.position_at(timestamp - 0.0005)


def iterator_at(stream: Stream, shard: Shard, position: int) -> str:
    """A shard iterator, good for five minutes."""
    return seal(stream.stream_name, stream.created, shard.shard_id, position, stream.lab.clock.time())


def read_iterator(iterator: str, now: float) -> Place:
    """What an iterator says.

    Raises InvalidArgumentException for one that was not ours, ExpiredIteratorException after five minutes.
    """
    try:
        stream_name, created, shard_id, position, issued = unseal(iterator)
    except ValueError:
        raise invalid("Invalid ShardIterator.") from None
    if now - float(issued) > limits.ITERATOR_SECONDS:
        raise AwsError(
            "ExpiredIteratorException",
            f"Iterator expired. The iterator was created at time {_moment(float(issued))} while right now it is "
            f"{_moment(now)} which is further in the future than the tolerated delay of "
            f"{limits.ITERATOR_SECONDS * 1000} milliseconds.",
        )
    return Place(stream_name, created, shard_id, int(position))


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%a %b %d %H:%M:%S UTC %Y")


def next_token(now: float, *fields: Any) -> str:
    """A NextToken that carries *fields*, good for five minutes."""
    return seal("next", now, *fields)


def read_next_token(token: str, now: float) -> list[str]:
    """The fields of a NextToken; raises InvalidArgumentException or ExpiredNextTokenException."""
    try:
        kind, issued, *fields = unseal(token)
        if kind != "next":
            raise ValueError("not a NextToken")
    except ValueError:
        raise invalid("NextToken is invalid.") from None
    if now - float(issued) > limits.ITERATOR_SECONDS:
        raise AwsError("ExpiredNextTokenException", f"NextToken expired: it is older than {limits.ITERATOR_SECONDS} s.")
    return fields
