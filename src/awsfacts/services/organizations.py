"""Organizations. An account, once made, is closed by people and not by teardown."""

from __future__ import annotations

from awsfacts.declaration import Deletion, Listing, Resource, Service

SERVICE = Service(
    name="organizations",
    title="AWS Organizations",
    resources=(
        Resource(
            type="organization",
            title="organization",
            create=("CreateOrganization",),
            name="Id",
        ),
        Resource(
            type="account",
            title="member account",
            create=("CreateAccount",),
            name="AccountName",
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
            list=Listing("ListPolicies", "Policies.Id", more={"Filter": "SERVICE_CONTROL_POLICY"}),
            delete=Deletion("DeletePolicy", "PolicyId"),
            by_id=True,
            is_global=True,
        ),
    ),
    leaves_nothing={"RegisterDelegatedAdministrator": "a right of an account that exists"},
    unsupported=(("CreateGovCloudAccount", "The lab has no AWS GovCloud."),),
)
