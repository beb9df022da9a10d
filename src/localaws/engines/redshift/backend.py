"""Clusters of one account and region: moto's descriptions, and servers that run.

Sources: Amazon Redshift API reference; Redshift management guide, "Generating database credentials".
"""

from __future__ import annotations

from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.redshift.models import Cluster, RedshiftBackend
from moto.redshift.responses import RedshiftResponse

from localaws.engines.redshift.cluster import RedshiftCluster
from localaws.gateway.errors import AwsError
from localaws.lab import Lab


class RedshiftEngine(RedshiftBackend):
    lab: ClassVar[Lab]

    def create_cluster(self, **cluster_kwargs: Any) -> Cluster:
        cluster = super().create_cluster(**cluster_kwargs)
        assert isinstance(cluster, RedshiftCluster)
        cluster.start_in_background()
        return cluster

    def delete_cluster(self, **cluster_kwargs: Any) -> Cluster:
        cluster = super().delete_cluster(**cluster_kwargs)
        assert isinstance(cluster, RedshiftCluster)
        cluster.destroy()
        cluster.status = "deleting"
        return cluster

    def get_cluster_credentials(
        self, cluster_identifier: str, db_user: str, auto_create: bool, duration_seconds: int
    ) -> dict[str, Any]:
        """A password for a while, which the cluster's server knows from now on."""
        given = super().get_cluster_credentials(cluster_identifier, db_user, auto_create, duration_seconds)
        cluster = self.clusters[cluster_identifier]
        assert isinstance(cluster, RedshiftCluster)
        if cluster.process is None:
            raise AwsError("InvalidClusterState", f"The cluster {cluster_identifier} is {cluster.status}.")
        if auto_create:
            cluster.process.ask("put_user", name=db_user)
        password, seconds = given["DbPassword"], duration_seconds
        cluster.process.ask("lend", name=given["DbUser"], password=password, seconds=seconds)
        return given


class RedshiftEngineResponse(RedshiftResponse):
    lab: ClassVar[Lab]

    def modify_cluster_iam_roles(self) -> ActionResult:
        """Source: API reference, ModifyClusterIamRoles."""
        cluster = self.redshift_backend.describe_clusters(self._get_param("ClusterIdentifier"))[0]
        assert isinstance(cluster, RedshiftCluster)
        kept = [arn for arn in cluster.iam_roles_arn if arn not in (self._get_param("RemoveIamRoles") or [])]
        cluster.iam_roles_arn = list(dict.fromkeys([*kept, *(self._get_param("AddIamRoles") or [])]))
        if (default := self._get_param("DefaultIamRoleArn")) is not None:
            cluster.default_role = default
        return ActionResult({"Cluster": cluster})
