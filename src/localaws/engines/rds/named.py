"""Operations on something named that is not there, where moto says nothing or stumbles: each has its fault.

Source: API reference of RDS, the "Errors" of each operation.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    DBParameterGroupNotFoundError,
    InvalidParameterCombination,
    OptionGroupNotFoundFaultError,
    RDSClientError,
)
from moto.rds.responses import RDSResponse

from localaws.engines.rds.backend import RDSEngine


class NamedResponse(RDSResponse):
    @property
    def engine(self) -> RDSEngine:
        backend = self.backend
        assert isinstance(backend, RDSEngine)
        return backend

    def describe_db_parameter_groups(self) -> ActionResult:
        name = self.params.get("DBParameterGroupName")
        return (
            PaginatedResult({"DBParameterGroups": [self._group(name)]})
            if name
            else super().describe_db_parameter_groups()
        )

    def describe_global_clusters(self) -> ActionResult:
        return ActionResult({"GlobalClusters": self._global_clusters(self.params.get("GlobalClusterIdentifier"))})

    def delete_global_cluster(self) -> ActionResult:
        self._global_clusters(self.params["GlobalClusterIdentifier"])
        return super().delete_global_cluster()

    def _global_clusters(self, name: str | None) -> list[Any]:
        clusters = self.global_backend.describe_global_clusters()
        named = [each for each in clusters if name in (None, each.global_cluster_identifier)]
        if name and not named:
            raise RDSClientError("GlobalClusterNotFoundFault", f"Global cluster {name} not found.")
        return named

    def describe_db_proxy_targets(self) -> ActionResult:
        self.engine.describe_db_proxies(self.params["DBProxyName"])
        return super().describe_db_proxy_targets()

    def describe_db_proxy_target_groups(self) -> ActionResult:
        self.engine.describe_db_proxies(self.params["DBProxyName"])
        return super().describe_db_proxy_target_groups()

    def describe_db_instance_automated_backups(self) -> ActionResult:
        """None: the lab keeps no transaction logs to go back by (see RestoreDBInstanceToPointInTime)."""
        name = self.params.get("DbiResourceId") or self.params.get("DBInstanceAutomatedBackupsArn")
        if name:
            raise RDSClientError("DBInstanceAutomatedBackupNotFound", f"There is no automated backup of {name}.")
        return ActionResult({"DBInstanceAutomatedBackups": []})

    def delete_db_proxy(self) -> ActionResult:
        self.engine.describe_db_proxies(self.params["DBProxyName"])
        return super().delete_db_proxy()

    def create_db_proxy(self) -> ActionResult:
        if not self.params.get("Auth"):
            raise InvalidParameterCombination("Auth is needed: it names the secrets that the proxy logs in with.")
        return super().create_db_proxy()

    def register_db_proxy_targets(self) -> ActionResult:
        self.engine.describe_db_proxies(self.params["DBProxyName"])
        return super().register_db_proxy_targets()

    def deregister_db_proxy_targets(self) -> ActionResult:
        self.engine.describe_db_proxies(self.params["DBProxyName"])
        return super().deregister_db_proxy_targets()

    def modify_db_proxy_target_group(self) -> ActionResult:
        self.engine.describe_db_proxies(self.params["DBProxyName"])
        return super().modify_db_proxy_target_group()

    def modify_db_cluster(self) -> ActionResult:
        """The lab has no clusters (see CreateDBCluster)."""
        raise DBClusterNotFoundError(self.params["DBClusterIdentifier"])

    def promote_read_replica_db_cluster(self) -> ActionResult:
        raise DBClusterNotFoundError(self.params["DBClusterIdentifier"])

    def promote_read_replica(self) -> ActionResult:
        """Of an instance that is there; the lab has no read replicas (see CreateDBInstanceReadReplica)."""
        instance = self.engine.find(self.params["DBInstanceIdentifier"])
        raise RDSClientError("InvalidDBInstanceState", f"DB Instance {instance.resource_id} is not a read replica.")

    def restore_db_cluster_to_point_in_time(self) -> ActionResult:
        raise NotImplementedError("the lab has no clusters")

    def restore_db_instance_from_db_snapshot(self) -> ActionResult:
        if not self.params.get("DBSnapshotIdentifier"):
            raise InvalidParameterCombination("DBSnapshotIdentifier is needed: the lab snapshots instances.")
        return super().restore_db_instance_from_db_snapshot()

    def start_export_task(self) -> ActionResult:
        raise NotImplementedError("the lab exports no snapshots; moto would only say so")

    def describe_option_groups(self) -> ActionResult:
        asked = {name: self.params.get(name) for name in ("OptionGroupName", "EngineName", "MajorEngineVersion")}
        found = [
            group
            for group in self.engine.option_groups.values()
            if asked["OptionGroupName"] in (None, group.name)
            and asked["EngineName"] in (None, group.engine_name)
            and asked["MajorEngineVersion"] in (None, group.major_engine_version)
        ]
        if asked["OptionGroupName"] and not found:
            raise OptionGroupNotFoundFaultError(asked["OptionGroupName"])
        return PaginatedResult({"OptionGroupsList": found})

    def _group(self, name: str) -> Any:
        groups = self.engine.db_parameter_groups
        if name not in groups and name == f"default.postgres{self.engine.binaries.major}":
            return self.engine.default_group()
        if name not in groups:
            raise DBParameterGroupNotFoundError(name)
        return groups[name]
