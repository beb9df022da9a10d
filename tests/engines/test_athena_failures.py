"""Athena and what goes wrong: bad SQL, bad data, bad places, an end in the middle. The right words, nothing half-done.

Sources, in the Athena user guide: "Athena error catalog", "Troubleshoot issues in Athena" (the HIVE_… codes),
"Handle schema updates", "Considerations and limitations for CTAS"; the API reference for what is refused at once.
"""

from __future__ import annotations

import bz2
import gzip
import io
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from botocore.exceptions import ClientError, ParamValidationError
from pyarrow import orc

from tests.conftest import RunningLab, eventually
from tests.engines.athena_tools import Athena, athena_in

LAKE = "athena-failures"
COMMA = "ROW FORMAT DELIMITED FIELDS TERMINATED BY ','"
OPENX = "ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'"
#: Runs for minutes if nobody stops it; every part of it can be interrupted.
ENDLESS = "SELECT count(*) AS n FROM UNNEST(sequence(1, 9999)) AS a(x), UNNEST(sequence(1, 9999)) AS b(y), " \
          "UNNEST(sequence(1, 9999)) AS c(z) WHERE x * y + z > 7"  # fmt: skip

athena = athena_in(LAKE, "failures")


def table(athena: Athena, name: str, columns: str, layout: str = "STORED AS PARQUET", properties: str = "") -> None:
    """An external table over the objects under its name."""
    athena(f"CREATE EXTERNAL TABLE {name} ({columns}) {layout} LOCATION 's3://{LAKE}/{name}/' {properties}")


def put_parquet(athena: Athena, key: str, **columns: Any) -> bytes:
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer, row_group_size=1000)
    athena.put(key, buffer.getvalue())
    return buffer.getvalue()


def keys(athena: Athena, prefix: str) -> list[str]:
    listed = athena.s3.list_objects_v2(Bucket=athena.bucket, Prefix=prefix).get("Contents", [])
    return [each["Key"] for each in listed]


