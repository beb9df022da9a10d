"""A client of a PostgreSQL database survives the rotation of its password, and a kill in the midst of one.

Source: "AWS Secrets Manager rotation function templates", "Lambda function rotation strategies: single user" (user
guide): who is refused reads the secret again.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import partial
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.databases import PASSWORD, Databases
from tests.engines.secret_tools import POSTGRESQL, is_current, rotation
from tests.gateway.wire import advance

DAY = 86_400


class Client:
    """An application: keeps what it has read of the secret, and reads it again when the database refuses it."""

    def __init__(self, lab: RunningLab, name: str) -> None:
        self._lab, self._name = lab, name
        self._kept: dict[str, Any] = self._read()
        self.reads = 1

    def _read(self) -> dict[str, Any]:
        told = self._lab.fresh_client("secretsmanager").get_secret_value(SecretId=self._name)
        secret: dict[str, Any] = json.loads(told["SecretString"])
        return secret

    def ask(self) -> Any:
        try:
            return self._ask()
        except psycopg.OperationalError:
            self._kept = self._read()
            self.reads += 1
            return self._ask()

    def _ask(self) -> Any:
        kept = self._kept
        at = {"host": kept["host"], "port": kept["port"], "dbname": kept["dbname"]}
        with psycopg.connect(user=kept["username"], password=kept["password"], **at) as connection:
            row = connection.execute("SELECT current_user").fetchone()
            return row and row[0]


def with_secret(lab: RunningLab, name: str, code: str = POSTGRESQL) -> tuple[Any, str]:
    """A database whose master password is the secret *name*, and its rotation function, which is let be invoked."""
    databases = Databases(lab)
    endpoint = databases.describe(databases.make(name))["Endpoint"]
    secret = {
        "engine": "postgres", "host": endpoint["Address"], "port": endpoint["Port"], "dbname": "ops",
        "username": "master", "password": PASSWORD,
    }  # fmt: skip
    secrets = lab.client("secretsmanager")
    secrets.create_secret(Name=name, SecretString=json.dumps(secret))
    function = rotation(lab, name, code)
    return secrets, function


def test_a_client_survives_the_rotation_of_its_password(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    secrets, function = with_secret(lab, "rotated-database")
    client = Client(lab, "rotated-database")
    assert (client.ask(), client.reads) == ("master", 1)
    rules = {"AutomaticallyAfterDays": 30}
    asked = {"SecretId": "rotated-database", "RotationLambdaARN": function, "RotationRules": rules}
    first = secrets.rotate_secret(**asked)["VersionId"]
    eventually(partial(is_current, secrets, "rotated-database", first), 60)
    assert (client.ask(), client.reads) == ("master", 2)
    with pytest.raises(psycopg.OperationalError):
        Databases(lab).ask("rotated-database", "SELECT 1")  # by the first password
    advance(lab, 31 * DAY)
    assert (client.ask(), client.reads) == ("master", 3)


def test_a_rotation_that_a_kill_has_ended_goes_on(new_lab: Callable[..., RunningLab]) -> None:
    """Killed after the database has the new password: the client is let in again once the rotation has ended."""
    lab = new_lab()
    slow = POSTGRESQL.replace("def test(arn, token):", "def test(arn, token):\n        __import__('time').sleep(3)")
    secrets, function = with_secret(lab, "killed-database", slow)
    client = Client(lab, "killed-database")
    marked = lambda: [c for c in lab.calls() if function in c["resources"] and c["units"]]  # noqa: E731
    version = secrets.rotate_secret(SecretId="killed-database", RotationLambdaARN=function)["VersionId"]
    eventually(lambda: len(marked()) >= 2, 60)  # createSecret and setSecret have run
    assert not is_current(secrets, "killed-database", version)
    lab.kill()
    lab.start()
    Databases(lab).wait("killed-database")
    again = lab.fresh_client("secretsmanager")
    eventually(partial(is_current, again, "killed-database", version), 60)
    client._kept["port"] = client._read()["port"]
    assert client.ask() == "master"
