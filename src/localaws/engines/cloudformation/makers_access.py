"""Managed policies and the permissions of functions, which moto makes but never deletes.

Source: CloudFormation template reference, AWS::IAM::ManagedPolicy and AWS::Lambda::Permission.
"""

from __future__ import annotations

from localaws.engines.cloudformation.coercion import Api, as_text
from localaws.engines.cloudformation.made import Maker
from localaws.engines.cloudformation.updates import Changes, Properties, Target

_HOLDERS = {"Roles": "Role", "Users": "User", "Groups": "Group"}


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
