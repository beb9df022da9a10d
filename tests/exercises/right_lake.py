"""Right answers to the exercises of 04_analytics whose answers are functions, written in another way."""

from __future__ import annotations

import io
import re
from decimal import ROUND_CEILING, Decimal
from typing import Any

import awswrangler as wr
import boto3
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def scanned_by_dict(parquet: pq.ParquetFile, columns: list[str]) -> int:
    total = 0
    for group in parquet.metadata.to_dict()["row_groups"]:
        for piece in group["columns"]:
            if piece["path_in_schema"] in set(columns):
                total += piece["total_compressed_size"]
    return total


def scanned_by_frame(parquet: pq.ParquetFile, columns: list[str]) -> Any:
    """The sum is a number of NumPy's."""
    about = parquet.metadata
    pieces = [about.row_group(i).column(j) for i in range(about.num_row_groups) for j in range(about.num_columns)]
    sizes = pd.DataFrame([(piece.path_in_schema, piece.total_compressed_size) for piece in pieces])
    return sizes[sizes[0].isin(columns)][1].sum()


def scanned_by_share(parquet: pq.ParquetFile, columns: list[str]) -> Any:
    """What of the data in all columns these have, as a mean over the row groups."""
    about = parquet.metadata
    sizes = np.array(
        [
            [about.row_group(group).column(place).total_compressed_size for place in range(about.num_columns)]
            for group in range(about.num_row_groups)
        ]
    )
    wanted = [parquet.schema_arrow.get_field_index(name) for name in columns]
    return np.float32(sizes.mean(axis=0)[wanted].sum() * about.num_row_groups)


def price_by_sum(executions: list[dict[str, Any]]) -> float:
    def megabytes(execution: dict[str, Any]) -> int:
        statistics = execution["Statistics"]
        free = execution["Status"]["State"] == "FAILED" or execution["StatementType"] != "DML"
        if free or statistics["ResultReuseInformation"]["ReusedPreviousResult"]:
            return 0
        whole, rest = divmod(statistics["DataScannedInBytes"], 1024 * 1024)
        return max(10, whole + bool(rest))

    return 5 * sum(map(megabytes, executions)) / 1024 / 1024


def price_exactly(executions: list[dict[str, Any]]) -> Decimal:
    """In decimal numbers: a megabyte has 10**6 bytes, a terabyte 10**12."""
    bill = Decimal(0)
    for execution in executions:
        statistics, state = execution["Statistics"], execution["Status"]["State"]
        reused = statistics.get("ResultReuseInformation", {}).get("ReusedPreviousResult", False)
        if state in ("SUCCEEDED", "CANCELLED") and execution["StatementType"] == "DML" and not reused:
            megabytes = (Decimal(statistics["DataScannedInBytes"]) / 10**6).to_integral_value(ROUND_CEILING)
            bill += max(megabytes, Decimal(10)) * 5 / 10**6
    return bill


def price_by_frame(executions: list[dict[str, Any]]) -> Any:
    queries = pd.json_normalize(executions)
    billed = queries[
        (queries["StatementType"] == "DML")
        & (queries["Status.State"] != "FAILED")
        & ~queries["Statistics.ResultReuseInformation.ReusedPreviousResult"].astype(bool)
    ]
    megabytes = np.ceil(billed["Statistics.DataScannedInBytes"] / 2**20).clip(lower=10)
    return (megabytes * 2**20).sum() / 2**40 * 5


def flights_prepared(carrier: str, database: str, output: str) -> str:
    """With the question mark in an IN, and the quotes doubled by splitting."""
    literal = "'" + "''".join(carrier.split("'")) + "'"
    started = boto3.client("athena").start_query_execution(
        QueryString="SELECT flight, dest FROM day WHERE carrier IN (?)",
        ExecutionParameters=[literal],
        QueryExecutionContext={"Database": database, "Catalog": "AwsDataCatalog"},
        ResultConfiguration={"OutputLocation": output},
    )
    return str(started["QueryExecutionId"])


