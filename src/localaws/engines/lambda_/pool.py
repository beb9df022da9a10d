"""Execution environments: made when a call finds none free, kept warm after it, one for each concurrent call."""

from __future__ import annotations

import logging
import os
import threading
import time
import uuid
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp

from localaws.client import credential_of_role
from localaws.engines.lambda_.environment import environment_of
from localaws.engines.lambda_.isolation import Isolation
from localaws.engines.lambda_.process_reaper import ProcessReaper
from localaws.engines.lambda_.processes import kill_strays
from localaws.engines.lambda_.removal import remove
from localaws.engines.lambda_.worker import Sandbox, Worker
from localaws.gateway.errors import AwsError
from localaws.lab import Lab

log = logging.getLogger(__name__)

#: Concurrent executions of all functions. AWS gives an account 1,000 (10 at first); here the lab's server answers 40
#: requests at a time, and handlers need some of these for calls of their own.
CONCURRENCY = 32
#: Idle environments kept, and the seconds one is kept for.
IDLE_WORKERS = 16
IDLE_SECONDS = 600.0
#: Seconds that the role's credentials are good for; environments are replaced before they end.
CREDENTIAL_SECONDS = 12 * 3600


class Pool:
    """Hands out workers, and counts who holds one."""

    def __init__(self, lab: Lab, directory: Path, isolation: Isolation) -> None:
        self._lab = lab
        self._directory = directory
        self._isolation = isolation
        self._reaper = ProcessReaper()
        self._lock = threading.Lock()
        self._idle: list[Worker] = []  # longest idle first
        self._all: set[Worker] = set()
        self._running: Counter[tuple[str, str]] = Counter()
        remove(directory)
        directory.mkdir(parents=True, mode=0o711)
        lab.on_stop(self._stop)
        lab.spawn("lambda-pool", self._let_go_of_idle)

    @contextmanager
    def slot(self, region: str, name: str, reserved: int | None) -> Iterator[int]:
        """Count an execution of function *name* while it lasts; yields how many there are now.

        Raises TooManyRequestsException if *reserved* or the account's concurrency is used up.
        """
        key = region, name
        with self._lock:
            if reserved is not None and self._running[key] >= reserved:
                raise throttled("ReservedFunctionConcurrentInvocationLimitExceeded")
            if self._running.total() >= CONCURRENCY:
                raise throttled("ConcurrentInvocationLimitExceeded")
            self._running[key] += 1
            running = self._running[key]
        try:
            yield running
        finally:
            with self._lock:
                self._running[key] -= 1

    def take(self, sandbox: Sandbox) -> Worker:
        """A warm worker of *sandbox*, or a new one; those of the function's former code or settings are ended."""
        chosen: Worker | None = None
        ended: list[Worker] = []
        with self._lock:
            for worker in reversed(self._idle[:]):  # the last one used is the likeliest to be in the caches
                same_function = (worker.sandbox.region, worker.sandbox.name, worker.sandbox.version) == (
                    sandbox.region,
                    sandbox.name,
                    sandbox.version,
                )
                if worker.sandbox == sandbox and not self._expiring(worker) and worker.alive:
                    if chosen is None:
                        chosen = worker
                        self._idle.remove(worker)
                elif same_function:
                    ended.append(worker)
                    self._idle.remove(worker)
        self._end(ended)
        if chosen is not None:
            chosen.thaw()
            return chosen
        return self._make(sandbox)

    def give_back(self, worker: Worker) -> None:
        """Keep *worker* warm for the next call, unless its function was changed meanwhile."""
        worker.idle_since = time.monotonic()
        with self._lock:
            self._idle.append(worker)
            ended = [worker for worker in self._idle if worker.outdated] + self._idle[:-IDLE_WORKERS]
            self._idle = [worker for worker in self._idle if worker not in ended]
        self._end(ended)
        if self._lab.stopping.is_set():
            self._stop()

    def discard(self, worker: Worker) -> None:
        """End a *worker* that was taken."""
        self._end([worker])

    def retire(self, region: str, name: str, version: str) -> None:
        """End the idle workers of a function's *version* that was changed; busy ones end after their call."""
        with self._lock:
            for worker in self._of(region, name, version):
                worker.outdated = True
            ended = [worker for worker in self._idle if worker.outdated]
            self._idle = [worker for worker in self._idle if not worker.outdated]
        self._end(ended)

    def remove(self, region: str, name: str, version: str | None) -> None:
        """End all workers of a function that was deleted, or of one *version*: a call that runs sees its end."""
        with self._lock:
            workers = self._of(region, name, version)
            idle = [worker for worker in self._idle if worker in workers]
            self._idle = [worker for worker in self._idle if worker not in workers]
        self._end(idle)
        busy = [worker for worker in workers if worker not in idle]
        for worker in busy:
            worker.kill()
        kill_strays(worker.family for worker in busy)

    @property
    def places(self) -> set[Path]:
        """Where the code and the layers of all workers lie."""
        with self._lock:
            sandboxes = [worker.sandbox for worker in self._all]
        return {place for sandbox in sandboxes for place in (sandbox.code, sandbox.layers) if place}

    def _of(self, region: str, name: str, version: str | None) -> list[Worker]:
        return [
            worker
            for worker in self._all
            if (worker.sandbox.region, worker.sandbox.name) == (region, name)
            and version in (None, worker.sandbox.version)
        ]

    def _make(self, sandbox: Sandbox) -> Worker:
        now = self._lab.clock.now()
        log_stream = f"{now:%Y/%m/%d}/[{sandbox.version}]{uuid.uuid4().hex}"
        credential = credential_of_role(self._lab, sandbox.role, sandbox.name, "lambda", CREDENTIAL_SECONDS)
        temporary = Path(mkdtemp(prefix="tmp-", dir=self._directory))
        isolation, user = self._isolation, self._isolation.user()
        if user is not None:
            os.chown(temporary, user, user)
        seen = "/tmp" if isolation.namespaces else str(temporary)
        task_root, _ = isolation.paths(sandbox.code, sandbox.layers)
        environment = environment_of(sandbox, credential, self._lab.endpoint, log_stream, task_root, seen)
        worker = Worker(sandbox, isolation, environment, log_stream, temporary, user)
        worker.credentials_end = self._lab.clock.time() + CREDENTIAL_SECONDS
        self._reaper.watch(worker.family)
        with self._lock:
            self._all.add(worker)
        if self._lab.stopping.is_set():
            worker.kill()
        return worker

    def _expiring(self, worker: Worker) -> bool:
        return worker.credentials_end - self._lab.clock.time() < worker.sandbox.timeout + 60

    def _end(self, workers: list[Worker]) -> None:
        for worker in workers:
            worker.close()
        kill_strays(worker.family for worker in workers)
        for worker in workers:
            self._reaper.forget(worker.family)
            with self._lock:
                self._all.discard(worker)

    def _let_go_of_idle(self) -> None:
        while not self._lab.stopping.wait(5):
            oldest = time.monotonic() - IDLE_SECONDS
            with self._lock:
                ended = [worker for worker in self._idle if worker.idle_since < oldest]
                self._idle = [worker for worker in self._idle if worker.idle_since >= oldest]
            self._end(ended)

    def _stop(self) -> None:
        """Kill every worker: who waits for one sees it end."""
        with self._lock:
            workers = list(self._all)
        for worker in workers:
            worker.kill()
        kill_strays(worker.family for worker in workers)
        self._reaper.stop()


def throttled(reason: str) -> AwsError:
    return AwsError("TooManyRequestsException", f"Rate Exceeded. ({reason})", 429)
