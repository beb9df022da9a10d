"""EC2: what a request names and is not there is said to be so, and optional members are optional.

Source: EC2 API reference, each operation and "Error codes for the Amazon EC2 API".
"""

from __future__ import annotations

from collections.abc import Iterator
from ipaddress import IPv4Address
from typing import Any

from moto import backends
from moto.core.base_backend import BaseBackend
from moto.core.responses import ActionResult
from moto.ec2.models import (
    EC2Backend,
    vpcs,
)
from moto.ec2.models.availability_zones_and_regions import RegionsAndZonesBackend
from moto.ec2.models.managed_prefixes import ManagedPrefixList
from moto.ec2.models.nat_gateways import NatGateway
from moto.ec2.models.network_acls import NetworkAclAssociation
from moto.ec2.models.subnets import Subnet
from moto.ec2.models.vpcs import VPC
from moto.ec2.responses import EC2Response

from localaws.engines.ec2.uses import used_security_groups, used_subnets, used_vpcs
from localaws.gateway.errors import AwsError


class EC2Engine(EC2Backend):
    """Looks things up before it works on them."""

    @staticmethod
    def _collect_default_endpoint_services(account_id: str, region: str) -> list[dict[str, str]]:
        """AWS's own services that have endpoints, as the classes of their backends tell.

        moto makes all these backends to ask them, and an engine that is installed after that comes too late.
        """
        with vpcs.ENDPOINT_SERVICE_COLLECTION_LOCK:
            known = vpcs.DEFAULT_VPC_ENDPOINT_SERVICES
            if region not in known:
                zones = [zone.name for zone in RegionsAndZonesBackend.zones[region]]
                found: list[Any] = []
                for service in vpcs.IMPLEMENTED_ENDPOINT_SERVICES:
                    backend = backends.get_backend(service).backend  # type: ignore[call-overload]
                    found += backend.default_vpc_endpoint_service(region, zones) or []
                for service in vpcs.AWS_ENDPOINT_SERVICES:
                    if service not in vpcs.COVERED_ENDPOINT_SERVICES:
                        found += BaseBackend.default_vpc_endpoint_service_factory(region, zones, service)
                known[region] = found
            return known[region]

    def delete_security_group(self, name: str | None = None, group_id: str | None = None) -> None:
        """Raises DependencyViolation for a group in use (API reference, DeleteSecurityGroup)."""
        group = self.get_security_group_by_name_or_id(group_id or name or "")
        if group is not None and group.id in used_security_groups(self):
            raise AwsError("DependencyViolation", f"resource {group.id} has a dependent object")
        super().delete_security_group(name, group_id)

    def delete_subnet(self, subnet_id: str) -> Subnet:
        """Raises DependencyViolation for a subnet with something in it (API reference, DeleteSubnet)."""
        self.get_subnet(subnet_id)  # raises InvalidSubnetID.NotFound
        if subnet_id in used_subnets(self):
            said = f"The subnet '{subnet_id}' has dependencies and cannot be deleted."
            raise AwsError("DependencyViolation", said)
        return super().delete_subnet(subnet_id)

    def delete_vpc(self, vpc_id: str) -> VPC:
        """Raises DependencyViolation for a network that is not empty (API reference, DeleteVpc)."""
        if vpc_id in used_vpcs(self):
            raise AwsError("DependencyViolation", f"The vpc '{vpc_id}' has dependencies and cannot be deleted.")
        return super().delete_vpc(vpc_id)

    def delete_nat_gateway(self, nat_gateway_id: str) -> NatGateway:
        if nat_gateway_id not in self.nat_gateways:
            raise AwsError("NatGatewayNotFound", f"The Nat Gateway {nat_gateway_id} was not found")
        return super().delete_nat_gateway(nat_gateway_id)

    def delete_managed_prefix_list(self, prefix_list_id: str) -> ManagedPrefixList:
        self._expect_prefix_list(prefix_list_id)
        return super().delete_managed_prefix_list(prefix_list_id)

    def modify_managed_prefix_list(
        self, add_entry: Any, remove_entry: Any, prefix_list_id: str | None = None, *args: Any, **kwargs: Any
    ) -> ManagedPrefixList:
        self._expect_prefix_list(prefix_list_id)
        return super().modify_managed_prefix_list(add_entry, remove_entry, prefix_list_id, *args, **kwargs)

    def _expect_prefix_list(self, prefix_list_id: str | None) -> None:
        if prefix_list_id not in self.managed_prefix_lists:
            said = f"The prefix list ID '{prefix_list_id}' does not exist."
            raise AwsError("InvalidPrefixListID.NotFound", said)

    def replace_network_acl_association(self, association_id: str, network_acl_id: str) -> NetworkAclAssociation:
        if not any(association_id in acl._associations for acl in self.network_acls.values()):
            said = f"The association ID '{association_id}' does not exist"
            raise AwsError("InvalidAssociationID.NotFound", said)
        self.get_network_acl(network_acl_id)  # raises InvalidNetworkAclID.NotFound, before the old one is gone
        return super().replace_network_acl_association(association_id, network_acl_id)

    def modify_spot_fleet_request(
        self, spot_fleet_request_id: str, target_capacity: int | None, terminate_instances: str
    ) -> None:
        """Leaves the capacity as it is where the request says none."""
        fleet = self.spot_fleet_requests.get(spot_fleet_request_id)
        if fleet is None:
            said = f"The spot fleet request ID '{spot_fleet_request_id}' does not exist."
            raise AwsError("InvalidSpotFleetRequestId.NotFound", said)
        if target_capacity is None:
            target_capacity = fleet.target_capacity
        super().modify_spot_fleet_request(spot_fleet_request_id, target_capacity, terminate_instances)


