"""Relational Database Service."""

from __future__ import annotations

from functools import partial
from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle, is_refused


def _delete_instance(aws: Any, instance: str, settle: Settle) -> None:
    """Delete a database without a last snapshot, and wait: its parameter group is in use until then."""
    aws.delete_db_instance(DBInstanceIdentifier=instance, SkipFinalSnapshot=True, DeleteAutomatedBackups=True)
    describe = partial(aws.describe_db_instances, DBInstanceIdentifier=instance)
    settle(partial(is_refused, describe, aws.exceptions.DBInstanceNotFoundFault), instance)


SERVICE = Service(
    name="rds",
    title="Amazon Relational Database Service",
    real=(
        Claim(
            "An instance is a PostgreSQL server of its own that any driver can use.",
            "engines/test_rds.py::test_an_instance_is_a_server_that_drivers_can_use",
        ),
        Claim(
            "Snapshots are taken and restored.",
            "engines/test_rds.py::test_snapshot_and_restore",
        ),
        Claim(
            "Parameter groups set the server's parameters, logical replication too.",
            "engines/test_rds.py::test_logical_replication_by_a_parameter_group",
        ),
        Claim(
            "Data and settings survive a stop and a crash of the lab.",
            "engines/test_rds_recovery.py::test_data_and_settings_survive_a_stop_and_a_crash_of_the_lab",
        ),
    ),
    differs=(
        Claim(
            "The database listens on this machine only; on AWS it stands in a VPC.",
            "test_claims_01.py::test_databases_are_on_this_machine",
        ),
    ),
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
            named_by=("SourceDBSnapshotIdentifier",),
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
        Resource(
            type="og",
            title="RDS option group",
            create=("CreateOptionGroup",),
            name="OptionGroupName",
            list=Listing("DescribeOptionGroups", "OptionGroupsList.OptionGroupName"),
            delete=Deletion("DeleteOptionGroup", "OptionGroupName"),
        ),
        Resource(
            type="secgrp",
            title="RDS security group",
            create=("CreateDBSecurityGroup",),
            name="DBSecurityGroupName",
            list=Listing("DescribeDBSecurityGroups", "DBSecurityGroups.DBSecurityGroupName"),
            delete=Deletion("DeleteDBSecurityGroup", "DBSecurityGroupName"),
        ),
        Resource(
            type="es",
            title="RDS event subscription",
            create=("CreateEventSubscription",),
            name="SubscriptionName",
            list=Listing("DescribeEventSubscriptions", "EventSubscriptionsList.CustSubscriptionId"),
            delete=Deletion("DeleteEventSubscription", "SubscriptionName"),
            uses=("sns:topic",),
        ),
        Resource(
            type="proxy",
            title="RDS proxy",
            create=("CreateDBProxy",),
            name="DBProxyName",
            list=Listing("DescribeDBProxies", "DBProxies.DBProxyName"),
            delete=Deletion("DeleteDBProxy", "DBProxyName"),
            uses=("rds:db", "secretsmanager:Secret", "iam:role"),
        ),
        Resource(
            type="target-group",
            title="target of a proxy",
            create=("RegisterDBProxyTargets",),
            name="DBProxyName",
            part_of="proxy",
        ),
        Resource(
            type="cluster-pg",
            title="RDS cluster parameter group",
            create=("CreateDBClusterParameterGroup",),
            name="DBClusterParameterGroupName",
            list=Listing("DescribeDBClusterParameterGroups", "DBClusterParameterGroups.DBClusterParameterGroupName"),
            delete=Deletion("DeleteDBClusterParameterGroup", "DBClusterParameterGroupName"),
        ),
        Resource(
            type="global-cluster",
            title="RDS global cluster",
            create=("CreateGlobalCluster",),
            name="GlobalClusterIdentifier",
            list=Listing("DescribeGlobalClusters", "GlobalClusters.GlobalClusterIdentifier"),
            delete=Deletion("DeleteGlobalCluster", "GlobalClusterIdentifier"),
            is_global=True,
        ),
        Resource(
            type="deployment",
            title="blue-green deployment",
            create=("CreateBlueGreenDeployment",),
            name="BlueGreenDeploymentIdentifier",
            list=Listing("DescribeBlueGreenDeployments", "BlueGreenDeployments.BlueGreenDeploymentIdentifier"),
            delete=Deletion("DeleteBlueGreenDeployment", "BlueGreenDeploymentIdentifier"),
            uses=("rds:db",),
            by_id=True,
        ),
    ),
    unsupported=(
        (
            ".*(DBCluster|ShardGroup|Tenant|Integration|BlueGreen|CustomDB|CapacityReservation).*",
            "The lab's databases are single instances of PostgreSQL: no Aurora, no clusters, no custom engines.",
        ),
        (".*ProxyEndpoint.*", "The lab describes proxies, and none listens."),
        ("RestoreDBInstanceFromS3", "The lab restores no backups that other programs have made."),
        ("RestoreDBInstanceToPointInTime", "The lab keeps no transaction logs to restore from; snapshots it restores."),
        ("CreateDBInstanceReadReplica", "The lab has no read replicas."),
    ),
    unpriced="RDS",
)
