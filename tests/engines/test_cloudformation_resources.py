"""What a template makes is what it asks for, through boto3.

Source: CloudFormation template reference, under each type's name.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.roles import ADMINISTRATOR


def unique() -> str:
    return f"made-{uuid.uuid4().hex[:8]}"


def created(lab: RunningLab, **resources: Any) -> tuple[str, dict[str, str]]:
    """The name of a new stack of *resources*, and the physical ids of those."""
    formation, name = lab.client("cloudformation"), unique()
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources}))
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    told = formation.describe_stack_events(StackName=name)["StackEvents"]
    assert stack["StackStatus"] == "CREATE_COMPLETE", [each.get("ResourceStatusReason") for each in told]
    found = formation.describe_stack_resources(StackName=name)["StackResources"]
    return name, {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def test_queues(lab: RunningLab) -> None:
    sqs, name = lab.client("sqs"), unique()
    properties = {
        "QueueName": name,
        "VisibilityTimeout": 45,
        "RedrivePolicy": {"deadLetterTargetArn": {"Fn::GetAtt": ["Dead", "Arn"]}, "maxReceiveCount": 3},
        "Tags": [{"Key": "team", "Value": "data"}],
    }
    stack, ids = created(
        lab,
        Queue={"Type": "AWS::SQS::Queue", "Properties": properties},
        Dead={"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": False}},
        Ordered={"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True, "ContentBasedDeduplication": True}},
    )
    url = sqs.get_queue_url(QueueName=name)["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "45"
    assert json.loads(attributes["RedrivePolicy"])["deadLetterTargetArn"].endswith(ids["Dead"].split("/")[-1])
    assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "data"}
    assert ids["Ordered"].endswith(".fifo")
    url = sqs.get_queue_url(QueueName=ids["Ordered"].split("/")[-1])["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
    assert (attributes["FifoQueue"], attributes["ContentBasedDeduplication"]) == ("true", "true")
    lab.client("cloudformation").delete_stack(StackName=stack)


def test_parameter_without_a_name(lab: RunningLab) -> None:
    parameter = {"Type": "AWS::SSM::Parameter", "Properties": {"Type": "String", "Value": "v"}}
    stack, ids = created(lab, Setting=parameter)
    assert re.fullmatch(r"CFN-Setting-\w+", ids["Setting"])
    assert lab.client("ssm").get_parameter(Name=ids["Setting"])["Parameter"]["Value"] == "v"
    lab.client("cloudformation").delete_stack(StackName=stack)


def test_types_that_the_lab_does_not_make(lab: RunningLab) -> None:
    """AWS makes them: the resource fails, and says that it is the lab that cannot."""
    formation, name = lab.client("cloudformation"), unique()
    resources = {"Scheduled": {"Type": "AWS::Scheduler::Schedule", "Properties": {}}}
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Scheduled", "Arn"]}}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": resources, "Outputs": outputs}))
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    [reason] = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    assert reason.startswith("This lab does not make resources of the type AWS::Scheduler::Schedule.")
    assert formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"] == "ROLLBACK_COMPLETE"
    assert formation.describe_stack_resources(StackName=name)["StackResources"] == []
    formation.delete_stack(StackName=name)
    unknown = json.dumps({"Resources": {"N": {"Type": "AWS::Nope::Thing"}}})
    with pytest.raises(ClientError, match=r"Unrecognized resource types: \[AWS::Nope::Thing\]"):
        formation.create_stack(StackName=name, TemplateBody=unknown)


def test_only_the_engines_that_a_template_needs(new_lab: Callable[..., RunningLab]) -> None:
    """CloudFormation can make resources of every service; the engines of the others are not loaded for it."""
    lab = new_lab()
    vpc = {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.5.0.0/16"}}
    rule = {"Type": "AWS::Events::Rule", "Properties": {"ScheduleExpression": "rate(1 day)", "State": "DISABLED"}}
    _, ids = created(lab, Vpc=vpc, Rule=rule)
    installed = set(re.findall(r"engine (\w+) installed", lab.log()))
    assert {"ec2", "events"} <= installed
    assert not installed & {"athena", "dms", "dynamodb", "glue", "kinesis", "rds"}
    assert lab.client("ec2").describe_vpcs(VpcIds=[ids["Vpc"]])["Vpcs"]
    assert lab.client("events").describe_rule(Name=ids["Rule"])["State"] == "DISABLED"


def test_a_stack_is_made_by_its_caller(lab: RunningLab) -> None:
    """CloudFormation user guide, "CloudFormation service role": without one it uses the caller's credentials."""
    iam, name = lab.client("iam"), unique()
    iam.create_user(UserName=name)
    iam.attach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    keys = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
    formation = lab.client("cloudformation", **keys)
    queue = {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": name}}
    formation.create_stack(StackName=name, TemplateBody=json.dumps({"Resources": {"Queue": queue}}))
    formation.delete_stack(StackName=name)
    of_queue = [each for each in lab.calls() if each["service"] == "sqs" and name in str(each["resources"])]
    assert {"CreateQueue", "DeleteQueue"} <= {each["operation"] for each in of_queue}
    assert {each["principal"].rsplit("/", 1)[-1] for each in of_queue} == {name}
    iam.delete_access_key(UserName=name, AccessKeyId=key["AccessKeyId"])
    iam.detach_user_policy(UserName=name, PolicyArn=ADMINISTRATOR)
    iam.delete_user(UserName=name)
