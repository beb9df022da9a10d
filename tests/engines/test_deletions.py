"""What is in use is not deleted, and the error says why."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab

EVERYTHING = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})


def trust(service: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"Service": f"{service}.amazonaws.com"}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


@contextmanager
def refused(code: str, said: str) -> Iterator[None]:
    with pytest.raises(ClientError) as caught:
        yield
    error = caught.value.response["Error"]
    assert error["Code"] == code and said in error["Message"]


def test_policies_that_somebody_has_stay(lab: RunningLab) -> None:
    """API reference, DeletePolicy: detach it everywhere, delete its other versions first."""
    iam, name = lab.client("iam"), f"p-{uuid4().hex}"
    policy = {"PolicyArn": iam.create_policy(PolicyName=name, PolicyDocument=EVERYTHING)["Policy"]["Arn"]}
    role = {"RoleName": iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust("ec2"))["Role"]["RoleName"]}
    attached = "Cannot delete a policy attached to entities."
    iam.attach_role_policy(**role, **policy)
    with refused("DeleteConflict", attached):
        iam.delete_policy(**policy)
    iam.detach_role_policy(**role, **policy)
    iam.put_role_permissions_boundary(**role, PermissionsBoundary=policy["PolicyArn"])
    with refused("DeleteConflict", attached):
        iam.delete_policy(**policy)
    iam.delete_role_permissions_boundary(**role)
    iam.create_policy_version(**policy, PolicyDocument=EVERYTHING)
    with refused("DeleteConflict", "This policy has more than one version."):
        iam.delete_policy(**policy)
    iam.delete_policy_version(**policy, VersionId="v2")
    iam.delete_policy(**policy)
    with refused("NoSuchEntity", ""):
        iam.get_policy(**policy)
    iam.delete_role(**role)


def test_users_and_groups_are_bare_before_they_go(lab: RunningLab) -> None:
    """API reference, DeleteUser and DeleteGroup: "you must … manually" remove what belongs to them."""
    iam, name = lab.client("iam"), f"u-{uuid4().hex}"
    policy = {"PolicyArn": iam.create_policy(PolicyName=name, PolicyDocument=EVERYTHING)["Policy"]["Arn"]}
    inline = {"PolicyName": "inline"}
    user, group = {"UserName": name}, {"GroupName": name}
    iam.create_user(**user)
    iam.create_group(**group)

    def expect(kind: str, said: str) -> None:
        with refused("DeleteConflict", f"Cannot delete entity, must {said}"):
            iam.delete_user(**user) if kind == "user" else iam.delete_group(**group)

    iam.add_user_to_group(**user, **group)
    expect("user", "remove users from group first.")
    expect("group", "remove users from group first.")
    iam.remove_user_from_group(**user, **group)
    for kind, holder in (("user", user), ("group", group)):
        getattr(iam, f"attach_{kind}_policy")(**holder, **policy)
        expect(kind, "detach all policies first.")
        getattr(iam, f"detach_{kind}_policy")(**holder, **policy)
        getattr(iam, f"put_{kind}_policy")(**holder, **inline, PolicyDocument=EVERYTHING)
        expect(kind, "delete policies first.")
        getattr(iam, f"delete_{kind}_policy")(**holder, **inline)
    key = iam.create_access_key(**user)["AccessKey"]["AccessKeyId"]
    expect("user", "delete access keys first.")
    iam.delete_access_key(**user, AccessKeyId=key)
    iam.create_login_profile(**user, Password="only-for-1-Test")
    expect("user", "delete login profile first.")
    iam.delete_login_profile(**user)
    iam.delete_user(**user)
    iam.delete_group(**group)
    iam.delete_policy(**policy)


def test_a_key_is_scheduled_for_deletion_once(lab: RunningLab) -> None:
    """API reference, ScheduleKeyDeletion, KMSInvalidStateException: the first date stands."""
    kms = lab.client("kms")
    key = {"KeyId": kms.create_key()["KeyMetadata"]["KeyId"]}
    date = kms.schedule_key_deletion(**key, PendingWindowInDays=7)["DeletionDate"]
    with refused("KMSInvalidStateException", "is pending deletion."):
        kms.schedule_key_deletion(**key, PendingWindowInDays=30)
    assert kms.describe_key(**key)["KeyMetadata"]["DeletionDate"] == date


class Network:
    """A network of the test's own, with a subnet and two security groups."""

    def __init__(self, lab: RunningLab) -> None:
        self.ec2 = lab.client("ec2")
        self.vpc = self.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
        self.subnet = self.ec2.create_subnet(VpcId=self.vpc, CidrBlock="10.0.1.0/24")["Subnet"]["SubnetId"]
        self.group, self.other = (self._group(name) for name in "ab")

    def _group(self, name: str) -> str:
        made: str = self.ec2.create_security_group(GroupName=name, Description=name, VpcId=self.vpc)["GroupId"]
        return made

    def expect_used(self) -> None:
        """The subnet and the group have something in them."""
        with refused("DependencyViolation", f"resource {self.group} has a dependent object"):
            self.ec2.delete_security_group(GroupId=self.group)
        with refused("DependencyViolation", f"The subnet '{self.subnet}' has dependencies and cannot be deleted."):
            self.ec2.delete_subnet(SubnetId=self.subnet)

    def delete(self) -> None:
        for group in (self.group, self.other):
            self.ec2.delete_security_group(GroupId=group)
        self.ec2.delete_subnet(SubnetId=self.subnet)
        self.ec2.delete_vpc(VpcId=self.vpc)


