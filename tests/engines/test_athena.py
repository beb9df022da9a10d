"""Athena over the socket: a query's life, its result, what it scans, and its failures in Athena's words.

Sources, in the Athena user guide: "Work with query results", "CREATE TABLE", "Partition your data", "Use partition
projection", "Considerations and limitations for CTAS", "UNLOAD", "Use parameterized queries".
"""

from __future__ import annotations

import gzip
from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.athena_tools import Athena, awswrangler_at, with_flights


@pytest.fixture(scope="module")
def athena(lab: RunningLab) -> Athena:
    return with_flights(Athena(lab, "athena-lake", "air"))


@pytest.fixture
def wrangler(lab: RunningLab) -> Iterator[boto3.Session]:
    """awswrangler talking to the lab."""
    with awswrangler_at(lab) as session:
        yield session


def test_a_query_leaves_a_result_file_with_every_value_quoted(athena: Athena) -> None:
    """ "Work with query results": <location>/<id>.csv and .metadata; NULL is empty, an empty text is ""."""
    answer = athena("SELECT 1 AS n, 'a\"b' AS t, '' AS e, CAST(NULL AS varchar) AS x")
    assert answer.rows == [("1", 'a"b', "", None)]
    assert answer.types == ["integer", "varchar", "varchar", "varchar"]
    place = answer.execution["ResultConfiguration"]["OutputLocation"]
    assert place == f"s3://athena-lake/results/{answer.execution['QueryExecutionId']}.csv"
    key = place.removeprefix("s3://athena-lake/")
    body = athena.s3.get_object(Bucket=athena.bucket, Key=key)["Body"].read()
    assert body == b'"n","t","e","x"\n"1","a""b","",\n'
    assert athena.s3.head_object(Bucket=athena.bucket, Key=f"{key}.metadata")


def test_an_execution_tells_its_times_and_kinds(athena: Athena) -> None:
    """QueryExecution and QueryExecutionStatistics of the API reference; CTAS counts as DML there as everywhere."""
    execution = athena("SELECT 1").execution
    assert execution["StatementType"] == "DML"
    assert execution["Status"]["CompletionDateTime"] >= execution["Status"]["SubmissionDateTime"]
    statistics = execution["Statistics"]
    for name in ("EngineExecutionTime", "QueryQueueTime", "QueryPlanningTime", "TotalExecutionTime"):
        assert statistics[f"{name}InMillis"] >= 0
    assert statistics["ResultReuseInformation"] == {"ReusedPreviousResult": False}
    assert athena("SHOW TABLES").execution["StatementType"] == "UTILITY"
    assert athena("CREATE DATABASE IF NOT EXISTS air").execution["StatementType"] == "DDL"


def test_parquet_scans_only_the_columns_that_are_read(athena: Athena) -> None:
    """ "Columnar storage formats": fewer columns, fewer bytes; count(*) reads the footers alone."""
    everything = athena("SELECT * FROM flights LIMIT 1").scanned
    one = athena("SELECT sum(dep_delay) FROM flights").scanned
    assert 0 < one < everything / 5
    assert athena("SELECT sum(dep_delay) FROM flights").scanned == one
    assert athena("SELECT count(*) FROM flights").scanned == 0
    assert athena("SELECT count(*) FROM flights").rows == [("336776",)]


def test_results_are_paged_by_a_thousand_rows_after_the_header(athena: Athena) -> None:
    """GetQueryResults: at most 1000 rows a page, the first row of a SELECT is its header."""
    query_id = athena.start("SELECT day, carrier FROM flights LIMIT 2500")
    athena.wait(query_id)
    first = athena.client.get_query_results(QueryExecutionId=query_id)
    assert len(first["ResultSet"]["Rows"]) == 1000
    assert first["ResultSet"]["Rows"][0]["Data"] == [{"VarCharValue": "day"}, {"VarCharValue": "carrier"}]
    pages = athena.client.get_paginator("get_query_results").paginate(QueryExecutionId=query_id)
    assert sum(len(page["ResultSet"]["Rows"]) for page in pages) == 2501
    with pytest.raises(ClientError, match="MaxResults"):
        athena.client.get_query_results(QueryExecutionId=query_id, MaxResults=1001)


