"""A stack that was made before a kill is told of as before, changed and deleted with all that it made."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

_TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
_KEY = {"AttributeName": "id", "AttributeType": "S"}
RESOURCES: dict[str, dict[str, Any]] = {
    "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "kept-by-stack"}},
    "Role": {"Type": "AWS::IAM::Role", "Properties": {"RoleName": "kept", "AssumeRolePolicyDocument": _TRUST}},
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.7.0.0/16"}},
    "Subnet": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.7.1.0/24"}},
    "Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "kept"}},
    "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "kept"}},
    "Stream": {"Type": "AWS::Kinesis::Stream", "Properties": {"Name": "kept", "ShardCount": 1}},
    "Group": {"Type": "AWS::Logs::LogGroup", "Properties": {"LogGroupName": "/kept"}},
    "Database": {"Type": "AWS::Glue::Database", "Properties": {"DatabaseInput": {"Name": "kept"}}},
    "Parameters": {
        "Type": "AWS::RDS::DBParameterGroup",
        "Properties": {"Family": "postgres16", "Description": "kept"},
    },
    "Table": {
        "Type": "AWS::DynamoDB::Table",
        "Properties": {
            "TableName": "kept",
            "AttributeDefinitions": [_KEY],
            "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
            "BillingMode": "PAY_PER_REQUEST",
        },
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "FunctionName": "kept",
            "Runtime": "python3.11",
            "Handler": "index.handler",
            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
            "Code": {"ZipFile": "def handler(event, context): ..."},
        },
    },
}


def _told(lab: RunningLab) -> Any:
    client = lab.client("cloudformation")
    stack = client.describe_stacks(StackName="kept")["Stacks"][0]
    return stack["Outputs"], client.describe_stack_resources(StackName="kept")["StackResources"]


def test_a_stack_outlives_a_kill_and_can_be_deleted(new_lab: Callable[..., RunningLab]) -> None:
    outputs = {"Role": {"Value": {"Fn::GetAtt": ["Role", "Arn"]}}, "Vpc": {"Value": {"Ref": "Vpc"}}}
    template = json.dumps({"Resources": RESOURCES, "Outputs": outputs})
    lab = new_lab()
    client = lab.client("cloudformation")
    client.create_stack(StackName="kept", TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    client.get_waiter("stack_create_complete").wait(StackName="kept", WaiterConfig={"Delay": 1})
    before = _told(lab)
    time.sleep(1)  # the age at which settings are kept
    lab.kill()
    lab.start()
    assert _told(lab) == before
    assert "is gone" not in lab.log()
    lab.client("cloudformation").delete_stack(StackName="kept")
    lab.client("cloudformation").get_waiter("stack_delete_complete").wait(StackName="kept", WaiterConfig={"Delay": 1})
    assert lab.client("s3").list_buckets()["Buckets"] == []
    assert lab.client("sqs").list_queues().get("QueueUrls", []) == []
    assert lab.client("kinesis").list_streams()["StreamNames"] == []
    assert all(vpc["CidrBlock"] != "10.7.0.0/16" for vpc in lab.client("ec2").describe_vpcs()["Vpcs"])
    with pytest.raises(ClientError, match="NoSuchEntity"):
        lab.client("iam").get_role(RoleName="kept")
