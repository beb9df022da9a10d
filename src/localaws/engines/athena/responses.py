"""The wire form of Athena's operations: JSON in, JSON out."""

from __future__ import annotations

import json

from moto.athena.models import athena_backends
from moto.athena.responses import AthenaResponse

from localaws.engines.athena.backend import AthenaEngine
from localaws.engines.athena.catalogs import Catalogs
from localaws.engines.athena.execution import Execution
from localaws.engines.athena.saved import SavedQueries
from localaws.engines.athena.wire import invalid, page
from localaws.engines.athena.workgroups import WorkGroups
from localaws.gateway.errors import AwsError

_MOST_LISTED = 50


class AthenaEngineResponse(Catalogs, SavedQueries, WorkGroups, AthenaResponse):
    """Query executions and their results; tags and capacity reservations are moto's."""

    @property
    def engine(self) -> AthenaEngine:  # type: ignore[override]
        engine = athena_backends[self.current_account][self.region]
        assert isinstance(engine, AthenaEngine)
        return engine

    def start_query_execution(self) -> str:
        query_id = self.engine.start(
            self._get_param("QueryString") or "",
            self._get_param("QueryExecutionContext") or {},
            self._get_param("ResultConfiguration") or {},
            self._get_param("WorkGroup") or "primary",
            self._get_param("ExecutionParameters"),
            self._get_param("ResultReuseConfiguration"),
            self._get_param("ClientRequestToken"),
        )
        return json.dumps({"QueryExecutionId": query_id})

    def get_query_execution(self) -> str:
        return json.dumps({"QueryExecution": self._asked().describe()})

    def batch_get_query_execution(self) -> str:
        ids = self._get_param("QueryExecutionIds") or []
        if not 1 <= len(ids) <= _MOST_LISTED:
            raise invalid(f"QueryExecutionIds takes 1 to {_MOST_LISTED} ids")
        known = [self.engine.queries[each].describe() for each in ids if each in self.engine.queries]
        missing = [
            {"QueryExecutionId": each, "ErrorCode": "INVALID_INPUT", "ErrorMessage": f"{each} was not found"}
            for each in ids
            if each not in self.engine.queries
        ]
        return json.dumps({"QueryExecutions": known, "UnprocessedQueryExecutionIds": missing})

    def list_query_executions(self) -> str:
        workgroup = self._get_param("WorkGroup") or "primary"
        if workgroup not in self.engine.work_groups:
            raise invalid(f"WorkGroup {workgroup} is not found.")
        ids = self.engine.list_ids(workgroup)
        listed, token = page(ids, self._get_param("MaxResults"), self._get_param("NextToken"))
        return json.dumps({"QueryExecutionIds": listed} | ({"NextToken": token} if token else {}))

    def create_capacity_reservation(self) -> str:
        """Tags are optional (API reference, CreateCapacityReservation)."""
        self.engine.create_capacity_reservation(
            self._get_param("Name"), self._get_param("TargetDpus"), self._get_param("Tags") or []
        )
        return "{}"

    def update_capacity_reservation(self) -> str:
        """Raises InvalidRequestException for a reservation that there is not."""
        name = self._get_param("Name")
        if self.engine.get_capacity_reservation(name) is None:
            raise AwsError("InvalidRequestException", f"Capacity reservation {name} does not exist.")
        return super().update_capacity_reservation()

    def stop_query_execution(self) -> str:
        self.engine.stop(self._get_param("QueryExecutionId"))
        return "{}"

    def get_query_results(self) -> str:
        most = int(self._get_param("MaxResults") or 1000)
        page = self.engine.results_page(self._get_param("QueryExecutionId"), most, self._get_param("NextToken"))
        return json.dumps(page)

    def get_query_runtime_statistics(self) -> str:
        execution = self._asked()
        timeline = {f"{phase}InMillis": spent for phase, spent in execution.milliseconds.items()}
        rows = {"InputBytes": execution.scanned}
        return json.dumps({"QueryRuntimeStatistics": {"Timeline": timeline, "Rows": rows}})

    def _asked(self) -> Execution:
        return self.engine.execution(self._get_param("QueryExecutionId"))
