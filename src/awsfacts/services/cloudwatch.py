"""CloudWatch."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service

SERVICE = Service(
    name="cloudwatch",
    title="Amazon CloudWatch",
    real=(
        Claim(
            "Answers are compared with recorded ones of AWS.",
            "recorded/test_cloudwatch.py::test_cloudwatch_answers_as_aws",
        ),
        Claim(
            "Streams report their traffic as metrics.",
            "engines/test_kinesis.py::test_cloudwatch_sees_the_traffic",
        ),
        Claim(
            "Data points can be had as long as AWS has them, by the period that is asked for, on the lab's clock.",
            "engines/test_cloudwatch_retention.py::test_what_a_period_shows_of_the_past",
        ),
    ),
    resources=(
        Resource(
            type="alarm",
            title="alarm",
            create=("PutMetricAlarm",),
            name="AlarmName",
            list=Listing("DescribeAlarms", "MetricAlarms.AlarmName"),
            delete=Deletion("DeleteAlarms", "AlarmNames", many=True),
            uses=("sns:topic", "lambda:function"),
        ),
        Resource(
            type="dashboard",
            title="dashboard",
            create=("PutDashboard",),
            name="DashboardName",
            list=Listing("ListDashboards", "DashboardEntries.DashboardName"),
            delete=Deletion("DeleteDashboards", "DashboardNames", many=True),
            is_global=True,
        ),
        Resource(
            type="insight-rule",
            title="rule of Contributor Insights",
            create=("PutInsightRule",),
            name="RuleName",
            list=Listing("DescribeInsightRules", "InsightRules.Name"),
            delete=Deletion("DeleteInsightRules", "RuleNames", many=True),
        ),
    ),
    unsupported=(("CreateResourceMetricsConfiguration", "The lab makes no metrics of single resources."),),
    data_events=frozenset({"GetMetricData", "GetMetricStatistics", "GetMetricWidgetImage", "PutMetricData"}),
)
