"""Block Public Access and the end of access control lists, as new buckets have had them since April 2023.

Sources: S3 user guide, "Blocking public access to your Amazon S3 storage", "Controlling ownership of objects and
disabling ACLs for your bucket", "Troubleshoot access denied (403 Forbidden) errors in Amazon S3".
"""

from __future__ import annotations

import json
import time
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.gateway.wire import localhost_found
from tests.security.people import document, said, session

SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OWNER = "arn:aws:iam::123456789012:user/lab-admin"
#: Somebody else's canonical id.
STRANGER = 'id="79a59df900b949e55d96a1e698fbacedfd6e09d98eacf8f8d5218e7cd47ef2be"'


@pytest.fixture
def s3(lab: RunningLab) -> Any:
    return lab.client("s3")


@pytest.fixture
def bucket(s3: Any) -> Iterator[str]:
    name = f"s3-public-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    yield name
    for each in s3.list_objects_v2(Bucket=name).get("Contents", []):
        s3.delete_object(Bucket=name, Key=each["Key"])
    s3.delete_bucket(Bucket=name)


def blocks(**settings: bool) -> dict[str, bool]:
    return {name: settings.get(name, False) for name in SETTINGS}


def reading(bucket: str, principal: Any = "*", **elements: Any) -> str:
    """A policy by which *principal* may read the objects of *bucket*."""
    statement = {"Effect": "Allow", "Principal": principal, "Action": "s3:GetObject", **elements}
    return document({"Resource": f"arn:aws:s3:::{bucket}/*", **statement})


def test_a_new_bucket_has_all_four_settings_and_no_lists(s3: Any, bucket: str) -> None:
    """ "Default settings for new S3 buckets FAQ"."""
    assert s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"] == dict.fromkeys(SETTINGS, True)
    owned = s3.get_bucket_ownership_controls(Bucket=bucket)["OwnershipControls"]["Rules"]
    assert owned == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    [grant] = s3.get_bucket_acl(Bucket=bucket)["Grants"]
    assert grant["Permission"] == "FULL_CONTROL"  # "requests to read ACLs are still supported"


def test_a_public_policy_is_refused_while_it_is_blocked(s3: Any, bucket: str) -> None:
    refused = said(s3.put_bucket_policy, Bucket=bucket, Policy=reading(bucket))
    assert refused == (
        "AccessDenied",
        f'User: {OWNER} is not authorized to perform: s3:PutBucketPolicy on resource: "arn:aws:s3:::{bucket}" because '
        "public policies are prevented by the BlockPublicPolicy setting in S3 Block Public Access.",
    )
    assert said(s3.get_bucket_policy, Bucket=bucket)[0] == "NoSuchBucketPolicy"
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocks(RestrictPublicBuckets=True))
    s3.put_bucket_policy(Bucket=bucket, Policy=reading(bucket))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True


#: What lets everybody in, and what does not ("The meaning of 'public'").
PUBLIC: list[tuple[Any, dict[str, Any], bool]] = [
    ("*", {}, True),
    ({"AWS": "*"}, {}, True),
    ({"AWS": ["arn:aws:iam::111122223333:root", "*"]}, {}, True),
    ({"AWS": "arn:aws:iam::111122223333:root"}, {}, False),
    ({"Service": "cloudtrail.amazonaws.com"}, {}, False),
    ("*", {"StringEquals": {"aws:SourceVpc": "vpc-91237329"}}, False),
    ("*", {"StringLike": {"aws:SourceVpc": "vpc-*"}}, True),
    ("*", {"StringNotEquals": {"aws:SourceVpc": "vpc-91237329"}}, True),
    ("*", {"StringEqualsIfExists": {"aws:SourceVpc": "vpc-91237329"}}, True),
    ("*", {"StringEquals": {"aws:SourceVpc": "${aws:username}"}}, True),
    ("*", {"StringEquals": {"aws:SourceVpc": ["vpc-91237329", "vpc-*"]}}, True),
    ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}, False),
    ("*", {"StringEquals": {"AWS:SOURCEACCOUNT": "111122223333"}}, False),
    ("*", {"StringEquals": {"s3:x-amz-acl": "private"}}, True),
    ("*", {"Bool": {"aws:SecureTransport": "true"}}, True),
    ("*", {"IpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, False),
    ("*", {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "0.0.0.0/1"]}}, True),
    ("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}, True),
    ("*", {"IpAddress": {"aws:SourceIp": "10.0.0.0/8"}}, False),
    ("*", {"IpAddress": {"aws:SourceIp": "2600::/16"}}, True),
    ("*", {"NotIpAddress": {"aws:SourceIp": "203.0.113.0/24"}}, True),
    ("*", {"StringLike": {"aws:userid": "AROAEXAMPLEID:*"}}, False),
    ("*", {"StringLike": {"aws:userid": "*"}}, True),
    ("*", {"StringEquals": {"s3:DataAccessPointAccount": "111122223333"}}, False),
    ("*", {"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-east-1:111122223333:accesspoint/*"}}, False),
    ("*", {"ArnLike": {"s3:DataAccessPointArn": "arn:aws:s3:us-east-1:*:accesspoint/a"}}, True),
]


