"""The operations of Redshift that the lab answers otherwise than moto (Amazon Redshift API reference)."""

from __future__ import annotations

from typing import Any, ClassVar

from moto.core.responses import ActionResult
from moto.redshift.responses import RedshiftResponse

from localaws.engines.redshift import rules
from localaws.engines.redshift.backend import RedshiftEngine
from localaws.engines.redshift.credentials import SHORTEST, check_user, user_of
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab


class RedshiftEngineResponse(RedshiftResponse):
    lab: ClassVar[Lab]

    @property
    def engine(self) -> RedshiftEngine:
        backend = self.redshift_backend
        assert isinstance(backend, RedshiftEngine)
        return backend

    @property
    def _identifier(self) -> str:
        return str(self._get_param("ClusterIdentifier"))

    def _settings(self) -> dict[str, Any]:
        return dict(self.params)

    # Clusters

    def create_cluster(self) -> ActionResult:
        rules.check_new(self._settings())
        self.engine.usable_key(self._get_param("KmsKeyId"))
        answer = super().create_cluster()
        self.engine.begin(self.engine.cluster(self._identifier), self._settings())
        return answer

    def modify_cluster(self) -> ActionResult:
        return ActionResult({"Cluster": self.engine.change(self._identifier, self._settings())})

    def resize_cluster(self) -> ActionResult:
        names = ("ClusterType", "NodeType", "NumberOfNodes")
        changes = {name: value for name in names if (value := self._get_param(name)) is not None}
        self.engine.cluster(self._identifier).require("available")
        return ActionResult({"Cluster": self.engine.change(self._identifier, changes)})

    def reboot_cluster(self) -> ActionResult:
        return ActionResult({"Cluster": self.engine.reboot(self._identifier)})

    def modify_cluster_iam_roles(self) -> ActionResult:
        """Source: API reference, ModifyClusterIamRoles."""
        cluster = self.engine.cluster(self._identifier)
        removed = self._get_param("RemoveIamRoles") or []
        kept = [arn for arn in cluster.iam_roles_arn if arn not in removed]
        cluster.iam_roles_arn = list(dict.fromkeys([*kept, *(self._get_param("AddIamRoles") or [])]))
        if (default := self._get_param("DefaultIamRoleArn")) is not None:
            if default and default not in cluster.iam_roles_arn:
                raise rules.invalid(f"The default role {default} is not associated with the cluster.")
            cluster.default_iam_role_arn = default
        if cluster.default_iam_role_arn in removed:
            cluster.default_iam_role_arn = ""
        return ActionResult({"Cluster": cluster})

    # Snapshots

    def create_cluster_snapshot(self) -> ActionResult:
        answer = super().create_cluster_snapshot()
        if (days := self._get_int_param("ManualSnapshotRetentionPeriod")) is not None:
            if days != -1 and not 1 <= days <= 3653:
                raise rules.invalid("ManualSnapshotRetentionPeriod must be -1, or from 1 to 3653.")
            self.engine.snapshot(self._get_param("SnapshotIdentifier")).manual_snapshot_retention_period = days
        return answer

    def restore_from_cluster_snapshot(self) -> ActionResult:
        settings = self._settings()
        rules.check_identifier(self._identifier)
        rules.check_nodes(settings)
        snapshot = self.engine.snapshot(settings["SnapshotIdentifier"])
        if snapshot.status != "available":
            said = f"The snapshot {snapshot.snapshot_identifier} is {snapshot.status}; it has to be available."
            raise AwsError("InvalidClusterSnapshotState", said)
        answer = super().restore_from_cluster_snapshot()
        self.engine.restore(settings, self.engine.cluster(self._identifier))
        return answer

    # Passwords for a while

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
        loan = self.engine.lend(self._identifier, name, user, database, groups, creates, seconds)
        return ActionResult({"DbUser": loan.name, "DbPassword": loan.password, "Expiration": loan.end})
