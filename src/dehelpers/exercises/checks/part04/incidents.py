"""Incidents: new days that nobody sees, and a file that another release wrote."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from dehelpers.exercises.checks.lake import Lake, lake, staged
from dehelpers.exercises.checks.part04.part import PART, flights, whole
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

FIRST, LAST = "2013-07-01", "2013-07-07"
KNOWN = 3  # days that the catalog knows when the phone rings
ODD_DAY, ODD_FOLDER = "2013-07-06", "late/2013/07/06"


def _folder(day: str) -> str:
    return f"departures/{ODD_FOLDER}" if day == ODD_DAY else f"departures/day={day}"


def _new_days(made: Lake) -> pd.DataFrame:
    """A week of files, of which the catalog knows three days; one of the others lies where nobody would look."""
    week = flights(FIRST, LAST)[["carrier", "flight", "origin", "dep_delay", "day"]]
    days = sorted(week["day"].unique())
    made.csv_table("departures", "carrier string, flight int, origin string, dep_delay int", keys="day string")
    for number, day in enumerate(days):
        if number == KNOWN:
            made("MSCK REPAIR TABLE departures")
        made.csv(f"{_folder(day)}/part.csv", week[week["day"] == day].drop(columns="day"))
    return week


@PART.exercise(
    "The day that is not there",
    kind="operate",
    stage=staged(_new_days),
    hints=(
        "Compare SHOW PARTITIONS departures with what lies in the bucket under departures/.",
        "MSCK REPAIR TABLE finds folders that are called like `day=2013-07-04`. One is not.",
        "ALTER TABLE … ADD PARTITION takes a LOCATION, of that day's own folder.",
    ),
)
def new_days(remedy: Callable[[str], list[str]]) -> str:
    with lake() as own:
        week = _new_days(own)
        statements = run(remedy, own.bucket)
        if not isinstance(statements, list | tuple) or not statements:
            raise NotYet(f"`remedy` should return a list of SQL texts, and returned `{statements!r:.60}`.")
        for number, sql in enumerate(statements):
            own.answer(sql, f"statement {number + 1}")
        found = own.answer("SELECT day, count(*) AS n FROM departures GROUP BY day", "SELECT … FROM departures")
        places = _places(own)
    counted = {row["day"]: int(row["n"]) for row in whole(found, "day", "n")}
    wanted = week["day"].value_counts().to_dict()
    if foreign := sorted(str(day) for day in counted.keys() - wanted.keys()):
        raise NotYet(f"There are flights of {foreign[0]} now, and there was no such day.")
    for day in sorted(wanted):
        if counted.get(day, 0) > wanted[day]:
            raise NotYet(f"{day} has {counted[day]:,} flights and had {wanted[day]:,}. Whose files does it read, too?")
        if day not in counted and day in places:
            raise NotYet(f"{day} is a partition now, and it has no rows: look at what is in {places[day]}")
    missing = sorted(wanted.keys() - counted.keys())
    if missing == [ODD_DAY]:
        raise NotYet(f"Six days are there, {ODD_DAY} is not. Where in the bucket are its flights?")
    if missing:
        raise NotYet(f"{len(missing)} of {len(wanted)} days are still missing, the first is {missing[0]}.")
    if counted != wanted:
        raise NotYet("All seven days are there, some of them with flights missing.")
    return f"All {len(wanted)} days and {len(week):,} flights, one of them from {_folder(ODD_DAY)}/."


def _places(own: Lake) -> dict[str, str]:
    glue = client("glue")
    found = glue.get_partitions(DatabaseName=own.database, TableName="departures")["Partitions"]
    return {each["Values"][0]: each["StorageDescriptor"]["Location"] for each in found}


#: Which of the days another release wrote, and as what: the number became a text, or a number with a fraction.
DRIFTED = {"2013-07-03": "string", "2013-07-05": "float64"}
PREFIX = "delays/"


def _drifted(made: Lake) -> pd.DataFrame:
    week = flights(FIRST, LAST)[["carrier", "origin", "dep_delay", "day"]]
    for day, part in week.groupby("day"):
        typed = part.astype({"dep_delay": DRIFTED.get(str(day), "Int32")})
        made.parquet(f"{PREFIX}{day}.parquet", typed)
    made(
        "CREATE EXTERNAL TABLE delays (carrier string, origin string, dep_delay int, day string) "
        f"STORED AS PARQUET LOCATION 's3://{made.bucket}/{PREFIX}'"
    )
    return week


@PART.exercise(
    "A file of another kind",
    kind="operate",
    stage=staged(_drifted),
    hints=(
        "Run `SELECT avg(dep_delay) FROM delays`: the reason names a file, and the type that it has.",
        "Athena names one file at a time. `pyarrow.parquet.read_schema` tells the types of each.",
        "Read such a file, give the column the type that the others have, and write it under the same key.",
    ),
)
def schema_drift(mend: Callable[[str, str], Any]) -> str:
    with lake() as own:
        week = _drifted(own)
        before = _versions(own.bucket)
        run(mend, own.bucket, PREFIX)
        ran = own.run("SELECT day, count(*) AS n, sum(dep_delay) AS minutes FROM delays GROUP BY day")
        after = _versions(own.bucket)
    if ran.state != "SUCCEEDED":
        if after == before:
            raise NotYet("Nothing has changed in the bucket. Which file does Athena name?")
        raise NotYet(f"Athena still says: {ran.reason.replace(own.bucket, '…')}.")
    found = {row["day"]: (int(row["n"]), int(row["minutes"] or 0)) for row in whole(ran, "day", "n", "minutes")}
    for day, part in week.groupby("day"):
        number, minutes = found.get(str(day), (0, 0))
        if number < len(part):
            raise NotYet(f"The query runs, and {len(part) - number:,} flights of {day} are gone with it.")
        if number > len(part):
            raise NotYet(f"The query runs, and {day} has {number:,} flights instead of {len(part):,}.")
        if minutes != int(part["dep_delay"].sum()):
            raise NotYet(f"The query runs, and the delays of {day} have changed: their sum is {minutes:,} minutes.")
    return f"{len(DRIFTED)} files mended, and all {len(week):,} flights of {len(found)} days are there."


def _versions(bucket: str) -> dict[str, Any]:
    """The content of each data file, as a digest."""
    listed = client("s3").list_objects_v2(Bucket=bucket, Prefix=PREFIX).get("Contents", [])
    return {item["Key"]: item["ETag"] for item in listed}
