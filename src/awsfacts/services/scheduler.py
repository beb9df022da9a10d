"""EventBridge Scheduler."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Deletion, Listing, Resource, Service, Settle


def _delete_schedule(aws: Any, arn: str, settle: Settle) -> None:
    """A schedule's ARN ends with "schedule/GROUP/NAME"."""
    _, group, name = arn.rsplit("/", 2)
    aws.delete_schedule(Name=name, GroupName=group)


SERVICE = Service(
    name="scheduler",
    title="Amazon EventBridge Scheduler",
    resources=(
        Resource(
            type="schedule",
            title="schedule",
            create=("CreateSchedule",),
            name="Name",
            list=Listing("ListSchedules", "Schedules.Arn"),
            delete=_delete_schedule,
            uses=("scheduler:schedule-group", "lambda:function", "sqs:queue", "stepfunctions:statemachine", "iam:role"),
            addressed=True,
        ),
        Resource(
            type="schedule-group",
            title="schedule group",
            create=("CreateScheduleGroup",),
            name="Name",
            list=Listing("ListScheduleGroups", "ScheduleGroups.Name"),
            delete=Deletion("DeleteScheduleGroup", "Name"),
        ),
    ),
)
