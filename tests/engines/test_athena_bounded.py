"""Athena under attack: names that are paths, patterns that do not end, sizes that take all memory.

Sources: "Use partition projection with Amazon Athena", "Regex SerDe", Trino's functions.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from botocore.exceptions import ClientError

from localaws.wildcards import matches
from tests.conftest import RunningLab, eventually
from tests.engines.athena_tools import Athena, athena_in

athena = athena_in("athena-bounded", "bounded")


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

    def state() -> str:
        return str(athena.client.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]["State"])

    eventually(lambda: state() == "RUNNING")
    time.sleep(0.5)
    slowest = 0.0
    for _ in range(10):
        started = time.monotonic()
        athena.s3.head_bucket(Bucket=athena.bucket)
        slowest = max(slowest, time.monotonic() - started)
    assert state() == "RUNNING"
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


def projected(athena: Athena, name: str, kind: str, **properties: str) -> None:
    settings = {"projection.enabled": "true", **{f"projection.k.{key}": value for key, value in properties.items()}}
    told = ", ".join(f"'{key}'='{value}'" for key, value in settings.items())
    athena(
        f"CREATE EXTERNAL TABLE {name} (v int) PARTITIONED BY (k {kind}) ROW FORMAT DELIMITED "
        f"LOCATION 's3://{athena.bucket}/{name}/' TBLPROPERTIES ({told})"
    )


def test_a_projection_without_bounds_is_refused(athena: Athena) -> None:
    """Trino reads no more than a million partitions in one scan (hive.max-partitions-per-scan)."""
    projected(athena, "endless", "bigint", type="integer", range="0,99999999999")
    assert athena.fails("SELECT * FROM endless").startswith("HIVE_EXCEEDED_PARTITION_LIMIT: Query over table ")
    athena.put("endless/k=99999999998/data", "7\n")
    assert athena("SELECT v, k FROM endless WHERE k = 99999999998").rows == [("7", "99999999998")]
    projected(athena, "seconds", "string", type="date", range="0001-01-01 00:00:00,NOW", format="yyyy-MM-dd HH:mm:ss")
    assert athena.fails("SELECT * FROM seconds").startswith("HIVE_EXCEEDED_PARTITION_LIMIT")


@pytest.mark.parametrize(
    "name, properties",
    [
        ("digits", {"type": "integer", "range": "1,9", "digits": "1000000"}),
        ("stepless", {"type": "integer", "range": "1,9", "interval": "0"}),
        ("wordy", {"type": "integer", "range": "one,nine"}),
        ("open", {"type": "integer", "range": "1"}),
        ("unformatted", {"type": "date", "range": "2024,2025", "format": "yyyy-QQQQQ"}),
        ("early", {"type": "date", "range": "NOW-99999999999DAYS,NOW", "format": "yyyy-MM-dd"}),
        ("still", {"type": "date", "range": "2024-01-01,2024-01-02", "format": "yyyy-MM-dd", "interval": "0"}),
    ],
)
def test_a_projection_that_makes_no_sense_is_refused(athena: Athena, name: str, properties: dict[str, str]) -> None:
    projected(athena, f"odd_{name}", "string", **properties)
    assert athena.fails(f"SELECT * FROM odd_{name}").startswith("INVALID_TABLE_PROPERTY")


def test_a_projected_date_is_written_as_its_format_has_it(athena: Athena) -> None:
    """ "Date type": the format is Java's, in which M and d have no zeros before them."""
    projected(athena, "short", "string", type="date", range="2024/1/1,2024/2/1", format="yyyy/M/d")
    athena.put("short/k=2024/1/9/data", "9\n")
    assert athena("SELECT v, k FROM short").rows == [("9", "2024/1/9")]


