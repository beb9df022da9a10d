"""Organizations: a policy belongs to an organization (API reference, CreatePolicy, AWSOrganizationsNotInUse)."""

from __future__ import annotations

from typing import Any

from moto.organizations.exceptions import AWSOrganizationsNotInUseException
from moto.organizations.models import OrganizationsBackend, organizations_backends

from localaws.engines import replace_backend
from localaws.lab import Lab


class OrganizationsEngine(OrganizationsBackend):
    """Asks whether there is an organization before it adds to it."""

    def create_policy(self, **described: Any) -> dict[str, Any]:
        if self.org is None:
            raise AWSOrganizationsNotInUseException
        return super().create_policy(**described)


def install(lab: Lab) -> None:
    replace_backend(organizations_backends, OrganizationsEngine)
