"""A data stack: catalog, workgroup, secret, delivery stream, policies, subscription, alarm; made, changed and deleted.

Source: CloudFormation template reference, under each type's name.
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
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "firehose.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
OPEN = {"Effect": "Allow", "Principal": "*", "Action": "sqs:SendMessage", "Resource": "*"}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def resources(name: str, described: str, days: int) -> dict[str, Any]:
    columns = [{"Name": "id", "Type": "bigint"}]
    bucket_policy = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket", "Resource": arn("Bucket")}
    to_s3 = {"BucketARN": arn("Bucket"), "RoleARN": arn("Role"), "Prefix": f"{described}/"}
    return {
        "Bucket": resource("S3::Bucket"),
        "Role": resource("IAM::Role", AssumeRolePolicyDocument=TRUST),
        "Queue": resource("SQS::Queue"),
        "Topic": resource("SNS::Topic"),
        "Database": resource("Glue::Database", DatabaseInput={"Name": name, "Description": described}),
        "Table": resource(
            "Glue::Table",
            DatabaseName={"Ref": "Database"},
            TableInput={"Name": "events", "Description": described, "StorageDescriptor": {"Columns": columns}},
        ),
        "Policy": resource(
            "SQS::QueuePolicy",
            Queues=[{"Ref": "Queue"}],
            PolicyDocument={"Version": "2012-10-17", "Statement": [{**OPEN, "Sid": described}]},
        ),
        "BucketPolicy": resource(
            "S3::BucketPolicy",
            Bucket={"Ref": "Bucket"},
            PolicyDocument={"Version": "2012-10-17", "Statement": [{**bucket_policy, "Sid": described}]},
        ),
        "Secret": resource("SecretsManager::Secret", Name=name, SecretString=described),
        "Random": resource(
            "SecretsManager::Secret",
            GenerateSecretString={
                "SecretStringTemplate": '{"user": "etl"}',
                "GenerateStringKey": "password",
                "PasswordLength": "20",
            },
        ),
        "WorkGroup": resource(
            "Athena::WorkGroup",
            Name=name,
            Description=described,
            WorkGroupConfiguration={"EnforceWorkGroupConfiguration": False},
        ),
        "Delivery": resource("KinesisFirehose::DeliveryStream", ExtendedS3DestinationConfiguration=to_s3),
        "Subscription": resource(
            "SNS::Subscription",
            TopicArn={"Ref": "Topic"},
            Protocol="sqs",
            Endpoint=arn("Queue"),
            RawMessageDelivery=described == "new",
        ),
        "Alarm": resource(
            "CloudWatch::Alarm",
            AlarmDescription=described,
            ComparisonOperator="GreaterThanThreshold",
            EvaluationPeriods=days,
            MetricName="m",
            Namespace="n",
            Period="60",
            Statistic="Sum",
            Threshold="5.5",
        ),
        "Crawler": resource(
            "Glue::Crawler",
            Role=arn("Role"),
            DatabaseName={"Ref": "Database"},
            Targets={"S3Targets": [{"Path": {"Fn::Sub": "s3://${Bucket}/"}}]},
        ),
        "Job": resource(
            "Glue::Job",
            Role=arn("Role"),
            Command={"Name": "pythonshell", "ScriptLocation": "s3://b/k.py", "PythonVersion": "3.9"},
        ),
    }


def check(lab: RunningLab, name: str, ids: dict[str, str], described: str, days: int) -> None:
    glue = lab.client("glue")
    assert glue.get_database(Name=name)["Database"]["Description"] == described
    table = glue.get_table(DatabaseName=name, Name="events")["Table"]
    assert (table["Description"], table["StorageDescriptor"]["Columns"][0]["Type"]) == (described, "bigint")
    assert glue.get_job(JobName=ids["Job"])["Job"]["Command"]["Name"] == "pythonshell"
    assert glue.get_crawler(Name=ids["Crawler"])["Crawler"]["DatabaseName"] == name
    attributes = lab.client("sqs").get_queue_attributes(QueueUrl=ids["Queue"], AttributeNames=["Policy"])["Attributes"]
    assert json.loads(attributes["Policy"])["Statement"][0]["Sid"] == described
    policy = lab.client("s3").get_bucket_policy(Bucket=ids["Bucket"])["Policy"]
    assert json.loads(policy)["Statement"][0]["Sid"] == described
    secrets = lab.client("secretsmanager")
    assert secrets.get_secret_value(SecretId=ids["Secret"])["SecretString"] == described
    random = json.loads(secrets.get_secret_value(SecretId=ids["Random"])["SecretString"])
    assert (random["user"], len(random["password"])) == ("etl", 20)
    group = lab.client("athena").get_work_group(WorkGroup=ids["WorkGroup"])["WorkGroup"]
    assert group["Description"] == described
    stream = lab.client("firehose").describe_delivery_stream(DeliveryStreamName=ids["Delivery"])
    [destination] = stream["DeliveryStreamDescription"]["Destinations"]
    assert destination["ExtendedS3DestinationDescription"]["Prefix"] == f"{described}/"
    sns = lab.client("sns")
    attributes = sns.get_subscription_attributes(SubscriptionArn=ids["Subscription"])["Attributes"]
    assert attributes.get("RawMessageDelivery") == str(described == "new").lower()
    [alarm] = lab.client("cloudwatch").describe_alarms(AlarmNames=[ids["Alarm"]])["MetricAlarms"]
    assert (alarm["AlarmDescription"], alarm["EvaluationPeriods"], alarm["Threshold"]) == (described, days, 5.5)


def test_data_stack(lab: RunningLab) -> None:
    formation, name = lab.client("cloudformation"), f"data_{uuid.uuid4().hex[:8]}"
    stack = name.replace("_", "-")
    for call, described, days in ((formation.create_stack, "old", 1), (formation.update_stack, "new", 2)):
        body = json.dumps({"Resources": resources(name, described, days)})
        call(StackName=stack, TemplateBody=body, Capabilities=["CAPABILITY_IAM"])
        [told] = formation.describe_stacks(StackName=stack)["Stacks"]
        events = formation.describe_stack_events(StackName=stack)["StackEvents"]
        assert told["StackStatus"] in ("CREATE_COMPLETE", "UPDATE_COMPLETE"), [
            each.get("ResourceStatusReason") for each in events if "FAILED" in each["ResourceStatus"]
        ]
        found = formation.describe_stack_resources(StackName=stack)["StackResources"]
        ids = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}
        assert ids.keys() == resources(name, described, days).keys()
        check(lab, name, ids, described, days)
    formation.delete_stack(StackName=stack)
    with pytest.raises(ClientError, match="does not exist"):
        formation.describe_stacks(StackName=stack)
    for client, call, request in (
        ("glue", "get_database", {"Name": name}),
        ("glue", "get_job", {"JobName": ids["Job"]}),
        ("secretsmanager", "describe_secret", {"SecretId": name}),
        ("athena", "get_work_group", {"WorkGroup": name}),
        ("sns", "get_subscription_attributes", {"SubscriptionArn": ids["Subscription"]}),
    ):
        with pytest.raises(ClientError, match=r"NotFound|InvalidRequest"):
            getattr(lab.client(client), call)(**request)
    assert lab.client("cloudwatch").describe_alarms(AlarmNames=[ids["Alarm"]])["MetricAlarms"] == []
