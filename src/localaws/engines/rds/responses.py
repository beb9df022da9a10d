"""What moto's RDS does not answer: engine versions, parameters, and that something named is not there."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.rds.exceptions import DBParameterGroupNotFoundError, InvalidParameterCombination, RDSClientError
from moto.rds.responses import RDSResponse

from localaws.engines.rds.backend import RDSEngine
from localaws.engines.rds.parameters import parameter_table

#: The path that RDS for PostgreSQL shows ("RDS for PostgreSQL database log files").
LOG_NAME = "error/postgresql.log"


class RDSEngineResponse(RDSResponse):
    @property
    def engine(self) -> RDSEngine:
        backend = self.backend
        assert isinstance(backend, RDSEngine)
        return backend

    def describe_db_engine_versions(self) -> ActionResult:
        """The one version that this machine has."""
        binaries = self.engine.binaries
        asked = self.params.get("EngineVersion", binaries.version)
        fits = self.params.get("Engine", "postgres") == "postgres" and asked.split(".")[0] == binaries.major
        version = {
            "Engine": "postgres",
            "EngineVersion": binaries.version,
            "MajorEngineVersion": binaries.major,
            "DBParameterGroupFamily": f"postgres{binaries.major}",
            "DBEngineDescription": "PostgreSQL",
            "DBEngineVersionDescription": f"PostgreSQL {binaries.version}",
            "Status": "available",
        }
        return ActionResult({"DBEngineVersions": [version] if fits else []})

    def describe_db_parameter_groups(self) -> ActionResult:
        name = self.params.get("DBParameterGroupName")
        return (
            PaginatedResult({"DBParameterGroups": [self._group(name)]})
            if name
            else super().describe_db_parameter_groups()
        )

    def describe_global_clusters(self) -> ActionResult:
        clusters = self.global_backend.describe_global_clusters()
        name = self.params.get("GlobalClusterIdentifier")
        named = [each for each in clusters if name in (None, each.global_cluster_identifier)]
        if name and not named:
            raise RDSClientError("GlobalClusterNotFoundFault", f"Global cluster {name} not found.")
        return ActionResult({"GlobalClusters": named})

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

    def describe_db_parameters(self) -> ActionResult:
        """Every parameter of the server, those that the group sets with their values."""
        group = self._group(self.params["DBParameterGroupName"])
        source = self.params.get("Source")
        parameters: list[dict[str, Any]] = []
        for name, parameter in sorted(parameter_table(self.engine.binaries).items()):
            described = parameter.described | (
                {**group.parameters[name], "Source": "user"} if name in group.parameters else {}
            )
            if source in (None, described["Source"]):
                parameters.append(described)
        return PaginatedResult({"Parameters": parameters})

    def reset_db_parameter_group(self) -> ActionResult:
        """Give all, or the named, parameters their defaults again."""
        group = self._group(self.params["DBParameterGroupName"])
        named = [each["ParameterName"] for each in self.params.get("Parameters", [])]
        everything = self.params.get("ResetAllParameters", not named)
        if everything and named:
            raise InvalidParameterCombination("Name parameters, or set ResetAllParameters, not both.")
        for name in list(group.parameters) if everything else named:
            group.parameters.pop(name, None)
        self.engine.apply_group(group.name)
        return ActionResult({"DBParameterGroupName": group.name})

    def describe_db_log_files(self) -> ActionResult:
        """The one log that the server writes."""
        log = self.engine.find(self.params["DBInstanceIdentifier"]).server.log
        files = []
        if log.exists():
            told = log.stat()
            files = [{"LogFileName": LOG_NAME, "LastWritten": int(told.st_mtime * 1000), "Size": told.st_size}]
        return ActionResult({"DescribeDBLogFiles": files})

    def download_db_log_file_portion(self) -> ActionResult:
        """Lines of that log: the last ``NumberOfLines`` (1000), or those after ``Marker`` (its position in bytes)."""
        log = self.engine.find(self.params["DBInstanceIdentifier"]).server.log
        if self.params["LogFileName"] != LOG_NAME or not log.exists():
            raise RDSClientError("DBLogFileNotFoundFault", f"There is no log file {self.params['LogFileName']}.")
        most = int(self.params.get("NumberOfLines", 1000))
        marker = self.params.get("Marker")
        with log.open("rb") as file:
            file.seek(int(marker or 0))
            lines = file.readlines()
            end = file.tell()
        chosen = lines[:most] if marker else lines[-most:]
        if marker:
            end = int(marker) + sum(map(len, chosen))
        more = marker is not None and len(chosen) < len(lines)
        text = b"".join(chosen).decode(errors="replace")
        return ActionResult({"LogFileData": text, "Marker": str(end), "AdditionalDataPending": more})

    def _group(self, name: str) -> Any:
        groups = self.engine.db_parameter_groups
        if name not in groups and name == f"default.postgres{self.engine.binaries.major}":
            return self.engine.default_group()
        if name not in groups:
            raise DBParameterGroupNotFoundError(name)
        return groups[name]
