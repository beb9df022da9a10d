"""Exercises on tables: a CSV file as it comes, and more partitions than one statement may write."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pandas as pd

from dehelpers.exercises.checks.lake import Lake, lake, new_lake
from dehelpers.exercises.checks.part04.part import PART, flights, whole
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words import data
from dehelpers.words.clients import client

WANTED = {"faa": "varchar", "name": "varchar", "lat": "double", "lon": "double", "alt": "integer"}
DAYS = 365


def _airports() -> pd.DataFrame:
    """Airports as an authority would send them: the name has the clock it keeps behind a comma."""
    airports = data.airports()
    clock = airports["tzone"].fillna("unknown").str.split("/").str[-1].str.replace("_", " ")
    names = airports["name"].str.replace("\\", "")  # two of them are escaped for another program: Port O\\'Connor
    return airports[list(WANTED)].assign(name=names + ", " + clock + " time")


def _deliver_airports(made: Lake) -> None:
    made.text("airports/airports.csv", _airports().to_csv(index=False))


def _airports_delivered() -> dict[str, str]:
    made = new_lake()
    _deliver_airports(made)
    return made.scene | {"location": made.uri("airports")}


@PART.exercise(
    "Read a CSV file as it comes",
    kind="write",
    stage=_airports_delivered,
    hints=(
        "The first line is no airport, and the comma inside the quotes ends no column.",
        "Athena's default for text knows nothing of quotes. The user guide has a page on OpenCSVSerDe.",
        "How many lines at the top to leave out is a table property.",
    ),
)
def read_csv(create: Callable[[str], str]) -> str:
    with lake() as own:
        _deliver_airports(own)
        own.answer(run(create, own.uri("airports")), "create(location)")
        tables = {table["Name"] for table in client("glue").get_tables(DatabaseName=own.database)["TableList"]}
        if "airports" not in tables:
            raise NotYet("The statement ran, and there is no table `airports`.")
        ran = own.answer("SELECT * FROM airports", "SELECT * FROM airports")
    rows = whole(ran, *WANTED)
    expected = _airports()
    if not rows:
        raise NotYet("The table is empty. Does it look where the file is?")
    if any('"' in (row["name"] or "") for row in rows):
        raise NotYet(f"A name is `{rows[-1]['name']}`, and what follows it has moved by a column: who knows quotes?")
    if len(rows) == len(expected) + 1:
        raise NotYet(f"{len(rows):,} rows, and there are {len(expected):,} airports: which line is one too many?")
    kinds = dict(zip(ran.columns, ran.types, strict=True))
    if wrong := [column for column, kind in WANTED.items() if kinds[column] != kind]:
        raise NotYet(f"`{wrong[0]}` is {kinds[wrong[0]]} here, and would not do in `avg(lat)` or `max(alt)`.")
    if len(rows) != len(expected):
        raise NotYet(f"{len(rows):,} rows, and there are {len(expected):,} airports.")
    read = {row["faa"]: (row["name"], float(row["lat"] or "nan"), int(row["alt"] or 0)) for row in rows}
    for code, *facts in expected[["faa", "name", "lat", "alt"]].itertuples(index=False):
        if read.get(code) != tuple(facts):
            raise NotYet(f"`{code}` was read as `{read.get(code)}`. Are the columns in the order of the file?")
    return f"{len(rows):,} airports, commas and all, and the highest lies at {expected['alt'].max():,} feet."


def _source(made: Lake) -> pd.DataFrame:
    """A year of flights in one file: a few of each day, and not the same number."""
    year = flights("2013-01-01", "2013-12-31")
    few = year[year["carrier"].isin(["VX", "HA"])][["carrier", "flight", "dep_delay", "day"]]
    made.parquet("year/flights.parquet", few)
    made(
        "CREATE EXTERNAL TABLE flights_2013 (carrier string, flight int, dep_delay int, day string) "
        f"STORED AS PARQUET LOCATION '{made.uri('year')}'"
    )
    return few


@PART.exercise(
    "Past the hundredth partition",
    kind="write",
    hints=(
        "One statement may write at most 100 partitions, a CREATE TABLE AS as well as an INSERT INTO.",
        "The first statement makes the table from some days; further ones add the others. A year has four quarters.",
        "In both, the partition column comes last in the SELECT. Each day belongs to one statement only.",
    ),
)
def past_hundred(statements: list[str]) -> str:
    if not isinstance(statements, list | tuple) or not statements:
        raise NotYet(f"`statements` should be a list of SQL texts, and is `{type(statements).__name__}`.")
    with lake() as own:
        source = _source(own)
        for number, sql in enumerate(statements):
            own.answer(sql, f"statements[{number}]")
        found = own.answer("SELECT day, count(*) AS n FROM daily GROUP BY day", "SELECT … FROM daily")
        pages = client("glue").get_paginator("get_partitions")
        listed = pages.paginate(DatabaseName=own.database, TableName="daily", ExcludeColumnSchema=True)
        partitions = [partition["Values"][0] for page in listed for partition in page["Partitions"]]
    counted = Counter({str(row["day"]): int(str(row["n"])) for row in whole(found, "day", "n")})
    wanted = Counter(source["day"])
    if missing := sorted(wanted.keys() - counted.keys()):
        raise NotYet(f"{len(missing)} of {DAYS} days are not there, the first is {missing[0]}: between two statements?")
    if doubled := sorted(day for day in wanted if counted[day] > wanted[day]):
        raise NotYet(f"{doubled[0]} has {counted[doubled[0]]} flights and had {wanted[doubled[0]]}: written twice?")
    if counted != wanted:
        raise NotYet("Some flights are missing: the table should have all of `flights_2013`.")
    if len(partitions) != DAYS:
        raise NotYet(f"All rows are there, in {len(partitions)} partitions: the table should have one for each day.")
    return f"{len(statements)} statements, {len(partitions)} partitions, {len(source):,} flights, none twice."
