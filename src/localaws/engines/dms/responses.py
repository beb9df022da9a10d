"""DMS's operations on the wire, where moto's own do not pass on what the engine needs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from moto.dms.exceptions import ResourceNotFoundFault
from moto.dms.responses import DatabaseMigrationServiceResponse

from localaws.engines.dms.backend import DMSEngine
from localaws.gateway.errors import AwsError

_POSITIONS = ("CdcStartTime", "CdcStartPosition", "CdcStopPosition")


class DMSEngineResponse(DatabaseMigrationServiceResponse):
    @property
    def engine(self) -> DMSEngine:
        backend = self.dms_backend
        assert isinstance(backend, DMSEngine)
        return backend

    @property
    def _request(self) -> dict[str, Any]:
        request = json.loads(self.body)
        for name in _POSITIONS:
            if request.get(name):
                raise AwsError("InvalidParameterValueException", f"This lab does not do {name}.")
        return request

    def create_endpoint(self) -> str:
        settings = self._request
        identifier = settings.pop("ResourceIdentifier", "")
        return json.dumps({"Endpoint": self.engine.make_endpoint(settings, identifier).to_dict()})

    def modify_endpoint(self) -> str:
        changes = self._request
        return json.dumps({"Endpoint": self.engine.modify_endpoint(changes.pop("EndpointArn"), changes).to_dict()})

    def create_replication_task(self) -> str:
        self._request  # noqa: B018  refuses positions
        return super().create_replication_task()

    def modify_replication_task(self) -> str:
        request = self._request
        names = {
            "TableMappings": "table_mappings",
            "MigrationType": "migration_type",
            "ReplicationTaskSettings": "replication_task_settings",
        }
        changes = {names[name]: request[name] for name in names if name in request}
        task = self.engine.modify_replication_task(request["ReplicationTaskArn"], changes)
        return json.dumps({"ReplicationTask": task.to_dict()})

    def start_replication_task(self) -> str:
        request = self._request
        task = self.engine.start_replication_task(request["ReplicationTaskArn"], request["StartReplicationTaskType"])
        return json.dumps({"ReplicationTask": task.to_dict()})

    def describe_replication_tasks(self) -> str:
        return self._found(super().describe_replication_tasks, "ReplicationTasks")

    def describe_replication_instances(self) -> str:
        return self._found(super().describe_replication_instances, "ReplicationInstances")

    def describe_endpoints(self) -> str:
        return self._found(super().describe_endpoints, "Endpoints")

    def describe_connections(self) -> str:
        return self._found(super().describe_connections, "Connections")

    def describe_replication_subnet_groups(self) -> str:
        return self._found(super().describe_replication_subnet_groups, "ReplicationSubnetGroups")

    def list_tags_for_resource(self) -> str:
        request = self._request
        if bool(request.get("ResourceArn")) == bool(request.get("ResourceArnList")):
            raise AwsError("InvalidParameterValueException", "Give ResourceArn or ResourceArnList, one of them.")
        for arn in [request.get("ResourceArn"), *(request.get("ResourceArnList") or [])]:
            if arn and arn not in self.engine.arns:
                raise ResourceNotFoundFault(f"Resource {arn} not found")
        return super().list_tags_for_resource()

    def _found(self, describe: Callable[[], str], what: str) -> str:
        """AWS says so when filters find nothing; its SDKs' "deleted" waiters wait for that."""
        try:
            answer = describe()
        except ValueError as error:  # moto's word for a filter that there is not
            raise AwsError("InvalidParameterValueException", f"{error}.") from None
        filters = self._request.get("Filters")
        if filters and not json.loads(answer)[what]:
            wanted = ", ".join(value for each in filters for value in each["Values"])
            raise ResourceNotFoundFault(f"No {what} found matching: {wanted}")
        return answer

    def describe_table_statistics(self) -> str:
        request = self._request
        task = self.engine.task(request["ReplicationTaskArn"])
        tables = [table.described for table in task.progress.tables.values()]
        names = {"schema-name": "SchemaName", "table-name": "TableName", "table-state": "TableState"}
        for each in request.get("Filters") or []:
            if each["Name"] not in names:
                raise AwsError("InvalidParameterValueException", f"There is no filter {each['Name']}.")
            tables = [table for table in tables if table[names[each["Name"]]] in each["Values"]]
        start, size = int(request.get("Marker") or 0), int(request.get("MaxRecords") or 100)
        answer = {"ReplicationTaskArn": task.arn, "TableStatistics": tables[start : start + size]}
        if start + size < len(tables):
            answer["Marker"] = str(start + size)
        return json.dumps(answer)

    def reload_tables(self) -> str:
        request = self._request
        self.engine.reload_tables(request["ReplicationTaskArn"], request["TablesToReload"])
        return json.dumps({"ReplicationTaskArn": request["ReplicationTaskArn"]})
