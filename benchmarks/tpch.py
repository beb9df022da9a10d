"""TPC-H-derived tables and queries: made offline by tpchgen-cli, put into a lab, asked through Athena or DuckDB."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

BUCKET = "tpch"
DATABASE = "tpch"
_HIVE = {pa.int64(): "bigint", pa.int32(): "int", pa.date32(): "date"}
_REDSHIFT = {**_HIVE, pa.int32(): "integer"}


def queries() -> dict[str, str]:
    """The 22 queries by name (Q1 …), without their semicolons."""
    text = Path(__file__).with_name("tpch.sql").read_text()
    found = re.findall(r"^-- (Q\d+)\n(.*?);$", text, re.MULTILINE | re.DOTALL)
    return dict(found)


def make(directory: Path, scale: float) -> list[Path]:
    """Write the eight tables as Parquet files into *directory*; *scale* 1 is 6 million lineitems, 350 MB."""
    tool = Path(sys.executable).with_name("tpchgen-cli")
    command = [str(tool), "parquet", "--scale-factor", str(scale), "--output-dir", str(directory)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return sorted(directory.glob("*.parquet"))


def load(client: Any, files: list[Path]) -> None:
    """Upload *files* and declare them to Athena; *client* makes a boto3 client of a service by its name."""
    s3, athena = client("s3"), client("athena")
    s3.create_bucket(Bucket=BUCKET)
    ask(athena, f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    for file in files:
        s3.upload_file(str(file), BUCKET, f"{file.stem}/{file.name}")
        columns = ", ".join(f"{field.name} {_hive(field.type)}" for field in pq.read_schema(file))
        place = f"s3://{BUCKET}/{file.stem}/"
        ask(athena, f"CREATE EXTERNAL TABLE {file.stem} ({columns}) STORED AS PARQUET LOCATION '{place}'")


def views(connection: duckdb.DuckDBPyConnection, files: list[Path]) -> None:
    """The same tables for DuckDB by itself, read where they were made."""
    for file in files:
        connection.execute(f"CREATE VIEW {file.stem} AS FROM read_parquet('{file}')")


def ask(athena: Any, sql: str, patience: float = 0) -> dict[str, Any]:
    """Run *sql* through Athena's API until it has ended; returns the QueryExecution. Raises RuntimeError if it failed.

    Asks after *patience* seconds for the first time, then often: who asks all the time slows down what he waits for.
    """
    query = athena.start_query_execution(
        QueryString=sql,
        QueryExecutionContext={"Database": DATABASE},
        ResultConfiguration={"OutputLocation": f"s3://{BUCKET}/results/"},
    )["QueryExecutionId"]
    time.sleep(patience)
    while True:
        execution: dict[str, Any] = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]
        state = execution["Status"]["State"]
        if state == "SUCCEEDED":
            return execution
        if state in ("FAILED", "CANCELLED"):
            raise RuntimeError(f"{execution['Status'].get('StateChangeReason')}\n{sql}")
        time.sleep(0.005)


def redshift_columns(file: Path) -> str:
    """The columns of a table of Redshift's for a Parquet *file*, as CREATE TABLE has them."""
    return ", ".join(f"{field.name} {_named(field.type, _REDSHIFT, 'varchar(200)')}" for field in pq.read_schema(file))


def _hive(kind: pa.DataType) -> str:
    return _named(kind, _HIVE, "string")


def _named(kind: pa.DataType, names: dict[pa.DataType, str], text: str) -> str:
    if pa.types.is_decimal(kind):
        return f"decimal({kind.precision},{kind.scale})"
    return names.get(kind, text)
