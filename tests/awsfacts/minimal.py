"""The smallest request that makes one of each type of resource, in an order in which each finds what it needs."""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Mapping
from typing import Any

from tests.engines.trail_tools import bucket_policy
from tests.roles import TRUST

ACCOUNT = "123456789012"
NAME = "made"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/{NAME}"
STREAM = f"arn:aws:kinesis:us-east-1:{ACCOUNT}:stream/{NAME}"
FUNCTION = f"arn:aws:lambda:us-east-1:{ACCOUNT}:function:{NAME}"
TOPIC = f"arn:aws:sns:us-east-1:{ACCOUNT}:{NAME}"
_ALLOW = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}
_POLICY = json.dumps({"Version": "2012-10-17", "Statement": [_ALLOW]})
_TEMPLATE = json.dumps({"Resources": {"Queue": {"Type": "AWS::SQS::Queue"}}})
_MACHINE = json.dumps({"StartAt": "End", "States": {"End": {"Type": "Succeed"}}})
_TABLE = {
    "AttributeDefinitions": [{"AttributeName": "id", "AttributeType": "S"}],
    "KeySchema": [{"AttributeName": "id", "KeyType": "HASH"}],
    "BillingMode": "PAY_PER_REQUEST",
}
_BUDGET = {
    "BudgetName": NAME,
    "BudgetLimit": {"Amount": "1", "Unit": "USD"},
    "TimeUnit": "MONTHLY",
    "BudgetType": "COST",
}
_ALERT = {"NotificationType": "ACTUAL", "ComparisonOperator": "GREATER_THAN", "Threshold": 80.0}
_MAPPING = {"made": {"S3Source": {"DataSourceArn": "arn:aws:quicksight:::made", "InputColumns": []}}}


def _code() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("main.py", "def handler(event, context): ...")
    return file.getvalue()


def _named(member: str, **more: Any) -> dict[str, Any]:
    return {member: NAME, **more}