# What a statement says


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT", "line 1:7: mismatched input '<EOF>'"),
        ("SELECT * FORM t", "line 1:10: mismatched input 'FORM'"),
        ("SELECT (1", "line 1:10: mismatched input '<EOF>'"),
        ("SELECT a, FROM t", "line 1:11: mismatched input 'FROM'"),
        ("SELECT a\nFROM t\n  WHERE", "line 3:8: mismatched input '<EOF>'"),
        ("SELECT 'it''s", "line 1:8: mismatched input ''it''s'"),
        ("SELECT '`' AS a, `b` FROM t", "line 1:18: backquoted identifiers are not supported; use double quotes"),
        ("SELECT * FROM a JOIN b WHERE a.x = b.x", "line 1:24: mismatched input 'WHERE'"),
        ("INSERT INTO t", "line 1:14: mismatched input '<EOF>'"),
        ("DELETE FROM t WHERE", "line 1:20: mismatched input '<EOF>'"),
        ("SELECT 1; SELECT 2", "Only one sql statement is allowed"),
        ("DROP TABEL t", "line 1:6: mismatched input 'TABEL'"),
        ("GRANT SELECT ON t TO x", "line 1:1: mismatched input 'GRANT'. Expecting: 'ALTER', 'CREATE'"),
        ("INSERT INTO t VALUES (", "line 1:23: mismatched input '<EOF>'"),
        ("CREATE TABLE t AS SELECT a FROM", "line 1:32: mismatched input '<EOF>'"),
        ("UNLOAD (SELECT 1 +) TO 's3://b/x/' WITH (format = 'JSON')", "line 1:19: mismatched input '<EOF>'"),
        ("EXPLAIN SELECT a b c", "line 1:20: mismatched input 'c'"),
        ("CREATE VIEW v AS SELECT a,", "line 1:27: mismatched input '<EOF>'"),
    ],
)
def test_a_syntax_error_is_refused_at_once_and_pointed_at(athena: Athena, sql: str, reason: str) -> None:
    """StartQueryExecution: InvalidRequestException with line and column of the whole statement, from 1."""
    with pytest.raises(ClientError) as error:
        athena.start(sql)
    assert error.value.response["Error"]["Code"] == "InvalidRequestException"
    assert error.value.response["Error"]["Message"].startswith(reason)


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("CREATE VIEW v AS\nSELECT * FROM nowhere", "TABLE_NOT_FOUND: line 2:15: Table 'awsdatacatalog.failures.nowhe"),
        (
            "EXPLAIN SELECT nope FROM (VALUES 1) AS t(x)",
            "COLUMN_NOT_FOUND: line 1:16: Column 'nope' cannot be resolved",
        ),
        ("INSERT INTO nowhere VALUES (1)", "TABLE_NOT_FOUND: line 1:13: Table 'awsdatacatalog.failures.nowhere' does"),
        ("CREATE TABLE no.t AS SELECT 1 AS a", "SCHEMA_NOT_FOUND: line 1:1: Schema 'no' does not exist"),
        ("DROP DATABASE nowhere", "FAILED: SemanticException [Error 10072]: Database does not exist: nowhere"),
        ("SHOW TABLES IN nowhere", "FAILED: SemanticException [Error 10072]: Database does not exist: nowhere"),
        ("MSCK REPAIR TABLE nowhere", "FAILED: SemanticException [Error 10001]: Table not found failures.nowhere"),
        (
            "ALTER TABLE nowhere ADD COLUMNS (a int)",
            "FAILED: SemanticException [Error 10001]: Table not found failures.nowhere",
        ),
        ("-- why not\nSELECT nope", "COLUMN_NOT_FOUND: line 2:8: Column 'nope' cannot be resolved"),
        ('SELECT 1 FROM (VALUES 2) AS t(a) WHERE a = "JFK"', "COLUMN_NOT_FOUND: line 1:44: Column 'jfk' cannot be"),
        (
            "/* a\nb */ INSERT INTO\n nowhere SELECT 1",
            "TABLE_NOT_FOUND: line 3:2: Table 'awsdatacatalog.failures.nowhe",
        ),
        ("SELECT 5 % 0", "DIVISION_BY_ZERO: Division by zero"),
        ("SELECT 1 / (x - 1) FROM (VALUES 2, 1) AS t(x)", "DIVISION_BY_ZERO: Division by zero"),
        (
            "SELECT (SELECT x FROM (VALUES 1, 2) AS t(x))",
            "SUBQUERY_MULTIPLE_ROWS: Scalar sub-query has returned multip",
        ),
    ],
)
def test_what_is_missing_or_does_not_fit_is_told(athena: Athena, sql: str, reason: str) -> None:
    """ "Athena error catalog": the reason begins with Trino's code, or with Hive's words for DDL."""
    assert athena.fails(sql)[: len(reason)] == reason


def test_a_query_may_have_262144_bytes(athena: Athena) -> None:
    """StartQueryExecution: QueryString is at most 262,144 long."""
    longest = "SELECT 1 -- " + "x" * (262_144 - 12)
    assert athena(longest).rows == [("1",)]
    with pytest.raises(ClientError, match="262144"):
        athena.start(longest + "x")


@pytest.mark.parametrize("token", ["t" * 31, "t" * 129])
def test_a_client_token_has_32_to_128_characters(athena: Athena, token: str) -> None:
    """StartQueryExecution: ClientRequestToken; the SDK itself refuses one that is too short."""
    with pytest.raises((ClientError, ParamValidationError), match=r"(?i)ClientRequestToken"):
        athena.start("SELECT 1", ClientRequestToken=token)


def test_results_are_there_only_after_success(athena: Athena) -> None:
    """GetQueryResults: InvalidRequestException for a query that runs, has failed or does not exist."""
    failed = athena.run("SELECT 1 / 0").execution["QueryExecutionId"]
    with pytest.raises(ClientError, match=r"did not finish successfully.*FAILED"):
        athena.client.get_query_results(QueryExecutionId=failed)
    running = athena.start(ENDLESS)
    with pytest.raises(ClientError, match="not yet finished"):
        athena.client.get_query_results(QueryExecutionId=running)
    athena.client.stop_query_execution(QueryExecutionId=running)
    athena.wait(running)
    with pytest.raises(ClientError, match="was not found"):
        athena.client.get_query_results(QueryExecutionId="00000000-0000-0000-0000-000000000000")


