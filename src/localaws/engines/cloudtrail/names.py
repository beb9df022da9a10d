"""What CloudTrail calls services, operations and types of resources.

Sources: CloudTrail user guide, "CloudTrail record contents"; Lambda developer guide, "Logging AWS Lambda API calls";
S3 user guide, "Amazon S3 CloudTrail events"; names that these lack as they stand in published logs.
"""

from __future__ import annotations

import re
from functools import cache

from botocore.exceptions import UnknownServiceError
from moto.core.utils import get_service_model

#: Of services whose name in events is not the one that requests are signed for.
_SOURCES = {"rds-data": "rdsdata", "dynamodbstreams": "dynamodb", "s3control": "s3"}
#: Services whose events are in us-east-1 wherever they are called from ("About global service events").
GLOBAL = frozenset({"cloudfront", "iam", "organizations", "route53"})
#: Lambda's operations of before 2019 are called after the version of their API: "CreateFunction20150331" …
_VERSIONED = re.compile(r"/(201[0-8])-(\d\d)-(\d\d)/")
#: … these after its second version: "UpdateFunctionCode20150331v2".
_SECOND = frozenset(
    "AddPermission GetFunction GetFunctionConfiguration GetPolicy RemovePermission TagResource UntagResource "
    "UpdateFunctionCode UpdateFunctionConfiguration".split()
)
_UNVERSIONED = frozenset({"Invoke", "InvokeAsync"})
#: S3's events that are not called as the operation.
_S3 = {
    "ListObjectsV2": "ListObjects",
    **{
        f"{verb}{operation}": f"{verb}{event}"
        for verb in ("Get", "Put", "Delete")
        for operation, event in (
            ("BucketAccelerateConfiguration", "AccelerateConfiguration"),
            ("BucketAnalyticsConfiguration", "AnalyticsConfiguration"),
            ("BucketInventoryConfiguration", "InventoryConfiguration"),
            ("BucketLifecycleConfiguration", "BucketLifecycle"),
            ("BucketMetricsConfiguration", "MetricsConfiguration"),
            ("BucketNotificationConfiguration", "BucketNotification"),
            ("PublicAccessBlock", "BucketPublicAccessBlock"),
        )
    },
}
#: (service in ARNs, how the resource begins) → its type in CloudFormation's words; the first that fits.
_TYPES = (
    ("cloudformation", "stack/", "AWS::CloudFormation::Stack"),
    ("cloudtrail", "trail/", "AWS::CloudTrail::Trail"),
    ("cloudwatch", "alarm:", "AWS::CloudWatch::Alarm"),
    ("dynamodb", "table/", "AWS::DynamoDB::Table"),
    ("ec2", "instance/", "AWS::EC2::Instance"),
    ("ec2", "security-group/", "AWS::EC2::SecurityGroup"),
    ("ec2", "subnet/", "AWS::EC2::Subnet"),
    ("ec2", "volume/", "AWS::EC2::Volume"),
    ("ec2", "vpc/", "AWS::EC2::VPC"),
    ("events", "rule/", "AWS::Events::Rule"),
    ("events", "event-bus/", "AWS::Events::EventBus"),
    ("firehose", "deliverystream/", "AWS::KinesisFirehose::DeliveryStream"),
    ("glue", "database/", "AWS::Glue::Database"),
    ("glue", "table/", "AWS::Glue::Table"),
    ("glue", "job/", "AWS::Glue::Job"),
    ("glue", "crawler/", "AWS::Glue::Crawler"),
    ("iam", "group/", "AWS::IAM::Group"),
    ("iam", "instance-profile/", "AWS::IAM::InstanceProfile"),
    ("iam", "policy/", "AWS::IAM::Policy"),
    ("iam", "role/", "AWS::IAM::Role"),
    ("iam", "user/", "AWS::IAM::User"),
    ("kinesis", "stream/", "AWS::Kinesis::Stream"),
    ("kms", "key/", "AWS::KMS::Key"),
    ("kms", "alias/", "AWS::KMS::Alias"),
    ("lambda", "function:", "AWS::Lambda::Function"),
    ("lambda", "layer:", "AWS::Lambda::LayerVersion"),
    ("logs", "log-group:", "AWS::Logs::LogGroup"),
    ("rds", "db:", "AWS::RDS::DBInstance"),
    ("rds", "cluster:", "AWS::RDS::DBCluster"),
    ("redshift", "cluster:", "AWS::Redshift::Cluster"),
    ("secretsmanager", "secret:", "AWS::SecretsManager::Secret"),
    ("sns", "", "AWS::SNS::Topic"),
    ("sqs", "", "AWS::SQS::Queue"),
    ("states", "stateMachine:", "AWS::StepFunctions::StateMachine"),
)


@cache
def is_operation(service: str, operation: str) -> bool:
    """Whether botocore knows it: of some work the lab keeps records that are no calls."""
    try:
        return operation in get_service_model(service).operation_names
    except UnknownServiceError:
        return False


@cache
def event_source(service: str) -> str:
    """Of botocore's *service*: of "stepfunctions" it is "states.amazonaws.com"."""
    return f"{_SOURCES.get(service) or get_service_model(service).signing_name}.amazonaws.com"


@cache
def event_name(service: str, operation: str) -> str:
    """Of botocore's *operation*."""
    if service == "s3":
        return _S3.get(operation, operation)
    if service == "lambda" and operation not in _UNVERSIONED:
        uri = get_service_model(service).operation_model(operation).http["requestUri"]
        if version := _VERSIONED.match(uri):
            return operation + "".join(version.groups()) + ("v2" if operation in _SECOND else "")
    return operation


def operation_of(event_name: str) -> str:
    """What the name of the operation has of *event_name*; "" where that is not certain."""
    return "" if event_name in _S3.values() else re.sub(r"201[0-8]\d{4}(v2)?$", "", event_name)


def resource_type(arn: str) -> str:
    """Such as "AWS::S3::Bucket"; "" where CloudTrail has no name for it."""
    _, _, service, _, _, resource = arn.split(":", 5)
    if service == "s3":
        return "AWS::S3::Object" if "/" in resource else "AWS::S3::Bucket"
    found = (type for owner, start, type in _TYPES if owner == service and resource.startswith(start))
    return next(found, "")


def resource_name(arn: str) -> str:
    """What people call it: of a user's ARN the name, of an object's bucket and key."""
    service, resource = arn.split(":")[2], arn.split(":", 5)[5]
    if service == "s3":
        return resource
    parts = re.split("[:/]", resource, maxsplit=1)
    return resource.rpartition("/")[2] if service == "iam" else parts[-1].removesuffix(":*")
