"""The story's data: the three New York airports in 2013, as typed pandas frames and as a stream of departures.

The tables are the Parquet files of `data/` in the project (see `data/README.md` for columns, units and quirks).

Volume: `scale` replicates the year. Replica k (0, 1, 2, …) is the same schedule k years later: `year` becomes
2013 + k, and `time_hour` the same hour on New York's clocks in that year. So `scale=100` gives the years 2013 to
2112 and 33,677,600 flights, every (year, month, day, carrier, flight, origin) still unique. Nothing bigger than
one batch, or one year of departures, is ever in memory.
"""

from __future__ import annotations

import functools
import hashlib
import json
import random
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow.parquet as pq

DIRECTORY = Path(__file__).resolve().parents[3] / "data"
TABLES = ("flights", "weather", "airports", "airlines", "planes")
NEW_YORK = "America/New_York"
REPLICABLE = ("flights", "weather")  # the tables in which a row belongs to a moment of 2013
MAX_SCALE = 1_000
# what an event takes over from its flight as it is: only what is known when the plane leaves
COPIED = ["carrier", "flight", "tailnum", "origin", "dest", "sched_dep_time", "dep_delay", "distance"]
# Of the passengers, who are invented: no such person is meant.
FIRST_NAMES = "Ada Amir Ana Bo Carla Chen Dana Elif Emeka Femi Grace Hana Ines Jun Kofi Lena Mara Nils Noor".split()
LAST_NAMES = "Abe Berg Cruz Diaz Eze Garcia Haas Ito Jensen Kaya Lopez Mehta Novak Okoro Park Rossi Sato Vega".split()
BOOKINGS_AT_MOST = 4  # for one passenger


def flights() -> pd.DataFrame:
    """The 336,776 scheduled departures of 2013, one row each; 8,255 of them were cancelled (`dep_time` missing)."""
    return pd.read_parquet(path("flights"))


def weather() -> pd.DataFrame:
    """The 26,115 hourly weather readings at the three airports; joins flights on `origin` and `time_hour`."""
    return pd.read_parquet(path("weather"))


def airports() -> pd.DataFrame:
    """1,458 airports of the United States: `faa` code, name, position, time zone."""
    return pd.read_parquet(path("airports"))


def airlines() -> pd.DataFrame:
    """The 16 airlines: two-letter `carrier` code and name."""
    return pd.read_parquet(path("airlines"))


def planes() -> pd.DataFrame:
    """3,322 planes by `tailnum`; one in seven flights has a tail number that is not among them."""
    return pd.read_parquet(path("planes"))


def path(name: str) -> Path:
    """Where a table's Parquet file is, after checking it against `data/manifest.json` (once per process).

    Parameters: `name`, one of flights, weather, airports, airlines, planes.
    Raises ValueError for another name, FileNotFoundError or OSError where the file is missing or damaged.
    """
    if name not in TABLES:
        raise ValueError(f"there is no table {name!r}: choose from {', '.join(TABLES)}")
    file = DIRECTORY / f"{name}.parquet"
    if not file.is_file():
        raise FileNotFoundError(
            f"{file} is missing. In a clone of the project restore it with: git checkout -- data\n"
            "If dehelpers was installed by itself, install it from a clone instead: pip install -e ."
        )
    _verify(file, file.stat().st_mtime_ns)
    return file


@functools.cache
def _verify(file: Path, _modified: int) -> None:
    """Compare a file's SHA-256 with the manifest; the modification time makes a changed file be read again."""
    manifest = json.loads((file.parent / "manifest.json").read_text(encoding="utf-8"))
    if hashlib.sha256(file.read_bytes()).hexdigest() != manifest["tables"][file.stem]["sha256"]:
        raise OSError(f"{file} is damaged: its SHA-256 is not the manifest's. Restore it: git checkout -- data")


