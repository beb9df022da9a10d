"""Puts the engine's queries and patterns in the place of moto's."""

from __future__ import annotations

import moto.logs.models

from localaws.engines.logs.patterns import parse_pattern
from localaws.engines.logs.queries import run_query
from localaws.lab import Lab


def install(lab: Lab) -> None:
    moto.logs.models.execute_query = run_query  # type: ignore[attr-defined]
    moto.logs.models.EventMessageFilter = parse_pattern  # type: ignore[assignment, attr-defined]
