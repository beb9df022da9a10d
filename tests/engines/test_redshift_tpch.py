"""Redshift's answers to the queries derived from TPC-H are DuckDB's own, over tables that COPY has loaded from Parquet.

What is compared is the meaning of queries, not the order of equal rows. Athena is held to the same answers by
test_athena_tpch.py.
"""

from __future__ import annotations

from collections.abc import Iterator

import duckdb
import psycopg
import pytest
from benchmarks import tpch

from tests.conftest import RunningLab
from tests.engines.redshift_tools import create

SCALE = 0.05


@pytest.fixture(scope="module")
def both(
    lab: RunningLab, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[psycopg.Connection, duckdb.DuckDBPyConnection]]:
    """A cluster that has loaded the tables, and a DuckDB that sees the same files."""
    files = tpch.make(tmp_path_factory.mktemp("tpch"), SCALE)
    cluster, s3 = create(lab, "tpch", "AmazonS3ReadOnlyAccess"), lab.client("s3")
    s3.create_bucket(Bucket="redshift-tpch")
    with cluster.connect() as redshift, duckdb.connect(config={"threads": 1}) as plain:
        for file in files:
            s3.upload_file(str(file), "redshift-tpch", f"{file.stem}/{file.name}")
            redshift.execute(f"CREATE TABLE {file.stem} ({tpch.redshift_columns(file)})".encode())
            source = f"'s3://redshift-tpch/{file.stem}/' IAM_ROLE '{cluster.role}' FORMAT AS PARQUET"
            redshift.execute(f"COPY {file.stem} FROM {source}".encode())
        tpch.views(plain, files)
        yield redshift, plain
    lab.client("redshift").delete_cluster(ClusterIdentifier="tpch", SkipFinalClusterSnapshot=True)


@pytest.mark.parametrize("query", tpch.queries())
def test_the_answers_agree(both: tuple[psycopg.Connection, duckdb.DuckDBPyConnection], query: str) -> None:
    redshift, plain = both
    sql = tpch.queries()[query]
    expected = plain.execute(sql).fetchall()
    answer = redshift.execute(sql.encode()).fetchall()
    assert expected, "a query without an answer proves nothing: choose a larger scale"
    assert len(answer) == len(expected)
    for ours, theirs in zip(answer, expected, strict=True):
        assert list(ours) == [pytest.approx(each, rel=1e-9) if isinstance(each, float) else each for each in theirs]
