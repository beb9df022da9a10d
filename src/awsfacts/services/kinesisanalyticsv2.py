"""Managed Service for Apache Flink."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Listing, Resource, Service, Settle


def _delete_application(aws: Any, application: str, settle: Settle) -> None:
    """What is deleted is the application that was made then, not another of its name (DeleteApplication)."""
    made = aws.describe_application(ApplicationName=application)["ApplicationDetail"]["CreateTimestamp"]
    aws.delete_application(ApplicationName=application, CreateTimestamp=made)


SERVICE = Service(
    name="kinesisanalyticsv2",
    title="Amazon Managed Service for Apache Flink",
    in_arns="kinesisanalytics",
    resources=(
        Resource(
            type="application",
            title="Flink application",
            create=("CreateApplication",),
            name="ApplicationName",
            list=Listing("ListApplications", "ApplicationSummaries.ApplicationName"),
            delete=_delete_application,
            uses=("kinesis:stream", "s3:bucket", "iam:role", "logs:log-group"),
        ),
    ),
    unsupported=((".*", "The lab describes applications; no Flink runs, so there are no snapshots of its state."),),
)
