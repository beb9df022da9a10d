"""SNS's topics, subscriptions and batches answer as AWS answered LocalStack's suite (test_sns).

What SNS refuses of single messages is in test_services.
"""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import RunningLab
from tests.recorded.replay import Answer, Json, Replay, assert_agreement, refusal

DELIVERY = {
    "http": {
        "defaultHealthyRetryPolicy": {
            "minDelayTarget": 20,
            "maxDelayTarget": 20,
            "numRetries": 3,
            "numMaxDelayRetries": 0,
            "numNoDelayRetries": 0,
            "numMinDelayRetries": 0,
            "backoffFunction": "linear",
        },
        "disableSubscriptionOverrides": False,
        "defaultRequestPolicy": {"headerContentType": "text/plain; charset=UTF-8"},
    }
}


def refused(code: str, message: str, status: int = 400) -> Answer:
    return refusal(code, message, status, {"Type": "Sender"})


def invalid(message: str) -> Answer:
    return refused("InvalidParameter", f"Invalid parameter: {message}")


def topic_of(replay: Replay, **more: Any) -> tuple[Any, str]:
    sns = replay.client("sns")
    suffix = ".fifo" if more.get("Attributes", {}).get("FifoTopic") else ""
    return sns, sns.create_topic(Name=replay.unique("topic") + suffix, **more)["TopicArn"]


def topics(replay: Replay) -> None:
    sns, name = replay.client("sns"), replay.unique("topic")
    arn = f"arn:aws:sns:<region>:<account>:{name}"
    tags = [{"Key": "k1", "Value": "v1"}, {"Key": "k2", "Value": "v2"}]
    created = replay.call("create", sns.create_topic, {"Name": name, "Tags": tags}, {"TopicArn": arn})
    topic = {"TopicArn": created["TopicArn"]}
    replay.call("create again", sns.create_topic, {"Name": name, "Tags": tags}, {"TopicArn": arn})
    more = [*tags, {"Key": "k3", "Value": "v3"}]
    said = "Tags Reason: Topic already exists with different tags"
    replay.call("more tags", sns.create_topic, {"Name": name, "Tags": more}, invalid(said))
    twice = [{"Key": "k1", "Value": "v1"}, {"Key": "k1", "Value": "v2"}]
    said = "Duplicated keys are not allowed."
    ask = {"Name": replay.unique("topic"), "Tags": twice}
    replay.call("tag twice", sns.create_topic, ask, invalid(said))
    resource = {"ResourceArn": created["TopicArn"]}
    replay.call("tags", sns.list_tags_for_resource, resource, {"Tags": tags})
    replay.call("untag", sns.untag_resource, {**resource, "TagKeys": ["k1"]}, {})
    replay.call("tag over", sns.tag_resource, {**resource, "Tags": [{"Key": "k2", "Value": "v2b"}]}, {})
    replay.call("tags after", sns.list_tags_for_resource, resource, {"Tags": [{"Key": "k2", "Value": "v2b"}]})
    attributes = {
        "DisplayName": "",
        "EffectiveDeliveryPolicy": Json(DELIVERY),
        "Owner": "<account>",
        "Policy": str,
        "SubscriptionsConfirmed": "0",
        "SubscriptionsDeleted": "0",
        "SubscriptionsPending": "0",
        "TopicArn": arn,
    }
    replay.call("attributes", sns.get_topic_attributes, topic, {"Attributes": attributes})
    replay.call("delete", sns.delete_topic, topic, {})
    replay.call("deleted", sns.get_topic_attributes, topic, refused("NotFound", "Topic does not exist", 404))


