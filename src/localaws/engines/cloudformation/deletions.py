"""How stacks delete what moto makes and never deletes, or deletes otherwise than AWS: through the service's own API.

Source: each service's API reference; CloudFormation template reference for what a type's deletion is (AWS::EC2::EIP,
AWS::EC2::Route, … by their properties).
"""

from __future__ import annotations

from typing import Any

from moto.cloudformation.exceptions import CloudFormationError
from moto.cloudformation.parsing import resource_class_from_type
from moto.core.common_models import CloudFormationModel

from localaws.engines.cloudformation.changes_networks import permission
from localaws.engines.cloudformation.coercion import Api
from localaws.engines.cloudformation.made import Delete, deleted
from localaws.engines.cloudformation.updates import Properties
from localaws.lab import Lab


def delete_resource(lab: Lab, region: str, resource_type: str, physical_id: str, properties: Properties) -> bool:
    """Delete the resource as its type's row below says; whether there is one.

    Raises CloudFormationError where neither a row nor moto has a deletion: it would remain, and be called deleted.
    """
    if resource_type in DELETIONS:
        service, delete = DELETIONS[resource_type]
        delete(Api(lab, service, region), physical_id, properties)
        return True
    model = resource_class_from_type(resource_type)
    is_deleted = hasattr(model, "delete") or not _is_abstract(model)
    if not is_deleted:
        said = f"This lab does not delete resources of the type {resource_type}: {physical_id} is still there."
        raise CloudFormationError(f"{said} Delete it through its service's API, and the stack with RetainResources.")
    return False


def _is_abstract(model: Any) -> bool:
    own = model.delete_from_cloudformation_json.__func__
    return bool(own is CloudFormationModel.delete_from_cloudformation_json.__func__)  # type: ignore[attr-defined]


def _by(operation: str, *members: str, **more: Any) -> Delete:
    """Deletion by an *operation* whose *members* are properties of the resource."""

    def delete(api: Api, physical_id: str, properties: Properties) -> None:
        api(operation, **{name: properties.get(name) for name in members}, **more)

    return delete


def _api_resource(api: Api, physical_id: str, properties: Properties) -> None:
    api("DeleteResource", restApiId=properties["RestApiId"], resourceId=physical_id)


def _address(api: Api, public_ip: str, properties: Properties) -> None:
    [address] = api("DescribeAddresses", PublicIps=[public_ip])["Addresses"]
    api("ReleaseAddress", AllocationId=address["AllocationId"])


def _gateway_attachment(api: Api, physical_id: str, properties: Properties) -> None:
    if "InternetGatewayId" in properties:
        _by("DetachInternetGateway", "InternetGatewayId", "VpcId")(api, physical_id, properties)
    else:
        _by("DetachVpnGateway", "VpnGatewayId", "VpcId")(api, physical_id, properties)


def _route_table_association(api: Api, physical_id: str, properties: Properties) -> None:
    [table] = api("DescribeRouteTables", RouteTableIds=[properties["RouteTableId"]])["RouteTables"]
    for each in table["Associations"]:
        if each.get("SubnetId") == properties["SubnetId"]:
            api("DisassociateRouteTable", AssociationId=each["RouteTableAssociationId"])


def _ingress(api: Api, physical_id: str, properties: Properties) -> None:
    names = {name: properties.get(name) for name in ("GroupId", "GroupName")}
    api("RevokeSecurityGroupIngress", **names, IpPermissions=[permission(properties, "Source")])


def _listed(operation: str, member: str, **more: Any) -> Delete:
    """Deletion by an *operation* that takes several physical ids."""

    def delete(api: Api, physical_id: str, properties: Properties) -> None:
        api(operation, **{member: [physical_id]}, **more)

    return delete


def _batch(update: str, delete: str, member: str) -> Delete:
    """What jobs may use is disabled before it is deleted (DeleteJobQueue, API reference)."""

    def disable_and_delete(api: Api, arn: str, properties: Properties) -> None:
        api(update, **{member: arn}, state="DISABLED")
        api(delete, **{member: arn})

    return disable_and_delete


def _instance_group(api: Api, group: str, properties: Properties) -> None:
    """A cluster's group is never deleted: it is left without instances (ModifyInstanceGroups, API reference)."""
    changes = [{"InstanceGroupId": group, "InstanceCount": 0}]
    api("ModifyInstanceGroups", ClusterId=properties["JobFlowId"], InstanceGroups=changes)


