"""One execution of a function: an environment, a call, its log, its metrics and what it costs."""

from __future__ import annotations

import json
import math
import platform
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from localaws.engines.lambda_.isolation import Isolation
from localaws.engines.lambda_.logs import LogDelivery
from localaws.engines.lambda_.pool import Pool
from localaws.engines.lambda_.transcript import Transcript
from localaws.engines.lambda_.worker import Answer, Sandbox, Worker, WorkerLost
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

#: Seconds that the import of a handler may take beyond the function's own timeout (Lambda quotas, "Init phase").
INIT_SECONDS = 10


@dataclass(frozen=True)
class Invocation:
    """A call to make: *event* is JSON text; *reserved* the function's reserved concurrency, if it has any."""

    sandbox: Sandbox
    arn: str
    request_id: str
    event: bytes
    reserved: int | None = None
    client_context: Any = None


@dataclass(frozen=True)
class Result:
    """What came of an invocation. ``payload`` is the handler's result or the error document, as JSON text."""

    payload: bytes
    error: bool
    version: str
    tail: bytes
    units: dict[str, float]


class Executor:
    """Runs invocations, each in a worker of the pool; safe to call from any thread."""

    def __init__(self, lab: Lab, directory: Path, isolation: Isolation) -> None:
        self._lab = lab
        self._logs = LogDelivery(lab)
        self.pool = Pool(lab, directory, isolation)

    def run(self, invocation: Invocation) -> Result:
        """Run to the end. Raises TooManyRequestsException if no concurrency is left."""
        sandbox = invocation.sandbox
        try:
            with self.pool.slot(sandbox.region, sandbox.name, invocation.reserved) as running:
                self._count(invocation, "ConcurrentExecutions", running)
                return self._run(invocation)
        except AwsError:
            self._count(invocation, "Throttles", 1)
            raise

    def _run(self, invocation: Invocation) -> Result:
        started = time.monotonic()
        worker = self.pool.take(invocation.sandbox)
        execution = _Execution(invocation, worker, Transcript(self._lab.clock))
        try:
            execution.run(started)
        except BaseException:
            self.pool.discard(worker)
            raise
        try:  # before the worker's next call can leave its lines in the same log stream
            self._logs.send(invocation.sandbox, worker.log_stream, execution.transcript.lines())
        finally:
            if execution.lost:
                self.pool.discard(worker)
            else:
                self.pool.give_back(worker)
        self._count(invocation, "Invocations", 1)
        self._count(invocation, "Errors", int(execution.error))
        self._count(invocation, "Duration", execution.milliseconds, "Milliseconds")
        gigabyte_seconds = execution.billed / 1000 * invocation.sandbox.memory_mb / 1024
        return Result(
            execution.payload,
            execution.error,
            invocation.sandbox.version,
            execution.transcript.tail(),
            {"lambda:requests": 1, "lambda:gb_seconds": gigabyte_seconds},
        )

    def _count(self, invocation: Invocation, metric: str, value: float, unit: str = "Count") -> None:
        sandbox = invocation.sandbox
        self._lab.metrics.add("AWS/Lambda", metric, value, unit, {"FunctionName": sandbox.name}, sandbox.region)


class _Execution:
    """The steps of one execution in one worker, and their lines in the log."""

    def __init__(self, invocation: Invocation, worker: Worker, transcript: Transcript) -> None:
        self.transcript = transcript
        self.payload = b""
        self.error = False
        self.lost = False
        self.milliseconds = 0.0
        self.billed = 0
        self._invocation = invocation
        self._worker = worker
        self._init_milliseconds: float | None = None
        self._peak = 0
        self._status = ""

    def run(self, started: float) -> None:
        """Initialize the worker if it is new (since *started*, monotonic seconds), then make the call."""
        request_id, sandbox = self._invocation.request_id, self._invocation.sandbox
        cold = not self._worker.initialized
        if cold:
            self.transcript.line(f"INIT_START Runtime Version: python:{platform.python_version()}")
        ready = self._initialize(started) if cold else True
        self.transcript.line(f"START RequestId: {request_id} Version: {sandbox.version}")
        if ready:
            self._call()
        self._report()

    def _initialize(self, started: float) -> bool:
        sandbox = self._invocation.sandbox
        try:
            answer = self._worker.initialize(INIT_SECONDS + sandbox.timeout, self.transcript)
        except WorkerLost as loss:
            self._lose(loss)
            return False
        finally:
            self._init_milliseconds = (time.monotonic() - started) * 1000
        if answer.error:
            document = json.loads(answer.body)
            self._take(
                answer._replace(body=json.dumps({**document, "requestId": self._invocation.request_id}).encode())
            )
            self.lost = True
            return False
        self._worker.thaw()
        return True

    def _call(self) -> None:
        request = {
            "request_id": self._invocation.request_id,
            "arn": self._invocation.arn,
            "client_context": self._invocation.client_context,
        }
        started = time.monotonic()
        try:
            self._take(self._worker.call(request, self._invocation.event, self.transcript))
        except WorkerLost as loss:
            self._lose(loss)
        self.milliseconds = (time.monotonic() - started) * 1000

    def _take(self, answer: Answer) -> None:
        self.payload, self.error, self._peak = answer.body, answer.error, answer.peak_bytes

    def _lose(self, loss: WorkerLost) -> None:
        request_id = self._invocation.request_id
        self.lost = self.error = True
        self._peak = loss.peak_bytes
        message = f"RequestId: {request_id} Error: {loss.message}"
        self.payload = json.dumps({"errorType": loss.error_type, "errorMessage": message}).encode()
        if loss.error_type == "Sandbox.Timedout":
            self.transcript.line(f"{self.transcript.now()} {request_id} {loss.message}")
            self._status = "Status: timeout"
        else:
            self.transcript.line(message)
            self._status = f"Status: error\tError Type: {loss.error_type}"

    def _report(self) -> None:
        """The last lines of every call. AWS bills the initialization too (since August 2025)."""
        sandbox = self._invocation.sandbox
        request_id = self._invocation.request_id
        self.billed = max(1, math.ceil(self.milliseconds + (self._init_milliseconds or 0)))
        parts = [
            f"REPORT RequestId: {request_id}",
            f"Duration: {self.milliseconds:.2f} ms",
            f"Billed Duration: {self.billed} ms",
            f"Memory Size: {sandbox.memory_mb} MB",
            f"Max Memory Used: {math.ceil(self._peak / (1 << 20))} MB",
        ]
        if self._init_milliseconds is not None:
            parts.append(f"Init Duration: {self._init_milliseconds:.2f} ms")
        if self._status:
            parts.append(self._status)
        self.transcript.line(f"END RequestId: {request_id}")
        self.transcript.line("\t".join(parts) + "\t")
