"""Ways around Lake Formation that people try: each ends where the grants end.

Sources: "Considerations and limitations for querying data registered with Lake Formation", "Reuse query results",
"Query Iceberg table metadata" (Athena user guide); "Data filtering limitations" (Lake Formation developer guide).
"""

from __future__ import annotations

import re

import pytest

from tests.conftest import RunningLab
from tests.engines.athena_tools import Athena
from tests.engines.lake_tools import Lake

ROWS = "UA,5,N1\nAA,-3,N2\nUA,40,N3\nDL,7,secret\n"


@pytest.fixture(scope="module")
def lake(lab: RunningLab) -> Lake:
    """A table of text, one with partitions, one of Iceberg."""
    made = Lake(lab, "attacked")
    made.table("flights", ROWS, carrier="string", delay="int", tail="string")
    made.athena(
        f"CREATE EXTERNAL TABLE parted (delay int) PARTITIONED BY (tail string) LOCATION 's3://{made.bucket}/parted/'"
    )
    made.athena.put("parted/tail=7/1.csv", "5\n")
    made.athena.put("parted/tail=secret/1.csv", "6\n")
    made.athena("MSCK REPAIR TABLE parted")
    made.athena(
        f"CREATE TABLE ice (carrier string, delay int, tail string) LOCATION 's3://{made.bucket}/ice/' "
        "TBLPROPERTIES ('table_type' = 'ICEBERG')"
    )
    made.athena("INSERT INTO ice SELECT * FROM flights")
    return made


@pytest.fixture(scope="module")
def reader(lake: Lake) -> Athena:
    """Somebody who reads the rows of one carrier, and may make tables in the database."""
    role = lake.as_role("reader")
    lake.grant(role, {"Database": {"Name": lake.database}}, "CREATE_TABLE", "DESCRIBE")
    lake.grant(role, lake.filter("flights", "united", "carrier = 'UA'"), "SELECT")
    lake.grant(role, lake.filter("ice", "united", "carrier = 'UA'"), "SELECT")
    lake.grant(role, lake.filter("parted", "seven", "tail = '7'"), "SELECT")
    return lake.queries(role)


@pytest.fixture(scope="module")
def columns(lake: Lake) -> Athena:
    """Somebody who reads all but a column."""
    role = lake.as_role("columns")
    for table in ("flights", "ice", "parted"):
        lake.grant(role, lake.all_but(table, "tail"), "SELECT")
    return lake.queries(role)


def test_prepared_statements_are_no_way_around(lake: Lake, reader: Athena) -> None:
    lake.athena("PREPARE everything FROM SELECT tail FROM flights WHERE delay > ?")
    assert sorted(reader("EXECUTE everything USING 0").rows) == [("N1",), ("N3",)]
    assert sorted(reader("SELECT tail FROM flights WHERE delay > ?", ExecutionParameters=["0"]).rows) == [
        ("N1",), ("N3",)
    ]  # fmt: skip


def test_what_is_copied_is_what_is_seen(lake: Lake, reader: Athena) -> None:
    reader(f"CREATE TABLE mine WITH (external_location = 's3://{lake.bucket}/mine/') AS SELECT * FROM flights")
    assert reader("SELECT count(*) FROM mine").rows == [("2",)]
    reader("INSERT INTO mine SELECT * FROM flights")
    assert reader("SELECT count(*) FROM mine").rows == [("4",)]
    reader(f"UNLOAD (SELECT * FROM flights) TO 's3://{lake.bucket}/unloaded/' WITH (format = 'PARQUET')")
    lake.athena(
        "CREATE EXTERNAL TABLE unloaded (carrier string, delay int, tail string) STORED AS PARQUET "
        f"LOCATION 's3://{lake.bucket}/unloaded/'"
    )
    assert lake.athena("SELECT count(*) FROM unloaded").rows == [("2",)]


def test_a_view_of_somebody_who_sees_all_shows_no_more(lake: Lake, reader: Athena) -> None:
    """Athena's views run with the rights of who asks them."""
    lake.athena("CREATE VIEW all_of_them AS SELECT * FROM flights")
    role = lake.as_role("viewer")
    lake.grant(role, lake.of("all_of_them"), "SELECT")
    assert "Insufficient Lake Formation" in lake.queries(role).fails("SELECT * FROM all_of_them")
    lake.grant(role, lake.columns("flights", "carrier"), "SELECT")
    assert "COLUMN_NOT_FOUND" in lake.queries(role).fails("SELECT tail FROM all_of_them")


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT count(*) FROM flights WHERE CAST(replace(tail, 'N', '') AS integer) > 0",
        "SELECT count(*) FROM flights WHERE 1 / (delay - 7) < 2",
        "SELECT count(*) FROM flights WHERE CASE WHEN tail = 'secret' THEN 1 / 0 ELSE 1 END = 1",
        "SELECT count(*) FROM ice WHERE 1 / (delay - 7) < 2",
        "SELECT count(*) FROM parted WHERE CAST(tail AS integer) > 0",
        "SELECT count(*) FROM parted JOIN (VALUES 7) AS v(n) ON CAST(tail AS integer) = n",
    ],
)
def test_no_error_tells_of_a_row_that_is_withheld(reader: Athena, sql: str) -> None:
    """The row filter comes first: a condition that would fail on another's row never sees it."""
    reader(sql)


@pytest.mark.parametrize("suffix", ["partitions", "files", "manifests", "snapshots", "history"])
def test_metadata_of_files_is_for_who_sees_all_rows_and_columns(reader: Athena, columns: Athena, suffix: str) -> None:
    for athena in (reader, columns):
        reason = athena.fails(f'SELECT * FROM "ice${suffix}"')
        assert "Insufficient Lake Formation permission(s) on ice" in reason


