"""Transactions of a Redshift cluster beside one another.

Held to the Redshift database developer guide: "Isolation levels in Amazon Redshift", "Concurrent write examples",
"Troubleshooting serializable isolation errors", "LOCK", "BEGIN", "ALTER DATABASE".
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import psycopg
import pytest

from tests.conftest import RunningLab
from tests.engines.redshift_tools import Cluster, create


@pytest.fixture(scope="module")
def cluster(lab: RunningLab) -> Iterator[Cluster]:
    made = create(lab, "transactions")
    with made.connect() as connection:
        connection.execute("CREATE DATABASE strict ISOLATION LEVEL SERIALIZABLE")
        for table in ("tab1", "tab2"):
            connection.execute(f"CREATE TABLE {table} (i int)")
    with made.connect(dbname="strict") as connection:
        for table in ("tab1", "tab2"):
            connection.execute(f"CREATE TABLE {table} (i int)")
    yield made
    lab.client("redshift").delete_cluster(ClusterIdentifier="transactions", SkipFinalClusterSnapshot=True)


@pytest.fixture
def sessions(cluster: Cluster) -> Iterator[Callable[[str], psycopg.Connection]]:
    with ExitStack() as stack:
        yield lambda database: stack.enter_context(cluster.connect(dbname=database))


def in_background(work: Callable[[], object]) -> tuple[threading.Thread, list[BaseException]]:
    failed: list[BaseException] = []

    def run() -> None:
        try:
            work()
        except BaseException as error:
            failed.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, failed


def await_waiting(connection: psycopg.Connection, process: int) -> None:
    """Until session *process* waits for a lock."""
    query = "SELECT count(*) FROM svv_transactions WHERE pid = %s AND NOT granted"
    while connection.execute(query, (process,)).fetchone() == (0,):
        pass


def skew(first: psycopg.Connection, second: psycopg.Connection) -> None:
    """AWS's example: each has read what the other changes, so no order of the two gives what both have seen."""
    first.execute("BEGIN")
    second.execute("BEGIN")
    first.execute("SELECT * FROM tab1")
    first.execute("INSERT INTO tab2 VALUES (1)")
    second.execute("INSERT INTO tab1 VALUES (1)")
    second.execute("SELECT * FROM tab2")


def test_a_cycle_of_two_transactions_ends_in_error_1023(sessions: Callable[[str], psycopg.Connection]) -> None:
    first, second = sessions("strict"), sessions("strict")
    with pytest.raises(psycopg.errors.SerializationFailure) as error:
        skew(first, second)
    assert error.value.diag.message_primary == "1023"
    told = error.value.diag.message_detail or ""
    assert told.startswith("Serializable isolation violation on table - 100")
    assert "transactions forming the cycle are: " in told
    assert told.endswith(f" (pid:{second.info.backend_pid})")
    second.execute("ROLLBACK")
    first.execute("COMMIT")
    assert first.execute("SELECT count(*) FROM tab2").fetchone() == (1,)


def test_snapshot_isolation_lets_write_skew_pass(sessions: Callable[[str], psycopg.Connection]) -> None:
    """It is the level of a database that does not say another."""
    first, second = sessions("dev"), sessions("dev")
    skew(first, second)
    first.execute("COMMIT")
    second.execute("COMMIT")
    query = "SELECT database_name, database_isolation_level FROM svv_redshift_databases"
    assert dict(first.execute(query).fetchall()) == {"dev": "Snapshot Isolation", "strict": "Serializable"}


def test_transactions_that_only_insert_follow_one_another(sessions: Callable[[str], psycopg.Connection]) -> None:
    first, second = sessions("strict"), sessions("strict")
    first.execute("CREATE TABLE appended (i int)")
    first.execute("BEGIN")
    first.execute("INSERT INTO appended VALUES (1)")
    thread, failed = in_background(lambda: second.execute("INSERT INTO appended VALUES (2)"))
    await_waiting(first, second.info.backend_pid)
    first.execute("COMMIT")
    thread.join()
    assert not failed
    assert first.execute("SELECT count(*) FROM appended").fetchone() == (2,)


def test_a_reader_waits_for_nobody_and_sees_its_snapshot(sessions: Callable[[str], psycopg.Connection]) -> None:
    writer, reader = sessions("dev"), sessions("dev")
    writer.execute("CREATE TABLE watched (i int)")
    reader.execute("BEGIN")
    assert reader.execute("SELECT count(*) FROM watched").fetchone() == (0,)
    writer.execute("INSERT INTO watched VALUES (1)")
    assert reader.execute("SELECT count(*) FROM watched").fetchone() == (0,)
    reader.execute("COMMIT")
    assert reader.execute("SELECT count(*) FROM watched").fetchone() == (1,)