#: By "service:type". "<service:type>" stands for the name of the one that has been made before.
REQUESTS: dict[str, dict[str, Any]] = {
    "accessanalyzer:Analyzer": _named("analyzerName", type="ACCOUNT"),
    "accessanalyzer:ArchiveRule": {
        "analyzerName": NAME,
        "ruleName": NAME,
        "filter": {"isPublic": {"eq": ["true"]}},
    },
    "iam:role": _named("RoleName", AssumeRolePolicyDocument=TRUST),
    "iam:policy": _named("PolicyName", PolicyDocument=_POLICY),
    "iam:policy-version": {"PolicyArn": f"arn:aws:iam::{ACCOUNT}:policy/{NAME}", "PolicyDocument": _POLICY},
    "iam:user": _named("UserName"),
    "iam:access key": _named("UserName"),
    "iam:login profile": _named("UserName", Password="correct-Horse-7"),
    "iam:group": _named("GroupName"),
    "iam:instance-profile": _named("InstanceProfileName"),
    "iam:mfa": _named("VirtualMFADeviceName"),
    "iam:oidc-provider": {"Url": "https://made.example.com", "ThumbprintList": ["a" * 40]},
    "iam:saml-provider": _named("Name", SAMLMetadataDocument="a" * 1024),
    "iam:server-certificate": _named("ServerCertificateName", CertificateBody="a", PrivateKey="a"),
    "iam:account alias": _named("AccountAlias"),
    "kms:key": {},
    "kms:alias": {"AliasName": "alias/made", "TargetKeyId": "<kms:key>"},
    "kms:grant": {"KeyId": "<kms:key>", "GranteePrincipal": ROLE, "Operations": ["Decrypt"]},
    "s3:bucket": _named("Bucket"),
    "s3tables:TableBucket": _named("name"),
    "s3tables:Namespace": {"tableBucketARN": "<s3tables:TableBucket ARN>", "namespace": [NAME]},
    "s3tables:Table": {
        "tableBucketARN": "<s3tables:TableBucket ARN>",
        "namespace": NAME,
        "name": NAME,
        "format": "ICEBERG",
    },
    "logs:log-group": _named("logGroupName"),
    "logs:log-stream": _named("logGroupName", logStreamName=NAME),
    "logs:metric-filter": _named(
        "logGroupName",
        filterName=NAME,
        filterPattern="ERROR",
        metricTransformations=[{"metricName": "errors", "metricNamespace": NAME, "metricValue": "1"}],
    ),
    "kinesis:stream": _named("StreamName", ShardCount=1),
    "kinesis:consumer": {"StreamARN": STREAM, "ConsumerName": NAME},
    "logs:destination": _named("destinationName", targetArn=STREAM, roleArn=ROLE),
    "logs:delivery-source": _named(
        "name", resourceArn=f"arn:aws:cloudfront::{ACCOUNT}:distribution/E1", logType="ACCESS_LOGS"
    ),
    "logs:delivery-destination": _named(
        "name", deliveryDestinationConfiguration={"destinationResourceArn": f"arn:aws:s3:::{NAME}"}
    ),
    "logs:delivery": _named(
        "deliverySourceName",
        deliveryDestinationArn=f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-destination:{NAME}",
    ),
    "sqs:queue": _named("QueueName"),
    "sns:topic": _named("Name"),
    "sns:app": _named("Name", Platform="GCM", Attributes={"PlatformCredential": "made"}),
    "sns:endpoint": {"PlatformApplicationArn": f"arn:aws:sns:us-east-1:{ACCOUNT}:app/GCM/{NAME}", "Token": NAME},
    "dynamodb:table": _named("TableName", **_TABLE),
    "dynamodb:backup": _named("TableName", BackupName=NAME),
    "secretsmanager:Secret": _named("Name", SecretString="secret"),
    "lambda:function": _named(
        "FunctionName", Role=ROLE, Runtime="python3.13", Handler="main.handler", Code={"ZipFile": _code()}
    ),
    "lambda:function alias": _named("FunctionName", Name="live", FunctionVersion="$LATEST"),
    "lambda:function url": _named("FunctionName", AuthType="AWS_IAM"),
    "lambda:eventSourceMapping": _named(
        "FunctionName", EventSourceArn=f"arn:aws:sqs:us-east-1:{ACCOUNT}:{NAME}", Enabled=False
    ),
    "lambda:layer": _named("LayerName", Content={"ZipFile": _code()}),
    "logs:subscription-filter": _named("logGroupName", filterName=NAME, filterPattern="", destinationArn=FUNCTION),
    "firehose:deliverystream": _named(
        "DeliveryStreamName",
        ExtendedS3DestinationConfiguration={"RoleARN": ROLE, "BucketARN": f"arn:aws:s3:::{NAME}"},
    ),
    "cloudwatch:alarm": _named(
        "AlarmName",
        Namespace=NAME,
        MetricName=NAME,
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="LessThanThreshold",
        Statistic="Sum",
    ),
    "cloudwatch:dashboard": _named("DashboardName", DashboardBody='{"widgets": []}'),
    "cloudwatch:insight-rule": _named("RuleName", RuleDefinition="{}"),
    "events:event-bus": _named("Name"),
    "events:rule": _named("Name", EventPattern='{"source": ["made"]}'),
    "events:archive": _named("ArchiveName", EventSourceArn=f"arn:aws:events:us-east-1:{ACCOUNT}:event-bus/{NAME}"),
    "events:connection": _named(
        "Name",
        AuthorizationType="API_KEY",
        AuthParameters={"ApiKeyAuthParameters": {"ApiKeyName": "key", "ApiKeyValue": "made"}},
    ),
    "events:api-destination": _named(
        "Name",
        ConnectionArn=f"arn:aws:events:us-east-1:{ACCOUNT}:connection/{NAME}/0b8f3a1e-7a4a-4f0a-9a43-1f2e3d4c5b6a",
        InvocationEndpoint="https://made.example.com",
        HttpMethod="POST",
    ),
    "events:event-source": _named("Name", Account=ACCOUNT),
    "scheduler:schedule-group": _named("Name"),
    "scheduler:schedule": _named(
        "Name",
        GroupName=NAME,
        ScheduleExpression="rate(1 day)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": FUNCTION, "RoleArn": ROLE},
    ),
    "pipes:pipe": _named("Name", RoleArn=ROLE, Source=STREAM, Target=FUNCTION),
    "stepfunctions:statemachine": _named("name", definition=_MACHINE, roleArn=ROLE, publish=True),
    "stepfunctions:activity": _named("name"),
    "stepfunctions:statemachinealias": _named(
        "name",
        routingConfiguration=[
            {"stateMachineVersionArn": f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{NAME}:1", "weight": 100}
        ],
    ),
    "cloudtrail:trail": _named("Name", S3BucketName=NAME),
    "cloudformation:stack": _named("StackName", TemplateBody=_TEMPLATE),
    "cloudformation:changeset": _named(
        "StackName",
        ChangeSetName=NAME,
        TemplateBody=json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}),
    ),
    "cloudformation:stackset": _named("StackSetName", TemplateBody=_TEMPLATE),
    "ssm:parameter": _named("Name", Value="made", Type="String"),
    "ssm:document": _named(
        "Name", DocumentType="Command", Content='{"schemaVersion": "2.2", "description": "made", "mainSteps": []}'
    ),
    "ssm:maintenancewindow": _named(
        "Name", Schedule="rate(1 day)", Duration=2, Cutoff=1, AllowUnassociatedTargets=True
    ),
    "ssm:windowtarget": {
        "WindowId": "<ssm:maintenancewindow>",
        "ResourceType": "INSTANCE",
        "Targets": [{"Key": "tag:Name", "Values": [NAME]}],
    },
    "ssm:windowtask": {
        "WindowId": "<ssm:maintenancewindow>",
        "TaskArn": "AWS-RunShellScript",
        "TaskType": "RUN_COMMAND",
        "Targets": [{"Key": "tag:Name", "Values": [NAME]}],
        "MaxConcurrency": "1",
        "MaxErrors": "1",
    },
    "ssm:patchbaseline": _named("Name"),
    "ssm:patchgroup": {"BaselineId": "<ssm:patchbaseline>", "PatchGroup": NAME},
    "athena:workgroup": _named("Name"),
    "athena:prepared-statement": _named("StatementName", WorkGroup=NAME, QueryStatement="SELECT ?"),
    "athena:named-query": _named("Name", WorkGroup=NAME, Database="default", QueryString="SELECT 1"),
    "athena:datacatalog": _named("Name", Type="GLUE", Parameters={"catalog-id": ACCOUNT}),
    "athena:capacity-reservation": _named("Name", TargetDpus=24),
    "glue:database": {"DatabaseInput": {"Name": NAME}},
    "glue:table": {
        "DatabaseName": NAME,
        "TableInput": {"Name": NAME, "PartitionKeys": [{"Name": "day", "Type": "string"}]},
    },
    "glue:partition": {"DatabaseName": NAME, "TableName": NAME, "PartitionInput": {"Values": ["1"]}},
    "glue:userdefinedfunction": {"DatabaseName": NAME, "FunctionInput": {"FunctionName": NAME}},
    "glue:partition index": {
        "DatabaseName": NAME,
        "TableName": NAME,
        "PartitionIndex": {"Keys": ["day"], "IndexName": NAME},
    },
    "glue:connection": {"ConnectionInput": {"Name": NAME, "ConnectionType": "NETWORK", "ConnectionProperties": {}}},
    "glue:crawler": _named("Name", Role=ROLE, Targets={"S3Targets": [{"Path": "s3://made/"}]}),
    "glue:job": {"Command": {"Name": "glueetl", "ScriptLocation": "s3://made/job.py"}, "Name": NAME, "Role": ROLE},
    "glue:workflow": _named("Name"),
    "glue:trigger": _named("Name", Type="ON_DEMAND", Actions=[{"JobName": NAME}]),
    "glue:registry": _named("RegistryName"),
    "glue:schema": _named(
        "SchemaName",
        RegistryId={"RegistryName": NAME},
        DataFormat="JSON",
        Compatibility="NONE",
        SchemaDefinition='{"type": "object"}',
    ),
    "glue:schema version": {
        "SchemaId": {"RegistryName": NAME, "SchemaName": NAME},
        "SchemaDefinition": '{"type": "string"}',
    },
    "glue:securityConfiguration": _named("Name", EncryptionConfiguration={}),
    "glue:session": _named("Id", Role=ROLE, Command={"Name": "glueetl", "PythonVersion": "3"}),
    "glue:devendpoint": _named("EndpointName", RoleArn=ROLE),
    "glue:mlTransform": _named(
        "Name",
        Role=ROLE,
        InputRecordTables=[{"DatabaseName": NAME, "TableName": NAME}],
        Parameters={"TransformType": "FIND_MATCHES"},
    ),
    "lakeformation:LF-tag": _named("TagKey", TagValues=["made"]),
    "lakeformation:data cells filter": {
        "TableData": {
            "TableCatalogId": ACCOUNT,
            "DatabaseName": NAME,
            "TableName": NAME,
            "Name": NAME,
            "RowFilter": {"AllRowsWildcard": {}},
            "ColumnWildcard": {},
        }
    },
    "lakeformation:resource": {"ResourceArn": "arn:aws:s3:::made", "UseServiceLinkedRole": True},
    "ce:costcategory": _named("Name", RuleVersion="CostCategoryExpression.v1", Rules=[{"Value": "made", "Rule": {}}]),
    "budgets:budget": {"AccountId": ACCOUNT, "Budget": _BUDGET},
    "budgets:notification": {
        "AccountId": ACCOUNT,
        "BudgetName": NAME,
        "Notification": _ALERT,
        "Subscribers": [{"SubscriptionType": "EMAIL", "Address": "made@example.com"}],
    },
    "redshift:parametergroup": _named("ParameterGroupName", ParameterGroupFamily="redshift-1.0", Description="made"),
    "redshift:cluster": _named(
        "ClusterIdentifier", NodeType="ra3.large", MasterUsername="made", MasterUserPassword="correct-Horse-7"
    ),
    "redshift:snapshot": _named("SnapshotIdentifier", ClusterIdentifier=NAME),
    "redshift-serverless:namespace": _named("namespaceName"),
    "redshift-serverless:workgroup": _named("workgroupName", namespaceName=NAME),
    "redshift-serverless:snapshot": _named("snapshotName", namespaceName=NAME),
    "redshift:snapshotcopygrant": _named("SnapshotCopyGrantName", KmsKeyId="<kms:key>"),
    "emr:security-configuration": _named("Name", SecurityConfiguration="{}"),
    "emr:cluster": _named(
        "Name",
        Instances={"InstanceCount": 1, "MasterInstanceType": "m5.xlarge", "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole=ROLE,
        ReleaseLabel="emr-7.0.0",
    ),
    "emr-serverless:application": _named("name", releaseLabel="emr-7.0.0", type="SPARK"),
    "kinesisanalyticsv2:application": _named(
        "ApplicationName", RuntimeEnvironment="FLINK-1_20", ServiceExecutionRole=ROLE
    ),
    "opensearch:domain": _named("DomainName"),
    "quicksight:datasource": {"AwsAccountId": ACCOUNT, "DataSourceId": NAME, "Name": NAME, "Type": "ATHENA"},
    "quicksight:dataset": {
        "AwsAccountId": ACCOUNT,
        "DataSetId": NAME,
        "Name": NAME,
        "ImportMode": "DIRECT_QUERY",
        "PhysicalTableMap": _MAPPING,
    },
    "quicksight:ingestion": {"AwsAccountId": ACCOUNT, "DataSetId": NAME, "IngestionId": NAME},
    "quicksight:dashboard": {"AwsAccountId": ACCOUNT, "DashboardId": NAME, "Name": NAME},
    "quicksight:group": {"AwsAccountId": ACCOUNT, "Namespace": "default", "GroupName": NAME},
    "quicksight:user": {
        "AwsAccountId": ACCOUNT,
        "Namespace": "default",
        "UserName": NAME,
        "Email": "made@example.com",
        "IdentityType": "QUICKSIGHT",
        "UserRole": "READER",
    },
    "quicksight:group-membership": {
        "AwsAccountId": ACCOUNT,
        "Namespace": "default",
        "GroupName": NAME,
        "MemberName": NAME,
    },
    "rds:pg": _named("DBParameterGroupName", DBParameterGroupFamily="postgres18", Description="made"),
    "rds:og": _named("OptionGroupName", EngineName="mysql", MajorEngineVersion="8.0", OptionGroupDescription="made"),
    "rds:es": _named("SubscriptionName", SnsTopicArn=TOPIC),
    "rds:cluster-pg": _named(
        "DBClusterParameterGroupName", DBParameterGroupFamily="aurora-postgresql16", Description="made"
    ),
    "rds:global-cluster": _named("GlobalClusterIdentifier", Engine="aurora-postgresql"),
    "dms:Endpoint": _named(
        "EndpointIdentifier",
        EndpointType="target",
        EngineName="s3",
        S3Settings={"BucketName": NAME, "ServiceAccessRoleArn": ROLE},
    ),
    "dms:ReplicationInstance": _named("ReplicationInstanceIdentifier", ReplicationInstanceClass="dms.t3.micro"),
    "ec2:vpc": {"CidrBlock": "10.0.0.0/16"},
    "ec2:subnet": {"VpcId": "<ec2:vpc>", "CidrBlock": "10.0.1.0/24"},
    "ec2:security-group": {"GroupName": NAME, "Description": "made", "VpcId": "<ec2:vpc>"},
    "ec2:internet-gateway": {},
    "ec2:egress-only-internet-gateway": {"VpcId": "<ec2:vpc>"},
    "ec2:elastic-ip": {"Domain": "vpc"},
    "ec2:natgateway": {"SubnetId": "<ec2:subnet>", "AllocationId": "<ec2:elastic-ip>"},
    "ec2:route-table": {"VpcId": "<ec2:vpc>"},
    "ec2:route": {
        "RouteTableId": "<ec2:route-table>",
        "DestinationCidrBlock": "0.0.0.0/0",
        "NatGatewayId": "<ec2:natgateway>",
    },
    "ec2:network-acl": {"VpcId": "<ec2:vpc>"},
    "ec2:network-acl-entry": {
        "NetworkAclId": "<ec2:network-acl>",
        "RuleNumber": 7,
        "Protocol": "-1",
        "RuleAction": "allow",
        "Egress": False,
        "CidrBlock": "0.0.0.0/0",
    },
    "ec2:network-interface": {"SubnetId": "<ec2:subnet>"},
    "ec2:dhcp-options": {"DhcpConfigurations": [{"Key": "domain-name", "Values": ["made.example.com"]}]},
    "ec2:vpc-endpoint": {"VpcId": "<ec2:vpc>", "ServiceName": "com.amazonaws.us-east-1.s3"},
    "ec2:vpc-peering-connection": {"VpcId": "<ec2:vpc>", "PeerVpcId": "<ec2:vpc>"},
    "ec2:prefix-list": {"PrefixListName": NAME, "MaxEntries": 1, "AddressFamily": "IPv4"},
    "ec2:carrier-gateway": {"VpcId": "<ec2:vpc>"},
    "ec2:customer-gateway": {"Type": "ipsec.1", "IpAddress": "198.51.100.7", "BgpAsn": 65000},
    "ec2:vpn-gateway": {"Type": "ipsec.1"},
    "ec2:vpn-connection": {
        "Type": "ipsec.1",
        "CustomerGatewayId": "<ec2:customer-gateway>",
        "VpnGatewayId": "<ec2:vpn-gateway>",
    },
    "ec2:transit-gateway": {},
    "ec2:transit-gateway-route-table": {"TransitGatewayId": "<ec2:transit-gateway>"},
    "ec2:key-pair": _named("KeyName"),
    "ec2:launch-template": {"LaunchTemplateName": NAME, "LaunchTemplateData": {"InstanceType": "t3.micro"}},
    "ec2:launch-template-version": {
        "LaunchTemplateId": "<ec2:launch-template>",
        "LaunchTemplateData": {"InstanceType": "t3.small"},
    },
    "ec2:volume": {"AvailabilityZone": "us-east-1a", "Size": 1},
    "ec2:snapshot": {"VolumeId": "<ec2:volume>"},
    "ec2:subnet-cidr-reservation": {"SubnetId": "<ec2:subnet>", "Cidr": "10.0.1.16/28", "ReservationType": "explicit"},
    "ec2:instance": {"ImageId": "ami-12c6146b", "MinCount": 2, "MaxCount": 2, "SubnetId": "<ec2:subnet>"},
    "ec2:image": {"InstanceId": "<ec2:instance>", "Name": NAME},
    "rds:secgrp": _named("DBSecurityGroupName", DBSecurityGroupDescription="made"),
    "redshift:securitygroup": _named("ClusterSecurityGroupName", Description="made"),
    "redshift:subnetgroup": _named("ClusterSubnetGroupName", Description="made", SubnetIds=["<ec2:subnet>"]),
    "organizations:organization": {"FeatureSet": "ALL"},
    "organizations:policy": _named("Name", Content="{}", Description="made", Type="SERVICE_CONTROL_POLICY"),
}

