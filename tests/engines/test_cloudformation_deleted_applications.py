"""What stacks make of containers, jobs, load balancers, names and REST APIs is gone from its service with the stack.

Source: CloudFormation user guide, "Delete a stack".
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.test_cloudformation_deleted import created, deleted, ref, resource

TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "batch.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


def subnets() -> dict[str, Any]:
    return {
        "Vpc": resource("EC2::VPC", CidrBlock="10.6.0.0/16"),
        "One": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.6.1.0/24", AvailabilityZone="us-east-1a"),
        "Two": resource("EC2::Subnet", VpcId=ref("Vpc"), CidrBlock="10.6.2.0/24", AvailabilityZone="us-east-1b"),
        "Group": resource("EC2::SecurityGroup", GroupDescription="g", VpcId=ref("Vpc")),
    }


def unique() -> str:
    return f"gone-{uuid.uuid4().hex[:8]}"


def test_containers_are_gone(lab: RunningLab) -> None:
    ecs, name = lab.client("ecs"), unique()
    stack, ids = created(
        lab,
        {
            "Cluster": resource("ECS::Cluster", ClusterName=name),
            "Task": resource(
                "ECS::TaskDefinition",
                Family=name,
                ContainerDefinitions=[{"Name": "one", "Image": "busybox", "Memory": 128}],
            ),
            "Service": resource(
                "ECS::Service",
                ServiceName=name,
                Cluster=ref("Cluster"),
                TaskDefinition=ref("Task"),
                DesiredCount=1,
            ),
        },
    )
    [service] = ecs.describe_services(cluster=name, services=[name])["services"]
    assert (service["status"], service["serviceArn"]) == ("ACTIVE", ids["Service"])
    deleted(lab, stack)
    assert {each["status"] for each in ecs.describe_clusters(clusters=[name])["clusters"]} <= {"INACTIVE"}
    assert ecs.describe_task_definition(taskDefinition=ids["Task"])["taskDefinition"]["status"] == "INACTIVE"


def test_jobs_are_gone(lab: RunningLab) -> None:
    batch = lab.client("batch")
    resources = {
        **subnets(),
        "Role": resource("IAM::Role", AssumeRolePolicyDocument=TRUST),
        "Profile": resource("IAM::InstanceProfile", Roles=[ref("Role")]),
        "Machines": resource(
            "Batch::ComputeEnvironment",
            Type="MANAGED",
            ServiceRole={"Fn::GetAtt": ["Role", "Arn"]},
            ComputeResources={
                "Type": "EC2",
                "MinvCpus": 0,
                "MaxvCpus": 2,
                "DesiredvCpus": 0,
                "InstanceTypes": ["t2.micro"],
                "InstanceRole": {"Fn::GetAtt": ["Profile", "Arn"]},
                "Subnets": [ref("One")],
                "SecurityGroupIds": [{"Fn::GetAtt": ["Group", "GroupId"]}],
            },
        ),
        "Queue": resource(
            "Batch::JobQueue",
            Priority=1,
            ComputeEnvironmentOrder=[{"Order": 1, "ComputeEnvironment": ref("Machines")}],
        ),
        "Job": resource(
            "Batch::JobDefinition",
            Type="container",
            ContainerProperties={"Image": "busybox", "Vcpus": 1, "Memory": 128, "Command": ["ls"]},
        ),
    }
    stack, ids = created(lab, resources)
    assert batch.describe_job_queues(jobQueues=[ids["Queue"]])["jobQueues"]
    deleted(lab, stack)
    assert batch.describe_job_queues(jobQueues=[ids["Queue"]])["jobQueues"] == []
    found = batch.describe_compute_environments(computeEnvironments=[ids["Machines"]])
    assert found["computeEnvironments"] == []
    definitions = batch.describe_job_definitions(jobDefinitions=[ids["Job"]])["jobDefinitions"]
    assert [each["status"] for each in definitions] in ([], ["INACTIVE"])


def test_load_balancers_are_gone(lab: RunningLab) -> None:
    elb = lab.client("elbv2")
    forward = {"Type": "forward", "TargetGroupArn": ref("Targets")}
    resources = {
        **subnets(),
        "Balancer": resource("ElasticLoadBalancingV2::LoadBalancer", Subnets=[ref("One"), ref("Two")]),
        "Targets": resource("ElasticLoadBalancingV2::TargetGroup", VpcId=ref("Vpc"), Port=80, Protocol="HTTP"),
        "Listener": resource(
            "ElasticLoadBalancingV2::Listener",
            LoadBalancerArn=ref("Balancer"),
            Port=80,
            Protocol="HTTP",
            DefaultActions=[forward],
        ),
        "Rule": resource(
            "ElasticLoadBalancingV2::ListenerRule",
            ListenerArn=ref("Listener"),
            Priority=1,
            Conditions=[{"Field": "path-pattern", "Values": ["/x"]}],
            Actions=[forward],
        ),
    }
    stack, ids = created(lab, resources)
    assert elb.describe_rules(RuleArns=[ids["Rule"]])["Rules"]
    deleted(lab, stack)
    for call, request in (
        ("describe_load_balancers", {"LoadBalancerArns": [ids["Balancer"]]}),
        ("describe_target_groups", {"TargetGroupArns": [ids["Targets"]]}),
        ("describe_listeners", {"ListenerArns": [ids["Listener"]]}),
    ):
        with pytest.raises(ClientError, match="NotFound"):
            getattr(elb, call)(**request)


@pytest.mark.parametrize("by", ["HostedZoneId", "HostedZoneName"])
def test_names_are_gone(lab: RunningLab, by: str) -> None:
    route53, domain = lab.client("route53"), f"{unique()}.example.com."
    zone = {"HostedZoneId": ref("Zone")} if by == "HostedZoneId" else {"HostedZoneName": domain}
    record = {"Type": "A", "TTL": "60", "ResourceRecords": ["10.0.0.1"]}
    resources = {
        "Zone": resource("Route53::HostedZone", Name=domain),
        "One": {**resource("Route53::RecordSet", Name=f"one.{domain}", **zone, **record), "DependsOn": "Zone"},
        "More": {
            **resource(
                "Route53::RecordSetGroup",
                RecordSets=[{"Name": f"two.{domain}", **record}, {"Name": f"three.{domain}", **record}],
                **zone,
            ),
            "DependsOn": "Zone",
        },
        "Check": resource(
            "Route53::HealthCheck",
            HealthCheckConfig={"Type": "HTTP", "IPAddress": "10.0.0.1", "Port": 80, "ResourcePath": "/"},
        ),
    }
    stack, ids = created(lab, resources)
    found = route53.list_resource_record_sets(HostedZoneId=ids["Zone"])["ResourceRecordSets"]
    assert {each["Name"] for each in found if each["Type"] == "A"} == {f"{n}.{domain}" for n in ("one", "two", "three")}
    deleted(lab, stack)
    with pytest.raises(ClientError, match="NoSuchHostedZone"):
        route53.get_hosted_zone(Id=ids["Zone"])
    with pytest.raises(ClientError, match="NoSuchHealthCheck"):
        route53.get_health_check(HealthCheckId=ids["Check"])


def test_rest_apis_are_gone(lab: RunningLab) -> None:
    gateway, name = lab.client("apigateway"), unique()
    api = {"RestApiId": ref("Api")}
    resources = {
        "Api": resource("ApiGateway::RestApi", Name=name),
        "Path": resource(
            "ApiGateway::Resource", **api, ParentId={"Fn::GetAtt": ["Api", "RootResourceId"]}, PathPart="flights"
        ),
        "Get": resource(
            "ApiGateway::Method",
            **api,
            ResourceId=ref("Path"),
            HttpMethod="GET",
            AuthorizationType="NONE",
            MethodResponses=[{"StatusCode": "200"}],
            Integration={
                "Type": "MOCK",
                "RequestTemplates": {"application/json": '{"statusCode": 200}'},
                "IntegrationResponses": [{"StatusCode": "200", "ResponseTemplates": {"application/json": "{}"}}],
            },
        ),
        "Deployed": {**resource("ApiGateway::Deployment", **api, StageName="prod"), "DependsOn": "Get"},
    }
    stack, ids = created(lab, resources)
    own = {"restApiId": ids["Api"]}
    method = gateway.get_method(**own, resourceId=ids["Path"], httpMethod="GET")
    assert (method["methodIntegration"]["type"], list(method["methodResponses"])) == ("MOCK", ["200"])
    answer = method["methodIntegration"]["integrationResponses"]["200"]
    assert answer["responseTemplates"] == {"application/json": "{}"}
    assert gateway.get_stage(**own, stageName="prod")["deploymentId"] == ids["Deployed"]
    deleted(lab, stack)
    with pytest.raises(ClientError, match="NotFound"):
        gateway.get_rest_api(**own)
