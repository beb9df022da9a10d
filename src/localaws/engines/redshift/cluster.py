"""A cluster: moto's description of it, and the process behind it."""

from __future__ import annotations

import logging
import shutil
import threading
from collections import defaultdict
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, ClassVar

from moto.redshift.models import Cluster

from localaws.engines.redshift.questions import Questions
from localaws.engines.redshift.secret import ManagedSecret
from localaws.gateway.errors import AwsError
from localaws.lab import Lab
from localaws.warehouse.cluster import ClusterProcess

log = logging.getLogger(__name__)

#: Files of a cluster that are its data; the rest is of the process that runs.
DATA = ("databases", "users.json", "groups.json", "isolation.json")
#: Seconds for which a status can be seen at least: in the answer to the call that brings it about.
_MOMENT = 0.2
#: A process that has died is started again, so many times.
_MOST_DEATHS = 3


class RedshiftCluster(Cluster):
    """``status`` is "creating" until its server takes connections ("Cluster status", Redshift management guide).

    Attributes:
        pending: changes that are under way, by the member of ModifyCluster.
        nodes_priced: how many nodes stand on the bill now.
    """

    lab: ClassVar[Lab]
    #: Those that run, by the cluster's unique id.
    processes: ClassVar[dict[str, ClusterProcess]] = {}
    #: Held by what starts or stops one, by the same id.
    _working: ClassVar[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)

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

    # The process

    @property
    def directory(self) -> Path:
        return self.lab.directory / "redshift" / self.unique_cluster_id

    @property
    def process(self) -> ClusterProcess | None:
        return self.processes.get(self.unique_cluster_id)

    def require(self, *statuses: str) -> None:
        """Raises InvalidClusterState unless the cluster's status is one of *statuses*."""
        if self.status not in statuses:
            said = f"The cluster {self.cluster_identifier} is {self.status}; it has to be {' or '.join(statuses)}."
            raise AwsError("InvalidClusterState", said)

    def in_background(self, status: str, work: Callable[[], None], then: str = "available") -> None:
        """Be *status* while *work* is done on a thread, and *then* afterwards; "hardware-failure" where it fails.

        One work waits for the other; the status is that of the youngest.
        """
        self.status = status

        def run() -> None:
            after = then
            self.lab.stopping.wait(_MOMENT)
            with self._working[self.unique_cluster_id]:
                try:
                    work()
                except Exception:
                    log.exception("cluster %s failed while it was %s", self.cluster_identifier, status)
                    after = "hardware-failure"
                with self.lab.state.changing("redshift"):
                    self.status = after if self.status == status else self.status

        self.lab.spawn(f"redshift-{self.cluster_identifier}", run, followed=True)

    def start(self) -> None:
        """Have the server run; returns when it does. Raises RuntimeError."""
        process = ClusterProcess(
            self.directory,
            self.lab.directory / "objects" / "data",
            self.lab.directory / "tls" / "server.pem",
            Questions(self).answers,
            self._restart,
        )
        try:
            process.start(self.port, self.db_name)
            if self.master_user_password:
                self.put_master(process, self.master_user_password)
        except BaseException:
            process.stop()
            raise
        self.processes[self.unique_cluster_id] = process
        self.port = process.port

    def put_master(self, process: ClusterProcess, password: str) -> None:
        """Let the admin user in with *password*, of which only the server keeps anything."""
        process.ask("put_user", name=self.master_username, password=password, superuser=True, createdb=True)
        self.master_user_password = ""

    def _restart(self) -> None:
        """The process has died by itself: what it had committed is on disk."""
        self.processes.pop(self.unique_cluster_id, None)
        self.deaths += 1
        log.error("the process of cluster %s has died", self.cluster_identifier)
        if self.deaths > _MOST_DEATHS:
            self.status = "hardware-failure"
        else:
            self.in_background("rebooting", self.start)

    def stop(self) -> None:
        if process := self.processes.pop(self.unique_cluster_id, None):
            process.stop()

    def reboot(self) -> None:
        self.stop()
        self.start()

    def destroy(self) -> None:
        """Stop, and remove every file."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def copy_to(self, directory: Path) -> None:
        """Copy all data, as it is at one moment, to *directory*, which is there whole or not at all."""
        fresh = directory.with_name(f"{directory.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        fresh.mkdir(parents=True, mode=0o700)
        if process := self.process:
            process.ask("back_up", directory=str(fresh / "databases"))
        else:
            shutil.copytree(self.directory / "databases", fresh / "databases")
        for name in DATA[1:]:
            if (self.directory / name).exists():
                shutil.copy2(self.directory / name, fresh / name)
        fresh.replace(directory)

    # Changes

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
