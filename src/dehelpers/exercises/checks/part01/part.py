"""The part that the modules beside this one fill, and the departures they use."""

from __future__ import annotations

from functools import cache
from typing import Any

from dehelpers.exercises.exercise import Part
from dehelpers.words import data

PART = Part("01_ingestion")
DAY = "2013-07-11"  # a summer Thursday: 960 departures


def departures(limit: int | None = None) -> list[dict[str, Any]]:
    """The first departures of the day, in the order in which the planes left."""
    return [dict(event) for event in _day()[:limit]]  # copies, which an answer may change


@cache
def _day() -> list[dict[str, Any]]:
    return list(data.departures(DAY, "2013-07-12"))
