"""Metrics, alarms and dashboards over a kill of the lab.

AWS keeps data points for 15 months (user guide, "CloudWatch concepts", "Metrics retention").
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import RunningLab
from tests.gateway.disks import errors_of, small_files

Labs = Callable[..., RunningLab]
DIMENSIONS = [{"Name": "station", "Value": "north"}]


def statistics(lab: RunningLab) -> list[dict[str, Any]]:
    now = datetime.now(UTC)
    answer: list[dict[str, Any]] = lab.client("cloudwatch").get_metric_statistics(
        Namespace="Weather",
        MetricName="wind",
        Dimensions=DIMENSIONS,
        StartTime=now - timedelta(hours=2),
        EndTime=now + timedelta(hours=1),
        Period=86_400,
        Statistics=["SampleCount", "Sum", "Minimum", "Maximum"],
    )["Datapoints"]
    return answer


def put(lab: RunningLab, **values: Any) -> None:
    datum = {"MetricName": "wind", "Dimensions": DIMENSIONS, "Unit": "Count", **values}
    lab.client("cloudwatch").put_metric_data(Namespace="Weather", MetricData=[datum])


def test_data_points_alarms_and_dashboards(new_lab: Labs) -> None:
    lab = new_lab()
    cloudwatch = lab.client("cloudwatch")
    cloudwatch.put_metric_alarm(
        AlarmName="storm",
        Namespace="Weather",
        MetricName="wind",
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Period=60,
        Statistic="Maximum",
        Threshold=100,
        Tags=[{"Key": "team", "Value": "ops"}],
    )
    cloudwatch.set_alarm_state(AlarmName="storm", StateValue="ALARM", StateReason="seen")
    cloudwatch.put_dashboard(DashboardName="wind", DashboardBody='{"widgets": []}')
    time.sleep(1)  # until the settings are kept
    put(lab, Value=1)
    put(lab, Values=[2, 3], Counts=[1, 2])
    put(lab, StatisticValues={"SampleCount": 2, "Sum": 9, "Minimum": 4, "Maximum": 5})
    put(lab, Value=6, Timestamp=datetime.now(UTC) - timedelta(minutes=1))

    def look() -> Any:
        cloudwatch = lab.client("cloudwatch")
        [alarm] = cloudwatch.describe_alarms()["MetricAlarms"]
        tags = cloudwatch.list_tags_for_resource(ResourceARN=alarm["AlarmArn"])["Tags"]
        body = cloudwatch.get_dashboard(DashboardName="wind")["DashboardBody"]
        return alarm, tags, body, cloudwatch.list_metrics(Namespace="Weather")["Metrics"]

    before = look()
    assert before[0]["StateValue"] == "ALARM"
    [told] = statistics(lab)
    assert (told["SampleCount"], told["Sum"], told["Minimum"], told["Maximum"]) == (7, 24, 1, 6)
    lab.kill()
    lab.start()
    assert look() == before
    [again] = statistics(lab)
    assert {**again, "Timestamp": told["Timestamp"]} == told


def test_a_disk_that_takes_nothing(new_lab: Labs) -> None:
    """InternalFailure, 500 ("Common errors" of the API reference); what is refused is not in the statistics."""
    lab = new_lab()
    put(lab, Value=1)
    with small_files(lab):
        errors_of({"PutMetricData": lambda: put(lab, Value=2)})
        assert [each["SampleCount"] for each in statistics(lab)] == [1]
    put(lab, Value=3)
    assert [each["Sum"] for each in statistics(lab)] == [4]
