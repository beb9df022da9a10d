"""Object Lock: governance, compliance, legal hold and default retention, until their time has come.

Source: S3 user guide, "Locking objects with Object Lock", "Object Lock considerations".
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import advance

DAY = 86400.0
LATER = datetime(2099, 1, 1, tzinfo=UTC)


def code(call: Callable[..., Any], **arguments: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**arguments)
    found: str = refused.value.response["Error"]["Code"]
    return found


def locked(s3: Any, bucket: str, **lock: Any) -> dict[str, str]:
    """The version of a new object, in a bucket with Object Lock."""
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x", **lock)["VersionId"]
    return {"Bucket": bucket, "Key": "k", "VersionId": version}


def retention(mode: str, until: datetime) -> dict[str, Any]:
    return {"Retention": {"Mode": mode, "RetainUntilDate": until}}


def test_compliance_can_only_be_made_longer(lab: RunningLab) -> None:
    """ "in compliance mode, a protected object version can't be overwritten or deleted by any user, including the root
    user … its retention mode can't be changed, and its retention period can't be shortened"."""
    s3 = lab.client("s3")
    it = locked(s3, "lock-compliance", ObjectLockMode="COMPLIANCE", ObjectLockRetainUntilDate=LATER)
    assert code(s3.delete_object, **it) == "AccessDenied"
    assert code(s3.delete_object, **it, BypassGovernanceRetention=True) == "AccessDenied"
    longer = LATER + timedelta(days=1)
    s3.put_object_retention(**it, **retention("COMPLIANCE", longer))
    loose: list[dict[str, Any]] = [retention("COMPLIANCE", LATER), retention("GOVERNANCE", longer), {"Retention": {}}]
    for looser in loose:
        assert code(s3.put_object_retention, **it, **looser, BypassGovernanceRetention=True) == "AccessDenied"
    assert s3.get_object_retention(**it) | {"ResponseMetadata": 0} == {
        **retention("COMPLIANCE", longer),
        "ResponseMetadata": 0,
    }


def test_governance_can_be_bypassed_by_who_may(lab: RunningLab) -> None:
    """ "users can't overwrite or delete an object version or alter its lock settings unless they have special
    permissions": s3:BypassGovernanceRetention, and the header x-amz-bypass-governance-retention."""
    s3, iam = lab.client("s3"), lab.client("iam")
    it = locked(s3, "lock-governance", ObjectLockMode="GOVERNANCE", ObjectLockRetainUntilDate=LATER)
    assert code(s3.delete_object, **it) == "AccessDenied"
    assert code(s3.put_object_retention, **it, Retention={}) == "AccessDenied"
    iam.create_user(UserName="lock-keeper")
    allowed = {"Effect": "Allow", "Action": ["s3:DeleteObjectVersion", "s3:PutObjectRetention"], "Resource": "*"}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
    iam.put_user_policy(UserName="lock-keeper", PolicyName="p", PolicyDocument=policy)
    keys = iam.create_access_key(UserName="lock-keeper")["AccessKey"]
    keeper = lab.fresh_client(
        "s3", aws_access_key_id=keys["AccessKeyId"], aws_secret_access_key=keys["SecretAccessKey"]
    )
    assert code(keeper.delete_object, **it, BypassGovernanceRetention=True) == "AccessDenied"
    keeper.put_object_retention(**it, **retention("GOVERNANCE", LATER + timedelta(days=1)))
    earlier = retention("GOVERNANCE", LATER - timedelta(days=1))
    assert code(keeper.put_object_retention, **it, **earlier) == "AccessDenied"
    s3.put_object_retention(**it, **earlier, BypassGovernanceRetention=True)
    s3.delete_object(**it, BypassGovernanceRetention=True)
    assert code(s3.head_object, **it) == "404"


def test_a_legal_hold_stands_by_itself(lab: RunningLab) -> None:
    """ "a legal hold doesn't have an associated fixed amount of time and remains in effect until removed", whatever
    the retention, and nobody bypasses it."""
    s3 = lab.client("s3")
    it = locked(s3, "lock-hold", ObjectLockLegalHoldStatus="ON")
    assert code(s3.delete_object, **it, BypassGovernanceRetention=True) == "AccessDenied"
    assert s3.get_object_legal_hold(**it)["LegalHold"] == {"Status": "ON"}
    s3.put_object_legal_hold(**it, LegalHold={"Status": "OFF"})
    s3.delete_object(**it)
    s3.put_object(Bucket="lock-hold", Key="free", Body=b"x")
    assert code(s3.get_object_legal_hold, Bucket="lock-hold", Key="free") == "NoSuchObjectLockConfiguration"