def test_explain_tells_a_plan(athena: Athena, lab: RunningLab) -> None:
    """ "EXPLAIN and EXPLAIN ANALYZE": the plan as text; ANALYZE runs the query and counts what it scans."""
    assert athena("EXPLAIN SELECT carrier FROM flights WHERE month = 3").scanned == 0
    answer = athena("EXPLAIN ANALYZE SELECT carrier FROM flights WHERE month = 3")
    text = "\n".join(str(line) for (line,) in answer.rows)
    assert "month = 3" in text and "28,834 rows" in text and str(lab.directory) not in text
    assert answer.scanned > 0


def test_partitions_belong_to_the_catalog_and_are_pruned(athena: Athena) -> None:
    """ "Partition your data": MSCK REPAIR finds key=value folders; a filter on the key reads only its objects."""
    for day in ("2024-01-01", "2024-01-02", "2024-01-03"):
        athena.put(f"days/dt={day}/a.csv", f"{day[-1]},x\n")
    athena.put("elsewhere/a.csv", "9,moved\n")
    athena(
        "CREATE EXTERNAL TABLE days (n int, s string) PARTITIONED BY (dt date) ROW FORMAT DELIMITED FIELDS TERMINATED "
        "BY ',' LOCATION 's3://athena-lake/days/'"
    )
    assert athena("SELECT * FROM days").rows == []
    athena("MSCK REPAIR TABLE days")
    assert athena("SHOW PARTITIONS days").rows == [(f"dt=2024-01-0{n}",) for n in (1, 2, 3)]
    answer = athena("SELECT n, dt FROM days WHERE dt > DATE '2024-01-02'")
    assert answer.rows == [("3", "2024-01-03")] and answer.scanned == 4
    athena("ALTER TABLE days ADD IF NOT EXISTS PARTITION (dt='2024-02-01') LOCATION 's3://athena-lake/elsewhere/'")
    assert athena("SELECT n, s, dt FROM days WHERE dt = DATE '2024-02-01'").rows == [("9", "moved", "2024-02-01")]
    athena("ALTER TABLE days DROP PARTITION (dt='2024-01-01')")
    assert athena("SELECT min(dt), count(*) FROM days").rows == [("2024-01-02", "3")]
    assert athena('SELECT * FROM "days$partitions" ORDER BY 1').rows[0] == ("2024-01-02",)
    assert athena('SELECT "$path" FROM days WHERE n = 9').rows == [("s3://athena-lake/elsewhere/a.csv",)]


def test_partition_projection_needs_no_catalog(athena: Athena) -> None:
    """ "Supported types for partition projection": date, integer, enum, injected."""
    athena.put("projected/us/2024/01/a.csv", "1\n")
    athena.put("projected/eu/2024/02/a.csv", "22\n")
    athena(
        "CREATE EXTERNAL TABLE projected (n int) PARTITIONED BY (place string, month string) ROW FORMAT DELIMITED "
        "FIELDS TERMINATED BY ',' LOCATION 's3://athena-lake/projected/' TBLPROPERTIES ('projection.enabled'='true', "
        "'projection.place.type'='enum', 'projection.place.values'='us,eu', 'projection.month.type'='date', "
        "'projection.month.range'='2024/01,2024/06', 'projection.month.format'='yyyy/MM', "
        "'storage.location.template'='s3://athena-lake/projected/${place}/${month}')"
    )
    assert athena("SELECT place, month, n FROM projected ORDER BY n").rows == [
        ("us", "2024/01", "1"),
        ("eu", "2024/02", "22"),
    ]
    answer = athena("SELECT n FROM projected WHERE place = 'eu' AND month >= '2024/02'")
    assert answer.rows == [("22",)] and answer.scanned == 3


