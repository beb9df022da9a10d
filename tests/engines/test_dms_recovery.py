"""DMS when things go wrong, through boto3 over the socket: a task that failed or was killed goes on, and loses nothing.

Held to the API reference (StartReplicationTask) and the user guide's CHAP_Task.CDC and CHAP_Troubleshooting.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.databases import Databases
from tests.engines.dms import AT_ONCE, Migration, only


@pytest.fixture(scope="module")
def migration(lab: RunningLab) -> Iterator[Migration]:
    migration = Migration(lab)
    yield migration
    migration.rds.delete_db_instance(DBInstanceIdentifier=migration.name, SkipFinalSnapshot=True)


def test_a_source_without_logical_replication(migration: Migration) -> None:
    """CHAP_Source.PostgreSQL "prerequisites": the task fails and says what is missing."""
    databases = Databases(migration.lab)
    login = {**migration.login(), "Port": databases.describe(databases.make("plain"))["Endpoint"]["Port"]}
    source = migration.endpoint("source", "postgres", **{**login, "DatabaseName": "postgres"})
    task = migration.task("cdc", migration.target(migration.bucket()), source=source)
    migration.begin(task)
    assert "rds.logical_replication" in migration.wait(task, "failed")["LastFailureMessage"]
    migration.rds.delete_db_instance(DBInstanceIdentifier="plain", SkipFinalSnapshot=True)


def test_a_source_that_goes_away(migration: Migration) -> None:
    """The task fails with the reason, and goes on where it was once the source is back."""
    migration.sql("CREATE TABLE lost (id int PRIMARY KEY)")
    bucket = migration.bucket()
    task = migration.task("cdc", migration.target(bucket, **AT_ONCE), only("lost"))
    migration.begin(task)
    eventually(lambda: migration.slots() == 1)
    migration.sql("INSERT INTO lost VALUES (1)")
    eventually(lambda: migration.changes(bucket, "lost") == ["I,1"])
    migration.rds.stop_db_instance(DBInstanceIdentifier=migration.name)
    failed = migration.wait(task, "failed")
    assert "connection" in failed["LastFailureMessage"] and failed["StopReason"] == "Stop Reason FATAL_ERROR"
    migration.wait_for_source("stopped")
    migration.rds.start_db_instance(DBInstanceIdentifier=migration.name)
    migration.wait_for_source()
    migration.sql("INSERT INTO lost VALUES (2)")
    migration.begin(task, "resume-processing")
    eventually(lambda: migration.changes(bucket, "lost") == ["I,1", "I,2"])
    migration.discard(task)


def test_a_source_that_goes_away_during_the_load(migration: Migration) -> None:
    """Resumed, the table is loaded again from its beginning: whole, and each row once."""
    migration.sql("CREATE TABLE long AS SELECT n, repeat('x', 200) AS pad FROM generate_series(1, 300000) n")
    bucket = migration.bucket()
    task = migration.task("full-load", migration.target(bucket, MaxFileSize=2000), only("long"))
    migration.begin(task)
    eventually(lambda: len(migration.objects(bucket)) > 1)
    migration.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'dms'")
    failed = migration.wait(task, "failed", seconds=15)
    assert "terminat" in failed["LastFailureMessage"]
    assert migration.statistics(task)["long"]["TableState"] == "Table error"
    migration.begin(task, "resume-processing")
    assert migration.wait(task, "stopped")["StopReason"] == "Stop Reason FULL_LOAD_ONLY_FINISHED"
    assert [int(line.split(",")[0]) for line in migration.lines(bucket, "public/long/")] == list(range(1, 300001))
    assert migration.statistics(task)["long"]["FullLoadReloaded"] is True
    with pytest.raises(ClientError, match="nothing to resume"):
        migration.begin(task, "resume-processing")


def test_a_bucket_that_goes_away(migration: Migration) -> None:
    """Nothing is forgotten at the source before it is safe: once the bucket is back, the changes are in it."""
    migration.sql("CREATE TABLE kept (id int PRIMARY KEY)")
    bucket = migration.bucket()
    task = migration.task("cdc", migration.target(bucket, **AT_ONCE), only("kept"))
    migration.begin(task)
    eventually(lambda: migration.slots() == 1)
    migration.s3.delete_bucket(Bucket=bucket)
    migration.sql("INSERT INTO kept VALUES (1)")
    assert "NoSuchBucket" in migration.wait(task, "failed")["LastFailureMessage"]
    migration.s3.create_bucket(Bucket=bucket)
    migration.begin(task, "resume-processing")
    eventually(lambda: migration.changes(bucket, "kept") == ["I,1"])
    migration.discard(task)


def test_a_task_killed_in_mid_load_loses_nothing(new_lab: Callable[..., RunningLab]) -> None:
    """The lab is killed: tables that were whole stay, the others are loaded again, and the task's log says which."""
    lab = new_lab()
    migration = Migration(lab, "killed")
    migration.sql("CREATE TABLE a_first AS SELECT n FROM generate_series(1, 100) n")
    migration.sql("CREATE TABLE b_second AS SELECT n, repeat('x', 200) AS pad FROM generate_series(1, 300000) n")
    bucket = migration.bucket()
    task = migration.task("full-load-and-cdc", migration.target(bucket, **AT_ONCE, MaxFileSize=2000))
    migration.begin(task)
    eventually(lambda: len(migration.objects(bucket, "public/b_second/")) > 2)
    started = migration.describe(task)["ReplicationTaskStartDate"]
    lab.kill()
    lab.start()
    migration.connect_clients()
    migration.wait_for_source()
    back = migration.describe(task)
    assert back["ReplicationTaskStartDate"] == back["ReplicationTaskStats"]["StartDate"] == started
    assert back["ReplicationTaskStats"]["StopDate"] > started
    assert (back["Status"], back["StopReason"]) == ("stopped", "Stop Reason RECOVERABLE_ERROR")
    assert "resume-processing" in back["LastFailureMessage"]
    migration.sql("INSERT INTO a_first VALUES (101)", "INSERT INTO b_second VALUES (300001)")
    migration.begin(task, "resume-processing")
    eventually(lambda: migration.describe(task)["ReplicationTaskStats"]["FullLoadProgressPercent"] == 100, 30)
    eventually(lambda: migration.changes(bucket, "a_first") == ["I,101"])
    loaded = [int(line.split(",")[0]) for line in migration.lines(bucket, "public/b_second/LOAD")]
    assert loaded == list(range(1, 300002))
    statistics = migration.statistics(task)
    assert [statistics[name]["FullLoadReloaded"] for name in ("a_first", "b_second")] == [False, True]
    logs = lab.client("logs")
    told = logs.filter_log_events(logGroupName=f"dms-tasks-ri-{migration.name}")["events"]
    assert any("b_second" in event["message"] and "loaded again" in event["message"] for event in told)

    def resumed(last: int) -> bool:
        return migration.changes(bucket, "a_first") == [f"I,{n}" for n in range(101, last + 1)]

    # and twice more, between changes: killed and stopped
    for number, end in ((102, lab.kill), (103, lab.stop)):
        migration.sql(f"INSERT INTO a_first VALUES ({number})")
        end()
        lab.start()
        migration.connect_clients()
        migration.wait_for_source()
        migration.begin(task, "resume-processing")
        eventually(partial(resumed, number))
    # what has ended is described as before
    migration.end(task)
    ended = migration.wait(task, "stopped")
    assert ended["ReplicationTaskStats"]["ElapsedTimeMillis"] > 0
    lab.kill()
    lab.start()
    migration.connect_clients()
    assert migration.describe(task) == ended


