"""Wrong answers to the exercises of 04_analytics whose answers are functions."""

from __future__ import annotations

import io
from typing import Any

import boto3
import pandas as pd
import pyarrow.parquet as pq

MB = 1 << 20
ADD = "ALTER TABLE departures ADD PARTITION (day = '2013-07-06')"
REPAIR = "MSCK REPAIR TABLE departures"


def scanned(size: str = "total_compressed_size", groups: int | None = None) -> tuple[Any]:
    def answer(parquet: pq.ParquetFile, columns: list[str]) -> int:
        about = parquet.metadata
        pieces = [
            about.row_group(group).column(number)
            for group in range(groups or about.num_row_groups)
            for number in range(about.num_columns)
        ]
        return sum(getattr(piece, size) for piece in pieces if piece.path_in_schema in columns)

    return (answer,)


def all_columns(parquet: pq.ParquetFile, columns: list[str]) -> int:
    return scanned()[0](parquet, parquet.schema_arrow.names)


def price(least: int = 10, step: int = MB, pays: str = "") -> tuple[Any]:
    """Right, but for *least* and *step*, and for the kind that *pays* although it is free."""

    def answer(executions: list[dict[str, Any]]) -> float:
        total = 0.0
        for each in executions:
            statistics = each["Statistics"]
            reused = statistics["ResultReuseInformation"]["ReusedPreviousResult"]
            kind = "REUSED" if reused else each["StatementType"]
            free = {"DDL", "UTILITY", "FAILED", "REUSED"} - {pays}
            if {each["Status"]["State"], kind} & free:
                continue
            total += max(least * MB, -(-statistics["DataScannedInBytes"] // step) * step)
        return total / 2**40 * 5

    return (answer,)


def finished_only(executions: list[dict[str, Any]]) -> float:
    return float(price()[0]([each for each in executions if each["Status"]["State"] == "SUCCEEDED"]))


def first_only(executions: list[dict[str, Any]]) -> float:
    return float(price()[0](executions[:1]))


def flights_of(value: str = "?", *given: str) -> tuple[Any]:
    """A query with *value* for the carrier and the parameters *given*, `{}` being what was typed."""

    def answer(carrier: str, database: str, output: str) -> str:
        settings: dict[str, Any] = {"ExecutionParameters": [each.format(carrier) for each in given]} if given else {}
        started = boto3.client("athena").start_query_execution(
            QueryString=f"SELECT flight, dest FROM day WHERE carrier = {value.format(carrier)}",
            QueryExecutionContext={"Database": database},
            ResultConfiguration={"OutputLocation": output},
            **settings,
        )
        return str(started["QueryExecutionId"])

    return (answer,)


def quoted_in_text(carrier: str, database: str, output: str) -> str:
    return str(flights_of("'{}'")[0](carrier.replace("'", "''"), database, output))


def with_forbidden_characters(carrier: str, database: str, output: str) -> str:
    return str(flights_of("?", "'{}'")[0](carrier if "=" not in carrier else "", database, output))


def without_quotes(carrier: str, database: str, output: str) -> str:
    return str(flights_of("?", "'{}'")[0](carrier.replace("'", ""), database, output))


def remedy(*statements: str) -> tuple[Any]:
    return (lambda bucket: [each.format(f"s3://{bucket}/departures/") for each in statements],)


def mend(*kinds: str, delete: bool = False, shift: int = 0) -> tuple[Any]:
    """Mend the files in which delays are of one of these *kinds*, or *delete* them, or change the delays, too."""

    def answer(bucket: str, prefix: str) -> None:
        s3 = boto3.client("s3")
        for item in s3.list_objects_v2(Bucket=bucket, Prefix=prefix)["Contents"]:
            place = {"Bucket": bucket, "Key": item["Key"]}
            body = s3.get_object(**place)["Body"].read()
            if not str(pq.read_schema(io.BytesIO(body)).field("dep_delay").type).endswith(kinds):
                continue
            if delete:
                s3.delete_object(**place)
                continue
            frame, file = pd.read_parquet(io.BytesIO(body)), io.BytesIO()
            frame["dep_delay"] = pd.to_numeric(frame["dep_delay"]).astype("Int32") + shift
            frame.to_parquet(file, index=False)
            s3.put_object(**place, Body=file.getvalue())

    return (answer,)


WRONG: dict[str, list[tuple[Any, str]]] = {
    "predict_bytes": [
        (scanned("total_uncompressed_size"), "compressed"),
        (scanned(groups=1), "first row group"),
        ((all_columns,), "you said"),
        ((lambda parquet, columns: 580_082,), "whole file"),
        ((lambda parquet, columns: 580_082 * 2 / 10,), "two tenths"),
        ((lambda parquet, columns: "many",), "a number of bytes"),
    ],
    "price_queries": [
        (price(least=0), "there is a least"),
        (price(step=1), "to what are they rounded"),
        (price(pays="DDL"), "DDL is free"),
        (price(pays="UTILITY"), "SHOW scans nothing"),
        (price(pays="REUSED"), "used again"),
        (price(pays="FAILED"), "failed query is free"),
        ((finished_only,), "cancelled query"),
        ((first_only,), "their sum is not"),
        ((lambda executions: "5 USD",), "US dollars"),
    ],
    "parameters": [
        (flights_of("'{}'"), "of all carriers"),
        ((quoted_in_text,), "nobody forgets"),
        ((with_forbidden_characters,), "as an expression of SQL"),
        (flights_of("?", "{}"), "a text needs its quotes"),
        (flights_of("?", "'{}'"), "ended FAILED"),
        ((without_quotes,), "was not found"),
        ((lambda carrier, database, output: "done",), "a QueryExecutionId"),
    ],
    "new_days": [
        (remedy(REPAIR), "Six days are there"),
        (remedy(REPAIR, ADD), "it has no rows"),
        (remedy(REPAIR, ADD + " LOCATION '{}'"), "Whose files"),
        (remedy(ADD + " LOCATION '{}late/2013/07/06/'"), "still missing"),
        (remedy(REPAIR, ADD.replace("06", "08") + " LOCATION '{}late/2013/07/06/'"), "no such day"),
        (remedy("REPAIR TABLE departures"), "does not take"),
        (remedy(), "a list of SQL"),
    ],
    "schema_drift": [
        (mend("double"), "type BYTE_ARRAY"),
        (mend("string"), "type DOUBLE"),
        (mend("string", "double", delete=True), "gone with it"),
        (mend("string", "double", shift=1), "have changed"),
        ((lambda bucket, prefix: None,), "Nothing has changed"),
    ],
}
