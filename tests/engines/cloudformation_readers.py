"""What services tell of resources, each property as a template writes it: by the lab and the physical id."""

from __future__ import annotations

import json
from typing import Any

from tests.conftest import RunningLab


def pairs(tags: dict[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


def stream(lab: RunningLab, name: str) -> dict[str, Any]:
    client = lab.client("kinesis")
    told = client.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]
    return {
        "ShardCount": told["OpenShardCount"],
        "RetentionPeriodHours": told["RetentionPeriodHours"],
        "StreamEncryption": {"EncryptionType": told["EncryptionType"], "KeyId": told["KeyId"]},
        "StreamModeDetails": told["StreamModeDetails"],
        "Tags": client.list_tags_for_stream(StreamName=name)["Tags"],
    }


def function(lab: RunningLab, name: str) -> dict[str, Any]:
    client = lab.client("lambda")
    told = client.get_function(FunctionName=name)
    reserved = client.get_function_concurrency(FunctionName=name)["ReservedConcurrentExecutions"]
    configuration = told["Configuration"]
    logging = configuration["LoggingConfig"]
    return {
        **configuration,
        "Tags": pairs(told["Tags"]),
        "ReservedConcurrentExecutions": reserved,
        "Layers": [each["Arn"] for each in configuration.get("Layers", [])],
        "LoggingConfig": {"LogFormat": logging["LogFormat"], "LogGroup": logging["LogGroup"]},
    }


def mapping(lab: RunningLab, uuid: str) -> dict[str, Any]:
    told = lab.client("lambda").get_event_source_mapping(UUID=uuid)
    return {
        **told,
        "FunctionName": told["FunctionArn"],
        "Enabled": told["State"] in ("Enabled", "Enabling", "Creating"),
    }


def policies(lab: RunningLab, kind: str, **holder: str) -> dict[str, Any]:
    """What a role or a user holds."""
    iam = lab.client("iam")
    attached = getattr(iam, f"list_attached_{kind}_policies")(**holder)["AttachedPolicies"]
    names = getattr(iam, f"list_{kind}_policies")(**holder)["PolicyNames"]
    inline = [getattr(iam, f"get_{kind}_policy")(**holder, PolicyName=each) for each in names]
    return {
        "ManagedPolicyArns": [each["PolicyArn"] for each in attached],
        "Policies": [{name: each[name] for name in ("PolicyName", "PolicyDocument")} for each in inline],
    }


def role(lab: RunningLab, name: str) -> dict[str, Any]:
    iam = lab.client("iam")
    told = iam.get_role(RoleName=name)["Role"]
    return {
        **told,
        "PermissionsBoundary": told["PermissionsBoundary"]["PermissionsBoundaryArn"],
        **policies(lab, "role", RoleName=name),
    }


def user(lab: RunningLab, name: str) -> dict[str, Any]:
    iam = lab.client("iam")
    told = iam.get_user(UserName=name)["User"]
    iam.get_login_profile(UserName=name)
    return {
        **told,
        "Groups": [each["GroupName"] for each in iam.list_groups_for_user(UserName=name)["Groups"]],
        **policies(lab, "user", UserName=name),
    }


def group(lab: RunningLab, name: str) -> dict[str, Any]:
    iam = lab.client("iam")
    attached = iam.list_attached_group_policies(GroupName=name)["AttachedPolicies"]
    return {
        **iam.get_group(GroupName=name)["Group"],
        "ManagedPolicyArns": [each["PolicyArn"] for each in attached],
    }


def topic(lab: RunningLab, arn: str) -> dict[str, Any]:
    sns = lab.client("sns")
    told = sns.get_topic_attributes(TopicArn=arn)["Attributes"]
    subscriptions = sns.list_subscriptions_by_topic(TopicArn=arn)["Subscriptions"]
    return {
        **told,
        "FifoTopic": told.get("FifoTopic") == "true",
        "ContentBasedDeduplication": told.get("ContentBasedDeduplication") == "true",
        "Subscription": [{"Protocol": each["Protocol"], "Endpoint": each["Endpoint"]} for each in subscriptions],
        "Tags": sns.list_tags_for_resource(ResourceArn=arn)["Tags"],
    }


def table(lab: RunningLab, name: str) -> dict[str, Any]:
    dynamodb = lab.client("dynamodb")
    told = dynamodb.describe_table(TableName=name)["Table"]
    backups = dynamodb.describe_continuous_backups(TableName=name)["ContinuousBackupsDescription"]
    recovery = backups["PointInTimeRecoveryDescription"]["PointInTimeRecoveryStatus"]
    live = dynamodb.describe_time_to_live(TableName=name)["TimeToLiveDescription"]
    throughput = {key: told["ProvisionedThroughput"][key] for key in ("ReadCapacityUnits", "WriteCapacityUnits")}
    index_members = ("IndexName", "KeySchema", "Projection")
    return {
        **told,
        "BillingMode": told.get("BillingModeSummary", {}).get("BillingMode", "PROVISIONED"),
        "GlobalSecondaryIndexes": [
            {**{key: each[key] for key in index_members}, "ProvisionedThroughput": throughput}
            for each in told["GlobalSecondaryIndexes"]
        ],
        "LocalSecondaryIndexes": [{key: each[key] for key in index_members} for each in told["LocalSecondaryIndexes"]],
        "PointInTimeRecoverySpecification": {"PointInTimeRecoveryEnabled": recovery == "ENABLED"},
        "ProvisionedThroughput": throughput,
        "SSESpecification": {"SSEEnabled": told.get("SSEDescription", {}).get("Status") == "ENABLED"},
        "StreamSpecification": {"StreamViewType": told["StreamSpecification"]["StreamViewType"]},
        "Tags": dynamodb.list_tags_of_resource(ResourceArn=told["TableArn"])["Tags"],
        "TimeToLiveSpecification": {
            "AttributeName": live.get("AttributeName"),
            "Enabled": live["TimeToLiveStatus"] == "ENABLED",
        },
    }


def rule(lab: RunningLab, name: str) -> dict[str, Any]:
    events = lab.client("events")
    told = events.describe_rule(Name=name)
    return {
        **told,
        "EventPattern": json.loads(told["EventPattern"]),
        "Targets": events.list_targets_by_rule(Rule=name)["Targets"],
        "Tags": events.list_tags_for_resource(ResourceARN=told["Arn"])["Tags"],
    }


def log_group(lab: RunningLab, name: str) -> dict[str, Any]:
    logs = lab.client("logs")
    [told] = logs.describe_log_groups(logGroupNamePrefix=name)["logGroups"]
    return {
        "RetentionInDays": told["retentionInDays"],
        "LogGroupClass": told.get("logGroupClass"),
        "KmsKeyId": told["kmsKeyId"],
        "Tags": pairs(logs.list_tags_log_group(logGroupName=name)["tags"]),
    }


def key(lab: RunningLab, key_id: str) -> dict[str, Any]:
    kms = lab.client("kms")
    told = kms.describe_key(KeyId=key_id)["KeyMetadata"]
    tags = kms.list_resource_tags(KeyId=key_id)["Tags"]
    rotation = kms.get_key_rotation_status(KeyId=key_id)
    return {
        **told,
        "KeyPolicy": json.loads(kms.get_key_policy(KeyId=key_id, PolicyName="default")["Policy"]),
        "EnableKeyRotation": rotation["KeyRotationEnabled"],
        "Tags": [{"Key": each["TagKey"], "Value": each["TagValue"]} for each in tags],
    }


def machine(lab: RunningLab, arn: str) -> dict[str, Any]:
    client = lab.client("stepfunctions")
    told = client.describe_state_machine(stateMachineArn=arn)
    logging = told["loggingConfiguration"]
    return {
        "DefinitionSubstitutions": {"greeting": json.loads(told["definition"])["States"]["A"]["Result"]},
        "LoggingConfiguration": {
            "Level": logging["level"],
            "IncludeExecutionData": logging["includeExecutionData"],
        },
        "RoleArn": told["roleArn"],
        "StateMachineType": told["type"],
        "TracingConfiguration": {"Enabled": told["tracingConfiguration"]["enabled"]},
        "Tags": [
            {"Key": each["key"], "Value": each["value"]}
            for each in client.list_tags_for_resource(resourceArn=arn)["tags"]
        ],
    }


def parameter(lab: RunningLab, name: str) -> dict[str, Any]:
    ssm = lab.client("ssm")
    told = ssm.get_parameter(Name=name)["Parameter"]
    filters = [{"Key": "Name", "Values": [name]}]
    [described] = ssm.describe_parameters(ParameterFilters=filters)["Parameters"]
    tags = ssm.list_tags_for_resource(ResourceType="Parameter", ResourceId=name)["TagList"]
    return {**told, **described, "Tags": {each["Key"]: each["Value"] for each in tags}}


def job(lab: RunningLab, name: str) -> dict[str, Any]:
    glue = lab.client("glue")
    arn = f"arn:aws:glue:us-east-1:{lab.facts['account_id']}:job/{name}"
    return {**glue.get_job(JobName=name)["Job"], "Tags": glue.get_tags(ResourceArn=arn)["Tags"]}


def crawler(lab: RunningLab, name: str) -> dict[str, Any]:
    glue = lab.client("glue")
    told = glue.get_crawler(Name=name)["Crawler"]
    arn = f"arn:aws:glue:us-east-1:{lab.facts['account_id']}:crawler/{name}"
    schedule = {"ScheduleExpression": told["Schedule"]["ScheduleExpression"]}
    return {**told, "Schedule": schedule, "Tags": glue.get_tags(ResourceArn=arn)["Tags"]}


def workgroup(lab: RunningLab, name: str) -> dict[str, Any]:
    athena = lab.client("athena")
    told = athena.get_work_group(WorkGroup=name)["WorkGroup"]
    arn = f"arn:aws:athena:us-east-1:{lab.facts['account_id']}:workgroup/{name}"
    members = ("ResultConfiguration", "EnforceWorkGroupConfiguration", "BytesScannedCutoffPerQuery")
    return {
        **told,
        "Tags": athena.list_tags_for_resource(ResourceARN=arn)["Tags"],
        "WorkGroupConfiguration": {member: told["Configuration"][member] for member in members},
    }


def alarm(lab: RunningLab, name: str) -> dict[str, Any]:
    cloudwatch = lab.client("cloudwatch")
    [told] = cloudwatch.describe_alarms(AlarmNames=[name])["MetricAlarms"]
    return {**told, "Tags": cloudwatch.list_tags_for_resource(ResourceARN=told["AlarmArn"])["Tags"]}


def secret(lab: RunningLab, arn: str) -> dict[str, Any]:
    client = lab.client("secretsmanager")
    return {**client.describe_secret(SecretId=arn), **client.get_secret_value(SecretId=arn)}


def vpc(lab: RunningLab, name: str) -> dict[str, Any]:
    ec2 = lab.client("ec2")
    [told] = ec2.describe_vpcs(VpcIds=[name])["Vpcs"]
    attributes = {
        each: ec2.describe_vpc_attribute(VpcId=name, Attribute=each[:1].lower() + each[1:])[each]["Value"]
        for each in ("EnableDnsHostnames", "EnableDnsSupport")
    }
    return {**told, **attributes, "Tags": own(told)}


def subnet(lab: RunningLab, name: str) -> dict[str, Any]:
    [told] = lab.client("ec2").describe_subnets(SubnetIds=[name])["Subnets"]
    return {**told, "Tags": own(told)}


def security_group(lab: RunningLab, name: str) -> dict[str, Any]:
    [told] = lab.client("ec2").describe_security_groups(GroupIds=[name])["SecurityGroups"]
    rules = {}
    for member, property_name in (
        ("IpPermissions", "SecurityGroupIngress"),
        ("IpPermissionsEgress", "SecurityGroupEgress"),
    ):
        rules[property_name] = [
            {
                **{key: each[key] for key in ("IpProtocol", "FromPort", "ToPort")},
                "CidrIp": each["IpRanges"][0]["CidrIp"],
            }
            for each in told[member]
        ]
    return {**told, **rules, "GroupDescription": told["Description"], "Tags": own(told)}


def route_table(lab: RunningLab, name: str) -> dict[str, Any]:
    [told] = lab.client("ec2").describe_route_tables(RouteTableIds=[name])["RouteTables"]
    return {**told, "Tags": own(told)}


def own(told: dict[str, Any]) -> list[dict[str, str]]:
    """The tags that are not CloudFormation's."""
    return [each for each in told["Tags"] if not each["Key"].startswith("aws:")]


def database(lab: RunningLab, name: str) -> dict[str, Any]:
    [told] = lab.client("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    return {
        **told,
        "AllocatedStorage": str(told["AllocatedStorage"]),
        "DBSubnetGroupName": told["DBSubnetGroup"]["DBSubnetGroupName"],
        "Tags": told["TagList"],
        "VPCSecurityGroups": [each["VpcSecurityGroupId"] for each in told["VpcSecurityGroups"]],
    }


def named_query(lab: RunningLab, query_id: str) -> dict[str, Any]:
    told: dict[str, Any] = lab.client("athena").get_named_query(NamedQueryId=query_id)["NamedQuery"]
    return told


def delivery_stream(lab: RunningLab, name: str) -> dict[str, Any]:
    firehose = lab.client("firehose")
    told = firehose.describe_delivery_stream(DeliveryStreamName=name)["DeliveryStreamDescription"]
    described = told["Destinations"][0]["ExtendedS3DestinationDescription"]
    members = "BucketARN BufferingHints CompressionFormat ErrorOutputPrefix Prefix RoleARN".split()
    return {
        **told,
        "ExtendedS3DestinationConfiguration": {member: described[member] for member in members},
        "Tags": firehose.list_tags_for_delivery_stream(DeliveryStreamName=name)["Tags"],
    }


def queue(lab: RunningLab, url: str) -> dict[str, Any]:
    """A queue tells numbers and booleans as texts, as JSON writes them."""
    sqs = lab.client("sqs")
    own = sqs.get_queue_url(QueueName=url.rsplit("/", 1)[-1])["QueueUrl"]
    told = sqs.get_queue_attributes(QueueUrl=own, AttributeNames=["All"])["Attributes"]
    plain = {name: json.loads(each) for name, each in told.items() if each.isdecimal() or each in ("true", "false")}
    return {**told, **plain, "Tags": pairs(sqs.list_queue_tags(QueueUrl=own)["Tags"])}


def subscription(lab: RunningLab, arn: str) -> dict[str, Any]:
    told = lab.client("sns").get_subscription_attributes(SubscriptionArn=arn)["Attributes"]
    read = {name: json.loads(told[name]) for name in ("FilterPolicy", "RawMessageDelivery", "RedrivePolicy")}
    return {**told, **read}


def managed_policy(lab: RunningLab, arn: str) -> dict[str, Any]:
    iam = lab.client("iam")
    told = iam.get_policy(PolicyArn=arn)["Policy"]
    version = iam.get_policy_version(PolicyArn=arn, VersionId=told["DefaultVersionId"])["PolicyVersion"]
    return {**told, "ManagedPolicyName": told["PolicyName"], "PolicyDocument": version["Document"]}


def bus(lab: RunningLab, name: str) -> dict[str, Any]:
    events = lab.client("events")
    told = events.describe_event_bus(Name=name)
    return {**told, "Tags": events.list_tags_for_resource(ResourceARN=told["Arn"])["Tags"]}


def topic_policy(lab: RunningLab, name: str) -> dict[str, Any]:
    """Of the topic that has a policy for anybody."""
    sns = lab.client("sns")
    for each in sns.get_paginator("list_topics").paginate().search("Topics[].TopicArn"):
        policy = json.loads(sns.get_topic_attributes(TopicArn=each)["Attributes"]["Policy"])
        if policy["Statement"][0]["Action"] == "sns:Publish":
            return {"PolicyDocument": policy, "Topics": [each]}
    return {}


def cluster(lab: RunningLab, cluster_id: str) -> dict[str, Any]:
    emr = lab.client("emr")
    told = emr.describe_cluster(ClusterId=cluster_id)["Cluster"]
    groups = {
        each["InstanceGroupType"]: each for each in emr.list_instance_groups(ClusterId=cluster_id)["InstanceGroups"]
    }
    actions = emr.list_bootstrap_actions(ClusterId=cluster_id)["BootstrapActions"]
    return {
        **told,
        "Applications": [{"Name": each["Name"]} for each in told["Applications"]],
        "BootstrapActions": [
            {"Name": each["Name"], "ScriptBootstrapAction": {"Path": each["ScriptPath"]}} for each in actions
        ],
        "Configurations": [
            {"Classification": each["Classification"], "ConfigurationProperties": each["Properties"]}
            for each in told["Configurations"]
        ],
        "Instances": {
            **{
                f"{role.capitalize()}InstanceGroup": {
                    "InstanceCount": groups[role]["RequestedInstanceCount"],
                    "InstanceType": groups[role]["InstanceType"],
                    "Name": groups[role]["Name"],
                }
                for role in ("CORE", "MASTER")
            },
            "KeepJobFlowAliveWhenNoSteps": not told["AutoTerminate"],
            "TerminationProtected": told["TerminationProtected"],
        },
        "JobFlowRole": told["Ec2InstanceAttributes"]["IamInstanceProfile"],
        "Steps": [
            {
                "ActionOnFailure": each["ActionOnFailure"],
                "HadoopJarStep": {"Args": each["Config"]["Args"], "Jar": each["Config"]["Jar"]},
                "Name": each["Name"],
            }
            for each in emr.list_steps(ClusterId=cluster_id)["Steps"]
        ],
    }