@pytest.mark.parametrize(("principal", "condition", "public"), PUBLIC)
def test_the_meaning_of_public(s3: Any, bucket: str, principal: Any, condition: dict[str, Any], public: bool) -> None:
    policy = reading(bucket, principal, **({"Condition": condition} if condition else {}))
    assert (said(s3.put_bucket_policy, Bucket=bucket, Policy=policy)[0] == "AccessDenied") is public
    s3.delete_public_access_block(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is public


def test_who_is_meant_by_no_name_is_everybody(s3: Any, bucket: str) -> None:
    """Allow with NotPrincipal is everybody but some; what denies lets nobody in, however wide it is."""
    others = {"Effect": "Allow", "NotPrincipal": {"AWS": OWNER}, "Action": "s3:GetObject"}
    but_one = document({**others, "Resource": f"arn:aws:s3:::{bucket}/*"})
    assert said(s3.put_bucket_policy, Bucket=bucket, Policy=but_one)[0] == "AccessDenied"
    denying = {"Effect": "Deny", "Principal": "*", "Action": "s3:PutObject", "Resource": f"arn:aws:s3:::{bucket}/*"}
    s3.put_bucket_policy(Bucket=bucket, Policy=document(denying))
    assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False


def test_a_list_is_refused_where_there_are_none(s3: Any, bucket: str) -> None:
    """Uploads "must either not specify an ACL or specify bucket owner full control ACLs"."""
    refused = ("AccessControlListNotSupported", "The bucket does not allow ACLs")
    key = {"Bucket": bucket, "Key": "k"}
    for acl in ("private", "public-read", "authenticated-read", "bucket-owner-read"):
        assert said(s3.put_object, **key, Body=b"x", ACL=acl) == refused
        assert said(s3.put_bucket_acl, Bucket=bucket, ACL=acl) == refused
        assert said(s3.create_multipart_upload, **key, ACL=acl) == refused
    assert said(s3.put_object, **key, Body=b"x", GrantRead=STRANGER) == refused
    s3.put_object(**key, Body=b"x", ACL="bucket-owner-full-control")
    assert said(s3.copy_object, Bucket=bucket, Key="copy", CopySource=key, ACL="private") == refused
    assert said(s3.put_object_acl, **key, ACL="private") == refused
    assert said(s3.put_bucket_acl, Bucket=bucket, GrantRead=STRANGER) == refused
    owner = s3.get_bucket_acl(Bucket=bucket)["Owner"]
    grants = [{"Grantee": {"Type": "CanonicalUser", "ID": owner["ID"]}, "Permission": "READ"}]
    policy = {"Owner": owner, "Grants": grants}
    assert said(s3.put_object_acl, **key, AccessControlPolicy=policy) == refused
    assert s3.get_object_acl(**key)["Grants"]
    assert said(s3.put_bucket_acl, Bucket="s3-public-none", ACL="private")[0] == "NoSuchBucket"


def test_where_lists_are_on_public_ones_are_blocked(s3: Any, bucket: str) -> None:
    s3.delete_bucket_ownership_controls(Bucket=bucket)
    key = {"Bucket": bucket, "Key": "k"}
    s3.put_object(**key, Body=b"x", ACL="private")
    group = 'uri="http://acs.amazonaws.com/groups/global/AllUsers"'
    reason = "because public ACLs are prevented by the BlockPublicAcls setting in S3 Block Public Access."
    code, message = said(s3.put_object_acl, **key, ACL="public-read")
    assert (code, message) == (
        "AccessDenied",
        f'User: {OWNER} is not authorized to perform: s3:PutObjectAcl on resource: "arn:aws:s3:::{bucket}/k" {reason}',
    )
    for call, arguments in (
        (s3.put_object, {**key, "Body": b"y", "ACL": "public-read-write"}),
        (s3.put_object, {**key, "Body": b"y", "GrantRead": group}),
        (s3.copy_object, {**key, "CopySource": key, "ACL": "authenticated-read", "MetadataDirective": "REPLACE"}),
        (s3.put_bucket_acl, {"Bucket": bucket, "ACL": "public-read"}),
    ):
        code, message = said(call, **arguments)
        assert (code, message.endswith(reason)) == ("AccessDenied", True), message
    assert s3.get_object(**key)["Body"].read() == b"x"
    s3.put_object_acl(**key, GrantRead=STRANGER)
    s3.put_public_access_block(Bucket=bucket, PublicAccessBlockConfiguration=blocks(IgnorePublicAcls=True))
    s3.put_object_acl(**key, ACL="public-read")  # it "doesn't prevent new public ACLs from being set"


def test_how_a_bucket_may_begin(s3: Any) -> None:
    """API reference, CreateBucket: "specify bucket ACL … with ObjectOwnership"."""
    name = f"s3-public-made-{uuid.uuid4().hex[:8]}"
    both = "InvalidBucketAclWithObjectOwnership"
    assert said(s3.create_bucket, Bucket=name, ACL="public-read") == (
        both,
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
    )
    assert said(s3.create_bucket, Bucket=name, GrantRead=STRANGER)[0] == both
    assert said(s3.create_bucket, Bucket=name, ACL="public-read", ObjectOwnership="ObjectWriter") == (
        "InvalidBucketAclWithBlockPublicAccessError",
        "Bucket cannot have public ACLs set with BlockPublicAccess enabled",
    )
    assert said(s3.head_bucket, Bucket=name)[0] == "404"
    s3.create_bucket(Bucket=name, ACL="private")
    s3.delete_bucket(Bucket=name)
    s3.create_bucket(Bucket=name, ObjectOwnership="BucketOwnerPreferred", GrantRead=STRANGER)
    enforced = {"Rules": [{"ObjectOwnership": "BucketOwnerEnforced"}]}
    assert said(s3.put_bucket_ownership_controls, Bucket=name, OwnershipControls=enforced)[0] == both
    s3.put_bucket_acl(Bucket=name, ACL="private")
    s3.put_bucket_ownership_controls(Bucket=name, OwnershipControls=enforced)
    s3.delete_bucket(Bucket=name)


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningLab]:
    """One whose account has settings and manages another account."""
    yield from RunningLab.in_turn(tmp_path_factory.mktemp("public"))


