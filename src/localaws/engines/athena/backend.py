"""Athena's operations on queries, on top of moto's workgroups, catalogs and named queries."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any, BinaryIO, ClassVar

from botocore.exceptions import ClientError
from moto.athena.models import AthenaBackend, PreparedStatement

from localaws.children import Children
from localaws.client import on_behalf_of
from localaws.credentials import Credential
from localaws.engines.athena import PRINCIPAL, pages, results, statements, usage
from localaws.engines.athena.errors import too_large
from localaws.engines.athena.execution import FINAL, Execution
from localaws.engines.athena.governed import Grants, denied
from localaws.engines.athena.job import Job
from localaws.engines.athena.managed import ManagedResults, is_managed
from localaws.engines.athena.runner import run
from localaws.engines.athena.sql import checking
from localaws.engines.athena.wire import invalid
from localaws.gateway.records import current_call
from localaws.lab import Lab
from localaws.lake.catalog import Catalog
from localaws.lake.errors import QueryCancelled, QueryFailure
from localaws.lake.objects import Lake, split
from localaws.lake.runtime import Runtime

log = logging.getLogger(__name__)

#: Queries that run at once; more wait in QUEUED ("Service quotas": active DML queries).
RUNNING_AT_ONCE = 20
#: Seconds that a query runs at most, by its type ("Service quotas": DML query timeout, DDL query timeout).
LONGEST = {"DML": 30 * 60, "DDL": 600 * 60}
_MOST_QUERY_BYTES = 262144
_MOST_ROWS = 1000


class AthenaEngine(AthenaBackend):
    """Queries that run."""

    lab: ClassVar[Lab]
    runtime: ClassVar[Runtime]
    patterns: ClassVar[Children]
    """For regular expressions of requests that are no queries."""
    pool: ClassVar[ThreadPoolExecutor]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.created = {"primary": self.lab.clock.time()}
        self.prepared: dict[tuple[str, str], PreparedStatement] = {}
        self.queries: OrderedDict[str, Execution] = OrderedDict()
        self._tokens: dict[str, tuple[str, str]] = {}
        self._lock = threading.Lock()
        self.catalog = Catalog(self.lab, region_name)
        self.lake = Lake(self.lab, region_name, PRINCIPAL)

    def __getstate__(self) -> dict[str, Any]:
        return {name: value for name, value in vars(self).items() if name not in ("catalog", "lake")}

    def resume(self) -> None:
        """End the queries that an earlier process was running: nobody finishes them."""
        for execution in self.queries.values():
            cause = QueryFailure("INTERNAL_ERROR", "The lab ended while it ran this query. Run it again.")
            execution.finish("FAILED", self.lab.clock.time(), cause)

    # Queries

    def start(
        self,
        query: str,
        context: dict[str, str],
        configuration: dict[str, Any],
        workgroup: str,
        parameters: list[str] | None = None,
        reuse: dict[str, Any] | None = None,
        token: str | None = None,
    ) -> str:
        """Take a query and begin to run it; returns its id.

        Raises InvalidRequestException for what AWS refuses at once: a syntax error, no output location, a workgroup
        that does not exist or is disabled (StartQueryExecution).
        """
        if not query.strip():
            raise invalid("queryString is empty")
        if len(query.encode()) > _MOST_QUERY_BYTES:
            raise invalid(f"Query string length is over {_MOST_QUERY_BYTES} bytes")
        if token and not 32 <= len(token) <= 128:
            raise invalid("ClientRequestToken has 32 to 128 characters")
        sql = statements.strip(query)
        kind = statements.classify(sql)
        if kind.name in ("select", "insert", "create_table_as"):
            sql = statements.in_place(query)
        caller = current_call.get().credential
        with on_behalf_of(caller, PRINCIPAL):
            settings, cutoff = self._settings(workgroup, configuration)
        rules = self.work_groups[workgroup].configuration
        managed = is_managed(rules)
        enforced = bool(rules.get("EnforceWorkGroupConfiguration")) and not managed
        try:
            checking.check(sql, kind)
        except QueryFailure as failure:
            raise invalid(str(failure)) from None
        except RecursionError:
            raise invalid(str(too_large())) from None
        fingerprint = repr((query, context, configuration, workgroup, parameters))
        with self._lock:
            if token in self._tokens:
                known, before = self._tokens[token]
                if before != fingerprint:
                    raise invalid("Idempotent parameters do not match")
                return known
            execution = Execution(
                query,
                kind,
                context,
                settings,
                workgroup,
                cutoff,
                self.lab.clock.time(),
                parameters,
                reuse,
                enforced=enforced,
                managed=managed,
                on_end=partial(usage.record, self.lab, self.region_name, caller),
            )
            if token:
                self._tokens[token] = execution.id, fingerprint
            self.queries[execution.id] = execution
        self.pool.submit(self._work_for, caller, execution, sql)
        return execution.id

    def _settings(self, workgroup: str, wanted: dict[str, Any]) -> tuple[dict[str, Any], int | None]:
        """The result configuration that counts, and the workgroup's cutoff in bytes."""
        group = self.work_groups.get(workgroup)
        if group is None:
            raise invalid(f"WorkGroup {workgroup} is not found.")
        if group.state != "ENABLED":
            raise invalid(f"WorkGroup {workgroup} is disabled.")
        if is_managed(group.configuration):
            if wanted.get("OutputLocation"):
                raise invalid(f"WorkGroup {workgroup} has managed query results: leave out the output location")
            return {}, group.configuration.get("BytesScannedCutoffPerQuery")
        ours = group.configuration.get("ResultConfiguration") or {}
        enforced = group.configuration.get("EnforceWorkGroupConfiguration")
        chosen = dict(ours) if enforced and ours.get("OutputLocation") else {**ours, **wanted}
        location = chosen.get("OutputLocation")
        if not location:
            raise invalid(
                "No output location provided. An output location is required either through the Workgroup result "
                "configuration setting or as an API input."
            )
        try:
            bucket, _ = split(location)
            self.lake.client("s3").head_bucket(Bucket=bucket)
        except QueryFailure:
            raise invalid(f"outputLocation is not a valid S3 path: {location}") from None
        except ClientError:
            raise invalid(f"Unable to verify/create output bucket {bucket}") from None
        return chosen, group.configuration.get("BytesScannedCutoffPerQuery")

    def _work_for(self, caller: Credential | None, execution: Execution, sql: str) -> None:
        """A query may do what its caller may ("Identity and access management in Athena"), whatever thread runs it."""
        with on_behalf_of(caller, PRINCIPAL):
            self._work(execution, sql)

    def _work(self, execution: Execution, sql: str) -> None:
        """Run *execution* from QUEUED to its end, whatever happens."""
        execution.passed("QueryQueueTime")
        try:
            with execution.lock:
                if execution.state != "QUEUED":
                    return
                longest = LONGEST["DDL" if execution.kind.type == "DDL" else "DML"]
                execution.session = self.runtime.open(execution.id, longest)
                execution.state = "RUNNING"
            execution.passed("ServicePreProcessingTime")
            if not self._reuse(execution):
                run(Job(execution, execution.session, self.catalog, self.lake, sql, self.lab.clock.now()))
        except QueryCancelled as cancelled:
            execution.finish("CANCELLED", self.lab.clock.time(), reason=str(cancelled) or "Query cancelled by user")
        except QueryFailure as failure:
            execution.finish("FAILED", self.lab.clock.time(), failure)
        except ClientError as error:
            execution.finish("FAILED", self.lab.clock.time(), _refused(error, execution))
        except RecursionError:
            execution.finish("FAILED", self.lab.clock.time(), too_large())
        except Exception as error:
            log.exception("query %s", execution.id)
            broken = QueryFailure("INTERNAL_ERROR", f"{type(error).__name__}: {error}")
            execution.finish("FAILED", self.lab.clock.time(), broken)
        else:
            execution.finish("SUCCEEDED", self.lab.clock.time())
        finally:
            session, execution.session = execution.session, None  # what is over holds no connection
            if session is not None:
                session.close()
            self.lab.state.changed("athena")
            self._measure(execution)

    def _reuse(self, execution: Execution) -> bool:
        """Take the result of an earlier run of the same query, if that is asked for and there is one young enough.

        Source: "Reuse query results in Athena": the data may have changed meanwhile; nothing is scanned.
        """
        wanted = (execution.reuse or {}).get("ResultReuseByAgeConfiguration") or {}
        if not wanted.get("Enabled") or execution.managed or execution.kind.name not in ("select", "execute"):
            return False
        oldest = self.lab.clock.time() - 60 * wanted.get("MaxAgeInMinutes", 60)
        for other in reversed(list(self.queries.values())):
            same = (other.query, other.context, other.workgroup, other.base, other.parameters) == (
                execution.query, execution.context, execution.workgroup, execution.base, execution.parameters
            )  # fmt: skip
            fit = same and other.state == "SUCCEEDED" and not other.reused and (other.completed or 0) >= oldest
            if fit and self._may_reuse(other):
                bucket, key = split(other.output)
                try:
                    self.lake.client("s3").head_object(Bucket=bucket, Key=key)
                except ClientError:  # the result has been deleted
                    continue
                execution.reused, execution.output, execution.columns = other.id, other.output, other.columns
                return True
        return False

    def _may_reuse(self, other: Execution) -> bool:
        """Whether who asks may read all that *other* has read: "Result reuse is not supported" where Lake Formation
        restricts columns or rows, so it is asked of tables that are left to IAM only."""
        if other.governed:
            return False
        grants = Grants(self.lake)
        return all(self.catalog.find(*table) and grants.access(*table).is_open for table in other.tables)

    def _measure(self, execution: Execution) -> None:
        """ "Monitor Athena queries with CloudWatch metrics": only of workgroups that publish them."""
        group = self.work_groups.get(execution.workgroup)
        if group is None or not group.configuration.get("PublishCloudWatchMetricsEnabled"):
            return
        dimensions = {
            "WorkGroup": execution.workgroup,
            "QueryState": execution.state,
            "QueryType": execution.kind.type,
        }
        add = self.lab.metrics.add
        add("AWS/Athena", "ProcessedBytes", execution.scanned, "Bytes", dimensions, self.region_name)
        for name in ("TotalExecutionTime", "QueryQueueTime", "EngineExecutionTime"):
            spent = execution.milliseconds.get(name, 0)
            add("AWS/Athena", name, spent, "Milliseconds", dimensions, self.region_name)

    def execution(self, query_id: str) -> Execution:
        """Raises InvalidRequestException for an id that no query has."""
        if query_id not in self.queries:
            raise invalid(f"QueryExecution {query_id} was not found")
        return self.queries[query_id]

    def stop(self, query_id: str) -> None:
        """End a query that has not ended; one that has stays as it is (StopQueryExecution)."""
        execution = self.execution(query_id)
        with execution.lock:
            session, waiting = execution.session, execution.state == "QUEUED"
        if waiting:
            execution.finish("CANCELLED", self.lab.clock.time(), reason="Query cancelled by user")
        elif session is not None and execution.state not in FINAL:
            session.cancel()

    def list_ids(self, workgroup: str) -> list[str]:
        """Newest first."""
        return [each.id for each in reversed(self.queries.values()) if each.workgroup == workgroup]

    # Results

    def results_page(self, query_id: str, most: int, token: str | None) -> dict[str, Any]:
        """A page of GetQueryResults, read from the result file as AWS does: the token is a place in it.

        Raises InvalidRequestException while the query has not succeeded.
        """
        execution = self.execution(query_id)
        if execution.state != "SUCCEEDED":
            last = f" Final query state: {execution.state}" if execution.state in FINAL else (
                f" Current state: {execution.state}"
            )  # fmt: skip
            raise invalid(f"Query has not yet finished.{last}" if execution.state not in FINAL
                          else f"Query did not finish successfully.{last}")  # fmt: skip
        if not 1 <= most <= _MOST_ROWS:
            raise invalid(f"MaxResults is more than maximum allowed length {_MOST_ROWS}.")
        page: dict[str, Any] = {
            "ResultSet": {
                "Rows": [],
                "ResultSetMetadata": {
                    "ColumnInfo": [results.column_info(name, kind) for name, kind in execution.columns]
                },
            },
            "UpdateCount": execution.rows_written or 0,
        }
        if not execution.columns:
            return page
        try:
            start = int(token or 0)
        except ValueError:
            raise invalid("Malformed request: NextToken") from None
        with on_behalf_of(current_call.get().credential, PRINCIPAL):
            rows, following = self._read_rows(execution, start, most)
        page["ResultSet"]["Rows"] = results.as_rows(rows)
        if following is not None:
            page["NextToken"] = str(following)
        return page

    def _read_rows(self, execution: Execution, start: int, most: int) -> tuple[pages.Rows, int | None]:
        if execution.managed:
            path = ManagedResults(self.lab).path(execution.output, execution.completed or 0, self.lab.clock.time())
            if path is None:
                raise invalid("Could not find results: managed query results are kept for 24 hours")
            with path.open("rb") as file:
                return pages.read_page(execution, partial(_part, file), path.stat().st_size, start, most)
        bucket, key = split(execution.output)
        s3 = self.lake.client("s3")
        try:
            size = s3.head_object(Bucket=bucket, Key=key)["ContentLength"]
        except ClientError:
            raise invalid(f"Could not find results: {execution.output} is gone") from None

        def read(first: int, end: int) -> bytes:
            answer = s3.get_object(Bucket=bucket, Key=key, Range=f"bytes={first}-{end - 1}")
            return bytes(answer["Body"].read())

        return pages.read_page(execution, read, size, start, most)

    def reset(self) -> None:
        for execution in self.queries.values():
            self.stop(execution.id)
        super().reset()


def _refused(error: ClientError, execution: Execution) -> QueryFailure:
    """Another service's refusal in a query's words."""
    details = error.response["Error"]
    if not details["Message"].startswith("Insufficient Lake Formation"):
        return QueryFailure("", f"{details['Message']} (Error Code: {details['Code']})")
    is_ddl = execution.kind.type == "DDL" and execution.kind.name != "create_table_as"
    return denied(details["Message"], error.response["ResponseMetadata"].get("RequestId", ""), is_ddl)


def _part(file: BinaryIO, first: int, end: int) -> bytes:
    file.seek(first)
    return file.read(end - first)
