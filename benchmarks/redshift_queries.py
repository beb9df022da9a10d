"""Redshift beside DuckDB alone, in one run: a cluster's start and memory, and TPC-H-derived queries over loaded tables.

Run by ``make bench``. Give a scale factor to change how much data: 1 makes 350 MB of Parquet.
"""

from __future__ import annotations

import math
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import duckdb
import psutil
import psycopg
import tpch
from peers import ThisLab
from redshift_cluster import connect, start

SCALE = 1.0
ROUNDS = 3


def main() -> None:
    scale = float(sys.argv[1]) if len(sys.argv) > 1 else SCALE
    lab = ThisLab()
    try:
        port, role = measured_start(lab)
        with (
            tempfile.TemporaryDirectory(prefix="bench-tpch-") as directory,
            duckdb.connect() as alone,
            connect(port) as redshift,
        ):
            load(lab, redshift, alone, role, tpch.make(Path(directory), scale))
            compare(redshift, alone)
    finally:
        lab.stop()


def measured_start(lab: ThisLab) -> tuple[int, str]:
    """Make a cluster, and tell what it takes; returns its port and its role."""
    before, started = lab.memory(), time.perf_counter()
    port, role = start(lab, "AmazonS3ReadOnlyAccess")
    seconds = time.perf_counter() - started
    size = max(child.memory_info().rss for child in psutil.Process(lab.process.pid).children(recursive=True)) / 1e6
    print(f"\nRedshift: a cluster is there after {seconds:.2f} s, with {size:.0f} MB; the lab had {before:.0f}")
    return port, role


def load(
    lab: ThisLab,
    redshift: psycopg.Connection[Any],
    alone: duckdb.DuckDBPyConnection,
    role: str,
    files: list[Path],
) -> None:
    """Each table by COPY into the cluster, and by DuckDB from the same file into a file of its own."""
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="bench")
    alone.execute(f"ATTACH '{files[0].parent / 'alone.duckdb'}' AS alone; USE alone")
    ours = theirs = 0.0
    for file in files:
        s3.upload_file(str(file), "bench", f"{file.stem}/{file.name}")
        redshift.execute(f"CREATE TABLE {file.stem} ({tpch.redshift_columns(file)})".encode())
        copy = f"COPY {file.stem} FROM 's3://bench/{file.stem}/' IAM_ROLE '{role}' FORMAT AS PARQUET"
        ours += _seconds(lambda copy=copy: redshift.execute(copy.encode()))
        create = f"CREATE TABLE {file.stem} AS FROM read_parquet('{file}')"
        theirs += _seconds(lambda create=create: alone.execute(create))
    print(f"  COPY of all tables, s {ours:15.1f}   DuckDB {theirs:8.1f}   {ours / theirs:5.2f}   goal: at most 1.3")


def compare(redshift: psycopg.Connection[Any], alone: duckdb.DuckDBPyConnection) -> None:
    """Each query by both in turns, ms; what counts is the geometric mean of the ratios."""
    ratios = []
    for name, sql in tpch.queries().items():
        times: list[list[float]] = [[], []]
        for turn in range(ROUNDS + 1):
            pair = (
                _seconds(lambda sql=sql: redshift.execute(sql.encode()).fetchall()),
                _seconds(lambda sql=sql: alone.execute(sql).fetchall()),
            )
            if turn:
                for kept, each in zip(times, pair, strict=True):
                    kept.append(each * 1000)
        ours, theirs = map(statistics.median, times)
        ratios.append(ours / theirs)
        print(f"  {name:4} Redshift {ours:8.0f}   DuckDB {theirs:8.0f}   {ours / theirs:5.2f}")
    mean = math.exp(statistics.fmean(map(math.log, ratios)))
    print(f"  all, geometric mean of the ratios {mean:15.2f}   goal: at most 1.3")


def _seconds(work: Any) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
