"""Finds a place for the functions' code and out how they can be shut in."""

from __future__ import annotations

from pathlib import Path

from moto.awslambda.models import lambda_backends

from localaws.engines.lambda_.asynchronous import AsynchronousInvoker
from localaws.engines.lambda_.backend import LambdaEngine
from localaws.engines.lambda_.execution import Executor
from localaws.engines.lambda_.function import FunctionEngine
from localaws.engines.lambda_.removal import remove
from localaws.engines.lambda_.trial import find_out
from localaws.engines.lambda_.unused_code import UnusedCode
from localaws.engines.lambda_.wire import add_routes
from localaws.lab import Lab


def install(lab: Lab) -> None:
    """Serve Lambda from this engine. Functions do not outlive the server, so what an earlier one left is removed."""
    directory = lab.directory / "lambda"
    remove(directory)
    isolation = find_out(lab)
    directory = isolation.place(directory)
    lab.on_stop(lambda: remove(directory))
    FunctionEngine.directory = directory
    LambdaEngine.executor = Executor(lab, directory / "environments", isolation)
    LambdaEngine.asynchronous = AsynchronousInvoker(lab)
    UnusedCode(lab, directory, _places)
    add_routes()


def _places() -> set[Path]:
    """Where code lies that somebody has: functions of any account and region, and environments that still run."""
    backends = [backend for _, _, backend in lambda_backends.iter_backends() if isinstance(backend, LambdaEngine)]
    return LambdaEngine.executor.pool.places.union(*(backend.places for backend in backends))
