"""Gets batches of a stream's records through the function: in order, again when it fails, given up when it must be.

Sources: Lambda developer guide, "How Lambda processes records from stream and queue-based event sources",
"Configuring partial batch response with Kinesis Data Streams", "Retain discarded batch records".
"""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, NamedTuple

from localaws.engines.lambda_.destinations import Destinations
from localaws.engines.lambda_.sources.mapping import MappingEngine

if TYPE_CHECKING:
    from localaws.engines.lambda_.backend import LambdaEngine
    from localaws.engines.lambda_.execution import Result

#: Seconds before the first retry; each further one waits twice as long, up to the longest. AWS documents neither.
FIRST_PAUSE = 0.2
LONGEST_PAUSE = 30.0


class Record(NamedTuple):
    """A stream's record: as the function is given it, and what the poller must know of it.

    ``arrival`` is in seconds since the epoch; ``key`` says which records must stay in order; ``size`` is in bytes.
    """

    event: dict[str, Any]
    sequence_number: str
    arrival: float
    key: str
    size: int


#: Is told of records that need not come again.
Done = Callable[[list[Record]], None]


@dataclass
class _Attempt:
    """Records to be tried; ``failures`` counts the tries that count against MaximumRetryAttempts."""

    records: list[Record]
    failures: int = 0
    invocations: int = 0
    last: Result | None = None
    request_id: str = field(default_factory=lambda: str(uuid.uuid4()))