SIZES = [
    ("format('%1$2000000000s', 'a')", "INVALID_FUNCTION_ARGUMENT: Invalid format string"),
    ("format('%.2000000000f', 1.5E0)", "INVALID_FUNCTION_ARGUMENT: Invalid format string"),
    ("rpad('a', 2000000000, 'b')", "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    ("lpad('a', 2000000000, 'b')", "EXCEEDED_LOCAL_MEMORY_LIMIT"),
    (
        "rpad('a', 2147483648, 'b')",
        "INVALID_FUNCTION_ARGUMENT: Target length must be in the range [0..2147483647]",
    ),
    (
        "repeat('a', 2000000000)",
        "INVALID_FUNCTION_ARGUMENT: count argument of repeat function must be less than or equal to 10000",
    ),
    (
        "sequence(1, 10001)",
        "INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries",
    ),
    (
        "sequence(1, 2000000000, 2)",
        "INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries",
    ),
    (
        "sequence(DATE '0001-01-01', DATE '9999-01-01')",
        "INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries",
    ),
    (
        "sequence(TIMESTAMP '2001-01-01 00:00:00', TIMESTAMP '2009-01-01 00:00:00', INTERVAL '1' SECOND)",
        "INVALID_FUNCTION_ARGUMENT: result of sequence function must not have more than 10000 entries",
    ),
    ("combinations(sequence(1, 1000), 5)", "INVALID_FUNCTION_ARGUMENT: combinations exceed max size"),
    ("replace(rpad('a', 1000000, 'a'), 'a', rpad('b', 10000, 'b'))", "EXCEEDED_LOCAL_MEMORY_LIMIT"),
]


@pytest.mark.parametrize("expression, message", SIZES)
def test_a_value_that_would_take_all_memory_is_refused(athena: Athena, expression: str, message: str) -> None:
    """Trino's limits of a function's result (MAX_RESULT_ENTRIES, MAX_RESULT_ELEMENTS), or this lab's of a text."""
    assert athena.fails(f"SELECT {expression}").startswith(message)


def test_sizes_within_the_limits_are_made(athena: Athena) -> None:
    answer = athena(
        "SELECT length(rpad('a', 1000000, 'b')), cardinality(sequence(1, 10000)), cardinality(repeat('a', 10000)), "
        "cardinality(combinations(sequence(1, 30), 3)), length(replace(rpad('a', 1000000, 'a'), 'a', 'bb')), "
        "length(format('%100000s', 'a')), format('%.2f', 1.005E0), replace('aXbX', 'X', 'yy'), lpad('7', 3, '0')"
    )
    assert answer.rows == [("1000000", "10000", "10000", "4060", "2000000", "100000", "1.01", "ayybyy", "007")]


def test_patterns_of_names_end(athena: Athena) -> None:
    """ListTableMetadata's Expression is a regular expression; that of SHOW TABLES has only * and |."""
    name = "a" * 60
    athena(f"CREATE EXTERNAL TABLE {name} (v int) LOCATION 's3://{athena.bucket}/named/'")
    request = {"CatalogName": "AwsDataCatalog", "DatabaseName": athena.database}
    with pytest.raises(ClientError) as caught:
        athena.client.list_table_metadata(Expression="(a+)+b", **request)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    with pytest.raises(ClientError) as caught:
        athena.client.list_table_metadata(Expression="(", **request)
    assert caught.value.response["Error"]["Code"] == "InvalidRequestException"
    found = athena.client.list_table_metadata(Expression="a{59}.", **request)["TableMetadataList"]
    assert [each["Name"] for each in found] == [name]
    assert athena(f"SHOW TABLES '{'a*' * 30}b'").rows == []
    assert athena("SHOW TABLES 'b|a*'").rows == [(name,)]


@pytest.mark.parametrize(
    "pattern, text, fits",
    [
        ("a*", "a", True),
        ("a*a", "a", False),
        ("*b*b", "abb", True),
        ("a*b*c", "a1b2c", True),
        ("a*b*c", "a1c2b", False),
        ("", "", True),
        ("*", "", True),
        ("a*" * 1000 + "b", "a" * 100_000, False),
    ],
)
def test_a_star_is_anything(pattern: str, text: str, fits: bool) -> None:
    assert matches(pattern, text) is fits


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT " + "(" * 20_000 + "1" + ")" * 20_000,
        "SELECT " + "NOT " * 20_000 + "true",
        "SELECT " + "+".join(["1"] * 20_000),
        "SELECT " + "CASE WHEN true THEN " * 5_000 + "1" + " END" * 5_000,
        " UNION ALL ".join(["SELECT 1"] * 3_000),
    ],
    ids=["brackets", "NOT", "sum", "CASE", "UNION"],
)
def test_a_statement_nested_too_deeply_is_refused(athena: Athena, sql: str) -> None:
    """Trino's STACK_OVERFLOW, at the start or as the reason; others are served meanwhile and after."""
    try:
        reason = athena.run(sql).reason
    except ClientError as error:
        assert error.response["Error"]["Code"] == "InvalidRequestException"
        reason = error.response["Error"]["Message"]
    assert "stack overflow during analysis" in reason or "nested too deeply" in reason
    assert athena("SELECT 1").rows == [("1",)]
