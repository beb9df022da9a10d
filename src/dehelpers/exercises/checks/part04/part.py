"""The part that the modules beside this one fill, and the flights they use."""

from __future__ import annotations

from functools import cache
from typing import Any

import pandas as pd

from dehelpers.exercises.checks.lake import Ran
from dehelpers.exercises.exercise import Part
from dehelpers.exercises.outcome import NotYet
from dehelpers.words import data

PART = Part("04_analytics")
COLUMNS = ["time_hour", "carrier", "flight", "tailnum", "origin", "dest", "dep_delay", "arr_delay", "distance"]


@cache
def _year() -> pd.DataFrame:
    flights = data.flights()
    days = pd.to_datetime(flights[["year", "month", "day"]]).dt.strftime("%Y-%m-%d")
    return flights[COLUMNS].assign(time_hour=flights["time_hour"].dt.tz_localize(None), day=days)


def flights(first: str, last: str) -> pd.DataFrame:
    """The flights of the local days from *first* to *last*, both included; `day` is that day, `time_hour` is in UTC."""
    year = _year()
    return year[year["day"].between(first, last)].reset_index(drop=True)


def whole(rows: Ran, *columns: str) -> list[dict[str, Any]]:
    """The answer as dicts, if it has the wanted columns, in any order.

    Raises:
        NotYet: it has others.
    """
    if set(rows.columns) != set(columns):
        raise NotYet(f"The answer should have the columns {', '.join(columns)}, and has {', '.join(rows.columns)}.")
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.rows]