class BatchProcessor:
    """Batches of one shard (or of one of its parallel parts)."""

    def __init__(
        self, engine: LambdaEngine, mapping: MappingEngine, shard_id: str, ending: threading.Event, done: Done
    ) -> None:
        """*done* is told of records that were handled or given up."""
        self._done = done
        self._engine = engine
        self._mapping = mapping
        self._shard_id = shard_id
        self._ending = ending
        self._clock = engine.lab.clock
        self._destinations = Destinations(engine.lab)

    @property
    def stopping(self) -> bool:
        """Whether the mapping or the lab ends."""
        return self._ending.is_set() or self._engine.lab.stopping.is_set()

    def process(self, records: list[Record], envelope: dict[str, Any] | None = None, tell: Done | None = None) -> Any:
        """Return when every record was handled or given up, or the mapping ends.

        *envelope* is what the event has besides the records (with one, the function is called even without records).
        *tell* is told of records instead of `done`. Returns the function's last answer, decoded; None if it gave none.
        """
        done = tell or self._done
        answer = None
        waiting = [_Attempt(records)]
        pause = FIRST_PAUSE
        while waiting and not self.stopping:
            attempt = waiting.pop()
            try:
                attempt.records = self._without_expired(attempt, done)
                if not attempt.records and envelope is None:
                    continue
                result = self._invoke(attempt, envelope)
            except Exception as error:  # throttled, or the function is gone: nothing was tried
                self._mapping.problem(error)
                waiting.append(attempt)
                pause = self._pause(pause)
                continue
            if self.stopping:  # which may be why it failed
                break
            failed = self._first_failure(attempt.records, result)
            done(attempt.records[:failed])
            if failed is None:
                answer = json.loads(result.payload)
                pause = FIRST_PAUSE
                continue
            waiting += self._try_again(attempt, failed, done)
            pause = self._pause(pause)
        return answer

    def _invoke(self, attempt: _Attempt, envelope: dict[str, Any] | None) -> Result:
        if attempt.records:
            age = max(0.0, self._clock.time() - attempt.records[-1].arrival) * 1000
            name = self._mapping.function_arn.split(":")[6]
            self._engine.lab.metrics.add(
                "AWS/Lambda", "IteratorAge", age, "Milliseconds", {"FunctionName": name}, self._engine.region_name
            )
        event = {"Records": [record.event for record in attempt.records], **(envelope or {})}
        target = self._engine.resolve(self._mapping.function_arn)
        attempt.request_id = str(uuid.uuid4())
        result = self._engine.execute_unattended(target, json.dumps(event).encode(), attempt.request_id)
        attempt.invocations += 1
        attempt.last = result
        return result

    def _first_failure(self, records: list[Record], result: Result) -> int | None:
        """The place of the first record that must be tried again; None if there is none."""
        failed: int | None = 0
        if not result.error:
            failed = self._reported_failure(records, result) if self._mapping.reports_failures else None
        self._mapping.last_result = "OK" if failed is None else "PROBLEM: Function call failed"
        return failed

    def _reported_failure(self, records: list[Record], result: Result) -> int | None:
        """What ``batchItemFailures`` says: all is well if it is empty, all failed if it makes no sense."""
        try:
            response = json.loads(result.payload)
            failures = (response or {}).get("batchItemFailures") or []
            places = {record.sequence_number: place for place, record in enumerate(records)}
            return min((places[failure["itemIdentifier"]] for failure in failures), default=None)
        except (AttributeError, KeyError, TypeError):
            return 0

    def _try_again(self, attempt: _Attempt, failed: int, done: Done) -> list[_Attempt]:
        """What remains to be tried of a batch that failed from place *failed* on, the last to be tried first."""
        remaining = attempt.records[failed:]
        if failed:  # what is left is a batch of its own, with all its retries
            return [_Attempt(remaining)]
        if self._mapping.bisect_on_error and len(remaining) > 1:  # "does not count towards the retry quota"
            half = len(remaining) // 2
            return [_Attempt(remaining[half:], attempt.failures), _Attempt(remaining[:half], attempt.failures)]
        failures = attempt.failures + 1
        retries = self._mapping.max_retry_attempts
        if retries is not None and 0 <= retries < failures:
            self._give_up(remaining, attempt, "RetryAttemptsExhausted")
            done(remaining)
            return []
        return [_Attempt(remaining, failures, attempt.invocations, attempt.last, attempt.request_id)]

    def _without_expired(self, attempt: _Attempt, done: Done) -> list[Record]:
        oldest = self._mapping.max_record_age
        if oldest is None or oldest < 0:
            return attempt.records
        limit = self._clock.time() - oldest
        expired = [record for record in attempt.records if record.arrival < limit]
        if expired:
            self._give_up(expired, attempt, "RecordAgeExceeded")
            done(expired)
        return [record for record in attempt.records if record.arrival >= limit]

    def _give_up(self, records: list[Record], attempt: _Attempt, condition: str) -> None:
        """Tell the failure destination where in the stream the records are that the function will not get."""
        destination = self._mapping.failure_destination
        if not destination or not records:
            return
        target = self._engine.resolve(self._mapping.function_arn)
        document: dict[str, Any] = {
            "requestContext": {
                "requestId": attempt.request_id,
                "functionArn": target.arn,
                "condition": condition,
                "approximateInvokeCount": attempt.invocations,
            },
            "version": "1.0",
            "timestamp": _text(self._clock.time()),
            "KinesisBatchInfo" if self._mapping.kind == "kinesis" else "DDBStreamBatchInfo": {
                "shardId": self._shard_id,
                "startSequenceNumber": records[0].sequence_number,
                "endSequenceNumber": records[-1].sequence_number,
                "approximateArrivalOfFirstRecord": _text(records[0].arrival),
                "approximateArrivalOfLastRecord": _text(records[-1].arrival),
                "batchSize": len(records),
                "streamArn": self._mapping.event_source_arn,
            },
        }
        if attempt.last is not None:
            document["responseContext"] = {
                "statusCode": 200,
                "executedVersion": attempt.last.version,
                "functionError": "Unhandled" if attempt.last.error else None,
            }
        if destination.split(":")[2] == "s3":  # a bucket is also given the records
            document["payload"] = json.dumps({"Records": [record.event for record in records]})
        self._destinations.send(
            target.function.sandbox(), destination, document, "", f"{self._mapping.uuid}/{self._shard_id}"
        )

    def _pause(self, seconds: float) -> float:
        """Wait on the lab's clock; returns how long to wait the next time."""
        if self._mapping.retries_end:
            self._clock.wait(self._ending, seconds)
        else:
            self._clock.poll(self._ending, seconds, found=False)
        return min(2 * seconds, LONGEST_PAUSE)


def _text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
