"""CloudWatch: alarms that begin undecided, labels as AWS makes them, and AWS's refusals.

Metrics, alarms and dashboards are moto's; alarms change state only by SetAlarmState.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, cast

import moto.cloudwatch.models
from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.cloudwatch.models import CloudWatchBackend, Dashboard, MetricDatumBase, Statistics
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.core.utils import unix_time, utcnow

from localaws.engines.cloudwatch.data import check_data, check_moments, counted
from localaws.engines.cloudwatch.kept import KeptData
from localaws.engines.cloudwatch.retention import LISTED, LONGEST, age_seen
from localaws.gateway.errors import AwsError

#: Data points of one GetMetricStatistics (API reference, GetMetricStatistics).
MAX_DATAPOINTS = 1440
_DASHBOARD_NAME = re.compile(r"[A-Za-z0-9_-]+")


class Alarm(moto.cloudwatch.models.Alarm):
    """Undecided until somebody decides (API reference, PutMetricAlarm, on the state of a new alarm).

    It is named as moto's class is, from which the wire's names (``AlarmName``) are made.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.state_value = "INSUFFICIENT_DATA"
        self.state_reason_data = None  # type: ignore[assignment]
        self.state_transitioned_timestamp = self.state_updated_timestamp

    def update_state(self, reason: str, reason_data: str, state_value: str) -> None:
        changed = state_value != self.state_value
        super().update_state(reason, reason_data, state_value)
        if changed:
            self.state_transitioned_timestamp = self.state_updated_timestamp


