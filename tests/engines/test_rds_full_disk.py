"""RDS and DMS on a disk that takes nothing: what is refused leaves no trace, what was seen is there after a crash.

"Common errors" of both API references: InternalFailure, 500.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.conftest import RunningLab, eventually
from tests.engines.databases import PASSWORD, Databases, servers_below
from tests.engines.dms import ROLE
from tests.gateway.disks import errors_of, file_system, filled, small_files

PARAMETER = {"ParameterName": "work_mem", "ParameterValue": "8192", "ApplyMethod": "pending-reboot"}
SETTINGS = {"DBInstanceClass": "db.t4g.micro", "AllocatedStorage": 20, "Engine": "postgres"}


def state(lab: RunningLab) -> dict[str, Any]:
    """What both services tell of all that they have."""
    rds, dms = lab.client("rds"), lab.client("dms")
    groups = [each["DBParameterGroupName"] for each in rds.describe_db_parameter_groups()["DBParameterGroups"]]
    pages = rds.get_paginator("describe_db_parameters").paginate(DBParameterGroupName="g", Source="user")
    instances = rds.describe_db_instances()["DBInstances"]
    snapshots = rds.describe_db_snapshots()["DBSnapshots"]
    return {
        "groups": sorted(groups),
        "parameters": [each for page in pages for each in page["Parameters"]],
        "instances": {each["DBInstanceIdentifier"]: (each["DBInstanceStatus"], each["TagList"]) for each in instances},
        "snapshots": {each["DBSnapshotIdentifier"]: each["Status"] for each in snapshots},
        "replication": [
            each["ReplicationInstanceIdentifier"]
            for each in dms.describe_replication_instances()["ReplicationInstances"]
        ],
        "endpoints": {
            each["EndpointIdentifier"]: each.get("S3Settings") for each in dms.describe_endpoints()["Endpoints"]
        },
        "tasks": [
            (each["ReplicationTaskIdentifier"], each["Status"], each["TableMappings"])
            for each in dms.describe_replication_tasks()["ReplicationTasks"]
        ],
        "connections": dms.describe_connections(Filters=[])["Connections"],
    }


class Resources:
    """An instance ``db``, its snapshot ``s``, a group ``g``; a DMS task ``task`` with what it needs."""

    def __init__(self, lab: RunningLab) -> None:
        self.rds, self.dms = rds, dms = lab.client("rds"), lab.client("dms")
        self.family = rds.describe_db_engine_versions()["DBEngineVersions"][0]["DBParameterGroupFamily"]
        rds.create_db_parameter_group(DBParameterGroupName="g", DBParameterGroupFamily=self.family, Description="g")
        databases = Databases(lab)
        databases.make("db", Tags=[{"Key": "team", "Value": "ops"}])
        rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="s")
        databases.wait("db")
        self.arn = databases.describe("db")["DBInstanceArn"]
        self.replication = dms.create_replication_instance(
            ReplicationInstanceIdentifier="ri", ReplicationInstanceClass="dms.t3.micro"
        )["ReplicationInstance"]["ReplicationInstanceArn"]
        source = {"EngineName": "postgres", "ServerName": "127.0.0.1", "Username": "master", "Password": PASSWORD}
        self.endpoints = [
            dms.create_endpoint(EndpointIdentifier=name, EndpointType=kind, **settings)["Endpoint"]["EndpointArn"]
            for name, kind, settings in (
                ("source", "source", source),
                ("target", "target", self.target("kept")),
                ("spare", "target", self.target("kept")),
            )
        ]
        self.task = dms.create_replication_task(**self.task_settings("task"))["ReplicationTask"]["ReplicationTaskArn"]

    def target(self, bucket: str) -> dict[str, Any]:
        return {"EngineName": "s3", "S3Settings": {"BucketName": bucket, "ServiceAccessRoleArn": ROLE}}

    def task_settings(self, name: str) -> dict[str, Any]:
        source, target, _ = self.endpoints
        mappings = (
            '{"rules": [{"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include", '
            '"object-locator": {"schema-name": "public", "table-name": "%"}}]}'
        )
        return {"ReplicationTaskIdentifier": name, "SourceEndpointArn": source, "TargetEndpointArn": target} | {
            "ReplicationInstanceArn": self.replication,
            "MigrationType": "full-load",
            "TableMappings": mappings,
        }

    def changes(self) -> dict[str, Callable[[], Any]]:
        """One call of each operation that changes what outlives the lab."""
        rds, dms = self.rds, self.dms
        new = {"DBParameterGroupName": "new", "DBParameterGroupFamily": self.family, "Description": "new"}
        login = {"MasterUsername": "master", "MasterUserPassword": PASSWORD}
        mappings = self.task_settings("")["TableMappings"].replace("%", "t")
        tags = [{"Key": "new", "Value": "1"}]
        copied = {"TargetDBParameterGroupIdentifier": "copy", "TargetDBParameterGroupDescription": "copy"}
        return {
            "CreateDBParameterGroup": lambda: rds.create_db_parameter_group(**new),
            "CopyDBParameterGroup": lambda: rds.copy_db_parameter_group(SourceDBParameterGroupIdentifier="g", **copied),
            "ModifyDBParameterGroup": lambda: rds.modify_db_parameter_group(
                DBParameterGroupName="g", Parameters=[{**PARAMETER, "ParameterValue": "16384"}]
            ),
            "ResetDBParameterGroup": lambda: rds.reset_db_parameter_group(DBParameterGroupName="g"),
            "DeleteDBParameterGroup": lambda: rds.delete_db_parameter_group(DBParameterGroupName="g"),
            "CreateDBInstance": lambda: rds.create_db_instance(DBInstanceIdentifier="new", **SETTINGS, **login),
            "ModifyDBInstance": lambda: rds.modify_db_instance(
                DBInstanceIdentifier="db", NewDBInstanceIdentifier="new", MasterUserPassword="another-horse-8"
            ),
            "RebootDBInstance": lambda: rds.reboot_db_instance(DBInstanceIdentifier="db"),
            "StopDBInstance": lambda: rds.stop_db_instance(DBInstanceIdentifier="db", DBSnapshotIdentifier="new"),
            "DeleteDBInstance": lambda: rds.delete_db_instance(
                DBInstanceIdentifier="db", FinalDBSnapshotIdentifier="new"
            ),
            "CreateDBSnapshot": lambda: rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="new"),
            "CopyDBSnapshot": lambda: rds.copy_db_snapshot(
                SourceDBSnapshotIdentifier="s", TargetDBSnapshotIdentifier="new"
            ),
            "DeleteDBSnapshot": lambda: rds.delete_db_snapshot(DBSnapshotIdentifier="s"),
            "RestoreDBInstanceFromDBSnapshot": lambda: rds.restore_db_instance_from_db_snapshot(
                DBInstanceIdentifier="new", DBSnapshotIdentifier="s"
            ),
            "AddTagsToResource": lambda: rds.add_tags_to_resource(ResourceName=self.arn, Tags=tags),
            "RemoveTagsFromResource": lambda: rds.remove_tags_from_resource(ResourceName=self.arn, TagKeys=["team"]),
            "CreateReplicationInstance": lambda: dms.create_replication_instance(
                ReplicationInstanceIdentifier="new", ReplicationInstanceClass="dms.t3.micro"
            ),
            "CreateEndpoint": lambda: dms.create_endpoint(
                EndpointIdentifier="new", EndpointType="target", **self.target("new")
            ),
            "ModifyEndpoint": lambda: dms.modify_endpoint(
                EndpointArn=self.endpoints[1], EndpointIdentifier="new", **self.target("new")
            ),
            "DeleteEndpoint": lambda: dms.delete_endpoint(EndpointArn=self.endpoints[2]),
            "CreateReplicationTask": lambda: dms.create_replication_task(**self.task_settings("new")),
            "ModifyReplicationTask": lambda: dms.modify_replication_task(
                ReplicationTaskArn=self.task, TableMappings=mappings
            ),
            "DeleteReplicationTask": lambda: dms.delete_replication_task(ReplicationTaskArn=self.task),
        }


def test_refused_changes_leave_no_trace(new_lab: Callable[..., RunningLab]) -> None:
    lab = new_lab()
    resources = Resources(lab)
    resources.rds.modify_db_parameter_group(DBParameterGroupName="g", Parameters=[PARAMETER])
    before = state(lab)
    with small_files(lab):
        for name, call in resources.changes().items():
            errors_of({name: call})
            assert state(lab) == before, name
    assert Databases(lab).ask("db", "SELECT 7") == 7  # with the password that it had
    changes = resources.changes()
    for name in ("CreateDBParameterGroup", "CopyDBParameterGroup", "AddTagsToResource", "CopyDBSnapshot"):
        changes[name]()
    for name in ("CreateEndpoint", "ModifyReplicationTask", "DeleteEndpoint", "CreateReplicationInstance"):
        changes[name]()
    after = state(lab)
    assert after != before
    lab.kill()
    lab.start()
    Databases(lab).wait("db")
    assert state(lab) == after


def test_work_waits_for_room_and_a_finished_database_is_never_made_again(
    new_lab: Callable[..., RunningLab], tmp_path: Path
) -> None:
    """An instance that the state file cannot note as available is "creating" until it can, over a crash too."""
    with file_system(tmp_path / "small"):
        lab = new_lab("small/lab")
        try:
            databases = Databases(lab)
            databases.make("db")
            databases.rds.create_db_snapshot(DBInstanceIdentifier="db", DBSnapshotIdentifier="s")
            login = {"MasterUsername": "master", "MasterUserPassword": PASSWORD}
            databases.rds.create_db_instance(DBInstanceIdentifier="slow", DBName="ops", **SETTINGS, **login)
            with filled(tmp_path / "small"):
                mark = eventually(
                    lambda: [each for each in marks(lab) if each.parent.name != home(databases, "db")], 30
                )
                data = mark[0].parent / "data"
                made = (data / "PG_VERSION").stat().st_ino
                assert databases.describe("slow")["DBInstanceStatus"] == "creating"
                assert databases.ask("db", "SELECT 7") == 7
                lab.kill()
            lab.start()
            databases = Databases(lab)
            databases.wait("slow")
            assert (data / "PG_VERSION").stat().st_ino == made
            assert databases.ask("slow", "SELECT 7") == 7
            with filled(tmp_path / "small"):
                errors_of({"stop": lambda: databases.rds.stop_db_instance(DBInstanceIdentifier="slow")})
                assert databases.describe("slow")["DBInstanceStatus"] == "available"
            databases.rds.stop_db_instance(DBInstanceIdentifier="slow")
            databases.wait("slow", "stopped")
        finally:
            lab.stop()
            eventually(lambda: not servers_below(lab))


def marks(lab: RunningLab) -> list[Path]:
    """The marks of finished databases of root's lab."""
    places = [each.parent for each in Path("/var/lib/localaws").glob("*/lab") if each.read_text() == str(lab.directory)]
    return [mark for place in places for mark in place.glob("instances/*/complete")]


def home(databases: Databases, name: str) -> str:
    return databases.describe(name)["DbiResourceId"]
