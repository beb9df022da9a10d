"""Database Migration Service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle, method_of

_PASSING = ("creating", "starting", "modifying", "moving", "stopping", "testing", "deleting")


def _only(aws: Any, operation: str, items: str, identifier: str, name: str) -> Mapping[str, Any]:
    """What DMS says of the one called *name*; empty if there is none, which it calls a fault."""
    try:
        found = method_of(aws, operation)(Filters=[{"Name": identifier, "Values": [name]}])[items]
    except aws.exceptions.ResourceNotFoundFault:
        return {}
    return found[0] if found else {}


def _delete_task(aws: Any, task: str, settle: Settle) -> None:
    """A task runs until it is stopped, and must be gone before its endpoints can go (DeleteReplicationTask)."""

    def found() -> Mapping[str, Any]:
        return _only(aws, "DescribeReplicationTasks", "ReplicationTasks", "replication-task-id", task)

    def has_settled() -> bool:
        return found().get("Status") not in _PASSING

    settle(has_settled, task)
    one = found()
    if one.get("Status") == "running":
        aws.stop_replication_task(ReplicationTaskArn=one["ReplicationTaskArn"])
        settle(lambda: found().get("Status") not in ("running", "stopping"), task)
    if one:
        aws.delete_replication_task(ReplicationTaskArn=one["ReplicationTaskArn"])
        settle(lambda: not found(), task)


def _delete_endpoint(aws: Any, endpoint: str, settle: Settle) -> None:
    if found := _only(aws, "DescribeEndpoints", "Endpoints", "endpoint-id", endpoint):
        aws.delete_endpoint(EndpointArn=found["EndpointArn"])


def _delete_instance(aws: Any, instance: str, settle: Settle) -> None:
    def found() -> Mapping[str, Any]:
        name = "replication-instance-id"
        return _only(aws, "DescribeReplicationInstances", "ReplicationInstances", name, instance)

    if one := found():
        aws.delete_replication_instance(ReplicationInstanceArn=one["ReplicationInstanceArn"])
        settle(lambda: not found(), instance)


SERVICE = Service(
    name="dms",
    title="AWS Database Migration Service",
    real=(
        Claim(
            "Tasks load tables from PostgreSQL to S3 as CSV or Parquet.",
            "engines/test_dms.py::test_a_full_load_as_csv",
        ),
        Claim(
            "Inserts, updates and deletes follow in order, and nothing falls between load and changes.",
            "engines/test_dms_cdc.py::test_nothing_falls_between_load_and_changes",
        ),
        Claim(
            "A task killed in mid-load loses nothing.",
            "engines/test_dms_recovery.py::test_a_task_killed_in_mid_load_loses_nothing",
        ),
    ),
    differs=(
        Claim(
            "A replication instance is ready as soon as somebody asks; on AWS it takes minutes.",
            "test_claims_01.py::test_databases_are_on_this_machine",
        ),
    ),
    resources=(
        Resource(
            type="ReplicationTask",
            title="DMS task",
            create=("CreateReplicationTask",),
            name="ReplicationTaskIdentifier",
            list=Listing("DescribeReplicationTasks", "ReplicationTasks.ReplicationTaskIdentifier"),
            delete=_delete_task,
            uses=("dms:Endpoint", "dms:ReplicationInstance"),
        ),
        Resource(
            type="Endpoint",
            title="DMS endpoint",
            create=("CreateEndpoint",),
            name="EndpointIdentifier",
            list=Listing("DescribeEndpoints", "Endpoints.EndpointIdentifier"),
            delete=_delete_endpoint,
            uses=("rds:db", "s3:bucket", "kinesis:stream", "iam:role", "secretsmanager:Secret"),
        ),
        Resource(
            type="ReplicationInstance",
            title="DMS instance",
            create=("CreateReplicationInstance",),
            name="ReplicationInstanceIdentifier",
            list=Listing("DescribeReplicationInstances", "ReplicationInstances.ReplicationInstanceIdentifier"),
            delete=_delete_instance,
            uses=("dms:ReplicationSubnetGroup", "ec2:security-group", "kms:key", "logs:log-group"),
            logs="dms-tasks-",
        ),
        Resource(
            type="ReplicationSubnetGroup",
            title="DMS subnet group",
            create=("CreateReplicationSubnetGroup",),
            name="ReplicationSubnetGroupIdentifier",
            list=Listing("DescribeReplicationSubnetGroups", "ReplicationSubnetGroups.ReplicationSubnetGroupIdentifier"),
            delete=Deletion("DeleteReplicationSubnetGroup", "ReplicationSubnetGroupIdentifier"),
            uses=("ec2:subnet",),
        ),
    ),
    unsupported=(
        (
            ".*",
            "The lab has replication instances, endpoints and tasks from PostgreSQL to S3 and to Kinesis; it has no "
            "homogeneous or serverless migrations, no fleet advisor, and no certificates and events.",
        ),
    ),
    unpriced="DMS",
)
