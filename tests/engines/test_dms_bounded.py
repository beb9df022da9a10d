"""DMS copies whatever is at the source: large values take little memory, and a task that is told to stop stops.

Held to the user guide (CHAP_Target.S3, CHAP_Task.CDC) and to StopReplicationTask in the API reference.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import psutil
import psycopg
import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.dms import AT_ONCE, PASSWORD, Migration, only

#: What a value of the large table has, in bytes, and the rows of it; the source keeps them in little space.
LARGE, ROWS = 5_000_000, 60
INSERT = f"INSERT INTO {{}} SELECT id, repeat('x', {LARGE}) FROM generate_series(1, {ROWS}) id"


@pytest.fixture(scope="module")
def migration(lab: RunningLab) -> Iterator[Migration]:
    migration = Migration(lab)
    yield migration
    migration.rds.delete_db_instance(DBInstanceIdentifier=migration.name, SkipFinalSnapshot=True)


@contextmanager
def little_memory(lab: RunningLab, most: int) -> Iterator[None]:
    """The server has at most *most* bytes more within than before."""
    server, done = psutil.Process(lab.pid), threading.Event()
    before = peak = server.memory_info().rss

    def watch() -> None:
        nonlocal peak
        while not done.wait(0.02):
            peak = max(peak, server.memory_info().rss)

    watcher = threading.Thread(target=watch)
    watcher.start()
    yield
    done.set()
    watcher.join()
    assert peak - before < most, f"{(peak - before) >> 20} MB more"


def size_of(migration: Migration, bucket: str) -> int:
    return sum(item["Size"] for item in migration.s3.list_objects_v2(Bucket=bucket).get("Contents", []))


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_large_values_are_loaded_one_by_one(migration: Migration, form: str) -> None:
    table = f"large_{form}"
    migration.sql(f"CREATE TABLE {table} (id int PRIMARY KEY, text text)", INSERT.format(table))
    bucket = migration.bucket()
    task = migration.task("full-load", migration.target(bucket, DataFormat=form, CompressionType="gzip"), only(table))
    with little_memory(migration.lab, 250 << 20):
        migration.run(task)
    assert migration.statistics(task)[table]["FullLoadRows"] == ROWS


def test_a_transaction_may_be_larger_than_memory(migration: Migration) -> None:
    """What is captured goes to the file as it comes; all rows of a transaction have the moment of its commit."""
    migration.sql("CREATE TABLE bulk (id int PRIMARY KEY, text text)")
    bucket = migration.bucket()
    task = migration.task("cdc", migration.target(bucket, **AT_ONCE, TimestampColumnName="ts"), only("bulk"))
    migration.begin(task)
    eventually(migration.slots)
    with little_memory(migration.lab, 250 << 20):
        migration.sql(INSERT.format("bulk"))
        eventually(lambda: migration.statistics(task)["bulk"]["Inserts"] == ROWS, 60)
    ((_, body),) = migration.objects(bucket).items()
    rows = [line.split(",") for line in body.decode().splitlines()]
    assert [(op, int(number), len(text)) for op, number, text, _ in rows] == [
        ("I", number, LARGE) for number in range(1, ROWS + 1)
    ]
    assert len({moment for *_, moment in rows}) == 1
    migration.discard(task)


def test_a_load_that_waits_for_a_lock_is_stopped(migration: Migration) -> None:
    """StopReplicationTask: somebody's ALTER TABLE may keep a table locked for as long as it likes."""
    migration.sql("CREATE TABLE locked (id int PRIMARY KEY)")
    task = migration.task("full-load", migration.target(migration.bucket()), only("locked"))
    login = migration.login()
    with psycopg.connect(
        host="127.0.0.1", port=login["Port"], user="master", password=PASSWORD, dbname="ops"
    ) as connection:
        connection.execute("LOCK TABLE locked IN ACCESS EXCLUSIVE MODE")
        migration.begin(task)
        eventually(lambda: migration.statistics(task).get("locked", {}).get("TableState") == "Full load")
        started = time.monotonic()
        migration.end(task)
        assert time.monotonic() - started < 10
    assert migration.describe(task)["StopReason"] == "Stop Reason NORMAL"
    assert migration.statistics(task)["locked"]["TableState"] == "Table cancelled"
    migration.begin(task, "resume-processing")
    migration.wait(task, "stopped")
    assert migration.statistics(task)["locked"]["TableState"] == "Table completed"


def test_a_load_of_large_values_is_stopped(migration: Migration) -> None:
    """StopReplicationTask: no file of a table that was not loaded whole takes the place of a whole one."""
    migration.sql("CREATE TABLE endless (id int, text text)", *[INSERT.format("endless")] * 5)
    bucket = migration.bucket()
    task = migration.task("full-load", migration.target(bucket, MaxFileSize=1_048_576), only("endless"))
    migration.begin(task)
    eventually(lambda: migration.statistics(task).get("endless", {}).get("TableState") == "Full load")
    time.sleep(0.5)
    started = time.monotonic()
    migration.end(task)
    assert time.monotonic() - started < 10
    assert migration.statistics(task)["endless"]["TableState"] == "Table cancelled"
