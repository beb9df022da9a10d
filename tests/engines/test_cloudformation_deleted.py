"""What a stack made is gone from its service when the stack is deleted, of every type: nothing is only called deleted.

Source: CloudFormation user guide, "Delete a stack".
"""

from __future__ import annotations

import io
import json
import uuid
import zipfile
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}
ALLOW = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:List*", "Resource": "*"}]}


def resource(kind: str, **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties}


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def arn(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "Arn"]}


def network() -> dict[str, Any]:
    return {
        "Vpc": resource("EC2::VPC", CidrBlock="10.7.0.0/16"),
        "Subnet": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.7.1.0/24"),
        "Other": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.7.2.0/24", AvailabilityZone="us-east-1b"),
        "Databases": resource(
            "RDS::DBSubnetGroup", DBSubnetGroupDescription="d", SubnetIds=[ref("Subnet"), ref("Other")]
        ),
        "Settings": resource("RDS::DBParameterGroup", Description="d", Family="postgres15"),
        "Gateway": resource("EC2::InternetGateway"),
        "Attached": resource("EC2::VPCGatewayAttachment", VpcId=ref("Vpc"), InternetGatewayId=ref("Gateway")),
        "Routes": resource("EC2::RouteTable", VpcId=ref("Vpc")),
        "Way": {
            **resource(
                "EC2::Route",
                RouteTableId=ref("Routes"),
                DestinationCidrBlock="0.0.0.0/0",
                GatewayId=ref("Gateway"),
            ),
            "DependsOn": "Attached",
        },
        "Associated": resource("EC2::SubnetRouteTableAssociation", SubnetId=ref("Subnet"), RouteTableId=ref("Routes")),
        "Group": resource("EC2::SecurityGroup", GroupDescription="g", VpcId=ref("Vpc")),
        "Ingress": resource(
            "EC2::SecurityGroupIngress",
            GroupId={"Fn::GetAtt": ["Group", "GroupId"]},
            IpProtocol="tcp",
            FromPort=5432,
            ToPort=5432,
            CidrIp="10.0.0.0/8",
        ),
        "Address": resource("EC2::EIP", Domain="vpc"),
        "Nat": resource(
            "EC2::NatGateway", SubnetId=ref("Subnet"), AllocationId={"Fn::GetAtt": ["Address", "AllocationId"]}
        ),
        "Volume": resource("EC2::Volume", Size=1, AvailabilityZone="us-east-1a"),
        "Endpoint": resource(
            "EC2::VPCEndpoint",
            VpcId=ref("Vpc"),
            ServiceName="com.amazonaws.us-east-1.s3",
            RouteTableIds=[ref("Routes")],
            VpcEndpointType="Gateway",
        ),
    }


def of_data(name: str, bucket: str) -> dict[str, Any]:
    return {
        "Role": resource("IAM::Role", RoleName=name, AssumeRolePolicyDocument=TRUST),
        "Inline": resource("IAM::Policy", PolicyName=name, PolicyDocument=ALLOW, Roles=[ref("Role")]),
        "Managed": resource("IAM::ManagedPolicy", ManagedPolicyName=name, PolicyDocument=ALLOW),
        "User": resource("IAM::User", UserName=name),
        "Key": resource("IAM::AccessKey", UserName=ref("User")),
        "Profile": resource("IAM::InstanceProfile", InstanceProfileName=name, Roles=[ref("Role")]),
        "Encryption": resource("KMS::Key", PendingWindowInDays=7),
        "Alias": resource("KMS::Alias", AliasName=f"alias/{name}", TargetKeyId=ref("Encryption")),
        "Table": resource(
            "DynamoDB::Table",
            TableName=name,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
            KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        ),
        "Stream": resource("Kinesis::Stream", Name=name, ShardCount=1),
        "Topic": resource("SNS::Topic", TopicName=name),
        "Queue": resource("SQS::Queue", QueueName=name),
        "Logs": resource("Logs::LogGroup", LogGroupName=name),
        "Bus": resource("Events::EventBus", Name=name),
        "Rule": resource("Events::Rule", Name=name, EventBusName=ref("Bus"), EventPattern={"source": ["x"]}),
        "Board": resource("CloudWatch::Dashboard", DashboardName=name, DashboardBody='{"widgets": []}'),
        "Setting": resource("SSM::Parameter", Name=name, Type="String", Value="v"),
        "Machine": resource(
            "StepFunctions::StateMachine",
            StateMachineName=name,
            RoleArn=arn("Role"),
            DefinitionString='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
        ),
        "Bucket": resource("S3::Bucket", BucketName=name),
        "Function": resource(
            "Lambda::Function",
            FunctionName=name,
            Runtime="python3.11",
            Handler="index.handler",
            Role=arn("Role"),
            Code={"ZipFile": "def handler(event, context): return 1"},
        ),
        "Version": resource("Lambda::Version", FunctionName=ref("Function")),
        "Layer": resource("Lambda::LayerVersion", LayerName=name, Content={"S3Bucket": bucket, "S3Key": "layer.zip"}),
    }


