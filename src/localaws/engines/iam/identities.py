"""The policies of who calls, as IAM has them now: his own, those of his groups, or those of his role."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from moto.iam.models import IAMBackend, Role, User, iam_backends

from localaws.credentials import Credential
from localaws.engines.iam.attachments import attachments, holders_for, text_of
from localaws.engines.iam.users import UserEngine
from localaws.policies.documents import Policy, read

#: All that AdministratorAccess says.
_ADMINISTRATOR = read(
    "arn:aws:iam::aws:policy/AdministratorAccess",
    {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]},
)


@dataclass(frozen=True)
class Identity:
    """What IAM has of a caller: the policies that give, the one that bounds them, if there is one, and his tags."""

    policies: tuple[Policy, ...] = ()
    boundary: Policy | None = None
    tags: Callable[[], Mapping[str, str]] = dict


def identity_of(caller: Credential, owner: Credential) -> Identity:
    """The policies of *caller*; none for whom IAM does not know (any more), for a root user and for a service.

    Nobody has changed the *owner* of a lab in which nothing of IAM was used yet.
    """
    iam = _iam_of(caller)
    if iam is None:
        return Identity((_ADMINISTRATOR,)) if caller.principal == owner.principal else Identity()
    if caller.kind == "AssumedRole":
        role = iam.roles.get(caller.user_id.partition(":")[0])
        return _of(iam, role) if role and role.arn == caller.issuer else Identity()
    arn = caller.issuer if caller.kind == "FederatedUser" else caller.principal
    user = iam.users.get(arn.rpartition("/")[2])
    if not isinstance(user, UserEngine) or user.arn != arn:
        return Identity()
    if caller.kind == "IAMUser" and caller.user_id != user.id:  # one of the same name, who came later
        return Identity()
    return _of(iam, user)


def boundary_of(arn: str) -> str:
    """The ARN of the boundary of the user or role *arn*; "" without one.

    Condition key iam:PermissionsBoundary of calls that change a user or role ("Actions, resources, and condition keys
    for AWS IAM", service authorization reference).
    """
    _, partition, _, _, account, name = [*arn.split(":", 5), *[""] * 5][:6]
    iam = iam_backends[account].get(partition) if account in iam_backends else None
    if iam is None or not name.startswith(("role/", "user/")):
        return ""
    bounded: list[Any] = list(iam.roles.values() if name.startswith("role/") else iam.users.values())
    return next((each.permissions_boundary_arn or "" for each in bounded if each.arn == arn), "")


def _iam_of(caller: Credential) -> IAMBackend | None:
    """The IAM of the caller's account, if anything was done in it."""
    partition = caller.principal.split(":")[1] if caller.principal.startswith("arn:") else ""
    by_partition = iam_backends.get(caller.account_id)
    return by_partition.get(partition) if by_partition else None


def _of(iam: IAMBackend, bounded: UserEngine | Role) -> Identity:
    policies = tuple(each.policy for each in attachments(holders_for(iam, bounded)))
    arn = bounded.permissions_boundary_arn
    tags = partial(tags_of, iam, bounded)
    if not arn:
        return Identity(policies, None, tags)
    limit = iam.managed_policies.get(arn)
    # a boundary that is deleted bounds all
    return Identity(policies, read(arn, text_of(limit)) if limit else Policy(arn), tags)


def tags_of(iam: IAMBackend, who: User | Role) -> dict[str, str]:
    """The tags of *who*, by name and value."""
    tags = who.tags if isinstance(who, Role) else iam.tagger.list_tags_for_resource(who.arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}
