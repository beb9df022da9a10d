"""Goes on after a start with the policies that were being generated."""

from __future__ import annotations

from localaws.engines.accessanalyzer.backend import AccessAnalyzerBackend, accessanalyzer_backends
from localaws.lab import Lab


def resume(lab: Lab) -> None:
    for _, _, backend in list(accessanalyzer_backends.iter_backends()):
        assert isinstance(backend, AccessAnalyzerBackend)
        for job in backend.generations.values():
            if job.status == "IN_PROGRESS":
                backend.run(job)
