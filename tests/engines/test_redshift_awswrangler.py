"""awswrangler.redshift and its driver, redshift_connector, work on the lab's clusters as they are.

Held to awswrangler's API reference and to the driver's manual. Both know nothing of the lab but the environment that
`dehelpers env` gives, SSL_CERT_DIR among it.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from typing import Any

import awswrangler as wr
import boto3
import pytest
import redshift_connector
from redshift_connector.error import InterfaceError

from dehelpers.process.environment import lab_environment
from dehelpers.process.lab import Lab
from tests.conftest import RunningLab
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, create


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "wrangled")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="wrangled", SkipFinalClusterSnapshot=True)


@pytest.fixture(autouse=True)
def environment(lab: RunningLab, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of a notebook."""
    running = Lab.read(lab.directory)
    assert running
    for name, value in lab_environment(running).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    boto3.setup_default_session()


def test_the_driver_trusts_the_lab_and_refuses_who_is_not_trusted(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``sslmode`` "verify-ca" is the driver's default; "verify-full" looks at the host's name too."""
    place: dict[str, Any] = {
        "host": "127.0.0.1",
        "port": cluster.port,
        "user": USER,
        "password": PASSWORD,
        "database": "dev",
    }
    for mode in ("verify-ca", "verify-full"):
        with redshift_connector.connect(**place, sslmode=mode) as connection, connection.cursor() as cursor:
            assert cursor.execute("SELECT 1").fetchone() == [1]
    monkeypatch.setenv("SSL_CERT_DIR", ssl.get_default_verify_paths().openssl_capath)
    with pytest.raises(InterfaceError, match="certificate verify failed"):
        redshift_connector.connect(**place)


def test_connections_by_a_secret_and_by_a_password_for_a_while(lab: RunningLab, cluster: Cluster) -> None:
    """connect(secret_id=…) and connect_temp, which asks GetClusterCredentials."""
    place = {"engine": "redshift", "host": "127.0.0.1", "port": cluster.port, "dbname": "dev"}
    secret = {**place, "username": USER, "password": PASSWORD}
    lab.client("secretsmanager").create_secret(Name="wrangled", SecretString=json.dumps(secret))
    with wr.redshift.connect(secret_id="wrangled") as connection, connection.cursor() as cursor:
        assert cursor.execute("SELECT 1").fetchone() == [1]
    with (
        wr.redshift.connect_temp("wrangled", user="ana", database="dev", auto_create=True) as connection,
        connection.cursor() as cursor,
    ):
        assert cursor.execute("SELECT 1").fetchone() == [1]
