"""Makes one of everything in many services and reads all that they then describe, list and get: for its dates."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.engines.lambda_tools import source
from tests.engines.trail_tools import bucket_policy

ROLE = "arn:aws:iam::123456789012:role/dated"
TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"Service": ["lambda.amazonaws.com", "firehose.amazonaws.com"]},
                "Action": "sts:AssumeRole",
            }
        ],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
TABLE = {"Name": "dated", "StorageDescriptor": {"Columns": [{"Name": "n", "Type": "int"}], "Location": "s3://dated/t/"}}
STATES = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
STACK = json.dumps({"Resources": {"T": {"Type": "AWS::SNS::Topic"}}})
PACKAGE = source("def handler(event, context): pass")
#: Policies that AWS made, when it did.
_AWS_OWN = "arn:aws:iam::aws:"
READS = ("describe_", "list_", "get_")

#: service → calls that make things, in order. "$Name" is the value that an answer before has told under that name.
MADE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "iam": [
        ("create_role", {"RoleName": "dated", "AssumeRolePolicyDocument": TRUST}),
        ("create_user", {"UserName": "dated"}),
        ("create_access_key", {"UserName": "dated"}),
        ("create_login_profile", {"UserName": "dated", "Password": "Passw0rd!Passw0rd"}),
        ("create_group", {"GroupName": "dated"}),
        ("create_policy", {"PolicyName": "dated", "PolicyDocument": POLICY}),
        ("create_instance_profile", {"InstanceProfileName": "dated"}),
    ],
    "s3": [
        ("create_bucket", {"Bucket": "dated"}),
        ("put_bucket_policy", {"Bucket": "dated", "Policy": bucket_policy("dated", "dated")}),
        ("put_bucket_versioning", {"Bucket": "dated", "VersioningConfiguration": {"Status": "Enabled"}}),
        ("put_object", {"Bucket": "dated", "Key": "dated", "Body": b"x"}),
        ("delete_object", {"Bucket": "dated", "Key": "dated"}),
        ("put_object", {"Bucket": "dated", "Key": "dated", "Body": b"x"}),
        ("copy_object", {"Bucket": "dated", "Key": "copy", "CopySource": "dated/dated"}),
        ("create_multipart_upload", {"Bucket": "dated", "Key": "parts"}),
        ("upload_part", {"Bucket": "dated", "Key": "parts", "UploadId": "$UploadId", "PartNumber": 1, "Body": b"x"}),
    ],
    "kms": [
        ("create_key", {}),
        ("create_alias", {"AliasName": "alias/dated", "TargetKeyId": "$KeyId"}),
        ("create_grant", {"KeyId": "$KeyId", "GranteePrincipal": ROLE, "Operations": ["Decrypt"]}),
        ("enable_key_rotation", {"KeyId": "$KeyId"}),
        ("schedule_key_deletion", {"KeyId": "$KeyId", "PendingWindowInDays": 7}),
    ],
    "secretsmanager": [
        ("create_secret", {"Name": "dated", "SecretString": "x"}),
        ("put_secret_value", {"SecretId": "dated", "SecretString": "y"}),
        ("get_secret_value", {"SecretId": "dated"}),
        ("create_secret", {"Name": "deleted", "SecretString": "x"}),
        ("delete_secret", {"SecretId": "deleted"}),
    ],
    "ssm": [("put_parameter", {"Name": "dated", "Value": "v", "Type": "String"})],
    "lambda": [
        (
            "create_function",
            {
                "FunctionName": "dated",
                "Runtime": "python3.13",
                "Role": ROLE,
                "Handler": "h.h",
                "Code": {"ZipFile": PACKAGE},
            },
        ),
        ("wait function_active_v2", {"FunctionName": "dated"}),
        ("publish_version", {"FunctionName": "dated"}),
        ("publish_layer_version", {"LayerName": "dated", "Content": {"ZipFile": PACKAGE}}),
        ("create_function_url_config", {"FunctionName": "dated", "AuthType": "AWS_IAM"}),
    ],
    "logs": [
        ("create_log_group", {"logGroupName": "dated"}),
        ("create_log_stream", {"logGroupName": "dated", "logStreamName": "dated"}),
        ("start_query", {"logGroupName": "dated", "startTime": 0, "endTime": 1, "queryString": "fields @message"}),
    ],
    "glue": [
        ("create_database", {"DatabaseInput": {"Name": "dated"}}),
        (
            "create_table",
            {"DatabaseName": "dated", "TableInput": {**TABLE, "PartitionKeys": [{"Name": "p", "Type": "int"}]}},
        ),
        ("create_partition", {"DatabaseName": "dated", "TableName": "dated", "PartitionInput": {"Values": ["1"]}}),
        ("update_table", {"DatabaseName": "dated", "TableInput": TABLE}),
        ("create_job", {"Name": "dated", "Role": ROLE, "Command": {"Name": "glueetl"}}),
        ("start_job_run", {"JobName": "dated"}),
        ("create_crawler", {"Name": "dated", "Role": ROLE, "Targets": {"S3Targets": [{"Path": "s3://dated/"}]}}),
        (
            "create_connection",
            {"ConnectionInput": {"Name": "dated", "ConnectionType": "JDBC", "ConnectionProperties": {}}},
        ),
        ("create_registry", {"RegistryName": "dated"}),
        (
            "create_schema",
            {"SchemaName": "dated", "DataFormat": "JSON", "Compatibility": "NONE", "SchemaDefinition": "{}"},
        ),
        ("create_trigger", {"Name": "dated", "Type": "ON_DEMAND", "Actions": [{"JobName": "dated"}]}),
        ("create_workflow", {"Name": "dated"}),
        ("create_session", {"Id": "dated", "Role": ROLE, "Command": {"Name": "glueetl"}}),
    ],
    "athena": [
        (
            "create_work_group",
            {"Name": "dated", "Configuration": {"ResultConfiguration": {"OutputLocation": "s3://dated/r/"}}},
        ),
        ("create_named_query", {"Name": "dated", "Database": "dated", "QueryString": "SELECT 1"}),
        ("create_prepared_statement", {"StatementName": "dated", "WorkGroup": "primary", "QueryStatement": "SELECT 1"}),
        ("create_data_catalog", {"Name": "dated", "Type": "GLUE"}),
        (
            "start_query_execution",
            {"QueryString": "SELECT 1", "ResultConfiguration": {"OutputLocation": "s3://dated/r/"}},
        ),
    ],
    "rds": [
        (
            "create_db_parameter_group",
            {"DBParameterGroupName": "dated", "DBParameterGroupFamily": "postgres17", "Description": "d"},
        ),
        (
            "create_db_instance",
            {
                "DBInstanceIdentifier": "dated",
                "DBInstanceClass": "db.t4g.micro",
                "AllocatedStorage": 20,
                "Engine": "postgres",
            }
            | {"MasterUsername": "master", "MasterUserPassword": "correct-horse-7"},
        ),
        (
            "create_event_subscription",
            {"SubscriptionName": "dated", "SnsTopicArn": "arn:aws:sns:us-east-1:123456789012:dated"},
        ),
    ],
    "dms": [
        (
            "create_replication_instance",
            {"ReplicationInstanceIdentifier": "dated", "ReplicationInstanceClass": "dms.t3.micro"},
        ),
        (
            "create_endpoint",
            {"EndpointIdentifier": "dated", "EndpointType": "target", "EngineName": "s3"}
            | {"S3Settings": {"BucketName": "dated", "ServiceAccessRoleArn": ROLE}},
        ),
        (
            "create_replication_task",
            {
                "ReplicationTaskIdentifier": "dated",
                "SourceEndpointArn": "$EndpointArn",
                "TargetEndpointArn": "$EndpointArn",
            }
            | {"ReplicationInstanceArn": "$ReplicationInstanceArn", "MigrationType": "full-load"}
            | {
                "TableMappings": json.dumps(
                    {
                        "rules": [
                            {"rule-type": "selection", "rule-id": "1", "rule-name": "1", "rule-action": "include"}
                            | {"object-locator": {"schema-name": "public", "table-name": "%"}}
                        ]
                    }
                )
            },
        ),
    ],
    "kinesis": [
        ("create_stream", {"StreamName": "dated", "ShardCount": 1}),
        ("wait stream_exists", {"StreamName": "dated"}),
        ("put_record", {"StreamName": "dated", "Data": b"x", "PartitionKey": "k"}),
        ("describe_stream", {"StreamName": "dated"}),
        ("register_stream_consumer", {"StreamARN": "$StreamARN", "ConsumerName": "dated"}),
    ],
    "firehose": [
        (
            "create_delivery_stream",
            {
                "DeliveryStreamName": "dated",
                "ExtendedS3DestinationConfiguration": {"RoleARN": ROLE, "BucketARN": "arn:aws:s3:::dated"},
            },
        )
    ],
    "dynamodb": [
        (
            "create_table",
            {
                "TableName": "dated",
                "KeySchema": [{"AttributeName": "k", "KeyType": "HASH"}],
                "BillingMode": "PAY_PER_REQUEST",
            }
            | {"AttributeDefinitions": [{"AttributeName": "k", "AttributeType": "S"}]}
            | {"StreamSpecification": {"StreamEnabled": True, "StreamViewType": "NEW_IMAGE"}},
        ),
        ("create_backup", {"TableName": "dated", "BackupName": "dated"}),
        (
            "update_continuous_backups",
            {"TableName": "dated", "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": True}},
        ),
    ],
    "events": [
        ("create_event_bus", {"Name": "dated"}),
        ("put_rule", {"Name": "dated", "ScheduleExpression": "rate(1 day)"}),
        (
            "create_archive",
            {"ArchiveName": "dated", "EventSourceArn": "arn:aws:events:us-east-1:123456789012:event-bus/dated"},
        ),
        (
            "create_connection",
            {"Name": "dated", "AuthorizationType": "API_KEY"}
            | {"AuthParameters": {"ApiKeyAuthParameters": {"ApiKeyName": "k", "ApiKeyValue": "v"}}},
        ),
    ],
    "scheduler": [
        ("create_schedule_group", {"Name": "dated"}),
        (
            "create_schedule",
            {"Name": "dated", "ScheduleExpression": "rate(1 day)", "FlexibleTimeWindow": {"Mode": "OFF"}}
            | {"Target": {"Arn": "arn:aws:sqs:us-east-1:123456789012:dated", "RoleArn": ROLE}},
        ),
    ],
    "stepfunctions": [
        ("create_state_machine", {"name": "dated", "definition": STATES, "roleArn": ROLE}),
        ("start_execution", {"stateMachineArn": "$stateMachineArn"}),
        ("create_activity", {"name": "dated"}),
    ],
    "cloudformation": [("create_stack", {"StackName": "dated", "TemplateBody": STACK})],
    "cloudwatch": [
        ("put_metric_data", {"Namespace": "dated", "MetricData": [{"MetricName": "m", "Value": 1}]}),
        (
            "put_metric_alarm",
            {
                "AlarmName": "dated",
                "ComparisonOperator": "GreaterThanThreshold",
                "EvaluationPeriods": 1,
                "MetricName": "m",
            }
            | {"Namespace": "dated", "Period": 60, "Statistic": "Sum", "Threshold": 1},
        ),
        ("put_dashboard", {"DashboardName": "dated", "DashboardBody": '{"widgets": []}'}),
    ],
    "redshift": [
        (
            "create_cluster",
            {
                "ClusterIdentifier": "dated",
                "NodeType": "ra3.large",
                "MasterUsername": "u",
                "MasterUserPassword": "Passw0rd",
            },
        ),
        ("wait cluster_available", {"ClusterIdentifier": "dated", "WaiterConfig": {"Delay": 1}}),
        ("create_cluster_snapshot", {"ClusterIdentifier": "dated", "SnapshotIdentifier": "dated"}),
    ],
    "emr": [
        ("run_job_flow", {"Name": "dated", "Instances": {"InstanceCount": 1, "MasterInstanceType": "m5.xlarge"}}),
        ("create_security_configuration", {"Name": "dated", "SecurityConfiguration": "{}"}),
    ],
    "emr-serverless": [("create_application", {"name": "dated", "releaseLabel": "emr-6.6.0", "type": "SPARK"})],
    "cloudtrail": [("create_trail", {"Name": "dated", "S3BucketName": "dated"}), ("start_logging", {"Name": "dated"})],
    "s3tables": [("create_table_bucket", {"name": "dated"})],
    "organizations": [("create_organization", {"FeatureSet": "ALL"})],
    "kinesisanalyticsv2": [
        (
            "create_application",
            {"ApplicationName": "dated", "RuntimeEnvironment": "FLINK-1_18", "ServiceExecutionRole": ROLE},
        )
    ],
}


def dates_of(client: Any, service: str) -> Iterator[tuple[str, datetime]]:
    """Every date that *service* tells *client* of what is made in it, under "operation.Member"."""
    known: dict[str, Any] = {}
    for operation, arguments in MADE[service]:
        given = {name: _filled(value, known) for name, value in arguments.items()}
        if operation.startswith("wait "):
            client.get_waiter(operation.removeprefix("wait ")).wait(**given)
            continue
        yield from _dates(operation, _learn(getattr(client, operation)(**given), given, known))
    model = client.meta.service_model
    for name, real in client.meta.method_to_api_mapping.items():
        shape = model.operation_model(real).input_shape
        required = shape.required_members if shape else []
        pool = {member.lower(): value for member, value in known.items()}
        if not name.startswith(READS) or any(member.lower() not in pool for member in required):
            continue
        try:
            answer = getattr(client, name)(**{member: pool[member.lower()] for member in required})
        except (ClientError, BotoCoreError):  # an argument of that name that means another thing, or nothing to tell
            continue
        yield from _dates(name, _learn(answer, {}, known))


def _filled(value: Any, known: dict[str, Any]) -> Any:
    return known[value[1:]] if isinstance(value, str) and value.startswith("$") else value


def _learn(answer: dict[str, Any], given: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    answer.pop("ResponseMetadata", None)
    for name, value in [*given.items(), *_members(answer)]:
        if isinstance(value, str) and value and not value.startswith(_AWS_OWN):
            known.setdefault(name, value)
    return answer


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict) and not str(value.get("Arn")).startswith(_AWS_OWN):
        for name, part in value.items():
            yield name, part
            yield from _members(part)
    elif isinstance(value, list):
        for part in value:
            yield from _members(part)


def _dates(operation: str, answer: dict[str, Any]) -> Iterator[tuple[str, datetime]]:
    for name, value in _members(answer):
        if isinstance(value, datetime):
            yield f"{operation}.{name}", value if value.tzinfo else value.replace(tzinfo=UTC)
        elif isinstance(value, int) and 10**12 < value < 10**14:  # Logs' milliseconds
            yield f"{operation}.{name}", datetime.fromtimestamp(value / 1000, UTC)
