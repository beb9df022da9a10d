"""CloudWatch Logs."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="logs",
    title="Amazon CloudWatch Logs",
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
    ),
    data_events=frozenset(
        ("FilterLogEvents GetLogEvents GetLogObject GetLogRecord GetQueryResults PutLogEvents StartLiveTail").split()
    ),
)
