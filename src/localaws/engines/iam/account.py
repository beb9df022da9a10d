"""What GetAccountAuthorizationDetails tells of users and of managed policies; moto leaves their names and ids out.

Source: IAM API reference, UserDetail and ManagedPolicyDetail.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from moto.iam.models import IAMBackend, ManagedPolicy, User

from localaws.engines.iam.identities import tags_of
from localaws.engines.iam.users import UserEngine


def user_detail(iam: IAMBackend, user: User) -> dict[str, Any]:
    bounded = isinstance(user, UserEngine) and user.permissions_boundary
    return {
        "Path": user.path,
        "UserName": user.name,
        "UserId": user.id,
        "Arn": user.arn,
        "CreateDate": user.create_date,
        "UserPolicyList": user.user_policy_list,
        "GroupList": [group.name for group in iam.groups.values() if user in group.users],
        "AttachedManagedPolicies": user.attached_managed_policies,
        "Tags": [{"Key": name, "Value": value} for name, value in tags_of(iam, user).items()],
        **({"PermissionsBoundary": bounded} if bounded else {}),
    }


def policy_detail(policy: ManagedPolicy, boundaries: Collection[str]) -> dict[str, Any]:
    """*boundaries*: the ARN of the boundary of each user and role that has one."""
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": policy.default_version_id,
        "AttachmentCount": policy.attachment_count,
        "PermissionsBoundaryUsageCount": list(boundaries).count(policy.arn),
        "IsAttachable": True,
        "Description": policy.description,
        "CreateDate": policy.create_date,
        "UpdateDate": policy.update_date,
        "PolicyVersionList": policy.versions,
    }