def subscriptions(replay: Replay) -> None:
    sns, topic = topic_of(replay)
    sqs = replay.client("sqs")
    url = sqs.create_queue(QueueName=replay.unique("queue"))["QueueUrl"]
    queue = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    ask = {"TopicArn": topic, "Protocol": "sqs", "Endpoint": queue, "ReturnSubscriptionArn": True}
    wrong = {**ask, "Attributes": {"RawMessageDelivery": "wrongvalue"}}
    said = "Attributes Reason: RawMessageDelivery: Invalid value [wrongvalue]. Must be true or false."
    replay.call("raw", sns.subscribe, wrong, invalid(said))
    raw = {**ask, "Attributes": {"RawMessageDelivery": "true"}}
    arn = f"{topic}:<subscription>"
    made = replay.call("subscribe", sns.subscribe, raw, {"SubscriptionArn": arn})
    subscription = {"SubscriptionArn": made["SubscriptionArn"]}
    attributes = {
        "ConfirmationWasAuthenticated": "true",
        "Endpoint": queue,
        "Owner": "<account>",
        "PendingConfirmation": "false",
        "Protocol": "sqs",
        "RawMessageDelivery": "true",
        "SubscriptionArn": arn,
        "SubscriptionPrincipal": str,
        "TopicArn": topic,
    }
    replay.call("attributes", sns.get_subscription_attributes, subscription, {"Attributes": attributes})
    listed = {"Endpoint": queue, "Owner": "<account>", "Protocol": "sqs", "SubscriptionArn": arn, "TopicArn": topic}
    replay.call("list", sns.list_subscriptions_by_topic, {"TopicArn": topic}, {"Subscriptions": [listed]})
    for name, value, said in (
        ("FakeAttribute", "test-value", "AttributeName"),
        ("RawMessageDelivery", "test-ValUe", "RawMessageDelivery: Invalid value [test-ValUe]. Must be true or false."),
        ("RawMessageDelivery", "", "RawMessageDelivery: Invalid value []. Must be true or false."),
        (
            "RedrivePolicy",
            json.dumps({"deadLetterTargetArn": "fake-arn"}),
            "RedrivePolicy: deadLetterTargetArn is an invalid arn",
        ),
    ):
        change = {**subscription, "AttributeName": name, "AttributeValue": value}
        replay.call(f"{name} {value[:4]}", sns.set_subscription_attributes, change, invalid(said))
    endpoint = {**ask, "Endpoint": url}
    replay.call("queue URL", sns.subscribe, endpoint, invalid("SQS endpoint ARN"))
    nowhere = {**ask, "TopicArn": f"{topic}x"}
    replay.call("no topic", sns.subscribe, nowhere, refused("NotFound", "Topic does not exist", 404))
    replay.call("unsubscribe", sns.unsubscribe, subscription, {})
    replay.call("unsubscribe again", sns.unsubscribe, subscription, {})
    gone = refused("NotFound", "Subscription does not exist", 404)
    replay.call("attributes of none", sns.get_subscription_attributes, subscription, gone)
    change = {**subscription, "AttributeName": "RawMessageDelivery", "AttributeValue": "true"}
    replay.call("set of none", sns.set_subscription_attributes, change, gone)
    replay.call("list none", sns.list_subscriptions_by_topic, {"TopicArn": topic}, {"Subscriptions": []})
    token = {"TopicArn": topic, "Token": "randomtoken"}
    replay.call("confirm", sns.confirm_subscription, token, refused("InvalidParameter", "Invalid token"))


