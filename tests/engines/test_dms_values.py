"""One value never ends a load: values that CSV or Parquet write in a way of their own, or not at all.

Source: DMS user guide, "Error handling task settings" (DataErrorPolicy: LOG_ERROR is the default, the task goes on),
"Control table task settings" (only database targets have a table of exceptions), "Source data types for PostgreSQL".
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tests.conftest import RunningLab, eventually
from tests.engines.dms import AT_ONCE, Migration, only

#: A name for each row, and its value in the table's columns; "" leaves a column at NULL.
COLUMNS = {
    "ts": "timestamp",
    "tz": "timestamptz",
    "day": "date",
    "num": "numeric",
    "fixed": "numeric(10,2)",
    "tiny": "numeric(2,5)",
    "ratio": "double precision",
    "small": "real",
}
#: column, PostgreSQL's literal, what CSV has, what Parquet has (None: the row is left out; an int: the stored number)
VALUES: list[tuple[str, str, str, Any]] = [
    ("ts", "2013-01-01 05:15:00.123456", "2013-01-01 05:15:00.123456", 1357017300123),
    ("ts", "1969-12-31 23:59:59.999999", "1969-12-31 23:59:59.999999", -1),
    ("ts", "294000-06-01 00:00:00.000001", "294000-06-01 00:00:00.000001", 9215589801600000),
    ("ts", "0044-03-15 12:00:00 BC", "0044-03-15 12:00:00.000000 BC", -63517780800000),
    ("ts", "infinity", "infinity", None),
    ("tz", "-infinity", "-infinity", None),
    ("tz", "4713-01-01 00:00:00+00 BC", "4713-01-01 00:00:00.000000 BC", -210863520000000),
    ("day", "infinity", "infinity", None),
    ("day", "0044-03-15 BC", "0044-03-15 BC", -735160),
    ("day", "5874897-12-31", "5874897-12-31", 2145042905),
    ("num", "NaN", "NaN", None),
    ("num", "Infinity", "Infinity", None),
    ("num", "1e30", "1" + 30 * "0", None),
    ("num", "1" + 130 * "0", "1" + 130 * "0", None),
    ("num", "-" + 200 * "9", "-" + 200 * "9", None),
    ("num", "0.12345678", "0.12345678", "0.123457"),
    ("fixed", "NaN", "NaN", None),
    ("tiny", "0.00012", "0.00012", "0.00012"),
    ("ratio", "NaN", "NaN", "nan"),
    ("ratio", "-Infinity", "-Infinity", "-inf"),
    ("small", "Infinity", "Infinity", "inf"),
]


@pytest.fixture(scope="module")
def migration(lab: RunningLab) -> Iterator[Migration]:
    migration = Migration(lab)
    migration.sql("CREATE TABLE odd (id int PRIMARY KEY, " + ", ".join(f"{n} {t}" for n, t in COLUMNS.items()) + ")")
    migration.sql("CREATE TABLE changed (LIKE odd INCLUDING ALL)", "CREATE TABLE lone (v text)")
    migration.sql("CREATE TYPE mood AS ENUM ('glad', 'it''s, fine')")
    migration.sql(
        "CREATE TABLE kinds (id int, m mood, l int[], r int4range, j jsonb, b bytea, i interval, c money, u uuid)",
        "INSERT INTO kinds VALUES (1, 'it''s, fine', '{1,NULL}', '[1,5)', '{\"a\": [1]}', '\\x00ff', '1 mon -2 days',"
        " 12.5, '00000000-0000-0000-0000-000000000001')",
    )
    migration.sql(*inserts("odd"))
    yield migration
    migration.rds.delete_db_instance(DBInstanceIdentifier=migration.name, SkipFinalSnapshot=True)


def inserts(table: str) -> list[str]:
    return [
        f"INSERT INTO {table} (id, {column}) VALUES ({number}, '{literal}')"
        for number, (column, literal, _, _) in enumerate(VALUES)
    ]


def check_csv(lines: list[str], skip: int) -> None:
    for (column, _, text, _), row in zip(VALUES, csv.reader(lines), strict=True):
        assert row[skip + 1 + list(COLUMNS).index(column)] == text


def check_parquet(tables: list[pa.Table]) -> None:
    rows = {row: table for table in tables for row in table["id"].to_pylist()}
    assert sorted(rows) == [number for number, value in enumerate(VALUES) if value[3] is not None]
    for number, (column, literal, _, wanted) in enumerate(VALUES):
        if wanted is None:
            continue
        table = rows[number]
        cell = table[column].combine_chunks()[table["id"].to_pylist().index(number)]
        shown = cell.value if isinstance(wanted, int) else str(cell.as_py())
        assert shown == wanted, (column, literal)


def logged(migration: Migration, task: str) -> str:
    logs = migration.lab.client("logs")
    [stream] = [
        (group["logGroupName"], each["logStreamName"])
        for group in logs.describe_log_groups(logGroupNamePrefix="dms-tasks-")["logGroups"]
        for each in logs.describe_log_streams(logGroupName=group["logGroupName"])["logStreams"]
        if each["logStreamName"].endswith(migration.describe(task)["ReplicationTaskIdentifier"])
    ]
    events = logs.get_log_events(logGroupName=stream[0], logStreamName=stream[1])["events"]
    return "\n".join(event["message"] for event in events)


def tables(migration: Migration, bucket: str, name: str) -> list[pa.Table]:
    return [parquet.read_table(io.BytesIO(body)) for body in migration.objects(bucket, f"public/{name}/").values()]


def test_a_full_load_as_csv(migration: Migration) -> None:
    """Every value that PostgreSQL has is text: CSV takes them all."""
    bucket = migration.bucket()
    migration.run(migration.task("full-load", migration.target(bucket), only("odd")))
    check_csv(migration.lines(bucket, "public/odd/"), 0)


def test_a_full_load_as_parquet(migration: Migration) -> None:
    """ParquetTimestampInMillisecond cuts microseconds; a row with a value that Parquet has not is left out and told."""
    bucket = migration.bucket()
    settings = {"DataFormat": "parquet", "ParquetTimestampInMillisecond": True}
    task = migration.task("full-load", migration.target(bucket, **settings), only("odd"))
    assert migration.run(task)["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    [loaded] = tables(migration, bucket, "odd")
    check_parquet([loaded])
    missing = sum(value[3] is None for value in VALUES)
    counts = migration.statistics(task)["odd"]
    assert (counts["FullLoadRows"], counts["FullLoadErrorRows"]) == (len(VALUES) - missing, missing)
    told = logged(migration, task)
    assert "column ts: timestamp[ms] has no value for infinity" in told and "has no value for 1000000" in told


def test_changes(migration: Migration) -> None:
    """The same values by CDC, as CSV and as Parquet."""
    formats: dict[str, Any] = {"csv": {}, "parquet": {"DataFormat": "parquet", "ParquetTimestampInMillisecond": True}}
    buckets = {name: migration.bucket() for name in formats}
    tasks = {
        name: migration.task("cdc", migration.target(buckets[name], **AT_ONCE, **settings), only("changed"))
        for name, settings in formats.items()
    }
    for task in tasks.values():
        migration.begin(task)
    eventually(lambda: migration.slots() == len(tasks), 20)
    migration.sql(*inserts("changed"))
    for task in tasks.values():
        eventually(lambda: migration.statistics(task).get("changed", {}).get("Inserts") == len(VALUES), 20)  # noqa: B023
    check_csv(migration.changes(buckets["csv"], "changed"), 1)
    check_parquet(tables(migration, buckets["parquet"], "changed"))
    assert "has no value for infinity" in logged(migration, tasks["parquet"])
    for task in tasks.values():
        migration.discard(task)


def test_stop_task_as_the_policy(migration: Migration) -> None:
    """DataErrorPolicy STOP_TASK: the task stops and manual intervention is required."""
    target = migration.target(migration.bucket(), DataFormat="parquet")
    settings = {"ErrorBehavior": {"DataErrorPolicy": "STOP_TASK"}}
    task = migration.task("full-load", target, only("odd"), settings)
    migration.begin(task)
    assert "STOP_TASK" in migration.wait(task, "failed")["LastFailureMessage"]


def test_rows_of_one_null_and_rows_wider_than_a_block(migration: Migration) -> None:
    migration.sql("INSERT INTO lone VALUES (NULL), (''), (repeat('x', 20000000)), (NULL)")
    bucket = migration.bucket()
    migration.run(migration.task("full-load", migration.target(bucket, DataFormat="parquet"), only("lone")))
    [table] = tables(migration, bucket, "lone")
    assert [value if value is None else len(value) for value in table["v"].to_pylist()] == [None, 0, 20_000_000, None]


def test_types_that_are_written_as_text(migration: Migration) -> None:
    """Enum, array, range, JSON, bytea, interval, money and UUID."""
    wanted = {"id": 1, "m": "it's, fine", "l": "{1,NULL}", "r": "[1,5)", "j": '{"a": [1]}', "b": "00ff"}
    wanted |= {"i": "1 mon -2 days", "c": "$12.50", "u": "00000000-0000-0000-0000-000000000001"}
    for settings in ({}, {"DataFormat": "parquet"}):
        bucket = migration.bucket()
        migration.run(migration.task("full-load", migration.target(bucket, **settings), only("kinds")))
        if settings:
            assert tables(migration, bucket, "kinds")[0].to_pylist() == [wanted]
        else:
            [row] = csv.reader(migration.lines(bucket, "public/kinds/"))
            assert row == [str(value) for value in wanted.values()]
