"""How stacks change functions, roles, topics, rules and what goes with them.

Source: CloudFormation template reference, under each type's name; the values of a property that is taken away are the
defaults that it gives.
"""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

from localaws.engines.cloudformation.coercion import as_text
from localaws.engines.cloudformation.updates import Change, Changes, Target, changed, tagging

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
}


def _configuration(function: Target) -> None:
    names = changed(function.former, function.new) & _CONFIGURATION.keys()
    request = {name: function.new.get(name, _CONFIGURATION[name]) for name in names}
    function.api("UpdateFunctionConfiguration", FunctionName=function.id, **request)
    function.api.wait("function_updated", FunctionName=function.id)


def _code(function: Target) -> None:
    """The code in a template is the text of one file (AWS::Lambda::Function Code, ZipFile)."""
    code = dict(function.new["Code"])
    if "ZipFile" in code:
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            suffix = "js" if str(function.new.get("Runtime")).startswith("nodejs") else "py"
            archive.writestr(f"index.{suffix}", code["ZipFile"])
        code["ZipFile"] = packed.getvalue()
    function.api("UpdateFunctionCode", FunctionName=function.id, **code)
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


def _mapping(mapping: Target) -> None:
    """Lambda refuses to change a mapping that is still being made or changed, so CloudFormation waits for it."""
    while mapping.api("GetEventSourceMapping", UUID=mapping.id)["State"] not in ("Enabled", "Disabled"):
        time.sleep(0.1)
    names = changed(mapping.former, mapping.new)
    mapping.api("UpdateEventSourceMapping", UUID=mapping.id, **{name: mapping.new.get(name) for name in names})


def _trust(role: Target) -> None:
    role.api("UpdateAssumeRolePolicy", RoleName=role.id, PolicyDocument=as_text(role.new["AssumeRolePolicyDocument"]))


def _role(role: Target) -> None:
    seconds = role.new.get("MaxSessionDuration", 3600)
    role.api("UpdateRole", RoleName=role.id, Description=role.new.get("Description", ""), MaxSessionDuration=seconds)


def _inline_policies(role: Target) -> None:
    former, new = ({p["PolicyName"]: p["PolicyDocument"] for p in each.get("Policies", [])} for each in _both(role))
    for name in former.keys() - new.keys():
        role.api("DeleteRolePolicy", RoleName=role.id, PolicyName=name)
    for name, document in new.items():
        role.api("PutRolePolicy", RoleName=role.id, PolicyName=name, PolicyDocument=as_text(document))


def _managed_policies(role: Target) -> None:
    former, new = (set(each.get("ManagedPolicyArns", [])) for each in _both(role))
    for arn in sorted(former - new):
        role.api("DetachRolePolicy", RoleName=role.id, PolicyArn=arn)
    for arn in sorted(new - former):
        role.api("AttachRolePolicy", RoleName=role.id, PolicyArn=arn)


def _boundary(role: Target) -> None:
    wanted = role.new.get("PermissionsBoundary")
    if wanted:
        role.api("PutRolePermissionsBoundary", RoleName=role.id, PermissionsBoundary=wanted)
    else:
        role.api("DeleteRolePermissionsBoundary", RoleName=role.id)


def _topic(topic: Target) -> None:
    for name in changed(topic.former, topic.new) & set(_TOPIC):
        value = topic.new.get(name, "false" if name == "ContentBasedDeduplication" else "")
        topic.api("SetTopicAttributes", TopicArn=topic.id, AttributeName=name, AttributeValue=value)


_TOPIC = ("DisplayName", "KmsMasterKeyId", "ContentBasedDeduplication")


def _subscriptions(topic: Target) -> None:
    former, new = ({(s["Protocol"], s["Endpoint"]) for s in each.get("Subscription", [])} for each in _both(topic))
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
    former, new = ({each["Id"]: each for each in every.get("Targets", [])} for every in _both(rule))
    bus = rule.new.get("EventBusName")
    if former.keys() - new.keys():
        rule.api("RemoveTargets", Rule=rule.name, EventBusName=bus, Ids=sorted(former.keys() - new.keys()))
    if new:
        rule.api("PutTargets", Rule=rule.name, EventBusName=bus, Targets=list(new.values()))


def _parameter(parameter: Target) -> None:
    names = ("Type", "Value", "Description", "AllowedPattern", "Tier", "DataType")
    request = {name: parameter.new.get(name) for name in names}
    parameter.api("PutParameter", Name=parameter.id, Overwrite=True, **request)


def _state_machine(machine: Target) -> None:
    machine.api(
        "UpdateStateMachine",
        stateMachineArn=machine.id,
        definition=machine.new["DefinitionString"],
        roleArn=machine.new["RoleArn"],
    )


def _both(target: Target) -> Sequence[Mapping[str, Any]]:
    return target.former, target.new


_FUNCTION: list[tuple[Sequence[str], Change]] = [
    (list(_CONFIGURATION), _configuration),
    (["Code"], _code),
    (["ReservedConcurrentExecutions"], _concurrency),
    (["Tags"], tagging("TagResource", "UntagResource", "Resource", of=_function_arn, listed=False)),
]
SERVICES = {
    "AWS::Lambda::Function": Changes(
        "lambda",
        _FUNCTION,
        replaced=frozenset({"FunctionName", "PackageType"}),
        late=frozenset({"Layers", "DeadLetterConfig", "TracingConfig", "EphemeralStorage", "Tags"}),
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
    "AWS::IAM::Role": Changes(
        "iam",
        [
            (["AssumeRolePolicyDocument"], _trust),
            (["Description", "MaxSessionDuration"], _role),
            (["Policies"], _inline_policies),
            (["ManagedPolicyArns"], _managed_policies),
            (["PermissionsBoundary"], _boundary),
            (["Tags"], tagging("TagRole", "UntagRole", "RoleName")),
        ],
        replaced=frozenset({"RoleName", "Path"}),
        late=frozenset({"ManagedPolicyArns"}),
    ),
    "AWS::SNS::Topic": Changes(
        "sns",
        [
            (_TOPIC, _topic),
            (["Subscription"], _subscriptions),
            (["Tags"], tagging("TagResource", "UntagResource", "ResourceArn")),
        ],
        replaced=frozenset({"TopicName", "FifoTopic"}),
        late=frozenset({"Tags"}),
    ),
    "AWS::Events::Rule": Changes(
        "events",
        [
            (["ScheduleExpression", "EventPattern", "State", "Description", "RoleArn"], _rule),
            (["Targets"], _targets),
        ],
        replaced=frozenset({"Name", "EventBusName"}),
    ),
    "AWS::SSM::Parameter": Changes(
        "ssm",
        [(["Value", "Type", "Description", "AllowedPattern", "Tier", "DataType"], _parameter)],
        replaced=frozenset({"Name"}),
    ),
    "AWS::StepFunctions::StateMachine": Changes(
        "stepfunctions",
        [(["DefinitionString", "RoleArn"], _state_machine)],
        replaced=frozenset({"StateMachineName", "StateMachineType"}),
    ),
}
