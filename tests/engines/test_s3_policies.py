"""What a bucket's policy denies: to whom it says, and when its conditions hold.

Sources: S3 user guide, "Bucket policy examples using condition keys" and "Security best practices for Amazon S3";
IAM user guide, "IAM JSON policy elements: Condition".
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.roles import ADMINISTRATOR

ACCOUNT = "123456789012"
Deny = Callable[..., None]


@pytest.fixture
def bucket(lab: RunningLab) -> Iterator[str]:
    name, s3 = f"s3-policies-{uuid.uuid4().hex[:12]}", lab.client("s3")
    s3.create_bucket(Bucket=name)
    s3.put_object(Bucket=name, Key="home/ana/a", Body=b"x")
    yield name
    s3.delete_bucket_policy(Bucket=name)


@pytest.fixture
def deny(lab: RunningLab, bucket: str) -> Deny:
    """Sets the bucket's policy to one statement that denies."""

    def put(action: Any, principal: Any = "*", **elements: Any) -> None:
        resources = [f"arn:aws:s3:::{bucket}", f"arn:aws:s3:::{bucket}/*"]
        whom = {"Principal": principal} if principal else {}
        statement = {"Effect": "Deny", **whom, "Action": action, "Resource": resources, **elements}
        policy = {"Version": "2012-10-17", "Statement": [statement]}
        lab.client("s3").put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))

    return put


def said(call: Callable[..., Any], **parameters: Any) -> str:
    """What S3 says against it; "" if nothing."""
    try:
        call(**parameters)
    except ClientError as error:
        assert (error.response["Error"]["Code"], error.response["ResponseMetadata"]["HTTPStatusCode"]) == (
            "AccessDenied",
            403,
        )
        return str(error.response["Error"]["Message"])
    return ""


@pytest.fixture(scope="module")
def ana(lab: RunningLab) -> Any:
    """S3 as the user ana."""
    iam = lab.client("iam")
    iam.create_user(UserName="policies-ana")
    iam.attach_user_policy(UserName="policies-ana", PolicyArn=ADMINISTRATOR)
    keys = iam.create_access_key(UserName="policies-ana")["AccessKey"]
    names = {"aws_access_key_id": keys["AccessKeyId"], "aws_secret_access_key": keys["SecretAccessKey"]}
    return lab.fresh_client("s3", **names)


ANA = f"arn:aws:iam::{ACCOUNT}:user/policies-ana"


def test_the_message_names_who_what_and_why(ana: Any, bucket: str, deny: Deny) -> None:
    """ "Troubleshoot access denied error messages" (IAM user guide); S3 puts the resource in quotation marks."""
    deny("s3:GetObject")
    assert said(ana.get_object, Bucket=bucket, Key="home/ana/a") == (
        f"User: {ANA} is not authorized to perform: s3:GetObject on resource: "
        f'"arn:aws:s3:::{bucket}/home/ana/a" with an explicit deny in a resource-based policy'
    )


def test_only_whom_it_names(lab: RunningLab, ana: Any, bucket: str, deny: Deny) -> None:
    deny("s3:*Object", {"AWS": ANA})
    assert said(ana.get_object, Bucket=bucket, Key="home/ana/a")
    assert not said(lab.client("s3").get_object, Bucket=bucket, Key="home/ana/a")
    deny("s3:*Object", NotPrincipal={"AWS": ANA}, principal=None)
    assert not said(ana.get_object, Bucket=bucket, Key="home/ana/a")
    assert said(lab.client("s3").get_object, Bucket=bucket, Key="home/ana/a")


@pytest.mark.parametrize(
    ("condition", "denied"),
    [
        ({"Bool": {"aws:SecureTransport": "false"}}, True),
        ({"Bool": {"aws:SecureTransport": "true"}}, False),
        ({"StringEquals": {"aws:username": "policies-ana"}}, True),
        ({"StringNotEquals": {"aws:username": "policies-ana"}}, False),
        ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:user/policies-*"}}, True),
        ({"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, False),
        ({"IpAddress": {"aws:SourceIp": "127.0.0.0/8"}}, True),
        ({"DateLessThan": {"aws:CurrentTime": "2020-01-01T00:00:00Z"}}, False),
        ({"Null": {"aws:MultiFactorAuthPresent": "true"}}, True),
        ({"StringEquals": {"aws:RequestedRegion": "eu-west-1"}}, False),
        ({"StringEquals": {"s3:ResourceAccount": ACCOUNT, "aws:username": "bo"}}, False),
    ],
)
def test_only_when_its_conditions_hold(
    ana: Any, bucket: str, deny: Deny, condition: dict[str, Any], denied: bool
) -> None:
    deny("s3:GetObject", Condition=condition)
    assert bool(said(ana.get_object, Bucket=bucket, Key="home/ana/a")) is denied


def test_uploads_have_to_be_encrypted_as_it_says(ana: Any, bucket: str, deny: Deny) -> None:
    """S3 user guide, "Using server-side encryption with AWS KMS keys": requiring it."""
    header = "s3:x-amz-server-side-encryption"
    deny("s3:PutObject", Condition={"StringNotEquals": {header: "aws:kms"}})
    assert said(ana.put_object, Bucket=bucket, Key="b", Body=b"x")
    assert said(ana.put_object, Bucket=bucket, Key="b", Body=b"x", ServerSideEncryption="AES256")
    assert not said(ana.put_object, Bucket=bucket, Key="b", Body=b"x", ServerSideEncryption="aws:kms")


def test_a_listing_is_held_to_its_prefix(ana: Any, bucket: str, deny: Deny) -> None:
    """S3 user guide, "Bucket policy examples using condition keys", s3:prefix, with a variable."""
    deny("s3:ListBucket", Condition={"StringNotLike": {"s3:prefix": "home/${aws:username}/*"}})
    assert said(ana.list_objects_v2, Bucket=bucket)
    assert said(ana.list_objects_v2, Bucket=bucket, Prefix="home/bo/")
    assert not said(ana.list_objects_v2, Bucket=bucket, Prefix="home/policies-ana/a")


def test_what_it_allows_under_a_condition_that_does_not_hold_is_no_denial(ana: Any, bucket: str, deny: Deny) -> None:
    condition = {"Bool": {"aws:SecureTransport": "true"}}
    deny("s3:GetObject", {"AWS": ACCOUNT}, Effect="Allow", Condition=condition)
    assert not said(ana.get_object, Bucket=bucket, Key="home/ana/a")


@pytest.mark.parametrize(
    ("action", "operation"),
    [("s3:PutObjectTagging", "put_object_tagging"), ("s3:GetObjectTagging", "get_object_tagging")],
)
def test_what_belongs_to_an_object_has_actions_of_its_own(
    ana: Any, bucket: str, deny: Deny, action: str, operation: str
) -> None:
    """ "Actions, resources, and condition keys for Amazon S3" (service authorization reference)."""
    parameters: dict[str, Any] = {"Bucket": bucket, "Key": "home/ana/a"}
    if action.startswith("s3:Put"):
        parameters["Tagging"] = {"TagSet": [{"Key": "a", "Value": "b"}]}
    deny(["s3:GetObject", "s3:PutObject"])
    assert not said(getattr(ana, operation), **parameters)
    deny(action)
    assert action in said(getattr(ana, operation), **parameters)
