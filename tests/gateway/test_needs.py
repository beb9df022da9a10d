"""What a caller has to be allowed, by action and resource, and what of it changes nothing.

Source: the service authorization reference ("Actions, resources, and condition keys for AWS services"); where an
operation is not called as its action, the service's own guide: "Required permissions for Amazon S3 API operations",
"Using IAM policy conditions for PartiQL", "DynamoDB API permissions".
"""

from __future__ import annotations

from typing import Any

import botocore.session
import pytest

from awsfacts import resources, services
from localaws.gateway import reference
from localaws.gateway.made import arns_made
from localaws.gateway.needs import needs_of
from localaws.gateway.reference import is_read_only
from tests.gateway.sweep import SERVICES

TABLE = "arn:aws:dynamodb:R:A:table/t"
_ONE = """
    s3 PutObject Bucket=b Key=a/c → s3:PutObject s3:::b/a/c
    s3 ListObjectsV2 Bucket=b → s3:ListBucket s3:::b
    s3 HeadObject Bucket=b Key=k → s3:GetObject s3:::b/k
    s3 UploadPart Bucket=b Key=k → s3:PutObject s3:::b/k
    s3 DeleteBucketEncryption Bucket=b → s3:PutEncryptionConfiguration s3:::b
    s3 ListBuckets → s3:ListAllMyBuckets
    kinesis PutRecord StreamName=s → kinesis:PutRecord kinesis:R:A:stream/s
    kinesis ListShards StreamARN=arn:aws:kinesis:R:A:stream/s → kinesis:ListShards kinesis:R:A:stream/s
    firehose PutRecord DeliveryStreamName=f → firehose:PutRecord firehose:R:A:deliverystream/f
    dynamodb GetItem TableName=t → dynamodb:GetItem dynamodb:R:A:table/t
    dynamodb Query TableName=t IndexName=i → dynamodb:Query dynamodb:R:A:table/t/index/i
    lambda Invoke FunctionName=f → lambda:InvokeFunction lambda:R:A:function:f
    lambda GetFunction FunctionName=A:function:f → lambda:GetFunction lambda:R:A:function:f
    sqs SendMessage QueueUrl=http://127.0.0.1:1/A/q → sqs:SendMessage sqs:R:A:q
    sqs DeleteMessageBatch QueueUrl=http://127.0.0.1:1/A/q → sqs:DeleteMessage sqs:R:A:q
    sns CreateTopic Name=t → sns:CreateTopic sns:R:A:t
    sns Publish TopicArn=arn:aws:sns:R:A:t → sns:Publish sns:R:A:t
    iam GetRole RoleName=r → iam:GetRole iam::A:role/r
    iam AttachRolePolicy RoleName=r PolicyArn=p → iam:AttachRolePolicy iam::A:role/r
    sts AssumeRole RoleArn=arn:aws:iam::A:role/r → sts:AssumeRole iam::A:role/r
    glue GetDatabase Name=d → glue:GetDatabase glue:R:A:database/d glue:R:A:catalog
    glue GetTable DatabaseName=d Name=t → glue:GetTable glue:R:A:database/d glue:R:A:catalog glue:R:A:table/d/t
    logs PutLogEvents logGroupName=g logStreamName=s → logs:PutLogEvents logs:R:A:log-group:g:log-stream:s
    logs FilterLogEvents logGroupName=/a/g → logs:FilterLogEvents logs:R:A:log-group:/a/g
    athena StartQueryExecution WorkGroup=w → athena:StartQueryExecution athena:R:A:workgroup/w
    athena GetTableMetadata CatalogName=c DatabaseName=d TableName=t → athena:GetTableMetadata athena:R:A:datacatalog/c
    stepfunctions CreateStateMachine name=m → states:CreateStateMachine states:R:A:stateMachine:m
    events PutRule Name=r → events:PutRule events:R:A:rule/r
    events PutRule Name=r EventBusName=b → events:PutRule events:R:A:rule/b/r
    cloudwatch PutMetricAlarm AlarmName=a → cloudwatch:PutMetricAlarm cloudwatch:R:A:alarm:a
    cloudformation CreateStack StackName=s → cloudformation:CreateStack cloudformation:R:A:stack/s/*
    kms Encrypt KeyId=alias/k → kms:Encrypt kms:R:A:alias/k
    rds DeleteDBInstance DBInstanceIdentifier=d → rds:DeleteDBInstance rds:R:A:db:d
    rds CopyDBSnapshot SourceDBSnapshotIdentifier=s TargetDBSnapshotIdentifier=t → rds:CopyDBSnapshot rds:R:A:snapshot:s
    secretsmanager GetSecretValue SecretId=s → secretsmanager:GetSecretValue secretsmanager:R:A:secret:s
    ssm GetParameter Name=/a/b → ssm:GetParameter ssm:R:A:parameter/a/b
    emr RunJobFlow Name=x → elasticmapreduce:RunJobFlow
    budgets DescribeBudgets AccountId=A → budgets:ViewBudget
    s3control PutPublicAccessBlock AccountId=A → s3:PutAccountPublicAccessBlock
"""


