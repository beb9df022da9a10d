"""CloudWatch answers as AWS answered LocalStack's suite (tests/aws/services/cloudwatch/test_cloudwatch).

The recordings are those of the JSON protocol, which boto3 speaks. Metrics and alarms that a call needs are put before
it; where their own answers are recorded too, they are compared once.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, AnyOrder, Json, Replay, assert_agreement, refusal

MINUTE = timedelta(minutes=1)
UNCHECKED = "Unchecked: Initial alarm creation"


def refused(code: str, message: str, query_code: str | None = None) -> Answer:
    """CloudWatch says who is to blame, how the query protocol calls the error, and most messages twice."""
    error = {"QueryErrorCode": query_code or f"{code}Exception", "Type": "Sender"}
    return refusal(code, message, 400, error, message=message)


def namespace_of(replay: Replay, *data: dict[str, Any]) -> tuple[Any, str, datetime]:
    """A client, and a namespace with *data*, all of one moment."""
    client = replay.client("cloudwatch")
    name = replay.unique("test")
    now = datetime.now(UTC)
    for each in data:
        client.put_metric_data(Namespace=name, MetricData=[{"Timestamp": now, **each}])
    return client, name, now


def query(name: str, namespace: str, metric: str, stat: str, **more: Any) -> dict[str, Any]:
    of = {"Namespace": namespace, "MetricName": metric, **more}
    return {"Id": name, "MetricStat": {"Metric": of, "Period": 60, "Stat": stat}}


def results(*told: tuple[str, str, list[float]]) -> Answer:
    """AWS's answer to GetMetricData: identifier, label and values of each query."""
    parts = [
        {"Id": name, "Label": label, "StatusCode": "Complete", "Timestamps": [datetime] * len(values), "Values": values}
        for name, label, values in told
    ]
    return {"Messages": [], "MetricDataResults": parts}


def statistics(replay: Replay) -> None:
    summed = {"SampleCount": 10, "Sum": 55, "Minimum": 1, "Maximum": 10}
    data = {"MetricName": "metric1", "Unit": "Seconds"}
    client, namespace, now = namespace_of(replay, {**data, "Value": 11}, {**data, "StatisticValues": summed})
    span = {"StartTime": now - MINUTE, "EndTime": now + MINUTE}
    for stat, value in (("Sum", 66.0), ("SampleCount", 11.0), ("Minimum", 1.0), ("Maximum", 11.0), ("Average", 6.0)):
        ask = {"MetricDataQueries": [query("result1", namespace, "metric1", stat)], **span}
        replay.call(stat, client.get_metric_data, ask, results(("result1", "metric1", [value])))
    ask = {"MetricDataQueries": [query("result", namespace, "none", "Sum")], **span}
    replay.call("none", client.get_metric_data, ask, results(("result", "none", [])))


def several_metrics(replay: Replay) -> None:
    data = [{"MetricName": f"metric{n}", "Value": value, "Unit": "Seconds"} for n, value in ((1, 50), (2, 25), (3, 55))]
    client, namespace, now = namespace_of(replay, *data)
    queries = [query(f"result{n}", namespace, f"metric{n}", "Sum") for n in (1, 2, 3)]
    ask = {"MetricDataQueries": queries, "StartTime": now - MINUTE, "EndTime": now + MINUTE}
    told = [(f"result{n}", f"metric{n}", [value]) for n, value in ((1, 50.0), (2, 25.0), (3, 55.0))]
    replay.call("get", client.get_metric_data, ask, results(*told))


def labels(replay: Replay) -> None:
    data = [{"MetricName": "metric1", "Value": value, "Unit": "Seconds"} for value in (0, 2, 4, 3.5, 7, 100)]
    client, namespace, now = namespace_of(replay, *data)
    values = {"Average": 19.416666666666668, "Sum": 116.5, "Minimum": 0.0, "Maximum": 100.0}
    queries = [query(f"result_{stat}", namespace, "metric1", stat) for stat in values]
    ask = {"MetricDataQueries": queries, "StartTime": now - MINUTE, "EndTime": now + MINUTE}
    told = [(f"result_{stat}", f"metric1 {stat}", [value]) for stat, value in values.items()]
    replay.call("get", client.get_metric_data, ask, results(*told))


