"""A cluster: moto's description of it, and the process behind it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from moto.redshift.models import Cluster

from localaws.engines.redshift.secret import ManagedSecret
from localaws.engines.redshift.warehouse import Warehouse
from localaws.gateway.errors import AwsError

#: Slices of a node; the smaller kinds have two.
_SLICES = {"ra3.4xlarge": 4, "ra3.16xlarge": 16, "dc2.8xlarge": 16, "rg.4xlarge": 4}


class RedshiftCluster(Warehouse, Cluster):
    """``status`` is "creating" until its server takes connections ("Cluster status", Redshift management guide).

    Attributes:
        pending: changes that are under way, by the member of ModifyCluster.
        snapshot_to_restore: that from which it is made, "" for none.
    """

    def __init__(self, *arguments: Any, **settings: Any) -> None:
        super().__init__(*arguments, **settings)
        self.default_iam_role_arn = ""
        self.status = "creating"
        self.encrypted = True
        self.secret: ManagedSecret | None = None
        self.pending: dict[str, Any] = {}
        self.snapshot_to_restore = ""
        self.deaths = 0
        self.manual_snapshot_retention_period = -1
        self.maintenance_track_name = "current"

    # What DescribeClusters tells beside what moto has

    @property
    def address(self) -> str:
        return "127.0.0.1"

    @property
    def endpoint(self) -> dict[str, str | int] | None:  # type: ignore[override]
        """There is none while the cluster is being made."""
        return None if self.status == "creating" else {"Address": self.address, "Port": self.port}

    @property
    def cluster_availability_status(self) -> str:
        words = {"available": "Available", "paused": "Paused", "hardware-failure": "Failed"}
        return words.get(self.status, "Maintenance" if self.status == "maintenance" else "Modifying")

    @property
    def pending_modified_values(self) -> dict[str, Any]:  # type: ignore[override]
        return {name: "****" if name == "MasterUserPassword" else value for name, value in self.pending.items()}

    @property
    def slices(self) -> int:
        """ "Amazon Redshift provisioned clusters", "Node type details": slices of each node."""
        return self.number_of_nodes * _SLICES.get(self.node_type, 2)

    @property
    def cluster_nodes(self) -> list[dict[str, str]]:
        names = ["SHARED"] if self.number_of_nodes == 1 else ["LEADER"]
        names += [f"COMPUTE-{n}" for n in range(self.number_of_nodes)] if self.number_of_nodes > 1 else []
        return [{"NodeRole": name, "PrivateIPAddress": self.address} for name in names]

    @property
    def namespace_id(self) -> str:
        digits = self.unique_cluster_id.ljust(32, "0")
        return "-".join((digits[:8], digits[8:12], f"4{digits[13:16]}", f"a{digits[17:20]}", digits[20:32]))

    @property
    def cluster_namespace_arn(self) -> str:
        return f"arn:aws:redshift:{self.region}:{self.account_id}:namespace:{self.namespace_id}"

    @property
    def master_password_secret_arn(self) -> str | None:
        return self.secret.arn if self.secret else None

    # Changes

    def require(self, *statuses: str) -> None:
        """Raises InvalidClusterState unless the cluster's status is one of *statuses*."""
        if self.status not in statuses:
            said = f"The cluster {self.cluster_identifier} is {self.status}; it has to be {' or '.join(statuses)}."
            raise AwsError("InvalidClusterState", said)

    def apply_pending(self) -> None:
        """Be what was asked for."""
        for member, value in self.pending.items():
            setattr(self, _ATTRIBUTES[member], value)
        self.pending = {}

    def change(self, changes: Mapping[str, Any]) -> None:
        """Note what is to be changed, which `apply_pending` does."""
        kind = changes.get("ClusterType")
        wanted = {name: value for name, value in changes.items() if name in _ATTRIBUTES}
        if kind == "single-node":
            wanted["NumberOfNodes"] = 1
        if "ClusterParameterGroupName" in wanted:
            wanted["ClusterParameterGroupName"] = [wanted["ClusterParameterGroupName"]]
        self.pending.update(wanted)


_ATTRIBUTES = {
    "NodeType": "node_type",
    "NumberOfNodes": "number_of_nodes",
    "PubliclyAccessible": "publicly_accessible",
    "EnhancedVpcRouting": "enhanced_vpc_routing",
    "AutomatedSnapshotRetentionPeriod": "automated_snapshot_retention_period",
    "ManualSnapshotRetentionPeriod": "manual_snapshot_retention_period",
    "PreferredMaintenanceWindow": "preferred_maintenance_window",
    "AllowVersionUpgrade": "allow_version_upgrade",
    "ClusterVersion": "cluster_version",
    "ClusterSecurityGroups": "cluster_security_groups",
    "VpcSecurityGroupIds": "vpc_security_group_ids",
    "ClusterParameterGroupName": "cluster_parameter_group_name",
    "MaintenanceTrackName": "maintenance_track_name",
    "KmsKeyId": "kms_key_id",
}