def test_networks_are_empty_before_they_go(lab: RunningLab) -> None:
    """API reference, DeleteVpc; the network's own group goes with it, and not before (DeleteSecurityGroup)."""
    network = Network(lab)
    ec2, vpc = network.ec2, {"VpcId": network.vpc}
    gateway = {"InternetGatewayId": ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]}
    ec2.attach_internet_gateway(**gateway, **vpc)
    used = f"The vpc '{network.vpc}' has dependencies and cannot be deleted."
    for emptied in (
        lambda: ec2.delete_subnet(SubnetId=network.subnet),
        lambda: ec2.detach_internet_gateway(**gateway, **vpc),
        lambda: ec2.delete_security_group(GroupId=network.group),
        lambda: ec2.delete_security_group(GroupId=network.other),
    ):
        with refused("DependencyViolation", used):
            ec2.delete_vpc(**vpc)
        emptied()
    [own] = ec2.describe_security_groups(Filters=[{"Name": "vpc-id", "Values": [network.vpc]}])["SecurityGroups"]
    with refused("CannotDelete", f'the specified group: "{own["GroupId"]}" name: "default" cannot be deleted'):
        ec2.delete_security_group(GroupId=own["GroupId"])
    ec2.delete_vpc(**vpc)
    ec2.delete_internet_gateway(**gateway)


def test_groups_that_rules_name_stay(lab: RunningLab) -> None:
    """API reference, DeleteSecurityGroup: a group "referenced by another security group"; by itself does not count."""
    network = Network(lab)
    ec2 = network.ec2
    rules = [{"IpProtocol": "tcp", "FromPort": 1, "ToPort": 2, "UserIdGroupPairs": [{"GroupId": network.group}]}]
    for group in (network.group, network.other):
        ec2.authorize_security_group_ingress(GroupId=group, IpPermissions=rules)
    with refused("DependencyViolation", f"resource {network.group} has a dependent object"):
        ec2.delete_security_group(GroupId=network.group)
    ec2.revoke_security_group_ingress(GroupId=network.other, IpPermissions=rules)
    network.delete()


def test_what_interfaces_and_instances_are_in_stays(lab: RunningLab) -> None:
    """API reference, DeleteSecurityGroup, DeleteSubnet; a terminated instance is in nothing any more."""
    network = Network(lab)
    ec2 = network.ec2
    made = ec2.create_network_interface(SubnetId=network.subnet, Groups=[network.group])["NetworkInterface"]
    network.expect_used()
    ec2.delete_network_interface(NetworkInterfaceId=made["NetworkInterfaceId"])
    image = ec2.describe_images()["Images"][0]["ImageId"]
    place = {"SubnetId": network.subnet, "SecurityGroupIds": [network.group]}
    [instance] = ec2.run_instances(ImageId=image, MinCount=1, MaxCount=1, **place)["Instances"]
    network.expect_used()
    ec2.terminate_instances(InstanceIds=[instance["InstanceId"]])
    network.delete()


def test_what_a_function_is_in_stays(lab: RunningLab) -> None:
    """Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC": it has an interface."""
    network, name = Network(lab), f"f-{uuid4().hex}"
    role = lab.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument=trust("lambda"))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("h.py", "def handle(event, context): pass")
    functions = lab.client("lambda")
    function = {"Runtime": "python3.12", "Role": role, "Handler": "h.handle", "Code": {"ZipFile": code.getvalue()}}
    place = {"SubnetIds": [network.subnet], "SecurityGroupIds": [network.group]}
    nowhere = {**place, "SubnetIds": ["subnet-0123456789abcdef0"]}
    with refused("InvalidParameterValueException", "EC2 Error Code: InvalidSubnetID.NotFound."):
        functions.create_function(FunctionName=name, **function, VpcConfig=nowhere)
    made = functions.create_function(FunctionName=name, **function, VpcConfig=place)
    assert made["VpcConfig"] == {**place, "VpcId": network.vpc}
    network.expect_used()
    functions.delete_function(FunctionName=name)
    network.delete()
