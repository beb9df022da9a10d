"""EC2: networks, instances and their disks. Nearly all of it is known by ids that AWS gives."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Delete, Deletion, List, Listing, Resource, Service, Settle


def _delete_internet_gateway(aws: Any, gateway: str, settle: Settle) -> None:
    """A gateway leaves its network before it is deleted (DeleteInternetGateway)."""
    [found] = aws.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
    for attachment in found["Attachments"]:
        aws.detach_internet_gateway(InternetGatewayId=gateway, VpcId=attachment["VpcId"])
    aws.delete_internet_gateway(InternetGatewayId=gateway)


def _terminate(aws: Any, instance: str, settle: Settle) -> None:
    """Terminate an instance, and wait: its network and its disks are in use until then."""
    aws.terminate_instances(InstanceIds=[instance])

    def is_terminated() -> bool:
        [found] = aws.describe_instances(InstanceIds=[instance])["Reservations"]
        return found["Instances"][0]["State"]["Name"] == "terminated"

    settle(is_terminated, instance)


#: What EC2 has deleted it lists for a while, in these states.
_GONE = frozenset({"deleting", "deleted", "shutting-down", "terminated", "rejected", "expired", "failed"})


def _by_id(
    type: str, title: str, create: str, name: str, list: List | None = None, delete: str | Delete = "", *uses: str
) -> Resource:
    deletion = Deletion(delete, name) if isinstance(delete, str) and delete else None
    return Resource(
        type=type,
        title=title,
        create=tuple(create.split()),
        name=name,
        list=list,
        delete=deletion if isinstance(delete, str) else delete,
        uses=tuple(f"ec2:{each}" for each in uses),
        by_id=True,
    )


_NETWORKS = (
    _by_id("vpc", "VPC", "CreateVpc CreateDefaultVpc", "VpcId", Listing("DescribeVpcs", "Vpcs.VpcId"), "DeleteVpc"),
    _by_id(
        "subnet",
        "subnet",
        "CreateSubnet CreateDefaultSubnet",
        "SubnetId",
        Listing("DescribeSubnets", "Subnets.SubnetId"),
        "DeleteSubnet",
        "vpc",
        "route-table",
        "network-acl",
    ),
    _by_id(
        "security-group",
        "security group",
        "CreateSecurityGroup",
        "GroupId",
        Listing("DescribeSecurityGroups", "SecurityGroups.GroupId"),
        "DeleteSecurityGroup",
        "vpc",
    ),
    _by_id(
        "internet-gateway",
        "internet gateway",
        "CreateInternetGateway",
        "InternetGatewayId",
        Listing("DescribeInternetGateways", "InternetGateways.InternetGatewayId"),
        _delete_internet_gateway,
        "vpc",
    ),
    _by_id(
        "egress-only-internet-gateway",
        "egress-only internet gateway",
        "CreateEgressOnlyInternetGateway",
        "EgressOnlyInternetGatewayId",
        Listing("DescribeEgressOnlyInternetGateways", "EgressOnlyInternetGateways.EgressOnlyInternetGatewayId"),
        "DeleteEgressOnlyInternetGateway",
        "vpc",
    ),
    _by_id(
        "natgateway",
        "NAT gateway",
        "CreateNatGateway",
        "NatGatewayId",
        Listing(
            "DescribeNatGateways",
            "NatGateways.NatGatewayId",
            unless=("State", _GONE),
        ),
        "DeleteNatGateway",
        "subnet",
        "elastic-ip",
    ),
    _by_id(
        "elastic-ip",
        "Elastic IP address",
        "AllocateAddress",
        "AllocationId",
        Listing("DescribeAddresses", "Addresses.AllocationId"),
        "ReleaseAddress",
    ),
    _by_id(
        "route-table",
        "route table",
        "CreateRouteTable",
        "RouteTableId",
        Listing("DescribeRouteTables", "RouteTables.RouteTableId"),
        "DeleteRouteTable",
        "vpc",
    ),
    Resource(
        type="route", title="route", create=("CreateRoute",), name="RouteTableId", part_of="route-table", by_id=True
    ),
    _by_id(
        "network-acl",
        "network ACL",
        "CreateNetworkAcl",
        "NetworkAclId",
        Listing("DescribeNetworkAcls", "NetworkAcls.NetworkAclId"),
        "DeleteNetworkAcl",
        "vpc",
    ),
    Resource(
        type="network-acl-entry",
        title="rule of a network ACL",
        create=("CreateNetworkAclEntry",),
        name="NetworkAclId",
        part_of="network-acl",
        by_id=True,
    ),
    _by_id(
        "network-interface",
        "network interface",
        "CreateNetworkInterface",
        "NetworkInterfaceId",
        Listing("DescribeNetworkInterfaces", "NetworkInterfaces.NetworkInterfaceId"),
        "DeleteNetworkInterface",
        "subnet",
        "security-group",
    ),
    _by_id(
        "dhcp-options",
        "set of DHCP options",
        "CreateDhcpOptions",
        "DhcpOptionsId",
        Listing("DescribeDhcpOptions", "DhcpOptions.DhcpOptionsId"),
        "DeleteDhcpOptions",
    ),
    _by_id(
        "vpc-endpoint",
        "VPC endpoint",
        "CreateVpcEndpoint",
        "VpcEndpointId",
        Listing(
            "DescribeVpcEndpoints",
            "VpcEndpoints.VpcEndpointId",
            unless=("State", _GONE),
        ),
        Deletion("DeleteVpcEndpoints", "VpcEndpointIds", many=True),
        "subnet",
        "security-group",
        "route-table",
        "vpc",
    ),
    _by_id(
        "vpc-endpoint-service",
        "VPC endpoint service",
        "CreateVpcEndpointServiceConfiguration",
        "ServiceId",
        Listing("DescribeVpcEndpointServiceConfigurations", "ServiceConfigurations.ServiceId"),
        Deletion("DeleteVpcEndpointServiceConfigurations", "ServiceIds", many=True),
    ),
    _by_id(
        "vpc-peering-connection",
        "VPC peering connection",
        "CreateVpcPeeringConnection",
        "VpcPeeringConnectionId",
        Listing(
            "DescribeVpcPeeringConnections",
            "VpcPeeringConnections.VpcPeeringConnectionId",
            unless=("Status.Code", _GONE),
        ),
        "DeleteVpcPeeringConnection",
        "vpc",
    ),
    _by_id(
        "vpc-flow-log",
        "flow log",
        "CreateFlowLogs",
        "FlowLogIds",
        Listing("DescribeFlowLogs", "FlowLogs.FlowLogId"),
        Deletion("DeleteFlowLogs", "FlowLogIds", many=True),
        "vpc",
    ),
    _by_id(
        "prefix-list",
        "prefix list",
        "CreateManagedPrefixList",
        "PrefixListId",
        Listing("DescribeManagedPrefixLists", "PrefixLists.PrefixListId"),
        "DeleteManagedPrefixList",
    ),
    _by_id("subnet-cidr-reservation", "CIDR reservation", "CreateSubnetCidrReservation", "SubnetCidrReservationId"),
    _by_id(
        "carrier-gateway",
        "carrier gateway",
        "CreateCarrierGateway",
        "CarrierGatewayId",
        Listing("DescribeCarrierGateways", "CarrierGateways.CarrierGatewayId"),
        "DeleteCarrierGateway",
        "vpc",
    ),
    _by_id(
        "customer-gateway",
        "customer gateway",
        "CreateCustomerGateway",
        "CustomerGatewayId",
        Listing(
            "DescribeCustomerGateways",
            "CustomerGateways.CustomerGatewayId",
            unless=("State", _GONE),
        ),
        "DeleteCustomerGateway",
    ),
    _by_id(
        "vpn-gateway",
        "VPN gateway",
        "CreateVpnGateway",
        "VpnGatewayId",
        Listing("DescribeVpnGateways", "VpnGateways.VpnGatewayId", unless=("State", _GONE)),
        "DeleteVpnGateway",
    ),
    _by_id(
        "vpn-connection",
        "VPN connection",
        "CreateVpnConnection",
        "VpnConnectionId",
        Listing("DescribeVpnConnections", "VpnConnections.VpnConnectionId", unless=("State", _GONE)),
        "DeleteVpnConnection",
        "vpn-gateway",
        "customer-gateway",
    ),
    _by_id(
        "transit-gateway",
        "transit gateway",
        "CreateTransitGateway",
        "TransitGatewayId",
        Listing("DescribeTransitGateways", "TransitGateways.TransitGatewayId", unless=("State", _GONE)),
        "DeleteTransitGateway",
    ),
    _by_id(
        "transit-gateway-attachment",
        "attachment of a transit gateway",
        "CreateTransitGatewayVpcAttachment CreateTransitGatewayPeeringAttachment",
        "TransitGatewayAttachmentId",
    ),
    _by_id(
        "transit-gateway-route-table",
        "route table of a transit gateway",
        "CreateTransitGatewayRouteTable",
        "TransitGatewayRouteTableId",
        Listing(
            "DescribeTransitGatewayRouteTables",
            "TransitGatewayRouteTables.TransitGatewayRouteTableId",
            unless=("State", _GONE),
        ),
        "DeleteTransitGatewayRouteTable",
        "transit-gateway",
    ),
    Resource(
        type="transit-gateway-route",
        title="route of a transit gateway",
        create=("CreateTransitGatewayRoute",),
        name="TransitGatewayRouteTableId",
        part_of="transit-gateway-route-table",
        by_id=True,
    ),
    _by_id("traffic-mirror-filter", "traffic mirror filter", "CreateTrafficMirrorFilter", "TrafficMirrorFilterId"),
    _by_id("traffic-mirror-session", "traffic mirror session", "CreateTrafficMirrorSession", "TrafficMirrorSessionId"),
    _by_id("traffic-mirror-target", "traffic mirror target", "CreateTrafficMirrorTarget", "TrafficMirrorTargetId"),
)

_COMPUTERS = (
    _by_id(
        "instance",
        "EC2 instance",
        "RunInstances",
        "InstanceId",
        Listing(
            "DescribeInstances",
            "Reservations.Instances.InstanceId",
            unless=("State.Name", _GONE),
        ),
        _terminate,
        "security-group",
        "subnet",
        "network-interface",
        "volume",
        "image",
        "key-pair",
        "launch-template",
    ),
    _by_id(
        "image",
        "AMI",
        "CreateImage RegisterImage CopyImage",
        "ImageId",
        Listing("DescribeImages", "Images.ImageId", more={"Owners": ["self"]}),
        "DeregisterImage",
        "snapshot",
    ),
    _by_id(
        "snapshot",
        "EBS snapshot",
        "CreateSnapshot CreateSnapshots CopySnapshot",
        "SnapshotId",
        Listing("DescribeSnapshots", "Snapshots.SnapshotId", more={"OwnerIds": ["self"]}),
        "DeleteSnapshot",
        "volume",
    ),
    _by_id(
        "volume",
        "EBS volume",
        "CreateVolume",
        "VolumeId",
        Listing("DescribeVolumes", "Volumes.VolumeId"),
        "DeleteVolume",
    ),
    Resource(
        type="key-pair",
        title="key pair",
        create=("CreateKeyPair", "ImportKeyPair"),
        name="KeyName",
        list=Listing("DescribeKeyPairs", "KeyPairs.KeyName"),
        delete=Deletion("DeleteKeyPair", "KeyName"),
    ),
    _by_id(
        "launch-template",
        "launch template",
        "CreateLaunchTemplate",
        "LaunchTemplateId",
        Listing("DescribeLaunchTemplates", "LaunchTemplates.LaunchTemplateId"),
        "DeleteLaunchTemplate",
    ),
    Resource(
        type="launch-template-version",
        title="version of a launch template",
        create=("CreateLaunchTemplateVersion",),
        name="LaunchTemplateId",
        part_of="launch-template",
        by_id=True,
    ),
    _by_id("fleet", "EC2 fleet", "CreateFleet", "FleetId"),
    _by_id("dedicated-host", "dedicated host", "AllocateHosts", "HostIds"),
    _by_id("import-volume-task", "import of a volume", "ImportVolume", "ConversionTaskId"),
    _by_id(
        "reserved-instances-listing",
        "offer of a reserved instance",
        "CreateReservedInstancesListing",
        "ReservedInstancesListingId",
    ),
    _by_id("spot-datafeed-subscription", "data feed of Spot", "CreateSpotDatafeedSubscription", "Bucket"),
)

SERVICE = Service(
    name="ec2",
    title="Amazon EC2",
    resources=_NETWORKS + _COMPUTERS,
    leaves_nothing={
        "CreateTags": "what is tagged exists already",
        "RestoreSnapshotTier": "the snapshot exists already",
    },
    unsupported=(
        ("CreateFlowLogs", "The lab's networks have no traffic that a flow log could tell of."),
        (".*", "The lab describes networks, instances and disks, as far as services of data need them."),
    ),
    pretended=frozenset({"CreateFlowLogs"}),
)
