"""Right answers to the exercises of 02_storage on Redshift, written in another way than the solution."""

from __future__ import annotations

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import boto3

KEYS = ("event_id", "tailnum", "origin", "flight_date")
Skew = dict[str, float]


def measured(scene: dict[str, str]) -> Skew:
    """The skew of the scene's departures by each key, as a reader measures it."""
    data = boto3.client("redshift-data")
    place = {"ClusterIdentifier": scene["cluster"], "Database": scene["database"], "DbUser": scene["user"]}
    skew = {}
    for key in KEYS:
        started = data.batch_execute_statement(
            Sqls=[
                f"CREATE TABLE own_{key} DISTSTYLE KEY DISTKEY ({key}) AS SELECT * FROM departures",
                f"SELECT skew_rows FROM svv_table_info WHERE \"table\" = 'own_{key}'",
            ],
            **place,
        )["Id"]
        while (told := data.describe_statement(Id=started))["Status"] not in ("FINISHED", "FAILED", "ABORTED"):
            time.sleep(0.05)
        rows = data.get_statement_result(Id=told["SubStatements"][1]["Id"])["Records"]
        skew[key] = float(rows[0][0]["stringValue"])
    return skew


def chosen(key: str = "tailnum", change: Callable[[Skew], dict[str, Any]] = dict) -> Callable[..., tuple[Any]]:
    """An answer that is made of the scene."""

    def answer(scene: dict[str, str]) -> tuple[Any]:
        return ({"key": key, **change(measured(scene))},)

    return answer


def load_by_columns(location: str, role: str) -> str:
    return (
        f"copy delays (flight, origin, delay) from '{location}' credentials 'aws_iam_role={role}' "
        "format as csv maxerror as 100 ignoreheader as 1 compupdate off"
    )


def load_as_text(location: str, role: str) -> str:
    return f"COPY public.delays FROM '{location}' IAM_ROLE '{role}' DELIMITER ',' IGNOREHEADER 1 MAXERROR 20"


def rejected_of_today(location: str) -> str:
    """By the newer system view, whose names are other ones."""
    return (
        "SELECT line_number, column_name AS colname, error_message AS err_reason FROM sys_load_error_detail "
        f"WHERE file_name LIKE '{location}%'"
    )


def rejected_of_the_table(location: str) -> str:
    return (
        "SELECT trim(e.err_reason) AS err_reason, trim(e.colname) AS colname, e.line_number FROM stl_load_errors e "
        f"WHERE e.filename LIKE '%{location.partition('//')[2]}%' ORDER BY 3"
    )


def unload_as_text(location: str, role: str) -> str:
    return (
        f"UNLOAD ('SELECT * FROM remarks') TO '{location}' IAM_ROLE '{role}' "
        "DELIMITER '\\t' ESCAPE NULL AS '<null>' ALLOWOVERWRITE PARALLEL OFF"
    )


def load_as_text_back(location: str, role: str) -> str:
    return f"COPY copied FROM '{location}' IAM_ROLE '{role}' DELIMITER '\\t' ESCAPE NULL AS '<null>'"


def unload_as_csv(location: str, role: str) -> str:
    return (
        f"UNLOAD ($$ SELECT id, remark FROM remarks $$) TO '{location}' IAM_ROLE '{role}' "
        "FORMAT AS CSV NULL AS '@nothing' GZIP CLEANPATH"
    )


def load_as_csv_back(location: str, role: str) -> str:
    return f"COPY copied FROM '{location}' IAM_ROLE '{role}' CSV GZIP NULL AS '@nothing'"


KEPT = {"s3": "second", "iceberg": "both", "rds": "first", "dynamodb": "second", "redshift": "both"}
RIGHT: dict[str, list[Any]] = {
    "slices": [
        chosen(),
        chosen("TAILNUM", lambda skew: {key: Decimal(str(value)) for key, value in skew.items()}),
    ],
    "no_moves": [(["F", "A", "B"],), ({"a", "b", "f"},)],
    "rejects": [(load_by_columns, rejected_of_today), (load_as_text, rejected_of_the_table)],
    "round_trip": [(unload_as_text, load_as_text_back), (unload_as_csv, load_as_csv_back)],
    "same_key": [
        ({store: word.upper() for store, word in KEPT.items()},),
        (dict(reversed(KEPT.items())) | {"redis": "second"},),
    ],
}
