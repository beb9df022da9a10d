"""Identity and Access Management."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

from awsfacts.declaration import Claim, Deletion, Listing, Resource, Service, Settle


def _delete_role(aws: Any, role: str, settle: Settle) -> None:
    """A role can be deleted once it is bare of policies and instance profiles (IAM API Reference, DeleteRole)."""
    for policy in aws.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        aws.detach_role_policy(RoleName=role, PolicyArn=policy["PolicyArn"])
    for name in aws.list_role_policies(RoleName=role)["PolicyNames"]:
        aws.delete_role_policy(RoleName=role, PolicyName=name)
    for profile in aws.list_instance_profiles_for_role(RoleName=role)["InstanceProfiles"]:
        aws.remove_role_from_instance_profile(InstanceProfileName=profile["InstanceProfileName"], RoleName=role)
    aws.delete_role(RoleName=role)


def _delete_user(aws: Any, user: str, settle: Settle) -> None:
    """A user can be deleted once all that is his is gone (IAM API Reference, DeleteUser)."""
    one = {"UserName": user}
    for key in aws.list_access_keys(**one)["AccessKeyMetadata"]:
        aws.delete_access_key(**one, AccessKeyId=key["AccessKeyId"])
    for device in aws.list_mfa_devices(**one)["MFADevices"]:
        aws.deactivate_mfa_device(**one, SerialNumber=device["SerialNumber"])
    for policy in aws.list_attached_user_policies(**one)["AttachedPolicies"]:
        aws.detach_user_policy(**one, PolicyArn=policy["PolicyArn"])
    for name in aws.list_user_policies(**one)["PolicyNames"]:
        aws.delete_user_policy(**one, PolicyName=name)
    for group in aws.list_groups_for_user(**one)["Groups"]:
        aws.remove_user_from_group(**one, GroupName=group["GroupName"])
    for public_key in aws.list_ssh_public_keys(**one)["SSHPublicKeys"]:
        aws.delete_ssh_public_key(**one, SSHPublicKeyId=public_key["SSHPublicKeyId"])
    for certificate in aws.list_signing_certificates(**one)["Certificates"]:
        aws.delete_signing_certificate(**one, CertificateId=certificate["CertificateId"])
    with suppress(aws.exceptions.NoSuchEntityException):
        aws.delete_login_profile(**one)
    aws.delete_user(**one)


def _delete_group(aws: Any, group: str, settle: Settle) -> None:
    """A group can be deleted once nobody and no policy is in it (IAM API Reference, DeleteGroup)."""
    for user in aws.get_group(GroupName=group)["Users"]:
        aws.remove_user_from_group(GroupName=group, UserName=user["UserName"])
    for policy in aws.list_attached_group_policies(GroupName=group)["AttachedPolicies"]:
        aws.detach_group_policy(GroupName=group, PolicyArn=policy["PolicyArn"])
    for name in aws.list_group_policies(GroupName=group)["PolicyNames"]:
        aws.delete_group_policy(GroupName=group, PolicyName=name)
    aws.delete_group(GroupName=group)


def _delete_instance_profile(aws: Any, profile: str, settle: Settle) -> None:
    one = {"InstanceProfileName": profile}
    for role in aws.get_instance_profile(**one)["InstanceProfile"]["Roles"]:
        aws.remove_role_from_instance_profile(**one, RoleName=role["RoleName"])
    aws.delete_instance_profile(**one)


def _delete_policy(aws: Any, arn: str, settle: Settle) -> None:
    for version in aws.list_policy_versions(PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            aws.delete_policy_version(PolicyArn=arn, VersionId=version["VersionId"])
    aws.delete_policy(PolicyArn=arn)


SERVICE = Service(
    name="iam",
    title="AWS Identity and Access Management",
    real=(
        Claim(
            "Every call is decided by the policies of caller, session, boundary, resource and organization.",
            "security/test_decided.py::test_a_deny_is_stronger_than_any_allow",
        ),
        Claim(
            "Services are given roles by who may pass them, and take those that trust them.",
            "security/test_decided.py::test_to_give_a_service_a_role_needs_pass_role",
        ),
        Claim(
            "A user's keys sign calls until they are deactivated.",
            "gateway/test_credentials.py::test_an_iam_users_key_signs_until_it_is_deactivated",
        ),
        Claim(
            "The policy simulator decides by the same rules as real calls, and tells the statements that decided.",
            "engines/test_iam_simulator.py::test_the_reference_s_example_of_a_user",
        ),
        Claim(
            "Reports tell which services a user, a role, a group or a policy gives, and when each was last called.",
            "engines/test_iam_reports.py::test_a_user_s_services_and_when_he_called_them",
        ),
        Claim(
            "The credential report and the last use of keys and roles are read from the records of calls.",
            "engines/test_iam_reports.py::test_the_credential_report",
        ),
        Claim(
            "Policies and trust policies that are none are refused.",
            "engines/test_policies.py::test_a_policy_that_is_none_is_refused",
        ),
        Claim(
            "AWS's managed policies can be attached and read.",
            "engines/test_iam.py::test_policies_of_aws_can_be_attached_and_read",
        ),
    ),
    differs=(
        Claim(
            "A policy counts from the next call on; AWS may take some seconds until all of it knows.",
            "test_claims_00.py::test_a_policy_counts_from_the_next_call_on",
        ),
        Claim(
            "Last use is known at once, and by its second; AWS takes up to four hours, and rounds it.",
            "engines/test_iam_reports.py::test_when_a_key_was_last_used",
        ),
    ),
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
        Resource(
            type="user",
            title="IAM user",
            create=("CreateUser",),
            name="UserName",
            list=Listing("ListUsers", "Users.UserName"),
            delete=_delete_user,
            uses=("iam:policy", "iam:group", "iam:mfa"),
            is_global=True,
        ),
        Resource(
            type="access key",
            title="access key",
            create=("CreateAccessKey",),
            name="UserName/AccessKeyId",
            delete=Deletion("DeleteAccessKey", "UserName/AccessKeyId"),
            part_of="user",
        ),
        Resource(
            type="login profile",
            title="password",
            create=("CreateLoginProfile",),
            name="UserName",
            delete=Deletion("DeleteLoginProfile", "UserName"),
            part_of="user",
        ),
        Resource(
            type="group",
            title="IAM group",
            create=("CreateGroup",),
            name="GroupName",
            list=Listing("ListGroups", "Groups.GroupName"),
            delete=_delete_group,
            uses=("iam:policy",),
            is_global=True,
        ),
        Resource(
            type="instance-profile",
            title="instance profile",
            create=("CreateInstanceProfile",),
            name="InstanceProfileName",
            list=Listing("ListInstanceProfiles", "InstanceProfiles.InstanceProfileName"),
            delete=_delete_instance_profile,
            uses=("iam:role",),
            is_global=True,
        ),
        Resource(
            type="mfa",
            title="MFA device",
            create=("CreateVirtualMFADevice",),
            name="SerialNumber",
            list=Listing("ListVirtualMFADevices", "VirtualMFADevices.SerialNumber"),
            delete=Deletion("DeleteVirtualMFADevice", "SerialNumber"),
            addressed=True,
            is_global=True,
        ),
        Resource(
            type="oidc-provider",
            title="OpenID Connect provider",
            create=("CreateOpenIDConnectProvider",),
            name="OpenIDConnectProviderArn",
            list=Listing("ListOpenIDConnectProviders", "OpenIDConnectProviderList.Arn"),
            delete=Deletion("DeleteOpenIDConnectProvider", "OpenIDConnectProviderArn"),
            addressed=True,
            is_global=True,
        ),
        Resource(
            type="saml-provider",
            title="SAML provider",
            create=("CreateSAMLProvider",),
            name="Name",
            named_by=("SAMLProviderArn",),
            list=Listing("ListSAMLProviders", "SAMLProviderList.Arn"),
            delete=Deletion("DeleteSAMLProvider", "SAMLProviderArn"),
            addressed=True,
            is_global=True,
        ),
        Resource(
            type="server-certificate",
            title="server certificate",
            create=("UploadServerCertificate",),
            name="ServerCertificateName",
            list=Listing("ListServerCertificates", "ServerCertificateMetadataList.ServerCertificateName"),
            delete=Deletion("DeleteServerCertificate", "ServerCertificateName"),
            is_global=True,
        ),
        Resource(
            type="account alias",
            title="alias of the account",
            create=("CreateAccountAlias",),
            name="AccountAlias",
            list=Listing("ListAccountAliases", "AccountAliases"),
            delete=Deletion("DeleteAccountAlias", "AccountAlias"),
            is_global=True,
        ),
    ),
    leaves_nothing={
        "CreateServiceLinkedRole": "a role that belongs to a service of AWS, and is free",
    },
    unsupported=(
        ("CreateDelegationRequest", "The lab has nobody else to ask for rights."),
        (".*ServiceSpecificCredential.*", "The lab has no services with passwords of their own."),
    ),
)
