"""Puts the engine's queries and patterns in the place of moto's, and finds the groups that no snapshot had yet."""

from __future__ import annotations

from typing import Any

import moto.logs.models
from moto.logs.models import logs_backends

from localaws.engines.logs.groups import GroupEngine
from localaws.engines.logs.patterns import parse_pattern
from localaws.engines.logs.queries import run_query
from localaws.lab import Lab
from localaws.state.data_file import strays


def install(lab: Lab) -> None:
    GroupEngine.directory = lab.directory / "log-groups"  # the lab's own log is in "logs"
    moto.logs.models.execute_query = run_query  # type: ignore[attr-defined]
    moto.logs.models.EventMessageFilter = parse_pattern  # type: ignore[assignment, attr-defined]


def resume(lab: Lab) -> None:
    """Make the log groups again that were younger than the last snapshot."""
    backends: list[Any] = [each[-1] for each in logs_backends.iter_backends()]
    known = {group.id for backend in backends for group in backend.groups.values()}
    for state in strays(GroupEngine.directory, known):
        group = object.__new__(GroupEngine)  # type: ignore[type-abstract]
        group.__setstate__(state)
        logs_backends[group.account_id][group.region].groups[group.name] = group
