"""How stacks change functions, topics, rules and what goes with them.

Source: CloudFormation template reference, under each type's name; the values of a property that is taken away are the
defaults that it gives.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Sequence
from typing import Any

from moto.utilities.utils import load_resource_as_str

from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.updates import Change, Changes, Properties, Target, both, changed, tagging

#: A function's configuration, with what each property is where the template does not tell.
_CONFIGURATION: dict[str, Any] = {
    "Handler": None,
    "Runtime": None,
    "Role": None,
    "Description": "",
    "Timeout": 3,
    "MemorySize": 128,
    "Environment": {"Variables": {}},
    "Layers": [],
    "VpcConfig": {"SubnetIds": [], "SecurityGroupIds": []},
    "DeadLetterConfig": {"TargetArn": ""},
    "TracingConfig": {"Mode": "PassThrough"},
    "EphemeralStorage": {"Size": 512},
    "LoggingConfig": {"LogFormat": "Text"},
}


def _configuration(function: Target) -> None:
    names = changed(function.former, function.new) & _CONFIGURATION.keys()
    request = {name: function.new.get(name, _CONFIGURATION[name]) for name in names}
    function.api("UpdateFunctionConfiguration", FunctionName=function.id, **request)
    function.api.wait("function_updated", FunctionName=function.id)


def packaged(function: Properties) -> dict[str, Any]:
    """Its code as Lambda takes it: the text of one file becomes a package (AWS::Lambda::Function Code, ZipFile).

    With it goes the module by which a custom resource answers ("cfn-response module").
    """
    code = dict(function["Code"])
    if "ZipFile" in code:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            suffix = "js" if str(function.get("Runtime")).startswith("nodejs") else "py"
            archive.writestr(f"index.{suffix}", code["ZipFile"])
            archive.writestr("cfnresponse.py", load_resource_as_str("awslambda/resources/cfnresponse.py.txt"))
        code["ZipFile"] = packed.getvalue()
    return code


def _code(function: Target) -> None:
    architectures = function.new.get("Architectures", ["x86_64"])
    function.api("UpdateFunctionCode", FunctionName=function.id, Architectures=architectures, **packaged(function.new))
    function.api.wait("function_updated", FunctionName=function.id)


def _concurrency(function: Target) -> None:
    reserved = function.new.get("ReservedConcurrentExecutions")
    if reserved is None:
        function.api("DeleteFunctionConcurrency", FunctionName=function.id)
    else:
        function.api("PutFunctionConcurrency", FunctionName=function.id, ReservedConcurrentExecutions=reserved)


def _function_arn(function: Target) -> str:
    arn: str = function.api("GetFunction", FunctionName=function.id)["Configuration"]["FunctionArn"]
    return arn


def settled(api: Api, mapping: str) -> None:
    """Lambda refuses to change a mapping that is still being made or changed, so CloudFormation waits for it."""
    while api("GetEventSourceMapping", UUID=mapping)["State"] not in ("Enabled", "Disabled"):
        time.sleep(0.1)


def _mapping(mapping: Target) -> None:
    settled(mapping.api, mapping.id)
    names = changed(mapping.former, mapping.new)
    mapping.api("UpdateEventSourceMapping", UUID=mapping.id, **{name: mapping.new.get(name) for name in names})


#: The attributes of a topic that moto keeps, with what each is where the template does not tell.
TOPIC = {
    "ContentBasedDeduplication": "false",
    "DisplayName": "",
    "KmsMasterKeyId": "",
}


def _topic(topic: Target) -> None:
    for name in changed(topic.former, topic.new) & TOPIC.keys():
        value = as_text(topic.new.get(name, TOPIC[name]))
        topic.api("SetTopicAttributes", TopicArn=topic.id, AttributeName=name, AttributeValue=value)


def _subscriptions(topic: Target) -> None:
    former, new = ({(s["Protocol"], s["Endpoint"]) for s in each.get("Subscription", [])} for each in both(topic))
    for made in topic.api("ListSubscriptionsByTopic", TopicArn=topic.id)["Subscriptions"]:
        if (made["Protocol"], made["Endpoint"]) in former - new:
            topic.api("Unsubscribe", SubscriptionArn=made["SubscriptionArn"])
    for protocol, endpoint in sorted(new - former):
        topic.api("Subscribe", TopicArn=topic.id, Protocol=protocol, Endpoint=endpoint)


def _rule(rule: Target) -> None:
    pattern = rule.new.get("EventPattern")
    names = ("ScheduleExpression", "State", "Description", "RoleArn", "EventBusName")
    request = {name: rule.new.get(name) for name in names}
    rule.api("PutRule", Name=rule.name, EventPattern=None if pattern is None else as_text(pattern), **request)


def _targets(rule: Target) -> None:
    former, new = ({each["Id"]: each for each in every.get("Targets", [])} for every in both(rule))
    bus = rule.new.get("EventBusName")
    if former.keys() - new.keys():
        rule.api("RemoveTargets", Rule=rule.name, EventBusName=bus, Ids=sorted(former.keys() - new.keys()))
    if new:
        rule.api("PutTargets", Rule=rule.name, EventBusName=bus, Targets=list(new.values()))


_FUNCTION: list[tuple[Sequence[str], Change]] = [
    (list(_CONFIGURATION), _configuration),
    (["Code", "Architectures"], _code),
    (["ReservedConcurrentExecutions"], _concurrency),
    (["Tags"], tagging("TagResource", "UntagResource", "Resource", of=_function_arn, listed=False)),
]


def _bus_arn(bus: Target) -> str:
    arn: str = bus.api("DescribeEventBus", Name=bus.id)["Arn"]
    return arn


SERVICES: dict[str, Changes] = {
    "AWS::Lambda::Function": Changes(
        "lambda",
        _FUNCTION,
        replaced=frozenset({"FunctionName", "PackageType"}),
    ),
    "AWS::Lambda::EventSourceMapping": Changes(
        "lambda",
        [
            (
                "FunctionName Enabled BatchSize FilterCriteria MaximumBatchingWindowInSeconds DestinationConfig "
                "MaximumRecordAgeInSeconds BisectBatchOnFunctionError MaximumRetryAttempts ParallelizationFactor "
                "FunctionResponseTypes ScalingConfig".split(),
                _mapping,
            )
        ],
    ),
    "AWS::SNS::Topic": Changes(
        "sns",
        [
            (list(TOPIC), _topic),
            (["Subscription"], _subscriptions),
            (["Tags"], tagging("TagResource", "UntagResource", "ResourceArn")),
        ],
        replaced=frozenset({"TopicName", "FifoTopic"}),
    ),
    "AWS::Events::EventBus": Changes(
        "events",
        [(["Tags"], tagging("TagResource", "UntagResource", "ResourceARN", of=_bus_arn))],
        replaced=frozenset({"Name", "EventSourceName"}),
    ),
    "AWS::Events::Rule": Changes(
        "events",
        [
            (["ScheduleExpression", "EventPattern", "State", "Description", "RoleArn"], _rule),
            (["Targets"], _targets),
        ],
        replaced=frozenset({"Name", "EventBusName"}),
    ),
}
