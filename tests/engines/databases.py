"""What the tests of RDS share: instances, connections to them, and a look at the processes."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually

PASSWORD = "correct-horse-7"


class Databases:
    """Makes instances and connects to them as their master user."""

    def __init__(self, lab: RunningLab) -> None:
        self.lab = lab
        self.rds = lab.client("rds")

    def make(self, name: str | None = None, **asked: Any) -> str:
        name = name or f"db-{uuid.uuid4().hex[:8]}"
        settings = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "Engine": "postgres", "DBName": "ops"}
        if not asked.get("ManageMasterUserPassword"):
            settings["MasterUserPassword"] = PASSWORD
        self.rds.create_db_instance(DBInstanceIdentifier=name, MasterUsername="master", **{**settings, **asked})
        self.wait(name)
        return name

    def describe(self, name: str) -> dict[str, Any]:
        return self.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"][0]

    def wait(self, name: str, status: str = "available") -> None:
        eventually(lambda: self.describe(name)["DBInstanceStatus"] == status, 30)

    def gone(self, name: str) -> None:
        def missing() -> bool:
            try:
                self.describe(name)
            except ClientError as error:
                return error.response["Error"]["Code"] == "DBInstanceNotFound"
            return False

        eventually(missing)

    def connect(self, name: str, **overrides: Any) -> psycopg.Connection[Any]:
        endpoint = self.describe(name)["Endpoint"]
        settings = {"user": "master", "password": PASSWORD, "dbname": "ops", "autocommit": True}
        return psycopg.connect(host=endpoint["Address"], port=endpoint["Port"], **{**settings, **overrides})

    def ask(self, name: str, question: str, **overrides: Any) -> Any:
        """The first row's first value."""
        with self.connect(name, **overrides) as connection:
            row = connection.execute(question).fetchone()
            assert row is not None
            return row[0]


def refused(code: str, text: str, action: Callable[..., Any], **arguments: Any) -> None:
    with pytest.raises(ClientError) as caught:
        action(**arguments)
    error = caught.value.response["Error"]
    assert (error["Code"], text in error["Message"]) == (code, True), error


def servers_below(lab: RunningLab) -> list[psutil.Process]:
    """PostgreSQL processes, and their supervisors, whose files are those of this lab."""
    places = [str(lab.directory)]
    for owner in Path("/var/lib/localaws").glob("*/lab"):  # where root's labs have their databases
        if owner.read_text() == str(lab.directory):
            places.append(str(owner.parent))
    found = []
    for process in psutil.process_iter(["cmdline"]):
        command = " ".join(process.info["cmdline"] or [])
        if "postgres" in command and any(place in command for place in places):
            found.append(process)
    return found
