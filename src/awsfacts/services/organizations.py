"""Organizations."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from awsfacts.declaration import Deletion, Listing, Resource, Service, Settle, pages


def _in_use(listing: Callable[[Any], Iterator[str]]) -> Callable[[Any], Iterator[str]]:
    """*listing*, which finds nothing where the account is in no organization."""

    def listed(aws: Any) -> Iterator[str]:
        try:
            yield from listing(aws)
        except aws.exceptions.AWSOrganizationsNotInUseException:
            return

    return listed


def _accounts(aws: Any) -> Iterator[dict[str, Any]]:
    """The member accounts."""
    manager = aws.describe_organization()["Organization"]["MasterAccountId"]
    for page in pages(aws, "ListAccounts"):
        yield from (each for each in page["Accounts"] if each["Id"] != manager)


def _delete_account(aws: Any, name: str, settle: Settle) -> None:
    """Take an account out of the organization. On AWS it has to have a way to pay of its own by then, and lives on
    until its owner closes it (API reference, RemoveAccountFromOrganization)."""
    for account in list(_accounts(aws)):
        if account["Name"] == name:
            aws.remove_account_from_organization(AccountId=account["Id"])


def _delete_policy(aws: Any, policy: str, settle: Settle) -> None:
    """A policy can be deleted once nothing has it (API reference, DeletePolicy)."""
    for page in pages(aws, "ListTargetsForPolicy", PolicyId=policy):
        for target in page["Targets"]:
            aws.detach_policy(PolicyId=policy, TargetId=target["TargetId"])
    aws.delete_policy(PolicyId=policy)


def _delete_organization(aws: Any, organization: str, settle: Settle) -> None:
    """An organization can be deleted once its members have left (API reference, DeleteOrganization)."""
    aws.delete_organization()


SERVICE = Service(
    name="organizations",
    title="AWS Organizations",
    resources=(
        Resource(
            type="organization",
            title="organization",
            create=("CreateOrganization",),
            name="Id",
            list=_in_use(lambda aws: iter([aws.describe_organization()["Organization"]["Id"]])),
            delete=_delete_organization,
            by_id=True,
            is_global=True,
        ),
        Resource(
            type="account",
            title="member account",
            create=("CreateAccount",),
            name="AccountName",
            list=_in_use(lambda aws: (each["Name"] for each in _accounts(aws))),
            delete=_delete_account,
            uses=("organizations:organization",),
            is_global=True,
        ),
        Resource(
            type="organizationalunit",
            title="organizational unit",
            create=("CreateOrganizationalUnit",),
            name="Id",
            delete=Deletion("DeleteOrganizationalUnit", "OrganizationalUnitId"),
        ),
        Resource(
            type="policy",
            title="policy of an organization",
            create=("CreatePolicy",),
            name="Id",
            list=_in_use(Listing("ListPolicies", "Policies.Id", more={"Filter": "SERVICE_CONTROL_POLICY"})),
            delete=_delete_policy,
            uses=("organizations:organization",),
            by_id=True,
            is_global=True,
        ),
    ),
    leaves_nothing={"RegisterDelegatedAdministrator": "a right of an account that exists"},
    unsupported=(("CreateGovCloudAccount", "The lab has no AWS GovCloud."),),
)
