"""Who may do something to resources with certain tags only (IAM user guide, "Controlling access … using tags").

Each service's condition keys: service authorization reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.lambda_tools import source
from tests.roles import role as worker
from tests.security.people import ACCOUNT, Person, allow, deny, refusal, trust, unique, user

TEAM = {"team": "ops"}
ROLE = f"arn:aws:iam::{ACCOUNT}:role/worker"
_LISTED = [{"Key": "team", "Value": "ops"}]


def arn_of(service: str, rest: str) -> str:
    return f"arn:aws:{service}:us-east-1:{ACCOUNT}:{rest}"


Made = Callable[[Any, str, bool], dict[str, Any]]


def _stream(kinesis: Any, name: str, tagged: bool) -> dict[str, Any]:
    kinesis.create_stream(StreamName=name, ShardCount=1, **({"Tags": TEAM} if tagged else {}))
    return {"StreamName": name}


def _queue(sqs: Any, name: str, tagged: bool) -> dict[str, Any]:
    made = sqs.create_queue(QueueName=name, tags=TEAM if tagged else {})
    return {"QueueUrl": made["QueueUrl"], "AttributeNames": ["QueueArn"]}


def _topic(sns: Any, name: str, tagged: bool) -> dict[str, Any]:
    return {"TopicArn": sns.create_topic(Name=name, Tags=_LISTED if tagged else [])["TopicArn"]}


def _table(dynamodb: Any, name: str, tagged: bool) -> dict[str, Any]:
    dynamodb.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "k", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "k", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        Tags=_LISTED if tagged else [],
    )
    return {"TableName": name}


def _function(lambda_: Any, name: str, tagged: bool) -> dict[str, Any]:
    lambda_.create_function(
        FunctionName=name,
        Role=ROLE,
        Runtime="python3.11",
        Handler="main.handler",
        Code={"ZipFile": source("def handler(event, context): pass")},
        Tags=TEAM if tagged else {},
    )
    return {"FunctionName": name}


def _key(kms: Any, name: str, tagged: bool) -> dict[str, Any]:
    made = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "ops"}] if tagged else [])
    return {"KeyId": made["KeyMetadata"]["KeyId"], "Plaintext": b"x"}


def _secret(secrets: Any, name: str, tagged: bool) -> dict[str, Any]:
    secrets.create_secret(Name=name, SecretString="x", Tags=_LISTED if tagged else [])
    return {"SecretId": name}


def _parameter(ssm: Any, name: str, tagged: bool) -> dict[str, Any]:
    ssm.put_parameter(Name=f"/{name}", Value="x", Type="String", Tags=_LISTED if tagged else [])
    return {"Name": f"/{name}"}


def _group(logs: Any, name: str, tagged: bool) -> dict[str, Any]:
    logs.create_log_group(logGroupName=name, **({"tags": TEAM} if tagged else {}))
    return {"logGroupName": name, "logStreamName": "s"}


def _rule(events: Any, name: str, tagged: bool) -> dict[str, Any]:
    events.put_rule(Name=name, ScheduleExpression="rate(1 day)", Tags=_LISTED if tagged else [])
    return {"Name": name}


def _workgroup(athena: Any, name: str, tagged: bool) -> dict[str, Any]:
    athena.create_work_group(Name=name, Tags=_LISTED if tagged else [])
    return {"WorkGroup": name}


def _job(glue: Any, name: str, tagged: bool) -> dict[str, Any]:
    glue.create_job(Name=name, Role=ROLE, Command={"Name": "glueetl"}, Tags=TEAM if tagged else {})
    return {"JobName": name}


def _security_group(ec2: Any, name: str, tagged: bool) -> dict[str, Any]:
    tags = [{"ResourceType": "security-group", "Tags": _LISTED}] if tagged else []
    made = ec2.create_security_group(GroupName=name, Description="x", TagSpecifications=tags)
    return {"GroupId": made["GroupId"]}


def _role(iam: Any, name: str, tagged: bool) -> dict[str, Any]:
    document = trust(Service="lambda.amazonaws.com")
    iam.create_role(RoleName=name, AssumeRolePolicyDocument=document, Tags=_LISTED if tagged else [])
    return {"RoleName": name}


def _machine(states: Any, name: str, tagged: bool) -> dict[str, Any]:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    tags = [{"key": "team", "value": "ops"}] if tagged else []
    made = states.create_state_machine(name=name, definition=definition, roleArn=ROLE, tags=tags)
    return {"stateMachineArn": made["stateMachineArn"]}


def _cluster(emr: Any, name: str, tagged: bool) -> dict[str, Any]:
    made = emr.run_job_flow(
        Name=name,
        Instances={"InstanceCount": 1, "MasterInstanceType": "m5.large", "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2",
        ServiceRole="EMR",
        Tags=_LISTED if tagged else [],
    )
    return {"ClusterId": made["JobFlowId"]}


def _alarm(cloudwatch: Any, name: str, tagged: bool) -> dict[str, Any]:
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        MetricName="m",
        Namespace="n",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1.0,
        Statistic="Sum",
        ComparisonOperator="GreaterThanThreshold",
        Tags=_LISTED if tagged else [],
    )
    return {"AlarmName": name, "StateValue": "OK", "StateReason": "x"}


def _endpoint(dms: Any, name: str, tagged: bool) -> dict[str, Any]:
    made = dms.create_endpoint(
        EndpointIdentifier=name,
        EndpointType="source",
        EngineName="postgres",
        ServerName="localhost",
        Port=5432,
        DatabaseName="x",
        Username="x",
        Password="x",
        Tags=_LISTED if tagged else [],
    )
    return {"EndpointArn": made["Endpoint"]["EndpointArn"]}


#: boto3's name of a service: who makes a resource of it, the action that is given, and the call.
SERVICES: dict[str, tuple[Made, str, str]] = {
    "athena": (_workgroup, "athena:GetWorkGroup", "get_work_group"),
    "cloudwatch": (_alarm, "cloudwatch:SetAlarmState", "set_alarm_state"),
    "dms": (_endpoint, "dms:DeleteEndpoint", "delete_endpoint"),
    "dynamodb": (_table, "dynamodb:DescribeTable", "describe_table"),
    "ec2": (_security_group, "ec2:DeleteSecurityGroup", "delete_security_group"),
    "emr": (_cluster, "elasticmapreduce:DescribeCluster", "describe_cluster"),
    "events": (_rule, "events:DescribeRule", "describe_rule"),
    "glue": (_job, "glue:GetJob", "get_job"),
    "iam": (_role, "iam:GetRole", "get_role"),
    "kinesis": (_stream, "kinesis:DescribeStreamSummary", "describe_stream_summary"),
    "kms": (_key, "kms:Encrypt", "encrypt"),
    "lambda": (_function, "lambda:GetFunction", "get_function"),
    "logs": (_group, "logs:CreateLogStream", "create_log_stream"),
    "secretsmanager": (_secret, "secretsmanager:GetSecretValue", "get_secret_value"),
    "sns": (_topic, "sns:GetTopicAttributes", "get_topic_attributes"),
    "sqs": (_queue, "sqs:GetQueueAttributes", "get_queue_attributes"),
    "ssm": (_parameter, "ssm:GetParameter", "get_parameter"),
    "stepfunctions": (_machine, "states:DescribeStateMachine", "describe_state_machine"),
}
#: What services call the key themselves.
OWN = {
    "ec2": "ec2:ResourceTag",
    "emr": "elasticmapreduce:ResourceTag",
    "iam": "iam:ResourceTag",
    "secretsmanager": "secretsmanager:ResourceTag",
    "ssm": "ssm:resourceTag",
}


@pytest.fixture(scope="module")
def people(lab: RunningLab) -> dict[str, Person]:
    """Who may do all of the table, where the tag says so: by each of the keys."""
    assert worker(lab) == ROLE
    actions = [action for _, action, _ in SERVICES.values()]
    keys = ["aws:ResourceTag", *OWN.values()]
    return {key: user(lab, allow(actions, Condition={"StringEquals": {f"{key}/Team": "ops"}})) for key in keys}


@pytest.mark.parametrize("service", SERVICES)
def test_only_what_has_the_tag(lab: RunningLab, people: dict[str, Person], service: str) -> None:
    """The name of a tag is the same in capitals and small letters in a condition key; its value is not."""
    make, action, call = SERVICES[service]
    client = lab.client(service)
    with_tag, without = (make(client, unique("tagged"), tagged) for tagged in (True, False))
    ana = people["aws:ResourceTag"].client(service)
    assert action.partition(":")[2] in refusal(getattr(ana, call), **without)
    if service in OWN:
        bo = people[OWN[service]].client(service)
        assert refusal(getattr(bo, call), **without)
    assert not refusal(getattr(ana, call), **with_tag)
    if service in OWN and not action.rpartition(":")[2].startswith("Delete"):
        assert not refusal(getattr(bo, call), **with_tag)


def test_a_tag_that_is_taken_away_takes_the_right_along(lab: RunningLab) -> None:
    sqs, name = lab.client("sqs"), unique("tagged")
    wanted = _queue(sqs, name, True)
    ana = user(lab, allow("sqs:*", Condition={"StringEquals": {"aws:ResourceTag/team": "ops"}})).client("sqs")
    assert not refusal(ana.get_queue_attributes, **wanted)
    sqs.untag_queue(QueueUrl=wanted["QueueUrl"], TagKeys=["team"])
    assert refusal(ana.get_queue_attributes, **wanted)


def test_a_denial_for_what_others_own(lab: RunningLab) -> None:
    """ "Allow users to manage only resources whose owner tag is their own name", the same guide."""
    sqs, ana = lab.client("sqs"), None
    owner = {"StringNotEquals": {"aws:ResourceTag/owner": "${aws:username}"}}
    ana = user(lab, allow("sqs:*"), deny("sqs:DeleteQueue", Condition=owner))
    own = sqs.create_queue(QueueName=unique("own"), tags={"owner": ana.name})["QueueUrl"]
    other = sqs.create_queue(QueueName=unique("other"), tags={"owner": "bo"})["QueueUrl"]
    assert "explicit deny" in refusal(ana.client("sqs").delete_queue, QueueUrl=other)
    assert not refusal(ana.client("sqs").delete_queue, QueueUrl=own)


def test_objects_by_their_tags(lab: RunningLab) -> None:
    """s3:ExistingObjectTag (S3 user guide, "Tagging and access control policies"): of the version that is meant."""
    s3, bucket = lab.client("s3"), unique("object-tags")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    key = {"Bucket": bucket, "Key": "k"}
    shown = s3.put_object(**key, Body=b"1", Tagging="class=public")["VersionId"]
    hidden = s3.put_object(**key, Body=b"2", Tagging="class=secret")["VersionId"]
    public = {"StringEquals": {"s3:ExistingObjectTag/class": "public"}}
    ana = user(
        lab,
        allow(["s3:GetObject", "s3:GetObjectVersion", "s3:GetObjectTagging"], Condition=public),
        allow("s3:PutObject"),
    ).client("s3")
    assert refusal(ana.get_object, **key)
    assert refusal(ana.get_object, **key, VersionId=hidden)
    assert ana.get_object(**key, VersionId=shown)["Body"].read() == b"1"
    assert refusal(ana.copy_object, Bucket=bucket, Key="copy", CopySource=key)
    assert not refusal(ana.copy_object, Bucket=bucket, Key="copy", CopySource={**key, "VersionId": shown})
    s3.put_object_tagging(**key, Tagging={"TagSet": [{"Key": "class", "Value": "public"}]})
    assert not refusal(ana.get_object, **key)
    assert refusal(ana.get_object, Bucket=bucket, Key="none")


def test_the_tags_of_a_bucket_are_not_asked_for(lab: RunningLab) -> None:
    """A bucket's tags count in policies only where attribute-based access control is switched on for it, which this
    lab has not (S3 user guide, "Using tags with S3 general purpose buckets")."""
    s3, bucket = lab.client("s3"), unique("bucket-tags")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": _LISTED})
    ana = user(lab, allow("s3:*", Condition={"StringEquals": {"aws:ResourceTag/team": "ops"}})).client("s3")
    assert refusal(ana.list_objects_v2, Bucket=bucket)
