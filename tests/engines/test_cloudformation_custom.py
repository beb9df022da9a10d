"""Custom resources: their provider makes, changes and deletes them; a stack waits for its answers.

Source: CloudFormation user guide, "Custom resource request objects" and "Custom resource response objects"; the
sentences are those of AWS that users quote.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from tests.conftest import RunningLab

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
#: Sends each event to a queue, and does what the property Do says.
PROVIDER = """
import boto3, cfnresponse, os

def handler(event, context):
    url = os.environ["QUEUE"]
    boto3.client("sqs").send_message(QueueUrl=url, MessageBody=__import__("json").dumps(event))
    given = event["ResourceProperties"]
    if given["Do"] == "raise":
        raise ValueError("no such table")
    if given["Do"] == "nothing":
        return
    status = cfnresponse.FAILED if given["Do"] == "fail" and event["RequestType"] != "Delete" else cfnresponse.SUCCESS
    cfnresponse.send(event, context, status, {"Rows": 5}, given["Id"], reason="the table is locked")
"""


@dataclass
class Provider:
    """A function that provides custom resources, and the queue of the events that it gets."""

    lab: RunningLab
    arn: str
    queue: str

    def resource(self, **properties: Any) -> dict[str, Any]:
        given = {"ServiceToken": self.arn, "Do": "succeed", "Id": "one", **properties}
        return {"Type": "Custom::Table", "Properties": given}

    def stack(self, **resources: Any) -> tuple[str, str, list[str]]:
        """The name and the status of a new stack, and why its resources failed."""
        formation, name = self.lab.client("cloudformation"), f"custom-{uuid.uuid4().hex[:8]}"
        outputs = {"Rows": {"Value": {"Fn::GetAtt": ["Custom", "Rows"]}}}
        template = {"Resources": resources, "Outputs": outputs}
        formation.create_stack(StackName=name, TemplateBody=json.dumps(template))
        return name, *self.told(name)

    def told(self, name: str) -> tuple[str, list[str]]:
        formation = self.lab.client("cloudformation")
        events = formation.describe_stack_events(StackName=name)["StackEvents"]
        failed = [each["ResourceStatusReason"] for each in events if each["ResourceStatus"].endswith("_FAILED")]
        return formation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"], failed

    def events(self) -> Iterator[dict[str, Any]]:
        """Those that have come since this was asked last."""
        sqs = self.lab.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.queue).get("Messages"):
            for message in messages:
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
                yield json.loads(message["Body"])


@pytest.fixture(scope="module")
def provider(lab: RunningLab) -> Provider:
    formation, name = lab.client("cloudformation"), f"provider-{uuid.uuid4().hex[:8]}"
    role = {
        "AssumeRolePolicyDocument": TRUST,
        "ManagedPolicyArns": ["arn:aws:iam::aws:policy/AmazonSQSFullAccess"],
    }
    function = {
        "Code": {"ZipFile": PROVIDER},
        "Environment": {"Variables": {"QUEUE": {"Ref": "Queue"}}},
        "Handler": "index.handler",
        "Role": {"Fn::GetAtt": ["Role", "Arn"]},
        "Runtime": "python3.12",
        "Timeout": 20,
    }
    resources = {
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
        "Function": {"Type": "AWS::Lambda::Function", "Properties": function},
    }
    outputs = {"Arn": {"Value": {"Fn::GetAtt": ["Function", "Arn"]}}, "Queue": {"Value": {"Ref": "Queue"}}}
    body = json.dumps({"Resources": resources, "Outputs": outputs})
    formation.create_stack(StackName=name, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
    [stack] = formation.describe_stacks(StackName=name)["Stacks"]
    told = {each["OutputKey"]: each["OutputValue"] for each in stack["Outputs"]}
    return Provider(lab, told["Arn"], told["Queue"])


def test_a_resources_life(lab: RunningLab, provider: Provider) -> None:
    """What a provider answers is there for those that depend on it; what it replaces is deleted after the update."""
    formation = lab.client("cloudformation")
    user = {
        "Type": "AWS::SSM::Parameter",
        "Properties": {"Type": "String", "Value": {"Fn::GetAtt": ["Custom", "Rows"]}},
    }
    name, status, failed = provider.stack(Custom=provider.resource(Size=7, Keep=True), User=user)
    assert (status, failed) == ("CREATE_COMPLETE", [])
    found = formation.describe_stack_resources(StackName=name)["StackResources"]
    ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
    assert lab.client("ssm").get_parameter(Name=ids["User"])["Parameter"]["Value"] == "5"
    [created] = provider.events()
    assert (created["RequestType"], created["ResourceType"]) == ("Create", "Custom::Table")
    assert created["LogicalResourceId"] == "Custom"
    assert (created["ResourceProperties"]["Size"], created["ResourceProperties"]["Keep"]) == ("7", "true")
    assert "PhysicalResourceId" not in created
    for size, given, types in ((8, "one", ["Update"]), (9, "two", ["Update", "Delete"])):
        template = {"Resources": {"Custom": provider.resource(Size=size, Keep=True, Id=given), "User": user}}
        formation.update_stack(StackName=name, TemplateBody=json.dumps(template))
        assert provider.told(name) == ("UPDATE_COMPLETE", [])
        events = list(provider.events())
        assert [each["RequestType"] for each in events] == types
        assert {each["PhysicalResourceId"] for each in events} == {"one"}
        assert events[0]["OldResourceProperties"]["Size"] == str(size - 1)
    formation.delete_stack(StackName=name)
    [deleted] = provider.events()
    assert (deleted["RequestType"], deleted["PhysicalResourceId"]) == ("Delete", "two")
    assert deleted["StackId"] == created["StackId"]
    buckets = [each["Name"] for each in lab.client("s3").list_buckets()["Buckets"]]
    assert not [each for each in buckets if each.startswith("cloudformation-custom")]


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("fail", "Received response status [FAILED] from custom resource. Message returned: the table is locked"),
        ("raise", "The function of ServiceToken failed before it answered: no such table"),
        ("nothing", "CloudFormation did not receive a response from your Custom Resource."),
    ],
)
def test_a_provider_that_fails(provider: Provider, does: str, said: str) -> None:
    """It is told to delete what it may have made."""
    name, status, failed = provider.stack(Custom=provider.resource(Do=does, ServiceTimeout=1))
    assert status == "ROLLBACK_COMPLETE"
    assert failed[0].startswith(said)
    assert [each["RequestType"] for each in provider.events()] == ["Create", "Delete"]
    provider.lab.client("cloudformation").delete_stack(StackName=name)
    assert list(provider.events()) == []


def test_a_provider_that_does_not_delete(lab: RunningLab, provider: Provider) -> None:
    """The stack stays, until it is told to leave the resource."""
    formation = lab.client("cloudformation")
    name, status, _ = provider.stack(Custom=provider.resource())
    assert status == "CREATE_COMPLETE"
    lab.client("lambda").put_function_concurrency(FunctionName=provider.arn, ReservedConcurrentExecutions=0)
    formation.delete_stack(StackName=name)
    assert provider.told(name)[0] == "DELETE_FAILED"
    lab.client("lambda").delete_function_concurrency(FunctionName=provider.arn)
    formation.delete_stack(StackName=name)
    assert name not in [each["StackName"] for each in formation.describe_stacks()["Stacks"]]


def test_a_topic_as_provider(lab: RunningLab, provider: Provider) -> None:
    """Its subscribers find the request in the message; here nobody answers it."""
    sns, sqs = lab.client("sns"), lab.client("sqs")
    topic = sns.create_topic(Name=f"provider-{uuid.uuid4().hex[:8]}")["TopicArn"]
    queue = sqs.create_queue(QueueName=f"provider-{uuid.uuid4().hex[:8]}")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    _, status, failed = provider.stack(Custom=provider.resource(ServiceToken=topic, ServiceTimeout=1))
    assert (status, failed[0][:43]) == ("ROLLBACK_COMPLETE", "CloudFormation did not receive a response f")
    [message] = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=10)["Messages"]
    body = json.loads(message["Body"])
    assert body["Subject"] == "AWS CloudFormation custom resource request"
    assert json.loads(body["Message"])["RequestType"] == "Create"
