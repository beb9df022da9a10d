"""Exercises on what Athena reads and bills: predict it, add it up, choose a layout by it."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from dehelpers.exercises.checks.lake import Lake, Ran, lake, staged
from dehelpers.exercises.checks.numbers import number
from dehelpers.exercises.checks.part04.part import PART, flights
from dehelpers.exercises.checks.resources import unique
from dehelpers.exercises.outcome import NotYet
from dehelpers.exercises.running import run
from dehelpers.words.clients import client

MB, TB = 1 << 20, 1 << 40
USD_PER_TB = 5.0
PAIRS = (["carrier", "dest"], ["tailnum", "time_hour"], ["dep_delay", "distance"])


@PART.exercise(
    "Predict the bytes",
    kind="predict",
    hints=(
        "A Parquet file keeps each column apart; its footer tells how long each piece is. Look at `parquet.metadata`.",
        "`metadata.row_group(i).column(j)` has a name and two sizes. Which of them lies in S3?",
        "A file has several row groups, and a column has a piece in each.",
    ),
)
def predict_bytes(scanned: Callable[[Any, list[str]], float]) -> str:
    with lake() as own:
        rows = flights("2013-05-01", "2013-06-30")
        stored = own.parquet("spring/part.parquet", rows, row_group_size=20_000)
        own(
            "CREATE EXTERNAL TABLE spring (time_hour timestamp, carrier string, flight int, tailnum string, "
            "origin string, dest string, dep_delay bigint, arr_delay bigint, distance int, day string) "
            f"STORED AS PARQUET LOCATION '{own.uri('spring')}'"
        )
        question = "SELECT count(DISTINCT {}), count(DISTINCT {}) FROM spring"
        measured = {tuple(pair): own(question.format(*pair)).scanned for pair in PAIRS}
    for pair, real in measured.items():
        with pq.ParquetFile(io.BytesIO(stored)) as parquet:
            said = run(scanned, parquet, list(pair))
            _compare(said, real, parquet, pair, len(stored))
    first = ", ".join(f"{real:,}" for real in measured.values())
    return f"{first} bytes, each within 5%, from a file of {len(stored):,} bytes with {len(rows.columns)} columns."


def _compare(said: Any, real: int, parquet: pq.ParquetFile, pair: tuple[str, ...], size: int) -> None:
    said = number(said, "`scanned` should return a number of bytes, and returned {}.")
    about = parquet.metadata
    groups = [about.row_group(number) for number in range(about.num_row_groups)]
    pieces = [
        [group.column(place) for place in range(group.num_columns) if group.column(place).path_in_schema in pair]
        for group in groups
    ]
    slips = {
        "That is the whole file: Parquet does not make Athena read what nobody asked for.": size,
        "Two columns are not two tenths of the bytes: some columns are ten times as long as others.": (
            size * len(pair) / len(groups[0].to_dict()["columns"])
        ),
        "That is their size in memory. What lies in S3 is compressed.": sum(
            piece.total_uncompressed_size for group in pieces for piece in group
        ),
        f"That is the first row group, and there are {len(groups)}.": sum(
            piece.total_compressed_size for piece in pieces[0]
        ),
    }
    if abs(said - real) <= 0.05 * real:
        return
    for advice, slip in slips.items():
        if abs(said - slip) <= 0.01 * slip:
            raise NotYet(advice)
    raise NotYet(f"For {' and '.join(pair)} Athena scanned {real:,} bytes, and you said {said:,.0f}.")


def _billed(execution: dict[str, Any], mb: int = MB) -> int:
    """Bytes that AWS bills ("Amazon Athena pricing"), a megabyte having *mb*."""
    scanned, state = execution["Statistics"]["DataScannedInBytes"], execution["Status"]["State"]
    reused = execution["Statistics"].get("ResultReuseInformation", {}).get("ReusedPreviousResult")
    idle = not scanned and (state == "CANCELLED" or execution["StatementType"] == "UTILITY")
    is_ctas = execution.get("SubstatementType") == "CREATE_TABLE_AS_SELECT"  # DDL, and billed for what it reads
    if state == "FAILED" or (execution["StatementType"] == "DDL" and not is_ctas) or reused or idle:
        return 0
    return max(10 * mb, -(-scanned // mb) * mb)


def _history(own: Lake, group: str) -> dict[str, Ran]:
    """One query of each kind that is billed in a way of its own, by what to say of it."""
    own.text("numbers/few.csv", "1\n2\n")
    own.text("lines/many.csv", ("x" * 79 + "\n") * 190_000)  # 14.5 MB
    own(f"CREATE EXTERNAL TABLE lines (line string) LOCATION '{own.uri('lines')}'")
    numbers = f"CREATE EXTERNAL TABLE numbers (n int) LOCATION '{own.uri('numbers')}'"
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    return {
        "DDL is free.": own(numbers),
        "A query that scans a few bytes is billed more than those: there is a least.": own(
            "SELECT count(n) FROM numbers", ResultReuseConfiguration=reuse
        ),
        "A result that is used again is free.": own("SELECT count(n) FROM numbers", ResultReuseConfiguration=reuse),
        "SHOW scans nothing and is free.": own("SHOW TABLES"),
        "A failed query is free.": own.run("SELECT n FROM nowhere"),
        "14.5 MB are not 14.5 MB on the bill: to what are they rounded?": own("SELECT max(line) FROM lines"),
        "A cancelled query is billed for what it had scanned by then.": own.run(
            "SELECT max(line) FROM lines", WorkGroup=group
        ),
    }


@PART.exercise(
    "Add up the bill",
    kind="write",
    hints=(
        "Print one execution: StatementType, Status.State and two of its Statistics decide.",
        "DDL, failed queries and reused results are free; of a cancelled query counts what it scanned.",
        "Bytes are rounded up to a MB of 2**20 bytes, each query has at least 10, and a TB is 2**40.",
    ),
)
def price_queries(price: Callable[[list[dict[str, Any]]], float]) -> str:
    athena, group = client("athena"), unique("workgroup")
    limits = {"BytesScannedCutoffPerQuery": 11_500_000, "EnforceWorkGroupConfiguration": False}
    athena.create_work_group(Name=group, Configuration=limits)
    try:
        with lake() as own:
            history = {advice: ran.execution for advice, ran in _history(own, group).items()}
    finally:
        athena.delete_work_group(WorkGroup=group, RecursiveDeleteOption=True)
    for advice, execution in history.items():
        if not _agrees(run(price, [execution]), [execution]):
            raise NotYet(advice)
    executions = list(history.values())
    if not _agrees(run(price, executions), executions):
        raise NotYet("Each query by itself is right, and their sum is not.")
    total = sum(map(_billed, executions)) / TB * USD_PER_TB
    return f"{len(executions)} statements, {sum(map(bool, map(_billed, executions)))} of them billed: {total:.6f} USD."


def _agrees(said: Any, executions: list[dict[str, Any]]) -> bool:
    """Whether it is AWS's price; who takes a megabyte or a terabyte for powers of ten is right, too."""
    usd = number(said, "`price` should return US dollars, and returned {}.")
    units = ((MB, TB), (MB, 10**12), (10**6, 10**12))
    prices = [sum(_billed(execution, mb) for execution in executions) / tb * USD_PER_TB for mb, tb in units]
    return any(abs(usd - price) <= 1e-9 for price in prices)


