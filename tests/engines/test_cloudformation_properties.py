"""What a template says of a resource is what its service tells of it, property by property; or the resource fails.

Source: CloudFormation template reference, under each type's name.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines import cloudformation_readers as readers

Read = Callable[[RunningLab, str], dict[str, Any]]
TAGS = [{"Key": "team", "Value": "data"}]
POLICY = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]}
READER = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
ROLE = {"Fn::GetAtt": ["Role", "Arn"]}


def trust(service: str) -> dict[str, Any]:
    principal = {"Service": f"{service}.amazonaws.com"}
    return {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}],
    }


def references(value: Any) -> Iterator[str]:
    """What Ref and Fn::GetAtt in *value* name."""
    if isinstance(value, dict) and "Ref" in value:
        yield value["Ref"]
    elif isinstance(value, dict) and "Fn::GetAtt" in value:
        yield value["Fn::GetAtt"][0]
    elif isinstance(value, (dict, list)):
        for each in value.values() if isinstance(value, dict) else value:
            yield from references(each)


DEFINITION = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "Result": "${greeting}", "End": True}}})
KEY_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "kms:*", "Resource": "*"}],
}
PERMISSION = {"IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432, "CidrIp": "10.0.0.0/8"}
THROUGHPUT = {"ReadCapacityUnits": 2, "WriteCapacityUnits": 3}
ROWS: dict[str, tuple[dict[str, Any], Read]] = {
    "Kinesis::Stream": (
        {
            "ShardCount": 2,
            "RetentionPeriodHours": 48,
            "StreamEncryption": {"EncryptionType": "KMS", "KeyId": {"Ref": "Key"}},
            "StreamModeDetails": {"StreamMode": "PROVISIONED"},
            "Tags": TAGS,
        },
        readers.stream,
    ),
    "Lambda::Function": (
        {
            "Architectures": ["arm64"],
            "DeadLetterConfig": {"TargetArn": {"Fn::GetAtt": ["Queue", "Arn"]}},
            "Description": "d",
            "Environment": {"Variables": {"STAGE": "b"}},
            "EphemeralStorage": {"Size": 1024},
            "Handler": "index.handler",
            "LoggingConfig": {"LogFormat": "Text", "LogGroup": "/own/group"},
            "MemorySize": 256,
            "ReservedConcurrentExecutions": 3,
            "Role": ROLE,
            "Runtime": "python3.12",
            "Tags": TAGS,
            "Timeout": 9,
            "TracingConfig": {"Mode": "Active"},
            "Code": {"ZipFile": "def handler(event, context): pass"},
        },
        readers.function,
    ),
    "Lambda::EventSourceMapping": (
        {
            "BatchSize": 7,
            "Enabled": False,
            "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]},
            "FunctionName": {"Ref": "Function"},
            "FilterCriteria": {"Filters": [{"Pattern": '{"body": ["x"]}'}]},
            "FunctionResponseTypes": ["ReportBatchItemFailures"],
            "MaximumBatchingWindowInSeconds": 4,
            "ScalingConfig": {"MaximumConcurrency": 5},
        },
        readers.mapping,
    ),
    "IAM::Role": (
        {
            "AssumeRolePolicyDocument": trust("glue"),
            "Description": "d",
            "ManagedPolicyArns": [READER],
            "MaxSessionDuration": 7200,
            "Path": "/etl/",
            "PermissionsBoundary": READER,
            "Policies": [{"PolicyName": "own", "PolicyDocument": POLICY}],
            "Tags": TAGS,
        },
        readers.role,
    ),
    "IAM::User": (
        {
            "Groups": [{"Ref": "Group"}],
            "LoginProfile": {"Password": "Passw0rd!23"},
            "ManagedPolicyArns": [READER],
            "Path": "/etl/",
            "Policies": [{"PolicyName": "own", "PolicyDocument": POLICY}],
            "Tags": TAGS,
        },
        readers.user,
    ),
    "IAM::Group": ({"ManagedPolicyArns": [READER], "Path": "/etl/"}, readers.group),
    "SNS::Topic": (
        {
            "ContentBasedDeduplication": True,
            "DisplayName": "News",
            "FifoTopic": True,
            "KmsMasterKeyId": "alias/aws/sns",
            "Subscription": [{"Protocol": "sqs", "Endpoint": {"Fn::GetAtt": ["Ordered", "Arn"]}}],
            "Tags": TAGS,
        },
        readers.topic,
    ),
    "DynamoDB::Table": (
        {
            "AttributeDefinitions": [{"AttributeName": each, "AttributeType": "S"} for each in ("k", "r", "g")],
            "BillingMode": "PROVISIONED",
            "DeletionProtectionEnabled": False,
            "GlobalSecondaryIndexes": [
                {
                    "IndexName": "by-g",
                    "KeySchema": [{"AttributeName": "g", "KeyType": "HASH"}],
                    "Projection": {"ProjectionType": "KEYS_ONLY"},
                    "ProvisionedThroughput": THROUGHPUT,
                }
            ],
            "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}, {"AttributeName": "r", "KeyType": "RANGE"}],
            "LocalSecondaryIndexes": [
                {
                    "IndexName": "by-l",
                    "KeySchema": [
                        {"AttributeName": "k", "KeyType": "HASH"},
                        {"AttributeName": "g", "KeyType": "RANGE"},
                    ],
                    "Projection": {"ProjectionType": "ALL"},
                }
            ],
            "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
            "ProvisionedThroughput": THROUGHPUT,
            "SSESpecification": {"SSEEnabled": True},
            "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
            "Tags": TAGS,
            "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
        },
        readers.table,
    ),
    "Events::Rule": (
        {
            "Description": "d",
            "EventPattern": {"source": ["x"]},
            "RoleArn": ROLE,
            "State": "DISABLED",
            "Tags": TAGS,
            "Targets": [{"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}, "Input": '{"a": 1}'}],
        },
        readers.rule,
    ),
    "Logs::LogGroup": (
        {
            "KmsKeyId": {"Fn::GetAtt": ["KeyOfLogs", "Arn"]},
            "LogGroupClass": "INFREQUENT_ACCESS",
            "RetentionInDays": 7,
            "Tags": TAGS,
        },
        readers.log_group,
    ),
    "KMS::Key": (
        {
            "Description": "d",
            "EnableKeyRotation": True,
            "Enabled": True,
            "KeyPolicy": KEY_POLICY,
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "MultiRegion": True,
            "Origin": "AWS_KMS",
            "Tags": TAGS,
        },
        readers.key,
    ),
    "StepFunctions::StateMachine": (
        {
            "DefinitionString": DEFINITION,
            "DefinitionSubstitutions": {"greeting": "hello"},
            "LoggingConfiguration": {"Level": "OFF", "IncludeExecutionData": False},
            "RoleArn": ROLE,
            "StateMachineType": "EXPRESS",
            "Tags": TAGS,
            "TracingConfiguration": {"Enabled": True},
        },
        readers.machine,
    ),
    "SSM::Parameter": (
        {
            "AllowedPattern": "^v.*",
            "DataType": "text",
            "Description": "d",
            "Tags": {"team": "data"},
            "Tier": "Advanced",
            "Type": "String",
            "Value": "v",
        },
        readers.parameter,
    ),
    "EC2::VPC": (
        {
            "CidrBlock": "10.9.0.0/16",
            "EnableDnsHostnames": True,
            "EnableDnsSupport": True,
            "InstanceTenancy": "dedicated",
            "Tags": TAGS,
        },
        readers.vpc,
    ),
    "EC2::Subnet": (
        {
            "AvailabilityZone": "us-east-1b",
            "CidrBlock": "10.9.1.0/24",
            "MapPublicIpOnLaunch": True,
            "Tags": TAGS,
            "VpcId": {"Ref": "Vpc"},
        },
        readers.subnet,
    ),
    "EC2::SecurityGroup": (
        {
            "GroupDescription": "d",
            "SecurityGroupEgress": [PERMISSION],
            "SecurityGroupIngress": [PERMISSION],
            "Tags": TAGS,
            "VpcId": {"Ref": "Vpc"},
        },
        readers.security_group,
    ),
    "EC2::RouteTable": ({"Tags": TAGS, "VpcId": {"Ref": "Vpc"}}, readers.route_table),
    "RDS::DBInstance": (
        {
            "AllocatedStorage": "20",
            "BackupRetentionPeriod": 0,
            "DBInstanceClass": "db.t3.micro",
            "DBName": "flights",
            "DBSubnetGroupName": {"Ref": "Subnets"},
            "DeletionProtection": False,
            "Engine": "postgres",
            "MasterUserPassword": "Passw0rd123",
            "MasterUsername": "owner",
            "Tags": TAGS,
            "VPCSecurityGroups": [{"Fn::GetAtt": ["Guard", "GroupId"]}],
        },
        readers.database,
    ),
}
#: A key's policy that CloudWatch Logs needs to encrypt a group.
LET_LOGS = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "123456789012"}, "Action": "kms:*", "Resource": "*"},
        {
            "Effect": "Allow",
            "Principal": {"Service": "logs.us-east-1.amazonaws.com"},
            "Action": "kms:*",
            "Resource": "*",
        },
    ],
}
#: What the resources above refer to.
OTHERS = {
    "Role": {
        "Type": "AWS::IAM::Role",
        "Properties": {
            "AssumeRolePolicyDocument": trust("lambda"),
            "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AdministratorAccess"],
        },
    },
    "Queue": {"Type": "AWS::SQS::Queue"},
    "Ordered": {"Type": "AWS::SQS::Queue", "Properties": {"FifoQueue": True}},
    "Group": {"Type": "AWS::IAM::Group"},
    "Key": {"Type": "AWS::KMS::Key"},
    "KeyOfLogs": {"Type": "AWS::KMS::Key", "Properties": {"KeyPolicy": LET_LOGS}},
    "Topic": {"Type": "AWS::SNS::Topic"},
    "Vpc": {"Type": "AWS::EC2::VPC", "Properties": {"CidrBlock": "10.9.0.0/16"}},
    "One": {"Type": "AWS::EC2::Subnet", "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.2.0/24"}},
    "Two": {
        "Type": "AWS::EC2::Subnet",
        "Properties": {"VpcId": {"Ref": "Vpc"}, "CidrBlock": "10.9.3.0/24", "AvailabilityZone": "us-east-1b"},
    },
    "Guard": {
        "Type": "AWS::EC2::SecurityGroup",
        "Properties": {"GroupDescription": "d", "VpcId": {"Ref": "Vpc"}},
    },
    "Subnets": {
        "Type": "AWS::RDS::DBSubnetGroup",
        "Properties": {"DBSubnetGroupDescription": "d", "SubnetIds": [{"Ref": "One"}, {"Ref": "Two"}]},
    },
    "Function": {
        "Type": "AWS::Lambda::Function",
        "Properties": {
            "Code": {"ZipFile": "def handler(event, context): pass"},
            "Handler": "index.handler",
            "Role": ROLE,
            "Runtime": "python3.12",
        },
    },
}
#: What no service tells, or only in other words.
UNTOLD = {"Code", "DefinitionString", "LoginProfile", "MasterUserPassword"}


def needed(value: Any) -> dict[str, Any]:
    """Of OTHERS what *value* refers to, and what that refers to."""
    found: dict[str, Any] = {}
    for name in {*references(value)} & OTHERS.keys():
        found |= {**needed(OTHERS[name]), name: OTHERS[name]}
    return found


def made(lab: RunningLab, resources: dict[str, Any]) -> tuple[str, str, str]:
    """The name and the status of a new stack, and the physical id of its ``Resource`` or why a resource failed."""
    formation, name = lab.client("cloudformation"), f"given-{uuid.uuid4().hex[:8]}"
    template = json.dumps({"Resources": resources})
    formation.create_stack(StackName=name, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    status = formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
    events = formation.describe_stack_events(StackName=name)["StackEvents"]
    failed = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"] == "CREATE_FAILED"]
    ids = [each["PhysicalResourceId"] for each in events if each["LogicalResourceId"] == "Resource"]
    return name, status, [*failed, *ids][0]


def check(lab: RunningLab, kind: str, properties: dict[str, Any], read: Read) -> None:
    """Make a resource, and compare each of its *properties* with what its service tells."""
    resource = {"Type": f"AWS::{kind}", "Properties": properties}
    name, status, told = made(lab, {**needed(properties), "Resource": resource})
    assert status == "CREATE_COMPLETE", told
    found = read(lab, told)
    for key in properties.keys() - UNTOLD:
        if list(references(properties[key])):
            assert found.get(key), key
        else:
            assert found.get(key) == properties[key], key
    lab.client("cloudformation").delete_stack(StackName=name)


@pytest.mark.parametrize("kind", ROWS)
def test_a_property_is_the_resources(lab: RunningLab, kind: str) -> None:
    check(lab, kind, *ROWS[kind])


#: Of each type what AWS takes, and the lab does not have.
LACKING: dict[str, dict[str, Any]] = {
    "Kinesis::Stream": {"DesiredShardLevelMetrics": ["ALL"]},
    "Lambda::Function": {"SnapStart": {"ApplyOn": "PublishedVersions"}},
    "IAM::User": {"PermissionsBoundary": READER},
    "SNS::Topic": {"TracingConfig": "Active"},
    "DynamoDB::Table": {"TableClass": "STANDARD_INFREQUENT_ACCESS"},
    "Events::EventBus": {"Name": "lacking", "Policy": POLICY},
    "KMS::Key": {"RotationPeriodInDays": 200},
    "Logs::LogGroup": {"FieldIndexPolicies": [{"Fields": ["a"]}]},
    "SecretsManager::Secret": {"ReplicaRegions": [{"Region": "us-west-2"}]},
    "EC2::VPC": {"Ipv4NetmaskLength": 16},
    "EMR::Cluster": {
        "Instances": {"MasterInstanceGroup": {"InstanceCount": 1, "InstanceType": "m5.xlarge"}},
        "JobFlowRole": "EMR_EC2_DefaultRole",
        "Name": "lacking",
        "ServiceRole": "EMR_DefaultRole",
        "ScaleDownBehavior": "TERMINATE_AT_TASK_COMPLETION",
    },
    "ECS::Cluster": {"ClusterSettings": [{"Name": "containerInsights", "Value": "enabled"}]},
}


@pytest.mark.parametrize("kind", LACKING)
def test_what_the_lab_cannot_give_a_resource(lab: RunningLab, kind: str) -> None:
    """The stack says so, and is gone: nothing is left out without a word."""
    properties = {**ROWS.get(kind, ({}, None))[0], **LACKING[kind]}
    name, status, told = made(
        lab, {**needed(properties), "Resource": {"Type": f"AWS::{kind}", "Properties": properties}}
    )
    lacking = next(reversed(LACKING[kind]))
    assert told.startswith(f"This lab cannot give a resource of this type its {lacking}.")
    assert status == "ROLLBACK_COMPLETE"
    lab.client("cloudformation").delete_stack(StackName=name)


@pytest.mark.parametrize(
    ("kind", "properties", "where"),
    [
        ("SQS::Queue", {"Delay": 5}, "#: extraneous key [Delay]"),
        (
            "S3::Bucket",
            {"VersioningConfiguration": {"State": "On"}},
            "#/VersioningConfiguration: extraneous key [State]",
        ),
        ("SNS::Topic", {"Tags": [{"Key": "a", "Val": "b"}]}, "#/Tags/0: extraneous key [Val]"),
    ],
)
def test_what_no_resource_has(lab: RunningLab, kind: str, properties: dict[str, Any], where: str) -> None:
    """AWS's words, as users quote them."""
    name, status, told = made(lab, {"Resource": {"Type": f"AWS::{kind}", "Properties": properties}})
    assert told == f"Properties validation failed for resource Resource with message:\n{where} is not permitted"
    assert status == "ROLLBACK_COMPLETE"
    lab.client("cloudformation").delete_stack(StackName=name)