@pytest.fixture
def resolver() -> Iterator[None]:
    with localhost_found():
        yield


def control_of(lab: RunningLab) -> Any:
    """S3 Control, whose clients put the account before the host."""
    return lab.fresh_client("s3control", endpoint_url=f"http://localhost:{lab.facts['port']}")


def test_the_account_s_settings_hold_for_all_its_buckets(own: RunningLab, resolver: None) -> None:
    """ "Amazon S3 applies the most restrictive combination of the bucket-level and account-level settings"."""
    s3, control, account = own.client("s3"), control_of(own), own.facts["account_id"]
    assert said(control.get_public_access_block, AccountId=account)[0] == "NoSuchPublicAccessBlockConfiguration"
    s3.create_bucket(Bucket="open")
    s3.delete_public_access_block(Bucket="open")
    setting = blocks(BlockPublicPolicy=True, BlockPublicAcls=True)
    control.put_public_access_block(AccountId=account, PublicAccessBlockConfiguration=setting)
    assert control.get_public_access_block(AccountId=account)["PublicAccessBlockConfiguration"] == setting
    assert said(s3.put_bucket_policy, Bucket="open", Policy=reading("open"))[0] == "AccessDenied"
    own.stop()
    own.start()
    s3, control = own.client("s3"), control_of(own)
    assert said(s3.put_bucket_policy, Bucket="open", Policy=reading("open"))[0] == "AccessDenied"
    control.delete_public_access_block(AccountId=account)
    time.sleep(1)  # the age at which settings are kept: the next tests kill this lab
    s3.put_bucket_policy(Bucket="open", Policy=reading("open"))


