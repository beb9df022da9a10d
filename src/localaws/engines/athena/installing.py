"""Opens the runtime, ends what an earlier process left unfinished, and ends queries with the lab."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

from moto.athena.models import athena_backends

from localaws.children import Children
from localaws.engines.athena import ENGINE
from localaws.engines.athena.backend import RUNNING_AT_ONCE, AthenaEngine
from localaws.engines.athena.managed import ManagedResults
from localaws.engines.athena.unfinished import recover
from localaws.hive import javaregex
from localaws.lab import Lab
from localaws.lake.runtime import Runtime


def install(lab: Lab) -> None:
    objects, scratch = lab.directory / "objects" / "data", lab.directory / "athena" / "scratch"
    AthenaEngine.runtime = Runtime(objects, scratch, f"{ENGINE.package}.functions.natives")
    AthenaEngine.patterns = Children(javaregex.__name__)
    AthenaEngine.pool = ThreadPoolExecutor(RUNNING_AT_ONCE, "athena")
    lab.on_stop(_stop)
    recover(lab)


def resume(lab: Lab) -> None:
    """Nobody asks for the results of queries that are not known any more."""
    engines = _engines()
    for engine in engines:
        engine.resume()
    ManagedResults(lab).keep_only({each.output for engine in engines for each in engine.queries.values()})


def _engines() -> list[AthenaEngine]:
    return [backend for _, _, backend in athena_backends.iter_backends() if isinstance(backend, AthenaEngine)]


def _stop() -> None:
    for engine in _engines():
        for query_id in list(engine.queries):
            engine.stop(query_id)
    AthenaEngine.pool.shutdown(wait=True, cancel_futures=True)
    AthenaEngine.patterns.close()
    AthenaEngine.runtime.close()
