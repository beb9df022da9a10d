"""What the tests of Athena share: a way to run a query and see its answer."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

from tests.conftest import RunningLab

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


class Athena:
    """Runs SQL through boto3, as a user would."""

    def __init__(self, lab: RunningLab, bucket: str, database: str) -> None:
        self.lab = lab
        self.client = lab.client("athena")
        self.s3 = lab.client("s3")
        self.bucket = bucket
        self.database = database
        self.s3.create_bucket(Bucket=bucket)
        self(f"CREATE DATABASE IF NOT EXISTS `{database}`")

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
