"""Athena under attack: names that are paths, patterns that do not end, sizes that take all memory.

Sources: "Use partition projection with Amazon Athena", "Regex SerDe", Trino's functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    return Athena(lab, "athena-bounded", "bounded")


@pytest.mark.parametrize(
    "number, key", list(enumerate(["../../../escaped", "ABSOLUTE/escaped", "a=b/../../../escaped", "..", "k%2fx"]))
)
def test_a_partition_key_is_no_path(athena: Athena, number: int, key: str) -> None:
    """Glue takes any name for a column (CreateTable); it is data, and makes no folder outside of the lab's own."""
    key = key.replace("ABSOLUTE", str(athena.lab.directory))
    glue, place = athena.lab.client("glue"), f"s3://{athena.bucket}/keys{number}/"
    storage = {
        "Columns": [{"Name": "v", "Type": "int"}],
        "Location": place,
        "InputFormat": "org.apache.hadoop.mapred.TextInputFormat",
        "SerdeInfo": {"SerializationLibrary": "org.apache.hadoop.hive.serde2.lazy.LazySimpleSerDe"},
    }
    name = f"keys{number}"
    glue.create_table(
        DatabaseName=athena.database,
        TableInput={"Name": name, "StorageDescriptor": storage, "PartitionKeys": [{"Name": key, "Type": "string"}]},
    )
    glue.create_partition(
        DatabaseName=athena.database,
        TableName=name,
        PartitionInput={"Values": ["../../x"], "StorageDescriptor": {**storage, "Location": f"{place}p/"}},
    )
    athena.put(f"keys{number}/p/data", "1\n")
    before = {path for path in athena.lab.directory.rglob("*") if "escaped" in path.name}
    assert athena(f'SELECT v, "{key}" FROM {name}').rows == [("1", "../../x")]
    assert {path for path in athena.lab.directory.rglob("*") if "escaped" in path.name} == before == set()
    assert not (athena.lab.directory.parent / "escaped").exists()


def stopped(athena: Athena, sql: str) -> None:
    """Run *sql*, which does not end, and stop it; meanwhile and after it others are served."""
    query = athena.start(sql)
    time.sleep(0.5)
    slowest = 0.0
    for _ in range(10):
        started = time.monotonic()
        athena.s3.head_bucket(Bucket=athena.bucket)
        slowest = max(slowest, time.monotonic() - started)
    assert athena.client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"] == "RUNNING"
    assert slowest < 1
    athena.client.stop_query_execution(QueryExecutionId=query)
    assert athena.wait(query, seconds=5)["Status"]["State"] == "CANCELLED"
    assert athena("SELECT 1").rows == [("1",)]


ENDLESS = [
    "SELECT regexp_like('{a}!', '^(?=a)(a+)+$')",
    "SELECT regexp_replace('{a}!', '^(?=a)(a+)+$', 'b')",
    "SELECT regexp_extract_all('{a}!', '^(?=a)(a+)+$')",
    "SELECT regexp_split('{a}!', '^(?=a)(a+)+$')",
    "SELECT regexp_position('{a}!', '^(?=a)(a+)+$')",
    "SELECT transform(ARRAY['{a}!'], x -> regexp_like(x, '^(?=a)(a+)+$'))",
    "SELECT count(*) FROM UNNEST(sequence(1, 10000)) a(x), UNNEST(sequence(1, 10000)) b(y), "
    "UNNEST(sequence(1, 10000)) c(z) WHERE (x * y + z) % 7 = 9",
]


@pytest.mark.parametrize("sql", ENDLESS)
def test_a_query_that_does_not_end_can_be_stopped(athena: Athena, sql: str) -> None:
    """StopQueryExecution; a backtracking pattern doubles its time with each letter."""
    stopped(athena, sql.replace("{a}", "a" * 60))


def test_a_pattern_of_a_table_can_be_stopped(athena: Athena) -> None:
    """ "Regex SerDe": Java's expressions, which go back as Python's do."""
    athena.put("lines/data", "a" * 60 + "!\n")
    athena(
        "CREATE EXTERNAL TABLE lines (a string) ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.RegexSerDe' "
        f"WITH SERDEPROPERTIES ('input.regex' = '((?:a+)+)') LOCATION 's3://{athena.bucket}/lines/'"
    )
    stopped(athena, "SELECT * FROM lines")


def test_a_lab_stops_while_a_pattern_runs(new_lab: Callable[..., RunningLab]) -> None:
    athena = Athena(new_lab("stopping"), "athena-stopping", "stopping")
    athena.start(ENDLESS[0].replace("{a}", "a" * 60))
    time.sleep(0.5)
    started = time.monotonic()
    athena.lab.stop()
    assert time.monotonic() - started < 5


def test_a_pattern_that_may_be_empty_is_not_tried(athena: Athena) -> None:
    """The statement is only planned: a pattern is measured then, and not run."""
    assert athena(f"SELECT regexp_extract('y', '{'(a?|b?)' * 40}x')").rows == [(None,)]
