"""What the tests of Athena share: a way to run a query and see its answer."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pytest
from pyiceberg.catalog.glue import GlueCatalog
from pyiceberg.table import Table
from pyiceberg.table.snapshots import Snapshot

from tests.conftest import RunningLab
from tests.roles import ADMINISTRATOR

FLIGHTS = Path(__file__).parents[2] / "data" / "flights.parquet"
COLUMNS = (
    "year int, month int, day int, dep_delay int, arr_delay int, carrier string, origin string, dest string, "
    "distance int, time_hour timestamp"
)
FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")


@dataclass
class Answer:
    """A finished query: ``rows`` without the header, NULL as None."""

    execution: dict[str, Any]
    columns: list[str]
    types: list[str]
    rows: list[tuple[str | None, ...]]

    @property
    def state(self) -> str:
        return str(self.execution["Status"]["State"])

    @property
    def reason(self) -> str:
        return str(self.execution["Status"].get("StateChangeReason", ""))

    @property
    def scanned(self) -> int:
        return int(self.execution["Statistics"]["DataScannedInBytes"])


@contextmanager
def awswrangler_at(lab: RunningLab) -> Iterator[boto3.Session]:
    """awswrangler talking to *lab*, and asking often whether a query has ended."""
    endpoints = [f"{service}_endpoint_url" for service in ("s3", "athena", "glue", "sts")]
    for name in endpoints:
        setattr(wr.config, name, lab.endpoint)
    wr.config.athena_query_wait_polling_delay = 0.05
    try:
        keys = {f"aws_{name}": lab.facts[name] for name in ("access_key_id", "secret_access_key")}
        yield boto3.Session(**keys, region_name=lab.facts["region"])
    finally:
        for name in endpoints:
            setattr(wr.config, name, None)
        wr.config.reset("athena_query_wait_polling_delay")


def as_role(lab: RunningLab, role: str, session: str) -> Any:
    """A client of Athena that acts as a new *role*."""
    trust = {"Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}]}
    made = lab.client("iam").create_role(RoleName=role, AssumeRolePolicyDocument=json.dumps(trust))["Role"]
    lab.client("iam").attach_role_policy(RoleName=role, PolicyArn=ADMINISTRATOR)
    keys = lab.client("sts").assume_role(RoleArn=made["Arn"], RoleSessionName=session)["Credentials"]
    return lab.client(
        "athena",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


class Athena:
    """Runs SQL through boto3, as a user would."""

    def __init__(self, lab: RunningLab, bucket: str, database: str) -> None:
        self.lab = lab
        self.client = lab.client("athena")
        self.s3 = lab.client("s3")
        self.bucket = bucket
        self.database = database
        self.s3.create_bucket(Bucket=bucket)
        self(f"CREATE DATABASE `{database}`")  # fails where two files of tests take one name

    def start(self, sql: str, **settings: Any) -> str:
        request = {
            "QueryString": sql,
            "QueryExecutionContext": {"Database": self.database},
            "ResultConfiguration": {"OutputLocation": f"s3://{self.bucket}/results/"},
            **settings,
        }
        return str(self.client.start_query_execution(**request)["QueryExecutionId"])

    def wait(self, query_id: str, seconds: float = 30) -> dict[str, Any]:
        deadline = time.monotonic() + seconds
        while True:
            execution = self.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]
            if execution["Status"]["State"] in FINAL:
                return dict(execution)
            assert time.monotonic() < deadline, execution
            time.sleep(0.01)

    def run(self, sql: str, **settings: Any) -> Answer:
        """Run *sql* to its end, however it ends."""
        execution = self.wait(self.start(sql, **settings))
        if execution["Status"]["State"] != "SUCCEEDED":
            return Answer(execution, [], [], [])
        pages = self.client.get_paginator("get_query_results").paginate(QueryExecutionId=execution["QueryExecutionId"])
        rows: list[tuple[str | None, ...]] = []
        info: list[dict[str, Any]] = []
        for page in pages:
            info = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
            rows += [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in page["ResultSet"]["Rows"]]
        if execution["ResultConfiguration"]["OutputLocation"].endswith(".csv"):
            rows = rows[1:]
        return Answer(execution, [each["Name"] for each in info], [each["Type"] for each in info], rows)

    def __call__(self, sql: str, **settings: Any) -> Answer:
        """Run *sql*, which has to succeed."""
        answer = self.run(sql, **settings)
        assert answer.state == "SUCCEEDED", answer.reason
        return answer

    def fails(self, sql: str, **settings: Any) -> str:
        """Run *sql*, which has to fail; returns the reason."""
        answer = self.run(sql, **settings)
        assert answer.state == "FAILED", answer.rows
        return answer.reason

    def put(self, key: str, text: str | bytes) -> None:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=text)


def athena_in(bucket: str, database: str) -> Any:
    """The fixture of a file of tests: Athena with a bucket and a database of the file's own."""

    @pytest.fixture(scope="module", name="athena")
    def made(lab: RunningLab) -> Athena:
        return Athena(lab, bucket, database)

    return made


def with_flights(athena: Athena) -> Athena:
    """With a table ``flights`` over the course's Parquet file."""
    athena.s3.upload_file(str(FLIGHTS), athena.bucket, "flights/flights.parquet")
    place = f"s3://{athena.bucket}/flights/"
    athena(f"CREATE EXTERNAL TABLE flights ({COLUMNS}) STORED AS PARQUET LOCATION '{place}'")
    return athena


@cache
def _catalog(lab: RunningLab) -> GlueCatalog:
    return GlueCatalog(
        "lab",
        **{
            "glue.endpoint": lab.endpoint,
            "s3.endpoint": lab.endpoint,
            "client.access-key-id": lab.facts["access_key_id"],
            "client.secret-access-key": lab.facts["secret_access_key"],
            "client.region": lab.facts["region"],
        },
    )


def outside(athena: Athena, table: str) -> Table:
    """The Iceberg table as pyiceberg has it, which reaches the lab over the socket."""
    return _catalog(athena.lab).load_table((athena.database, table))


def snapshot_of(table: Table) -> Snapshot:
    """The current one of a table that has been written to."""
    snapshot = table.current_snapshot()
    assert snapshot
    return snapshot
