"""What moto's RDS does not answer: which engine versions, parameters and logs there are."""

from __future__ import annotations

import time
from typing import Any

from moto.core.responses import ActionResult, PaginatedResult
from moto.rds.exceptions import InvalidParameterCombination, RDSClientError

from localaws.engines.rds.named import NamedResponse
from localaws.engines.rds.parameters import parameter_table

#: The path that RDS for PostgreSQL shows ("RDS for PostgreSQL database log files").
LOG_NAME = "error/postgresql.log"


class RDSEngineResponse(NamedResponse):
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

    def describe_blue_green_deployments(self) -> ActionResult:
        filters = {each["Name"]: each["Values"] for each in self.params.get("Filters", [])}
        found = self.backend.describe_blue_green_deployments(self.params.get("BlueGreenDeploymentIdentifier"), filters)
        return PaginatedResult({"BlueGreenDeployments": found})

    def reset_db_parameter_group(self) -> ActionResult:
        """Give all, or the named, parameters their defaults again."""
        group = self._group(self.params["DBParameterGroupName"])
        named = [each["ParameterName"] for each in self.params.get("Parameters", [])]
        everything = self.params.get("ResetAllParameters", not named)
        if everything and named:
            raise InvalidParameterCombination("Name parameters, or set ResetAllParameters, not both.")
        with self.engine.changing_group(group.name):
            for name in list(group.parameters) if everything else named:
                group.parameters.pop(name, None)
        return ActionResult({"DBParameterGroupName": group.name})

    def describe_db_log_files(self) -> ActionResult:
        """The one log that the server writes."""
        log = self.engine.find(self.params["DBInstanceIdentifier"]).server.log
        files = []
        if log.exists():
            told = log.stat()
            ago = time.time() - told.st_mtime  # the file has the machine's time, which may be behind the lab's
            written = int((self.engine.lab.clock.time() - ago) * 1000)
            files = [{"LogFileName": LOG_NAME, "LastWritten": written, "Size": told.st_size}]
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