class EC2EngineResponse(EC2Response):
    """Fills in what a request may leave out, and refuses what EC2 cannot make."""

    def _get_param(self, param_name: str, if_none: Any = None) -> Any:
        value = super()._get_param(param_name, if_none)
        if param_name == "SpotFleetRequestConfig":
            return {"AllocationStrategy": "lowestPrice", **value}
        if param_name == "VpcEndpointType":
            return value or "Gateway"
        if param_name == "TagSpecifications":
            for tag in (tag for each in value or [] for tag in each.get("Tags") or []):
                tag.setdefault("Value", "")
        return value

    def delete_security_group(self) -> ActionResult:
        """Raises CannotDelete for a network's own group (API reference, DeleteSecurityGroup)."""
        given = self._get_param("GroupId") or self._get_param("GroupName")
        group = self.ec2_backend.get_security_group_by_name_or_id(given) if given else None
        if group is not None and group.name == "default":
            said = f'the specified group: "{group.id}" name: "default" cannot be deleted by a user'
            raise AwsError("CannotDelete", said)
        return super().delete_security_group()

    def create_subnet(self) -> ActionResult:
        if not self._get_param("CidrBlock"):
            raise NotImplementedError("subnets of IPv6 alone")
        return super().create_subnet()

    def request_spot_fleet(self) -> ActionResult:
        config = self._get_param("SpotFleetRequestConfig")
        if not config.get("LaunchSpecifications") and not config.get("LaunchTemplateConfigs"):
            said = "The request must contain LaunchSpecifications or LaunchTemplateConfigs."
            raise AwsError("InvalidSpotFleetRequestConfig", said)
        return super().request_spot_fleet()

    def create_network_interface(self) -> ActionResult:
        address = self._get_param("PrivateIpAddress")
        try:
            IPv4Address(address or "10.0.0.0")
        except ValueError:
            said = f"Value ({address}) for parameter privateIpAddress is invalid. Invalid IPv4 address."
            raise AwsError("InvalidParameterValue", said) from None
        return super().create_network_interface()

    def _process_rules_from_querystring(self) -> Iterator[dict[str, Any]]:
        for rule in super()._process_rules_from_querystring():
            ports = (rule.get("from_port"), rule.get("to_port"))
            if rule.get("ip_protocol") not in (None, "-1", -1) and None in ports:
                said = "Invalid value 'Must specify both from and to ports with TCP/UDP.' for portRange."
                raise AwsError("InvalidParameterValue", said)
            yield rule
