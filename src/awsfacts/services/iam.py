"""Identity and Access Management."""

from __future__ import annotations

from typing import Any

from awsfacts.declaration import Listing, Resource, Service, Settle


def _delete_role(aws: Any, role: str, settle: Settle) -> None:
    """A role can be deleted once it is bare of policies and instance profiles (IAM API Reference, DeleteRole)."""
    for policy in aws.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        aws.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in aws.list_role_policies(RoleName=role)["PolicyNames"]:
        aws.delete_role_policy(RoleName=role, PolicyName=name)
    for profile in aws.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]:
        aws.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=role)
    aws.delete_role(RoleName=role)


def _delete_policy(aws: Any, arn: str, settle: Settle) -> None:
    for version in aws.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            aws.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    aws.delete_policy(PolicyArn=arn)


SERVICE = Service(
    name="iam",
    title="AWS Identity and Access Management",
    resources=(
        Resource(
            type="role",
            title="IAM role",
            create=("CreateRole",),
            name="RoleName",
            list=Listing("ListRoles", "Roles.RoleName"),
            delete=_delete_role,
            uses=("iam:policy",),
            is_global=True,
        ),
        Resource(
            type="policy",
            title="IAM policy",
            create=("CreatePolicy",),
            name="PolicyName",
            list=Listing("ListPolicies", "Policies.Arn", more={"Scope": "Local"}),
            delete=_delete_policy,
            addressed=True,
            is_global=True,
        ),
        Resource(
            type="policy-version",
            title="IAM policy version",
            create=("CreatePolicyVersion",),
            name="PolicyArn/VersionId",
            part_of="policy",
        ),
    ),
)