# What the data says


def unreadable(athena: Athena) -> dict[str, tuple[str, str, str]]:
    """Objects that are not what their table says → the table's columns, its layout, and what Athena says."""
    numbers = list(range(20_000))
    parquet = put_parquet(athena, "cut_parquet/whole", id=numbers, s=[str(n) for n in numbers])
    buffer = io.BytesIO()
    orc.write_table(pa.table({"id": numbers}), buffer)
    text = b"1,a\n" * 50_000
    bent = bytearray(parquet)
    bent[len(bent) // 4 : len(bent) // 2] = b"\xff" * (len(bent) // 2 - len(bent) // 4)
    objects = {
        "text_parquet": ("text.parquet", b"id,s\n1,x\n"),
        "cut_parquet": ("whole", parquet[: len(parquet) // 2]),
        "bent_parquet": ("bent.parquet", bytes(bent)),
        "cut_orc": ("cut.orc", buffer.getvalue()[:-200]),
        "cut_gzip": ("cut.csv.gz", gzip.compress(text)[:100]),
        "no_gzip": ("plain.csv.gz", text[:400]),
        "cut_bzip2": ("cut.csv.bz2", bz2.compress(text)[:-10]),
        "bad_json": ("bad.json", b'{"id": 1}\n{"id": \n'),
        "array_json": ("array.json", b'{"id": 1}\n[1, 2]\n'),
        "typed_json": ("typed.json", b'{"id": 1}\n{"id": "x"}\n'),
        "line_break": ("broken.csv", b'1,"a\nb"\n2,"c"\n'),
        "no_number": ("quoted.csv", b'"1","a"\n"","b"\n'),
    }
    for name, (file, data) in objects.items():
        athena.put(f"{name}/{file}", data)
    open_csv = "ROW FORMAT SERDE 'org.apache.hadoop.hive.serde2.OpenCSVSerde'"
    both = "id bigint, s string"
    return {
        "text_parquet": (both, "STORED AS PARQUET", "HIVE_BAD_DATA: Not valid Parquet file: {}/text.parquet"),
        "cut_parquet": (both, "STORED AS PARQUET", "HIVE_BAD_DATA: Not valid Parquet file: {}/whole"),
        "bent_parquet": (both, "STORED AS PARQUET", "HIVE_CURSOR_ERROR: Failed to read Parquet file"),
        "cut_orc": ("id bigint", "STORED AS ORC", "HIVE_BAD_DATA: Error opening Hive split {}/cut.orc"),
        "cut_gzip": (both, COMMA, "HIVE_CANNOT_OPEN_SPLIT: Unexpected end of GZIP stream: {}/cut.csv.gz"),
        "no_gzip": (both, COMMA, "HIVE_CANNOT_OPEN_SPLIT: Input is not a GZIP stream: {}/plain.csv.gz"),
        "cut_bzip2": (both, COMMA, "HIVE_CURSOR_ERROR: Failed to read file at {}/cut.csv.bz2"),
        "bad_json": ("id int", OPENX, "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException"),
        "array_json": ("id string", OPENX, "HIVE_CURSOR_ERROR: Row is not a valid JSON Object - JSONException"),
        "typed_json": ("id int", OPENX, "HIVE_BAD_DATA: Error parsing field value 'x' in line 2 of {}/typed.json"),
        "no_number": (
            both,
            open_csv,
            "HIVE_BAD_DATA: Error parsing field value '' for field 0: For input string: \"\"",
        ),
    }


def test_files_that_cannot_be_read_end_the_query_by_name(athena: Athena, lab: RunningLab) -> None:
    """ "Troubleshoot issues in Athena": HIVE_BAD_DATA, HIVE_CURSOR_ERROR, HIVE_CANNOT_OPEN_SPLIT, and the object."""
    for name, (columns, layout, reason) in unreadable(athena).items():
        table(athena, name, columns, layout)
        told = athena.fails(f"SELECT * FROM {name}")
        assert told.startswith(reason.format(f"s3://{LAKE}/{name}")), name
        assert str(lab.directory) not in told


def test_parquet_files_may_differ_from_each_other(athena: Athena) -> None:
    """ "Handle schema updates": read by name; what is missing is NULL, what is more is left, integers may differ."""
    put_parquet(athena, "drift/1", a=pa.array([1], pa.int32()), b=["x"])
    put_parquet(athena, "drift/2", extra=[1.5], b=["y"], a=pa.array([2], pa.int64()))
    table(athena, "drift", "c date, b string, a bigint")
    assert athena("SELECT a, b, c FROM drift ORDER BY a").rows == [("1", "x", None), ("2", "y", None)]


def test_structs_may_differ_from_file_to_file(athena: Athena) -> None:
    """ "Handle schema updates": a struct's fields are matched by name too; one that a file does not have is NULL."""
    put_parquet(athena, "structs/1", s=[{"a": 1, "b": "x"}])
    put_parquet(athena, "structs/2", s=[{"b": "y", "c": 2.5, "a": 2}], extra=[0])
    put_parquet(athena, "structs/3", extra=[1])
    table(athena, "structs", "s struct<a:bigint,b:string,c:double>")
    assert athena("SELECT s, s.c FROM structs ORDER BY s.a").rows == [
        ("{a=1, b=x, c=null}", None),
        ("{a=2, b=y, c=2.5}", "2.5"),
        (None, None),
    ]


def test_columns_are_matched_by_name_or_by_place(athena: Athena) -> None:
    """ "Handle schema updates": Parquet by name, ORC by index; parquet. and orc.column.index.access turn that round."""
    sql = "CREATE TABLE {0} WITH (format = '{1}', external_location = 's3://{2}/{0}/') AS SELECT 1 AS a, 'x' AS b"
    for format in ("parquet", "orc"):
        athena(sql.format(f"in_{format}", format.upper(), LAKE))
        serde = athena.lab.client("glue").get_table(DatabaseName="failures", Name=f"in_{format}")["Table"]
        library = serde["StorageDescriptor"]["SerdeInfo"]["SerializationLibrary"]
        for access in ("true", "false"):
            athena(
                f"CREATE EXTERNAL TABLE {format}_{access} (n int, b string, a int) ROW FORMAT SERDE '{library}' WITH "
                f"SERDEPROPERTIES ('{format}.column.index.access' = '{access}') STORED AS {format.upper()} LOCATION "
                f"'s3://{LAKE}/in_{format}/'"
            )
            expected = ("1", "x", None) if access == "true" else (None, "x", "1")
            assert athena(f"SELECT * FROM {format}_{access}").rows == [expected]


@pytest.mark.parametrize(
    ("storage", "reason"),
    [
        ({}, "HIVE_UNSUPPORTED_FORMAT: Table StorageDescriptor is null for table bare"),
        ({"Location": f"s3://{LAKE}/bare/"}, "HIVE_UNSUPPORTED_FORMAT: Unable to create input format"),
        (
            {"Location": f"s3://{LAKE}/bare/", "SerdeInfo": {"SerializationLibrary": "x.y.NoSerDe"}},
            "NOT_SUPPORTED: The SerDe",
        ),
        ({"Location": "nowhere"}, "INVALID_TABLE_PROPERTY: The S3 location must look like"),
        ({"Location": "s3://..%2f..%2f/"}, "INVALID_TABLE_PROPERTY: The S3 location must look like"),
    ],
)
def test_a_table_that_others_have_made_badly(athena: Athena, storage: dict[str, Any], reason: str) -> None:
    """Glue takes what a query cannot use: the query says so, and the table can still be told and dropped."""
    glue = athena.lab.client("glue")
    columns = {"Columns": [{"Name": "a", "Type": "int"}]} if storage else {}
    described = {"Name": "bare", "StorageDescriptor": {**columns, **storage}} if storage else {"Name": "bare"}
    glue.create_table(DatabaseName="failures", TableInput=described)
    assert athena.fails("SELECT * FROM bare").startswith(reason)
    for sql in ("SHOW CREATE TABLE bare", "DESCRIBE bare", "DESCRIBE FORMATTED bare", "DROP TABLE bare"):
        athena(sql)


def test_orc_that_does_not_fit_its_column(athena: Athena) -> None:
    athena(f"CREATE TABLE texts WITH (format = 'ORC', external_location = 's3://{LAKE}/orc/') AS SELECT 'x' AS a")
    athena(f"CREATE EXTERNAL TABLE misread (a int) STORED AS ORC LOCATION 's3://{LAKE}/orc/'")
    reason = "HIVE_BAD_DATA: Malformed ORC file. Cannot read SQL type 'integer' from ORC stream '.a' of type STRING"
    assert athena.fails("SELECT a FROM misread").startswith(reason)


def test_a_column_of_another_type_ends_only_queries_that_read_it(athena: Athena) -> None:
    """HIVE_BAD_DATA tells the column, both types and the object; a count or another column is not concerned."""
    put_parquet(athena, "typed/1", a=["x"], b=[1])
    table(athena, "typed", "a bigint, b bigint")
    assert athena("SELECT b, count(*) OVER () FROM typed").rows == [("1", "1")]
    assert athena.fails("SELECT a FROM typed") == (
        f"HIVE_BAD_DATA: Malformed Parquet file. Field a's type BYTE_ARRAY in parquet file s3://{LAKE}/typed/1 "
        "is incompatible with type bigint defined in table schema"
    )


def test_a_number_too_large_for_its_column_is_told(athena: Athena) -> None:
    """ "Troubleshoot issues in Athena": GENERIC_INTERNAL_ERROR: Value exceeds MAX_INT."""
    put_parquet(athena, "wide/1", a=[1, 2**40])
    table(athena, "wide", "a int")
    assert athena.fails("SELECT a FROM wide") == f"GENERIC_INTERNAL_ERROR: Value {2**40} exceeds MAX_INT"


def test_a_partition_keeps_its_own_schema(athena: Athena) -> None:
    """ "Updates in tables with partitions": HIVE_PARTITION_SCHEMA_MISMATCH where types cannot be coerced."""
    athena.put("parts/p=1/a.csv", "1,true\n")
    table(athena, "parts", "n int, flag boolean", f"PARTITIONED BY (p int) {COMMA}")
    athena("MSCK REPAIR TABLE parts")
    athena("ALTER TABLE parts REPLACE COLUMNS (n bigint, flag boolean)")
    assert athena("SELECT n, flag FROM parts").rows == [("1", "true")]
    athena("ALTER TABLE parts REPLACE COLUMNS (n bigint, flag date)")
    assert athena.fails("SELECT n FROM parts") == (
        "HIVE_PARTITION_SCHEMA_MISMATCH: There is a mismatch between the table and partition schemas. The types are "
        "incompatible and cannot be coerced. The column 'flag' in table 'failures.parts' is declared as type 'date', "
        "but partition 'p=1' declared column 'flag' as type 'boolean'."
    )
    athena("ALTER TABLE parts DROP PARTITION (p=1)")
    athena("MSCK REPAIR TABLE parts")
    assert athena("SELECT n FROM parts").rows == [("1",)]


# Places


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO lost VALUES (1)",
        "UNLOAD (SELECT 1 AS a) TO 's3://athena-no-such-bucket/x/' WITH (format = 'JSON')",
        "CREATE TABLE lost_too WITH (external_location = 's3://athena-no-such-bucket/x/') AS SELECT 1 AS a",
        "SELECT * FROM lost",
    ],
)
def test_a_bucket_that_is_not_there(athena: Athena, sql: str) -> None:
    athena("CREATE EXTERNAL TABLE IF NOT EXISTS lost (a int) LOCATION 's3://athena-no-such-bucket/y/'")
    reason = athena.fails(sql)
    assert reason.startswith("HIVE_FILESYSTEM_ERROR") and "NoSuchBucket" in reason


@pytest.mark.parametrize("place", ["https://x/y/", "/etc/", "file:///etc/", "s3:///x/"])
def test_a_table_lies_in_s3(athena: Athena, place: str) -> None:
    """CREATE TABLE: LOCATION is s3://bucket/folder/."""
    sql = f"CREATE EXTERNAL TABLE misplaced (a string) LOCATION '{place}'"
    reason = athena.run(sql).reason or athena.fails("SELECT * FROM misplaced")
    assert "s3://" in reason


def test_no_name_leads_out_of_the_lab(athena: Athena, lab: RunningLab) -> None:
    """A location is a bucket and a key, whatever dots are in it; a string is never a file."""
    for up in ("../../../../../../etc/", "..%2F..%2Fetc/", "x/../../lab.json/"):
        athena(f"CREATE EXTERNAL TABLE up (a string) LOCATION 's3://{LAKE}/{up}'")
        assert athena("SELECT * FROM up").rows == []
        athena("DROP TABLE up")
    for sql in (
        "SELECT * FROM read_parquet('/etc/passwd')",
        "SELECT * FROM read_json('/etc/passwd')",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('x')",
        f'SELECT * FROM "s3://{LAKE}/drift/1"',
        "SELECT * FROM sniff_csv('/etc/passwd')",
        "SELECT * FROM which_secret('s3://x', 's3')",
        "SELECT * FROM temp.information_schema.tables",
        "SELECT getvariable('x')",
        "SELECT write_log('x')",
        "SELECT error('ATHENA X: y')",
        f"UNLOAD (SELECT 1 AS a) TO '{lab.directory}/out/' WITH (format = 'JSON')",
        f"UNLOAD (SELECT 1 AS a) TO 'file://{lab.directory}/out/' WITH (format = 'JSON')",
    ):
        assert athena.run(sql).state == "FAILED", sql
    for word in ("COPY (SELECT 1) TO '/tmp/x'", "EXPORT DATABASE 'x'", "IMPORT DATABASE 'x'", "LOAD httpfs", "CALL f()",
                 "DETACH x", "CHECKPOINT", "VACUUM ANALYZE", "CREATE SECRET (TYPE s3)", "CREATE MACRO f() AS 1",
                 "SUMMARIZE SELECT 1", "PIVOT x ON y", "FROM x"):  # fmt: skip
        try:
            assert athena.run(word).state == "FAILED", word
        except ClientError as error:
            assert error.response["Error"]["Code"] == "InvalidRequestException"
    assert not (lab.directory / "out").exists()


# Ends in the middle


@pytest.mark.parametrize(
    "sql",
    [
        f"CREATE TABLE stopped WITH (external_location = 's3://{LAKE}/stopped/') AS {ENDLESS}",
        f"UNLOAD ({ENDLESS}) TO 's3://{LAKE}/stopped/' WITH (format = 'PARQUET')",
        ENDLESS,
    ],
)
def test_a_cancelled_query_leaves_nothing(athena: Athena, sql: str) -> None:
    """StopQueryExecution: CANCELLED; no result, no table, nothing under its location."""
    query_id = athena.start(sql)

    def state() -> str:
        return str(athena.client.get_query_execution(QueryExecutionId=query_id)["QueryExecution"]["Status"]["State"])

    eventually(lambda: state() == "RUNNING")
    athena.client.stop_query_execution(QueryExecutionId=query_id)
    status = athena.wait(query_id, 10)["Status"]
    assert status["State"] == "CANCELLED" and "AthenaError" not in status
    assert "TABLE_NOT_FOUND" in athena.fails("SELECT * FROM stopped")
    assert keys(athena, "stopped/") == []
    assert [key for key in keys(athena, "results/") if query_id in key] == []


@pytest.mark.parametrize(
    ("sql", "reason"),
    [
        ("SELECT 1 / (5000 - x) AS a, CAST(x % 7 AS varchar) AS p FROM UNNEST(sequence(1, 9999)) AS t(x)", "DIVISION"),
        ("SELECT x AS a, CAST(x AS varchar) AS p FROM UNNEST(sequence(1, 101)) AS t(x)", "HIVE_TOO_MANY_OPEN"),
    ],
)
def test_an_insert_that_fails_half_way_adds_nothing(athena: Athena, sql: str, reason: str) -> None:
    """ "INSERT INTO": no rows, no partitions, no objects of a statement that did not succeed."""
    athena(
        f"CREATE EXTERNAL TABLE IF NOT EXISTS halves (a bigint) PARTITIONED BY (p string) STORED AS PARQUET "
        f"LOCATION 's3://{LAKE}/halves/'"
    )
    assert athena.fails(f"INSERT INTO halves {sql}").startswith(reason)
    assert athena("SHOW PARTITIONS halves").rows == [] and keys(athena, "halves/") == []


def test_a_ctas_over_the_cutoff_makes_no_table(athena: Athena) -> None:
    """ "Configure data usage controls": cancelled when the limit is exceeded, whatever the statement."""
    athena.put("heavy/a.csv", "0123456789,abcdefghijklmnopqrstuvwxyz\n" * 270_000)
    table(athena, "heavy", "n bigint, s string", COMMA)
    settings = {"BytesScannedCutoffPerQuery": 10_000_000, "EnforceWorkGroupConfiguration": False}
    athena.client.create_work_group(Name="failures-cutoff", Configuration=settings)
    answer = athena.run("CREATE TABLE light AS SELECT max(n) AS n FROM heavy", WorkGroup="failures-cutoff")
    assert (answer.state, answer.reason) == ("CANCELLED", "Query cancelled! : Bytes scanned limit was exceeded")
    assert "TABLE_NOT_FOUND" in athena.fails("SELECT * FROM light")


INTO_MANY = "SELECT x AS n, CAST(x % 100 AS varchar) AS p FROM UNNEST(sequence(1, 9900)) AS t(x)"
AT_WORK = (
    f"CREATE TABLE ctas WITH (partitioned_by = ARRAY['p'], external_location = 's3://{LAKE}/ctas/') AS {INTO_MANY}",
    f"INSERT INTO insert_ {INTO_MANY}",
    f"UNLOAD ({INTO_MANY}) TO 's3://{LAKE}/unload/' WITH (format = 'PARQUET', partitioned_by = ARRAY['p'])",
    f"CREATE TABLE slow WITH (external_location = 's3://{LAKE}/slow/') AS {ENDLESS}",
)


def test_a_killed_lab_shows_nothing_half_written(new_lab: Callable[..., RunningLab]) -> None:
    """All objects of a statement or none of them, and each is whole; no table that was not finished; no scratch file.

    (On AWS what a failed CTAS or INSERT wrote may stay behind as orphaned data, named in its manifest.)
    """
    lab = new_lab()
    athena = Athena(lab, LAKE, "killed")
    target = "CREATE EXTERNAL TABLE {} (n bigint) PARTITIONED BY (p string) STORED AS PARQUET LOCATION 's3://{}/{}/'"
    athena(target.format("insert_", LAKE, "insert"))
    ids = [athena.start(sql) for sql in AT_WORK]
    places = ("ctas/", "insert/", "unload/")
    eventually(lambda: any(len(keys(athena, place)) > 5 for place in places))  # in the middle of its objects
    lab.kill()
    lab.start()
    # the lab takes back by itself what was half written, without waiting for a query
    eventually(lambda: not (lab.directory / "athena" / "unfinished").exists(), 30)
    again = Athena(lab, LAKE, "after")
    assert again.fails("SELECT * FROM killed.slow").startswith(("TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND"))
    assert keys(again, "slow/") == [] and [key for key in keys(again, "results/") if ids[-1] in key] == []
    for place in places:
        again(target.format(f"left_{place[:-1]}", LAKE, place[:-1]))
        again(f"MSCK REPAIR TABLE left_{place[:-1]}")
        left = len(keys(again, place))
        assert left in (0, 100), place
        counted = again(f"SELECT count(*), count(DISTINCT p) FROM left_{place[:-1]}").rows
        assert counted == [("9900", "100") if left else ("0", "0")]
    scratch = lab.directory / "athena" / "scratch"
    assert not any((scratch / query_id).exists() for query_id in ids)
