"""What an earlier process of this lab left under way has failed; connections end with the lab."""

from __future__ import annotations

from collections.abc import Iterator

from moto.redshiftdata.models import redshiftdata_backends

from localaws.engines.redshiftdata.backend import RedshiftDataEngine
from localaws.engines.redshiftdata.results import FOLDER, Results
from localaws.lab import Lab


def install(lab: Lab) -> None:
    (lab.directory / FOLDER).mkdir(exist_ok=True, mode=0o700)


def resume(lab: Lab) -> None:
    """Let what was under way fail, and remove the results that no statement has."""
    engines = list(_engines())
    for engine in engines:
        engine.go_on()
    known = {id for engine in engines for id in engine.statements}
    results = Results(lab.directory / FOLDER)
    for id in set(results.kept()) - known:
        results.forget(id)


def _engines() -> Iterator[RedshiftDataEngine]:
    for _, _, backend in redshiftdata_backends.iter_backends():
        if isinstance(backend, RedshiftDataEngine):
            yield backend