def batches(name: str, scale: int = 1, rows: int = 100_000) -> Iterator[pd.DataFrame]:
    """A table as a stream of frames, so that any volume fits into memory.

    Parameters: `name`, a table; `scale`, years to replicate (1 to 1,000; more than 1 only for flights and weather);
    `rows`, the most rows in a frame (the last frame of each year is shorter).
    Raises ValueError at once, not at the first frame, for a parameter out of range.
    """
    _check_scale(scale)
    if rows < 1:
        raise ValueError(f"rows is {rows}: a batch needs at least 1 row")
    if scale > 1 and name not in REPLICABLE:
        raise ValueError(f"{name} has no year to replicate: scale is for {' and '.join(REPLICABLE)}")
    return _batches(path(name), scale, rows)


def _batches(file: Path, scale: int, rows: int) -> Iterator[pd.DataFrame]:
    for years in range(scale):
        with pq.ParquetFile(file) as table:
            for batch in table.iter_batches(batch_size=rows):
                frame = batch.to_pandas()
                yield _years_later(frame, years) if years else frame


def departures(
    start: str | date | None = None, end: str | date | None = None, limit: int | None = None, scale: int = 1
) -> Iterator[dict[str, Any]]:
    """Every departure as an event, in the order in which the planes left the gate (cancelled flights never did).

    An event is a flat dict, ready for `json.dumps`: `event_id` (unique, the same on every run), `event_time` (ISO
    8601, UTC, to the minute as the source has it), `flight_date` (scheduled, local), `carrier`, `flight`, `tailnum`,
    `origin`, `dest`, `sched_dep_time` (hhmm, local), `dep_delay` (minutes, negative is early), `distance` (miles).

    Parameters: `start` (included) and `end` (excluded) bound `event_time`; without a time zone they are on New
    York's clocks, so `start="2013-03-10", end="2013-03-11"` is that day there; `limit`, the most events;
    `scale`, years to replicate. Raises ValueError at once for a parameter out of range.
    """
    _check_scale(scale)
    if limit is not None and limit < 0:
        raise ValueError(f"limit is {limit}: it is a number of events, 0 or more")
    return _departures(path("flights"), _instant(start), _instant(end), limit, scale)


def _departures(
    file: Path, start: pd.Timestamp | None, end: pd.Timestamp | None, limit: int | None, scale: int
) -> Iterator[dict[str, Any]]:
    columns = ["year", "month", "day", "time_hour", "minute", *COPIED]
    year = pd.read_parquet(file, columns=columns).dropna(subset=["dep_delay"])
    for years in range(scale):
        left = _years_later(year, years)
        # An hhmm on the clock does not say which day it belongs to, nor, in autumn, which of two hours. The
        # scheduled instant in UTC plus the delay says both, and agrees with the published dep_time of every flight.
        minutes = left["minute"] + left["dep_delay"].astype("int32")
        left["event_time"] = left["time_hour"] + pd.to_timedelta(minutes, unit="min")
        left = left.sort_values("event_time", kind="stable", ignore_index=True)
        first = left["event_time"].searchsorted(start) if start else 0
        last = left["event_time"].searchsorted(end) if end else len(left)
        for event in _events(left[first:last]):
            if limit is not None and limit <= 0:
                return
            limit = limit if limit is None else limit - 1
            yield event


def passengers(count: int, seed: int) -> pd.DataFrame:
    """Invented people, the same for the same *seed*: `passenger_id` ("P00001", …), `name`, `email`, `passport`
    (a letter and seven digits, each once), `born` (a date as text).

    Raises:
        ValueError: *count* is not from 1 to 99,999.
    """
    if not 1 <= count <= 99_999:
        raise ValueError(f"count is {count}: it is a number of passengers, 1 to 99,999")
    chance = random.Random(seed)
    passports = chance.sample(range(1_000_000, 10_000_000), count)
    first, last = (chance.choices(names, k=count) for names in (FIRST_NAMES, LAST_NAMES))
    days = chance.choices(range(366 * 60), k=count)
    ids = [f"P{number:05}" for number in range(1, count + 1)]
    return pd.DataFrame(
        {
            "passenger_id": ids,
            "name": [f"{given} {family}" for given, family in zip(first, last, strict=True)],
            "email": [
                f"{given}.{family}.{who[1:]}@example.com".lower()
                for given, family, who in zip(first, last, ids, strict=True)
            ],
            "passport": [f"{chance.choice('CKNPX')}{number}" for number in passports],
            "born": [str(date(1940, 1, 1) + timedelta(days=day)) for day in days],
        }
    )