#: What is not made here, and why.
ELSEWHERE = {
    **dict.fromkeys(
        ("dms:ReplicationTask", "dms:ReplicationSubnetGroup", "rds:db", "rds:snapshot", "rds:subgrp"),
        "tests/test_teardown.py",
    ),
    **dict.fromkeys(("rds:deployment", "rds:proxy", "rds:target-group"), "they need a database that runs"),
    **dict.fromkeys(("s3control:accesspoint", "s3control:multiregionaccesspoint"), "ACCOUNT.127.0.0.1 is no host"),
    "ec2:vpc-flow-log": "the lab does not make one: it would tell of traffic that there is not",
    "organizations:account": "AWS's models call its name a secret, so no record has it",
    **dict.fromkeys(
        (
            "cloudformation:stackset-instance",
            "ec2:dedicated-host",
            "ec2:fleet",
            "ec2:import-volume-task",
            "ec2:reserved-instances-listing",
            "ec2:spot-datafeed-subscription",
            "ec2:traffic-mirror-filter",
            "ec2:traffic-mirror-session",
            "ec2:traffic-mirror-target",
            "ec2:transit-gateway-attachment",
            "ec2:transit-gateway-route",
            "ec2:vpc-endpoint-service",
            "organizations:organizationalunit",
        ),
        "far from data, and left to the reader to delete",
    ),
}

