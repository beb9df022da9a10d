"""Tables with errors: what ErrorBehavior makes of them, and of the others.

Source: DMS user guide, "Error handling task settings"; "Reloading tables during a task"; "Table states".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.databases import refused
from tests.engines.dms import AT_ONCE, EVERYTHING, Migration, including

PARQUET = {"DataFormat": "parquet", "MaxFileSize": 1}  # KB: a table has several files
BAD = "INSERT INTO bad SELECT n, CASE WHEN n % 10 = 0 THEN 'infinity' ELSE '2013-01-01' END::date"


@pytest.fixture(scope="module")
def migration(lab: RunningLab) -> Iterator[Migration]:
    """``bad`` has two rows in 5,000 that Parquet has no value for; ``secret`` may not be read."""
    made = Migration(lab)
    made.sql(
        "CREATE TABLE bad (id int PRIMARY KEY, d date)",
        f"{BAD} FROM generate_series(1, 20) n",
        "INSERT INTO bad SELECT n, '2013-01-01' FROM generate_series(21, 5000) n",
        "CREATE TABLE fine AS SELECT n FROM generate_series(1, 5) n",
        "CREATE TABLE secret AS SELECT 1 AS n",
        "REVOKE SELECT ON secret FROM master",
        "CREATE TABLE third AS SELECT n FROM generate_series(1, 5) n",
    )
    yield made


def run(migration: Migration, behavior: dict[str, Any]) -> tuple[dict[str, str], dict[str, Any]]:
    """A full load of everything under *behavior*: the states of the tables, and the task."""
    target = migration.target(migration.bucket(), **PARQUET)
    task = migration.task("full-load", target, settings={"ErrorBehavior": behavior})
    migration.begin(task)
    described = migration.wait(task, "stopped", "failed")
    return {name: each["TableState"] for name, each in migration.statistics(task).items()}, described


OTHERS = {"fine": "Table completed", "third": "Table completed"}


def test_a_suspended_table_ends_nothing_but_itself(migration: Migration) -> None:
    """DataErrorPolicy SUSPEND_TABLE, and TableErrorPolicy, whose default it is: "The task continues"."""
    states, task = run(migration, {"DataErrorPolicy": "SUSPEND_TABLE"})
    assert states == {"bad": "Table error", "secret": "Table error", **OTHERS}
    assert task["Status"] == "stopped" and task["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    stats = task["ReplicationTaskStats"]
    assert (stats["TablesErrored"], stats["TablesLoaded"], stats["TablesLoading"]) == (2, 2, 0)


@pytest.mark.parametrize(
    "behavior, state, status",
    [
        ({"DataErrorPolicy": "IGNORE_RECORD"}, "Table completed", "stopped"),
        ({"DataErrorPolicy": "IGNORE_RECORD", "DataErrorEscalationCount": 3}, "Table completed", "stopped"),
        ({"DataErrorPolicy": "IGNORE_RECORD", "DataErrorEscalationCount": 2}, "Table error", "stopped"),
        (
            {"DataErrorPolicy": "IGNORE_RECORD", "DataErrorEscalationCount": 2}
            | {"DataErrorEscalationPolicy": "STOP_TASK"},
            "Table error",
            "failed",
        ),
        ({"TableErrorPolicy": "STOP_TASK"}, "Table completed", "failed"),
        ({"TableErrorEscalationCount": 1}, "Table completed", "failed"),
    ],
)
def test_policies(migration: Migration, behavior: dict[str, Any], state: str, status: str) -> None:
    """Escalation counts: "When this number is reached, the data … is handled according to the policy"."""
    states, task = run(migration, behavior)
    assert (states["bad"], task["Status"]) == (state, status)
    if status == "failed":
        assert "STOP_TASK" in task["LastFailureMessage"]
    else:
        assert states["third"] == "Table completed"


def test_changes_of_a_suspended_table_and_its_reload(migration: Migration) -> None:
    """An error in CDC suspends the table, others go on; ReloadTables loads it anew and takes it up again."""
    bucket = migration.bucket()
    mappings = including(*({"schema-name": "public", "table-name": name} for name in ("live", "fine")))
    migration.sql("CREATE TABLE live (id int PRIMARY KEY, d date)", "INSERT INTO live VALUES (1, '2013-01-01')")
    settings = {"ErrorBehavior": {"DataErrorPolicy": "SUSPEND_TABLE"}}
    task = migration.task("full-load-and-cdc", migration.target(bucket, **PARQUET, **AT_ONCE), mappings, settings)
    migration.begin(task)

    def is_so(table: str, **wanted: Any) -> None:
        def reached() -> bool:
            told = migration.statistics(task).get(table, {})
            return all(told.get(name) == value for name, value in wanted.items())

        eventually(reached, 20)

    is_so("live", TableState="Table completed")
    eventually(lambda: migration.describe(task)["Status"] == "running" and migration.slots())
    migration.sql("INSERT INTO live VALUES (2, 'infinity')")
    is_so("live", TableState="Table error")
    migration.sql("INSERT INTO live VALUES (3, '2013-01-03')", "INSERT INTO fine VALUES (6)")
    is_so("fine", Inserts=1)
    inserts = migration.statistics(task)["live"]["Inserts"]
    assert migration.describe(task)["Status"] == "running"
    assert migration.describe(task)["ReplicationTaskStats"]["TablesErrored"] == 1
    migration.sql("DELETE FROM live WHERE id = 2")
    migration.dms.reload_tables(ReplicationTaskArn=task, TablesToReload=[{"SchemaName": "public", "TableName": "live"}])
    is_so("live", TableState="Table completed", FullLoadRows=2)
    migration.sql("INSERT INTO live VALUES (4, '2013-01-04')")
    is_so("live", Inserts=inserts + 1)
    migration.discard(task)


@pytest.mark.parametrize(
    "behavior, words",
    [
        ({"DataErrorPolicy": "CARRY_ON"}, "DataErrorPolicy is one of LOG_ERROR, IGNORE_RECORD"),
        ({"TableErrorPolicy": "LOG_ERROR"}, "TableErrorPolicy is one of SUSPEND_TABLE, STOP_TASK"),
        ({"DataErrorEscalationCount": 10_001}, "up to 10,000"),
        ({"FailOnTransactionConsistencyBreached": True}, "does not do FailOnTransactionConsistencyBreached"),
    ],
)
def test_settings_that_cannot_be(migration: Migration, behavior: dict[str, Any], words: str) -> None:
    target = migration.target(migration.bucket())
    refused(
        "InvalidParameterValueException",
        words,
        lambda: migration.task("full-load", target, settings={"ErrorBehavior": behavior}),
    )


def test_no_tables(migration: Migration) -> None:
    """FailOnNoTablesCaptured false: the task does not fail "when the table mappings … find no tables"."""
    target = migration.target(migration.bucket())
    none = including({**EVERYTHING[0], "table-name": "none%"})
    task = migration.task("full-load", target, none, {"ErrorBehavior": {"FailOnNoTablesCaptured": False}})
    migration.run(task)
    assert migration.statistics(task) == {}
