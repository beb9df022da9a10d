"""External schemas read tables of the Glue catalog where their objects lie.

Held to the Redshift database developer guide: "CREATE EXTERNAL SCHEMA", "CREATE EXTERNAL TABLE", "Querying external
data using Amazon Redshift Spectrum", "SVV_EXTERNAL_TABLES"; and to AWS's knowledge center, "How do I calculate the
query charges in Amazon Redshift Spectrum?".
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create

BUCKET = "rows-elsewhere"


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "spectrum", "AmazonS3ReadOnlyAccess", "AWSGlueConsoleFullAccess")
    lab.client("s3").create_bucket(Bucket=BUCKET)
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="spectrum", SkipFinalClusterSnapshot=True)


@pytest.fixture(scope="module")
def connection(lab: RunningLab, cluster: Cluster) -> Iterator[psycopg.Connection[Any]]:
    """One with the external schema ``lake``, in which are tables of several formats."""
    s3, glue = lab.client("s3"), lab.client("glue")
    with cluster.connect() as connection:
        run = connection.execute
        run(f"CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'elsewhere' IAM_ROLE '{cluster.role}' "
            "CREATE EXTERNAL DATABASE IF NOT EXISTS")  # fmt: skip
        s3.put_object(Bucket=BUCKET, Key="text/a.csv", Body=b"1,one\n2,two\n")
        s3.put_object(Bucket=BUCKET, Key="text/_hidden", Body=b"9,no\n")
        run("CREATE EXTERNAL TABLE lake.texts (id int, word varchar(20)) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' "
            f"STORED AS TEXTFILE LOCATION 's3://{BUCKET}/text/'")  # fmt: skip
        s3.put_object(Bucket=BUCKET, Key="json/a.json", Body=b'{"id": 1, "word": "one"}\n')
        run("CREATE EXTERNAL TABLE lake.documents (id int, word varchar(20)) "
            f"ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe' LOCATION 's3://{BUCKET}/json/'")  # fmt: skip
        run("CREATE EXTERNAL TABLE lake.flights (id bigint, price decimal(8, 2), noise varchar(4000)) "
            f"PARTITIONED BY (month int) STORED AS PARQUET LOCATION 's3://{BUCKET}/flights/'")  # fmt: skip
        table = glue.get_table(DatabaseName="elsewhere", Name="flights")["Table"]
        for month in (1, 2):
            file = io.BytesIO()
            prices = pa.array([10, 20], pa.decimal128(8, 2))
            pq.write_table(pa.table({"id": [month, month + 10], "price": prices, "noise": ["x" * 2000, "y"]}), file)
            s3.put_object(Bucket=BUCKET, Key=f"flights/month={month}/a.parquet", Body=file.getvalue())
            place = {**table["StorageDescriptor"], "Location": f"s3://{BUCKET}/flights/month={month}/"}
            glue.create_partition(DatabaseName="elsewhere", TableName="flights",
                                  PartitionInput={"Values": [str(month)], "StorageDescriptor": place})  # fmt: skip
        yield connection


def test_tables_of_the_catalog_are_read_where_they_are(connection: psycopg.Connection[Any]) -> None:
    run = connection.execute
    assert run("SELECT * FROM lake.texts ORDER BY id").fetchall() == [(1, "one"), (2, "two")]
    assert run("SELECT word FROM lake.documents").fetchall() == [("one",)]
    assert run("SELECT sum(price), count(*) FROM lake.flights").fetchall() == [(60, 4)]
    assert run('SELECT "$path" FROM lake.texts WHERE id = 1').fetchall() == [(f"s3://{BUCKET}/text/a.csv",)]


def test_external_and_local_tables_join(connection: psycopg.Connection[Any]) -> None:
    connection.execute("CREATE TABLE local_words (id int, said varchar(9))")
    connection.execute("INSERT INTO local_words VALUES (2, 'deux')")
    joined = "SELECT t.word, l.said FROM lake.texts AS t JOIN local_words AS l ON t.id = l.id"
    assert connection.execute(joined).fetchall() == [("two", "deux")]
    connection.execute(f"CREATE TABLE joined AS {joined}")
    assert connection.execute("SELECT * FROM joined").fetchall() == [("two", "deux")]


def test_only_partitions_that_matter_are_read(lab: RunningLab, connection: psycopg.Connection[Any]) -> None:
    def reads() -> list[str]:
        return [
            call["resources"][0] for call in lab.calls()
            if call["operation"] == "GetObject" and f"{BUCKET}/flights" in call["resources"][0]
        ]  # fmt: skip

    before = len(reads())
    found = connection.execute("SELECT id, month FROM lake.flights WHERE month = 2 ORDER BY id")
    assert found.fetchall() == [(2, 2), (12, 2)]
    assert reads()[before:] == [f"arn:aws:s3:::{BUCKET}/flights/month=2/a.parquet"]


def test_scanned_bytes_are_billed(lab: RunningLab, connection: psycopg.Connection[Any]) -> None:
    """Of Parquet count the columns that are read; a query is billed for 10 MB at least, one that fails for nothing."""

    def scans() -> list[dict[str, float]]:
        return [call["units"] for call in lab.calls() if call["operation"] == "SpectrumScan"]

    before = len(scans())
    connection.execute("SELECT id, word FROM lake.texts").fetchall()
    connection.execute("SELECT sum(price) FROM lake.flights WHERE month = 1").fetchall()
    connection.execute("SELECT max(noise) FROM lake.flights WHERE month = 1").fetchall()
    with pytest.raises(psycopg.Error):
        connection.execute("SELECT CAST(word AS int) FROM lake.texts").fetchall()
    text, price, noise = scans()[before:]
    assert text["redshift:scanned_bytes"] == len(b"1,one\n2,two\n")
    assert 0 < price["redshift:scanned_bytes"] < noise["redshift:scanned_bytes"]
    told = connection.execute(
        "SELECT s3_scanned_bytes, files FROM svl_s3query_summary WHERE external_table_name LIKE '%flights' "
        "ORDER BY query DESC LIMIT 2"
    )
    assert told.fetchall() == [(noise["redshift:scanned_bytes"], 1), (price["redshift:scanned_bytes"], 1)]
    assert {each["redshift:billed_bytes"] for each in (text, price, noise)} == {10 << 20}


def test_the_views_of_the_catalog_tell_of_them(cluster: Cluster, connection: psycopg.Connection[Any]) -> None:
    run = connection.execute
    assert run("SELECT schemaname, databasename, eskind FROM svv_external_schemas").fetchall() == [
        ("lake", "elsewhere", 1)
    ]
    tables = run("SELECT tablename, location FROM svv_external_tables WHERE schemaname = 'lake' ORDER BY 1").fetchall()
    assert tables == [("documents", f"s3://{BUCKET}/json/"), ("flights", f"s3://{BUCKET}/flights/"),
                      ("texts", f"s3://{BUCKET}/text/")]  # fmt: skip
    columns = run("SELECT columnname, external_type, part_key FROM svv_external_columns WHERE tablename = 'flights' "
                  "ORDER BY columnnum")  # fmt: skip
    assert columns.fetchall() == [
        ("id", "bigint", 0), ("price", "decimal(8,2)", 0), ("noise", "varchar(4000)", 0), ("month", "int", 1),
    ]  # fmt: skip
    partitions = run("SELECT values, location FROM svv_external_partitions ORDER BY 1").fetchall()
    assert partitions == [(f'["{month}"]', f"s3://{BUCKET}/flights/month={month}/") for month in (1, 2)]


def test_partitions_are_added_and_tables_dropped(
    lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]
) -> None:  # fmt: skip
    run = connection.execute
    lab.client("s3").put_object(Bucket=BUCKET, Key="days/1/a", Body=b"7|x\n")
    run("CREATE EXTERNAL TABLE lake.days (id int, word varchar(9)) PARTITIONED BY (day date) "
        f"ROW FORMAT DELIMITED FIELDS TERMINATED BY '|' STORED AS TEXTFILE LOCATION 's3://{BUCKET}/days/'")  # fmt: skip
    assert run("SELECT * FROM lake.days").fetchall() == []
    add = f"ALTER TABLE lake.days ADD {{}} PARTITION (day='2013-01-01') LOCATION 's3://{BUCKET}/days/1/'"
    run(add.format(""))
    assert run("SELECT * FROM lake.days WHERE day < '2014-01-01'").fetchall() == [(7, "x", date(2013, 1, 1))]
    with pytest.raises(psycopg.Error, match="already exists"):
        run(add.format(""))
    run(add.format("IF NOT EXISTS"))
    run("DROP TABLE lake.days")
    with pytest.raises(psycopg.errors.UndefinedTable):
        run("SELECT * FROM lake.days")
    assert lab.client("s3").list_objects_v2(Bucket=BUCKET, Prefix="days/")["KeyCount"] == 1


def test_the_role_decides(lab: RunningLab, cluster: Cluster, connection: psycopg.Connection[Any]) -> None:
    run = connection.execute
    with pytest.raises(psycopg.errors.UndefinedTable, match=r'relation "lake\.nothing" does not exist'):
        run("SELECT * FROM lake.nothing")
    run(f"CREATE EXTERNAL SCHEMA missing FROM DATA CATALOG DATABASE 'not_there' IAM_ROLE '{cluster.role}'")
    with pytest.raises(psycopg.Error, match="does not exist"):
        run("SELECT * FROM missing.texts")
    with pytest.raises(psycopg.Error, match="is not authorized to assume IAM Role"):
        run("CREATE EXTERNAL SCHEMA no FROM DATA CATALOG DATABASE 'elsewhere' "
            "IAM_ROLE 'arn:aws:iam::123456789012:role/none'")  # fmt: skip
    with pytest.raises(psycopg.Error, match='Schema "lake" already exists'):
        run(f"CREATE EXTERNAL SCHEMA lake FROM DATA CATALOG DATABASE 'elsewhere' IAM_ROLE '{cluster.role}'")
    with pytest.raises(psycopg.Error, match="This lab does not do external schemas from POSTGRES"):
        run("CREATE EXTERNAL SCHEMA pg FROM POSTGRES DATABASE 'x' URI 'y' IAM_ROLE 'z' SECRET_ARN 's'")
    with pytest.raises(psycopg.Error, match="This lab does not do changes of external tables"):
        run("INSERT INTO lake.texts VALUES (3, 'x')")
    iam = lab.client("iam")
    iam.detach_role_policy(RoleName="redshift-spectrum", PolicyArn="arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess")
    iam.detach_role_policy(RoleName="redshift-spectrum", PolicyArn="arn:aws:iam::aws:policy/AWSGlueConsoleFullAccess")
    with pytest.raises(psycopg.Error, match="not authorized to perform: glue:GetTable"):
        run("SELECT * FROM lake.texts")
