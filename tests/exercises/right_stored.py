"""Right answers to the exercises of 02_storage on files, written in another way than the solution."""

from __future__ import annotations

import io
import uuid
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq


def compact_with_wrangler(s3: Any, bucket: str, prefix: str) -> None:
    """What was there before is listed before anything is written."""
    place = f"s3://{bucket}/{prefix}"
    before = wr.s3.list_objects(place)
    whole = io.BytesIO(wr.s3.read_parquet(place).to_parquet(index=False))
    s3.upload_fileobj(whole, bucket, f"{prefix}{uuid.uuid4().hex}.parquet")
    wr.s3.delete_objects(before)


def compact_with_arrow(s3: Any, bucket: str, prefix: str) -> None:
    """Row group by row group, without pandas; the new name comes from what was read."""
    folder = f"s3://{bucket}/{prefix}"
    old = [key.removeprefix(folder) for key in wr.s3.list_objects(folder)]
    tables = [pq.read_table(io.BytesIO(s3.get_object(Bucket=bucket, Key=prefix + name)["Body"].read())) for name in old]
    whole = pa.BufferOutputStream()
    pq.write_table(pa.concat_tables(tables), whole, compression="zstd")
    new = f"compacted-{len(old)}-{old[0]}"
    s3.upload_fileobj(io.BytesIO(whole.getvalue().to_pybytes()), bucket, prefix + new)
    for name in old:
        if name != new:
            s3.delete_object(Bucket=bucket, Key=prefix + name)


def compact_over_the_first(s3: Any, bucket: str, prefix: str) -> None:
    """The first file is replaced, which is one step for a reader; the others go after it."""
    keys = sorted(each["Key"] for each in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"])
    frames = [pd.read_parquet(io.BytesIO(s3.get_object(Bucket=bucket, Key=key)["Body"].read())) for key in keys]
    s3.put_object(Bucket=bucket, Key=keys[0], Body=pd.concat(frames, ignore_index=True).to_parquet())
    for key in keys[1:]:
        s3.delete_object(Bucket=bucket, Key=key)


def by_hand(flights: pd.DataFrame, database: str, location: str) -> None:
    """Files with the folders that Hive knows, then the table and its partitions."""
    bucket, _, prefix = location.removeprefix("s3://").partition("/")
    columns = {
        "origin": "string",
        "sched_dep_time": "bigint",
        "carrier": "string",
        "flight": "bigint",
        "dest": "string",
    }
    wr.catalog.create_parquet_table(
        database, "flights", location, columns, partitions_types={"flight_date": "string"}, compression="zstd"
    )
    folders = {}
    for day, rows in flights.groupby("flight_date"):
        folder = f"flight_date={day}/"
        body = rows[list(columns)].to_parquet(index=False, compression="zstd")
        boto3.client("s3").put_object(Bucket=bucket, Key=f"{prefix}{folder}1.parquet", Body=body)
        folders[location + folder] = [str(day)]
    wr.catalog.add_parquet_partitions(database, "flights", folders)


def as_days(flights: pd.DataFrame, database: str, location: str) -> None:
    """By Athena itself, from a file beside the table."""
    raw = location.rstrip("/") + "-raw/"
    wr.s3.to_parquet(flights, path=raw, dataset=True, database=database, table="raw")
    fields = "origin, sched_dep_time, carrier, flight, dest, flight_date"
    sql = (
        f"CREATE TABLE flights WITH (format = 'PARQUET', external_location = '{location}', "
        f"partitioned_by = ARRAY['flight_date']) AS SELECT {fields} FROM raw"
    )
    started = wr.athena.start_query_execution(sql, database=database, s3_output=location.rstrip("/") + "-results/")
    wr.athena.wait_query(started)


def with_a_projection(flights: pd.DataFrame, database: str, location: str) -> None:
    """No partitions in the catalog: which there are, the table's properties tell."""
    wr.s3.to_parquet(
        flights,
        path=location,
        dataset=True,
        database=database,
        table="flights",
        partition_cols=["flight_date"],
        mode="overwrite",
        compression="gzip",
        athena_partition_projection_settings={
            "projection_types": {"flight_date": "date"},
            "projection_ranges": {"flight_date": "2013-01-01,2013-12-31"},
            "projection_formats": {"flight_date": "yyyy-MM-dd"},
        },
    )


def rule(prefix: str = "", **actions: Any) -> dict[str, Any]:
    return {"Status": "Enabled", "Filter": {"Prefix": prefix}, **actions}


IA, GLACIER = ({"Days": days, "StorageClass": name} for days, name in ((30, "STANDARD_IA"), (90, "GLACIER")))
ABORT, OLD = {"DaysAfterInitiation": 3}, {"NoncurrentDays": 14}
#: Each action in a rule of its own.
APART = [
    rule("raw/", Transitions=[IA]),
    rule("raw/", Transitions=[GLACIER]),
    rule("raw/", Expiration={"Days": 365}),
    rule("tmp/", Expiration={"Days": 7}),
    rule(AbortIncompleteMultipartUpload=ABORT),
    rule(NoncurrentVersionExpiration=OLD),
]
#: The versions that are replaced, folder by folder; and the marker goes, too, when it is alone.
BY_FOLDER = (
    rule("raw/", Transitions=[GLACIER, IA], Expiration={"Days": 365}, NoncurrentVersionExpiration=OLD),
    rule("tmp/", Expiration={"Days": 7}, NoncurrentVersionExpiration=OLD),
    rule("curated/", NoncurrentVersionExpiration=OLD),
    rule(AbortIncompleteMultipartUpload=ABORT, Expiration={"ExpiredObjectDeleteMarker": True}),
)

RIGHT: dict[str, list[Any]] = {
    "tenth": [(by_hand,), (as_days,), (with_a_projection,)],
    "year": [(APART,), (BY_FOLDER,)],
    "small_files": [(compact_with_wrangler,), (compact_with_arrow,), (compact_over_the_first,)],
}
