"""Organizations: a policy belongs to an organization (API reference, CreatePolicy, AWSOrganizationsNotInUse)."""

from __future__ import annotations

from typing import Any

from moto.organizations.exceptions import AWSOrganizationsNotInUseException
from moto.organizations.models import OrganizationsBackend


class OrganizationsEngine(OrganizationsBackend):
    """Asks whether there is an organization before it adds to it."""

    def create_policy(self, **described: Any) -> dict[str, Any]:
        if self.org is None:
            raise AWSOrganizationsNotInUseException
        return super().create_policy(**described)
