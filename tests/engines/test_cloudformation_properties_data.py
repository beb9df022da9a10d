"""As `test_cloudformation_properties`, of a data stack: catalogs, queries, deliveries, messages, alarms and secrets.

Source: CloudFormation template reference, under each type's name.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines import cloudformation_readers as readers
from tests.engines.test_cloudformation_properties import POLICY, ROLE, TAGS, Read, check

OPEN = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": "sns:Publish", "Resource": "*"}],
}
ROWS: dict[str, tuple[dict[str, Any], Read]] = {
    "Glue::Job": (
        {
            "Command": {"Name": "glueetl", "ScriptLocation": "s3://b/k.py"},
            "Connections": {"Connections": ["c"]},
            "DefaultArguments": {"--a": "b"},
            "Description": "d",
            "ExecutionClass": "STANDARD",
            "ExecutionProperty": {"MaxConcurrentRuns": 2},
            "GlueVersion": "5.0",
            "LogUri": "s3://logs/",
            "MaxRetries": 1,
            "NonOverridableArguments": {"--c": "d"},
            "NotificationProperty": {"NotifyDelayAfter": 5},
            "NumberOfWorkers": 2,
            "Role": ROLE,
            "SecurityConfiguration": "s",
            "Tags": {"team": "data"},
            "Timeout": 10,
            "WorkerType": "G.1X",
        },
        readers.job,
    ),
    "Glue::Crawler": (
        {
            "Classifiers": ["c"],
            "Configuration": '{"Version":1.0}',
            "CrawlerSecurityConfiguration": "s",
            "DatabaseName": "d",
            "Description": "d",
            "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
            "Role": ROLE,
            "Schedule": {"ScheduleExpression": "cron(0 12 * * ? *)"},
            "SchemaChangePolicy": {"UpdateBehavior": "LOG", "DeleteBehavior": "LOG"},
            "TablePrefix": "t_",
            "Tags": {"team": "data"},
            "Targets": {"S3Targets": [{"Path": "s3://b/", "Exclusions": ["x"]}]},
        },
        readers.crawler,
    ),
    "Athena::WorkGroup": (
        {
            "Name": "given",
            "Description": "d",
            "State": "DISABLED",
            "Tags": TAGS,
            "WorkGroupConfiguration": {
                "ResultConfiguration": {"OutputLocation": "s3://b/"},
                "EnforceWorkGroupConfiguration": False,
                "BytesScannedCutoffPerQuery": 10_000_000,
            },
        },
        readers.workgroup,
    ),
    "CloudWatch::Alarm": (
        {
            "ActionsEnabled": False,
            "AlarmActions": [{"Ref": "Topic"}],
            "AlarmDescription": "d",
            "ComparisonOperator": "GreaterThanThreshold",
            "DatapointsToAlarm": 1,
            "Dimensions": [{"Name": "a", "Value": "b"}],
            "EvaluateLowSampleCountPercentile": "ignore",
            "EvaluationPeriods": 2,
            "InsufficientDataActions": [{"Ref": "Topic"}],
            "MetricName": "m",
            "Namespace": "n",
            "OKActions": [{"Ref": "Topic"}],
            "Period": 60,
            "Statistic": "Sum",
            "Tags": TAGS,
            "Threshold": 5,
            "TreatMissingData": "ignore",
            "Unit": "Count",
        },
        readers.alarm,
    ),
    "SecretsManager::Secret": (
        {"Description": "d", "KmsKeyId": {"Ref": "Key"}, "SecretString": "s", "Tags": TAGS},
        readers.secret,
    ),
    "Athena::NamedQuery": (
        {
            "Database": "flights",
            "Description": "d",
            "Name": "late",
            "QueryString": "SELECT 1",
            "WorkGroup": "primary",
        },
        readers.named_query,
    ),
    "KinesisFirehose::DeliveryStream": (
        {
            "DeliveryStreamType": "DirectPut",
            "ExtendedS3DestinationConfiguration": {
                "BucketARN": "arn:aws:s3:::deliveries",
                "BufferingHints": {"IntervalInSeconds": 60, "SizeInMBs": 5},
                "CompressionFormat": "GZIP",
                "ErrorOutputPrefix": "errors/",
                "Prefix": "in/",
                "RoleARN": "arn:aws:iam::123456789012:role/delivery",
            },
            "Tags": TAGS,
        },
        readers.delivery_stream,
    ),
    "SQS::Queue": (
        {
            "ContentBasedDeduplication": True,
            "DeduplicationScope": "messageGroup",
            "DelaySeconds": 3,
            "FifoQueue": True,
            "FifoThroughputLimit": "perMessageGroupId",
            "MaximumMessageSize": 2048,
            "MessageRetentionPeriod": 600,
            "ReceiveMessageWaitTimeSeconds": 2,
            "SqsManagedSseEnabled": False,
            "Tags": TAGS,
            "VisibilityTimeout": 45,
        },
        readers.queue,
    ),
    "SNS::Subscription": (
        {
            "Endpoint": {"Fn::GetAtt": ["Queue", "Arn"]},
            "FilterPolicy": {"kind": ["late"]},
            "FilterPolicyScope": "MessageBody",
            "Protocol": "sqs",
            "RawMessageDelivery": True,
            "RedrivePolicy": {"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:dead"},
            "TopicArn": {"Ref": "Topic"},
        },
        readers.subscription,
    ),
    "IAM::ManagedPolicy": (
        {"Description": "d", "ManagedPolicyName": "given", "Path": "/etl/", "PolicyDocument": POLICY},
        readers.managed_policy,
    ),
    "EMR::Cluster": (
        {
            "Applications": [{"Name": "Spark"}],
            "BootstrapActions": [{"Name": "first", "ScriptBootstrapAction": {"Path": "s3://b/setup.sh"}}],
            "Configurations": [
                {"Classification": "spark", "ConfigurationProperties": {"maximizeResourceAllocation": "true"}}
            ],
            "EbsRootVolumeSize": 20,
            "Instances": {
                "CoreInstanceGroup": {"InstanceCount": 2, "InstanceType": "m5.xlarge", "Name": "core"},
                "KeepJobFlowAliveWhenNoSteps": True,
                "MasterInstanceGroup": {"InstanceCount": 1, "InstanceType": "m5.xlarge", "Name": "master"},
                "TerminationProtected": False,
            },
            "JobFlowRole": "EMR_EC2_DefaultRole",
            "LogUri": "s3://logs/",
            "Name": "given",
            "ReleaseLabel": "emr-7.5.0",
            "ServiceRole": "EMR_DefaultRole",
            "StepConcurrencyLevel": 2,
            "Steps": [
                {
                    "ActionOnFailure": "CONTINUE",
                    "HadoopJarStep": {"Args": ["spark-submit", "s3://b/k.py"], "Jar": "command-runner.jar"},
                    "Name": "one",
                }
            ],
            "Tags": TAGS,
            "VisibleToAllUsers": True,
        },
        readers.cluster,
    ),
    "Events::EventBus": ({"Name": "given", "Tags": TAGS}, readers.bus),
}


@pytest.mark.parametrize("kind", ROWS)
def test_a_property_is_the_resources(lab: RunningLab, kind: str) -> None:
    check(lab, kind, *ROWS[kind])


def test_a_topics_policy(lab: RunningLab) -> None:
    properties = {"PolicyDocument": OPEN, "Topics": [{"Ref": "Topic"}]}
    check(lab, "SNS::TopicPolicy", properties, readers.topic_policy)
