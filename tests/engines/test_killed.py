"""kill -9 at any moment: after the next start the lab has what it acknowledged, and nothing by half.

Four clients change what is theirs, one call after the other, until the lab is gone. A call that was under way may have
been done or not. RDS: databases themselves are PostgreSQL's to keep; what is killed here is what the lab knows of them.
"""

from __future__ import annotations

import random
import threading
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError

from tests.conftest import RunningLab, eventually
from tests.engines.dms import ROLE
from tests.engines.test_glue import partition, table

State = dict[str, Any]


class Client:
    """What one client has, as it was told: ``state`` is certain, ``pending`` what a call under way would make of it.

    Names of things are keys of the state; a value is what a look at the thing tells, None of what is not there.
    """

    def __init__(self, lab: RunningLab, name: str, seed: int) -> None:
        self.name = name
        self.random = random.Random(f"{seed}-{name}")
        self.state: State = {}
        self.pending: tuple[str, Any] | None = None
        self.calls = 0
        self.failure: Exception | None = None
        self.lab = lab
        self.connect(lab)

    def connect(self, lab: RunningLab) -> None:
        """Make clients, and at first what the changes need."""
        raise NotImplementedError

    def run(self) -> None:
        try:
            while True:
                key, value, call = self.next()
                self.pending = key, value
                call()
                self.state[key], self.pending = value, None
                self.calls += 1
        except (BotoCoreError, KeyError):  # the lab is gone; botocore takes an answer that was cut off for an empty one
            self.lab.process.wait(10)
        except Exception as error:
            self.failure = error

    def next(self) -> tuple[str, Any, Callable[[], Any]]:
        """A change: of what, to what, and how."""
        raise NotImplementedError

    def look(self, key: str) -> Any:
        raise NotImplementedError

    def check(self) -> None:
        assert self.failure is None, self.failure
        for key, value in self.state.items():
            seen = self.look(key)
            allowed = [value]
            if self.pending and self.pending[0] == key:
                allowed.append(self.pending[1])
            assert seen in allowed, (self.name, key, seen, allowed)


class Objects(Client):
    """S3: objects of changing size."""

    def connect(self, lab: RunningLab) -> None:
        self.s3 = lab.client("s3")
        self.bucket = f"killed-{self.name}"
        if not self.state:
            self.s3.create_bucket(Bucket=self.bucket)

    def next(self) -> tuple[str, Any, Callable[[], Any]]:
        key = f"k{self.random.randrange(6)}"
        if self.state.get(key) and self.random.random() < 0.3:
            return key, None, lambda: self.s3.delete_object(Bucket=self.bucket, Key=key)
        body = self.random.randbytes(self.random.choice([0, 100, 70_000, 1 << 20]))
        return key, body, lambda: self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def look(self, key: str) -> Any:
        try:
            return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()
        except self.s3.exceptions.NoSuchKey:
            return None


class Tables(Client):
    """Glue: tables and their partitions."""

    def connect(self, lab: RunningLab) -> None:
        self.glue = lab.client("glue")
        if not self.state:
            self.glue.create_database(DatabaseInput={"Name": self.name})

    def next(self) -> tuple[str, Any, Callable[[], Any]]:
        name, days = f"t{self.random.randrange(4)}", [f"2013-01-{day:02}" for day in range(1, 21)]
        known = self.state.get(name)
        if known is None:
            return name, ("", []), lambda: self.glue.create_table(DatabaseName=self.name, TableInput=table(name))
        text, parts = known
        on = {"DatabaseName": self.name, "TableName": name}
        match self.random.randrange(4):
            case 0:
                return name, None, lambda: self.glue.batch_delete_table(DatabaseName=self.name, TablesToDelete=[name])
            case 1:
                new = f"version {self.calls}"
                changed = table(name, Description=new)
                return name, (new, parts), lambda: self.glue.update_table(DatabaseName=self.name, TableInput=changed)
            case 2 if not parts:
                inputs = [partition(day) for day in days]
                return name, (text, days), lambda: self.glue.batch_create_partition(**on, PartitionInputList=inputs)
            case _:
                gone = [{"Values": [day]} for day in parts[:25]]
                return name, (text, []), lambda: self.glue.batch_delete_partition(**on, PartitionsToDelete=gone)

    def look(self, key: str) -> Any:
        try:
            found = self.glue.get_table(DatabaseName=self.name, Name=key)["Table"]
        except self.glue.exceptions.EntityNotFoundException:
            return None
        parts = self.glue.get_partitions(DatabaseName=self.name, TableName=key)["Partitions"]
        return found.get("Description", ""), [each["Values"][0] for each in parts]


