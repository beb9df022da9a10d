"""Queues and their policies; moto passes SQS every property of a queue, QueueName too, as an attribute.

Source: CloudFormation template reference, AWS::SQS::Queue and AWS::SQS::QueuePolicy.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Changes, Properties, Target, changed, tagging, tags_of

#: A queue's attributes, with what each is where the template does not tell.
_DEFAULTS = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
    "ContentBasedDeduplication": "false",
    "RedrivePolicy": "",
    "RedriveAllowPolicy": "",
    "KmsMasterKeyId": "",
    "KmsDataKeyReusePeriodSeconds": "300",
}


def _queue(api: Api, generated: str, properties: Properties) -> tuple[str, dict[str, str]]:
    attributes = _attributes(properties)
    name = str(properties.get("QueueName") or _name(generated, "FifoQueue" in attributes))
    made = api("CreateQueue", QueueName=name, Attributes=attributes, tags=tags_of(properties))["QueueUrl"]
    arn = api("GetQueueAttributes", QueueUrl=made, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    url = f"https://sqs.{api.region}.amazonaws.com/{arn.split(':')[4]}/{name}"  # no port of the lab's in it
    return url, {"Arn": arn, "QueueName": name, "QueueUrl": url}


def _name(generated: str, is_fifo: bool) -> str:
    """At most 80 characters (CreateQueue, API reference, QueueName)."""
    return f"{generated[:75]}.fifo" if is_fifo else generated[:80]


def _attributes(properties: Properties) -> dict[str, str]:
    """A queue's *properties* as SQS's API takes them: all texts."""
    attributes = {name: as_text(each) for name, each in properties.items() if name not in ("QueueName", "Tags")}
    if attributes.get("FifoQueue", "").lower() == "false":  # SQS has no such value
        del attributes["FifoQueue"]
    return attributes


def _change_queue(queue: Target) -> None:
    former, new = _attributes(queue.former), _attributes(queue.new)
    attributes = {name: new.get(name, _DEFAULTS.get(name, "")) for name in changed(former, new)}
    queue.api("SetQueueAttributes", QueueUrl=queue.id, Attributes=attributes)


def _policy(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    for url in properties["Queues"]:
        api("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": as_text(properties["PolicyDocument"])})
    return name, {}


def _change_policy(policy: Target) -> None:
    for url in policy.former["Queues"]:
        if url not in policy.new["Queues"]:
            policy.api("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})
    _policy(policy.api, policy.id, policy.new)


def _delete_policy(api: Api, name: str, properties: Properties) -> None:
    for url in properties["Queues"]:
        api("SetQueueAttributes", QueueUrl=url, Attributes={"Policy": ""})


QUEUES = {
    "AWS::SQS::Queue": Maker(
        _queue,
        deleted("DeleteQueue", "QueueUrl"),
        Changes(
            "sqs",
            [
                ([*_DEFAULTS, "DeduplicationScope", "FifoThroughputLimit"], _change_queue),
                (["Tags"], tagging("TagQueue", "UntagQueue", "QueueUrl", listed=False)),
            ],
            frozenset({"QueueName", "FifoQueue"}),
        ),
        "QueueName",
        frozenset({"Arn", "QueueName", "QueueUrl"}),
    ),
    "AWS::SQS::QueuePolicy": Maker(
        _policy,
        _delete_policy,
        Changes("sqs", [(["Queues", "PolicyDocument"], _change_policy)]),
    ),
}
