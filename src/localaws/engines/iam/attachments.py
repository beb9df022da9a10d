"""The policies that a user, a group or a role has: inline ones, and managed ones in their default version."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal

from moto.iam.models import Group, IAMBackend, ManagedPolicy, Role, User

from localaws.policies.documents import Policy, read

Holder = User | Group | Role


@dataclass(frozen=True)
class Attachment:
    """A policy that somebody has.

    Attributes:
        holder: "user", "group" or "role".
        holder_name: who has it.
        name: of the policy.
        arn: of a managed policy; "" for one that is inline.
        text: its JSON, as it was written.
    """

    holder: Literal["user", "group", "role"]
    holder_name: str
    name: str
    arn: str
    text: str

    @property
    def policy(self) -> Policy:
        return read(self.arn or self.name, self.text)

    @property
    def kind(self) -> str:
        """As a policy simulation excludes it (IAM API reference, PolicyIdentifier)."""
        if not self.arn:
            return "inline"
        return "aws-managed" if self.arn.split(":")[4] == "aws" else "user-managed"


def attachments(holders: Iterable[Holder]) -> Iterator[Attachment]:
    """All that *holders* have."""
    for holder in holders:
        kind: Literal["user", "group", "role"] = (
            "user" if isinstance(holder, User) else "group" if isinstance(holder, Group) else "role"
        )
        for name, document in list(holder.policies.items()):
            yield Attachment(kind, holder.name, name, "", _text(document))
        for policy in list(holder.managed_policies.values()):
            yield Attachment(kind, holder.name, policy.name, policy.arn, text_of(policy))


def holders_for(iam: IAMBackend, who: Holder) -> list[Holder]:
    """From whom *who* has policies: a user also from the groups that he is in."""
    if not isinstance(who, User):
        return [who]
    return [who, *(group for group in iam.groups.values() if who in group.users)]


def text_of(policy: ManagedPolicy) -> str:
    """The JSON of the version that is in force."""
    return _text(next(version.document for version in policy.versions if version.is_default))


def _text(document: object) -> str:
    return document if isinstance(document, str) else json.dumps(document)
