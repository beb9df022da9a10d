"""Who calls, and whom the ``Principal`` of a policy means.

Source: IAM user guide, "AWS JSON policy elements: Principal" and "… NotPrincipal".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum


class Match(IntEnum):
    """How a policy names a caller; the greater, the more an ``Allow`` gives him within his own account."""

    NOT = 0
    #: Through his account: it leaves it to the account's own policies.
    ACCOUNT = 1
    #: As anyone, or as his role: he may, as far as a boundary or a session's policy let him.
    ROLE = 2
    #: Himself: a user, a session, a service. What other policies only leave out does not limit this.
    HIMSELF = 3


@dataclass(frozen=True)
class Principal:
    """Who calls.

    Attributes:
        arn: of a user, a role's session or an account's root; "s3.amazonaws.com" for a service.
        account: its twelve digits.
        user_id: such as AIDA…, or AROA…:session.
        role_arn: of the role behind a session, else "".
    """

    arn: str
    account: str
    user_id: str = ""
    role_arn: str = ""

    @property
    def is_service(self) -> bool:
        return not self.arn.startswith("arn:")

    @property
    def is_root(self) -> bool:
        return self.arn.endswith(":root")

    def named_by(self, principals: str | Mapping[str, tuple[str, ...]]) -> Match:
        """How *principals*, the value of an element, name this one; everyone is meant by "*", services too."""
        named = {"AWS": ("*",)} if isinstance(principals, str) else principals
        if self.is_service:
            is_named = "*" in named.get("AWS", ()) or self.arn in named.get("Service", ())
            return Match.HIMSELF if is_named else Match.NOT
        return max((self._named_by(each) for each in named.get("AWS", ())), default=Match.NOT)

    def _named_by(self, text: str) -> Match:
        role_id, _, session = self.user_id.partition(":")
        if text in (self.arn, self.user_id):
            return Match.HIMSELF
        if text in ("*", self.role_arn) or (session and text == role_id):
            return Match.ROLE
        partition = self.arn.split(":")[1]
        is_account = text in (self.account, f"arn:{partition}:iam::{self.account}:root")
        return Match.ACCOUNT if is_account else Match.NOT
