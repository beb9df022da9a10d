"""Opens the runtime, clears what an earlier process left unfinished, and ends queries with the lab."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from moto.athena.models import athena_backends

from localaws.engines.athena.backend import RUNNING_AT_ONCE, AthenaEngine
from localaws.engines.athena.files.unfinished import recover
from localaws.engines.athena.managed import ManagedResults
from localaws.engines.athena.runtime import Runtime
from localaws.lab import Lab


def install(lab: Lab) -> None:
    AthenaEngine.runtime = Runtime(lab, lab.directory / "objects" / "data")
    AthenaEngine.pool = ThreadPoolExecutor(RUNNING_AT_ONCE, "athena")
    lab.on_stop(_stop)
    ManagedResults(lab).clear()
    recover(lab)


def _stop() -> None:
    for _, _, backend in athena_backends.iter_backends():
        if isinstance(backend, AthenaEngine):
            for query_id in list(backend.queries):
                backend.stop(query_id)
    AthenaEngine.pool.shutdown(wait=True, cancel_futures=True)
    AthenaEngine.runtime.close()