def test_create_table_as_and_its_limit_of_100_partitions(athena: Athena) -> None:
    """ "Considerations and limitations for CTAS": partition columns last, at most 100, an empty place."""
    answer = athena(
        "CREATE TABLE by_month WITH (format = 'PARQUET', write_compression = 'SNAPPY', partitioned_by = "
        "ARRAY['month'], external_location = 's3://athena-lake/by_month/') "
        "AS SELECT carrier, dep_delay, month FROM flights"
    )
    assert answer.execution["StatementType"] == "DDL"  # as awswrangler saw it on AWS
    assert len(athena("SHOW PARTITIONS by_month").rows) == 12
    one = athena("SELECT sum(dep_delay) FROM by_month WHERE month = 3")
    assert one.rows == athena("SELECT sum(dep_delay) FROM flights WHERE month = 3").rows
    assert one.scanned < athena("SELECT sum(dep_delay) FROM by_month").scanned / 8
    failure = athena.fails(
        "CREATE TABLE by_day WITH (partitioned_by = ARRAY['month', 'day'], external_location = "
        "'s3://athena-lake/by_day/') AS SELECT carrier, month, day FROM flights"
    )
    assert failure.startswith("HIVE_TOO_MANY_OPEN_PARTITIONS: Exceeded limit of 100 open writers")
    assert "Contents" not in athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix="by_day/")
    failure = athena.fails(
        "CREATE TABLE again WITH (external_location = 's3://athena-lake/by_month/') AS SELECT 1 AS n"
    )
    assert failure.startswith("HIVE_PATH_ALREADY_EXISTS")
    assert "Column name not specified" in athena.fails("CREATE TABLE nameless AS SELECT 1")
    assert "specified more than once" in athena.fails("CREATE TABLE twice AS SELECT 1 AS a, 2 AS a")
    assert "TABLE_ALREADY_EXISTS" in athena.fails("CREATE TABLE by_month AS SELECT 1 AS n")


def test_insert_adds_rows_and_partitions(athena: Athena) -> None:
    """ "INSERT INTO": values by position, a NULL partition, types checked."""
    athena(
        "CREATE EXTERNAL TABLE items (a int, b string) PARTITIONED BY (p string) STORED AS PARQUET "
        "LOCATION 's3://athena-lake/items/'"
    )
    athena("INSERT INTO items VALUES (1, 'x', 'p1'), (2, 'y', 'p2'), (3, NULL, NULL)")
    athena("INSERT INTO items (a, p) SELECT 4, 'p1'")
    assert athena("SELECT * FROM items ORDER BY a").rows == [
        ("1", "x", "p1"), ("2", "y", "p2"), ("3", None, None), ("4", None, "p1"),
    ]  # fmt: skip
    assert "mismatched column types" in athena.fails("INSERT INTO items SELECT 'x', 'y', 'z'")


def test_unload_writes_objects_and_a_manifest(athena: Athena) -> None:
    """ "UNLOAD": only to an empty place; DataManifestLocation lists what was written."""
    sql = "UNLOAD (SELECT carrier, count(*) AS n FROM flights GROUP BY 1) TO 's3://athena-lake/unloaded/' "
    answer = athena(sql + "WITH (format = 'JSON', compression = 'gzip')")
    manifest = answer.execution["Statistics"]["DataManifestLocation"].removeprefix("s3://athena-lake/")
    (place,) = athena.s3.get_object(Bucket=athena.bucket, Key=manifest)["Body"].read().decode().split()
    body = athena.s3.get_object(Bucket=athena.bucket, Key=place.removeprefix("s3://athena-lake/"))["Body"].read()
    assert len(gzip.decompress(body).splitlines()) == 16
    assert athena.fails(sql + "WITH (format = 'JSON')").startswith("HIVE_PATH_ALREADY_EXISTS")


def test_views_are_opened_where_they_are_used(athena: Athena) -> None:
    """ "Work with views": kept in the catalog as text; DROP VIEW does not touch tables."""
    athena("CREATE VIEW far AS SELECT carrier, distance * 2 AS twice FROM flights WHERE distance > 2000")
    assert athena("SELECT count(*) FROM far WHERE carrier = 'HA'").rows == [("342",)]
    athena("CREATE OR REPLACE VIEW far AS SELECT 1 AS one")
    assert athena("SELECT * FROM far").rows == [("1",)]
    assert "TABLE_NOT_FOUND" in athena.fails("DROP VIEW flights")
    athena("DROP VIEW far")
    assert "TABLE_NOT_FOUND" in athena.fails("SELECT * FROM far")