def test_a_subnet_group_outlives_the_lab(new_lab: Callable[..., RunningLab]) -> None:
    """Not AWS's doing but the lab's: EC2's subnets end with it, and what groups and instances told of them stays."""
    lab = new_lab()
    dms = lab.client("dms")
    ids = [each["SubnetId"] for each in lab.client("ec2").describe_subnets()["Subnets"][:2]]
    name = {"ReplicationSubnetGroupIdentifier": "kept"}
    tags = [{"Key": "team", "Value": "ops"}]
    dms.create_replication_subnet_group(**name, ReplicationSubnetGroupDescription="d", SubnetIds=ids, Tags=tags)
    instance = {"ReplicationInstanceIdentifier": "kept", "ReplicationInstanceClass": "dms.t3.micro"}
    dms.create_replication_instance(**instance, **name)
    [group] = dms.describe_replication_subnet_groups()["ReplicationSubnetGroups"]
    lab.kill()
    lab.start()
    dms = lab.client("dms")
    assert dms.describe_replication_subnet_groups()["ReplicationSubnetGroups"] == [group]
    [made] = dms.describe_replication_instances()["ReplicationInstances"]
    assert made["ReplicationSubnetGroup"] == group
    with pytest.raises(ClientError, match="still using it"):
        dms.delete_replication_subnet_group(**name)
    dms.delete_replication_instance(ReplicationInstanceArn=made["ReplicationInstanceArn"])
    dms.delete_replication_subnet_group(**name)
    assert dms.describe_replication_subnet_groups()["ReplicationSubnetGroups"] == []
