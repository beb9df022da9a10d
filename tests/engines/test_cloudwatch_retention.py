"""How long CloudWatch has data points, on the lab's clock.

The periods are those of the API reference (GetMetricStatistics): "Start time between 3 hours and 15 days ago - Use a
multiple of 60 seconds"; between 15 and 63 days of 300 seconds; after that, up to 455 days, of 3600 seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import RunningLab
from tests.gateway.wire import advance

Labs = Callable[..., RunningLab]
HOUR, DAY = 3600, 86_400


def put(lab: RunningLab, count: int = 1, **more: Any) -> None:
    data = [{"MetricName": "wind", "Value": 1.0, **more} for _ in range(count)]
    lab.client("cloudwatch").put_metric_data(Namespace="Weather", MetricData=data)


def seen(lab: RunningLab, moment: datetime, period: int) -> tuple[list[float], list[float], list[float]]:
    """The sums of *period* seconds around *moment*: as statistics, as data, and as an expression of these."""
    cloudwatch = lab.client("cloudwatch")
    span = {"StartTime": moment - timedelta(minutes=10), "EndTime": moment + timedelta(minutes=10)}
    metric = {"Namespace": "Weather", "MetricName": "wind"}
    points = cloudwatch.get_metric_statistics(**metric, **span, Period=period, Statistics=["Sum"])["Datapoints"]
    queries = [
        {"Id": "one", "MetricStat": {"Metric": metric, "Period": period, "Stat": "Sum"}},
        {"Id": "same", "Expression": "one"},
    ]
    one, same = cloudwatch.get_metric_data(MetricDataQueries=queries, **span)["MetricDataResults"]
    return [each["Sum"] for each in points], one["Values"], same["Values"]


def test_what_a_period_shows_of_the_past(new_lab: Labs) -> None:
    lab = new_lab()
    now = datetime.now(UTC)
    put(lab)
    age = 0
    for later, shown, hidden in (
        (HOUR, (1, 10, 60, 300, 3600), ()),
        (4 * HOUR, (60, 120, 300, 3600), (1, 10)),
        (16 * DAY, (300, 600, 3600), (10, 60, 420)),
        (64 * DAY, (3600, 7200), (10, 60, 300)),
        (456 * DAY, (), (10, 60, 300, 3600, 86_400)),
    ):
        advance(lab, later - age)
        age = later
        assert {period: seen(lab, now, period) for period in shown} == dict.fromkeys(shown, ([1.0], [1.0], [1.0]))
        assert {period: seen(lab, now, period) for period in hidden} == dict.fromkeys(hidden, ([], [], []))


def test_what_nobody_can_see_any_more_takes_no_room(new_lab: Labs) -> None:
    lab = new_lab()
    for _ in range(3):
        put(lab, 1000)

    def size() -> int:
        return sum(file.stat().st_size for file in (lab.directory / "metrics").glob("*.log"))

    full = size()
    advance(lab, 456 * DAY)
    now = datetime.now(UTC) + timedelta(days=456)
    put(lab, Timestamp=now)
    assert size() < full / 100
    lab.kill()
    lab.start()
    assert seen(lab, now, 60)[0] == [1.0]


def test_metrics_are_listed_once_each_while_they_are_in_use(new_lab: Labs) -> None:
    """API reference, ListMetrics, and its note on metrics that have had no data points in the past two weeks."""
    lab = new_lab()
    north, south = ([{"Name": "station", "Value": name}] for name in ("north", "south"))
    for _ in range(2):
        put(lab)
        put(lab, Dimensions=[*north, {"Name": "kind", "Value": "mean"}])
        put(lab, Dimensions=[{"Name": "kind", "Value": "mean"}, *north])
        put(lab, Dimensions=south)

    def listed(**more: Any) -> list[int]:
        found = lab.client("cloudwatch").list_metrics(Namespace="Weather", **more)["Metrics"]
        return sorted(len(each["Dimensions"]) for each in found)

    assert (listed(), listed(Dimensions=south), listed(MetricName="rain")) == ([0, 1, 2], [1], [])
    advance(lab, 15 * DAY)
    assert listed() == []
    put(lab, Timestamp=datetime.now(UTC) + timedelta(days=15))
    assert listed() == [0]
