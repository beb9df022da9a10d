"""An update changes the resource itself, as its service tells, or fails and says why; it never does nothing.

Source: CloudFormation user guide, "Update behaviors of stack resources"; template reference, "Update requires".
"""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
READER = "arn:aws:iam::aws:policy/AmazonS3ReadOnlyAccess"
TABLE = {
    "AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}


def unique() -> str:
    return f"changes-{uuid.uuid4().hex[:8]}"


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


class Stack:
    """A stack of one template after another."""

    def __init__(self, lab: RunningLab) -> None:
        self.formation, self.name = lab.client("cloudformation"), unique()
        self.made = False

    def becomes(self, status: str = "", **resources: Any) -> dict[str, str]:
        """Physical ids by logical ids, when the stack has come to *status*: without one, to success."""
        call = self.formation.update_stack if self.made else self.formation.create_stack
        body = json.dumps({"Resources": resources})
        call(StackName=self.name, TemplateBody=body, Capabilities=["CAPABILITY_NAMED_IAM"])
        [stack] = self.formation.describe_stacks(StackName=self.name)["Stacks"]
        expected = status or ("UPDATE_COMPLETE" if self.made else "CREATE_COMPLETE")
        assert stack["StackStatus"] == expected, self.reasons()
        self.made = True
        found = self.formation.describe_stack_resources(StackName=self.name)["StackResources"]
        return {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}

    def reasons(self) -> list[str]:
        events = self.formation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [e["ResourceStatusReason"] for e in events if e["ResourceStatus"].endswith("_FAILED")]

    def statuses(self, logical_id: str) -> list[str]:
        """The oldest first."""
        events = self.formation.describe_stack_events(StackName=self.name)["StackEvents"]
        return [e["ResourceStatus"] for e in reversed(events) if e["LogicalResourceId"] == logical_id]

    def delete(self) -> None:
        self.formation.delete_stack(StackName=self.name)


def test_functions(lab: RunningLab) -> None:
    stack, client = Stack(lab), lab.client("lambda")

    def becomes(code: str, **more: Any) -> Any:
        function = resource(
            "Lambda::Function",
            Runtime="python3.12",
            Handler="index.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code={"ZipFile": f"def handler(event, context):\n    {code}\n"},
            **more,
        )
        ids = stack.becomes(Role=resource("IAM::Role", AssumeRolePolicyDocument=TRUST), Function=function)
        return ids["Function"], json.loads(client.invoke(FunctionName=ids["Function"])["Payload"].read())

    name, answer = becomes("return 1")
    assert answer == 1
    assert becomes("return 2") == (name, 2)
    code = "import os; return os.environ.get('STAGE')"
    assert becomes(code, Environment={"Variables": {"STAGE": "prod"}}, Timeout="9") == (name, "prod")
    assert client.get_function_configuration(FunctionName=name)["Timeout"] == 9
    assert becomes(code) == (name, None)
    assert client.get_function_configuration(FunctionName=name)["Timeout"] == 3  # the default
    assert "UPDATE_IN_PROGRESS" not in stack.statuses("Role")
    stack.delete()


def test_event_source_mappings(lab: RunningLab) -> None:
    """CloudFormation waits for Lambda, which refuses to change a mapping that is still being made or changed."""
    stack, client = Stack(lab), lab.client("lambda")
    reader = {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"]}
    others: dict[str, Any] = {
        "Queue": resource("SQS::Queue"),
        "Role": resource("IAM::Role", AssumeRolePolicyDocument=TRUST, **reader),
        "Function": resource(
            "Lambda::Function",
            Runtime="python3.12",
            Handler="index.handler",
            Role={"Fn::GetAtt": ["Role", "Arn"]},
            Code={"ZipFile": "def handler(event, context): pass"},
        ),
    }
    ends = {"FunctionName": {"Ref": "Function"}, "EventSourceArn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    for size in (5, 6, 7):
        mapping = resource("Lambda::EventSourceMapping", BatchSize=size, **ends)
        uuid = stack.becomes(**others, Mapping=mapping)["Mapping"]
        assert client.get_event_source_mapping(UUID=uuid)["BatchSize"] == size
    stack.delete()


def test_buckets(lab: RunningLab) -> None:
    stack, s3 = Stack(lab), lab.client("s3")
    ids = stack.becomes(Bucket=resource("S3::Bucket"), Queue=resource("SQS::Queue"))
    name = ids["Bucket"]
    statement = {"Effect": "Allow", "Principal": {"Service": "s3.amazonaws.com"}, "Action": "sqs:*", "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    lab.client("sqs").set_queue_attributes(QueueUrl=ids["Queue"], Attributes={"Policy": policy})
    rule = {"Id": "r", "Status": "Enabled", "Prefix": "raw/", "ExpirationInDays": 7}
    properties = {
        "VersioningConfiguration": {"Status": "Enabled"},
        "Tags": [{"Key": "team", "Value": "data"}],
        "PublicAccessBlockConfiguration": {"BlockPublicAcls": "true"},
        "LifecycleConfiguration": {"Rules": [rule]},
        "BucketEncryption": {
            "ServerSideEncryptionConfiguration": [{"ServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}]
        },
        "NotificationConfiguration": {
            "QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": {"Fn::GetAtt": ["Queue", "Arn"]}}]
        },
    }
    again = stack.becomes(Bucket=resource("S3::Bucket", **properties), Queue=resource("SQS::Queue"))
    assert again == ids
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Enabled"
    assert s3.get_bucket_tagging(Bucket=name)["TagSet"] == properties["Tags"]
    assert s3.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]["BlockPublicAcls"] is True
    [found] = s3.get_bucket_lifecycle_configuration(Bucket=name)["Rules"]
    assert (found["Filter"], found["Expiration"]) == ({"Prefix": "raw/"}, {"Days": 7})
    [encryption] = s3.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]["Rules"]
    assert encryption["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "aws:kms"
    [notice] = s3.get_bucket_notification_configuration(Bucket=name)["QueueConfigurations"]
    assert notice["QueueArn"].endswith(ids["Queue"].rsplit("/", 1)[-1])
    stack.becomes(Bucket=resource("S3::Bucket"), Queue=resource("SQS::Queue"))
    assert s3.get_bucket_versioning(Bucket=name)["Status"] == "Suspended"
    with pytest.raises(ClientError, match="NoSuchTagSet"):
        s3.get_bucket_tagging(Bucket=name)
    stack.delete()


def test_change_that_fails_half_way(lab: RunningLab) -> None:
    """The bucket has its former tags, though S3 took the new before it refused the notification."""
    stack, s3 = Stack(lab), lab.client("s3")
    tags = {"Tags": [{"Key": "team", "Value": "data"}]}
    ids = stack.becomes(Bucket=resource("S3::Bucket", **tags))
    refused = {"QueueConfigurations": [{"Event": "s3:ObjectCreated:*", "Queue": "arn:aws:sqs:us-east-1:1:none"}]}
    other = {"Tags": [{"Key": "team", "Value": "web"}], "NotificationConfiguration": refused}
    stack.becomes("UPDATE_ROLLBACK_COMPLETE", Bucket=resource("S3::Bucket", **other))
    assert s3.get_bucket_tagging(Bucket=ids["Bucket"])["TagSet"] == tags["Tags"]
    stack.delete()


def test_buckets_are_made_with_all_of_it(lab: RunningLab) -> None:
    stack = Stack(lab)
    ids = stack.becomes(Bucket=resource("S3::Bucket", VersioningConfiguration={"Status": "Enabled"}))
    assert lab.client("s3").get_bucket_versioning(Bucket=ids["Bucket"])["Status"] == "Enabled"
    stack.delete()


def test_tables(lab: RunningLab) -> None:
    stack, dynamodb = Stack(lab), lab.client("dynamodb")
    ids = stack.becomes(Table=resource("DynamoDB::Table", **TABLE))
    more = {
        "StreamSpecification": {"StreamViewType": "NEW_IMAGE"},
        "TimeToLiveSpecification": {"AttributeName": "until", "Enabled": True},
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True},
        "BillingMode": "PROVISIONED",
        "ProvisionedThroughput": {"ReadCapacityUnits": 5, "WriteCapacityUnits": "6"},
    }
    assert stack.becomes(Table=resource("DynamoDB::Table", **{**TABLE, **more})) == ids
    name = ids["Table"]
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert table["StreamSpecification"] == {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}
    assert table["ProvisionedThroughput"]["WriteCapacityUnits"] == 6
    live = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    assert (live["TimeToLiveStatus"], live["AttributeName"]) == ("ENABLED", "until")
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    assert backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"] == "ENABLED"
    stack.becomes(Table=resource("DynamoDB::Table", **TABLE))
    table = dynamodb.describe_table(TableName=name)["Table"]
    assert not table.get("StreamSpecification", {}).get("StreamEnabled")
    assert table["BillingModeSummary"]["BillingMode"] == "PAY_PER_REQUEST"
    stack.delete()


def test_logs_queues_topics_streams_and_rules(lab: RunningLab) -> None:
    stack = Stack(lab)
    target = {"Id": "q", "Arn": {"Fn::GetAtt": ["Queue", "Arn"]}}
    ids = stack.becomes(
        Logs=resource("Logs::LogGroup", RetentionInDays=7),
        Queue=resource("SQS::Queue", VisibilityTimeout=10),
        Topic=resource("SNS::Topic"),
        Stream=resource("Kinesis::Stream", ShardCount=1),
        Rule=resource("Events::Rule", ScheduleExpression="rate(5 days)", State="DISABLED"),
        Setting=resource("SSM::Parameter", Type="String", Value="a"),
    )
    again = stack.becomes(
        Logs=resource("Logs::LogGroup", RetentionInDays=14),
        Queue=resource("SQS::Queue", DelaySeconds=5),
        Topic=resource("SNS::Topic", DisplayName="News", Tags=[{"Key": "a", "Value": "b"}]),
        Stream=resource("Kinesis::Stream", ShardCount=2, RetentionPeriodHours=48),
        Rule=resource("Events::Rule", ScheduleExpression="rate(9 days)", State="DISABLED", Targets=[target]),
        Setting=resource("SSM::Parameter", Type="String", Value="b"),
    )
    assert again == ids
    [group] = lab.client("logs").describe_log_groups(logGroupNamePrefix=ids["Logs"])["logGroups"]
    assert group["retentionInDays"] == 14
    attributes = lab.client("sqs").get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["All"])["Attributes"]
    assert (attributes["DelaySeconds"], attributes["VisibilityTimeout"]) == ("5", "30")
    sns = lab.client("sns")
    assert sns.get_topic_attributes(TopicArn=ids["Topic"])["Attributes"]["DisplayName"] == "News"
    assert sns.list_tags_for_resource(ResourceArn=ids["Topic"])["Tags"] == [{"Key": "a", "Value": "b"}]
    stream = lab.client("kinesis").describe_stream_summary(StreamName=ids["Stream"])["StreamDescriptionSummary"]
    assert (stream["OpenShardCount"], stream["RetentionPeriodHours"]) == (2, 48)
    events = lab.client("events")
    assert events.describe_rule(Name=ids["Rule"])["ScheduleExpression"] == "rate(9 days)"
    assert [each["Id"] for each in events.list_targets_by_rule(Rule=ids["Rule"])["Targets"]] == ["q"]
    assert lab.client("ssm").get_parameter(Name=ids["Setting"])["Parameter"]["Value"] == "b"
    stack.delete()


def test_roles(lab: RunningLab) -> None:
    stack, iam = Stack(lab), lab.client("iam")
    role = {"AssumeRolePolicyDocument": TRUST}
    ids = stack.becomes(Role=resource("IAM::Role", **role, ManagedPolicyArns=[READER]))
    policies = iam.list_attached_role_policies(RoleName=ids["Role"])["AttachedPolicies"]
    assert [each["PolicyArn"] for each in policies] == [READER]
    trust = json.loads(json.dumps(TRUST).replace("lambda", "glue"))
    statement = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    inline = {"PolicyName": "own", "PolicyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
    stack.becomes(Role=resource("IAM::Role", AssumeRolePolicyDocument=trust, Policies=[inline]))
    assert iam.list_attached_role_policies(RoleName=ids["Role"])["AttachedPolicies"] == []
    assert iam.get_role_policy(RoleName=ids["Role"], PolicyName="own")["PolicyDocument"]["Statement"] == [statement]
    assert iam.get_role(RoleName=ids["Role"])["Role"]["AssumeRolePolicyDocument"] == trust
    stack.delete()


def test_managed_policies_and_permissions(lab: RunningLab) -> None:
    stack, iam, client = Stack(lab), lab.client("iam"), lab.client("lambda")

    def becomes(action: str, source: str) -> dict[str, str]:
        statement = {"Effect": "Allow", "Action": action, "Resource": "*"}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        return stack.becomes(
            Role=resource("IAM::Role", AssumeRolePolicyDocument=TRUST),
            Policy=resource("IAM::ManagedPolicy", PolicyDocument=document, Roles=[{"Ref": "Role"}]),
            Function=resource(
                "Lambda::Function",
                Runtime="python3.12",
                Handler="index.handler",
                Role={"Fn::GetAtt": ["Role", "Arn"]},
                Code={"ZipFile": "def handler(event, context): pass"},
            ),
            Allowed=resource(
                "Lambda::Permission",
                FunctionName={"Ref": "Function"},
                Action="lambda:InvokeFunction",
                Principal=f"{source}.amazonaws.com",
            ),
        )

    for action, source in (("s3:GetObject", "s3"), ("s3:PutObject", "sns")):
        ids = becomes(action, source)
        version = iam.get_policy(PolicyArn=ids["Policy"])["Policy"]["DefaultVersionId"]
        policy = iam.get_policy_version(PolicyArn=ids["Policy"], VersionId=version)["PolicyVersion"]
        assert policy["Document"]["Statement"][0]["Action"] == action
        attached = iam.list_attached_role_policies(RoleName=ids["Role"])["AttachedPolicies"]
        assert [each["PolicyArn"] for each in attached] == [ids["Policy"]]
        [allowed] = json.loads(client.get_policy(FunctionName=ids["Function"])["Policy"])["Statement"]
        assert (allowed["Sid"], allowed["Principal"]) == (ids["Allowed"], {"Service": f"{source}.amazonaws.com"})
    stack.delete()
    with pytest.raises(ClientError, match="NoSuchEntity"):
        iam.get_policy(PolicyArn=ids["Policy"])


def test_what_needs_another_resource(lab: RunningLab) -> None:
    """Update requires: Replacement; what refers to the resource follows."""
    stack, name = Stack(lab), unique()
    user = resource("SSM::Parameter", Type="String", Value={"Ref": "Queue"})
    first = stack.becomes(User=user, Queue=resource("SQS::Queue", QueueName=name))
    second = stack.becomes(User=user, Queue=resource("SQS::Queue", QueueName=f"{name}-2"))
    assert second["Queue"].endswith(f"{name}-2")
    assert lab.client("ssm").get_parameter(Name=second["User"])["Parameter"]["Value"] == second["Queue"]
    assert lab.client("sqs").list_queues(QueueNamePrefix=name)["QueueUrls"] == [
        lab.client("sqs").get_queue_url(QueueName=f"{name}-2")["QueueUrl"]
    ]
    assert first["User"] == second["User"]
    stack.delete()


def test_custom_name_and_replacement(lab: RunningLab) -> None:
    stack, name = Stack(lab), unique()
    stack.becomes(Table=resource("DynamoDB::Table", TableName=name, **TABLE))
    other = {
        **TABLE,
        "AttributeDefinitions": [{"AttributeName": "j", "AttributeType": "S"}],
        "KeySchema": [{"AttributeName": "j", "KeyType": "HASH"}],
    }
    stack.becomes("UPDATE_ROLLBACK_COMPLETE", Table=resource("DynamoDB::Table", TableName=name, **other))
    assert stack.reasons()[0] == (
        "CloudFormation cannot update a stack when a custom-named resource requires replacing. "
        f"Rename {name} and update the stack again."
    )
    stack.delete()


def test_what_the_lab_cannot_change(lab: RunningLab) -> None:
    """The update fails, tells why, and what it had changed before is as it was."""
    stack = Stack(lab)
    vpc = {"CidrBlock": "10.1.0.0/16"}
    ids = stack.becomes(Queue=resource("SQS::Queue"), Vpc=resource("EC2::VPC", **vpc))
    changed = resource("EC2::VPC", **vpc, InstanceTenancy="dedicated")
    queue = resource("SQS::Queue", VisibilityTimeout=99)
    again = stack.becomes("UPDATE_ROLLBACK_COMPLETE", Queue=queue, Vpc=changed)
    assert stack.reasons()[0].startswith("This lab cannot change InstanceTenancy of this resource in place")
    assert again == ids
    attributes = lab.client("sqs").get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["All"])["Attributes"]
    assert attributes["VisibilityTimeout"] == "30"
    assert stack.statuses("Vpc")[-4:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]
    stack.delete()
