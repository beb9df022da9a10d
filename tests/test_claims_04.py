"""What notebooks/04_analytics.ipynb says about how the lab differs from AWS."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena
from tests.gateway.wire import own_api

CSV = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"
LINE = "0123456789,abcdefghijklmnopqrstuvwxyz\n"


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    """Its table `text` has 11.4 MB of CSV in two files; `parquet` has two columns of the same."""
    engine = Athena(lab, "claims-lake", "claims")
    for name in ("a", "b"):
        engine.put(f"text/{name}.csv", LINE * 150_000)
    engine(f"CREATE EXTERNAL TABLE text (n bigint, s string) {CSV} LOCATION 's3://claims-lake/text/'")
    numbers = range(200_000)
    frame = pd.DataFrame({"wide": [f"{n:032}" for n in numbers], "narrow": [n % 2 for n in numbers]})
    engine.put("parquet/data.parquet", frame.to_parquet(compression=None))
    engine(
        "CREATE EXTERNAL TABLE parquet (wide string, narrow bigint) STORED AS PARQUET "
        "LOCATION 's3://claims-lake/parquet/'"
    )
    return engine


def keys(athena: Athena, prefix: str) -> list[str]:
    found = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix)
    return [item["Key"] for item in found.get("Contents", [])]


def test_a_plan_is_the_plan_of_this_machine(athena: Athena) -> None:
    """On AWS a plan is made of Trino's fragments: "Fragment 0 [SOURCE]" ("Understand Athena EXPLAIN results")."""
    text = "\n".join(row[0] or "" for row in athena("EXPLAIN SELECT count(*) FROM text").rows)
    assert text and "Fragment" not in text


def test_text_is_counted_to_the_byte(athena: Athena) -> None:
    assert athena("SELECT max(n) FROM text").scanned == len(LINE) * 300_000


def test_parquet_is_counted_as_it_is_read(athena: Athena) -> None:
    """One column is a small part of the file, and a count needs none: the footer has it."""
    size = athena.s3.head_object(Bucket=athena.bucket, Key="parquet/data.parquet")["ContentLength"]
    narrow = athena("SELECT sum(narrow) FROM parquet").scanned
    assert 0 < narrow < size / 10
    assert narrow < athena("SELECT max(wide), sum(narrow) FROM parquet").scanned <= size


def test_a_ctas_writes_one_file_for_each_partition(athena: Athena) -> None:
    athena(
        "CREATE TABLE halves WITH (external_location = 's3://claims-lake/halves/', partitioned_by = ARRAY['narrow']) "
        "AS SELECT wide, narrow FROM parquet"
    )
    assert [key.split("/")[1] for key in keys(athena, "halves/")] == ["narrow=0", "narrow=1"]


def test_a_failed_ctas_leaves_nothing(athena: Athena) -> None:
    """On AWS "data might remain" at the location of a CTAS that failed ("Considerations and limitations for CTAS")."""
    failure = athena.fails(
        "CREATE TABLE many WITH (external_location = 's3://claims-lake/many/', partitioned_by = ARRAY['part']) "
        "AS SELECT narrow, substr(wide, 30) AS part FROM parquet"
    )
    assert failure.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS")
    assert keys(athena, "many/") == []


def test_the_cutoff_counts_as_scanned(athena: Athena) -> None:
    limits = {"BytesScannedCutoffPerQuery": 10_000_000, "EnforceWorkGroupConfiguration": False}
    athena.client.create_work_group(Name="claims-cutoff", Configuration=limits)
    answer = athena.run("SELECT max(n) FROM text", WorkGroup="claims-cutoff")
    assert (answer.state, answer.scanned) == ("CANCELLED", 10_000_000)


def test_the_history_outlives_the_process_and_45_days(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    engine = Athena(lab, "claims-kept", "kept")
    engine("CREATE TABLE t WITH (external_location = 's3://claims-kept/t/') AS SELECT 1 AS n")
    engine.client.create_work_group(Name="kept")
    listed = engine.client.list_query_executions()["QueryExecutionIds"]
    lab.stop()
    lab.start()
    own_api(lab, "POST", "/_localaws/clock", {"advance": 46 * 86400})
    assert lab.client("s3").list_objects_v2(Bucket="claims-kept", Prefix="t/")["KeyCount"] == 1
    assert [table["Name"] for table in lab.client("glue").get_tables(DatabaseName="kept")["TableList"]] == ["t"]
    assert lab.client("athena").list_query_executions()["QueryExecutionIds"] == listed
    assert [group["Name"] for group in lab.client("athena").list_work_groups()["WorkGroups"]] == ["kept", "primary"]
