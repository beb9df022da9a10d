"""DMS's operations: endpoints that are connected to, tasks that move rows."""

from __future__ import annotations

import json
import random
import string
from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

import psycopg
from botocore.exceptions import BotoCoreError, ClientError
from moto.dms.exceptions import (
    InvalidParameterCombinationException,
    InvalidResourceStateFault,
    ResourceAlreadyExistsFault,
    ResourceNotFoundFault,
)
from moto.dms.models import (
    DatabaseMigrationServiceBackend,
    Endpoint,
    FakeReplicationInstance,
    FakeReplicationSubnetGroup,
)

from localaws.engines.dms.files import parse_settings
from localaws.engines.dms.mappings import parse_mappings
from localaws.engines.dms.policies import ErrorBehavior
from localaws.engines.dms.source import PostgresSource
from localaws.engines.dms.task import RUNNING, ReplicationTask
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.state.state_file import StateFile

_KINDS = ("full-load", "cdc", "full-load-and-cdc")
_SOURCES = {"postgres", "aurora-postgresql"}


class RealEndpoint(Endpoint):
    """``settings`` are CreateEndpoint's parameters, under AWS's names."""

    settings: dict[str, Any]

    def to_dict(self) -> dict[str, Any]:
        settings = {name: value for name, value in self.settings.items() if name not in ("Password", "Tags")}
        if "PostgreSQLSettings" in settings:
            settings["PostgreSQLSettings"] = {
                k: v for k, v in settings["PostgreSQLSettings"].items() if k != "Password"
            }
        display = {"postgres": "PostgreSQL", "aurora-postgresql": "Amazon Aurora PostgreSQL", "s3": "Amazon S3"}
        settings |= {"EngineDisplayName": display[self.engine_name], "Status": self.status}
        return {"SslMode": "none", **settings, "EndpointArn": self.endpoint_arn}


class Connection:
    """What TestConnection has found out; the names are DescribeConnections'."""

    def __init__(self, instance: FakeReplicationInstance, endpoint: Endpoint) -> None:
        self.instance = instance
        self.endpoint = endpoint
        self.replication_instance_arn: str = instance.arn
        self.endpoint_arn: str = endpoint.endpoint_arn
        self.status = "testing"
        self.failure = ""

    def advance(self) -> None:
        """moto's way to let time pass; here the test itself ends it."""

    def to_dict(self) -> dict[str, Any]:
        return {
            "ReplicationInstanceArn": self.replication_instance_arn,
            "ReplicationInstanceIdentifier": self.instance.id,
            "EndpointArn": self.endpoint_arn,
            "EndpointIdentifier": self.endpoint.endpoint_identifier,
            "Status": self.status,
            "LastFailureMessage": self.failure,
        }


class SubnetGroup(FakeReplicationSubnetGroup):
    """``subnets`` are what DescribeSubnets told of them when the group was made: they
    are there also where what EC2 kept had to be put aside."""

    subnets: list[dict[str, str]]

    def to_dict(self) -> dict[str, Any]:
        subnets = [
            {
                "SubnetIdentifier": each["SubnetId"],
                "SubnetAvailabilityZone": {"Name": each["AvailabilityZone"]},
                "SubnetStatus": "Active",
            }
            for each in self.subnets
        ]
        return super().to_dict() | {"VpcId": self.subnets[0]["VpcId"], "Subnets": subnets}


class ReplicationInstance(FakeReplicationInstance):
    """Tells of its subnet group, where moto makes one up."""

    subnet_group: SubnetGroup | None = None

    def to_dict(self) -> dict[str, Any]:
        return super().to_dict() | {"ReplicationSubnetGroup": self.subnet_group and self.subnet_group.to_dict()}


