"""Simple Notification Service."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle, pages


def _delete_topic(aws: Any, topic: str, settle: Settle) -> None:
    """Subscriptions outlive their topic, so they go first."""
    for page in pages(aws, "ListSubscriptionsByTopic", TopicArn=topic):
        for subscription in page["Subscriptions"]:
            if subscription["SubscriptionArn"].startswith("arn:"):  # else it still waits for its confirmation
                aws.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    aws.delete_topic(TopicArn=topic)


SERVICE = Service(
    name="sns",
    title="Amazon Simple Notification Service",
    real=(
        Claim(
            "Messages invoke functions.",
            "engines/test_lambda_events.py::test_sns_invokes_a_function",
        ),
        Claim(
            "Answers are compared with recorded ones of AWS.",
            "recorded/test_topics.py::test_topics_answer_as_aws",
        ),
    ),
    differs=(
        Claim(
            "Nothing is sent to other machines: no mail, no text messages, no HTTP beyond this one.",
            "engines/test_sns_addresses.py::test_other_machines_are_refused",
        ),
    ),
    resources=(
        Resource(
            type="topic",
            title="SNS topic",
            create=("CreateTopic",),
            name="Name",
            named_by=("TopicArn",),
            list=Listing("ListTopics", "Topics.TopicArn"),
            delete=_delete_topic,
            uses=("sqs:queue", "kms:key"),
            addressed=True,
        ),
        Resource(
            type="app",
            title="platform application",
            create=("CreatePlatformApplication",),
            name="Name",
            named_by=("PlatformApplicationArn",),
            list=Listing("ListPlatformApplications", "PlatformApplications.PlatformApplicationArn"),
            delete=Deletion("DeletePlatformApplication", "PlatformApplicationArn"),
            addressed=True,
        ),
        Resource(
            type="endpoint",
            title="endpoint of a platform application",
            create=("CreatePlatformEndpoint",),
            name="EndpointArn",
            delete=Deletion("DeleteEndpoint", "EndpointArn"),
            part_of="app",
        ),
    ),
    unsupported=((".*SMSSandbox.*", "The lab sends no text messages, so there is no sandbox for them."),),
    request_prices=(("Publish(Batch)?", "sns.request"),),
    actions={"PublishBatch": ("sns:Publish",)},
    data_events=frozenset({"Publish", "PublishBatch"}),
)
