"""Says where data points are kept."""

from __future__ import annotations

from localaws.engines.cloudwatch.backend import CloudWatchEngine
from localaws.lab import Lab


def install(lab: Lab) -> None:
    CloudWatchEngine.directory = lab.directory / "metrics"
