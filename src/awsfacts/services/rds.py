"""Relational Database Service."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Deletion, Listing, Resource, Service, Settle


def _delete_instance(aws: Any, instance: str, settle: Settle) -> None:
    """Delete a database without a last snapshot, and wait: its parameter group is in use until then."""
    aws.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)

    def is_gone() -> bool:
        try:
            aws.describe_db_instances(DBInstanceIdentifier=instance)
        except aws.exceptions.DBInstanceNotFoundFault:
            return True
        return False

    settle(is_gone, instance)


SERVICE = Service(
    name="rds",
    title="Amazon Relational Database Service",
    resources=(
        Resource(
            type="db",
            title="RDS instance",
            create=("CreateDBInstance", "RestoreDBInstanceFromDBSnapshot"),
            name="DBInstanceIdentifier",
            list=Listing("DescribeDBInstances", "DBInstances.DBInstanceIdentifier"),
            delete=_delete_instance,
            uses=("rds:subgrp", "rds:pg", "ec2:security-group", "kms:key", "iam:role", "logs:log-group"),
        ),
        Resource(
            type="snapshot",
            title="RDS snapshot",
            create=("CreateDBSnapshot",),
            name="DBSnapshotIdentifier",
            list=Listing("DescribeDBSnapshots", "DBSnapshots.DBSnapshotIdentifier", more={"SnapshotType": "manual"}),
            delete=Deletion("DeleteDBSnapshot", "DBSnapshotIdentifier"),
            uses=("kms:key",),
        ),
        Resource(
            type="subgrp",
            title="RDS subnet group",
            create=("CreateDBSubnetGroup",),
            name="DBSubnetGroupName",
            list=Listing("DescribeDBSubnetGroups", "DBSubnetGroups.DBSubnetGroupName"),
            delete=Deletion("DeleteDBSubnetGroup", "DBSubnetGroupName"),
            uses=("ec2:subnet",),
        ),
        Resource(
            type="pg",
            title="RDS parameter group",
            create=("CreateDBParameterGroup",),
            name="DBParameterGroupName",
            list=Listing("DescribeDBParameterGroups", "DBParameterGroups.DBParameterGroupName"),
            delete=Deletion("DeleteDBParameterGroup", "DBParameterGroupName"),
        ),
    ),
    unpriced="RDS",
)