def test_the_default_retention_ends_on_the_lab_s_clock(new_lab: Callable[..., RunningLab]) -> None:
    """ "Object Lock … default retention": days from the moment at which a version is made; a hold does not take its
    place. It is there again after a crash. A life cycle deletes no version that is locked."""
    lab = new_lab()
    s3 = lab.client("s3")
    s3.create_bucket(Bucket="lock-default", ObjectLockEnabledForBucket=True)
    rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 10}}
    configuration = {"ObjectLockEnabled": "Enabled", "Rule": rule}
    s3.put_object_lock_configuration(Bucket="lock-default", ObjectLockConfiguration=configuration)
    put = s3.put_object(Bucket="lock-default", Key="k", Body=b"x")
    s3.put_object(Bucket="lock-default", Key="held", Body=b"x", ObjectLockLegalHoldStatus="ON")
    assert s3.head_object(Bucket="lock-default", Key="held")["ObjectLockMode"] == "COMPLIANCE"
    cycle = {"Status": "Enabled", "Filter": {"Prefix": "k"}, "Expiration": {"Days": 1}}
    cycle |= {"NoncurrentVersionExpiration": {"NoncurrentDays": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket="lock-default", LifecycleConfiguration={"Rules": [cycle]})
    advance(lab, 9 * DAY)
    lab.kill()
    lab.start()
    s3 = lab.client("s3")
    it = {"Bucket": "lock-default", "Key": "k", "VersionId": put["VersionId"]}
    assert code(s3.delete_object, **it) == "AccessDenied"
    assert s3.get_object_lock_configuration(Bucket="lock-default")["ObjectLockConfiguration"] == configuration
    end = s3.head_object(**it)["ObjectLockRetainUntilDate"]
    assert (end - s3.head_object(**it)["LastModified"]).days in (9, 10)
    advance(lab, 2 * DAY)
    listed = s3.list_object_versions(Bucket="lock-default", Prefix="k")
    assert "Versions" not in listed, "the life cycle has waited for the lock"


def test_what_object_lock_refuses(lab: RunningLab) -> None:
    """PutObject, PutBucketVersioning, PutObjectLockConfiguration, PutObjectRetention, "Errors"."""
    s3 = lab.client("s3")
    it = locked(s3, "lock-wrong")
    put = {"Bucket": "lock-wrong", "Key": "k", "Body": b"x"}
    assert code(s3.put_object, **put, ObjectLockMode="GOVERNANCE") == "InvalidArgument"
    ago = datetime(2020, 1, 1, tzinfo=UTC)
    past = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": ago}
    assert code(s3.put_object, **put, **past) == "InvalidArgument"
    assert code(s3.put_object_retention, **it, **retention("GOVERNANCE", ago)) == ("InvalidArgument")
    suspended = {"VersioningConfiguration": {"Status": "Suspended"}}
    assert code(s3.put_bucket_versioning, Bucket="lock-wrong", **suspended) == "InvalidBucketState"
    s3.create_bucket(Bucket="lock-later")
    s3.put_object(Bucket="lock-later", Key="k", Body=b"x")
    lock = {"ObjectLockConfiguration": {"ObjectLockEnabled": "Enabled"}}
    assert code(s3.put_object_lock_configuration, Bucket="lock-later", **lock) == "InvalidBucketState"
    held = {"Bucket": "lock-later", "Key": "k", "LegalHold": {"Status": "ON"}}
    assert code(s3.put_object_legal_hold, **held) == "InvalidRequest"
    s3.put_bucket_versioning(Bucket="lock-later", VersioningConfiguration={"Status": "Enabled"})
    s3.put_object_lock_configuration(Bucket="lock-later", **lock)
    s3.put_object_legal_hold(**held)
    assert code(s3.delete_object, Bucket="lock-later", Key="k", VersionId="null") == "AccessDenied"
