"""Begins to deliver, and goes on after a start."""

from __future__ import annotations

from localaws.engines.cloudtrail.backend import CloudTrailEngine
from localaws.engines.cloudtrail.delivery import Deliverer
from localaws.lab import Lab


def install(lab: Lab) -> None:
    CloudTrailEngine.deliverer = Deliverer(lab)


def resume(lab: Lab) -> None:
    """Deliver what has happened before the start."""
    CloudTrailEngine.deliverer.go_on()
