"""Simple Queue Service."""

from __future__ import annotations

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service

SERVICE = Service(
    name="sqs",
    title="Amazon Simple Queue Service",
    real=(
        Claim(
            "Messages are hidden, delayed and waited for as their queue says.",
            "engines/test_sqs.py::test_long_polling_ends_when_a_message_arrives",
        ),
        Claim(
            "A message received too often goes to the dead-letter queue.",
            "engines/test_sqs.py::test_a_message_received_too_often_goes_to_the_dead_letter_queue",
        ),
        Claim(
            "FIFO queues keep the order within a group and drop duplicates.",
            "engines/test_sqs.py::test_fifo_keeps_order_within_a_group_and_drops_duplicates",
        ),
        Claim(
            "Messages are there after a kill of the lab, those in flight too.",
            "engines/test_sqs_kept.py::test_messages_in_flight_and_delayed",
        ),
        Claim(
            "Answers are compared with recorded ones of AWS.",
            "recorded/test_queues.py::test_queues_answer_as_aws",
        ),
    ),
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