class DMSEngine(DatabaseMigrationServiceBackend):
    """PostgreSQL sources, S3 targets, and tasks between them."""

    lab: ClassVar[Lab]
    state_file: ClassVar[StateFile]
    endpoints: dict[str, RealEndpoint]  # type: ignore[assignment]
    replication_tasks: dict[str, ReplicationTask]  # type: ignore[assignment]
    replication_subnet_groups: dict[str, SubnetGroup]  # type: ignore[assignment]
    connections: list[Connection]  # type: ignore[assignment]

    @property
    def _tags(self) -> list[dict[Any, Any]]:
        """All that changes as something new gets its tags."""
        return [self.tagger.tags, *self.tagger.tags.values()]

    # Replication instances: there is nothing behind them but the lab itself

    def create_replication_instance(self, **settings: Any) -> FakeReplicationInstance:  # type: ignore[override]
        """Raises ResourceNotFoundFault for a subnet group that there is not (API reference)."""
        group = settings.get("replication_subnet_group_identifier")
        if group and group not in self.replication_subnet_groups:
            raise ResourceNotFoundFault(f"Replication subnet group {group} could not be found.")
        with self.state_file.changing(self.replication_instances, *self._tags):
            return self.add_instance(settings)

    def add_instance(self, settings: dict[str, Any]) -> FakeReplicationInstance:
        """Have the instance that *settings* (CreateReplicationInstance's, under moto's names) describe."""
        settings["engine_version"] = settings.get("engine_version") or "3.6.1"
        settings["publicly_accessible"] = bool(settings.get("publicly_accessible"))
        instance = super().create_replication_instance(**settings)
        instance.settings = settings  # type: ignore[attr-defined]
        assert isinstance(instance, ReplicationInstance)
        instance.subnet_group = self.replication_subnet_groups.get(
            settings.get("replication_subnet_group_identifier") or ""
        )
        return instance

    def delete_replication_instance(self, replication_instance_arn: str) -> FakeReplicationInstance:
        if any(task.replication_instance_arn == replication_instance_arn for task in self.replication_tasks.values()):
            raise InvalidResourceStateFault("Replication instance is used by a replication task; delete that first.")
        with self.state_file.changing(self.replication_instances, vars(self)):
            self.connections = list(self.connections)
            return super().delete_replication_instance(replication_instance_arn)

    # Subnet groups

    def create_replication_subnet_group(
        self,
        replication_subnet_group_identifier: str,
        replication_subnet_group_description: str,
        subnet_ids: list[str],
        tags: list[dict[str, str]] | None = None,
    ) -> FakeReplicationSubnetGroup:
        """Raises ResourceAlreadyExistsFault and InvalidSubnet (API reference, CreateReplicationSubnetGroup)."""
        try:
            found = self.lab.client("ec2", region=self.region_name, by="dms").describe_subnets(SubnetIds=subnet_ids)[
                "Subnets"
            ]
        except ClientError as error:
            raise AwsError("InvalidSubnet", error.response["Error"]["Message"]) from None
        subnets = [{name: each[name] for name in ("SubnetId", "AvailabilityZone", "VpcId")} for each in found]
        with self.state_file.changing(self.replication_subnet_groups, *self._tags):
            named = replication_subnet_group_identifier, replication_subnet_group_description
            super().create_replication_subnet_group(*named, subnet_ids, tags)
            return self.add_subnet_group(*named, subnets)

    def add_subnet_group(self, identifier: str, description: str, subnets: list[dict[str, str]]) -> SubnetGroup:
        group = SubnetGroup(identifier, description)
        group.subnets = subnets
        self.replication_subnet_groups[identifier] = group
        return group

    def delete_replication_subnet_group(self, replication_subnet_group_identifier: str) -> FakeReplicationSubnetGroup:
        """Raises InvalidResourceStateFault for one in use (DeleteReplicationSubnetGroup); the text as users met it."""
        for instance in self.replication_instances.values():
            if instance.replication_subnet_group_identifier == replication_subnet_group_identifier:
                raise InvalidResourceStateFault(
                    f"Cannot delete the subnet group '{replication_subnet_group_identifier}' because at least one "
                    f"database instance: {instance.id} is still using it."
                )
        with self.state_file.changing(self.replication_subnet_groups, *self._tags):
            self.tagger.delete_all_tags_for_resource(replication_subnet_group_identifier)
            return super().delete_replication_subnet_group(replication_subnet_group_identifier)

    # Endpoints

    def make_endpoint(self, settings: dict[str, Any], identifier: str = "") -> RealEndpoint:
        """CreateEndpoint: see `add_endpoint`."""
        with self.state_file.changing(self.endpoints, *self._tags):
            return self.add_endpoint(settings, identifier)

    def add_endpoint(self, settings: dict[str, Any], identifier: str = "") -> RealEndpoint:
        """Make the endpoint that CreateEndpoint's *settings* describe.

        Raises InvalidParameterValueException for engines and settings that this lab does not have.
        """
        name = settings["EndpointIdentifier"]
        if name in self.endpoints:
            raise ResourceAlreadyExistsFault(f"The endpoint {name} already exists.")
        _check_endpoint(settings)
        endpoint = RealEndpoint(
            **dict.fromkeys(_MOTOS_PARAMETERS),  # type: ignore[arg-type]
            endpoint_identifier=name,
            endpoint_type=settings["EndpointType"].lower(),
            engine_name=settings["EngineName"].lower(),
            status="active",
            resource_identifier=identifier or _random_identifier(),
            account_id=self.account_id,
            region_name=self.region_name,
        )
        endpoint.settings = settings
        if settings.get("Tags"):
            self.tagger.tag_resource(endpoint.endpoint_arn, settings["Tags"])
        self.endpoints[name] = endpoint
        return endpoint

    def modify_endpoint(self, arn: str, changes: dict[str, Any]) -> RealEndpoint:
        """Change *changes*; tests of its connection are forgotten."""
        endpoint = self.endpoint(arn)
        if any(task.status in RUNNING for task in self._tasks_of(arn)):
            raise InvalidResourceStateFault("The endpoint is used by a running replication task; stop that first.")
        exact = changes.pop("ExactSettings", False)
        settings = dict(endpoint.settings)
        for name, value in changes.items():
            merge = isinstance(value, dict) and not exact
            settings[name] = {**(settings.get(name) or {}), **value} if merge else value
        _check_endpoint(settings)
        with self.state_file.changing(self.endpoints, vars(endpoint), vars(self)):
            endpoint.settings = settings
            if settings["EndpointIdentifier"] != endpoint.endpoint_identifier:
                del self.endpoints[endpoint.endpoint_identifier]
                endpoint.endpoint_identifier = settings["EndpointIdentifier"]
                self.endpoints[endpoint.endpoint_identifier] = endpoint
            self.connections = [each for each in self.connections if each.endpoint_arn != arn]
        return endpoint

    def delete_endpoint(self, endpoint_arn: str) -> RealEndpoint:
        if self._tasks_of(endpoint_arn):
            raise InvalidResourceStateFault("The endpoint is used by a replication task; delete that first.")
        endpoint = self.endpoint(endpoint_arn)
        with self.state_file.changing(self.endpoints, vars(self)):
            self.connections = list(self.connections)
            super().delete_endpoint(endpoint_arn)
        return endpoint

    def endpoint(self, arn: str) -> RealEndpoint:
        for endpoint in self.endpoints.values():
            if endpoint.endpoint_arn == arn:
                return endpoint
        raise ResourceNotFoundFault(f"Endpoint {arn} could not be found.")

    @property
    def arns(self) -> set[str]:
        """Of all that may bear tags; a subnet group is known by its name too."""
        groups = set(self.replication_subnet_groups)
        return {
            *(task.arn for task in self.replication_tasks.values()),
            *(instance.arn for instance in self.replication_instances.values()),
            *(endpoint.endpoint_arn for endpoint in self.endpoints.values()),
            *groups,
            *(f"arn:aws:dms:{self.region_name}:{self.account_id}:subgrp:{name}" for name in groups),
        }

    def _tasks_of(self, arn: str) -> list[ReplicationTask]:
        tasks = self.replication_tasks.values()
        return [task for task in tasks if arn in (task.source_endpoint_arn, task.target_endpoint_arn)]

    # Connections

    def test_connection(self, replication_instance_arn: str, endpoint_arn: str) -> Connection:  # type: ignore[override]
        """Connect to the endpoint in the background; DescribeConnections tells how it went."""
        instance = self._instance(replication_instance_arn)
        endpoint = self.endpoint(endpoint_arn)
        connection = self._connection(replication_instance_arn, endpoint_arn)
        if connection is None:
            connection = Connection(instance, endpoint)
            self.connections.append(connection)
        connection.status = "testing"

        def test() -> None:
            try:
                self._try(endpoint)
                with self.state_file.changing(vars(connection)):
                    connection.status, connection.failure = "successful", ""
            except (psycopg.Error, ClientError, BotoCoreError, KeyError, ValueError, OSError) as error:
                connection.failure = f"Test Endpoint failed: Application-Detailed-Message: {str(error).strip()}"
                connection.status = "failed"

        self.lab.spawn("dms-test", test)
        return connection

    def _try(self, endpoint: RealEndpoint) -> None:
        if endpoint.endpoint_type == "source":
            with PostgresSource(self.lab, self.region_name, endpoint.settings).connect() as connection:
                connection.execute("SELECT 1")
        else:
            target = parse_settings(endpoint.settings["S3Settings"])
            s3 = self.lab.client(
                "s3", region=self.region_name, role_arn=target.role_arn, session_name="dms-test", by="dms"
            )
            s3.list_objects_v2(Bucket=target.bucket, MaxKeys=1)

    def _connection(self, instance_arn: str, endpoint_arn: str) -> Connection | None:
        for connection in self.connections:
            if (connection.replication_instance_arn, connection.endpoint_arn) == (instance_arn, endpoint_arn):
                return connection
        return None

    def _instance(self, arn: str) -> FakeReplicationInstance:
        if arn not in self.replication_instances:
            raise ResourceNotFoundFault(f"Replication instance {arn} could not be found.")
        return self.replication_instances[arn]

    # Tasks

    def create_replication_task(  # type: ignore[override]
        self, tags: list[dict[str, str]] | None = None, **settings: Any
    ) -> ReplicationTask:
        """Check everything that can be known beforehand; the task is ``ready``."""
        self._instance(settings["replication_instance_arn"])
        self.endpoint(settings["source_endpoint_arn"])
        self.endpoint(settings["target_endpoint_arn"])
        if settings["migration_type"] not in _KINDS:
            raise AwsError("InvalidParameterValueException", f"MigrationType is one of {', '.join(_KINDS)}.")
        check_task(settings)
        with self.state_file.changing(self.replication_tasks, *self._tags):
            task = self.add_task(settings, self.lab.clock.now(), tags or [])
            task.status = "ready"
        return task

    def add_task(
        self, settings: dict[str, Any], created: datetime, tags: Iterable[dict[str, str]] = ()
    ) -> ReplicationTask:
        """Have the task that *settings* (CreateReplicationTask's parameters, under moto's names) describe."""
        task = ReplicationTask(self, settings, created)
        if task.arn in self.replication_tasks:
            raise ResourceAlreadyExistsFault(f"The replication task {task.id} already exists.")
        self.replication_tasks[task.arn] = task
        self.tagger.tag_resource(task.arn, list(tags))
        return task

    def modify_replication_task(self, arn: str, changes: dict[str, Any]) -> ReplicationTask:
        task = self.task(arn)
        if task.status in RUNNING:
            raise InvalidResourceStateFault("A running replication task cannot be modified; stop it first.")
        check_task({**task.settings, **changes})
        with self.state_file.changing(task.settings, vars(task)):
            task.settings.update(changes)
            for name, value in changes.items():
                setattr(task, name, value)
        return task

    def start_replication_task(self, replication_task_arn: str, kind: str = "start-replication") -> ReplicationTask:
        """Start as StartReplicationTaskType *kind* says. Raises what AWS answers to a start that makes no sense."""
        task = self.task(replication_task_arn)
        if task.status not in ("ready", "stopped", "failed"):
            raise InvalidResourceStateFault(f"Replication task {task.id} is {task.status} and cannot be started.")
        if kind not in ("start-replication", "resume-processing", "reload-target"):
            raise AwsError("InvalidParameterValueException", f"There is no StartReplicationTaskType {kind}.")
        first = task.status == "ready"
        if first != (kind == "start-replication"):
            only = "the first time" if kind == "start-replication" else "again"
            raise InvalidParameterCombinationException(
                f"Start Type : {kind.upper().replace('-', '_')}, valid only for tasks running {only}"
            )
        if kind == "resume-processing" and task.progress.loaded and not task.cdc:
            raise InvalidParameterCombinationException("The full load is complete: there is nothing to resume.")
        for arn in (task.source_endpoint_arn, task.target_endpoint_arn):
            connection = self._connection(task.replication_instance_arn, arn)
            if connection is None or connection.status != "successful":
                raise InvalidResourceStateFault(
                    "Test connection for replication instance and endpoint should be successful for starting the "
                    f"replication task: use TestConnection with {arn}."
                )
        task.begin(kind)
        return task

    def stop_replication_task(self, replication_task_arn: str) -> ReplicationTask:
        task = self.task(replication_task_arn)
        if task.status not in ("starting", "running"):
            raise InvalidResourceStateFault(f"Replication task {task.id} is {task.status}, not running.")
        task.end()
        return task

    def delete_replication_task(self, replication_task_arn: str) -> ReplicationTask:
        task = self.task(replication_task_arn)
        if task.status in RUNNING:
            raise InvalidResourceStateFault(f"Replication task {task.id} is {task.status}; stop it first.")
        with self.state_file.changing(vars(task)):
            task.status = "deleting"
        self.finish_deleting(task)
        return task

    def finish_deleting(self, task: ReplicationTask) -> None:
        """Forget a task that is "deleting", and have its source forget it too."""
        task.drop_slot()
        with self.state_file.changing(self.replication_tasks):
            del self.replication_tasks[task.arn]

    def reload_tables(self, arn: str, tables: Iterable[dict[str, str]]) -> None:
        """Load *tables* again beside the change capture of a running task."""
        task = self.task(arn)
        if task.status != "running" or not task.cdc:
            raise InvalidResourceStateFault("Tables are reloaded while a task with change capture is running.")
        names = [f"{table['SchemaName']}.{table['TableName']}" for table in tables]
        for name in names:
            if name not in task.progress.tables:
                raise ResourceNotFoundFault(f"The task has no table {name}.")
        with self.state_file.changing(*(vars(task.progress.tables[name]) for name in names)):
            for name in names:
                task.reload(name)

    def task(self, arn: str) -> ReplicationTask:
        if arn not in self.replication_tasks:
            raise ResourceNotFoundFault(f"Replication task {arn} could not be found.")
        return self.replication_tasks[arn]


