"""A cluster of Redshift for the exercises, and a database of a check's own in it, asked by the Data API."""

from __future__ import annotations

import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from dehelpers.exercises.checks.people import allow, document, new_role
from dehelpers.exercises.checks.resources import bucket, new_bucket
from dehelpers.exercises.outcome import NotYet, SetupFault
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.names import name

USER, FIRST = "awsuser", "dev"
TRUST = document({"Effect": "Allow", "Principal": {"Service": "redshift.amazonaws.com"}, "Action": "sts:AssumeRole"})
Row = tuple[Any, ...]


@dataclass(frozen=True)
class Answer:
    """How a statement ended: with an `error`, or with rows."""

    error: str = ""
    columns: tuple[str, ...] = ()
    rows: tuple[Row, ...] = ()


@dataclass(frozen=True)
class Warehouse:
    """A database of the cluster, a bucket, and the ARN of a role with which the cluster reads and writes there."""

    cluster: str
    database: str
    bucket: str
    role: str

    @property
    def scene(self) -> dict[str, str]:
        """What a reader is given of it."""
        return {"cluster": self.cluster, "database": self.database, "user": USER}

    def uri(self, prefix: str) -> str:
        return f"s3://{self.bucket}/{prefix}"

    def text(self, key: str, text: str) -> None:
        client("s3").put_object(Bucket=self.bucket, Key=key, Body=text.encode())

    def run(self, sql: str) -> Answer:
        """Run one statement to its end, however it ends."""
        return run(self.cluster, self.database, sql)

    def __call__(self, sql: str) -> Answer:
        """Run a statement of the check, which must succeed."""
        answer = self.run(sql)
        if answer.error:
            raise SetupFault(f"A statement of the check itself failed: {answer.error}")
        return answer

    def answer(self, sql: Any, name: str) -> Answer:
        """Run the reader's statement, which is the answer called *name*.

        Raises:
            NotYet: it is no statement, or fails; the message has Redshift's words.
        """
        if not isinstance(sql, str):
            raise NotYet(f"`{name}` should be SQL in a text, and is `{type(sql).__name__}`.")
        answer = self.run(sql)
        if answer.error:
            raise NotYet(f"`{name}` failed. Redshift says: {answer.error}")
        return answer


def run(cluster: str, database: str, sql: str) -> Answer:
    data = client("redshift-data")
    place = {"ClusterIdentifier": cluster, "Database": database, "DbUser": USER}
    try:
        started = data.execute_statement(Sql=sql, **place)["Id"]
    except data.exceptions.ValidationException as error:
        return Answer(error=error.response["Error"]["Message"])
    deadline, pause = time.monotonic() + 60, 0.01
    while (told := data.describe_statement(Id=started))["Status"] in ("SUBMITTED", "PICKED", "STARTED"):
        if time.monotonic() > deadline:
            return Answer(error="it was still running after 60 s")
        time.sleep(pause)
        pause = min(2 * pause, 0.5)
    if told["Status"] != "FINISHED":
        return Answer(error=told.get("Error", told["Status"]))
    if not told["HasResultSet"]:
        return Answer()
    pages = list(data.get_paginator("get_statement_result").paginate(Id=started))
    columns = tuple(str(each["name"]) for each in pages[0]["ColumnMetadata"])
    records = [record for page in pages for record in page["Records"]]
    return Answer("", columns, tuple(tuple(map(_value, record)) for record in records))


def _value(field: dict[str, Any]) -> Any:
    return None if field.get("isNull") else next(iter(field.values()))


def cluster() -> tuple[str, str]:
    """The cluster of the exercises and the ARN of its role: made when first needed, and there until the teardown."""
    redshift, made = client("redshift"), name("exercises", "instance").lower()
    try:
        redshift.describe_clusters(ClusterIdentifier=made)
    except redshift.exceptions.ClusterNotFoundFault:
        mine = f"arn:aws:s3:::{current().prefix}-*"
        objects = ["s3:GetObject", "s3:PutObject", "s3:DeleteObject", "s3:ListBucket", "s3:GetBucketLocation"]
        redshift.create_cluster(
            ClusterIdentifier=made,
            NodeType="ra3.large",
            ClusterType="single-node",
            MasterUsername=USER,
            MasterUserPassword=f"A1{uuid.uuid4().hex}",  # nobody needs it: the Data API asks for one that is lent
            DBName=FIRST,
            IamRoles=[new_role(allow(objects, mine), trusted=TRUST).arn],
        )
    redshift.get_waiter("cluster_available").wait(ClusterIdentifier=made, WaiterConfig={"Delay": 1})
    [described] = redshift.describe_clusters(ClusterIdentifier=made)["Clusters"]
    return made, str(described["IamRoles"][0]["IamRoleArn"])


@contextmanager
def warehouse() -> Iterator[Warehouse]:
    """A database and a bucket of its own for one check, gone at the end."""
    with bucket() as place:
        made = _new(place)
        try:
            yield made
        finally:
            run(made.cluster, FIRST, f"DROP DATABASE {made.database}")


def new_warehouse() -> Warehouse:
    """A database and a bucket that stay until the teardown, for a reader to look at."""
    return _new(new_bucket())


def _new(place: str) -> Warehouse:
    made, role = cluster()
    database = f"ex_{uuid.uuid4().hex[:8]}"
    answer = run(made, FIRST, f"CREATE DATABASE {database}")
    if answer.error:
        raise SetupFault(f"No database could be made in the cluster {made}: {answer.error}")
    return Warehouse(made, database, place, role)
