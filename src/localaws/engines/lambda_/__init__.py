"""Lambda: functions that run, in child processes, with the limits, logs and errors that AWS gives them.

From the wire inwards: `wire` is what all operations share, `responses` reads Invoke, and the other ``…_responses`` and
`event_invoke` the rest as far as AWS answers otherwise than moto. `backend` finds the function, `execution` runs it in
a `worker` of the `pool` and writes its log (`transcript`, `logs`). What runs in the child is `launcher`, which shuts it
in as far as `isolation` says that this system can (with `kernel`), and `bootstrap`, which calls the handler.
`processes` and `process_reaper` end what a handler leaves behind; `packages` brings code to disk, and `unused_code`
removes it. What moto does right (layers, policies, tags) stays moto's.
"""

from __future__ import annotations

from pathlib import Path

import moto.awslambda.models
from moto.awslambda.models import lambda_backends
from moto.awslambda.responses import LambdaResponse

from localaws.engines import replace_backend, replace_responses
from localaws.engines.lambda_.asynchronous import AsynchronousInvoker
from localaws.engines.lambda_.backend import LambdaEngine
from localaws.engines.lambda_.execution import Executor
from localaws.engines.lambda_.function import FunctionEngine
from localaws.engines.lambda_.removal import remove
from localaws.engines.lambda_.responses import LambdaEngineResponse
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
    LambdaEngine.lab = FunctionEngine.lab = lab
    FunctionEngine.directory = directory
    LambdaEngine.executor = Executor(lab, directory / "environments", isolation)
    LambdaEngine.asynchronous = AsynchronousInvoker(lab)
    UnusedCode(lab, directory, _places)
    moto.awslambda.models.LambdaFunction = FunctionEngine  # type: ignore[misc]
    add_routes()
    replace_backend(lambda_backends, LambdaEngine)
    replace_responses(LambdaResponse, LambdaEngineResponse)


def _places() -> set[Path]:
    """Where code lies that somebody has: functions of any account and region, and environments that still run."""
    backends = [backend for _, _, backend in lambda_backends.iter_backends() if isinstance(backend, LambdaEngine)]
    return LambdaEngine.executor.pool.places.union(*(backend.places for backend in backends))