#: The parameters of moto's endpoint that this engine keeps in ``settings`` instead.
_MOTOS_PARAMETERS = (
    "engine_display_name username password server_name port database_name extra_connection_attributes kms_key_id "
    "certificate_arn ssl_mode service_access_role_arn external_table_definition external_id dynamo_db_settings "
    "s3_settings dms_transfer_settings mongo_db_settings kinesis_settings kafka_settings elasticsearch_settings "
    "neptune_settings redshift_settings postgre_sql_settings my_sql_settings oracle_settings sybase_settings "
    "microsoft_sql_server_settings ibm_db2_settings doc_db_settings redis_settings gcp_my_sql_settings "
    "timestream_settings"
).split()


def _check_endpoint(settings: dict[str, Any]) -> None:
    engine, kind = settings["EngineName"].lower(), settings["EndpointType"].lower()
    if kind == "target" and engine == "s3":
        parse_settings(settings.get("S3Settings") or {})
    elif kind == "source" and engine in _SOURCES:
        own = settings.get("PostgreSQLSettings") or {}
        if own.get("SlotName"):
            raise AwsError("InvalidParameterValueException", "This lab makes its own slots: leave SlotName out.")
        if not (own.get("SecretsManagerSecretId") or own.get("ServerName") or settings.get("ServerName")):
            raise AwsError("InvalidParameterValueException", "A source needs a ServerName or a secret that has a host.")
    else:
        raise AwsError(
            "InvalidParameterValueException", f"This lab copies from postgres to s3; it has no {kind} {engine}."
        )


def check_task(settings: dict[str, Any]) -> None:
    """Raise InvalidParameterValueException for table mappings or task settings that cannot be used."""
    parse_mappings(settings["table_mappings"] or "")
    try:
        own = json.loads(settings.get("replication_task_settings") or "{}") or {}
    except ValueError as error:
        raise AwsError("InvalidParameterValueException", f"Invalid task settings JSON: {error}") from None
    if not isinstance(own, dict) or not all(isinstance(each, dict | None) for each in own.values()):
        raise AwsError("InvalidParameterValueException", "Invalid task settings JSON: it is an object of objects.")
    ErrorBehavior(own, lambda _: None)
    mode = (own.get("FullLoadSettings") or {}).get("TargetTablePrepMode", "DROP_AND_CREATE")
    if mode not in ("DROP_AND_CREATE", "TRUNCATE_BEFORE_LOAD", "DO_NOTHING"):
        raise AwsError("InvalidParameterValueException", f"There is no TargetTablePrepMode {mode}.")


def _random_identifier() -> str:
    return "".join(random.choices(string.ascii_uppercase + string.digits[2:8], k=26))
