"""How stacks change networks; moto makes their parts without most of their tags.

Source: CloudFormation template reference, AWS::EC2::VPC, AWS::EC2::Subnet and AWS::EC2::SecurityGroup.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from localaws.engines.cloudformation.updates import Change, Changes, Target, changed, tag_list


def _tags(part: Target) -> None:
    new, gone = part.tags()
    if new:
        part.api("CreateTags", Resources=[part.id], Tags=tag_list(new))
    if gone:
        part.api("DeleteTags", Resources=[part.id], Tags=[{"Key": key} for key in gone])


def _address_tags(address: Target) -> None:
    """An address is tagged by its allocation, though Ref gives the address itself."""
    [found] = address.api("DescribeAddresses", PublicIps=[address.id])["Addresses"]
    _tags(Target(address.api, found["AllocationId"], address.former, address.new))


def _attributes(operation: str, member: str, defaults: Mapping[str, bool]) -> Change:
    """The change of attributes by an *operation* that takes one at a time; *member* names what has them."""

    def change(part: Target) -> None:
        for name in changed(part.former, part.new) & defaults.keys():
            value = {"Value": part.new.get(name, defaults[name])}
            part.api(operation, **{member: part.id, name: value})

    return change


def _egress(group: Target) -> None:
    """A group's own rules take the place of the one that allows all ("SecurityGroupEgress")."""
    [found] = group.api("DescribeSecurityGroups", GroupIds=[group.id])["SecurityGroups"]
    if found["IpPermissionsEgress"]:
        group.api("RevokeSecurityGroupEgress", GroupId=group.id, IpPermissions=found["IpPermissionsEgress"])
    rules = group.new.get("SecurityGroupEgress", [{"IpProtocol": "-1", "CidrIp": "0.0.0.0/0"}])
    if rules:
        permissions = [permission(rule, "Destination") for rule in rules]
        group.api("AuthorizeSecurityGroupEgress", GroupId=group.id, IpPermissions=permissions)


def permission(rule: Mapping[str, Any], end: str) -> dict[str, Any]:
    """A template's *rule* as EC2's API has it; its other *end* is the ``Source`` or the ``Destination``."""
    described = {"Description": rule["Description"]} if "Description" in rule else {}
    permission = {name: rule[name] for name in ("IpProtocol", "FromPort", "ToPort") if name in rule}
    for name, members, member in (
        ("CidrIp", "IpRanges", "CidrIp"),
        ("CidrIpv6", "Ipv6Ranges", "CidrIpv6"),
        (f"{end}PrefixListId", "PrefixListIds", "PrefixListId"),
        (f"{end}SecurityGroupId", "UserIdGroupPairs", "GroupId"),
        (f"{end}SecurityGroupName", "UserIdGroupPairs", "GroupName"),
    ):
        if name in rule:
            permission[members] = [{member: rule[name], **described}]
    return permission


#: Of each type of EC2's that has no row of its own.
OTHER_NETWORKS = Changes("ec2", [(["Tags"], _tags)])
NETWORKS = {
    "AWS::EC2::EIP": Changes("ec2", [(["Tags"], _address_tags)]),
    "AWS::EC2::VPC": Changes(
        "ec2",
        [
            (
                ["EnableDnsSupport", "EnableDnsHostnames"],
                _attributes("ModifyVpcAttribute", "VpcId", {"EnableDnsSupport": True, "EnableDnsHostnames": False}),
            ),
            (["Tags"], _tags),
        ],
        frozenset({"CidrBlock"}),
    ),
    "AWS::EC2::Subnet": Changes(
        "ec2",
        [
            (
                ["MapPublicIpOnLaunch", "AssignIpv6AddressOnCreation"],
                _attributes(
                    "ModifySubnetAttribute",
                    "SubnetId",
                    {"MapPublicIpOnLaunch": False, "AssignIpv6AddressOnCreation": False},
                ),
            ),
            (["Tags"], _tags),
        ],
        frozenset({"VpcId", "CidrBlock", "AvailabilityZone"}),
    ),
    "AWS::EC2::SecurityGroup": Changes(
        "ec2",
        [(["SecurityGroupEgress"], _egress), (["Tags"], _tags)],
        frozenset({"GroupName", "GroupDescription", "VpcId"}),
    ),
}