def test_other_accounts_are_kept_from_what_is_public(own: RunningLab) -> None:
    """RestrictPublicBuckets "blocks all cross-account access …, while still allowing users within the account"."""
    s3, organizations = own.client("s3"), own.client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    made = organizations.create_account(AccountName="guests", Email="guests@example.com")["CreateAccountStatus"]
    role = f"arn:aws:iam::{made['AccountId']}:role/OrganizationAccountAccessRole"
    guest = session(own.client("sts"), role, own).client("s3")
    s3.create_bucket(Bucket="shown")
    s3.put_object(Bucket="shown", Key="k", Body=b"x")
    key = {"Bucket": "shown", "Key": "k"}
    assert said(guest.get_object, **key)[0] == "AccessDenied"
    s3.put_bucket_policy(Bucket="shown", Policy=reading("shown", {"AWS": made["AccountId"]}))
    assert guest.get_object(**key)["Body"].read() == b"x", "a policy that names whom it lets in is not public"
    s3.put_public_access_block(Bucket="shown", PublicAccessBlockConfiguration=blocks())
    s3.put_bucket_policy(Bucket="shown", Policy=reading("shown"))
    assert guest.get_object(**key)["Body"].read() == b"x"
    s3.put_public_access_block(Bucket="shown", PublicAccessBlockConfiguration=blocks(RestrictPublicBuckets=True))
    code, message = said(guest.get_object, **key)
    assert (code, message.partition(" on resource: ")[2]) == (
        "AccessDenied",
        '"arn:aws:s3:::shown/k" with an explicit deny in a resource-based policy',
    )
    assert s3.get_object(**key)["Body"].read() == b"x"


def test_a_list_gives_nobody_anything(own: RunningLab) -> None:
    """On AWS a list may let in others where lists are on; here only policies do."""
    s3, sts = own.client("s3"), own.client("sts")
    accounts = own.client("organizations").list_accounts()["Accounts"]
    guest_account = next(each["Id"] for each in accounts if each["Name"] == "guests")
    guest = session(sts, f"arn:aws:iam::{guest_account}:role/OrganizationAccountAccessRole", own).client("s3")
    s3.create_bucket(Bucket="listed", ObjectOwnership="ObjectWriter")
    s3.delete_public_access_block(Bucket="listed")
    s3.put_object(Bucket="listed", Key="k", Body=b"x", ACL="public-read")
    assert said(guest.get_object, Bucket="listed", Key="k")[0] == "AccessDenied"


def test_what_a_bucket_lets_in_survives_a_crash(own: RunningLab) -> None:
    s3 = own.client("s3")
    s3.create_bucket(Bucket="kept-as-made")
    s3.create_bucket(Bucket="kept-open", ObjectOwnership="ObjectWriter", GrantRead=STRANGER)
    s3.delete_public_access_block(Bucket="kept-open")
    s3.create_bucket(Bucket="kept-half")
    s3.put_public_access_block(Bucket="kept-half", PublicAccessBlockConfiguration=blocks(BlockPublicAcls=True))
    s3.delete_bucket_ownership_controls(Bucket="kept-half")

    def told() -> list[Any]:
        s3 = own.client("s3")
        return [
            said(s3.get_public_access_block, Bucket=bucket)
            or s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
            for bucket in ("kept-as-made", "kept-open", "kept-half")
        ] + [
            [
                s3.get_bucket_acl(Bucket="kept-open")["Grants"],
                s3.get_bucket_ownership_controls(Bucket="kept-open")["OwnershipControls"],
                s3.get_public_access_block(Bucket="kept-as-made")["PublicAccessBlockConfiguration"],
                s3.get_public_access_block(Bucket="kept-half")["PublicAccessBlockConfiguration"],
                s3.get_bucket_ownership_controls(Bucket="kept-as-made")["OwnershipControls"],
                said(s3.get_bucket_ownership_controls, Bucket="kept-half"),
            ]
        ]

    before = told()
    for _ in range(2):
        own.kill()
        own.start()
        assert told() == before


def test_a_bucket_of_an_older_lab_stays_as_it_was(own: RunningLab) -> None:
    """As on AWS: "existing buckets … are not changed"."""
    own.client("s3").create_bucket(Bucket="older")
    own.stop()
    journal = own.directory / "objects" / "journal"
    lines = [json.loads(line) for line in journal.read_text().splitlines()]
    for line in lines:
        if line.get("bucket") == "older":
            line.pop("configurations", None)
    journal.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    own.start()
    s3 = own.client("s3")
    assert said(s3.get_public_access_block, Bucket="older")[0] == "NoSuchPublicAccessBlockConfiguration"
    s3.put_bucket_policy(Bucket="older", Policy=reading("older"))
