"""Organizations: a policy belongs to an organization (API reference, CreatePolicy, AWSOrganizationsNotInUse)."""

from __future__ import annotations

from typing import Any

from moto.iam.models import iam_backends
from moto.organizations.exceptions import AWSOrganizationsNotInUseException
from moto.organizations.models import OrganizationsBackend

from localaws.engines.iam.backend import ADMINISTRATOR


class OrganizationsEngine(OrganizationsBackend):
    """Asks whether there is an organization before it adds to it."""

    def create_account(self, **described: Any) -> dict[str, Any]:
        """The role by which the managing account gets into the new one is an administrator's.

        Source: "Accessing member accounts in an organization with AWS Organizations" (user guide).
        """
        status = super().create_account(**described)
        iam = iam_backends[status["CreateAccountStatus"]["AccountId"]][self.partition]
        name = described.get("RoleName") or "OrganizationAccountAccessRole"
        iam.attach_role_policy(ADMINISTRATOR, name)
        return status

    def create_policy(self, **described: Any) -> dict[str, Any]:
        if self.org is None:
            raise AWSOrganizationsNotInUseException
        return super().create_policy(**described)
