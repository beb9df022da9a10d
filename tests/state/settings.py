"""For each service: something made through its API, and the questions whose answers it shows in."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

#: An operation and its parameters.
Question = tuple[str, dict[str, Any]]
Clients = Callable[[str], Any]

TRUST = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        ],
    }
)
POLICY = json.dumps(
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
)
ROLE = "arn:aws:iam::123456789012:role/kept"
TEMPLATE = json.dumps({"Resources": {"Topic": {"Type": "AWS::SNS::Topic", "Properties": {"TopicName": "of-stack"}}}})
MACHINE = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})


def iam(client: Any) -> list[Question]:
    client.create_role(RoleName="kept", AssumeRolePolicyDocument=TRUST, Tags=[{"Key": "a", "Value": "b"}])
    policy = client.create_policy(PolicyName="kept", PolicyDocument=POLICY)["Policy"]["Arn"]
    client.attach_role_policy(RoleName="kept", PolicyArn=policy)
    client.attach_role_policy(RoleName="kept", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
    client.put_role_policy(RoleName="kept", PolicyName="inline", PolicyDocument=POLICY)
    client.create_user(UserName="kept")
    client.create_access_key(UserName="kept")
    client.create_group(GroupName="kept")
    client.add_user_to_group(GroupName="kept", UserName="kept")
    client.create_instance_profile(InstanceProfileName="kept")
    return [
        ("get_role", {"RoleName": "kept"}),
        ("list_attached_role_policies", {"RoleName": "kept"}),
        ("get_role_policy", {"RoleName": "kept", "PolicyName": "inline"}),
        ("get_policy", {"PolicyArn": policy}),
        ("get_policy", {"PolicyArn": "arn:aws:iam::aws:policy/ReadOnlyAccess"}),
        ("list_access_keys", {"UserName": "kept"}),
        ("get_group", {"GroupName": "kept"}),
        ("get_account_summary", {}),
        ("list_instance_profiles", {}),
    ]


def sns(client: Any) -> list[Question]:
    topic = client.create_topic(Name="kept", Tags=[{"Key": "a", "Value": "b"}])["TopicArn"]
    client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:us-east-1:123456789012:none")
    return [("get_topic_attributes", {"TopicArn": topic}), ("list_subscriptions", {})]


def kms(client: Any) -> list[Question]:
    key = client.create_key(Description="kept")["KeyMetadata"]["KeyId"]
    client.create_alias(AliasName="alias/kept", TargetKeyId=key)
    signing = client.create_key(KeySpec="RSA_2048", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    curve = client.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    secret = client.encrypt(KeyId=key, Plaintext=b"text")["CiphertextBlob"]
    return [
        ("describe_key", {"KeyId": "alias/kept"}),
        ("get_public_key", {"KeyId": signing}),
        ("get_public_key", {"KeyId": curve}),
        ("decrypt", {"CiphertextBlob": secret}),
    ]


def secretsmanager(client: Any) -> list[Question]:
    client.create_secret(Name="kept", SecretString="one")
    client.put_secret_value(SecretId="kept", SecretString="two")
    return [("get_secret_value", {"SecretId": "kept"}), ("describe_secret", {"SecretId": "kept"})]


def ssm(client: Any) -> list[Question]:
    client.put_parameter(Name="/kept", Value="1", Type="String")
    client.put_parameter(Name="/kept", Value="2", Type="String", Overwrite=True)
    return [("get_parameter_history", {"Name": "/kept"}), ("describe_parameters", {})]


def events(client: Any) -> list[Question]:
    client.put_rule(Name="kept", EventPattern='{"source": ["kept"]}')
    client.put_targets(Rule="kept", Targets=[{"Id": "1", "Arn": "arn:aws:sqs:us-east-1:123456789012:none"}])
    client.create_event_bus(Name="kept")
    client.create_archive(ArchiveName="kept", EventSourceArn="arn:aws:events:us-east-1:123456789012:event-bus/kept")
    return [
        ("describe_rule", {"Name": "kept"}),
        ("list_targets_by_rule", {"Rule": "kept"}),
        ("list_event_buses", {}),
        ("list_archives", {}),
    ]


def stepfunctions(client: Any) -> list[Question]:
    machine = client.create_state_machine(name="kept", definition=MACHINE, roleArn=ROLE)["stateMachineArn"]
    execution = client.start_execution(stateMachineArn=machine, input="{}")["executionArn"]
    return [
        ("describe_state_machine", {"stateMachineArn": machine}),
        ("list_executions", {"stateMachineArn": machine}),
        ("describe_execution", {"executionArn": execution}),
    ]


def ec2(client: Any) -> list[Question]:
    vpc = client.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    client.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")
    group = client.create_security_group(GroupName="kept", Description="kept", VpcId=vpc)["GroupId"]
    rule = {"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "IpRanges": [{"CidrIp": "10.0.0.0/8"}]}
    client.authorize_security_group_ingress(GroupId=group, IpPermissions=[rule])
    client.create_internet_gateway()
    client.create_vpc_endpoint(VpcId=vpc, ServiceName="com.amazonaws.us-east-1.s3")
    client.create_key_pair(KeyName="kept")
    client.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    return [
        ("describe_vpcs", {}),
        ("describe_subnets", {}),
        ("describe_security_groups", {}),
        ("describe_route_tables", {}),
        ("describe_internet_gateways", {}),
        ("describe_vpc_endpoints", {}),
        ("describe_key_pairs", {}),
        ("describe_instances", {}),
        ("describe_volumes", {}),
    ]


def cloudformation(client: Any) -> list[Question]:
    client.create_stack(StackName="kept", TemplateBody=TEMPLATE)
    client.get_waiter("stack_create_complete").wait(StackName="kept", WaiterConfig={"Delay": 1})
    return [
        ("describe_stacks", {"StackName": "kept"}),
        ("describe_stack_resources", {"StackName": "kept"}),
        ("describe_stack_events", {"StackName": "kept"}),
        ("get_template", {"StackName": "kept"}),
    ]


def organizations(client: Any) -> list[Question]:
    client.create_organization(FeatureSet="ALL")
    client.create_account(Email="kept@example.com", AccountName="kept")
    return [("describe_organization", {}), ("list_accounts", {}), ("list_roots", {})]


def emr(client: Any) -> list[Question]:
    instances = {"MasterInstanceType": "m5.xlarge", "SlaveInstanceType": "m5.xlarge", "InstanceCount": 2}
    cluster = client.run_job_flow(
        Name="kept",
        ReleaseLabel="emr-7.0.0",
        Instances={**instances, "KeepJobFlowAliveWhenNoSteps": True},
        JobFlowRole="EMR_EC2_DefaultRole",
        ServiceRole="EMR_DefaultRole",
        Steps=[{"Name": "kept", "HadoopJarStep": {"Jar": "command-runner.jar"}}],
    )["JobFlowId"]
    return [
        ("describe_cluster", {"ClusterId": cluster}),
        ("list_steps", {"ClusterId": cluster}),
        ("list_instance_groups", {"ClusterId": cluster}),
    ]


def lakeformation(client: Any) -> list[Question]:
    client.register_resource(ResourceArn="arn:aws:s3:::kept", RoleArn=ROLE)
    return [("list_resources", {}), ("get_data_lake_settings", {})]


def budgets(client: Any) -> list[Question]:
    limit = {"Amount": "10", "Unit": "USD"}
    budget = {"BudgetName": "kept", "BudgetType": "COST", "TimeUnit": "MONTHLY", "BudgetLimit": limit}
    client.create_budget(AccountId="123456789012", Budget=budget)
    return [("describe_budgets", {"AccountId": "123456789012"})]


def ecr(client: Any) -> list[Question]:
    client.create_repository(repositoryName="kept")
    return [("describe_repositories", {})]


def ecs(client: Any) -> list[Question]:
    client.create_cluster(clusterName="kept")
    return [("list_clusters", {}), ("describe_clusters", {"clusters": ["kept"]})]


def scheduler(client: Any) -> list[Question]:
    target = {"Arn": "arn:aws:sqs:us-east-1:123456789012:none", "RoleArn": ROLE}
    once = {"ScheduleExpression": "rate(1 hour)", "FlexibleTimeWindow": {"Mode": "OFF"}}
    client.create_schedule(Name="kept", Target=target, **once)
    return [("get_schedule", {"Name": "kept"}), ("list_schedule_groups", {})]


def pipes(client: Any) -> list[Question]:
    queue = "arn:aws:sqs:us-east-1:123456789012:none"
    client.create_pipe(Name="kept", Source=queue, Target=queue, RoleArn=ROLE)
    return [("describe_pipe", {"Name": "kept"})]


def redshift(client: Any) -> list[Question]:
    login = {"MasterUsername": "admin", "MasterUserPassword": "Kept-12345"}
    client.create_cluster(ClusterIdentifier="kept", NodeType="ra3.xlplus", **login)
    return [("describe_clusters", {})]


def opensearch(client: Any) -> list[Question]:
    client.create_domain(DomainName="kept")
    return [("list_domain_names", {}), ("describe_domain_config", {"DomainName": "kept"})]


def cloudtrail(client: Any) -> list[Question]:
    return [("list_trails", {})]


def quicksight(client: Any) -> list[Question]:
    client.create_group(AwsAccountId="123456789012", Namespace="default", GroupName="kept")
    return [("list_groups", {"AwsAccountId": "123456789012", "Namespace": "default"})]


def kinesisanalyticsv2(client: Any) -> list[Question]:
    client.create_application(ApplicationName="kept", RuntimeEnvironment="FLINK-1_18", ServiceExecutionRole=ROLE)
    return [("describe_application", {"ApplicationName": "kept"})]


def emr_serverless(client: Any) -> list[Question]:
    made = client.create_application(name="kept", releaseLabel="emr-7.0.0", type="SPARK")["applicationId"]
    return [("get_application", {"applicationId": made})]


def support(client: Any) -> list[Question]:
    client.create_case(subject="kept", communicationBody="kept")
    return [("describe_cases", {})]


def s3tables(client: Any) -> list[Question]:
    bucket = client.create_table_bucket(name="kept-tables")["arn"]
    client.create_namespace(tableBucketARN=bucket, namespace=["kept"])
    return [("list_table_buckets", {}), ("list_namespaces", {"tableBucketARN": bucket})]


def cloudwatch(client: Any) -> list[Question]:
    alarm = {"MetricName": "m", "Namespace": "kept", "Period": 60, "EvaluationPeriods": 1, "Statistic": "Sum"}
    client.put_metric_alarm(AlarmName="kept", ComparisonOperator="GreaterThanThreshold", Threshold=1.0, **alarm)
    client.put_dashboard(DashboardName="kept", DashboardBody='{"widgets": []}')
    return [("describe_alarms", {}), ("get_dashboard", {"DashboardName": "kept"})]


def logs(client: Any) -> list[Question]:
    client.create_log_group(logGroupName="kept")
    client.put_retention_policy(logGroupName="kept", retentionInDays=7)
    client.create_log_stream(logGroupName="kept", logStreamName="kept")
    return [("describe_log_groups", {}), ("describe_log_streams", {"logGroupName": "kept"})]


def sqs(client: Any) -> list[Question]:
    url = client.create_queue(QueueName="kept", Attributes={"DelaySeconds": "3"})["QueueUrl"]
    return [("list_queues", {}), ("get_queue_attributes", {"QueueUrl": url, "AttributeNames": ["All"]})]


def dynamodb(client: Any) -> list[Question]:
    key = [{"AttributeName": "k", "KeyType": "HASH"}]
    kind = [{"AttributeName": "k", "AttributeType": "S"}]
    client.create_table(TableName="kept", KeySchema=key, AttributeDefinitions=kind, BillingMode="PAY_PER_REQUEST")
    return [("list_tables", {}), ("describe_table", {"TableName": "kept"})]


def kinesis(client: Any) -> list[Question]:
    client.create_stream(StreamName="kept", ShardCount=2)
    return [("list_streams", {}), ("list_shards", {"StreamName": "kept"})]


def glue(client: Any) -> list[Question]:
    client.create_database(DatabaseInput={"Name": "kept"})
    client.create_job(Name="kept", Role=ROLE, Command={"Name": "glueetl", "ScriptLocation": "s3://kept/a.py"})
    client.create_crawler(Name="kept", Role=ROLE, DatabaseName="kept", Targets={"S3Targets": [{"Path": "s3://kept/a"}]})
    client.create_workflow(Name="kept")
    client.create_registry(RegistryName="kept")
    client.create_connection(ConnectionInput={"Name": "kept", "ConnectionType": "NETWORK", "ConnectionProperties": {}})
    client.create_trigger(Name="kept", Type="ON_DEMAND", Actions=[{"JobName": "kept"}])
    return [
        ("get_database", {"Name": "kept"}),
        ("get_job", {"JobName": "kept"}),
        ("get_crawler", {"Name": "kept"}),
        ("get_workflow", {"Name": "kept"}),
        ("list_registries", {}),
        ("get_connection", {"Name": "kept"}),
        ("get_trigger", {"Name": "kept"}),
    ]


def athena(client: Any) -> list[Question]:
    client.create_work_group(Name="kept", Description="kept")
    client.create_data_catalog(Name="kept", Type="GLUE", Parameters={"catalog-id": "123456789012"})
    query = client.create_named_query(Name="kept", Database="kept", QueryString="SELECT 1", WorkGroup="kept")
    client.create_prepared_statement(StatementName="kept", WorkGroup="kept", QueryStatement="SELECT 1")
    return [
        ("get_work_group", {"WorkGroup": "kept"}),
        ("list_data_catalogs", {}),
        ("get_named_query", {"NamedQueryId": query["NamedQueryId"]}),
        ("get_prepared_statement", {"StatementName": "kept", "WorkGroup": "kept"}),
    ]


def rds(client: Any) -> list[Question]:
    client.create_db_parameter_group(DBParameterGroupName="kept", DBParameterGroupFamily="postgres16", Description="k")
    subscription = {"SnsTopicArn": "arn:aws:sns:us-east-1:123456789012:kept", "SourceType": "db-instance"}
    client.create_event_subscription(SubscriptionName="kept", **subscription)
    group = {"EngineName": "mysql", "MajorEngineVersion": "8.0", "OptionGroupDescription": "kept"}
    client.create_option_group(OptionGroupName="kept", **group)
    return [
        ("describe_db_parameter_groups", {"DBParameterGroupName": "kept"}),
        ("describe_event_subscriptions", {}),
        ("describe_option_groups", {"OptionGroupName": "kept"}),
    ]


def xray(client: Any) -> list[Question]:
    now = time.time()
    trace = f"1-{int(now):08x}-{'0' * 24}"
    segment = {"trace_id": trace, "id": "0" * 16, "name": "kept", "start_time": now - 1, "end_time": now}
    client.put_trace_segments(TraceSegmentDocuments=[json.dumps(segment)])
    return [("batch_get_traces", {"TraceIds": [trace]})]