def created(lab: RunningLab, resources: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """The name of a new stack, and the physical ids."""
    import botocore.config

    formation, stack = (
        lab.client("cloudformation", config=botocore.config.Config(retries={"total_max_attempts": 1})),
        f"gone-{uuid.uuid4().hex[:8]}",
    )
    template = json.dumps({"Resources": resources})
    formation.create_stack(StackName=stack, TemplateBody=template, Capabilities=["CAPABILITY_NAMED_IAM"])
    told = formation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [each["ResourceStatusReason"] for each in told if each["ResourceStatus"] == "CREATE_FAILED"]
    assert formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE", failed
    found = formation.describe_stack_resources(StackName=stack)["StackResources"]
    return stack, {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in found}


def deleted(lab: RunningLab, stack: str) -> None:
    formation = lab.client("cloudformation")
    [told] = formation.describe_stacks(StackName=stack)["Stacks"]
    formation.delete_stack(StackName=stack)
    events = formation.describe_stack_events(StackName=told["StackId"])["StackEvents"]
    failed = [
        (e["LogicalResourceId"], e["ResourceStatusReason"]) for e in events if e["ResourceStatus"].endswith("LED")
    ]
    assert not failed
    assert formation.describe_stacks(StackName=told["StackId"])["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE"


def test_data_stack_is_gone(lab: RunningLab) -> None:
    name, bucket = f"gone-{uuid.uuid4().hex[:8]}", f"gone-{uuid.uuid4().hex[:8]}"
    lab.client("s3").create_bucket(Bucket=bucket)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("python/shared.py", "X = 1")
    lab.client("s3").put_object(Bucket=bucket, Key="layer.zip", Body=packed.getvalue())
    stack, ids = created(lab, of_data(name, bucket))
    described = (
        ("iam", "get_role", {"RoleName": name}),
        ("iam", "get_policy", {"PolicyArn": ids["Managed"]}),
        ("iam", "get_user", {"UserName": name}),
        ("iam", "get_instance_profile", {"InstanceProfileName": name}),
        ("kms", "describe_key", {"KeyId": f"alias/{name}"}),
        ("dynamodb", "describe_table", {"TableName": name}),
        ("kinesis", "describe_stream", {"StreamName": name}),
        ("sns", "get_topic_attributes", {"TopicArn": ids["Topic"]}),
        ("sqs", "get_queue_url", {"QueueName": name}),
        ("events", "describe_event_bus", {"Name": name}),
        ("cloudwatch", "get_dashboard", {"DashboardName": name}),
        ("ssm", "get_parameter", {"Name": name}),
        ("stepfunctions", "describe_state_machine", {"stateMachineArn": ids["Machine"]}),
        ("s3", "head_bucket", {"Bucket": name}),
        ("lambda", "get_function", {"FunctionName": name}),
        ("lambda", "get_function", {"FunctionName": ids["Version"]}),
        ("lambda", "get_layer_version_by_arn", {"Arn": ids["Layer"]}),
    )
    for service, call, request in described:
        getattr(lab.client(service), call)(**request)
    deleted(lab, stack)
    for service, call, request in described:
        with pytest.raises(ClientError, match=r"NotFound|NoSuch|NonExist|DoesNotExist|404"):
            getattr(lab.client(service), call)(**request)
    assert lab.client("logs").describe_log_groups(logGroupNamePrefix=name)["logGroups"] == []
    key = lab.client("kms").describe_key(KeyId=ids["Encryption"])["KeyMetadata"]
    assert key["KeyState"] == "PendingDeletion"


def test_network_is_gone(lab: RunningLab) -> None:
    stack, ids = created(lab, network())
    deleted(lab, stack)
    ec2 = lab.client("ec2")
    for call, request in (
        ("describe_vpcs", {"VpcIds": [ids["Vpc"]]}),
        ("describe_subnets", {"SubnetIds": [ids["Subnet"]]}),
        ("describe_internet_gateways", {"InternetGatewayIds": [ids["Gateway"]]}),
        ("describe_route_tables", {"RouteTableIds": [ids["Routes"]]}),
        ("describe_security_groups", {"GroupIds": [ids["Group"]]}),
        ("describe_addresses", {"PublicIps": [ids["Address"]]}),
        ("describe_volumes", {"VolumeIds": [ids["Volume"]]}),
    ):
        with pytest.raises(ClientError, match="NotFound"):
            getattr(ec2, call)(**request)
    rds = lab.client("rds")
    with pytest.raises(ClientError, match="NotFound"):
        rds.describe_db_subnet_groups(DBSubnetGroupName=ids["Databases"])
    with pytest.raises(ClientError, match="NotFound"):
        rds.describe_db_parameter_groups(DBParameterGroupName=ids["Settings"])


def test_databases_are_gone(lab: RunningLab) -> None:
    name = f"gone-{uuid.uuid4().hex[:8]}"
    stack, _ = created(
        lab,
        {
            "Group": resource("Redshift::ClusterParameterGroup", Description="d", ParameterGroupFamily="redshift-1.0"),
            "Cluster": resource(
                "Redshift::Cluster",
                ClusterIdentifier=name,
                ClusterType="single-node",
                ClusterSubnetGroupName=ref("Subnets"),
                DBName="dev",
                MasterUsername="owner",
                MasterUserPassword="Passw0rd123",
                NodeType="ra3.large",
            ),
            "Encryption": resource("EMR::SecurityConfiguration", Name=name, SecurityConfiguration={}),
            "Network": resource("EC2::VPC", CidrBlock="10.8.0.0/16"),
            "Subnet": resource("EC2::Subnet", VpcId=ref("Network"), CidrBlock="10.8.1.0/24"),
            "Subnets": resource("Redshift::ClusterSubnetGroup", Description="d", SubnetIds=[ref("Subnet")]),
        },
    )
    deleted(lab, stack)
    with pytest.raises(ClientError, match="ClusterNotFound"):
        lab.client("redshift").describe_clusters(ClusterIdentifier=name)
    with pytest.raises(ClientError, match="does not exist"):
        lab.client("emr").describe_security_configuration(Name=name)


def test_what_the_lab_cannot_delete(lab: RunningLab) -> None:
    """The stack says that it is still there; without it the stack can go."""
    formation = lab.client("cloudformation")
    pipeline = resource("DataPipeline::Pipeline", Name="p", PipelineObjects=[], Activate=False)
    stack, _ = created(lab, {"Pipeline": pipeline})
    formation.delete_stack(StackName=stack)
    assert formation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"] == "DELETE_FAILED"
    events = formation.describe_stack_events(StackName=stack)["StackEvents"]
    [reason] = [
        e["ResourceStatusReason"]
        for e in events
        if e["LogicalResourceId"] == "Pipeline" and "FAILED" in e["ResourceStatus"]
    ]
    assert reason.startswith("This lab does not delete resources of the type AWS::DataPipeline::Pipeline")
    formation.delete_stack(StackName=stack, RetainResources=["Pipeline"])
    with pytest.raises(ClientError, match="does not exist"):
        formation.describe_stacks(StackName=stack)
