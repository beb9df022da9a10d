"""The service control policies that an account stands under (Organizations user guide, "Service control policies")."""

from __future__ import annotations

from collections.abc import Iterator

from moto.organizations.models import (
    FakeAccount,
    FakeOrganizationalUnit,
    OrganizationsBackend,
    organizations_backends,
)

from localaws.lab import Lab
from localaws.policies.documents import Policy, read

_TYPE = "SERVICE_CONTROL_POLICY"
Levels = tuple[tuple[Policy, ...], ...]


def control_of(lab: Lab, account_id: str) -> Levels:
    """The policies at the root, at each unit and at the account itself; () where none apply.

    None do to the account that manages the organization, nor while the organization has not enabled them.
    """
    if account_id == lab.account_id:  # others come to be by being created in its organization
        return ()
    assert lab.install is not None, "the lab is not serving yet"
    lab.install("organizations")
    for _, _, backend in list(organizations_backends.iter_backends()):
        assert isinstance(backend, OrganizationsBackend)
        member = next((each for each in backend.accounts if each.id == account_id), None)
        if backend.org and member and account_id != backend.org.master_account_id and _are_enabled(backend):
            return tuple(_levels(backend, member))
    return ()


def membership_of(lab: Lab, account_id: str) -> tuple[str, str] | None:
    """The organization of an account and its place in it, as aws:PrincipalOrgPaths has it; None if it is in none."""
    assert lab.install is not None, "the lab is not serving yet"
    lab.install("organizations")
    for _, _, backend in list(organizations_backends.iter_backends()):
        assert isinstance(backend, OrganizationsBackend)
        member = next((each for each in backend.accounts if each.id == account_id), None)
        if backend.org and member:
            path, units = [member.parent_id or ""], {unit.id: unit for unit in backend.ou}
            while (unit := units.get(path[-1])) and unit.parent_id:  # the root is in nothing
                path.append(unit.parent_id)
            return backend.org.id, "/".join([backend.org.id, *reversed(path), ""])
    return None


def _are_enabled(backend: OrganizationsBackend) -> bool:
    root = backend._get_root_by_id(backend.org.root_id) if backend.org else None
    return root is not None and any(each["Type"] == _TYPE for each in root.policy_types)


def _levels(backend: OrganizationsBackend, member: FakeAccount) -> Iterator[tuple[Policy, ...]]:
    units = {unit.id: unit for unit in backend.ou}
    path: list[FakeAccount | FakeOrganizationalUnit] = [member]
    while parent := units.get(path[-1].parent_id or ""):
        path.append(parent)
    for level in reversed(path):
        yield tuple(read(each.arn, each.content or "") for each in level.attached_policies if each.type == _TYPE)
