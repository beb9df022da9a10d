"""Ways from little rights to many: each is open only where policies give all that it needs.

Sources: IAM user guide, "Security best practices in IAM" and "Granting a user permissions to pass a role"; the actions
of each operation: service authorization reference.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.engines.lambda_tools import source
from tests.roles import ADMINISTRATOR
from tests.security.people import (
    Person,
    Statement,
    allow,
    deny,
    document,
    refusal,
    role,
    trust,
    unique,
    user,
)

EVERYTHING = document(allow("*"))


@dataclass
class Scene:
    """What an attack is about: a strong role for services, a user with many rights, a group, the attacker's policy."""

    lab: RunningLab
    strong: str
    victim: Person
    group: str
    own_policy: str
    attacker: Person


Attack = Callable[[Scene, Callable[[str], Any]], Any]


def _create_version(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").create_policy_version(PolicyArn=scene.own_policy, PolicyDocument=EVERYTHING, SetAsDefault=True)


def _default_version(scene: Scene, client: Callable[[str], Any]) -> Any:
    owner = scene.lab.client("iam")
    if len(owner.list_policy_versions(PolicyArn=scene.own_policy)["Versions"]) < 2:
        owner.create_policy_version(PolicyArn=scene.own_policy, PolicyDocument=EVERYTHING)
    return client("iam").set_default_policy_version(PolicyArn=scene.own_policy, VersionId="v2")


def _attach_user(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").attach_user_policy(UserName=scene.attacker.name, PolicyArn=ADMINISTRATOR)


def _put_user(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").put_user_policy(UserName=scene.attacker.name, PolicyName="all", PolicyDocument=EVERYTHING)


def _join_group(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").add_user_to_group(UserName=scene.attacker.name, GroupName=scene.group)


def _own_group(scene: Scene) -> str:
    iam, name = scene.lab.client("iam"), f"own-{scene.attacker.name}"
    if name not in [each["GroupName"] for each in iam.list_groups_for_user(UserName=scene.attacker.name)["Groups"]]:
        iam.create_group(GroupName=name)
        iam.add_user_to_group(UserName=scene.attacker.name, GroupName=name)
    return name


def _attach_group(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").attach_group_policy(GroupName=_own_group(scene), PolicyArn=ADMINISTRATOR)


def _put_group(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").put_group_policy(GroupName=_own_group(scene), PolicyName="all", PolicyDocument=EVERYTHING)


def _rewrite_trust(scene: Scene, client: Callable[[str], Any]) -> Any:
    name = scene.strong.rpartition("/")[2]
    client("iam").update_assume_role_policy(RoleName=name, PolicyDocument=trust(AWS=scene.attacker.arn))
    return client("sts").assume_role(RoleArn=scene.strong, RoleSessionName="run")


def _others_key(scene: Scene, client: Callable[[str], Any]) -> Any:
    owner = scene.lab.client("iam")
    for key in owner.list_access_keys(UserName=scene.victim.name)["AccessKeyMetadata"][1:]:
        owner.delete_access_key(UserName=scene.victim.name, AccessKeyId=key["AccessKeyId"])
    return client("iam").create_access_key(UserName=scene.victim.name)


def _others_password(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").create_login_profile(UserName=scene.victim.name, Password="Correct-horse-1!")


def _no_boundary(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").delete_user_permissions_boundary(UserName=scene.attacker.name)


def _other_boundary(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("iam").put_user_permissions_boundary(UserName=scene.attacker.name, PermissionsBoundary=ADMINISTRATOR)


def _function(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("lambda").create_function(
        FunctionName=unique("attack"),
        Role=scene.strong,
        Runtime="python3.12",
        Handler="app.handler",
        Code={"ZipFile": source("def handler(event, context): pass")},
    )


def _others_code(scene: Scene, client: Callable[[str], Any]) -> Any:
    name = f"strong-{scene.attacker.name}"
    owner = scene.lab.client("lambda")
    if name not in [
        each["FunctionName"] for page in owner.get_paginator("list_functions").paginate() for each in page["Functions"]
    ]:
        owner.create_function(
            FunctionName=name,
            Role=scene.strong,
            Runtime="python3.12",
            Handler="app.handler",
            Code={"ZipFile": source("def handler(event, context): return 'harmless'")},
        )
    return client("lambda").update_function_code(FunctionName=name, ZipFile=source("def handler(*_): return 'mine'"))


def _stack(scene: Scene, client: Callable[[str], Any]) -> Any:
    template = {"Resources": {"Q": {"Type": "AWS::SQS::Queue"}}}
    return client("cloudformation").create_stack(
        StackName=unique("attack"), TemplateBody=json.dumps(template), RoleARN=scene.strong
    )


def _job(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("glue").create_job(Name=unique("attack"), Role=scene.strong, Command={"Name": "glueetl"})


def _delivery(scene: Scene, client: Callable[[str], Any]) -> Any:
    bucket = unique("attack")
    scene.lab.client("s3").create_bucket(Bucket=bucket)
    destination = {"RoleARN": scene.strong, "BucketARN": f"arn:aws:s3:::{bucket}"}
    return client("firehose").create_delivery_stream(
        DeliveryStreamName=unique("attack"), ExtendedS3DestinationConfiguration=destination
    )


def _migration(scene: Scene, client: Callable[[str], Any]) -> Any:
    return client("dms").create_endpoint(
        EndpointIdentifier=unique("attack"),
        EndpointType="target",
        EngineName="s3",
        S3Settings={"BucketName": "x", "ServiceAccessRoleArn": scene.strong},
    )


def _machine(scene: Scene, client: Callable[[str], Any]) -> Any:
    definition = json.dumps({"StartAt": "A", "States": {"A": {"Type": "Pass", "End": True}}})
    return client("stepfunctions").create_state_machine(
        name=unique("attack"), definition=definition, roleArn=scene.strong
    )


#: Each way, with all the actions that it needs; "iam:PassRole" is for the strong role.
WAYS: dict[str, tuple[Attack, tuple[str, ...]]] = {
    "a new version of one's own policy": (_create_version, ("iam:CreatePolicyVersion",)),
    "an older version of one's own policy": (_default_version, ("iam:SetDefaultPolicyVersion",)),
    "a policy for oneself": (_attach_user, ("iam:AttachUserPolicy",)),
    "an inline policy for oneself": (_put_user, ("iam:PutUserPolicy",)),
    "the administrators' group": (_join_group, ("iam:AddUserToGroup",)),
    "a policy for one's group": (_attach_group, ("iam:AttachGroupPolicy",)),
    "an inline policy for one's group": (_put_group, ("iam:PutGroupPolicy",)),
    "the trust of a strong role": (_rewrite_trust, ("iam:UpdateAssumeRolePolicy",)),
    "a key of somebody else's": (_others_key, ("iam:CreateAccessKey",)),
    "a password for somebody else": (_others_password, ("iam:CreateLoginProfile",)),
    "no boundary": (_no_boundary, ("iam:DeleteUserPermissionsBoundary",)),
    "another boundary": (_other_boundary, ("iam:PutUserPermissionsBoundary",)),
    "a function with a strong role": (_function, ("lambda:CreateFunction", "iam:PassRole")),
    "the code of a strong function": (_others_code, ("lambda:UpdateFunctionCode",)),
    "a stack with a strong role": (_stack, ("cloudformation:CreateStack", "iam:PassRole")),
    "a Glue job with a strong role": (_job, ("glue:CreateJob", "iam:PassRole")),
    "a delivery with a strong role": (_delivery, ("firehose:CreateDeliveryStream", "iam:PassRole")),
    "a migration with a strong role": (_migration, ("dms:CreateEndpoint", "iam:PassRole")),
    "a state machine with a strong role": (_machine, ("states:CreateStateMachine", "iam:PassRole")),
}
_SERVICES = [f"{name}.amazonaws.com" for name in ("cloudformation", "dms", "firehose", "glue", "lambda", "states")]


@pytest.fixture
def strong(lab: RunningLab) -> str:
    return role(lab, trust(Service=_SERVICES), allow("*"))


@pytest.fixture(scope="module")
def victim(lab: RunningLab) -> Person:
    return user(lab, allow("*"))


@pytest.fixture(scope="module")
def administrators(lab: RunningLab) -> str:
    iam, name = lab.client("iam"), unique("administrators")
    iam.create_group(GroupName=name)
    iam.attach_group_policy(GroupName=name, PolicyArn=ADMINISTRATOR)
    return name


@pytest.fixture
def stage(lab: RunningLab, strong: str, victim: Person, administrators: str) -> Callable[..., Scene]:
    def make(*statements: Statement) -> Scene:
        attacker = user(lab, *statements, boundary=[allow("*")])
        iam, name = lab.client("iam"), unique("own")
        own = iam.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:GetObject")))["Policy"]["Arn"]
        iam.attach_user_policy(UserName=attacker.name, PolicyArn=own)
        return Scene(lab, strong, victim, administrators, own, attacker)

    return make


@pytest.mark.parametrize("way", WAYS)
def test_a_way_is_open_only_with_all_that_it_needs(stage: Callable[..., Scene], way: str) -> None:
    """Whoever has every right but one does not get through; who has just these does."""
    attack, needed = WAYS[way]
    for missing in needed:
        scene = stage(allow("*"), deny(missing))
        assert missing in refusal(attack, scene, scene.attacker.client), f"open without {missing}"
    scene = stage(allow([*needed, "sts:AssumeRole"]))
    assert not refusal(attack, scene, scene.attacker.client)


@pytest.mark.parametrize("way", [way for way, (_, needed) in WAYS.items() if needed == (needed[0],)])
def test_a_way_is_closed_where_the_resource_is_another(stage: Callable[..., Scene], way: str) -> None:
    """Rights over one resource are none over the others."""
    attack, needed = WAYS[way]
    scene = stage(allow(list(needed), "arn:aws:iam::123456789012:user/somebody-else"))
    assert refusal(attack, scene, scene.attacker.client)


@pytest.mark.parametrize("way", [way for way, (_, needed) in WAYS.items() if "iam:PassRole" in needed])
def test_a_role_is_passed_to_the_service_that_is_meant(stage: Callable[..., Scene], strong: str, way: str) -> None:
    """iam:PassedToService, and the ARN of the role ("Granting a user permissions to pass a role to an AWS service")."""
    attack, needed = WAYS[way]
    actions = [action for action in needed if action != "iam:PassRole"]
    elsewhere = {"StringEquals": {"iam:PassedToService": "ec2.amazonaws.com"}}
    for passing in (
        allow("iam:PassRole", strong, Condition=elsewhere),
        allow("iam:PassRole", strong.replace(strong.rpartition("/")[2], "weak-*")),
    ):
        scene = stage(allow(actions), passing)
        assert "iam:PassRole" in refusal(attack, scene, scene.attacker.client)


def test_what_was_gained_is_gained(stage: Callable[..., Scene]) -> None:
    """An open way really leads somewhere: else the test of the closed ones would prove nothing."""
    for way in ("a new version of one's own policy", "the administrators' group", "an inline policy for oneself"):
        attack, needed = WAYS[way]
        scene = stage(allow(list(needed)))
        assert refusal(scene.attacker.client("s3").list_buckets)
        attack(scene, scene.attacker.client)
        assert not refusal(scene.attacker.client("s3").list_buckets), way


def test_a_boundary_holds_whatever_one_gives_oneself(lab: RunningLab) -> None:
    """IAM user guide, "Permissions boundaries for IAM entities"."""
    ana = user(lab, allow("iam:*"), boundary=[allow("iam:*"), deny("iam:*PermissionsBoundary")])
    _put_user(Scene(lab, "", ana, "", "", ana), ana.client)
    assert refusal(ana.client("s3").list_buckets).endswith(
        "because no permissions boundary allows the s3:ListAllMyBuckets action"
    )
    assert refusal(ana.client("iam").delete_user_permissions_boundary, UserName=ana.name)


def test_a_delegate_cannot_make_others_without_the_boundary(lab: RunningLab) -> None:
    """The same guide, "Delegating responsibility to others using permissions boundaries"."""
    iam, name = lab.client("iam"), unique("limit")
    limit = iam.create_policy(PolicyName=name, PolicyDocument=document(allow("s3:*")))["Policy"]["Arn"]
    bounded = {"StringEquals": {"iam:PermissionsBoundary": limit}}
    delegate = user(
        lab, allow(["iam:CreateUser", "iam:PutUserPolicy", "iam:AttachUserPolicy"], Condition=bounded)
    ).client("iam")
    assert refusal(delegate.create_user, UserName=unique("made"))
    assert refusal(delegate.create_user, UserName=unique("made"), PermissionsBoundary=ADMINISTRATOR)
    made = unique("made")
    assert not refusal(delegate.create_user, UserName=made, PermissionsBoundary=limit)
    assert not refusal(delegate.attach_user_policy, UserName=made, PolicyArn=ADMINISTRATOR)
    other = user(lab)
    assert refusal(delegate.attach_user_policy, UserName=other.name, PolicyArn=ADMINISTRATOR)


def test_a_role_of_one_service_is_no_other_s(lab: RunningLab) -> None:
    """Who may pass it gains nothing where the role does not trust the service."""
    for_lambda = role(lab, trust(Service="lambda.amazonaws.com"), allow("*"))
    glue_only = role(lab, trust(Service="glue.amazonaws.com"), allow("*"))
    ana = user(lab, allow(["lambda:*", "sts:AssumeRole"]), allow("iam:PassRole", [for_lambda, glue_only]))
    function = {
        "FunctionName": unique("attack"),
        "Runtime": "python3.12",
        "Handler": "app.handler",
        "Code": {"ZipFile": source("def handler(event, context): pass")},
    }
    with pytest.raises(ClientError, match="cannot be assumed by Lambda"):
        ana.client("lambda").create_function(Role=glue_only, **function)
    assert not refusal(ana.client("lambda").create_function, Role=for_lambda, **function)
    assert refusal(ana.client("sts").assume_role, RoleArn=for_lambda, RoleSessionName="run")
