"""A bucket and a database of a check's own, and the answers' queries run in them."""

from __future__ import annotations

import io
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from botocore.exceptions import ClientError

from dehelpers.exercises.checks.resources import bucket, new_bucket, unique
from dehelpers.exercises.outcome import NotYet, SetupFault
from dehelpers.words.clients import client

FINAL = ("SUCCEEDED", "FAILED", "CANCELLED")
Row = tuple[str | None, ...]


@dataclass(frozen=True)
class Ran:
    """A query that has ended: what GetQueryExecution tells, and the rows of its answer as texts."""

    execution: dict[str, Any]
    columns: tuple[str, ...] = ()
    types: tuple[str, ...] = ()
    rows: list[Row] = field(default_factory=list)

    @property
    def state(self) -> str:
        return str(self.execution["Status"]["State"])

    @property
    def reason(self) -> str:
        return str(self.execution["Status"].get("StateChangeReason", ""))

    @property
    def scanned(self) -> int:
        """Bytes."""
        return int(self.execution["Statistics"]["DataScannedInBytes"])


@dataclass(frozen=True)
class Lake:
    """A bucket for data under any prefix and results under `results/`, and a database in the Glue Data Catalog."""

    bucket: str
    database: str

    @property
    def scene(self) -> dict[str, str]:
        """What a reader is given of it."""
        return {"bucket": self.bucket, "database": self.database}

    def uri(self, prefix: str) -> str:
        return f"s3://{self.bucket}/{prefix}/"

    def text(self, key: str, text: str) -> None:
        client("s3").put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def csv(self, key: str, frame: pd.DataFrame) -> None:
        self.text(key, frame.to_csv(index=False, header=False))

    def csv_table(self, name: str, columns: str, keys: str = "") -> None:
        """Make a table of the CSV files under the prefix *name*, partitioned by *keys* if there are any."""
        partitioned = f"PARTITIONED BY ({keys}) " if keys else ""
        self(
            f"CREATE EXTERNAL TABLE {name} ({columns}) {partitioned}"
            f"ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' LOCATION '{self.uri(name)}'"
        )

    def parquet(self, key: str, frame: pd.DataFrame, **options: Any) -> bytes:
        """Put *frame* as a Parquet file, and return it."""
        file = io.BytesIO()
        frame.to_parquet(file, index=False, **options)
        client("s3").put_object(Bucket=self.bucket, Key=key, Body=file.getvalue())
        return file.getvalue()

    def run(self, sql: str, **settings: Any) -> Ran:
        """Run a statement to its end, however it ends.

        Raises:
            botocore.exceptions.ClientError: Athena does not take it at all.
        """
        started = client("athena").start_query_execution(
            QueryString=sql,
            QueryExecutionContext={"Database": self.database},
            ResultConfiguration={"OutputLocation": self.uri("results")},
            **settings,
        )
        return ended(started["QueryExecutionId"])

    def __call__(self, sql: str, **settings: Any) -> Ran:
        """Run a statement of the check, which must succeed."""
        ran = self.run(sql, **settings)
        if ran.state != "SUCCEEDED":
            raise SetupFault(f"A query of the check itself ended {ran.state}: {ran.reason}")
        return ran

    def answer(self, sql: Any, name: str) -> Ran:
        """Run the reader's statement, which is the answer called *name*.

        Raises:
            NotYet: it is no statement, or does not succeed; the message has Athena's words.
        """
        if not isinstance(sql, str):
            raise NotYet(f"`{name}` should be SQL in a text, and is `{type(sql).__name__}`.")
        try:
            ran = self.run(sql)
        except ClientError as error:
            raise NotYet(f"Athena does not take `{name}`: {error.response['Error']['Message']}") from error
        if ran.state != "SUCCEEDED":
            raise NotYet(f"`{name}` ended {ran.state}. Athena says: {ran.reason}")
        return ran


def ended(query: str) -> Ran:
    """Wait for the end of a query, and read its answer."""
    athena = client("athena")
    deadline, pause = time.monotonic() + 30, 0.01
    while (execution := athena.get_query_execution(QueryExecutionId=query)["QueryExecution"])["Status"][
        "State"
    ] not in FINAL:
        if time.monotonic() > deadline:
            raise NotYet("The query was still running after 30 s.")
        time.sleep(pause)
        pause = min(2 * pause, 0.5)
    if execution["Status"]["State"] != "SUCCEEDED":
        return Ran(execution)
    rows: list[Row] = []
    about: Sequence[dict[str, Any]] = ()
    for page in athena.get_paginator("get_query_results").paginate(QueryExecutionId=query):
        about = page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]
        rows += [tuple(cell.get("VarCharValue") for cell in row["Data"]) for row in page["ResultSet"]["Rows"]]
    if execution["ResultConfiguration"]["OutputLocation"].endswith(".csv"):
        rows = rows[1:]  # the first is the header
    return Ran(execution, tuple(each["Name"] for each in about), tuple(each["Type"] for each in about), rows)


@contextmanager
def lake() -> Iterator[Lake]:
    """A lake of its own for one check, gone at the end."""
    with bucket() as made:
        database = _new_database()
        try:
            yield Lake(made, database)
        finally:
            glue = client("glue")
            with suppress(glue.exceptions.EntityNotFoundException):  # an answer may have dropped it
                glue.delete_database(Name=database)


def new_lake() -> Lake:
    """A lake that stays until the teardown, for a reader to look at."""
    return Lake(new_bucket(), _new_database())


def staged(prepare: Callable[[Lake], Any]) -> Callable[[], dict[str, str]]:
    """What sets an exercise's scene: a new lake that *prepare* has filled."""

    def stage() -> dict[str, str]:
        made = new_lake()
        prepare(made)
        return made.scene

    return stage


def _new_database() -> str:
    made = unique("database")
    client("glue").create_database(DatabaseInput={"Name": made})
    return made
