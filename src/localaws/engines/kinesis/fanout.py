"""Enhanced fan-out: registered consumers to which a shard's records are pushed.

Source: "Develop enhanced fan-out consumers", Developer Guide; SubscribeToShard, API Reference. AWS pushes over
HTTP/2; here the same event stream goes over a chunked HTTP/1.1 response, which botocore reads alike.
"""

from __future__ import annotations

import json
import threading
from binascii import crc32
from collections.abc import Callable, Iterator
from itertools import chain
from struct import pack
from typing import Any

from localaws.engines.kinesis import limits
from localaws.engines.kinesis.errors import in_use, limit_exceeded
from localaws.engines.kinesis.limits import Throttle
from localaws.engines.kinesis.shard import Shard
from localaws.engines.kinesis.stream import Stream

HEARTBEAT_SECONDS = 5.0  # an idle subscription still says how far it is
EVENT_RECORDS = 1_000
EVENT_BYTES = limits.MIB
#: Connections that are pushed to at a time, of all streams: each has a thread of the server's, which others need too.
MOST_SUBSCRIPTIONS = 100
_places = threading.Semaphore(MOST_SUBSCRIPTIONS)

Report = Callable[[int, int, int], None]  # records, bytes, milliseconds behind


class Consumer:
    """A registered consumer; its ARN ends in the second of registration."""

    def __init__(self, stream: Stream, name: str) -> None:
        now = stream.lab.clock.time()
        self.name = name
        self.stream = stream
        self.created = int(now)
        self.arn = f"{stream.arn}/consumer/{name}:{self.created}"
        self.tags: dict[str, str] = {}
        self.active_from = now + limits.TRANSITION_SECONDS
        self.subscriptions: dict[str, Subscription] = {}

    def __getstate__(self) -> dict[str, Any]:
        """Connections end with the process."""
        return {**self.__dict__, "subscriptions": {}}

    def state(self) -> str:
        return "ACTIVE" if self.stream.lab.clock.time() >= self.active_from else "CREATING"

    def describe(self) -> dict[str, Any]:
        """The API's ``Consumer`` structure."""
        return {
            "ConsumerName": self.name,
            "ConsumerARN": self.arn,
            "ConsumerStatus": self.state(),
            "ConsumerCreationTimestamp": self.created,
        }

    def subscribe(self, shard: Shard, position: int, report: Report) -> Subscription:
        """Start pushing *shard* from *position*, in place of an earlier subscription.

        Raises ResourceInUseException while the consumer is being made, or within five seconds of the last call, and
        LimitExceededException if the lab has no place for more.
        """
        stream = self.stream
        with stream.lock:
            if self.state() != "ACTIVE":
                raise in_use(
                    f"Consumer {self.name} with creation timestamp {self.created} under stream: "
                    f"{stream.stream_name}, account {stream.account_id} is not in ACTIVE status."
                )
            earlier = self.subscriptions.get(shard.shard_id)
            subscription = Subscription(self, shard, position, report)
            if earlier and subscription.started - earlier.started < limits.RESUBSCRIBE_SECONDS:
                raise in_use(earlier.conflict())
            if not _places.acquire(blocking=False):
                raise limit_exceeded(f"This lab pushes to {MOST_SUBSCRIPTIONS} subscriptions at a time.")
            if earlier:
                earlier.replaced = True
                earlier.wake()
            self.subscriptions[shard.shard_id] = subscription
            shard.subscriptions.add(subscription)
            return subscription


class Subscription:
    """One consumer's connection to one shard."""

    def __init__(self, consumer: Consumer, shard: Shard, position: int, report: Report) -> None:
        self.consumer = consumer
        self.shard = shard
        self.position = position
        self.replaced = False
        self.ended = False
        self.started = consumer.stream.lab.clock.time()
        self._report = report
        self._news = threading.Event()
        self._throttle = Throttle(limits.FAN_OUT_BYTES)

    def wake(self) -> None:
        self._news.set()

    def end(self) -> None:
        """Close the connection soon: the consumer was deregistered."""
        self.ended = True
        self.wake()

    def conflict(self) -> str:
        stream = self.consumer.stream
        return (
            f"Another active subscription exists for this consumer: {stream.account_id}:{stream.stream_name}:"
            f"{self.shard.shard_id}:{self.consumer.name}"
        )

    def events(self) -> Iterator[bytes]:
        """The event stream's messages until five minutes are over, the shard ends, or another takes over.

        The first is made at once: a generator that has begun ends properly however the client goes away.
        """
        messages = self._messages()
        return chain([next(messages)], messages)

    def _messages(self) -> Iterator[bytes]:
        stream, clock = self.consumer.stream, self.consumer.stream.lab.clock
        last_sent = float("-inf")
        try:
            yield message({":message-type": "event", ":event-type": "initial-response"}, b"{}")
            while clock.time() < self.started + limits.SUBSCRIPTION_SECONDS:
                if self.ended or stream.lab.stopping.is_set() or stream.state() == "DELETING":
                    return
                if self.replaced:
                    yield error_message("ResourceInUseException", self.conflict())
                    return
                self._news.clear()
                now = clock.time()
                idle = now - last_sent >= HEARTBEAT_SECONDS
                if self._throttle.fits(0, now) and (event := self._next_event(now, even_if_empty=idle)):
                    last_sent = now
                    yield message({":message-type": "event", ":event-type": "SubscribeToShardEvent"}, event)
                    if self.shard.ended_at(self.position):
                        return
                else:
                    self._news.wait(0.2)
        finally:
            _places.release()
            with stream.lock:
                self.shard.subscriptions.discard(self)

    def _next_event(self, now: float, even_if_empty: bool) -> bytes | None:
        shard = self.shard
        with self.consumer.stream.lock:
            self.position = max(self.position, shard.log.start)
            batch = shard.log.read(self.position, EVENT_RECORDS, EVENT_BYTES)
            self.position += batch.records
            ended = shard.ended_at(self.position)
            if not (batch.records or ended or even_if_empty):
                return None
            behind = shard.millis_behind(self.position, now)
            rest = f'],"MillisBehindLatest":{behind}'
            if ended:
                rest += f',"ChildShards":{json.dumps(shard.children)}}}'
            else:
                rest += f',"ContinuationSequenceNumber":"{shard.sequence_number(self.position - 1)}"}}'
        self._throttle.charge(batch.size)
        self._report(batch.records, batch.size, behind)
        return b'{"Records":[' + batch.text + rest.encode()


def message(headers: dict[str, str], payload: bytes) -> bytes:
    """One message of the ``application/vnd.amazon.eventstream`` encoding.

    Lengths, their checksum, headers (each a name, type 7 for a string, a value), payload, checksum of it all.
    Source: "Amazon event stream encoding", Smithy specification.
    """
    headers = headers | {":content-type": "application/json"}
    encoded = b"".join(
        pack("!B", len(name)) + name.encode() + pack("!BH", 7, len(value)) + value.encode()
        for name, value in headers.items()
    )
    prelude = pack("!II", 16 + len(encoded) + len(payload), len(encoded))
    framed = prelude + pack("!I", crc32(prelude)) + encoded + payload
    return framed + pack("!I", crc32(framed))


def error_message(code: str, text: str) -> bytes:
    """An exception as the last message of an event stream."""
    headers = {":message-type": "exception", ":exception-type": code}
    return message(headers, json.dumps({"message": text}).encode())
