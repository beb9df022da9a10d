"""What a query costs is noted as it ends: "Amazon Athena pricing", "Using EXPLAIN and EXPLAIN ANALYZE in Athena"."""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Answer, Athena

MB = 1 << 20
ROWS = 900_000  # of 25 bytes: 21.5 MB


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    engine = Athena(lab, "athena-usage", "usage")
    line = "EWR,2013-01-01,UA,1545,227"[:24] + "\n"
    engine.put("big/a.csv", line * ROWS)
    for number in range(3):
        engine.put(f"small/{number}.csv", "1\n")
    columns = "origin string, day string, carrier string, flight string"
    for name, what in (("big", columns), ("small", "n int")):
        place = f"LOCATION 's3://athena-usage/{name}/'"
        engine(f"CREATE EXTERNAL TABLE {name} ({what}) ROW FORMAT DELIMITED FIELDS TERMINATED BY ',' {place}")
    return engine


def used(athena: Athena, answer: Answer) -> dict[str, Any]:
    """The one record of how a query ended; it is there as soon as the end can be seen."""
    query = answer.execution["QueryExecutionId"]
    [record] = [call for call in athena.lab.calls() if call["request_id"] == query]
    assert (record["service"], record["operation"], record["status"]) == ("athena", "QueryStateChange", 200)
    return dict(record["units"])


def billed(athena: Athena, answer: Answer) -> float:
    return float(used(athena, answer)["athena:billed_bytes"])


def test_scanned_bytes_are_rounded_up_to_a_megabyte(athena: Athena) -> None:
    answer = athena("SELECT count(*) FROM big")
    assert answer.scanned == ROWS * 25
    assert billed(athena, answer) == 22 * MB
    assert used(athena, answer)["athena:scanned_bytes"] == answer.scanned


def test_ten_megabytes_are_the_least(athena: Athena) -> None:
    assert billed(athena, athena("SELECT n FROM small")) == 10 * MB
    assert billed(athena, athena("SELECT n FROM small LIMIT 1")) == 10 * MB


def test_a_table_named_twice_is_read_twice(athena: Athena) -> None:
    once = athena("SELECT count(origin) FROM big").scanned
    twice = athena("SELECT max(origin) FROM big UNION ALL SELECT min(origin) FROM big").scanned
    assert twice == 2 * once


@pytest.mark.parametrize("sql", ["CREATE VIEW v AS SELECT n FROM small", "SHOW TABLES", "EXPLAIN SELECT n FROM small"])
def test_ddl_and_explain_are_free(athena: Athena, sql: str) -> None:
    assert billed(athena, athena(sql)) == 0


def test_explain_analyze_scans_and_is_billed(athena: Athena) -> None:
    assert billed(athena, athena("EXPLAIN ANALYZE SELECT n FROM small")) == 10 * MB


def test_ctas_is_billed_as_a_query(athena: Athena) -> None:
    sql = "CREATE TABLE copied WITH (external_location = 's3://athena-usage/copied/') AS SELECT n FROM small"
    assert billed(athena, athena(sql)) == 10 * MB


def test_what_fails_is_free(athena: Athena) -> None:
    assert billed(athena, athena.run("SELECT nothing FROM small")) == 0
    assert billed(athena, athena.run("SELECT 1 / (n - 1) FROM small")) == 0


def test_of_a_cancelled_query_counts_what_it_scanned(athena: Athena) -> None:
    limits = {"BytesScannedCutoffPerQuery": 12_000_000, "EnforceWorkGroupConfiguration": False}
    athena.client.create_work_group(Name="usage-cutoff", Configuration=limits)
    answer = athena.run("SELECT count(*) FROM big", WorkGroup="usage-cutoff")
    assert answer.state == "CANCELLED"
    assert billed(athena, answer) == 12 * MB, "12,000,000 bytes are 11.4 MB"


def test_a_reused_result_is_free(athena: Athena) -> None:
    reuse = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
    first, second = (athena("SELECT max(n) FROM small", ResultReuseConfiguration=reuse) for _ in range(2))
    assert [billed(athena, each) for each in (first, second)] == [10 * MB, 0]