#: What AWS has no ARN for, and no ARN of anything that it belongs to.
WITHOUT_ARN = {
    **dict.fromkeys(
        (
            "iam:account alias",
            "glue:securityConfiguration",
            "lakeformation:LF-tag",
            "lakeformation:data cells filter",
            "emr:security-configuration",
        ),
        "not among the resource types of its service in the service authorization reference",
    ),
    "redshift:securitygroup": "the reference has the ARN of a rule within it, not its own",
}

#: What moto has no deletion for.
NEVER_DELETED = frozenset(
    "athena:datacatalog glue:connection kinesisanalyticsv2:application quicksight:dashboard quicksight:dataset".split()
)


def allow_delivery(s3: Any) -> None:
    """Let CloudTrail write to the bucket that has been made, with *s3*: a trail's bucket has to have such a policy."""
    s3.put_bucket_policy(Bucket=NAME, Policy=bucket_policy(NAME, NAME))


def filled(value: Any, made: Mapping[str, str]) -> Any:
    """*value* with the names of what has been made."""
    if isinstance(value, dict):
        return {key: filled(each, made) for key, each in value.items()}
    if isinstance(value, list):
        return [filled(each, made) for each in value]
    if isinstance(value, str) and (found := re.fullmatch("<(.+)>", value)):
        return made[found[1]]
    return value