FORMATS = ("TEXTFILE", "JSON", "PARQUET", "ORC")
KEYS = ("day", "origin", "carrier")
DASHBOARD = "SELECT carrier, avg(dep_delay) AS delay FROM {table} WHERE day = '2013-07-04' GROUP BY carrier"
REPORT = "SELECT max(distance) AS furthest FROM {table} WHERE day BETWEEN '2013-07-01' AND '2013-07-07'"
MOST_BYTES = 0.01  # of the bytes that the raw table costs


def _raw(own: Lake) -> None:
    own.csv("raw/july.csv", flights("2013-07-01", "2013-07-31"))
    columns = (
        "time_hour timestamp, carrier string, flight int, tailnum string, origin string, dest string, dep_delay int, "
        "arr_delay int, distance int, day string"
    )
    own.csv_table("raw", columns)


def _measure(own: Lake, table: str) -> int:
    """What both questions scan."""
    return sum(own(question.format(table=table)).scanned for question in (DASHBOARD, REPORT))


def _layout(plan: Any) -> tuple[str, list[str], float]:
    if not isinstance(plan, dict) or not {"format", "partitioned_by", "saved"} <= plan.keys():
        raise NotYet("`plan` needs the three keys that it began with.")
    form, keys, saved = str(plan["format"]).upper(), plan["partitioned_by"], plan["saved"]
    if form not in FORMATS:
        raise NotYet(f"`format` is one of {', '.join(FORMATS)}.")
    if not isinstance(keys, list | tuple) or not set(keys) <= set(KEYS) or len(set(keys)) < len(keys):
        raise NotYet(f"`partitioned_by` is a list, empty or of some of {', '.join(KEYS)}.")
    advice = "`saved` is a share of the bytes, from 0 to 1."
    if not 0 <= (share := number(saved, advice)) <= 1:
        raise NotYet(advice)
    return form, list(keys), share


@PART.exercise(
    "Choose a layout",
    kind="choose",
    stage=staged(_raw),
    hints=(
        "What do both questions filter by, and how many of the ten columns do they read?",
        "Each partition is a file at least: among layouts that read as little, the one with fewer files is better.",
        "Make the table with CREATE TABLE AS, run both questions, and compare `DataScannedInBytes` with the raw table.",
    ),
)
def choose_layout(plan: dict[str, Any]) -> str:
    form, keys, saved = _layout(plan)
    columns = [name for name in pd.Index(["time_hour", "carrier", "flight", "tailnum", "origin", "dest", "dep_delay",
                                          "arr_delay", "distance", "day"]) if name not in keys]  # fmt: skip
    partitioned = f", partitioned_by = ARRAY[{', '.join(repr(key) for key in keys)}]" if keys else ""
    with lake() as own:
        _raw(own)
        own.answer(
            f"CREATE TABLE laid_out WITH (format = '{form}'{partitioned}) AS "
            f"SELECT {', '.join([*columns, *keys])} FROM raw",
            "CREATE TABLE AS with your plan",
        )
        before, after = _measure(own, "raw"), _measure(own, "laid_out")
        pages = client("s3").get_paginator("list_objects_v2").paginate(Bucket=own.bucket, Prefix="results/tables")
        files = sum(page["KeyCount"] for page in pages)
    if after > MOST_BYTES * before:
        why = "days" if "day" not in keys else "columns"
        raise NotYet(
            f"Both questions together scan {after / before:.1%} of what the raw table costs, and less than "
            f"{MOST_BYTES:.0%} can be had. They read other {why} than they ask for."
        )
    if len(keys) > 1:
        raise NotYet(f"{after / before:.1%} of the bytes, from a table of {files} files. A third of them would do.")
    if abs(saved - (1 - after / before)) > 0.005:
        raise NotYet("A good layout. `saved` is not what it saves: measure both questions on both tables.")
    return f"{1 - after / before:.1%} of the bytes saved, with {files} files."
