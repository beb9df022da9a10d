"""Athena beside DuckDB alone on the same files, in one run: TPC-H-derived queries, a small one, many, a growing one.

Run by ``make bench``. Give a scale factor to change how much data: 3 makes 1 GB of Parquet.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import duckdb
import tpch
from peers import ThisLab

SCALE = 3.0
ROUNDS = 3
AT_ONCE = 8
MILLIONS = (1, 3, 10, 30, 100)
GROUPED = "SELECT k, count(*), sum(v), max(v) FROM grown GROUP BY k ORDER BY k"


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else SCALE
    lab = ThisLab()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-tpch-") as directory, duckdb.connect() as alone:
            files = tpch.make(Path(directory), scale)
            size = sum(file.stat().st_size for file in files) / 1e9
            print(f"\nAthena on {size:.2f} GB of TPC-H-derived Parquet, ms (the median of {ROUNDS} turns)")
            tpch.load(lab.client, files)
            tpch.views(alone, files)
            athena = lab.client("athena")
            compare(athena, alone)
            small(athena, alone)
            together(lab)
            grow(lab, alone, Path(directory))
    finally:
        lab.stop()


def compare(athena: Any, alone: duckdb.DuckDBPyConnection) -> None:
    """Each query by both in turns; what counts is the geometric mean of the ratios."""
    ratios = []
    for name, sql in tpch.queries().items():
        ours, theirs = turns(Patient(athena, sql), lambda sql=sql: alone.execute(sql).fetchall())
        ratios.append(ours / theirs)
        print(f"  {name:4} Athena {ours:8.0f}   DuckDB {theirs:8.0f}   {ours / theirs:5.2f}")
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"  all, geometric mean of the ratios {mean:13.2f}   goal: at most 1.3")


class Patient:
    """Asks one query again and again, and each time waits nearly as long as it took before it looks."""

    def __init__(self, athena: Any, sql: str) -> None:
        self.athena, self.sql = athena, sql
        self.patience = 0.0

    def __call__(self) -> None:
        statistics = tpch.ask(self.athena, self.sql, self.patience)["Statistics"]
        self.patience = 0.8 * statistics["TotalExecutionTimeInMillis"] / 1000


def small(athena: Any, alone: duckdb.DuckDBPyConnection) -> None:
    sql = "SELECT n_regionkey, count(*) FROM nation GROUP BY n_regionkey"
    ours, theirs = turns(Patient(athena, sql), lambda: alone.execute(sql).fetchall(), 20)
    print(f"  a small query {ours:10.1f}   DuckDB {theirs:8.1f}   {ours - theirs:5.1f} more   goal: at most 50 more")


def together(lab: ThisLab) -> None:
    """One query several times at once: the sooner the last ends after the first, the fairer they shared.

    The times are the server's own, so that nobody has to ask for them while the machine is busy.
    """
    sql = tpch.queries()["Q1"]

    def one(number: int, patience: float = 0) -> float:
        # a number of its own keeps each from being taken for another
        query = sql.replace("count(*)", f"count(*) + {number}")
        statistics = tpch.ask(lab.client("athena"), query, patience)["Statistics"]
        return float(statistics["TotalExecutionTimeInMillis"]) / 1000

    alone = [one(number) for number in range(AT_ONCE)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        ends = list(pool.map(lambda number: one(number, sum(alone)), range(AT_ONCE)))
    print(
        f"  {AT_ONCE} at once: the first ends after {min(ends):.2f} s, the last after {max(ends):.2f} s "
        f"({max(ends) / min(ends):.2f} times); one after another {sum(alone):.2f} s"
    )


def grow(lab: ThisLab, alone: duckdb.DuckDBPyConnection, directory: Path) -> None:
    """An aggregation over 1 to 100 million rows, in files of a million."""
    print("Athena, a GROUP BY over a growing table, ms")
    athena, s3 = lab.client("athena"), lab.client("s3")
    place = f"s3://{tpch.BUCKET}/grown/"
    tpch.ask(athena, f"CREATE EXTERNAL TABLE grown (k bigint, v bigint) STORED AS PARQUET LOCATION '{place}'")
    made = 0
    for millions in MILLIONS:
        for number in range(made, millions):
            file = directory / f"grown-{number}.parquet"
            numbers = f"range({number * 1_000_000}, {(number + 1) * 1_000_000}) AS numbers(i)"
            rows = f"SELECT i % 1000 AS k, i * 2654435761 % 1000003 AS v FROM {numbers}"
            alone.execute(f"COPY ({rows}) TO '{file}' (FORMAT parquet)")
            s3.upload_file(str(file), tpch.BUCKET, f"grown/{file.name}")
        made = millions
        alone.execute(f"CREATE OR REPLACE VIEW grown AS FROM read_parquet('{directory}/grown-*.parquet')")
        ours, theirs = turns(Patient(athena, GROUPED), lambda: alone.execute(GROUPED).fetchall())
        print(f"  {millions:4} million rows {ours:8.0f}   DuckDB {theirs:8.0f}   {ours / theirs:5.2f}")


def turns(ours: Callable[[], object], theirs: Callable[[], object], rounds: int = ROUNDS) -> tuple[float, float]:
    """Milliseconds of each, the median over *rounds* in which they take turns after one that does not count."""
    spent: tuple[list[float], list[float]] = ([], [])
    for _ in range(rounds + 1):
        for action, times in zip((ours, theirs), spent, strict=True):
            started = time.perf_counter()
            action()
            times.append((time.perf_counter() - started) * 1000)
    return statistics.median(spent[0][1:]), statistics.median(spent[1][1:])


if __name__ == "__main__":
    main()