def datapoints(replay: Replay) -> None:
    data = [{"MetricName": "metric", "Value": value} for value in range(10)]
    counted = {"MetricName": "test-metric", "Values": [1.0, 10.0], "Counts": [2, 4], "Unit": "Count"}
    client, namespace, now = namespace_of(replay, *data, counted)
    ask = {"Namespace": namespace, "StartTime": now - MINUTE, "EndTime": now + MINUTE, "Period": 60}
    five = {"Average": 4.5, "Maximum": 9.0, "Minimum": 0.0, "SampleCount": 10.0, "Sum": 45.0}
    point = {**five, "Timestamp": datetime, "Unit": "None"}
    one = {**ask, "MetricName": "metric", "Statistics": list(five)}
    replay.call("values", client.get_metric_statistics, one, {"Datapoints": [point], "Label": "metric"})
    three = {"Maximum": 10.0, "SampleCount": 6.0, "Sum": 42.0}
    point = {**three, "Timestamp": datetime, "Unit": "Count"}
    one = {**ask, "MetricName": "test-metric", "Statistics": list(three)}
    replay.call("counts", client.get_metric_statistics, one, {"Datapoints": [point], "Label": "test-metric"})


def refused_statistics(replay: Replay) -> None:
    client, namespace, now = namespace_of(replay)
    ask = {"Namespace": namespace, "MetricName": "metric_name", "StartTime": now, "Statistics": ["SampleCount"]}
    said = "You have requested up to 86400 datapoints, which exceeds the limit of 1440. You may reduce the datapoints "
    said += "requested by increasing Period, or decreasing the time range."
    day = {**ask, "EndTime": now + timedelta(days=1)}
    many = refused("InvalidParameterCombination", said)
    replay.call("many", client.get_metric_statistics, {**day, "Period": 1}, many)
    said = "The parameter StartTime must be less than the parameter EndTime."
    order = refused("InvalidParameterValue", said)
    replay.call("times", client.get_metric_statistics, {**ask, "EndTime": now, "Period": 1}, order)
    none = {"Datapoints": [], "Label": "metric_name"}
    replay.call("none", client.get_metric_statistics, {**day, "Period": 60}, none)


def refused_data(replay: Replay) -> None:
    client, namespace, now = namespace_of(replay)
    exclusive = "The parameters MetricData.member.1.Value and MetricData.member.1.{} are mutually exclusive and you "
    exclusive += "have specified both."
    sizes = "The parameters MetricData.member.1.Values and MetricData.member.1.Counts must be of the same size."
    summed = {"SampleCount": 10, "Sum": 55, "Minimum": 1, "Maximum": 10}
    both = "InvalidParameterCombination"
    for step, values, code, said in (
        ("value and values", {"Value": 1.5, "Values": [1.0, 10.0]}, both, exclusive.format("Values")),
        ("counts", {"Values": [1.0, 10.0], "Counts": [2, 4, 5]}, "InvalidParameterValue", sizes),
        ("value and set", {"Value": 1.5, "StatisticValues": summed}, both, exclusive.format("StatisticValues")),
    ):
        data = [{"MetricName": "mymetric", "Timestamp": now, "Unit": "Count", **values}]
        ask = {"Namespace": namespace, "MetricData": data}
        replay.call(step, client.put_metric_data, ask, refused(code, said))


