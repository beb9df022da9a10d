"""Clusters of one account and region: moto's descriptions, and servers that run.

Sources: Amazon Redshift API reference; management guide, "Amazon Redshift clusters".
"""

from __future__ import annotations

import shutil
from collections.abc import Mapping
from contextlib import suppress
from functools import partial
from typing import Any, ClassVar

from botocore.exceptions import ClientError
from moto.redshift.models import Cluster, RedshiftBackend, Snapshot

from localaws.client import on_behalf_of
from localaws.engines.redshift import rules
from localaws.engines.redshift.cluster import RedshiftCluster
from localaws.engines.redshift.credentials import LONGEST, SHORTEST, Loan, lend
from localaws.engines.redshift.secret import ManagedSecret
from localaws.engines.redshift.snapshots import RedshiftSnapshot
from localaws.gateway.errors import AwsError
from localaws.gateway.records import current_call
from localaws.lab import Lab

#: Node types that `awsfacts` has a price for, and the units in which they stand on the bill.
_METERED = {"ra3.xlplus": "redshift:ra3_xlplus_nodes", "rg.large": "redshift:rg_large_nodes"}


class RedshiftEngine(RedshiftBackend):
    lab: ClassVar[Lab]

    def cluster(self, identifier: str) -> RedshiftCluster:
        """Raises ClusterNotFound."""
        [found] = self.describe_clusters(identifier)
        assert isinstance(found, RedshiftCluster)
        return found

    def snapshot(self, identifier: str) -> RedshiftSnapshot:
        """Raises ClusterSnapshotNotFound."""
        [found] = self.describe_cluster_snapshots(snapshot_identifier=identifier)
        assert isinstance(found, RedshiftSnapshot)
        return found

    # Clusters

    def begin(self, cluster: RedshiftCluster, settings: Mapping[str, Any]) -> None:
        """Have a new cluster run, with what moto has not taken of *settings*."""
        cluster.default_iam_role_arn = settings.get("DefaultIamRoleArn") or ""
        cluster.kms_key_id = self.usable_key(settings.get("KmsKeyId"))
        cluster.manual_snapshot_retention_period = settings.get("ManualSnapshotRetentionPeriod", -1)
        if settings.get("ManageMasterPassword"):
            self._manage_password(cluster, settings.get("MasterPasswordSecretKmsKeyId") or "")
        self.bill(cluster)
        cluster.in_background("creating", partial(self.start_new, cluster))

    def start_new(self, cluster: RedshiftCluster) -> None:
        """Again after a start of the lab, where it had not come to its end."""
        if cluster.snapshot_to_restore and not cluster.directory.exists():
            source = self.snapshot(cluster.snapshot_to_restore).directory
            fresh = cluster.directory.with_name(f"{cluster.directory.name}.new")
            shutil.rmtree(fresh, ignore_errors=True)
            shutil.copytree(source, fresh)
            fresh.replace(cluster.directory)
        cluster.start()

    def _manage_password(self, cluster: RedshiftCluster, kms_key: str) -> None:
        cluster.secret = ManagedSecret(
            self.lab, self.region_name, cluster.cluster_identifier, cluster.master_username, "redshift", kms_key
        )
        cluster.master_user_password = cluster.secret.create({})

    def usable_key(self, key: str | None) -> str | None:
        """The ARN of the *key* that is to encrypt, if one is named. Raises AwsError for one that cannot be used."""
        if not key:
            return None
        with on_behalf_of(current_call.get().credential, "redshift.amazonaws.com"):
            try:
                found = self.lab.client("kms", region=self.region_name).describe_key(KeyId=key)["KeyMetadata"]
            except ClientError as error:
                raise AwsError("DependentServiceAccessDenied", error.response["Error"]["Message"], 403) from None
        if not found["Enabled"]:
            raise rules.invalid(f"The KMS key {found['Arn']} is {found['KeyState']}; it has to be enabled.")
        return str(found["Arn"])

    def change(self, identifier: str, changes: Mapping[str, Any]) -> RedshiftCluster:
        """What ModifyCluster asks for."""
        cluster = self.cluster(identifier)
        cluster.require("available", "paused")
        rules.check_nodes(changes)
        new_name, password = changes.get("NewClusterIdentifier"), changes.get("MasterUserPassword")
        if new_name:
            rules.check_identifier(new_name, "NewClusterIdentifier")
            if new_name in self.clusters and new_name != identifier:
                raise AwsError("ClusterAlreadyExists", "Cluster already exists")
        if password:
            rules.check_password(password)
            if cluster.secret:
                said = "MasterUserPassword cannot be given for a cluster whose password Secrets Manager manages."
                raise AwsError("InvalidParameterCombination", said)
        if changes.get("KmsKeyId"):
            changes = {**changes, "KmsKeyId": self.usable_key(changes["KmsKeyId"])}
        self._change_password(cluster, password, changes)
        cluster.change(changes)
        if new_name:
            self.clusters[new_name] = self.clusters.pop(identifier)
            cluster.cluster_identifier = new_name
        if cluster.pending:
            resizes = bool({"NodeType", "NumberOfNodes"} & cluster.pending.keys())
            before = cluster.status
            cluster.in_background("resizing" if resizes else "modifying", cluster.apply_pending, before)
            self.bill(cluster)
        return cluster

    def _change_password(self, cluster: RedshiftCluster, password: str | None, changes: Mapping[str, Any]) -> None:
        if changes.get("ManageMasterPassword") and not cluster.secret:
            self._manage_password(cluster, changes.get("MasterPasswordSecretKmsKeyId") or "")
            password = cluster.master_user_password
        elif changes.get("ManageMasterPassword") is False and cluster.secret:
            if not password:
                raise AwsError("InvalidParameterCombination", "MasterUserPassword is needed to manage it yourself.")
            cluster.secret.delete()
            cluster.secret = None
        if password:
            cluster.require("available")
            assert cluster.process
            cluster.put_master(cluster.process, password)

    def pause_cluster(self, cluster_id: str) -> Cluster:
        cluster = self.cluster(cluster_id)
        cluster.require("available")
        cluster.in_background("pausing", cluster.stop, "paused")
        self.bill(cluster, 0)
        return cluster

    def resume_cluster(self, cluster_id: str) -> Cluster:
        cluster = self.cluster(cluster_id)
        cluster.require("paused")
        cluster.in_background("resuming", cluster.start)
        self.bill(cluster)
        return cluster

    def reboot(self, identifier: str) -> RedshiftCluster:
        cluster = self.cluster(identifier)
        cluster.require("available", "hardware-failure")
        cluster.deaths = 0
        cluster.in_background("rebooting", cluster.reboot)
        return cluster

    def delete_cluster(self, **cluster_kwargs: Any) -> Cluster:
        """Who is connected loses the connection; the final snapshot, if one is wanted, has all that was committed."""
        cluster = self.cluster(cluster_kwargs["cluster_identifier"])
        if cluster.status == "deleting":
            cluster.require("available")
        snapshot = cluster_kwargs["final_cluster_snapshot_identifier"]
        if cluster_kwargs["skip_final_snapshot"]:
            snapshot = None
        elif not snapshot:
            said = "FinalClusterSnapshotIdentifier is required unless SkipFinalClusterSnapshot is specified."
            raise AwsError("InvalidParameterCombination", said)
        if snapshot:
            cluster.require("available", "paused")
            self._new_snapshot(cluster, snapshot, cluster.tags)
        self.bill(cluster, 0)
        cluster.in_background("deleting", partial(self.finish_deletion, cluster, snapshot), "deleting")
        return cluster

    def finish_deletion(self, cluster: RedshiftCluster, snapshot: str | None = None) -> None:
        if snapshot:
            self._fill(cluster, self.snapshot(snapshot))
        cluster.destroy()
        if cluster.secret:
            cluster.secret.delete()
        with self.lab.state.changing("redshift"):
            self.clusters.pop(cluster.cluster_identifier, None)

    def bill(self, cluster: RedshiftCluster, nodes: int | None = None) -> None:
        """Note on the record of this call how many nodes stand from now on: none of a cluster that is paused."""
        number = cluster.pending.get("NumberOfNodes", cluster.number_of_nodes) if nodes is None else nodes
        node_type = cluster.pending.get("NodeType", cluster.node_type)
        call = current_call.get(None)
        if call is None:
            return
        call.resources = [cluster.arn, *(each for each in call.resources if each != cluster.arn)]
        for type, unit in _METERED.items():
            if type in (node_type, cluster.node_type):
                call.units[unit] = number if type == node_type else 0

    # Snapshots

    def create_cluster_snapshot(
        self,
        cluster_identifier: str,
        snapshot_identifier: str,
        region_name: str,
        tags: list[dict[str, str]] | None,
        snapshot_type: str = "manual",
    ) -> Snapshot:
        cluster = self.cluster(cluster_identifier)
        if snapshot_type == "automated":  # moto describes one of each new cluster, which has nothing in it yet
            return Snapshot(cluster, snapshot_identifier, self.account_id, region_name, tags, snapshot_type="automated")
        cluster.require("available", "paused")
        snapshot = self._new_snapshot(cluster, snapshot_identifier, tags)
        self.lab.spawn(f"snapshot {snapshot_identifier}", partial(self._fill, cluster, snapshot), followed=True)
        return snapshot

    def _new_snapshot(
        self, cluster: RedshiftCluster, identifier: str, tags: list[dict[str, str]] | None
    ) -> RedshiftSnapshot:
        rules.check_identifier(identifier, "SnapshotIdentifier")
        snapshot = super().create_cluster_snapshot(cluster.cluster_identifier, identifier, self.region_name, tags)
        assert isinstance(snapshot, RedshiftSnapshot)
        snapshot.manual_snapshot_retention_period = cluster.manual_snapshot_retention_period
        return snapshot

    def _fill(self, cluster: RedshiftCluster, snapshot: RedshiftSnapshot) -> None:
        try:
            cluster.copy_to(snapshot.directory)
        except BaseException:
            snapshot.status = "failed"
            raise
        with self.lab.state.changing("redshift"):
            snapshot.ready()
        self.expire(snapshot)

    def expire(self, snapshot: RedshiftSnapshot) -> None:
        """Have a snapshot deleted when its retention period is over."""
        if snapshot.end:
            forget = partial(self._forget, snapshot)
            self.lab.timer.at(snapshot.end.timestamp(), f"end of snapshot {snapshot.snapshot_identifier}", forget)

    def _forget(self, snapshot: RedshiftSnapshot) -> None:
        if snapshot.end and snapshot.end.timestamp() <= self.lab.clock.time():
            with suppress(Exception), self.lab.state.changing("redshift"):
                self.delete_cluster_snapshot(snapshot.snapshot_identifier)

    def delete_cluster_snapshot(self, snapshot_identifier: str) -> Snapshot:
        snapshot = self.snapshot(snapshot_identifier)
        if snapshot.status == "creating":
            raise AwsError("InvalidClusterSnapshotState", f"The snapshot {snapshot_identifier} is being created.")
        if any(each.snapshot_to_restore == snapshot_identifier and each.status == "creating"
               for each in self.clusters.values() if isinstance(each, RedshiftCluster)):  # fmt: skip
            said = f"A cluster is being restored from the snapshot {snapshot_identifier}."
            raise AwsError("InvalidClusterSnapshotState", said)
        deleted = super().delete_cluster_snapshot(snapshot_identifier)
        snapshot.remove_files()
        return deleted

    def restore(self, settings: Mapping[str, Any], cluster: Cluster) -> None:
        """Fill a new *cluster* with what the snapshot has; users and their passwords are those of then."""
        assert isinstance(cluster, RedshiftCluster)
        snapshot = self.snapshot(settings["SnapshotIdentifier"])
        cluster.snapshot_to_restore = snapshot.snapshot_identifier
        cluster.kms_key_id = snapshot.kms_key_id
        self.begin(cluster, {"KmsKeyId": snapshot.kms_key_id, **settings})

    # Passwords for a while

    def lend(
        self, identifier: str, name: str, user: str, database: str, groups: list[str], creates: bool, seconds: int
    ) -> Loan:
        """A password for a while, which the cluster's server knows from now on (`credentials`)."""
        cluster = self.cluster(identifier)
        if not SHORTEST <= seconds <= LONGEST:
            raise rules.invalid(f"Token duration must be between {SHORTEST} and {LONGEST} seconds")
        if cluster.process is None:
            cluster.require("available")
            raise AwsError("InvalidClusterState", f"The cluster {identifier} takes no connections now.")
        return lend(self.lab, cluster.process, name, user, database, groups, creates, seconds)
