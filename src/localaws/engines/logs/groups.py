"""Log groups and streams: their events are in memory, and in a file of the group that outlives a kill of the lab."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from botocore.exceptions import ClientError
from moto.core.utils import unix_time_millis
from moto.logs.models import LogEvent, LogGroup, LogStream, SubscriptionFilter

from localaws.engines.logs.events import DAY
from localaws.engines.logs.patterns import parse_pattern
from localaws.engines.logs.subscriptions import send
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.state.data_file import DataFile

log = logging.getLogger(__name__)

#: An event's moment (ms since the epoch) and its message.
Event = tuple[int, str]
Record = tuple[Any, ...]


class GroupEngine(LogGroup):
    """A log group, which keeps the events of its streams."""

    #: Where groups have their files, each named after the group's `id`.
    directory: ClassVar[Path]

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.id = uuid4().hex
        self._open()

    def _open(self) -> None:
        self.lock = threading.Lock()
        self._file = DataFile(self.directory / f"{self.id}.log", self.__getstate__)
        self._told: set[str] = set()
        self._removed = False

    def __getstate__(self) -> dict[str, Any]:
        """All but the events, in plain values."""
        own = ("lock", "_file", "_told", "_removed")
        return {
            **{name: value for name, value in vars(self).items() if name not in own},
            "streams": {name: _described(stream) for name, stream in list(self.streams.items())},
            "subscription_filters": {name: vars(each) for name, each in list(self.subscription_filters.items())},
        }

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        self.streams = {name: self._stream(each) for name, each in state["streams"].items()}
        self.subscription_filters = {name: _filter(each) for name, each in state["subscription_filters"].items()}
        self._open()
        self._read()

    def _stream(self, described: dict[str, Any]) -> LogStreamEngine:
        stream: LogStreamEngine = object.__new__(LogStreamEngine)
        vars(stream).update(described, log_group=self, events=[])
        return stream

    def _read(self) -> None:
        """Take the events from the file; a stream in it may be younger than the last snapshot, or deleted since."""
        found = dict[str, LogStreamEngine]()

        def make(kind: str, name: str, *values: Any) -> None:
            if kind == "deleted":
                gone = found.pop(name)
                if self.streams.get(name) is gone:
                    del self.streams[name]
            elif kind == "stream":
                kept: Any = self.streams.get(name)
                same = kept is not None and kept.creation_time == values[0]["creation_time"]
                found[name] = kept if same else self._stream(values[0])
            else:
                found[name].take(*values)

        self._file.replay(make)
        self.streams.update(found)
        self._told = set(found)

    def keep(self, stream: LogStreamEngine, ingested: int, first: int, events: Sequence[Event]) -> None:
        """Write down *events* of *stream*, the numbers of which begin with *first*; the caller holds the lock.

        Raises OSError, and ResourceNotFoundException if the group was deleted meanwhile.
        """
        name = stream.log_stream_name
        if self._removed or self.streams.get(name) is not stream:
            raise AwsError("ResourceNotFoundException", "The specified log stream does not exist.")
        new: list[Record] = [] if name in self._told else [("stream", name, _described(stream))]
        self._file.write([*new, ("events", name, ingested, first, events)], len(events))
        self._told.add(name)

    def delete_log_stream(self, log_stream_name: str) -> None:
        with self.lock:
            if log_stream_name in self._told:
                self._file.write([("deleted", log_stream_name)])
                self._told.discard(log_stream_name)
            super().delete_log_stream(log_stream_name)
            self._tidy()

    def get_log_events(self, *arguments: Any) -> Any:
        self.forget_expired()
        return super().get_log_events(*arguments)

    def filter_log_events(self, *arguments: Any) -> Any:
        self.forget_expired()
        return super().filter_log_events(*arguments)

    def describe_log_streams(self, *arguments: Any, **options: Any) -> Any:
        self.forget_expired()
        return super().describe_log_streams(*arguments, **options)

    def forget_expired(self) -> None:
        """Let go of events that are older than the group keeps them (API reference, PutRetentionPolicy)."""
        if not self.retention_in_days:
            return
        oldest = unix_time_millis() - int(self.retention_in_days) * DAY
        with self.lock:
            for stream in self.streams.values():
                kept = [event for event in stream.events if event.timestamp >= oldest]
                if len(kept) < len(stream.events):
                    stream.events, stream.stored_bytes = kept, sum(len(event.message) for event in kept)
            self._tidy()

    def _tidy(self) -> None:
        self._file.tidy(lambda: sum(len(stream.events) for stream in self.streams.values()), self._records)

    def _records(self) -> Iterator[Record]:
        """The fewest records that make the streams with all events."""
        for name in self._told:
            stream = self.streams[name]
            yield "stream", name, _described(stream)
            by_batch = groupby(
                enumerate(stream.events), lambda each: (each[1].ingestion_time, each[1].event_id - each[0])
            )
            for (ingested, _), batch in by_batch:
                events = [event for _, event in batch]
                pairs = [(event.timestamp, event.message) for event in events]
                yield "events", name, ingested, events[0].event_id, pairs

    def remove(self) -> None:
        """Delete the file: the group is no more."""
        with self.lock:
            self._removed = True
            self._file.remove()


class LogStreamEngine(LogStream):
    """A stream that hands on what its group's subscription filters let through."""

    lab: ClassVar[Lab]
    log_group: GroupEngine
    _numbers: ClassVar[int] = 0
    _numbering = threading.Lock()

    def put_log_events(self, log_events: list[dict[str, Any]]) -> str:
        events = [(event["timestamp"], event["message"]) for event in log_events]
        with self.log_group.lock:
            ingested = int(unix_time_millis())
            with self._numbering:
                first = LogStreamEngine._numbers
                LogStreamEngine._numbers += len(events)
            self.log_group.keep(self, ingested, first, events)
            self.take(ingested, first, events)
        sent = [{"id": first + place, "timestamp": at, "message": text} for place, (at, text) in enumerate(events)]
        for each in list(self.log_group.subscription_filters.values()):
            self._send(each, sent)
        return f"{self.upload_sequence_token:056d}"

    def take(self, ingested: int, first: int, events: Sequence[Event]) -> None:
        """Have *events* that are written down; *ingested* in ms since the epoch."""
        for number, (timestamp, message) in enumerate(events, first):
            event: LogEvent = object.__new__(LogEvent)
            event.ingestion_time, event.timestamp, event.message, event.event_id = ingested, timestamp, message, number
            self.events.append(event)
        LogStreamEngine._numbers = max(LogStreamEngine._numbers, first + len(events))
        self.last_ingestion_time = datetime.fromtimestamp(ingested / 1000, UTC).replace(tzinfo=None)
        self.stored_bytes += sum(len(message) for _, message in events)
        self.upload_sequence_token += 1

    def _send(self, to: SubscriptionFilter, events: list[dict[str, Any]]) -> None:
        wanted = parse_pattern(to.filter_pattern)
        matching = [event for event in events if wanted.matches(event["message"])]
        if not matching:
            return
        try:
            send(self.lab, to, self.account_id, self.log_stream_name, matching)
        except ClientError as error:  # of whatever service: the events are written all the same
            log.warning("filter %s could not send to %s: %s", to.name, to.destination_arn, error)


#: What of a stream its events make.
_OF_EVENTS = {
    "first_event_timestamp": None,
    "last_event_timestamp": None,
    "last_ingestion_time": None,
    "stored_bytes": 0,
    "upload_sequence_token": 0,
}


def _described(stream: LogStream) -> dict[str, Any]:
    """What *stream* is, in plain values, before its events."""
    own = {name: value for name, value in vars(stream).items() if name not in ("log_group", "events")}
    return own | _OF_EVENTS


def _filter(described: dict[str, Any]) -> SubscriptionFilter:
    found: SubscriptionFilter = object.__new__(SubscriptionFilter)
    vars(found).update(described)
    return found
