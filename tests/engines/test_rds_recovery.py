"""RDS over a lab that stops or is killed: databases come back as they were, and no server outlives the lab."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest

from tests.conftest import RunningLab, eventually
from tests.engines.databases import PASSWORD, Databases, refused, servers_below


def test_data_and_settings_survive_a_stop_and_a_crash_of_the_lab(new_lab: Callable[..., RunningLab]) -> None:
    """Not AWS's doing but the lab's: databases come back as they were, and no server outlives the lab."""
    lab = new_lab()
    databases = Databases(lab)
    subnets = [each["SubnetId"] for each in lab.client("ec2").describe_subnets()["Subnets"][:3]]
    name = {"DBSubnetGroupName": "kept"}
    tags = [{"Key": "team", "Value": "ops"}]
    databases.rds.create_db_subnet_group(**name, DBSubnetGroupDescription="d", SubnetIds=subnets[:2], Tags=tags)
    databases.rds.modify_db_subnet_group(**name, SubnetIds=subnets)
    [group] = databases.rds.describe_db_subnet_groups(**name)["DBSubnetGroups"]
    assert [each["SubnetIdentifier"] for each in group["Subnets"]] == subnets
    up = databases.make(Tags=tags, **name)
    down = databases.make()
    endpoint = databases.describe(up)["Endpoint"]
    with databases.connect(up) as connection:
        connection.execute("CREATE TABLE events AS SELECT generate_series(1, 1000) AS id")
    databases.rds.create_db_snapshot(DBInstanceIdentifier=up, DBSnapshotIdentifier="kept")
    eventually(lambda: databases.describe(up)["DBInstanceStatus"] == "available")
    databases.rds.stop_db_instance(DBInstanceIdentifier=down)
    databases.wait(down, "stopped")
    for end in (lab.stop, lab.kill):
        end()
        eventually(lambda: not servers_below(lab))
        lab.start()
        databases = Databases(lab)
        # The server is back before anybody has called RDS.
        eventually(lambda: _count(endpoint) == 1000)
        databases.wait(up)
        assert lab.client("ec2").describe_vpcs()["Vpcs"], "in whose networks RDS puts what comes back"
        assert databases.describe(down)["DBInstanceStatus"] == "stopped"
        assert databases.describe(up)["Endpoint"] == endpoint
        assert databases.describe(up)["TagList"] == tags
        assert databases.describe(up)["DBSubnetGroup"]["Subnets"] == group["Subnets"]
        assert databases.rds.describe_db_subnet_groups()["DBSubnetGroups"] == [group]
        assert databases.rds.list_tags_for_resource(ResourceName=group["DBSubnetGroupArn"])["TagList"] == tags
    databases.rds.restore_db_instance_from_db_snapshot(DBInstanceIdentifier="again", DBSnapshotIdentifier="kept")
    databases.wait("again")
    assert databases.ask("again", "SELECT count(*) FROM events") == 1000


def test_a_server_that_lost_its_supervisor_is_replaced(new_lab: Callable[..., RunningLab]) -> None:
    """Even where lab and supervisor are both killed, the next start ends the stray server and has the data again."""
    lab = new_lab()
    databases = Databases(lab)
    name = databases.make()
    with databases.connect(name) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    for process in servers_below(lab):
        if "postgres_supervisor" in " ".join(process.cmdline()):
            process.kill()
    lab.kill()
    strays = [process.pid for process in servers_below(lab)]
    assert strays
    lab.start()
    databases = Databases(lab)
    databases.wait(name)
    assert databases.ask(name, "SELECT n FROM kept") == 7
    assert not {process.pid for process in servers_below(lab)} & set(strays)


def test_a_machine_without_a_server(new_lab: Callable[..., RunningLab], monkeypatch: pytest.MonkeyPatch) -> None:
    """Not AWS's: without PostgreSQL's programs the error says what to do, and existing databases are not touched."""
    lab = new_lab()
    databases = Databases(lab)
    name = databases.make()
    with databases.connect(name) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 7 AS n")
    lab.stop()
    monkeypatch.setenv("PG_BIN", "/nonexistent")
    lab.start()
    refused("InsufficientDBInstanceCapacity", "PG_BIN=/nonexistent", lab.client("rds").describe_db_instances)
    lab.stop()
    monkeypatch.delenv("PG_BIN")
    lab.start()
    databases = Databases(lab)
    databases.wait(name)
    assert databases.ask(name, "SELECT n FROM kept") == 7


def _count(endpoint: dict[str, Any]) -> int:
    try:
        with psycopg.connect(
            host=endpoint["Address"], port=endpoint["Port"], user="master", password=PASSWORD, dbname="ops"
        ) as connection:
            row = connection.execute("SELECT count(*) FROM events").fetchone()
            return row[0] if row else 0
    except psycopg.OperationalError:
        return 0