@pytest.mark.parametrize("line", _ONE.strip().splitlines())
def test_one_action_and_its_resources(line: str) -> None:
    call, _, wanted = line.partition(" → ")
    service, operation, *given = call.split()
    action, *arns = wanted.split()
    parameters = dict(each.split("=", 1) for each in given)
    [need] = needs_of(service, operation, parameters, "R", "A")
    assert (need.action, list(need.resources)) == (action, [f"arn:aws:{arn}" for arn in arns])


#: Operation → what describes the resource, and its ARN.
INSIDE: dict[tuple[str, str], tuple[Any, str]] = {
    ("glue", "CreateTable"): ({"DatabaseName": "d", "TableInput": {"Name": "t"}}, "glue:R:A:table/d/t"),
    ("glue", "GetSchema"): ({"SchemaId": {"SchemaName": "s"}}, "glue:R:A:schema/s"),
    ("glue", "GetSchemaVersion"): (
        {"SchemaId": {"SchemaArn": "arn:aws:glue:R:A:schema/r/s"}},
        "glue:R:A:schema/r/s",
    ),
    ("glue", "CreateConnection"): (
        {"ConnectionInput": {"Name": "c", "ConnectionType": "NETWORK"}},
        "glue:R:A:connectionType:NETWORK",
    ),
    ("budgets", "CreateBudget"): ({"AccountId": "A", "Budget": {"BudgetName": "b"}}, "budgets::A:budget/b"),
    ("ec2", "RunInstances"): ({"LaunchTemplate": {"LaunchTemplateId": "lt"}}, "ec2:R:A:launch-template/lt"),
}


@pytest.mark.parametrize(("service", "operation"), INSIDE)
def test_a_resource_is_named_in_the_structure_that_describes_it(service: str, operation: str) -> None:
    parameters, arn = INSIDE[service, operation]
    [need] = needs_of(service, operation, parameters, "R", "A")
    assert f"arn:aws:{arn}" in need.resources


MANY: dict[tuple[str, str], tuple[Any, list[Any]]] = {
    ("s3", "CopyObject"): (
        {"Bucket": "b", "Key": "k", "CopySource": "/from/a%20b?versionId=1"},
        [("s3:GetObjectVersion", "arn:aws:s3:::from/a b"), ("s3:PutObject", "arn:aws:s3:::b/k")],
    ),
    ("s3", "UploadPartCopy"): (
        {"Bucket": "b", "Key": "k", "CopySource": "from/a"},
        [("s3:GetObject", "arn:aws:s3:::from/a"), ("s3:PutObject", "arn:aws:s3:::b/k")],
    ),
    ("s3", "PutObject"): (
        {"Bucket": "b", "Key": "k", "Tagging": "a=1", "ACL": "private", "ObjectLockLegalHoldStatus": "ON"},
        [(f"s3:PutObject{what}", "arn:aws:s3:::b/k") for what in ("", "Tagging", "Acl", "LegalHold")],
    ),
    ("s3", "CreateMultipartUpload"): (
        {"Bucket": "b", "Key": "k", "ACL": "bucket-owner-full-control"},
        [("s3:PutObject", "arn:aws:s3:::b/k")],
    ),
    ("s3", "GetObjectAttributes"): (
        {"Bucket": "b", "Key": "k", "VersionId": "v"},
        [("s3:GetObjectVersionAttributes", "arn:aws:s3:::b/k"), ("s3:GetObjectVersion", "arn:aws:s3:::b/k")],
    ),
    ("s3", "DeleteObject"): (
        {"Bucket": "b", "Key": "k", "VersionId": "v", "BypassGovernanceRetention": True},
        [("s3:DeleteObjectVersion", "arn:aws:s3:::b/k"), ("s3:BypassGovernanceRetention", "arn:aws:s3:::b/k")],
    ),
    ("s3", "CreateBucket"): (
        {"Bucket": "b", "ObjectOwnership": "ObjectWriter", "ObjectLockEnabledForBucket": True},
        [
            (f"s3:{action}", "arn:aws:s3:::b")
            for action in (
                "CreateBucket",
                "PutBucketObjectLockConfiguration",
                "PutBucketVersioning",
                "PutBucketOwnershipControls",
            )
        ],
    ),
    ("s3", "DeleteObjects"): (
        {"Bucket": "b", "Delete": {"Objects": [{"Key": "1"}, {"Key": "2", "VersionId": "v"}]}},
        [("s3:DeleteObject", "arn:aws:s3:::b/1"), ("s3:DeleteObjectVersion", "arn:aws:s3:::b/2")],
    ),
    ("dynamodb", "BatchWriteItem"): ({"RequestItems": {"t": []}}, [("dynamodb:BatchWriteItem", TABLE)]),
    ("dynamodb", "TransactWriteItems"): (
        {"TransactItems": [{"Put": {"TableName": "t"}}, {"ConditionCheck": {"TableName": TABLE}}]},
        [("dynamodb:PutItem", TABLE), ("dynamodb:ConditionCheckItem", TABLE)],
    ),
    ("dynamodb", "ExecuteStatement"): (
        {"Statement": "delete FROM \"t\" WHERE k = 'x'"},
        [("dynamodb:PartiQLDelete", TABLE)],
    ),
    ("dynamodb", "BatchExecuteStatement"): (
        {"Statements": [{"Statement": "SELECT * FROM t.i"}, {"Statement": "INSERT INTO t VALUE {}"}]},
        [("dynamodb:PartiQLSelect", TABLE), ("dynamodb:PartiQLInsert", TABLE)],
    ),
    ("events", "PutEvents"): (
        {"Entries": [{"Source": "s"}, {"EventBusName": "b"}, {"EventBusName": "arn:aws:events:R:B:event-bus/c"}]},
        [
            ("events:PutEvents", "arn:aws:events:R:A:event-bus/default"),
            ("events:PutEvents", "arn:aws:events:R:A:event-bus/b"),
            ("events:PutEvents", "arn:aws:events:R:B:event-bus/c"),
        ],
    ),
    ("kms", "ReEncrypt"): (
        {"SourceKeyId": "1", "DestinationKeyId": "arn:aws:kms:R:A:key/2"},
        [("kms:ReEncryptFrom", "arn:aws:kms:R:A:key/1"), ("kms:ReEncryptTo", "arn:aws:kms:R:A:key/2")],
    ),
}