def messages(replay: Replay) -> None:
    sns, topic = topic_of(replay)
    ask = {"TopicArn": topic}
    long: dict[str, Any] = {**ask, "Message": "a" * 262_145}
    replay.call("too long", sns.publish, long, invalid("Message too long"))
    attribute = {"attr1": {"DataType": "String", "StringValue": "a" * 100}}
    long = {**ask, "Message": "a" * 262_100, "MessageAttributes": attribute}
    replay.call("too long with attributes", sns.publish, long, invalid("Message too long"))
    said = "Message Structure - No default entry in JSON message body"
    structure = {**ask, "MessageStructure": "json"}
    replay.call("no default", sns.publish, {**structure, "Message": '{"sqs": "m"}'}, invalid(said))
    said = "Message Structure - JSON message body failed to parse"
    replay.call("no JSON", sns.publish, {**structure, "Message": '{"default": }'}, invalid(said))
    for step, value, said in (
        (
            "empty",
            {"DataType": "String", "StringValue": ""},
            "The message attribute 'attr1' must contain non-empty message attribute value for message attribute type "
            "'String'.",
        ),
        (
            "type",
            {"DataType": "InvalidType", "StringValue": "v"},
            "The message attribute 'attr1' has an invalid message attribute type, the set of supported type prefixes "
            "is Binary, Number, and String.",
        ),
        (
            "field",
            {"DataType": "String", "BinaryValue": b"v"},
            "The message attribute 'attr1' with type 'String' must use field 'String'.",
        ),
    ):
        wrong = {**ask, "Message": "m", "MessageAttributes": {"attr1": value}}
        replay.call(f"attribute {step}", sns.publish, wrong, refused("ParameterValueInvalid", said))
    for name, said in (
        (".name", "Invalid message attribute name starting with character '.' was found."),
        ("name.", "Invalid message attribute name ending with character '.' was found."),
        ("na..me", "Message attribute name can not have successive '.' character."),
        ("a" * 257, "Length of message attribute name must be less than 256 bytes."),
        (
            "attr^1",
            "Invalid non-alphanumeric character '#x5E' was found in the message attribute name. Can only include "
            "alphanumeric characters, hyphens, underscores, or dots.",
        ),
    ):
        wrong = {**ask, "Message": "m", "MessageAttributes": {name: {"DataType": "String", "StringValue": "v"}}}
        replay.call(f"name {name[:6]}", sns.publish, wrong, refused("ParameterValueInvalid", said))
    good = {"attr1": {"DataType": "Number.prefixed", "StringValue": "1"}}
    replay.call("prefix", sns.publish, {**ask, "Message": "m", "MessageAttributes": good}, {"MessageId": str})


def batches(replay: Replay) -> None:
    sns, topic = topic_of(replay)
    ask = {"TopicArn": topic}

    def entries(*ids: str) -> dict[str, Any]:
        return {**ask, "PublishBatchRequestEntries": [{"Id": each, "Message": "m"} for each in ids]}

    said = "The batch request contains more entries than permissible."
    many = refused("TooManyEntriesInBatchRequest", said)
    replay.call("eleven", sns.publish_batch, entries(*map(str, range(11))), many)
    said = "Two or more batch entries in the request have the same Id."
    replay.call("same", sns.publish_batch, entries("1", "1"), refused("BatchEntryIdsNotDistinct", said))
    for step, wrong, said in (
        ("dot", "message.id", "contains an impermissible character"),
        ("signs", "msg@123#test", "contains an impermissible character"),
        ("long", "a" * 81, "is too long"),
    ):
        said = f"The Id of a batch entry in the batch request {said}: {wrong}"
        replay.call(step, sns.publish_batch, entries(wrong), refused("InvalidBatchEntryId", said))
    good = {"Failed": [], "Successful": [{"Id": "valid-message_123", "MessageId": str}]}
    replay.call("good", sns.publish_batch, entries("valid-message_123"), good)
    nowhere = {**entries("1"), "TopicArn": f"{topic}x"}
    replay.call("no topic", sns.publish_batch, nowhere, refused("NotFound", "Topic does not exist", 404))
    sns, fifo = topic_of(replay, Attributes={"FifoTopic": "true"})
    said = "The MessageGroupId parameter is required for FIFO topics"
    replay.call("no group", sns.publish, {"TopicArn": fifo, "Message": "m"}, invalid(said))
    said = (
        "The topic should either have ContentBasedDeduplication enabled or MessageDeduplicationId provided explicitly"
    )
    group = {"TopicArn": fifo, "Message": "m", "MessageGroupId": "g"}
    replay.call("no deduplication", sns.publish, group, invalid(said))


def test_topics_answer_as_aws(lab: RunningLab) -> None:
    known = {"a subscription does not know who made it": ["subscriptions.attributes: Attributes.SubscriptionPrincipal"]}
    assert_agreement(lab, [topics, subscriptions, messages, batches], known)
