"""How stacks change roles, users and groups: the policies that these hold, and what each has besides.

Source: CloudFormation template reference, AWS::IAM::Role, AWS::IAM::User and AWS::IAM::Group.
"""

from __future__ import annotations

from collections.abc import Sequence

from localaws.engines.cloudformation.coercion import as_text
from localaws.engines.cloudformation.updates import Change, Changes, Target, both, members, setting, tagging


def _inline_policies(kind: str) -> Change:
    def change(holder: Target) -> None:
        before, after = (
            {each["PolicyName"]: each["PolicyDocument"] for each in properties.get("Policies", [])}
            for properties in both(holder)
        )
        own = {f"{kind}Name": holder.id}
        for name in before.keys() - after.keys():
            holder.api(f"Delete{kind}Policy", **own, PolicyName=name)
        for name, document in after.items():
            holder.api(f"Put{kind}Policy", **own, PolicyName=name, PolicyDocument=as_text(document))

    return change


def _held(kind: str) -> list[tuple[Sequence[str], Change]]:
    operations = f"Attach{kind}Policy", f"Detach{kind}Policy"
    managed = members("ManagedPolicyArns", *operations, f"{kind}Name", "PolicyArn")
    return [(["Policies"], _inline_policies(kind)), (["ManagedPolicyArns"], managed)]


def _trust(role: Target) -> None:
    role.api("UpdateAssumeRolePolicy", RoleName=role.id, PolicyDocument=as_text(role.new["AssumeRolePolicyDocument"]))


def _role(role: Target) -> None:
    seconds = role.new.get("MaxSessionDuration", 3600)
    role.api("UpdateRole", RoleName=role.id, Description=role.new.get("Description", ""), MaxSessionDuration=seconds)


def _login(user: Target) -> None:
    before, after = (properties.get("LoginProfile") for properties in both(user))
    if after is None:
        user.api("DeleteLoginProfile", UserName=user.id)
    else:
        user.api("UpdateLoginProfile" if before else "CreateLoginProfile", UserName=user.id, **after)


_BOUNDARY = setting("PermissionsBoundary", "PutRolePermissionsBoundary", "DeleteRolePermissionsBoundary", "RoleName")
ROLE = Changes(
    "iam",
    [
        (["AssumeRolePolicyDocument"], _trust),
        (["Description", "MaxSessionDuration"], _role),
        *_held("Role"),
        (["PermissionsBoundary"], _BOUNDARY),
        (["Tags"], tagging("TagRole", "UntagRole", "RoleName")),
    ],
    frozenset({"RoleName", "Path"}),
)
USER = Changes(
    "iam",
    [
        *_held("User"),
        (["Groups"], members("Groups", "AddUserToGroup", "RemoveUserFromGroup", "UserName", "GroupName")),
        (["LoginProfile"], _login),
        (["Tags"], tagging("TagUser", "UntagUser", "UserName")),
    ],
    frozenset({"UserName", "Path"}),
)
GROUP = Changes("iam", _held("Group"), frozenset({"GroupName", "Path"}))
