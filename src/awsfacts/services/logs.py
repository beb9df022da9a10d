"""CloudWatch Logs."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service

SERVICE = Service(
    name="logs",
    title="Amazon CloudWatch Logs",
    real=(
        Claim(
            "Subscription filters invoke functions.",
            "engines/test_lambda_events.py::test_cloudwatch_logs_invokes_a_function",
        ),
        Claim(
            "Answers are compared with recorded ones of AWS.",
            "recorded/test_logs.py::test_logs_answer_as_aws",
        ),
        Claim(
            "Queries of Logs Insights are run as they say, or refused.",
            "engines/test_requests_refused.py::test_logs_queries_are_run_as_they_say_or_refused",
        ),
        Claim(
            "Events are there after a kill of the lab.",
            "engines/test_logs_kept.py::test_a_kill_amid_many_writers",
        ),
    ),
    resources=(
        Resource(
            type="log-group",
            title="log group",
            create=("CreateLogGroup",),
            name="logGroupName",
            list=Listing("DescribeLogGroups", "logGroups.logGroupName"),
            delete=Deletion("DeleteLogGroup", "logGroupName"),
            uses=("kms:key",),
        ),
        Resource(
            type="log-stream",
            title="log stream",
            create=("CreateLogStream",),
            name="logGroupName/logStreamName",
            part_of="log-group",
        ),
        Resource(
            type="metric-filter",
            title="metric filter",
            create=("PutMetricFilter",),
            name="logGroupName/filterName",
            part_of="log-group",
        ),
        Resource(
            type="subscription-filter",
            title="subscription filter",
            create=("PutSubscriptionFilter",),
            name="logGroupName/filterName",
            part_of="log-group",
        ),
        Resource(
            type="destination",
            title="destination of logs",
            create=("PutDestination",),
            name="destinationName",
            list=Listing("DescribeDestinations", "destinations.destinationName"),
            delete=Deletion("DeleteDestination", "destinationName"),
            uses=("kinesis:stream", "firehose:deliverystream", "iam:role"),
        ),
        Resource(
            type="delivery",
            title="delivery of logs",
            create=("CreateDelivery",),
            name="id",
            list=Listing("DescribeDeliveries", "deliveries.id"),
            delete=Deletion("DeleteDelivery", "id"),
            uses=("logs:delivery-source", "logs:delivery-destination"),
            by_id=True,
        ),
        Resource(
            type="delivery-source",
            title="source of a delivery of logs",
            create=("PutDeliverySource",),
            name="name",
            list=Listing("DescribeDeliverySources", "deliverySources.name"),
            delete=Deletion("DeleteDeliverySource", "name"),
        ),
        Resource(
            type="delivery-destination",
            title="destination of a delivery of logs",
            create=("PutDeliveryDestination",),
            name="name",
            list=Listing("DescribeDeliveryDestinations", "deliveryDestinations.name"),
            delete=Deletion("DeleteDeliveryDestination", "name"),
            uses=("s3:bucket", "logs:log-group", "firehose:deliverystream"),
        ),
    ),
    leaves_nothing={"CreateExportTask": "a run that ends"},
    unsupported=((".*", "The lab has no anomaly detectors, lookup tables, scheduled queries and imports of logs."),),
    data_events=frozenset(
        ("FilterLogEvents GetLogEvents GetLogObject GetLogRecord GetQueryResults PutLogEvents StartLiveTail").split()
    ),
)
