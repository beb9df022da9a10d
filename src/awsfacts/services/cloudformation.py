"""CloudFormation."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle

_STATUSES = "CREATE_COMPLETE CREATE_FAILED ROLLBACK_COMPLETE ROLLBACK_FAILED UPDATE_COMPLETE UPDATE_ROLLBACK_COMPLETE "
_STATUSES += "UPDATE_ROLLBACK_FAILED UPDATE_FAILED DELETE_FAILED REVIEW_IN_PROGRESS"


def _delete_stack(aws: Any, stack: str, settle: Settle) -> None:
    """Delete a stack, and wait: what it made must not be deleted beneath it. One that cannot be deleted stays."""
    aws.delete_stack(StackName=stack)

    def has_ended() -> bool:
        try:
            [found] = aws.describe_stacks(StackName=stack)["Stacks"]
        except aws.exceptions.ClientError:  # "does not exist"
            return True
        return found["StackStatus"] in ("DELETE_COMPLETE", "DELETE_FAILED")

    settle(has_ended, stack)


SERVICE = Service(
    name="cloudformation",
    title="AWS CloudFormation",
    real=(
        Claim(
            "Stacks make resources, and tell of it in events.",
            "engines/test_cloudformation_stacks.py::test_events_of_a_stack_that_succeeds",
        ),
        Claim(
            "Change sets tell what an update would do.",
            "engines/test_cloudformation_changes.py::test_change_sets",
        ),
        Claim(
            "Custom resources call their function or topic.",
            "engines/test_cloudformation_custom.py::test_a_resources_life",
        ),
    ),
    resources=(
        Resource(
            type="stack",
            title="stack",
            create=("CreateStack",),
            name="StackName",
            list=Listing("ListStacks", "StackSummaries.StackName", more={"StackStatusFilter": _STATUSES.split()}),
            delete=_delete_stack,
            # what stacks make most often, and for which the prefix of a name proves whose it is
            uses=("lambda:function", "kinesis:stream", "firehose:deliverystream", "s3:bucket", "sqs:queue", "iam:role"),
        ),
        Resource(
            type="changeset",
            title="change set",
            create=("CreateChangeSet",),
            name="StackName/ChangeSetName",
            part_of="stack",
        ),
        Resource(
            type="stackset",
            title="stack set",
            create=("CreateStackSet",),
            name="StackSetName",
            list=Listing("ListStackSets", "Summaries.StackSetName", unless=("Status", frozenset({"DELETED"}))),
            delete=Deletion("DeleteStackSet", "StackSetName"),
            uses=("iam:role",),
        ),
        Resource(
            type="stackset-instance",
            title="instance of a stack set",
            create=("CreateStackInstances",),
            name="StackSetName",
            part_of="stackset",
        ),
    ),
    unsupported=(
        (
            ".*",
            "The lab does stacks, change sets and stack sets; it has no registry, no generated templates and no "
            "refactoring.",
        ),
    ),
)
