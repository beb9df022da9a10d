"""Asynchronous invocation: events accepted now and run soon, retried on the lab's clock, their outcome sent on.

Source: Lambda developer guide, "How Lambda handles errors and retries with asynchronous invocation".
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from localaws.engines.lambda_.destinations import Destinations
from localaws.engines.lambda_.event_log import Entry, EventLog
from localaws.engines.lambda_.pool import throttled
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

if TYPE_CHECKING:
    from localaws.engines.lambda_.backend import LambdaEngine, Target
    from localaws.engines.lambda_.execution import Result

log = logging.getLogger(__name__)

#: "waiting one minute before the first retry, and two minutes before the second".
RETRY_SECONDS = (60, 120)
#: "The retry interval increases exponentially from one second after the first attempt to a maximum of 5 minutes."
LONGEST_THROTTLE_SECONDS = 300
#: Six hours, "the maximum amount of time Lambda retains an event in the asynchronous event queue".
OLDEST_EVENT_SECONDS = 21_600
#: Events that are run at the same time.
THREADS = 16
#: Bytes of all events that wait or run: this lab's memory. AWS too throttles who sends more than functions can take.
MOST_BYTES = 256 << 20


@dataclass
class Event:
    """An event on its way. ``attempts`` counts executions, ``throttled`` refusals since the last one.

    ``due`` is when it is to be run again, in seconds since the epoch; ``number`` is that in the log.
    """

    engine: LambdaEngine
    arn: str
    payload: bytes
    request_id: str
    accepted: float
    client_context: Any = None
    attempts: int = 0
    throttled: int = 0
    due: float = 0.0
    number: int = -1

    @property
    def size(self) -> int:
        """Bytes of memory, roughly: an event without a payload takes some too."""
        return len(self.payload) + 1000

    def entry(self) -> Entry:
        """All that the log must know."""
        left_out = {"engine": [self.engine.account_id, self.engine.region_name], "payload": self.payload.decode()}
        return {**vars(self), **left_out}


class AsynchronousInvoker:
    """The queue of events and the threads that run them."""

    def __init__(self, lab: Lab, event_log: EventLog) -> None:
        self._lab = lab
        self._log = event_log
        self._destinations = Destinations(lab)
        self._threads = ThreadPoolExecutor(THREADS, "lambda-event")
        self._bytes = 0
        self._lock = threading.Lock()
        lab.on_stop(lambda: self._threads.shutdown(wait=False, cancel_futures=True))

    def submit(self, event: Event) -> None:
        """Accept *event*; returns at once.

        Raises TooManyRequestsException if no more can wait, and OSError where the disk is full.
        """
        with self._lock:
            if self._bytes + event.size > MOST_BYTES:
                raise throttled("CallerRateLimitExceeded")
            event.number = self._log.add(event.entry())
            self._bytes += event.size
        if work := self._begin(event):
            self._lab.timer.follow(f"event for {event.arn}", work)

    def go_on(self, engine_of: Callable[[str, str], LambdaEngine]) -> None:
        """Run what an earlier process had accepted; *engine_of* knows the engine of an account and a region."""
        for number, entry in self._log.restore().items():
            if "payload" not in entry:  # only what became of it is there: the rest was damaged
                continue
            account, region = entry.pop("engine")
            payload = entry.pop("payload").encode()
            event = Event(engine_of(account, region), payload=payload, **{**entry, "number": number})
            with self._lock:
                self._bytes += event.size
            self._wait(event)

    def _wait(self, event: Event) -> None:
        self._lab.timer.at(event.due, f"retry of {event.arn}", partial(self._begin, event))

    def _begin(self, event: Event) -> Future[None] | None:
        return None if self._lab.stopping.is_set() else self._threads.submit(self._run, event)

    def _run(self, event: Event) -> None:
        waits = False
        try:
            target = event.engine.resolve(event.arn)
            waits = self._attempt(event, target)
        except Exception as error:
            if not self._lab.stopping.is_set():
                log.warning("event %s for %s is lost: %s", event.request_id, event.arn, error)
        if not waits and not self._lab.stopping.is_set():  # else it is run after the next start
            self._log.done(event.number)
            with self._lock:
                self._bytes -= event.size

    def _attempt(self, event: Event, target: Target) -> bool:
        """Run *event* once; whether it waits to be run again."""
        settings = event.engine.event_invoke_settings(target.arn)
        try:
            result = event.engine.execute_unattended(target, event.payload, event.request_id, event.client_context)
        except AwsError as error:
            if error.code != "TooManyRequestsException":
                raise
            pause = min(2**event.throttled, LONGEST_THROTTLE_SECONDS)
            event.throttled += 1
            if self._retry(event, pause, settings):
                return True
            self._finish(event, target, "EventAgeExceeded", None)
            return False
        event.attempts += 1
        event.throttled = 0
        if self._lab.stopping.is_set():
            return False
        if not result.error:
            self._finish(event, target, "Success", result)
        elif event.attempts > settings.get("MaximumRetryAttempts", len(RETRY_SECONDS)):
            self._finish(event, target, "RetriesExhausted", result)
        elif self._retry(event, RETRY_SECONDS[event.attempts - 1], settings):
            return True
        else:
            self._finish(event, target, "EventAgeExceeded", result)
        return False

    def _retry(self, event: Event, pause: float, settings: dict[str, Any]) -> bool:
        """Have *event* run again in *pause* seconds; False if it would be too old by then."""
        due = self._lab.clock.time() + pause
        if due - event.accepted > settings.get("MaximumEventAgeInSeconds", OLDEST_EVENT_SECONDS):
            return False
        event.due = due
        if not event.throttled:  # of what was refused nothing need be known after a start
            self._log.change(event.number, attempts=event.attempts, due=due)
        self._wait(event)
        return True

    def _finish(self, event: Event, target: Target, condition: str, result: Result | None) -> None:
        """Tell the destinations what came of *event*."""
        succeeded = condition == "Success"
        sandbox = target.function.sandbox()
        config = event.engine.event_invoke_settings(target.arn).get("DestinationConfig", {})
        destination = config.get("OnSuccess" if succeeded else "OnFailure", {}).get("Destination")
        if destination:
            outcome = "Success" if succeeded else "Failure"
            self._destinations.send(
                sandbox,
                destination,
                self._document(event, target, condition, result),
                f"Lambda Function Invocation Result - {outcome}",
            )
        if not succeeded and target.function.dead_letter_arn:
            message = json.loads(result.payload).get("errorMessage", "") if result else condition
            self._destinations.dead_letter(
                sandbox, target.function.dead_letter_arn, event.payload, event.request_id, str(message)
            )

    def _document(self, event: Event, target: Target, condition: str, result: Result | None) -> dict[str, Any]:
        arn = target.arn if target.arn.count(":") > 6 else f"{target.arn}:$LATEST"
        document: dict[str, Any] = {
            "version": "1.0",
            "timestamp": self._lab.clock.now().strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z",
            "requestContext": {
                "requestId": event.request_id,
                "functionArn": arn,
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": json.loads(event.payload),
        }
        if result is not None:
            document["responseContext"] = {"statusCode": 200, "executedVersion": result.version}
            if result.error:
                document["responseContext"]["functionError"] = "Unhandled"
            document["responsePayload"] = json.loads(result.payload)
        return document
