"""An exercise on the layout of a lake: folders by which a question leaves out most of the bytes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd

from dehelpers.exercises.checks.lake import Lake, lake
from dehelpers.exercises.checks.part02.part import PART, departures
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

FIRST, END, DAYS = "2013-07-01", "2013-07-21", 20
QUESTION = (
    "SELECT origin, count(*) AS n, max(sched_dep_time) AS last FROM {} WHERE flight_date = '2013-07-04' GROUP BY 1"
)
SHARE, MOST_FILES = 0.10, 2 * DAYS


@PART.exercise(
    "A tenth of the bytes",
    kind="fix",
    hints=(
        "What does the question ask for, and of which flights does Athena read the columns all the same?",
        "`wr.s3.to_parquet` with `dataset=True` takes `partition_cols`: each value gets a folder of its own.",
        "The folder should be the day. A second column would cut the files until opening them costs more than reading.",
    ),
)
def tenth(store: Callable[[pd.DataFrame, str, str], Any]) -> str:
    flights = pd.DataFrame(departures(FIRST, END))
    with lake() as own:
        whole = own.parquet("whole/part.parquet", flights, compression="snappy")
        own(
            "CREATE EXTERNAL TABLE whole (flight_date string, origin string, sched_dep_time bigint, carrier string, "
            f"flight bigint, dest string) STORED AS PARQUET LOCATION '{own.uri('whole')}'"
        )
        before = own(QUESTION.format("whole"))
        run(store, flights.copy(), own.database, own.uri("flights"))
        files = _files(own)
        rows = own.answer("SELECT count(*) FROM flights", "SELECT count(*) FROM flights").rows[0][0]
        after = own.answer(QUESTION.format("flights"), "the question")
    if rows != str(len(flights)):
        raise NotYet(f"{len(flights):,} flights were given, and the table `flights` has {int(rows or 0):,}.")
    if sorted(after.rows) != sorted(before.rows):
        raise NotYet("All flights are there, and the question has another answer than before.")
    share = after.scanned / before.scanned
    if files > MOST_FILES:
        raise NotYet(f"{share:.0%} of the bytes, from {files} files for {DAYS} days: smaller files, more requests.")
    if share > SHARE:
        raise NotYet(
            f"The question scans {after.scanned:,} bytes, {share:.0%} of the {before.scanned:,} that it scans in one "
            "Parquet file: it still reads flights that it does not ask for."
        )
    return f"{share:.1%} of the bytes, in {files} files. The one file had {len(whole):,} bytes in all."


def _files(own: Lake) -> int:
    """How many objects lie where the table was to be; what else the answer made is none of this question's."""
    pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=own.bucket, Prefix="flights/")
    found = sum(page["KeyCount"] for page in pages)
    if not found:
        raise NotYet("Nothing was stored under `location`.")
    return found