def test_parameters_and_prepared_statements(athena: Athena) -> None:
    """ "Use parameterized queries": ExecutionParameters, PREPARE, EXECUTE … USING; values cannot become SQL."""
    sql = "SELECT count(*) FROM flights WHERE month = ? AND origin = ?"
    expected = athena("SELECT count(*) FROM flights WHERE month = 3 AND origin = 'JFK'").rows
    assert athena(sql, ExecutionParameters=["3", "'JFK'"]).rows == expected
    assert athena("SELECT ?", ExecutionParameters=["x'; DROP TABLE flights"]).rows == [("x'; DROP TABLE flights",)]
    one = "SELECT count(*) FROM flights WHERE origin = ? AND month = 3"
    assert athena(one, ExecutionParameters=["'JFK' --"]).rows == expected
    assert athena(one, ExecutionParameters=["'x' UNION SELECT 1"]).rows == [("0",)]
    assert athena.fails(one, ExecutionParameters=["'x' OR 1 = 1"]).startswith("TYPE_MISMATCH")
    athena(f"PREPARE by_origin FROM {sql}")
    assert athena("EXECUTE by_origin USING 3, 'JFK'").rows == expected
    assert "expected 2 but found 1" in athena.fails("EXECUTE by_origin USING 3")


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT * FROM nowhere", "TABLE_NOT_FOUND: line 1:15: Table 'awsdatacatalog.air.nowhere' does not exist"),
        ("SELECT * FROM no.where_", "SCHEMA_NOT_FOUND: line 1:15: Schema 'no' does not exist"),
        (
            "SELECT\n  nope FROM flights",
            "COLUMN_NOT_FOUND: line 2:3: Column 'nope' cannot be resolved or requester is not authorized to access "
            "requested resources",
        ),
        ("SELECT frobnicate(1)", "FUNCTION_NOT_FOUND: line 1:8: Function 'frobnicate' not registered"),
        ("SELECT carrier = 1 FROM flights", "TYPE_MISMATCH: line 1:16: Cannot apply operator: varchar = integer"),
        ("SELECT 1 / 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT CAST('abc' AS integer)", "INVALID_CAST_ARGUMENT: Cannot cast 'abc' to INT"),
        ("DROP TABLE nowhere", "FAILED: SemanticException [Error 10001]: Table not found air.nowhere"),
    ],
)
def test_failures_speak_as_athena_does(athena: Athena, sql: str, reason: str) -> None:
    """ "Athena error catalog": the reason, and AthenaError with category 2 (user)."""
    answer = athena.run(sql)
    assert (answer.state, answer.reason) == ("FAILED", reason)
    error = answer.execution["Status"]["AthenaError"]
    assert error["ErrorCategory"] == 2 and error["ErrorMessage"] == reason


def test_a_syntax_error_is_refused_at_once(athena: Athena) -> None:
    """StartQueryExecution: InvalidRequestException with the place of the error."""
    for sql, words in (("SELEC 1", "line 1:1: mismatched input 'SELEC'"), ("SELECT 1 FROM a b c", "line 1:19")):
        with pytest.raises(ClientError, match=words) as error:
            athena.start(sql)
        assert error.value.response["Error"]["Code"] == "InvalidRequestException"


def test_no_query_reaches_the_host(athena: Athena, lab: RunningLab) -> None:
    """Only functions that Athena has, only tables of the catalog: no file, no setting, no other database."""
    for sql in (
        "SELECT * FROM read_csv('/etc/hostname')",
        "SELECT read_text('/etc/hostname')",
        "SELECT * FROM '/etc/hostname'",
        "SELECT * FROM glob('/*')",
        "SELECT getenv('HOME')",
        "SELECT current_setting('temp_directory')",
        "SELECT * FROM duckdb_settings()",
        'SELECT * FROM "duckdb_settings"',
        "SELECT * FROM pg_catalog.pg_tables",
        f'SELECT * FROM "{lab.directory}/lab.json"',
    ):
        try:
            answer = athena.run(sql)
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidRequestException"
        else:
            assert answer.state == "FAILED", sql
    for sql in ("COPY flights TO '/tmp/x'", "ATTACH '/tmp/x'", "INSTALL httpfs", "SET threads = 1", "PRAGMA version"):
        with pytest.raises(ClientError, match="mismatched input"):
            athena.start(sql)