def test_rows_that_another_has_changed_cannot_be_changed(sessions: Callable[[str], psycopg.Connection]) -> None:
    """Also under snapshot isolation, which protects from conflicts of updates and deletes."""
    first, second = sessions("dev"), sessions("dev")
    first.execute("CREATE TABLE changed AS SELECT 1 AS i")
    second.execute("BEGIN")
    second.execute("SELECT * FROM changed")
    first.execute("UPDATE changed SET i = 2")
    with pytest.raises(psycopg.errors.SerializationFailure, match="1023"):
        second.execute("UPDATE changed SET i = 3")
    with pytest.raises(psycopg.errors.InFailedSqlTransaction):
        second.execute("SELECT 1")
    second.execute("COMMIT")
    assert second.execute("SELECT i FROM changed").fetchall() == [(2,)]


def test_ddl_waits_for_those_who_read(sessions: Callable[[str], psycopg.Connection]) -> None:
    reader, other = sessions("dev"), sessions("dev")
    reader.execute("CREATE TABLE dropped (i int)")
    reader.execute("BEGIN")
    reader.execute("SELECT * FROM dropped")
    thread, failed = in_background(lambda: other.execute("DROP TABLE dropped"))
    await_waiting(reader, other.info.backend_pid)
    assert reader.execute("SELECT count(*) FROM dropped").fetchone() == (0,)
    reader.execute("COMMIT")
    thread.join()
    assert not failed
    with pytest.raises(psycopg.errors.UndefinedTable):
        reader.execute("SELECT * FROM dropped")


def test_lock_keeps_others_out(sessions: Callable[[str], psycopg.Connection]) -> None:
    """Locked at the beginning, the two transactions of AWS's example run one after the other."""
    first, second = sessions("strict"), sessions("strict")
    with pytest.raises(psycopg.Error, match="LOCK TABLE may only be used in transaction blocks"):
        first.execute("LOCK tab1")
    first.execute("BEGIN")
    first.execute("LOCK tab1, tab2")

    def other() -> None:
        second.execute("BEGIN")
        second.execute("LOCK TABLE tab1, tab2")
        second.execute("INSERT INTO tab1 SELECT count(*) FROM tab2")
        second.execute("COMMIT")

    thread, failed = in_background(other)
    await_waiting(first, second.info.backend_pid)
    first.execute("INSERT INTO tab2 SELECT count(*) FROM tab1")
    first.execute("COMMIT")
    thread.join()
    assert not failed


def test_two_that_wait_for_each_other_are_told(sessions: Callable[[str], psycopg.Connection]) -> None:
    first, second = sessions("dev"), sessions("dev")
    for each in (first, second):
        each.execute("BEGIN")
    first.execute("INSERT INTO tab1 VALUES (5)")
    second.execute("INSERT INTO tab2 VALUES (5)")
    thread, failed = in_background(lambda: first.execute("INSERT INTO tab2 VALUES (6)"))
    with sessions("dev") as watching:
        await_waiting(watching, first.info.backend_pid)
    with pytest.raises(psycopg.errors.DeadlockDetected):
        second.execute("INSERT INTO tab1 VALUES (6)")
    second.execute("ROLLBACK")
    thread.join()
    assert not failed


def test_a_wait_can_be_cancelled(sessions: Callable[[str], psycopg.Connection]) -> None:
    first, second = sessions("dev"), sessions("dev")
    first.execute("BEGIN")
    first.execute("DELETE FROM tab1")
    thread, failed = in_background(lambda: second.execute("DELETE FROM tab1"))
    await_waiting(first, second.info.backend_pid)
    assert first.execute(f"SELECT pg_cancel_backend({second.info.backend_pid})").fetchone() == (True,)
    thread.join()
    assert isinstance(failed[0], psycopg.errors.QueryCanceled)


def test_a_text_of_several_statements_is_one_transaction(sessions: Callable[[str], psycopg.Connection]) -> None:
    connection = sessions("dev")
    with pytest.raises(psycopg.Error):
        connection.execute("CREATE TABLE several (i int); INSERT INTO several VALUES (1); SELECT * FROM nowhere")
    with pytest.raises(psycopg.errors.UndefinedTable):
        connection.execute("SELECT * FROM several")
    connection.execute(
        "CREATE TABLE several (i int); INSERT INTO several VALUES (1); COMMIT; INSERT INTO several VALUES (2)"
    )
    assert connection.execute("SELECT count(*) FROM several").fetchone() == (2,)
    with pytest.raises(psycopg.errors.ActiveSqlTransaction, match="VACUUM cannot run inside a transaction block"):
        connection.execute("SELECT 1; VACUUM several")


def test_a_dropped_connection_leaves_no_lock(cluster: Cluster, sessions: Callable[[str], psycopg.Connection]) -> None:
    lost = cluster.connect()
    lost.execute("BEGIN")
    lost.execute("INSERT INTO tab1 VALUES (9)")
    lost.close()
    other = sessions("dev")
    other.execute("DELETE FROM tab1")
    assert other.execute("SELECT count(*) FROM tab1").fetchone() == (0,)
