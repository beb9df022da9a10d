"""What keeps a part of a network from being deleted: whatever uses it, in EC2 and in the services within the network.

Source: EC2 API reference, DeleteSecurityGroup, DeleteSubnet and DeleteVpc, and "Error codes" (DependencyViolation).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from moto.awslambda.models import lambda_backends
from moto.core.base_backend import BackendDict
from moto.dms.models import dms_backends
from moto.ec2.models import EC2Backend
from moto.ec2.models.vpcs import VPC
from moto.rds.models import rds_backends


def used_security_groups(ec2: EC2Backend) -> Iterator[str]:
    """The ids of groups that an interface, a function, a database, a replication or another group's rule names."""
    for interface in _interfaces(ec2):
        yield from (group.id for group in interface.group_set)
    for function in _functions(ec2):
        yield from function["SecurityGroupIds"]
    for rds in _here(ec2, rds_backends):
        for instance in rds.databases.values():
            yield from instance.vpc_security_group_ids
    for dms in _here(ec2, dms_backends):
        for replication in dms.replication_instances.values():
            yield from (each["VpcSecurityGroupId"] for each in replication.vpc_security_groups)
    for group in [each for of_vpc in ec2.groups.values() for each in of_vpc.values()]:
        named = {rule.source_group.get("GroupId") for rule in [*group.ingress_rules, *group.egress_rules]}
        yield from (each for each in named if each and each != group.id)


def used_subnets(ec2: EC2Backend) -> Iterator[str]:
    """The ids of subnets that an interface or a function is in."""
    yield from (interface.subnet.id for interface in _interfaces(ec2))
    for function in _functions(ec2):
        yield from function["SubnetIds"]


def used_vpcs(ec2: EC2Backend) -> Iterator[str]:
    """The ids of networks with a subnet, a gateway, an endpoint or a security group of somebody's own."""
    yield from (subnet.vpc_id for zone in ec2.subnets.values() for subnet in zone.values())
    networks: list[VPC | None] = [gateway.vpc for gateway in ec2.internet_gateways.values()]
    yield from (network.id for network in networks if network)
    yield from (endpoint.vpc_id for endpoint in ec2.vpc_end_points.values() if endpoint.state != "deleted")
    for vpc_id, groups in ec2.groups.items():
        if any(group.name != "default" for group in groups.values()):
            yield vpc_id


def _interfaces(ec2: EC2Backend) -> Iterator[Any]:
    """The network interfaces that are not left over of something that is gone, which moto keeps."""
    gone = {gateway._eni.id for gateway in ec2.nat_gateways.values() if gateway.state == "deleted"}
    for interface in ec2.enis.values():
        ended = interface.instance is not None and interface.instance.state == "terminated"
        if interface.id not in gone and not ended:
            yield interface


def _functions(ec2: EC2Backend) -> Iterator[dict[str, list[str]]]:
    """The network configuration of each function that has one."""
    for backend in _here(ec2, lambda_backends):
        for function in backend._lambdas.all():
            config = function.vpc_config or {}
            if config.get("SubnetIds"):
                yield {"SubnetIds": config["SubnetIds"], "SecurityGroupIds": config.get("SecurityGroupIds") or []}


def _here(ec2: EC2Backend, of_service: BackendDict[Any]) -> Iterator[Any]:
    """Another service's backend, where there is one: to ask for it by name would make one before its engine."""
    for account_id, region, backend in of_service.iter_backends():
        if (account_id, region) == (ec2.account_id, ec2.region_name):
            yield backend
