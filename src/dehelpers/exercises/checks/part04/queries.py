"""Exercises on queries: one that reads too much, a join that multiplies, a moving mean."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pandas as pd

from dehelpers.exercises.checks.lake import Lake, Ran, lake, staged
from dehelpers.exercises.checks.part04.part import PART, flights, whole
from dehelpers.exercises.outcome import NotYet
from dehelpers.words import data

DAY = "2013-07-04"
MOST = 0.05  # of the table's bytes


def _july(made: Lake) -> pd.DataFrame:
    """A table of July's flights, partitioned by the day in New York."""
    july = flights("2013-07-01", "2013-07-31")
    for day, part in july.groupby("day"):
        made.csv(f"departures/day={day}/part.csv", part[["time_hour", "carrier", "origin", "dep_delay"]])
    columns = "time_hour timestamp, carrier string, origin string, dep_delay int"
    made.csv_table("departures", columns, keys="day string")
    made("MSCK REPAIR TABLE departures")
    return july


@PART.exercise(
    "Read one day, pay for one day",
    kind="fix",
    stage=staged(_july),
    hints=(
        "What does SHOW PARTITIONS departures tell, and which column does the filter speak of?",
        "Athena leaves out a partition only when the filter says something about the partition's own column.",
        "`day` is a day in New York, as text; the two moments in UTC are midnights there.",
    ),
)
def prune(fast: str) -> str:
    with lake() as own:
        july = _july(own)
        ran = own.answer(fast, "fast")
        everything = own("SELECT count(carrier) FROM departures").scanned
    rows = whole(ran, "origin", "delay")
    found = {row["origin"]: round(float(row["delay"] or "nan"), 6) for row in rows}
    if found != _delays(july[july["day"] == DAY]):
        raise NotYet(
            "It is not the answer that `slow` has. Which moments, in UTC, does a day in New York have, and in which "
            "partitions are they?"
        )
    share = ran.scanned / everything
    if share > 0.9:
        raise NotYet(f"The same answer, and still {ran.scanned:,} bytes: all partitions. Which column do they go by?")
    if share > MOST:
        raise NotYet(f"The same answer from {share:.0%} of the bytes. How many partitions hold that one day?")
    return f"The same answer from {ran.scanned:,} bytes instead of {everything:,}: {share:.1%}."


def _delays(part: pd.DataFrame) -> dict[str, float]:
    means = part.groupby("origin")["dep_delay"].mean()
    return {str(origin): round(float(mean), 6) for origin, mean in means.items()}


def _weather(made: Lake) -> pd.DataFrame:
    """Two days of flights and the weather, of which some hours are missing; what the right join gives."""
    some = flights("2013-07-03", DAY)[["carrier", "flight", "origin", "time_hour"]]
    readings = data.weather()
    readings = readings[(readings["month"] == 7) & readings["day"].isin([3, 4, 5])]
    readings = readings.assign(time_hour=readings["time_hour"].dt.tz_localize(None))[["origin", "time_hour", "visib"]]
    lost = (readings["origin"] == "LGA") & readings["time_hour"].dt.hour.isin([14, 15])
    readings = readings[~lost]
    made.parquet("flights/two-days.parquet", some)
    made.parquet("weather/two-days.parquet", readings)
    for table, columns in (
        ("flights", "carrier string, flight int, origin string, time_hour timestamp"),
        ("weather", "origin string, time_hour timestamp, visib double"),
    ):
        made(f"CREATE EXTERNAL TABLE {table} ({columns}) STORED AS PARQUET LOCATION '{made.uri(table)}'")
    return some.merge(readings, on=["origin", "time_hour"], how="left")


