"""Has moto match patterns in one pass."""

from __future__ import annotations

from localaws.engines import patterns
from localaws.lab import Lab


def install(lab: Lab) -> None:
    patterns.of_events()
