"""Simple Queue Service."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="sqs",
    title="Amazon Simple Queue Service",
    resources=(
        Resource(
            type="queue",
            title="SQS queue",
            create=("CreateQueue",),
            name="QueueName",
            named_by=("QueueUrl",),
            list=Listing("ListQueues", "QueueUrls"),
            delete=Deletion("DeleteQueue", "QueueUrl"),
            uses=("kms:key",),
            addressed=True,
        ),
    ),
    request_prices=((".*", "sqs.request"),),
    actions={
        "ChangeMessageVisibilityBatch": ("sqs:ChangeMessageVisibility",),
        "DeleteMessageBatch": ("sqs:DeleteMessage",),
        "SendMessageBatch": ("sqs:SendMessage",),
    },
    data_events=frozenset(
        (
            "ChangeMessageVisibility ChangeMessageVisibilityBatch DeleteMessage DeleteMessageBatch ReceiveMessage "
            "SendMessage SendMessageBatch"
        ).split()
    ),
)