def bookings(people: pd.DataFrame, seed: int) -> pd.DataFrame:
    """One to four bookings for each of the *people*, on flights of 2013: `booking_id`, `passenger_id`, `flight_date`,
    `carrier`, `flight`, `origin`, `dest`, `seat`, `usd` (what was paid, in US dollars)."""
    chance = random.Random(seed)
    year = pd.read_parquet(path("flights"), columns=["year", "month", "day", "carrier", "flight", "origin", "dest"])
    who = [each for each in people["passenger_id"] for _ in range(chance.randint(1, BOOKINGS_AT_MOST))]
    booked = year.iloc[[chance.randrange(len(year)) for _ in who]].reset_index(drop=True)
    days = [f"{y}-{m:02}-{d:02}" for y, m, d in zip(booked["year"], booked["month"], booked["day"], strict=True)]
    return booked.drop(columns=["year", "month", "day"]).assign(
        booking_id=[f"B{number:06}" for number in range(1, len(who) + 1)],
        passenger_id=who,
        flight_date=days,
        seat=[f"{chance.randint(1, 38)}{chance.choice('ABCDEF')}" for _ in who],
        usd=[chance.randint(39, 480) for _ in who],
    )[["booking_id", "passenger_id", "flight_date", "carrier", "flight", "origin", "dest", "seat", "usd"]]


def _events(left: pd.DataFrame, chunk: int = 10_000) -> Iterator[dict[str, Any]]:
    """Rows as plain Python dicts, a chunk at a time: a year of dicts weighs far more than its frame."""
    for offset in range(0, len(left), chunk):
        part = left[offset : offset + chunk]
        times = np.datetime_as_string(part["event_time"].dt.tz_localize(None).to_numpy(), unit="s").tolist()
        days = [f"{y}-{m:02}-{d:02}" for y, m, d in zip(part["year"], part["month"], part["day"], strict=True)]
        for when, day, *values in zip(times, days, *(part[name].tolist() for name in COPIED), strict=True):
            event = dict(zip(COPIED, values, strict=True))
            event_id = f"{day}-{event['carrier']}-{event['flight']}-{event['origin']}"
            yield {"event_id": event_id, "event_time": f"{when}Z", "flight_date": day, **event}


def _years_later(frame: pd.DataFrame, years: int) -> pd.DataFrame:
    """A copy of `frame` with the same local dates and hours `years` later: daylight saving falls on other days."""
    code, hours = frame["time_hour"].factorize()  # convert a few thousand hours, not every row
    local = hours.tz_convert(NEW_YORK).tz_localize(None) + pd.DateOffset(years=years)
    # Two hours a year have no exact counterpart: the one that spring skips (take the next one), and the one that
    # autumn has twice (take the first). No flight is scheduled in either; weather readings are.
    hours = local.tz_localize(NEW_YORK, nonexistent="shift_forward", ambiguous=np.ones(len(local), dtype=bool))
    return frame.assign(year=frame["year"] + np.int32(years), time_hour=hours.tz_convert("UTC").take(code))


def _check_scale(scale: int) -> None:
    if not 1 <= scale <= MAX_SCALE:
        raise ValueError(f"scale is {scale}: it is a number of years, 1 to {MAX_SCALE:,}")


def _instant(moment: str | date | None) -> pd.Timestamp | None:
    """A moment in UTC; one without a time zone is read on New York's clocks."""
    if moment is None:
        return None
    try:
        stamp = pd.Timestamp(moment)
        return (stamp if stamp.tzinfo else stamp.tz_localize(NEW_YORK)).tz_convert("UTC")
    except ValueError as fault:
        raise ValueError(f"{moment!r} is not a moment ({fault}): write 2013-03-10 or 2013-03-10T09:30") from fault