def alarms(replay: Replay) -> None:
    client, namespace, _ = namespace_of(replay)
    name = replay.unique("alarm")
    settings = {
        "AlarmName": name,
        "Namespace": namespace,
        "MetricName": "metric1",
        "EvaluationPeriods": 1,
        "ComparisonOperator": "GreaterThanThreshold",
        "Period": 60,
        "Statistic": "Sum",
        "Threshold": 30.0,
    }
    tagged = {**settings, "Tags": [{"Key": "Environment", "Value": "Production"}]}
    replay.call("put", client.put_metric_alarm, tagged, {})
    told = {
        **settings,
        "ActionsEnabled": True,
        "AlarmActions": [],
        "AlarmArn": f"arn:aws:cloudwatch:<region>:<account>:alarm:{name}",
        "AlarmConfigurationUpdatedTimestamp": datetime,
        "Dimensions": [],
        "InsufficientDataActions": [],
        "OKActions": [],
        "StateReason": UNCHECKED,
        "StateTransitionedTimestamp": datetime,
        "StateUpdatedTimestamp": datetime,
        "StateValue": "INSUFFICIENT_DATA",
    }
    ask = {"AlarmNames": [name]}
    described = replay.call("describe", client.describe_alarms, ask, {"CompositeAlarms": [], "MetricAlarms": [told]})
    arn = {"ResourceARN": described["MetricAlarms"][0]["AlarmArn"]}
    replay.call("tags", client.list_tags_for_resource, arn, {"Tags": tagged["Tags"]})
    tags = [{"Key": "tag1", "Value": "foo"}, {"Key": "tag2", "Value": "bar"}]
    client.tag_resource(**arn, Tags=tags)
    all_tags = AnyOrder([*tagged["Tags"], *tags])  # type: ignore[misc]
    replay.call("more tags", client.list_tags_for_resource, arn, {"Tags": all_tags})
    client.untag_resource(**arn, TagKeys=["tag1"])
    rest = AnyOrder([*tagged["Tags"], tags[1]])  # type: ignore[misc]
    replay.call("rest of tags", client.list_tags_for_resource, arn, {"Tags": rest})
    constraint = "1 validation error detected: Value 'INVALID' at 'stateValue' failed to satisfy constraint: "
    constraint += "Member must satisfy enum value set: [INSUFFICIENT_DATA, ALARM, OK]"
    odd = {"AlarmName": name, "StateValue": "INVALID", "StateReason": "test"}
    blame = {"QueryErrorCode": "ValidationException", "Type": "Sender"}
    answer = refusal("ValidationError", constraint, 400, blame)
    replay.call("odd state", client.set_alarm_state, odd, answer)
    replay.call("delete", client.delete_alarms, ask, {})
    replay.call("describe none", client.describe_alarms, ask, {"CompositeAlarms": [], "MetricAlarms": []})
    replay.call("tags of none", client.list_tags_for_resource, arn, {"Tags": []})
    blame = {"QueryErrorCode": "ResourceNotFound", "Type": "Sender"}
    missing = refusal("ResourceNotFound", "", 404, blame)
    replay.call("state of none", client.set_alarm_state, {**odd, "StateValue": "OK"}, missing)


def dashboards(replay: Replay) -> None:
    client = replay.client("cloudwatch")
    name = replay.unique("dashboard")
    facts = {"region": replay.lab.facts["region"], "view": "timeSeries", "stacked": False}
    metrics = {"metrics": [["AWS/EC2", "CPUUtilization", "InstanceId", "i-12345678"]], **facts}
    body = {"widgets": [{"type": "metric", "x": 0, "y": 0, "width": 6, "height": 6, "properties": metrics}]}
    text = json.dumps(body)
    said = "The value for field DashboardName contains invalid characters. It can only contain alphanumerics, "
    said += "dash (-) and underscore (_).\n"
    odd = refused("InvalidParameterValue", said)
    ask = {"DashboardName": f"{name}:invalid", "DashboardBody": text}
    replay.call("odd name", client.put_dashboard, ask, odd)
    client.put_dashboard(DashboardName=name, DashboardBody=text)
    told = {"DashboardArn": f"arn:aws:cloudwatch::<account>:dashboard/{name}", "DashboardName": name}
    whole = {**told, "DashboardBody": Json(body)}
    replay.call("get", client.get_dashboard, {"DashboardName": name}, whole)
    entry = {**told, "LastModified": datetime, "Size": len(text)}
    prefix = {"DashboardNamePrefix": name}
    replay.call("list", client.list_dashboards, prefix, {"DashboardEntries": [entry]})
    client.delete_dashboards(DashboardNames=[name])
    replay.call("list none", client.list_dashboards, prefix, {"DashboardEntries": []})


SCENARIOS = [statistics, several_metrics, labels, datapoints, refused_statistics, refused_data, alarms, dashboards]


def test_cloudwatch_answers_as_aws(lab: RunningLab) -> None:
    known = {
        "AWS names allowed values in an order of its own": [
            "alarms.odd state: Error.Message",
            "alarms.odd state: message",
        ],
        "the lab's own errors have one code for both protocols": [
            f"alarms.odd state: Error.{field}" for field in ("QueryErrorCode", "Type")
        ],
        "moto tells of an alarm's expressions when it has none": ["alarms.describe: MetricAlarms[0].Metrics"],
        "moto has a message for a missing alarm": [
            "alarms.state of none: Error.Message",
            "alarms.state of none: message",
        ],
    }
    assert_agreement(lab, SCENARIOS, known)