def _deployment(api: Api, deployment: str, properties: Properties) -> None:
    """The stage that the deployment made goes first (DeleteDeployment, API reference)."""
    own = {"restApiId": properties["RestApiId"]}
    if "StageName" in properties:
        api("DeleteStage", **own, stageName=properties["StageName"])
    api("DeleteDeployment", **own, deploymentId=deployment)


def _service(api: Api, service: str, properties: Properties) -> None:
    api("DeleteService", cluster=properties.get("Cluster"), service=service, force=True)


DELETIONS: dict[str, tuple[str, Delete]] = {
    "AWS::ApiGateway::Deployment": ("apigateway", _deployment),
    "AWS::ApiGateway::Resource": ("apigateway", _api_resource),
    "AWS::ApiGateway::RestApi": ("apigateway", deleted("DeleteRestApi", "restApiId")),
    "AWS::Batch::ComputeEnvironment": (
        "batch",
        _batch("UpdateComputeEnvironment", "DeleteComputeEnvironment", "computeEnvironment"),
    ),
    "AWS::Batch::JobQueue": ("batch", _batch("UpdateJobQueue", "DeleteJobQueue", "jobQueue")),
    "AWS::EC2::EIP": ("ec2", _address),
    "AWS::EC2::FlowLog": ("ec2", _listed("DeleteFlowLogs", "FlowLogIds")),
    "AWS::EC2::InternetGateway": ("ec2", deleted("DeleteInternetGateway", "InternetGatewayId")),
    "AWS::EC2::NatGateway": ("ec2", deleted("DeleteNatGateway", "NatGatewayId")),
    "AWS::EC2::Route": ("ec2", _by("DeleteRoute", "RouteTableId", "DestinationCidrBlock", "DestinationIpv6CidrBlock")),
    "AWS::EC2::RouteTable": ("ec2", deleted("DeleteRouteTable", "RouteTableId")),
    "AWS::EC2::SecurityGroupIngress": ("ec2", _ingress),
    "AWS::EC2::SpotFleet": ("ec2", _listed("CancelSpotFleetRequests", "SpotFleetRequestIds", TerminateInstances=True)),
    "AWS::EC2::SubnetRouteTableAssociation": ("ec2", _route_table_association),
    "AWS::EC2::TransitGateway": ("ec2", deleted("DeleteTransitGateway", "TransitGatewayId")),
    "AWS::EC2::VPCEndpoint": ("ec2", _listed("DeleteVpcEndpoints", "VpcEndpointIds")),
    "AWS::EC2::VPCGatewayAttachment": ("ec2", _gateway_attachment),
    "AWS::EC2::VPCPeeringConnection": ("ec2", deleted("DeleteVpcPeeringConnection", "VpcPeeringConnectionId")),
    "AWS::EC2::VPNGateway": ("ec2", deleted("DeleteVpnGateway", "VpnGatewayId")),
    "AWS::EC2::Volume": ("ec2", deleted("DeleteVolume", "VolumeId")),
    "AWS::EC2::VolumeAttachment": ("ec2", _by("DetachVolume", "VolumeId", "InstanceId")),
    "AWS::ECS::Cluster": ("ecs", deleted("DeleteCluster", "cluster")),
    "AWS::ECS::Service": ("ecs", _service),
    "AWS::ECS::TaskDefinition": ("ecs", deleted("DeregisterTaskDefinition", "taskDefinition")),
    "AWS::EMR::InstanceGroupConfig": ("emr", _instance_group),
    "AWS::ElasticLoadBalancingV2::Listener": ("elbv2", deleted("DeleteListener", "ListenerArn")),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("elbv2", deleted("DeleteRule", "RuleArn")),
    "AWS::ElasticLoadBalancingV2::TargetGroup": ("elbv2", deleted("DeleteTargetGroup", "TargetGroupArn")),
    "AWS::Route53::HealthCheck": ("route53", deleted("DeleteHealthCheck", "HealthCheckId")),
    "AWS::Route53::HostedZone": ("route53", deleted("DeleteHostedZone", "Id")),
    "AWS::S3::Bucket": ("s3", deleted("DeleteBucket", "Bucket")),  # moto says nothing of one that is not empty
}