def test_partitions_tell_no_values_that_are_withheld(reader: Athena, columns: Athena) -> None:
    for sql in ("SHOW PARTITIONS parted", 'SELECT * FROM "parted$partitions"'):
        assert "Insufficient Lake Formation permission(s) on parted" in reader.fails(sql)
    assert "Insufficient Lake Formation" in columns.fails('SELECT * FROM "parted$partitions"')
    assert "is not a partitioned table" in columns.fails("SHOW PARTITIONS parted")
    assert reader("SELECT tail FROM parted").rows == [("7",)]
    assert "COLUMN_NOT_FOUND" in columns.fails("SELECT delay FROM parted WHERE CAST(tail AS integer) = 1")
    assert sorted(columns("SELECT * FROM parted").rows) == [("5",), ("6",)]


@pytest.mark.parametrize(
    "sql",
    [
        "DELETE FROM ice WHERE delay > 0",
        "UPDATE ice SET delay = 0",
        "MERGE INTO ice USING (VALUES 'UA') AS v(c) ON ice.carrier = v.c WHEN MATCHED THEN DELETE",
        "OPTIMIZE ice REWRITE DATA USING BIN_PACK",
        "VACUUM ice",
        "EXPLAIN DELETE FROM ice WHERE tail = 'secret'",
        "INSERT INTO ice VALUES ('UA', 1, 'N9')",
        "INSERT INTO flights VALUES ('UA', 1, 'N9')",
        "ALTER TABLE flights SET LOCATION 's3://elsewhere/'",
        "ALTER TABLE ice ADD COLUMNS (gate int)",
        "ALTER TABLE parted DROP PARTITION (tail = 'secret')",
        "DROP TABLE flights",
        "DROP TABLE ice",
        "MSCK REPAIR TABLE parted",
    ],
)
def test_who_only_reads_changes_nothing(lake: Lake, reader: Athena, sql: str) -> None:
    if "MSCK" in sql:
        lake.athena.put("parted/tail=new/1.csv", "1\n")
    assert "Insufficient Lake Formation permission(s)" in reader.fails(sql)
    assert lake.athena("SELECT count(*) FROM ice").rows == [("4",)]


@pytest.mark.parametrize("form", ["EXPLAIN", "EXPLAIN (FORMAT JSON)", "EXPLAIN ANALYZE"])
@pytest.mark.parametrize("table", ["flights", "ice"])
def test_a_plan_tells_nothing_of_filters(reader: Athena, form: str, table: str) -> None:
    """ "Row or cell filtering information defined in Lake Formation and query stats information are not shown"."""
    told = "\n".join(str(row) for row in reader(f"{form} SELECT delay FROM {table} WHERE delay > 4").rows)
    assert "delay" in told
    for hidden in ("carrier", "UA", "~4 rows", "4 rows"):
        assert hidden not in told, told


def test_time_travel_shows_no_more(lake: Lake, reader: Athena, columns: Athena) -> None:
    moment = lake.athena('SELECT CAST(max(committed_at) AS varchar) FROM "ice$snapshots"').rows[0][0]
    old = f"FOR TIMESTAMP AS OF TIMESTAMP '{moment}'"
    assert reader(f"SELECT count(*) FROM ice {old}").rows == [("2",)]
    assert columns(f"SELECT * FROM ice {old}").columns == ["carrier", "delay"]
    assert "COLUMN_NOT_FOUND" in columns.fails(f"SELECT tail FROM ice {old}")


def test_a_result_is_not_reused_by_who_sees_less(lake: Lake, reader: Athena) -> None:
    reuse = {"ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}}
    query = "SELECT count(*) AS reused FROM flights"
    assert lake.athena(query, **reuse).rows == [("4",)]
    again = reader(query, **reuse)
    assert (again.rows, again.execution["Statistics"]["ResultReuseInformation"]) == (
        [("2",)], {"ReusedPreviousResult": False}
    )  # fmt: skip


def test_what_tells_of_tables_tells_of_columns_that_may_be_read(columns: Athena) -> None:
    found = columns(
        "SELECT column_name FROM information_schema.columns WHERE table_schema = 'attacked' AND table_name = 'flights'"
    )
    assert sorted(found.rows) == [("carrier",), ("delay",)]
    for sql in ("DESCRIBE flights", "DESCRIBE FORMATTED flights", "SHOW COLUMNS IN flights", "DESCRIBE ice",
                "SHOW CREATE TABLE flights", "SHOW CREATE TABLE ice", "DESCRIBE parted"):  # fmt: skip
        told = re.findall(r"\w+", str(columns(sql).rows))
        assert ("delay" in told, "tail" in told) == (True, False), sql
    names = columns("SELECT table_name FROM information_schema.tables WHERE table_schema = 'attacked'").rows
    assert {"flights", "ice", "parted"} >= {row[0] for row in names}
    assert {row[0] for row in columns("SHOW TABLES").rows} == {"flights", "ice", "parted"}


def test_athenas_own_catalog_operations_tell_no_more(columns: Athena, lake: Lake) -> None:
    client, at = columns.client, {"CatalogName": "AwsDataCatalog", "DatabaseName": lake.database}
    told = client.get_table_metadata(**at, TableName="flights")["TableMetadata"]
    assert [each["Name"] for each in told["Columns"]] == ["carrier", "delay"]
    listed = client.list_table_metadata(**at)["TableMetadataList"]
    assert {each["Name"] for each in listed} == {"flights", "ice", "parted"}
    nobody = lake.as_role("outsider").client("athena")
    databases = nobody.list_databases(CatalogName="AwsDataCatalog")["DatabaseList"]
    assert lake.database not in {each["Name"] for each in databases}