def test_a_long_query_can_be_stopped(athena: Athena) -> None:
    """StopQueryExecution: CANCELLED, soon; a query that has ended stays as it is."""
    query_id = athena.start("SELECT count(*) FROM flights a, flights b, flights c WHERE a.distance + b.day > c.month")
    client = athena.client
    eventually(
        lambda: client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]["State"] == "RUNNING"
    )
    client.stop_query_execution(QueryExecutionId=query_id)
    assert athena.wait(query_id, 10)["Status"]["State"] == "CANCELLED"
    with pytest.raises(ClientError, match="CANCELLED"):
        client.get_query_results(QueryExecutionId=query_id)
    done = athena("SELECT 1").execution["QueryExecutionId"]
    client.stop_query_execution(QueryExecutionId=done)
    assert athena.wait(done)["Status"]["State"] == "SUCCEEDED"


@pytest.mark.parametrize("approach", ["direct", "ctas", "unload"])
def test_awswrangler_reads_in_each_of_its_ways(athena: Athena, wrangler: Any, approach: str) -> None:
    """awswrangler.athena.read_sql_query: the CSV result, a temporary table, UNLOAD."""
    frame = wr.athena.read_sql_query(
        "SELECT carrier, count(*) AS n, avg(dep_delay) AS delay, max(time_hour) AS last FROM flights GROUP BY carrier",
        database="air",
        ctas_approach=approach == "ctas",
        unload_approach=approach == "unload",
        s3_output=f"s3://athena-lake/wrangler-{approach}/",
        boto3_session=wrangler,
        athena_query_wait_polling_delay=0.02,
    )
    assert len(frame) == 16 and int(frame["n"].sum()) == 336776
    assert str(frame["last"].dtype).startswith("datetime64")
    assert float(frame.set_index("carrier")["delay"]["UA"]) == pytest.approx(12.106072888459614)


def test_awswrangler_round_trips_types_and_reads_the_catalog(athena: Athena, wrangler: Any) -> None:
    """s3.to_parquet with a catalog table, read back by a temporary table: every type as it was, NULLs too."""
    frame = pd.DataFrame(
        {
            "i": pd.array([1, None], dtype="Int64"),
            "f": [1.5, None],
            "s": ["é", None],
            "b": pd.array([True, None], dtype="boolean"),
            "d": [date(2024, 1, 1), None],
            "t": pd.to_datetime(["2024-01-01 10:00", None]),
            "m": [Decimal("1.10"), None],
            "l": [[1, 2], None],
            "p": ["x", "y"],
        }
    )
    options: dict[str, Any] = {"database": "air", "boto3_session": wrangler}
    wr.s3.to_parquet(
        frame,
        path="s3://athena-lake/typed/",
        dataset=True,
        table="typed",
        partition_cols=["p"],
        dtype={"l": "array<bigint>", "m": "decimal(10,2)"},
        **options,
    )
    output: dict[str, Any] = {"s3_output": "s3://athena-lake/typed-out/", "athena_query_wait_polling_delay": 0.02}
    read = wr.athena.read_sql_query("SELECT * FROM typed ORDER BY p", **output, **options)
    first, second = read.to_dict("records")
    assert (first["i"], first["f"], first["s"], first["b"]) == (1, 1.5, "é", True)
    assert (first["d"], first["t"], first["m"]) == (date(2024, 1, 1), pd.Timestamp("2024-01-01 10:00"), Decimal("1.10"))
    assert list(first["l"]) == [1, 2]
    assert all(pd.isna(second[name]) for name in "ifsbdtm") and second["l"] is None and second["p"] == "y"
    described = wr.athena.describe_table(table="typed", s3_output=output["s3_output"], **options)
    assert dict(zip(described["Column Name"], described["Type"], strict=True))["m"] == "decimal(10,2)"
    chunks = wr.athena.read_sql_query(
        "SELECT i FROM typed WHERE p = ?",
        params=["x"],
        paramstyle="qmark",
        ctas_approach=False,
        chunksize=1,
        **output,
        **options,
    )
    assert [len(chunk) for chunk in chunks] == [1]
