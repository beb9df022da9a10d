"""Users: their ids say what they are, and a permissions boundary may limit them, as it does roles."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from moto.iam.models import User

from localaws.credentials import random_key_id


class UserEngine(User):
    """A user whose unique id begins with AIDA ("IAM identifiers", IAM user guide)."""

    permissions_boundary_arn: str | None = None
    password_last_changed: datetime | None = None

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.id = random_key_id("AIDA")

    @property
    def permissions_boundary(self) -> dict[str, str] | None:
        if not self.permissions_boundary_arn:
            return None
        kind = "PermissionsBoundaryPolicy"
        return {"PermissionsBoundaryType": kind, "PermissionsBoundaryArn": self.permissions_boundary_arn}
