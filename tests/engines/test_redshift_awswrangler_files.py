"""awswrangler.redshift's copy and unload, which go by way of objects of S3, work on the lab's clusters as they are.

Held to awswrangler's API reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest
import redshift_connector

from dehelpers.process.environment import lab_environment
from dehelpers.process.lab import Lab
from tests.conftest import RunningLab
from tests.engines.redshift_tools import PASSWORD, USER, Cluster, create

BUCKET = "wrangled-files"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "wrangledfiles", "AmazonS3FullAccess")
    lab.client("s3").create_bucket(Bucket=BUCKET)
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="wrangledfiles", SkipFinalClusterSnapshot=True)


@pytest.fixture
def connection(lab: RunningLab, cluster: Cluster, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """One of redshift_connector's, in the environment of a notebook."""
    running = Lab.read(lab.directory)
    assert running
    for name, value in lab_environment(running).items():
        if value is None:
            monkeypatch.delenv(name, raising=False)
        else:
            monkeypatch.setenv(name, value)
    boto3.setup_default_session()
    place: dict[str, Any] = {"host": "127.0.0.1", "port": cluster.port, "user": USER, "database": "dev"}
    with redshift_connector.connect(**place, password=PASSWORD) as connection:
        yield connection


def test_copy_and_unload_bring_a_frame_there_and_back(cluster: Cluster, connection: Any) -> None:
    frame = pd.DataFrame(
        {
            "id": pd.array([1, 2, 3], dtype="Int64"),
            "word": pd.array(["one", "zwei", None], dtype="string"),
            "price": [1.5, 2.25, -3.0],
            "day": [date(2013, 1, 5), date(2013, 1, 6), None],
            "moment": [datetime(2013, 1, 5, 10, 11, 12), None, datetime(2013, 1, 6)],
        }
    )
    place = f"s3://{BUCKET}/frames/"
    wr.redshift.copy(frame, f"{place}in/", connection, "frames", "public", iam_role=cluster.role, mode="overwrite")
    wr.redshift.copy(frame, f"{place}in/", connection, "frames", "public", iam_role=cluster.role)
    counted = wr.redshift.read_sql_query("SELECT count(*) AS n FROM frames", connection)
    assert counted["n"].tolist() == [6]
    found = wr.redshift.unload(
        "SELECT DISTINCT * FROM frames", f"{place}out/", connection, iam_role=cluster.role, dtype_backend="pyarrow"
    )
    assert sorted(found["id"].tolist()) == [1, 2, 3]
    assert found.sort_values("id")["word"].tolist()[:2] == ["one", "zwei"]
    assert found.sort_values("id")["day"].tolist()[:2] == [date(2013, 1, 5), date(2013, 1, 6)]
    files = "SELECT * FROM frames"
    wr.redshift.unload_to_files(
        files, f"{place}csv/", connection, iam_role=cluster.role, unload_format="CSV", manifest=True, max_file_size=10.0
    )
    assert [each.rpartition("/")[2] for each in wr.s3.list_objects(f"{place}csv/")] == ["0000_part_00", "manifest"]
