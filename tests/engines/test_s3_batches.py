"""DeleteObjects: each key of a request has its own outcome, through boto3 over the socket.

Held to the API reference (DeleteObjects), and to the answers that AWS gave LocalStack's suite (test_s3_api,
test_delete_objects and test_delete_objects_versioned; test_s3, test_delete_locked_object).
"""

from __future__ import annotations

import json
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.test_s3 import error_of

UNKNOWN = "HPniJFCxqTsMuIH9KX8K8wEjNUgmABCD"


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    return lab.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"s3-batch-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def delete(s3: Any, bucket: str, *objects: dict[str, str], quiet: bool = False, **more: Any) -> tuple[Any, Any]:
    """What was deleted, and the errors."""
    answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": list(objects), "Quiet": quiet}, **more)
    return answer.get("Deleted", []), answer.get("Errors", [])


def unknown(key: str) -> dict[str, str]:
    return {
        "Key": key,
        "VersionId": UNKNOWN,
        "Code": "NoSuchVersion",
        "Message": "The specified version does not exist.",
    }


@pytest.mark.parametrize("versioned", [False, True])
def test_an_unknown_version_is_one_error(s3: Any, bucket: str, versioned: bool) -> None:
    if versioned:
        s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for key in "abc":
        s3.put_object(Bucket=bucket, Key=key, Body=b"x")
    deleted, errors = delete(s3, bucket, {"Key": "a"}, {"Key": "b", "VersionId": UNKNOWN}, {"Key": "c"})
    assert [each["Key"] for each in deleted] == ["a", "c"]
    assert all(each.get("DeleteMarker", False) is versioned for each in deleted)
    assert errors == [unknown("b")]
    assert [each["Key"] for each in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["b"]
    assert delete(s3, bucket, {"Key": "b"}, {"Key": "d", "VersionId": UNKNOWN}, quiet=True) == ([], [unknown("d")])
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


def test_a_marker_that_goes_is_named(s3: Any, bucket: str) -> None:
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    version = s3.put_object(Bucket=bucket, Key="k", Body=b"x")["VersionId"]
    marker = s3.delete_object(Bucket=bucket, Key="k")["VersionId"]
    deleted, errors = delete(s3, bucket, *({"Key": "k", "VersionId": each} for each in (marker, version)))
    gone = {"Key": "k", "VersionId": marker, "DeleteMarker": True, "DeleteMarkerVersionId": marker}
    assert (deleted, errors) == ([gone, {"Key": "k", "VersionId": version}], [])


def test_a_locked_version_is_one_error(s3: Any) -> None:
    bucket = f"s3-batch-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=bucket, ObjectLockEnabledForBucket=True)
    locked = {"ObjectLockMode": "GOVERNANCE", "ObjectLockRetainUntilDate": datetime(2099, 1, 1, tzinfo=UTC)}
    kept = {"Key": "kept", "VersionId": s3.put_object(Bucket=bucket, Key="kept", Body=b"x", **locked)["VersionId"]}
    free = {"Key": "free", "VersionId": s3.put_object(Bucket=bucket, Key="free", Body=b"x")["VersionId"]}
    deleted, errors = delete(s3, bucket, kept, free)
    assert deleted == [free]
    said = "Access Denied because object protected by object lock."
    assert errors == [{**kept, "Code": "AccessDenied", "Message": said}]
    assert delete(s3, bucket, kept, BypassGovernanceRetention=True) == ([kept], [])


def test_a_bypass_of_no_lock_is_refused(s3: Any, bucket: str) -> None:
    bypass = {"BypassGovernanceRetention": True, "Delete": {"Objects": [{"Key": "k"}]}}
    assert error_of(s3.delete_objects, Bucket=bucket, **bypass) == ("InvalidArgument", 400)


def test_what_a_policy_denies_and_keys_too_long(s3: Any, bucket: str) -> None:
    """User guide, "Bucket policies"; "Naming Amazon S3 objects": a key has at most 1,024 bytes."""
    resource = f"arn:aws:s3:::{bucket}/closed/*"
    statement = {"Effect": "Deny", "Principal": "*", "Action": "s3:DeleteObject", "Resource": resource}
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    s3.put_object(Bucket=bucket, Key="closed/k", Body=b"x")
    deleted, errors = delete(s3, bucket, {"Key": "closed/k"}, {"Key": "open"}, {"Key": "x" * 1025})
    assert deleted == [{"Key": "open"}]
    assert [(each["Key"], each["Code"]) for each in errors] == [
        ("closed/k", "AccessDenied"),
        ("x" * 1025, "KeyTooLongError"),
    ]


def test_a_thousand_keys_and_no_more(s3: Any, bucket: str) -> None:
    """ "The request can contain a list of up to 1,000 keys" (DeleteObjects)."""
    keys = [{"Key": f"k{number}"} for number in range(1001)]
    assert len(delete(s3, bucket, *keys[:1000])[0]) == 1000
    assert error_of(s3.delete_objects, Bucket=bucket, Delete={"Objects": keys}) == ("MalformedXML", 400)
