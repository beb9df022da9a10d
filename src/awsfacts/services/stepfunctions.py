"""Step Functions."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service

SERVICE = Service(
    name="stepfunctions",
    title="AWS Step Functions",
    in_arns="states",
    differs=(
        Claim(
            "State machines are described and none runs, so an execution has no history.",
            "gateway/test_dates.py::test_no_history_is_made_up",
        ),
    ),
    resources=(
        Resource(
            type="statemachine",
            title="state machine",
            create=("CreateStateMachine",),
            name="name",
            named_by=("stateMachineArn",),
            list=Listing("ListStateMachines", "stateMachines.stateMachineArn"),
            delete=Deletion("DeleteStateMachine", "stateMachineArn"),
            uses=("lambda:function", "sqs:queue", "sns:topic", "dynamodb:table", "iam:role", "logs:log-group"),
            addressed=True,
        ),
        Resource(
            type="statemachinealias",
            title="alias of a state machine",
            create=("CreateStateMachineAlias",),
            name="stateMachineAliasArn",
            part_of="statemachine",
        ),
        Resource(
            type="activity",
            title="activity",
            create=("CreateActivity",),
            name="name",
            named_by=("activityArn",),
            list=Listing("ListActivities", "activities.activityArn"),
            delete=Deletion("DeleteActivity", "activityArn"),
            addressed=True,
        ),
    ),
)
