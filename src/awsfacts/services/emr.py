"""EMR on EC2."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

_STANDING = ["STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING"]

SERVICE = Service(
    name="emr",
    title="Amazon EMR",
    in_arns="elasticmapreduce",
    resources=(
        Resource(
            type="cluster",
            title="EMR cluster",
            create=("RunJobFlow",),
            name="JobFlowId",
            named_by=("ClusterId",),
            list=Listing("ListClusters", "Clusters.Id", more={"ClusterStates": _STANDING}),
            delete=Deletion("TerminateJobFlows", "JobFlowIds", many=True),
            uses=("emr:security-configuration", "ec2:security-group", "ec2:subnet", "iam:role", "s3:bucket"),
            by_id=True,
        ),
        Resource(
            type="security-configuration",
            title="EMR security configuration",
            create=("CreateSecurityConfiguration",),
            name="Name",
            delete=Deletion("DeleteSecurityConfiguration", "Name"),
        ),
    ),
    unsupported=((".*", "The lab describes clusters, groups and steps; it has no studios, notebooks and no Spark."),),
)