@PART.exercise(
    "A join that multiplies",
    kind="fix",
    stage=staged(_weather),
    hints=(
        "Count the rows before and after the join. How many readings does `weather` have for one hour?",
        "A reading is of one airport and one hour: both belong into the condition.",
        "Some hours have no reading. Which kind of join keeps a flight that finds no partner?",
    ),
)
def fan_out(joined: str) -> str:
    with lake() as own:
        expected = _weather(own)
        ran = own.answer(joined, "joined")
    rows = whole(ran, "carrier", "flight", "origin", "visib")
    if len(rows) > len(expected):
        factor = len(rows) / len(expected)
        raise NotYet(f"{len(rows):,} rows from {len(expected):,} flights, {factor:.1f} for each: what else must agree?")
    wanted = Counter(
        (carrier, str(flight), origin, None if pd.isna(visib) else float(visib))
        for carrier, flight, origin, visib in expected[["carrier", "flight", "origin", "visib"]].itertuples(index=False)
    )
    found = Counter(
        (row["carrier"], row["flight"], row["origin"], None if row["visib"] is None else float(row["visib"]))
        for row in rows
    )
    if found == wanted:
        unknown = sum(number for row, number in wanted.items() if row[3] is None)
        return f"{len(rows):,} flights, each once; of {unknown} nobody knows how far the pilot saw."
    lost = sum((Counter({key[:3]: 0 for key in wanted}) + _flights(wanted) - _flights(found)).values())
    if lost:
        raise NotYet(f"{lost} flights are gone. What do they have in common?")
    raise NotYet("Each flight is there once, but some with the weather of another airport or hour.")


def _flights(rows: Counter[Any]) -> Counter[Any]:
    counted: Counter[Any] = Counter()
    for key, number in rows.items():
        counted[key[:3]] += number
    return counted


def _june(made: Lake) -> pd.DataFrame:
    june = flights("2013-06-01", "2013-06-30")[["day", "origin", "dep_delay"]]
    made.csv("june/part.csv", june.astype({"dep_delay": "Int64"}))
    made.csv_table("june", "day string, origin string, dep_delay int")
    return june


def _moving(june: pd.DataFrame, days: int, of_means: bool = False) -> dict[tuple[str, str], float]:
    """The mean delay over so many days up to each, by origin and day; *of_means* weighs all days alike."""
    grouped = june.groupby(["origin", "day"])["dep_delay"]
    daily = pd.DataFrame({"sum": grouped.sum(), "count": grouped.count()}).astype(float)
    if of_means:
        daily = pd.DataFrame({"sum": daily["sum"] / daily["count"], "count": 1.0})
    summed = daily.groupby(level="origin").rolling(days, min_periods=1).sum().droplevel(0)
    means = summed["sum"] / summed["count"]
    return {(str(origin), str(day)): round(float(mean), 6) for (origin, day), mean in means.items()}


@PART.exercise(
    "A week at a time",
    kind="write",
    stage=staged(_june),
    hints=(
        "First the sum and the number of delays for each airport and day, then a window over those.",
        "A window has PARTITION BY, ORDER BY and a frame; without a frame it begins at the first row.",
        "`count(dep_delay)` leaves out cancelled flights, as avg does. A busy day weighs more than a quiet one.",
    ),
)
def rolling(week: str) -> str:
    with lake() as own:
        june = _june(own)
        ran = own.answer(week, "week")
        once = own("SELECT count(origin) FROM june").scanned
    rows = whole(ran, "origin", "day", "delay")
    found = {(row["origin"], row["day"]): round(float(row["delay"] or "nan"), 6) for row in rows}
    wanted = _moving(june, 7)
    if len(rows) != len(wanted):
        raise NotYet(f"{len(rows):,} rows: three airports and thirty days make {len(wanted)}.")
    slips = {
        "Each row has the mean from the first of June on: what is the frame of a window if none is given?": 30,
        "These are eight days: the day itself is one of the seven.": 8,
        "These are six days: the day itself is one of the seven.": 6,
        "That is the mean of each day alone.": 1,
    }
    for advice, days in slips.items():
        if _near(found, _moving(june, days)):
            raise NotYet(advice)
    if _near(found, _moving(june, 7, of_means=True)):
        raise NotYet("That is a mean of seven means: a day with few flights weighs as much as a busy one.")
    if not _near(found, wanted):
        differ = sorted(key for key in wanted if key not in found or abs(found[key] - wanted[key]) > 1e-4)
        origin, day = (differ or sorted(wanted))[0]
        raise NotYet(f"{len(differ)} means are not as they should be, the first is that of {origin} on {day}.")
    if ran.scanned > 1.5 * once:
        raise NotYet(f"The means are right, and the table was read {ran.scanned / once:.0f} times: a window needs one.")
    return _praise(ran)


def _near(found: dict[Any, float], wanted: dict[Any, float]) -> bool:
    return found.keys() == wanted.keys() and all(abs(found[key] - wanted[key]) <= 1e-4 for key in wanted)


def _praise(ran: Ran) -> str:
    return f"{len(ran.rows)} means of seven days, from a table that was read once: {ran.scanned:,} bytes."