@pytest.mark.parametrize(("service", "operation"), MANY)
def test_operations_that_are_many_in_one(service: str, operation: str) -> None:
    parameters, wanted = MANY[service, operation]
    needs = needs_of(service, operation, parameters, "R", "A")
    assert [(need.action, arn) for need in needs for arn in need.resources] == wanted


@pytest.mark.parametrize(
    "parameters", [{"Delete": 1}, {"Delete": {"Objects": [1]}}, {"TransactItems": {}}, {"TransactItems": [{"Put": 1}]}]
)
def test_a_request_that_fits_no_model_needs_no_more(parameters: dict[str, Any]) -> None:
    """It is refused afterwards for what it is."""
    for service, operation in MANY:
        needs_of(service, operation, parameters, "R", "A")


@pytest.mark.parametrize("key", resources())
def test_whatever_a_creation_tells_names_it_or_nothing(key: str) -> None:
    """A call that has been done is not to fail for its record."""
    service, resource = key.partition(":")[0], resources()[key]
    for operation in resource.create:
        for name in (resource.name, *resource.named_by, "Name", "Id"):
            tree = dict.fromkeys(name.split("/"), "n")
            for request, answer in ({}, {}), (tree, {}), ({}, tree), ({}, {"A": [tree, tree]}), (tree, {"A": tree}):
                assert all("*" not in arn for arn in arns_made(service, operation, request, answer, "R", "A"))


def test_actions_are_those_that_iam_knows() -> None:
    """Declared ones all, and of the guide's services nine in ten: what is newer than the data has its own name."""
    session = botocore.session.get_session()
    unknown, known = [], 0
    for name in SERVICES:
        declared = services().get(name)
        for operation in session.get_service_model(name).operation_names:
            for action in reference.actions_of(name, operation):
                known += bool(action.level)
                if not action.level:
                    assert not (declared and operation in declared.actions), action.name
                    unknown.append(action.name)
    assert len(unknown) < 0.08 * known


READS = {
    "s3": "GetObject HeadObject ListObjectsV2 HeadBucket GetBucketPolicy",
    "dynamodb": "GetItem Query Scan BatchGetItem TransactGetItems",
    "kms": "Decrypt GenerateDataKey DescribeKey",
    "sqs": "ReceiveMessage GetQueueUrl",
    "glue": "GetTable BatchGetPartition SearchTables",
    "logs": "FilterLogEvents",
    "sts": "AssumeRole GetCallerIdentity",
}
WRITES = {
    "s3": "PutObject DeleteObjects CopyObject CreateBucket",
    "dynamodb": "PutItem TransactWriteItems BatchExecuteStatement",
    "kms": "CreateKey ScheduleKeyDeletion",
    "sqs": "SendMessage DeleteMessageBatch",
    "glue": "BatchCreatePartition",
    "lambda": "Invoke",
    "athena": "StartQueryExecution",
}


@pytest.mark.parametrize(("operations", "reads"), [(READS, True), (WRITES, False)])
def test_what_changes_nothing_is_read_only(operations: dict[str, str], reads: bool) -> None:
    """CloudTrail record contents, ``readOnly``; IAM's access levels."""
    told = {(name, each): is_read_only(name, each) for name, words in operations.items() for each in words.split()}
    assert told == dict.fromkeys(told, reads)
