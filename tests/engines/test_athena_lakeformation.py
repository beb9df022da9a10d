"""Athena tells what Lake Formation has granted, and no way leads around it.

Sources: "Use Athena to query data registered with AWS Lake Formation" (Athena user guide); "Data filtering and
cell-level security in Lake Formation", "PartiQL support in row filter expressions" (Lake Formation developer guide).
"""

from __future__ import annotations

import awswrangler as wr
import boto3
import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena, awswrangler_at
from tests.engines.lake_tools import Lake

ROWS = "UA,5,N1\nAA,-3,N2\nUA,40,N3\nDL,7,secret\n"


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    made = Lake(lab, "withheld")
    made.table("flights", ROWS, carrier="string", delay="int", tail="string")
    made.athena("CREATE VIEW late AS SELECT carrier, tail FROM flights WHERE delay > 0")
    return made


@pytest.fixture(scope="module")
def columns(lake: Lake) -> Athena:
    """Somebody who may read two of three columns."""
    role = lake.as_role("columns")
    lake.grant(role, lake.columns("flights", "carrier", "delay"), "SELECT")
    return lake.queries(role)


@pytest.fixture(scope="module")
def rows(lake: Lake) -> Athena:
    """Somebody who may read the rows of one carrier."""
    role = lake.as_role("rows")
    lake.grant(role, lake.filter("flights", "united", "carrier = 'UA'"), "SELECT")
    lake.grant(role, lake.of("late"), "SELECT")
    return lake.queries(role)


@pytest.fixture(scope="module")
def cells(lake: Lake) -> Athena:
    """Somebody who reads carriers everywhere, and of American and Delta the delay too."""
    role = lake.as_role("cells")
    lake.grant(role, lake.columns("flights", "carrier"), "SELECT")
    lake.grant(role, lake.filter("flights", "two", "carrier IN ('AA', 'DL')", "carrier", "delay"), "SELECT")
    return lake.queries(role)


def test_who_has_no_grant_reads_nothing(lake: Lake) -> None:
    reason = lake.queries(lake.as_role("nobody")).fails("SELECT * FROM flights")
    assert reason.startswith("Insufficient Lake Formation permission(s) on flights (Service: AmazonDataCatalog; ")


def test_star_is_what_was_granted(columns: Athena) -> None:
    answer = columns("SELECT * FROM flights")
    assert answer.columns == ["carrier", "delay"]
    assert len(answer.rows) == 4


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT tail FROM flights",
        "SELECT f.tail FROM flights f",
        "SELECT carrier FROM flights WHERE tail = 'secret'",
        "SELECT count(*) FROM flights GROUP BY tail",
        "SELECT carrier FROM flights ORDER BY tail",
        "WITH t AS (SELECT * FROM flights) SELECT tail FROM t",
        "SELECT (SELECT max(tail) FROM flights)",
        "SELECT 1 FROM flights a JOIN flights b ON a.tail = b.tail",
        "SELECT carrier FROM late",
        "EXPLAIN SELECT tail FROM flights",
        "CREATE VIEW other AS SELECT tail FROM flights",
    ],
)
def test_columns_that_were_not_granted_are_not_there(columns: Athena, sql: str) -> None:
    reason = columns.fails(sql)
    assert ("COLUMN_NOT_FOUND" in reason and "requester is not authorized" in reason) or "on late" in reason


def test_a_row_filter_withholds_rows_everywhere(rows: Athena) -> None:
    assert [row[2] for row in rows("SELECT * FROM flights ORDER BY delay").rows] == ["N1", "N3"]
    for sql in (
        "SELECT count(*) FROM flights",
        "SELECT count(*) FROM (SELECT DISTINCT * FROM flights) t",
        "WITH f AS (SELECT * FROM flights) SELECT count(*) FROM f",
        "SELECT count(*) FROM flights a LEFT JOIN flights b ON a.tail = b.tail",
        "SELECT count(*) FROM late",
        "SELECT count(*) FROM (VALUES 'secret', 'N1', 'N3') AS v(t) WHERE t IN (SELECT tail FROM flights)",
    ):
        assert rows(sql).rows == [("2",)], sql


def test_awswrangler_reads_what_was_granted(lab: RunningLab, lake: Lake) -> None:
    """People's own client, as a role: with Athena's answer, and by way of UNLOAD."""
    role = lake.as_role("wrangler")
    lake.grant(role, lake.filter("flights", "wrangled", "carrier = 'UA'", "carrier", "delay"), "SELECT")
    with awswrangler_at(lab):
        session = boto3.Session(**role.keys, region_name=lab.facts["region"])
        asked = {"database": lake.database, "boto3_session": session, "ctas_approach": False}
        output = f"s3://{lake.bucket}/wrangled/"
        plain = wr.athena.read_sql_query("SELECT * FROM flights", s3_output=output, **asked)
        unloaded = wr.athena.read_sql_query(
            "SELECT * FROM flights", s3_output=f"{output}unloaded/", unload_approach=True, **asked
        )
    for frame in (plain, unloaded):
        assert sorted(frame["delay"]) == [5, 40]
        assert list(frame.columns) == ["carrier", "delay"]


def test_a_cell_that_no_grant_shows_is_null(cells: Athena) -> None:
    found = cells("SELECT * FROM flights ORDER BY carrier, delay")
    assert found.columns == ["carrier", "delay"]
    assert found.rows == [("AA", "-3"), ("DL", "7"), ("UA", None), ("UA", None)]
    assert cells("SELECT count(*) FROM flights WHERE delay > 5").rows == [("1",)]