class CloudWatchEngine(CloudWatchBackend):
    """Holds to the limits, keeps data points (`KeptData`) as long as AWS does, and forgets an alarm's tags with it."""

    #: Where backends have their logs.
    directory: ClassVar[Path]

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self._putting = threading.Lock()
        self._kept = KeptData(self.directory / f"{account_id}-{region_name}.log")
        self.metric_data += self._kept.read()
        self._tidied = 0.0

    def __getstate__(self) -> dict[str, Any]:
        """All but the data points."""
        own = ("_putting", "_kept", "_tidied", "metric_data", "paged_metric_data")
        return {name: value for name, value in vars(self).items() if name not in own}

    def delete_alarms(self, alarm_names: list[str]) -> None:
        for alarm in self.get_alarms_by_alarm_names(alarm_names):
            self.tagger.delete_all_tags_for_resource(alarm.alarm_arn)
        super().delete_alarms(alarm_names)

    def get_all_metrics(self) -> list[MetricDatumBase]:
        with self._putting:
            self._forget_old()
        return super().get_all_metrics()

    def _forget_old(self) -> None:
        """Let go of data points that nobody can see any more, once a day; the caller holds the lock."""
        if unix_time() < self._tidied + 86_400:
            return
        self._tidied = unix_time()
        self.metric_data = _younger(self.metric_data, LONGEST)
        self._kept.tidy(self.metric_data)

    def get_filtered_metrics(
        self, metric_name: str, namespace: str, dimensions: list[dict[str, str]]
    ) -> list[MetricDatumBase]:
        """Each metric once, in one of its data points."""
        found: dict[object, MetricDatumBase] = {}
        for datum in _younger(self.get_all_metrics(), LISTED):
            if datum.filter(namespace, metric_name, dimensions):
                each = sorted((str(one.name), str(one.value)) for one in datum.dimensions)
                found.setdefault((datum.namespace, datum.name, *each), datum)
        return list(found.values())

    def put_dashboard(self, name: str, body: str) -> Dashboard:
        """Raises InvalidParameterValue for a name with other characters (API reference, PutDashboard)."""
        if not _DASHBOARD_NAME.fullmatch(name):
            raise InvalidParameterValue(
                "The value for field DashboardName contains invalid characters. "
                "It can only contain alphanumerics, dash (-) and underscore (_).\n"
            )
        return super().put_dashboard(name, body)

    def get_metric_statistics(
        self,
        namespace: str,
        metric_name: str,
        start_time: datetime,
        end_time: datetime,
        period: int,
        *arguments: Any,
        **options: Any,
    ) -> list[Statistics]:
        """Raises InvalidParameterCombination for a span of more than `MAX_DATAPOINTS` periods."""
        points = int((end_time - start_time).total_seconds() // period)
        if points > MAX_DATAPOINTS:
            raise InvalidParameterCombination(
                f"You have requested up to {points} datapoints, which exceeds the limit of {MAX_DATAPOINTS}. You may "
                "reduce the datapoints requested by increasing Period, or decreasing the time range."
            )
        found = super().get_metric_statistics(
            namespace, metric_name, start_time, end_time, period, *arguments, **options
        )
        for each in found:
            each.unit = each.unit or "None"
        oldest = _before(age_seen(period))
        return [each for each in found if each.timestamp > oldest]

    def get_metric_data(self, queries: list[dict[str, Any]], *arguments: Any, **options: Any) -> list[dict[str, Any]]:
        """What moto finds, without what is too old for a query's period; an expression is all of another query."""
        periods = {query["Id"]: (query.get("MetricStat") or query).get("Period") for query in queries}
        periods |= {
            query["Id"]: periods[query["Expression"]] for query in queries if query.get("Expression") in periods
        }
        results = super().get_metric_data(queries, *arguments, **options)
        for result in results:
            oldest = _before(age_seen(int(periods[result["id"]] or 1)))
            seen = [place for place, moment in enumerate(result["timestamps"]) if moment > oldest]
            for name in ("timestamps", "values"):
                result[name] = [result[name][place] for place in seen]
        return results

    def put_metric_data(self, namespace: str, metric_data: list[dict[str, Any]]) -> None:
        """All of *metric_data* or, where a part of it is wrong, nothing (API reference, PutMetricData).

        Raises MissingParameter, InvalidParameterValue and InvalidParameterCombination; the texts as users met them.
        """
        check_data(metric_data)
        if not namespace.startswith("AWS/"):  # services may tell of a moment before the clock was advanced
            check_moments(metric_data, unix_time())
        with self._putting:
            self._forget_old()
            before = len(self.metric_data)
            try:
                super().put_metric_data(namespace, [one for datum in metric_data for one in counted(datum)])
                self._kept.keep(self.metric_data[before:])
            except BaseException:
                del self.metric_data[before:]
                raise

    def _validate_parameters_put_metric_data(self, metric: dict[str, Any], query_num: int) -> None:
        if "Value" in metric and "Values" in metric:
            each = f"MetricData.member.{query_num}"
            raise InvalidParameterCombination(
                f"The parameters {each}.Value and {each}.Values are mutually exclusive and you have specified both."
            )
        super()._validate_parameters_put_metric_data(metric, query_num)


def _before(seconds: float) -> datetime:
    """The moment so long ago; UTC without saying so, as moto's are."""
    return utcnow() - timedelta(seconds=seconds)


def _younger(data: Sequence[MetricDatumBase], seconds: float) -> list[MetricDatumBase]:
    oldest = _before(seconds)
    return [datum for datum in data if datum.timestamp > oldest]


class CloudWatchEngineResponse(CloudWatchResponse):
    """Tells of query results what AWS tells."""

    def get_metric_data(self) -> ActionResult:
        queries = self._get_params().get("MetricDataQueries", [])
        for number, query in enumerate(queries, 1):
            for name in ("Namespace", "MetricName"):
                if "MetricStat" in query and name not in query["MetricStat"]["Metric"]:
                    path = f"MetricDataQueries.member.{number}.MetricStat.Metric.{name}"
                    raise AwsError("ValidationError", f"The parameter {path} is required.")
        for query, label in _labels(queries).items():
            queries[query].setdefault("Label", label)
        result = cast(dict[str, Any], super().get_metric_data().result)
        return ActionResult({"Messages": [], **result})


def _labels(queries: list[dict[str, Any]]) -> dict[int, str]:
    """The label of each query of a metric that has none, by place: what tells it from the others.

    AWS's recordings name the metric, and after it the statistic and the period if the queries differ in these.
    """
    stats = {place: query["MetricStat"] for place, query in enumerate(queries) if "MetricStat" in query}
    told = [key for key in ("Stat", "Period") if len({str(stat[key]) for stat in stats.values()}) > 1]
    return {
        place: " ".join([stat["Metric"]["MetricName"], *(str(stat[key]) for key in told)])
        for place, stat in stats.items()
    }
