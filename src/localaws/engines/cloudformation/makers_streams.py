"""Streams, groups of logs and topics: a name, and what the service's own creation takes.

Source: CloudFormation template reference, AWS::Kinesis::Stream, AWS::Logs::LogGroup and AWS::SNS::Topic.
"""

from __future__ import annotations

from localaws.engines.cloudformation.changes_services import SERVICES, TOPIC
from localaws.engines.cloudformation.changes_storage import STORAGE
from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.made import Maker, deleted
from localaws.engines.cloudformation.updates import Properties


def _stream(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    """A stream that says nothing of its shards has one ("ShardCount", default)."""
    wanted = {**api.taken("CreateStream", properties, ["WarmThroughputMiBps"]), "StreamName": name}
    if "StreamModeDetails" not in wanted:
        wanted.setdefault("ShardCount", 1)
    api("CreateStream", **wanted)
    api.wait("stream_exists", StreamName=name)
    told = api("DescribeStreamSummary", StreamName=name)["StreamDescriptionSummary"]
    return name, {"Arn": told["StreamARN"]}


def _delete_stream(api: Api, name: str, properties: Properties) -> None:
    """Its name is free when the stack no longer has it: another stream of the name may be made at once."""
    api("DeleteStream", StreamName=name, EnforceConsumerDeletion=True)
    api.wait("stream_not_exists", StreamName=name)


def _log_group(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    api("CreateLogGroup", **api.taken("CreateLogGroup", properties), logGroupName=name)
    told = api("DescribeLogGroups", logGroupNamePrefix=name)["logGroups"]
    return name, {"Arn": next(each["arn"] for each in told if each["logGroupName"] == name)}


def _topic(api: Api, generated: str, properties: Properties) -> tuple[str, dict[str, str]]:
    attributes = {each: as_text(properties[each]) for each in ("FifoTopic", *TOPIC) if each in properties}
    is_fifo = attributes.get("FifoTopic", "").lower() == "true"
    name = properties.get("TopicName") or (f"{generated}.fifo" if is_fifo else generated)
    arn = api("CreateTopic", Name=name, Attributes=attributes, Tags=properties.get("Tags"))["TopicArn"]
    return arn, {"TopicArn": arn, "TopicName": name}


STREAMS = {
    "AWS::Kinesis::Stream": Maker(
        _stream,
        _delete_stream,
        STORAGE["AWS::Kinesis::Stream"],
        "Name",
        frozenset({"Arn"}),
    ),
    "AWS::Logs::LogGroup": Maker(
        _log_group,
        deleted("DeleteLogGroup", "logGroupName"),
        STORAGE["AWS::Logs::LogGroup"],
        "LogGroupName",
        frozenset({"Arn"}),
    ),
    "AWS::SNS::Topic": Maker(
        _topic,
        deleted("DeleteTopic", "TopicArn"),
        SERVICES["AWS::SNS::Topic"],
        "TopicName",
        frozenset({"TopicArn", "TopicName"}),
    ),
}
