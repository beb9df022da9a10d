"""Clusters of one account and region: moto's descriptions, and servers that run.

Sources: Amazon Redshift API reference; Redshift management guide, "Generating database credentials".
"""

from __future__ import annotations

from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.redshift.models import Cluster, RedshiftBackend
from moto.redshift.responses import RedshiftResponse

from localaws.engines.redshift.cluster import RedshiftCluster
from localaws.engines.redshift.credentials import LONGEST, SHORTEST, Loan, check_user, lend, user_of
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
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

    def lend(
        self, identifier: str, name: str, user: str, database: str, groups: list[str], creates: bool, seconds: int
    ) -> Loan:
        """A password for a while, which the cluster's server knows from now on (`credentials`)."""
        cluster = self.describe_clusters(identifier)[0]
        assert isinstance(cluster, RedshiftCluster)
        if not SHORTEST <= seconds <= LONGEST:
            said = f"Token duration must be between {SHORTEST} and {LONGEST} seconds"
            raise AwsError("InvalidParameterValue", said)
        if cluster.process is None:
            raise AwsError("InvalidClusterState", f"Cluster {identifier} is {cluster.status}; it has to be available.")
        return lend(self.lab, cluster.process, name, user, database, groups, creates, seconds)


class RedshiftEngineResponse(RedshiftResponse):
    lab: ClassVar[Lab]

    @property
    def engine(self) -> RedshiftEngine:
        backend = self.redshift_backend
        assert isinstance(backend, RedshiftEngine)
        return backend

    def get_cluster_credentials(self) -> ActionResult:
        """The name says whether the user is made if he is not there: IAMA: if so, else IAM:."""
        user, creates = self._get_param("DbUser"), self._get_bool_param("AutoCreate", False)
        check_user(user)
        return self._lent(f"{'IAMA' if creates else 'IAM'}:{user}", user, creates, self._get_param("DbGroups") or [])

    def get_cluster_credentials_with_iam(self) -> ActionResult:
        """The user is called after the caller's identity, and made if he is not there."""
        caller = current_call.get().credential
        assert caller
        name = user_of(caller)
        return self._lent(name, name, True, [])

    def _lent(self, name: str, user: str, creates: bool, groups: list[str]) -> ActionResult:
        seconds, database = self._get_int_param("DurationSeconds", SHORTEST), self._get_param("DbName") or ""
        identifier = self._get_param("ClusterIdentifier")
        loan = self.engine.lend(identifier, name, user, database, groups, creates, seconds)
        return ActionResult({"DbUser": loan.name, "DbPassword": loan.password, "Expiration": loan.end})

    def modify_cluster_iam_roles(self) -> ActionResult:
        """Source: API reference, ModifyClusterIamRoles."""
        cluster = self.redshift_backend.describe_clusters(self._get_param("ClusterIdentifier"))[0]
        assert isinstance(cluster, RedshiftCluster)
        kept = [arn for arn in cluster.iam_roles_arn if arn not in (self._get_param("RemoveIamRoles") or [])]
        cluster.iam_roles_arn = list(dict.fromkeys([*kept, *(self._get_param("AddIamRoles") or [])]))
        if (default := self._get_param("DefaultIamRoleArn")) is not None:
            cluster.default_role = default
        return ActionResult({"Cluster": cluster})
