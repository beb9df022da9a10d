"""awswrangler.redshift and its driver, redshift_connector, work on the lab's clusters as they are.

Held to awswrangler's API reference and to the driver's manual. Both know nothing of the lab but the environment that
`dehelpers env` gives, SSL_CERT_DIR among it.
"""

from __future__ import annotations

import json
import ssl
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest
import redshift_connector
from redshift_connector.error import InterfaceError

from dehelpers.process.environment import lab_environment
from dehelpers.process.lab import Lab
from tests.conftest import RunningLab
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, create

FLIGHTS = pd.DataFrame(
    {
        "flight": [1545, 1714, 725],
        "origin": ["EWR", "LGA", "JFK"],
        "delay": [2.0, 4.5, None],
        "day": [date(2013, 1, 1), date(2013, 1, 2), date(2013, 1, 3)],
        "fare": [Decimal("10.50"), Decimal("0.10"), None],
        "late": [False, True, True],
    }
)


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "wrangled", "AmazonS3FullAccess")
    lab.client("s3").create_bucket(Bucket="redshift-wrangled")
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


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Any]:
    with redshift_connector.connect(
        host="127.0.0.1", port=cluster.port, user=USER, password=PASSWORD, database="dev"
    ) as connection:
        yield connection


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


def test_a_frame_is_written_and_read(connection: Any) -> None:
    wr.redshift.to_sql(FLIGHTS, connection, table="flights", schema="public", mode="overwrite", index=False)
    wr.redshift.to_sql(FLIGHTS[:1], connection, table="flights", schema="public", mode="append", index=False)
    read = wr.redshift.read_sql_query("SELECT * FROM public.flights WHERE flight = %s", connection, params=[1545])
    assert read["origin"].tolist() == ["EWR", "EWR"] and read["delay"].tolist() == [2.0, 2.0]
    whole = wr.redshift.read_sql_table("flights", connection, schema="public").sort_values("day")
    assert len(whole) == 4 and whole["fare"].tolist()[0] == Decimal("10.50") and whole["late"].tolist()[-1]
    wr.redshift.to_sql(FLIGHTS[:2], connection, table="flights", schema="public", mode="overwrite", index=False)
    assert len(wr.redshift.read_sql_table("flights", connection, schema="public")) == 2


def test_a_frame_updates_rows_by_their_keys(connection: Any) -> None:
    keyed: dict[str, Any] = {"table": "upserted", "schema": "public", "primary_keys": ["flight"], "index": False}
    wr.redshift.to_sql(FLIGHTS, connection, mode="overwrite", **keyed)
    changed = FLIGHTS[1:].assign(origin="BOS")
    wr.redshift.to_sql(changed, connection, mode="upsert", **keyed)
    read = wr.redshift.read_sql_query("SELECT flight, origin FROM public.upserted ORDER BY flight", connection)
    assert read["origin"].tolist() == ["BOS", "EWR", "BOS"]


def test_copy_and_unload_go_over_s3(connection: Any, cluster: Cluster) -> None:
    path = "s3://redshift-wrangled/copy/"
    wr.redshift.copy(
        FLIGHTS, path, connection, table="copied", schema="public", iam_role=cluster.role, mode="overwrite"
    )
    sql = "SELECT flight, origin, delay FROM public.copied"
    read = wr.redshift.unload(sql, "s3://redshift-wrangled/unload/", connection, iam_role=cluster.role)
    assert sorted(read["origin"].tolist()) == ["EWR", "JFK", "LGA"]
    wr.s3.to_parquet(FLIGHTS[["flight", "origin"]], path="s3://redshift-wrangled/files/", dataset=True)
    wr.redshift.copy_from_files(
        "s3://redshift-wrangled/files/", connection, table="from_files", schema="public", iam_role=cluster.role
    )
    wr.redshift.unload_to_files(
        "SELECT * FROM public.from_files", "s3://redshift-wrangled/out/", connection, iam_role=cluster.role
    )
    assert len(wr.s3.read_parquet("s3://redshift-wrangled/out/")) == 3


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