def flights_with_wrangler(carrier: str, database: str, output: str) -> str:
    return str(
        wr.athena.start_query_execution(
            "SELECT flight, dest FROM day WHERE ? = carrier",
            database=database,
            s3_output=output,
            params=["'" + re.sub("'", "''", carrier) + "'"],
            paramstyle="qmark",
        )
    )


def flights_in_hexadecimal(carrier: str, database: str, output: str) -> str:
    """Text of hexadecimal digits needs no escaping."""
    started = boto3.client("athena").start_query_execution(
        QueryString="SELECT flight, dest FROM day WHERE carrier = from_utf8(from_hex(?))",
        ExecutionParameters=[f"'{carrier.encode().hex()}'"],
        QueryExecutionContext={"Database": database},
        ResultConfiguration={"OutputLocation": output},
    )
    return str(started["QueryExecutionId"])


def remedy_in_one(bucket: str) -> tuple[str, ...]:
    days = {f"2013-07-{day:02}": f"day=2013-07-{day:02}" for day in range(4, 8)} | {"2013-07-06": "late/2013/07/06"}
    added = "\n".join(f"PARTITION (day = '{d}') LOCATION 's3://{bucket}/departures/{at}'" for d, at in days.items())
    return (f"ALTER TABLE departures ADD IF NOT EXISTS {added}",)


def remedy_moved(bucket: str) -> list[str]:
    """First the partition, then its place."""
    return [
        "ALTER TABLE departures ADD PARTITION (day='2013-07-06')",
        "msck repair table `departures`;",
        f"ALTER TABLE departures PARTITION (day='2013-07-06') SET LOCATION 's3://{bucket}/departures/late/2013/07/06/'",
    ]


def remedy_by_looking(bucket: str) -> list[str]:
    """Whatever folder there is, its date is in its name."""
    folders = {path.rpartition("/")[0] for path in wr.s3.list_objects(f"s3://{bucket}/departures/")}
    statements = []
    for folder in sorted(folders):
        day = "-".join(re.findall(r"(\d{4})[-/](\d\d)[-/](\d\d)", folder)[0])
        statements.append(f"ALTER TABLE departures ADD IF NOT EXISTS PARTITION (day = '{day}') LOCATION '{folder}/'")
    return statements


def mend_with_wrangler(bucket: str, prefix: str) -> None:
    for path in wr.s3.list_objects(f"s3://{bucket}/{prefix}"):
        types, _ = wr.s3.read_parquet_metadata(path)
        if types["dep_delay"] != "int":
            frame = wr.s3.read_parquet(path)
            frame["dep_delay"] = frame["dep_delay"].astype("Float64").astype("Int32")
            wr.s3.to_parquet(frame, path, index=False)


def mend_with_arrow(bucket: str, prefix: str) -> None:
    """Casts whatever it is to the type wanted, by way of a double."""
    for item in boto3.resource("s3").Bucket(bucket).objects.filter(Prefix=prefix):
        table = pq.read_table(io.BytesIO(item.get()["Body"].read()))
        place = table.schema.get_field_index("dep_delay")
        if not table.schema.field(place).type.equals(pa.int32()):
            delays = table.column(place).cast(pa.float64()).cast(pa.int32())
            file = pa.BufferOutputStream()
            pq.write_table(table.set_column(place, "dep_delay", delays), file, compression="zstd")
            item.put(Body=file.getvalue().to_pybytes())


RIGHT: dict[str, list[Any]] = {
    "predict_bytes": [(scanned_by_dict,), (scanned_by_frame,), (scanned_by_share,)],
    "price_queries": [(price_by_sum,), (price_exactly,), (price_by_frame,)],
    "parameters": [(flights_prepared,), (flights_with_wrangler,), (flights_in_hexadecimal,)],
    "new_days": [(remedy_in_one,), (remedy_moved,), (remedy_by_looking,)],
    "schema_drift": [(mend_with_wrangler,), (mend_with_arrow,)],
}
