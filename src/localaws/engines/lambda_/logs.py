"""Delivers transcripts to CloudWatch Logs in the background, with the rights of the function's role."""

from __future__ import annotations

import itertools
import logging
import queue
import threading
from collections.abc import Iterator
from concurrent.futures import Future

from botocore.exceptions import ClientError

from localaws.engines.lambda_.transcript import LINE_OVERHEAD, LogLine
from localaws.engines.lambda_.worker import Sandbox
from localaws.engines.logs.events import EVENT_BYTES, MAX_BYTES
from localaws.lab import Lab

log = logging.getLogger(__name__)

#: PutLogEvents, API reference: events and bytes of one request; each event counts 26 bytes more than its text.
MOST_EVENTS = 10_000
#: Seconds in which lines of several calls are gathered for one request: it costs as much as a call itself.
GATHERING = 0.1
#: Bytes of lines that may wait to be delivered; functions that print more wait with them.
MOST_WAITING = 32 << 20


class LogDelivery:
    """A queue of lines; one thread sends them, in order, to the log stream of each execution environment.

    An advance of the lab's clock waits for it.
    """

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._outgoing: queue.SimpleQueue[tuple[Sandbox, str, list[LogLine], Future[None]] | None] = queue.SimpleQueue()
        self._waiting = 0  # bytes
        self._delivered = threading.Condition()
        self._streams: set[tuple[str, str, str]] = set()
        lab.spawn("lambda-logs", self._deliver)
        lab.on_stop(lambda: self._outgoing.put(None))

    def send(self, sandbox: Sandbox, log_stream: str, lines: list[LogLine]) -> None:
        """Have *lines* delivered; returns at once, unless too many wait already."""
        with self._delivered:
            while self._waiting > MOST_WAITING and not self._lab.stopping.is_set():
                self._delivered.wait(1)
            self._waiting += _size(lines)
        done = Future[None]()
        self._lab.timer.follow(f"logs of {sandbox.name}", done)
        self._outgoing.put((sandbox, log_stream, lines, done))

    def _deliver(self) -> None:
        while (item := self._outgoing.get()) is not None:
            self._lab.stopping.wait(GATHERING)
            gathered: dict[str, tuple[Sandbox, list[LogLine]]] = {}
            ended = list[Future[None]]()
            while item is not None:
                sandbox, log_stream, lines, done = item
                ended.append(done)
                gathered.setdefault(log_stream, (sandbox, []))[1].extend(lines)
                if self._outgoing.empty():
                    break
                item = self._outgoing.get()
            for log_stream, (sandbox, lines) in gathered.items():
                self._try_to_put(sandbox, log_stream, lines)
                with self._delivered:
                    self._waiting -= _size(lines)
                    self._delivered.notify_all()
            for done in ended:
                done.set_result(None)
            if item is None:
                return

    def _try_to_put(self, sandbox: Sandbox, log_stream: str, lines: list[LogLine]) -> None:
        try:
            self._put(sandbox, log_stream, lines)
        except ClientError as error:  # as on AWS, a role without rights to write logs leaves none
            log.warning("no logs of function %s: %s", sandbox.name, error)
        except Exception:
            if not self._lab.stopping.is_set():
                log.exception("no logs of function %s", sandbox.name)

    def _put(self, sandbox: Sandbox, log_stream: str, lines: list[LogLine]) -> None:
        client = self._lab.client(
            "logs", region=sandbox.region, role_arn=sandbox.role, session_name=sandbox.name, by="lambda"
        )
        place = {"logGroupName": sandbox.log_group, "logStreamName": log_stream}
        key = sandbox.region, sandbox.log_group, log_stream
        if key not in self._streams:
            for create, arguments in (
                (client.create_log_group, {"logGroupName": sandbox.log_group}),
                (client.create_log_stream, place),
            ):
                try:
                    create(**arguments)
                except client.exceptions.ResourceAlreadyExistsException:
                    continue
            self._streams.add(key)
        for batch in _batches(sorted(lines, key=lambda line: line.timestamp)):  # a machine's clock can be set back
            try:
                client.put_log_events(**place, logEvents=[line._asdict() for line in batch])
            except client.exceptions.ResourceNotFoundException:  # somebody deleted the group: the next call makes it
                self._streams.discard(key)
                raise


def _size(lines: list[LogLine]) -> int:
    return sum(len(line.message) + LINE_OVERHEAD for line in lines)


def _batches(lines: list[LogLine]) -> Iterator[list[LogLine]]:
    """Parts of *lines*, each fit for one request."""
    sizes = itertools.accumulate(len(line.message.encode()) + EVENT_BYTES for line in lines)
    start, sent = 0, 0
    before = 0
    for index, size in enumerate(sizes):
        if size - sent > MAX_BYTES or index - start >= MOST_EVENTS:
            yield lines[start:index]
            start, sent = index, before
        before = size
    if start < len(lines):
        yield lines[start:]
