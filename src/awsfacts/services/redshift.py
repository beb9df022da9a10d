"""Redshift, provisioned."""

from __future__ import annotations

from functools import partial
from typing import Any

from awsfacts.declaration import Deletion, Listing, Resource, Service, Settle, is_refused


def _delete_cluster(aws: Any, cluster: str, settle: Settle) -> None:
    """Delete a cluster without a last snapshot, and wait: its groups are in use until then."""
    aws.delete_cluster(ClusterIdentifier=cluster, SkipFinalClusterSnapshot=True)
    describe = partial(aws.describe_clusters, ClusterIdentifier=cluster)
    settle(partial(is_refused, describe, aws.exceptions.ClusterNotFoundFault), cluster)


SERVICE = Service(
    name="redshift",
    title="Amazon Redshift",
    resources=(
        Resource(
            type="cluster",
            title="Redshift cluster",
            create=("CreateCluster", "RestoreFromClusterSnapshot"),
            name="ClusterIdentifier",
            list=Listing("DescribeClusters", "Clusters.ClusterIdentifier"),
            delete=_delete_cluster,
            uses=(
                "redshift:parametergroup",
                "redshift:securitygroup",
                "redshift:subnetgroup",
                "ec2:security-group",
                "iam:role",
                "kms:key",
                "s3:bucket",
            ),
        ),
        Resource(
            type="snapshot",
            title="Redshift snapshot",
            create=("CreateClusterSnapshot",),
            name="SnapshotIdentifier",
            list=Listing("DescribeClusterSnapshots", "Snapshots.SnapshotIdentifier", more={"SnapshotType": "manual"}),
            delete=Deletion("DeleteClusterSnapshot", "SnapshotIdentifier"),
        ),
        Resource(
            type="parametergroup",
            title="Redshift parameter group",
            create=("CreateClusterParameterGroup",),
            name="ParameterGroupName",
            list=Listing("DescribeClusterParameterGroups", "ParameterGroups.ParameterGroupName"),
            delete=Deletion("DeleteClusterParameterGroup", "ParameterGroupName"),
        ),
        Resource(
            type="securitygroup",
            title="Redshift security group",
            create=("CreateClusterSecurityGroup",),
            name="ClusterSecurityGroupName",
            list=Listing("DescribeClusterSecurityGroups", "ClusterSecurityGroups.ClusterSecurityGroupName"),
            delete=Deletion("DeleteClusterSecurityGroup", "ClusterSecurityGroupName"),
        ),
        Resource(
            type="subnetgroup",
            title="Redshift subnet group",
            create=("CreateClusterSubnetGroup",),
            name="ClusterSubnetGroupName",
            list=Listing("DescribeClusterSubnetGroups", "ClusterSubnetGroups.ClusterSubnetGroupName"),
            delete=Deletion("DeleteClusterSubnetGroup", "ClusterSubnetGroupName"),
            uses=("ec2:subnet",),
        ),
        Resource(
            type="snapshotcopygrant",
            title="snapshot copy grant",
            create=("CreateSnapshotCopyGrant",),
            name="SnapshotCopyGrantName",
            list=Listing("DescribeSnapshotCopyGrants", "SnapshotCopyGrants.SnapshotCopyGrantName"),
            delete=Deletion("DeleteSnapshotCopyGrant", "SnapshotCopyGrantName"),
            uses=("kms:key",),
        ),
    ),
    leaves_nothing={"CreateTags": "what is tagged exists already"},
    unsupported=((".*", "The lab describes clusters, their groups and snapshots, and runs no SQL of Redshift yet."),),
)
