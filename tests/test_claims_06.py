"""What notebooks/06_security.ipynb says about how the lab differs from AWS."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from tests.conftest import RunningLab
from tests.engines.trail_tools import bucket_policy, event_of
from tests.security.people import allow, refusal, role, session, trust, unique, user


def test_a_new_role_and_a_new_key_work_at_once(lab: RunningLab) -> None:
    """IAM user guide, "Changes that I make are not always immediately visible": on AWS this takes its time."""
    ana = user(lab, allow("s3:ListAllMyBuckets"))
    assert not refusal(ana.client("s3").list_buckets)
    taken = session(ana.client("sts"), role(lab, trust(AWS=ana.arn), allow("s3:ListAllMyBuckets")), lab)
    assert not refusal(taken.client("s3").list_buckets)


def test_a_member_account_comes_and_goes_in_a_call(new_lab: Callable[..., RunningLab]) -> None:
    """Organizations API reference, CreateAccount: on AWS it "operates asynchronously", and accounts are closed."""
    organizations = new_lab().client("organizations")
    organizations.create_organization(FeatureSet="ALL")
    status = organizations.create_account(AccountName="data", Email="data@example.com")["CreateAccountStatus"]
    assert status["State"] == "SUCCEEDED"
    organizations.remove_account_from_organization(AccountId=status["AccountId"])
    organizations.delete_organization()


def test_a_trail_is_let_in_by_its_own_arn_alone(lab: RunningLab) -> None:
    """CloudTrail user guide, "Amazon S3 bucket policy for CloudTrail": aws:SourceArn keeps other trails out."""
    s3, cloudtrail, bucket = lab.client("s3"), lab.client("cloudtrail"), unique("claims")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_policy(Bucket=bucket, Policy=bucket_policy(bucket, bucket))
    try:
        cloudtrail.create_trail(Name=f"{bucket}-strange", S3BucketName=bucket)
    except cloudtrail.exceptions.InsufficientS3BucketPolicyException:
        pass
    else:
        raise AssertionError("another trail may write")
    cloudtrail.create_trail(Name=bucket, S3BucketName=bucket)
    cloudtrail.delete_trail(Name=bucket)


def test_keys_lie_in_the_labs_directory(new_lab: Callable[..., RunningLab]) -> None:
    """KMS developer guide, "AWS KMS keys": on AWS they never leave the hardware. Here a copy of the files opens all."""
    lab = new_lab()
    kms = lab.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    sealed = kms.encrypt(KeyId=key, Plaintext=b"passport")["CiphertextBlob"]
    lab.stop()
    copy = new_lab("copy")
    copy.stop()
    for file in lab.directory.glob("state.sqlite*"):
        shutil.copy(file, copy.directory)
    copy.start()
    assert copy.fresh_client("kms").decrypt(CiphertextBlob=sealed)["Plaintext"] == b"passport"


def test_all_calls_come_from_this_machine(lab: RunningLab) -> None:
    answer = lab.client("sts").get_caller_identity()
    assert event_of(lab, answer)["sourceIPAddress"] == "127.0.0.1"
    only_elsewhere = {"NotIpAddress": {"aws:SourceIp": "127.0.0.1"}}
    assert refusal(user(lab, allow("s3:ListAllMyBuckets", Condition=only_elsewhere)).client("s3").list_buckets)
