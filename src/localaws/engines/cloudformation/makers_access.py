"""Roles, users, groups and policies of IAM, and the permissions of functions.

Source: CloudFormation template reference, under each type's name.
"""

from __future__ import annotations

from contextlib import suppress

from botocore.exceptions import ClientError

from localaws.engines.cloudformation.changes_access import GROUP, ROLE, USER
from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.made import Maker
from localaws.engines.cloudformation.updates import Changes, Properties, Target, both

#: Who may hold a policy, by the property that names them.
_HOLDERS = {"Roles": "Role", "Users": "User", "Groups": "Group"}


def _role(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    wanted = {**api.taken("CreateRole", properties), "RoleName": name}
    wanted["AssumeRolePolicyDocument"] = as_text(properties["AssumeRolePolicyDocument"])
    made = api("CreateRole", **wanted)["Role"]
    return name, {"Arn": made["Arn"], "RoleId": made["RoleId"]}


def _delete_role(api: Api, name: str, properties: Properties) -> None:
    _let_go(api, "Role", name)
    api("DeleteRole", RoleName=name)


def _user(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    made = api("CreateUser", UserName=name, Path=properties.get("Path"), Tags=properties.get("Tags"))
    return name, {"Arn": made["User"]["Arn"]}


def _delete_user(api: Api, name: str, properties: Properties) -> None:
    _let_go(api, "User", name)
    for group in api("ListGroupsForUser", UserName=name)["Groups"]:
        api("RemoveUserFromGroup", UserName=name, GroupName=group["GroupName"])
    if "LoginProfile" in properties:
        with suppress(ClientError):  # there is none yet of a user whose creation failed
            api("DeleteLoginProfile", UserName=name)
    api("DeleteUser", UserName=name)


def _group(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    made = api("CreateGroup", GroupName=name, Path=properties.get("Path"))
    return name, {"Arn": made["Group"]["Arn"]}


def _delete_group(api: Api, name: str, properties: Properties) -> None:
    _let_go(api, "Group", name)
    api("DeleteGroup", GroupName=name)


def _let_go(api: Api, kind: str, name: str) -> None:
    """IAM deletes nobody who holds a policy (DeleteUser, API reference)."""
    own = {f"{kind}Name": name}
    for policy in api(f"ListAttached{kind}Policies", **own)["AttachedPolicies"]:
        api(f"Detach{kind}Policy", **own, PolicyArn=policy["PolicyArn"])
    for inline in api(f"List{kind}Policies", **own)["PolicyNames"]:
        api(f"Delete{kind}Policy", **own, PolicyName=inline)


def _inline(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    document = as_text(properties["PolicyDocument"])
    for members, kind in _HOLDERS.items():
        for holder in properties.get(members, []):
            own = {f"{kind}Name": holder}
            api(f"Put{kind}Policy", **own, PolicyName=properties["PolicyName"], PolicyDocument=document)
    return name, {}


def _change_inline(policy: Target) -> None:
    """Put it anew, and take it away from where only the former was."""
    former, new = both(policy)
    renamed = former["PolicyName"] != new["PolicyName"]
    gone = {each: [h for h in former.get(each, []) if renamed or h not in new.get(each, [])] for each in _HOLDERS}
    _inline(policy.api, policy.id, new)
    _delete_inline(policy.api, policy.id, {**gone, "PolicyName": former["PolicyName"]})


def _delete_inline(api: Api, name: str, properties: Properties) -> None:
    for members, kind in _HOLDERS.items():
        for holder in properties.get(members, []):
            api(f"Delete{kind}Policy", **{f"{kind}Name": holder}, PolicyName=properties["PolicyName"])


def _policy(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    made = api(
        "CreatePolicy",
        PolicyName=name,
        PolicyDocument=as_text(properties["PolicyDocument"]),
        Description=properties.get("Description"),
        Path=properties.get("Path"),
    )["Policy"]
    _attach(api, made["Arn"], {}, properties)
    return made["Arn"], {"PolicyArn": made["Arn"]}


def _attach(api: Api, arn: str, former: Properties, new: Properties) -> None:
    """Attach the policy to whom *new* names, and detach it from whom only *former* does."""
    for members, kind in _HOLDERS.items():
        before, after = set(former.get(members, [])), set(new.get(members, []))
        for name in sorted(before - after):
            api(f"Detach{kind}Policy", **{f"{kind}Name": name}, PolicyArn=arn)
        for name in sorted(after - before):
            api(f"Attach{kind}Policy", **{f"{kind}Name": name}, PolicyArn=arn)


def _change_document(policy: Target) -> None:
    """A policy keeps five versions at most (CreatePolicyVersion, API reference): the former default goes."""
    versions = policy.api("ListPolicyVersions", PolicyArn=policy.id)["Versions"]
    document = as_text(policy.new["PolicyDocument"])
    policy.api("CreatePolicyVersion", PolicyArn=policy.id, PolicyDocument=document, SetAsDefault=True)
    for version in versions:
        if version["IsDefaultVersion"]:
            policy.api("DeletePolicyVersion", PolicyArn=policy.id, VersionId=version["VersionId"])


def _change_holders(policy: Target) -> None:
    _attach(policy.api, policy.id, policy.former, policy.new)


def _delete_policy(api: Api, arn: str, properties: Properties) -> None:
    _attach(api, arn, properties, {})
    for version in api("ListPolicyVersions", PolicyArn=arn)["Versions"]:
        if not version["IsDefaultVersion"]:
            api("DeletePolicyVersion", PolicyArn=arn, VersionId=version["VersionId"])
    api("DeletePolicy", PolicyArn=arn)


def _permission(api: Api, name: str, properties: Properties) -> tuple[str, dict[str, str]]:
    api("AddPermission", StatementId=name, **properties)
    return name, {"Id": name}


def _delete_permission(api: Api, name: str, properties: Properties) -> None:
    api("RemovePermission", FunctionName=properties["FunctionName"], StatementId=name)


ACCESS = {
    "AWS::IAM::Role": Maker(_role, _delete_role, ROLE, "RoleName", frozenset({"Arn", "RoleId"})),
    "AWS::IAM::User": Maker(_user, _delete_user, USER, "UserName", frozenset({"Arn"})),
    "AWS::IAM::Group": Maker(_group, _delete_group, GROUP, "GroupName", frozenset({"Arn"})),
    "AWS::IAM::Policy": Maker(
        _inline, _delete_inline, Changes("iam", [(["PolicyName", "PolicyDocument", *_HOLDERS], _change_inline)])
    ),
    "AWS::IAM::ManagedPolicy": Maker(
        _policy,
        _delete_policy,
        Changes(
            "iam",
            [(["PolicyDocument"], _change_document), (list(_HOLDERS), _change_holders)],
            frozenset({"ManagedPolicyName", "Path", "Description"}),
        ),
        "ManagedPolicyName",
        frozenset({"PolicyArn"}),
    ),
    "AWS::Lambda::Permission": Maker(
        _permission,
        _delete_permission,
        Changes("lambda", [], frozenset("FunctionName Action Principal SourceArn SourceAccount".split())),
        attributes=frozenset({"Id"}),
    ),
}
