"""The part that the modules beside this one fill, and the departures they use."""

from __future__ import annotations

from functools import cache
from typing import Any

from dehelpers.exercises.exercise import Part
from dehelpers.words import data

PART = Part("02_storage")
FACTS = ("flight_date", "origin", "sched_dep_time", "carrier", "flight", "dest")


def departures(first: str, end: str, start: int = 0, before: int = 2400) -> list[dict[str, Any]]:
    """Departures of the days from *first* to before *end*, due from *start* to before *before*, numbers on a clock.

    Each is a copy, with `flight_date` and `sched_dep_time` as New York's clocks have them, such as 600 for six o'clock.
    """
    return [
        {fact: event[fact] for fact in FACTS}
        for event in _events(first, end)
        if first <= event["flight_date"] < end and start <= event["sched_dep_time"] < before
    ]


@cache
def _events(first: str, end: str) -> list[dict[str, Any]]:
    return list(data.departures(first, end))