class Groups(Client):
    """RDS: parameter groups; DMS: endpoints."""

    def connect(self, lab: RunningLab) -> None:
        self.rds, self.dms = lab.client("rds"), lab.client("dms")
        self.family = self.rds.describe_db_engine_versions()["DBEngineVersions"][0]["DBParameterGroupFamily"]

    def next(self) -> tuple[str, Any, Callable[[], Any]]:
        kind, name = self.random.choice(["group", "endpoint"]), f"n{self.random.randrange(3)}"
        key, size = f"{kind} {name}", str(1024 * self.random.randrange(1, 50))
        known = self.state.get(key)
        if kind == "endpoint":
            return key, *self._endpoint(name, known, size)
        settings = {"DBParameterGroupFamily": self.family, "Description": name}
        if known is None:
            return key, "", lambda: self.rds.create_db_parameter_group(DBParameterGroupName=name, **settings)
        if self.random.random() < 0.3:
            return key, None, lambda: self.rds.delete_db_parameter_group(DBParameterGroupName=name)
        change = {"ParameterName": "work_mem", "ParameterValue": size, "ApplyMethod": "immediate"}
        return key, size, lambda: self.rds.modify_db_parameter_group(DBParameterGroupName=name, Parameters=[change])

    def _endpoint(self, name: str, known: str | None, folder: str) -> tuple[Any, Callable[[], Any]]:
        settings = {"S3Settings": {"BucketName": "b", "BucketFolder": folder, "ServiceAccessRoleArn": ROLE}}
        if known is None:
            made = {"EndpointIdentifier": name, "EndpointType": "target", "EngineName": "s3", **settings}
            return folder, lambda: self.dms.create_endpoint(**made)
        if self.random.random() < 0.3:
            return None, lambda: self.dms.delete_endpoint(EndpointArn=self._endpoints()[name]["EndpointArn"])
        return folder, lambda: self.dms.modify_endpoint(EndpointArn=self._endpoints()[name]["EndpointArn"], **settings)

    def _endpoints(self) -> dict[str, Any]:
        return {each["EndpointIdentifier"]: each for each in self.dms.describe_endpoints()["Endpoints"]}

    def look(self, key: str) -> Any:
        kind, name = key.split()
        if kind == "endpoint":
            found = self._endpoints().get(name)
            return found and found["S3Settings"]["BucketFolder"]
        try:
            pages = self.rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName=name, Source="user")
            values = [each["ParameterValue"] for page in pages for each in page["Parameters"]]
        except self.rds.exceptions.DBParameterGroupNotFoundFault:
            return None
        return values[0] if values else ""


class Results(Client):
    """Athena: tables made from queries, each with all its rows or not there."""

    def connect(self, lab: RunningLab) -> None:
        self.athena, self.glue = lab.client("athena"), lab.client("glue")
        if not self.state:
            lab.client("s3").create_bucket(Bucket="killed-results")

    def next(self) -> tuple[str, Any, Callable[[], Any]]:
        name, rows = f"made{self.calls}", self.random.randrange(1, 3000)
        made = f"CREATE TABLE {name} AS SELECT n FROM UNNEST(sequence(1, {rows})) AS t(n)"
        return name, str(rows), lambda: self._ask(made)

    def _ask(self, text: str) -> str | None:
        query = self.athena.start_query_execution(
            QueryString=text, ResultConfiguration={"OutputLocation": "s3://killed-results/"}
        )["QueryExecutionId"]
        while True:
            status = self.athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] not in ("QUEUED", "RUNNING"):
                break
            time.sleep(0.01)
        assert status["State"] == "SUCCEEDED", status
        if not text.startswith("SELECT"):
            return None
        rows = self.athena.get_query_results(QueryExecutionId=query)["ResultSet"]["Rows"]
        return str(rows[1]["Data"][0]["VarCharValue"])

    def look(self, key: str) -> Any:
        try:
            self.glue.get_table(DatabaseName="default", Name=key)
        except self.glue.exceptions.EntityNotFoundException:
            return None
        return self._ask(f"SELECT count(*) FROM {key}")


KINDS = (Objects, Tables, Groups, Results)


def have_called(clients: Sequence[Any], times: int) -> bool:
    return sum(client.calls for client in clients) >= times


def attack(directory: Path, seed: int, kills: int, seconds: float) -> int:
    """Kill a lab *kills* times, each time within *seconds*, and compare; returns how many changes there were."""
    lab = RunningLab(directory)
    try:
        clients = [kind(lab, kind.__name__.lower(), seed) for kind in KINDS]
        for _ in range(kills):
            threads = [threading.Thread(target=client.run) for client in clients]
            for thread in threads:
                thread.start()
            done = sum(client.calls for client in clients)
            eventually(partial(have_called, clients, done + 8), 60)
            time.sleep(random.Random(f"{seed}-{done}").uniform(0, seconds))
            lab.kill()
            for thread in threads:
                thread.join()
            lab.start()
            for client in clients:
                client.connect(lab)
                client.check()
                if client.pending:  # whichever of the two it was
                    client.state[client.pending[0]] = client.look(client.pending[0])
                client.pending = None
        return sum(client.calls for client in clients)
    finally:
        lab.stop()


@pytest.mark.parametrize("seed", [1])
def test_what_was_acknowledged_is_there(tmp_path: Path, seed: int) -> None:
    assert attack(tmp_path / "lab", seed, kills=3, seconds=0.7) >= 24
