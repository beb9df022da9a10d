"""Finds a place for the functions' code and out how they can be shut in."""

from __future__ import annotations

from pathlib import Path

from moto.awslambda.models import lambda_backends

from localaws.engines.lambda_.archives import Archived
from localaws.engines.lambda_.asynchronous import AsynchronousInvoker
from localaws.engines.lambda_.backend import LambdaEngine
from localaws.engines.lambda_.event_log import EventLog
from localaws.engines.lambda_.execution import Executor
from localaws.engines.lambda_.function import FunctionEngine
from localaws.engines.lambda_.removal import remove
from localaws.engines.lambda_.sources.checkpoints import Checkpoints
from localaws.engines.lambda_.trial import find_out
from localaws.engines.lambda_.unused_code import UnusedCode
from localaws.engines.lambda_.wire import add_routes
from localaws.lab import Lab


def install(lab: Lab) -> None:
    """Serve Lambda from this engine. Code is unzipped anew: a function may have changed what was unzipped."""
    directory = lab.directory / "lambda"
    for name in ("code", "layers", "environments"):
        remove(directory / name)
    isolation = find_out(lab)
    Archived.archives = directory / "archives"
    FunctionEngine.directory = isolation.place(directory)
    kept = FunctionEngine.directory == directory
    lab.on_stop(lambda: remove(directory / "environments" if kept else FunctionEngine.directory))
    LambdaEngine.executor = Executor(lab, FunctionEngine.directory / "environments", isolation)
    places = FunctionEngine.directory / "code", FunctionEngine.directory / "layers", Archived.archives
    UnusedCode(lab, places, _in_use)
    add_routes()


def resume(lab: Lab) -> None:
    """Poll on for mappings from where they were, and run the events that wait."""
    directory = lab.directory / "lambda"
    LambdaEngine.checkpoints = Checkpoints(directory / "checkpoints.log")
    LambdaEngine.asynchronous = AsynchronousInvoker(lab, EventLog(directory / "events.log"))
    backends = _backends()
    LambdaEngine.checkpoints.keep_only({uuid for backend in backends for uuid in backend._event_source_mappings})
    for backend in backends:
        backend.go_on()
    LambdaEngine.asynchronous.go_on(_engine)


def _engine(account: str, region: str) -> LambdaEngine:
    backend = lambda_backends[account][region]
    assert isinstance(backend, LambdaEngine)
    return backend


def _in_use() -> set[Path]:
    """Where code lies that somebody has: functions of any account and region, and environments that still run."""
    return LambdaEngine.executor.pool.places.union(*(backend.places for backend in _backends()))


def _backends() -> list[LambdaEngine]:
    return [backend for _, _, backend in lambda_backends.iter_backends() if isinstance(backend, LambdaEngine)]
