"""COPY and UNLOAD of a cluster beside DuckDB alone on the same files, in one run.

Run by ``make bench``. Give a number of rows to change how much data: ten million are 0.7 GB of CSV.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median
from typing import Any

import duckdb
import psycopg
from peers import ThisLab
from redshift_cluster import connect, start

ROWS = 10_000_000
ROUNDS = 3
BUCKET = "bench-loads"
COLUMNS = {
    "id": "integer", "amount": "bigint", "day": "date", "moment": "timestamp", "price": "decimal(10, 2)",
    "carrier": "varchar(20)", "late": "boolean",
}  # fmt: skip
QUERY = (
    "SELECT i AS id, (i * 7919) % 1000003 AS amount, date '2013-01-01' + CAST(i % 365 AS INT) AS day, "
    "timestamp '2013-01-01' + to_seconds(i) AS moment, CAST((i % 100000) / 100 AS DECIMAL(10, 2)) AS price, "
    "'carrier ' || (i % 97) AS carrier, i % 3 = 0 AS late FROM range({rows}) AS numbers(i)"
)


def main() -> None:
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else ROWS
    lab = ThisLab()
    try:
        with tempfile.TemporaryDirectory(prefix="bench-loads-") as directory, duckdb.connect() as alone:
            port, role = start(lab, "AmazonS3FullAccess")
            lab.client("s3").create_bucket(Bucket=BUCKET)
            with connect(port) as connection:
                compare(lab, connection, alone, role, Path(directory), rows)
    finally:
        lab.stop()


def compare(
    lab: ThisLab,
    connection: psycopg.Connection[Any],
    alone: duckdb.DuckDBPyConnection,
    role: str,
    directory: Path,
    rows: int,
) -> None:
    listed = ", ".join(f"{name} {kind}" for name, kind in COLUMNS.items())
    shape = ", ".join(f"'{name}': '{kind}'" for name, kind in COLUMNS.items())
    alone.execute(f"ATTACH '{directory}/alone.duckdb' AS kept; USE kept; CREATE TABLE loaded ({listed})")
    connection.execute(f"CREATE TABLE loaded ({listed})")
    print(f"\nRedshift, {rows:,} rows, s (the median of {ROUNDS} turns)")
    for form, options, reader in (
        (
            "csv",
            "FORMAT csv, HEADER false",
            f"read_csv('FILE', columns = {{{shape}}}, auto_detect = false, delim = ',')",
        ),
        ("parquet", "FORMAT parquet", "read_parquet('FILE')"),
    ):
        file = directory / f"rows.{form}"
        alone.execute(f"COPY ({QUERY.format(rows=rows)}) TO '{file}' ({options})")
        lab.client("s3").upload_file(str(file), BUCKET, f"in/{form}/rows")
        copy = f"COPY loaded FROM 's3://{BUCKET}/in/{form}/' IAM_ROLE '{role}' FORMAT AS {form}"
        insert = f"INSERT INTO loaded SELECT * FROM {reader.replace('FILE', str(file))}"
        tell(f"COPY {form}", connection, copy, alone, insert)
        unload = f"UNLOAD ('SELECT * FROM loaded') TO 's3://{BUCKET}/out/{form}/' IAM_ROLE '{role}' ALLOWOVERWRITE"
        write = f"COPY (SELECT * FROM loaded) TO '{directory}/out.{form}' ({options})"
        tell(f"UNLOAD {form}", connection, f"{unload} FORMAT AS {form}", alone, write)


def tell(
    what: str, connection: psycopg.Connection[Any], ours: str, alone: duckdb.DuckDBPyConnection, theirs: str
) -> None:
    """Both in turns; what COPY fills is emptied before each."""
    times: tuple[list[float], list[float]] = ([], [])
    for _ in range(ROUNDS + 1):
        for place, run, sql in ((0, connection.execute, ours), (1, alone.execute, theirs)):
            if what.startswith("COPY"):
                run("DELETE FROM loaded")  # type: ignore[operator]
            times[place].append(seconds(lambda run=run, sql=sql: run(sql)))
    mine, other = (median(each[1:]) for each in times)
    goal = "goal: at most 1.3" if what.startswith("COPY") else "with the way into S3"
    print(f"  {what:16} Redshift {mine:6.2f}   DuckDB {other:6.2f}   {mine / other:5.2f}   {goal}")


def seconds(call: Callable[[], object]) -> float:
    started = time.perf_counter()
    call()
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
