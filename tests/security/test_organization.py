"""Service control policies limit an account's users and roles, whatever their own policies give.

Source: Organizations user guide, "Service control policies (SCPs)" and "SCP evaluation".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.security.people import allow, deny, document, refusal, session


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One whose account manages an organization."""
    yield from RunningLab.in_turn(tmp_path_factory.mktemp("organization"))


@pytest.fixture(scope="module")
def organization(lab: RunningLab) -> Any:
    client = lab.client("organizations")
    client.create_organization(FeatureSet="ALL")
    client.enable_policy_type(RootId=client.list_roots()["Roots"][0]["Id"], PolicyType="SERVICE_CONTROL_POLICY")
    return client


@pytest.fixture(scope="module")
def member(lab: RunningLab, organization: Any) -> tuple[str, Any]:
    """A member account in a unit of its own, and S3 as its administrator."""
    status = organization.create_account(AccountName="data", Email="data@example.com")["CreateAccountStatus"]
    account = status["AccountId"]
    root = organization.list_roots()["Roots"][0]["Id"]
    unit = organization.create_organizational_unit(ParentId=root, Name="data")["OrganizationalUnit"]["Id"]
    organization.move_account(AccountId=account, SourceParentId=root, DestinationParentId=unit)
    # "Accessing member accounts": the role that Organizations makes trusts the managing account
    arn = f"arn:aws:iam::{account}:role/OrganizationAccountAccessRole"
    return account, session(lab.client("sts"), arn, lab).client("s3")


def policy(organization: Any, name: str, *statements: dict[str, Any]) -> str:
    made = organization.create_policy(
        Name=name, Description=name, Type="SERVICE_CONTROL_POLICY", Content=document(*statements)
    )
    return str(made["Policy"]["PolicySummary"]["Id"])


def test_whose_organization_it_is(lab: RunningLab, organization: Any, member: tuple[str, Any]) -> None:
    """aws:PrincipalOrgID, PrincipalOrgPaths, ResourceOrgID, ResourceAccount ("AWS global condition context keys")."""
    account, s3 = member
    org = organization.describe_organization()["Organization"]["Id"]
    unit = organization.list_parents(ChildId=account)["Parents"][0]["Id"]
    root = organization.list_roots()["Roots"][0]["Id"]
    own, key = lab.client("s3"), {"Bucket": "for-the-organization", "Key": "k"}
    own.create_bucket(Bucket=key["Bucket"])
    own.put_object(**key, Body=b"x")
    whom = {"Principal": "*", "Action": "s3:GetObject", "Resource": f"arn:aws:s3:::{key['Bucket']}/*"}
    for operator, name, right, wrong in (
        ("StringEquals", "aws:PrincipalOrgID", org, "o-0000000000"),
        ("ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", f"{org}/{root}/{unit}/", f"{org}/{root}/"),
        ("StringEquals", "aws:ResourceOrgID", org, "o-0000000000"),
        ("StringEquals", "aws:ResourceAccount", lab.facts["account_id"], account),
    ):
        for value, may in ((right, True), (wrong, False)):
            statement = {"Effect": "Allow", **whom, "Condition": {operator: {name: value}}}
            own.delete_public_access_block(Bucket=key["Bucket"])
            own.put_bucket_policy(Bucket=key["Bucket"], Policy=document(statement))
            assert (not refusal(s3.get_object, **key)) is may, (name, value)


def test_a_denial_at_the_root_holds_for_members_only(
    lab: RunningLab, organization: Any, member: tuple[str, Any]
) -> None:
    _, s3 = member
    root = organization.list_roots()["Roots"][0]["Id"]
    assert not refusal(s3.list_buckets)
    denial = policy(organization, "no-listing", deny("s3:ListAllMyBuckets"))
    organization.attach_policy(PolicyId=denial, TargetId=root)
    assert refusal(s3.list_buckets).endswith("with an explicit deny in a service control policy")
    assert not refusal(lab.client("s3").list_buckets)  # the managing account is above them
    organization.detach_policy(PolicyId=denial, TargetId=root)
    assert not refusal(s3.list_buckets)


def test_each_level_has_to_allow(organization: Any, member: tuple[str, Any]) -> None:
    account, s3 = member
    unit = organization.list_parents(ChildId=account)["Parents"][0]["Id"]
    only_sqs = policy(organization, "only-sqs", allow("sqs:*"))
    organization.attach_policy(PolicyId=only_sqs, TargetId=unit)
    organization.detach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert refusal(s3.list_buckets).endswith("because no service control policy allows the s3:ListAllMyBuckets action")
    organization.attach_policy(PolicyId="p-FullAWSAccess", TargetId=unit)
    assert not refusal(s3.list_buckets)
