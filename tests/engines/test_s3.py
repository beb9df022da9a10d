"""S3's operations as boto3, the AWS CLI, awswrangler and plain HTTP see them."""

from __future__ import annotations

import hashlib
import json
import os
import threading
import urllib.error
import urllib.request
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import awswrangler as wr
import boto3
import pandas as pd
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    return lab.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    name = f"s3-test-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def error_of(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    """The code and HTTP status of the error that a call must end in."""
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    response = caught.value.response
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


def keys_of(page: dict[str, Any]) -> list[str]:
    return [item["Key"] for item in page.get("Contents", [])]


@pytest.mark.parametrize("name", ["Upper-Case", "under_score", "192.168.5.4", "two..dots", "xn--punycode", "-hyphen"])
def test_bucket_names_follow_the_rules(s3: Any, name: str) -> None:
    """User guide, "General purpose bucket naming rules"."""
    assert error_of(s3.create_bucket, Bucket=name) == ("InvalidBucketName", 400)


def test_an_object_comes_back_with_what_was_said_of_it(s3: Any, bucket: str) -> None:
    """API reference, PutObject and GetObject: system and user metadata, storage class, tags, default encryption."""
    text = b"hour,delay\n5,2\n"
    written = s3.put_object(
        Bucket=bucket,
        Key="flights/day=1.csv",
        Body=text,
        ContentType="text/csv",
        CacheControl="no-cache",
        Metadata={"source": "operations"},
        StorageClass="STANDARD_IA",
        Tagging="part=1&team=ops",
    )
    read = s3.get_object(Bucket=bucket, Key="flights/day=1.csv")
    assert read["Body"].read() == text
    assert read["ETag"] == written["ETag"] == f'"{hashlib.md5(text).hexdigest()}"'
    assert (read["ContentType"], read["CacheControl"]) == ("text/csv", "no-cache")
    assert read["Metadata"] == {"source": "operations"}
    assert (read["StorageClass"], read["TagCount"], read["ServerSideEncryption"]) == ("STANDARD_IA", 2, "AES256")
    head = s3.head_object(Bucket=bucket, Key="flights/day=1.csv")
    assert (head["ContentLength"], head["ETag"]) == (15, read["ETag"])


def test_what_is_missing_says_so(s3: Any, bucket: str) -> None:
    """API reference, "Error responses"."""
    assert error_of(s3.get_object, Bucket=bucket, Key="none") == ("NoSuchKey", 404)
    assert error_of(s3.head_object, Bucket=bucket, Key="none") == ("404", 404)
    assert error_of(s3.get_object, Bucket="no-such-bucket-here", Key="none") == ("NoSuchBucket", 404)
    assert error_of(s3.list_objects_v2, Bucket="no-such-bucket-here") == ("NoSuchBucket", 404)
    assert s3.delete_object(Bucket=bucket, Key="none")["ResponseMetadata"]["HTTPStatusCode"] == 204


@pytest.mark.parametrize(
    "key",
    [
        "a b+c&d=e?f#g%h",
        "up/../down",
        "/absolute//and/empty//segments/",
        "nul\x00and\ttab",
        "日本語/ünïcode/🛫.csv",
        "x" * 1024,
        ".",
        "a/./b",
        "%2e%2e%2fetc%2fpasswd",
        "line\nbreak",
        "..hidden",
    ],
)
def test_any_key_that_s3_takes_comes_back(s3: Any, bucket: str, lab: RunningLab, key: str) -> None:
    """User guide, "Naming Amazon S3 objects"."""
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == len(key.encode())
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == [key]
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": key})
    s3.delete_object(Bucket=bucket, Key=key)
    assert keys_of(s3.list_objects_v2(Bucket=bucket)) == ["copy"]


@pytest.mark.parametrize("key", ["../outside", "a/../../outside", "../../../../etc/passwd"])
def test_no_key_climbs_out_of_its_bucket(s3: Any, bucket: str, key: str) -> None:
    """User guide, "Naming Amazon S3 objects": relative segments may never outnumber those before them."""
    assert error_of(s3.put_object, Bucket=bucket, Key=key, Body=b"x")[1] == 400
    assert error_of(s3.delete_object, Bucket=bucket, Key=key)[1] == 400


def test_keys_end_at_1024_bytes(s3: Any, bucket: str) -> None:
    """API reference, "Error responses": KeyTooLongError. The limit counts bytes of UTF-8."""
    assert error_of(s3.put_object, Bucket=bucket, Key="x" * 1025, Body=b"x") == ("KeyTooLongError", 400)
    assert error_of(s3.put_object, Bucket=bucket, Key="ü" * 513, Body=b"x") == ("KeyTooLongError", 400)


def test_user_metadata_ends_at_2_kb(s3: Any, bucket: str) -> None:
    """User guide, "Working with object metadata"."""
    too_much = {"note": "x" * 2045}
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", Metadata=too_much) == ("MetadataTooLarge", 400)


def test_listing_pages_in_byte_order_with_common_prefixes(s3: Any, bucket: str) -> None:
    """API reference, ListObjectsV2: UTF-8 binary order; a common prefix counts as one key."""
    names = ["Z", "a/1", "a/2", "b/1", "b", "ü", "c/x/y"]
    for name in names:
        s3.put_object(Bucket=bucket, Key=name, Body=b"")
    pages = s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, PaginationConfig={"PageSize": 2})
    assert [key for page in pages for key in keys_of(page)] == sorted(names)
    seen: list[str] = []
    for page in s3.get_paginator("list_objects_v2").paginate(
        Bucket=bucket, Delimiter="/", PaginationConfig={"PageSize": 2}
    ):
        seen += keys_of(page) + [item["Prefix"] for item in page.get("CommonPrefixes", [])]
        assert page["KeyCount"] <= 2
    assert sorted(seen) == ["Z", "a/", "b", "b/", "c/", "ü"]
    old = s3.list_objects(Bucket=bucket, Prefix="c/", Delimiter="/")
    assert [item["Prefix"] for item in old["CommonPrefixes"]] == ["c/x/"]
    assert keys_of(s3.list_objects_v2(Bucket=bucket, StartAfter="b")) == ["b/1", "c/x/y", "ü"]
    assert error_of(s3.list_objects_v2, Bucket=bucket, ContinuationToken="?")[0] == "InvalidArgument"


def test_versions_and_delete_markers(s3: Any, bucket: str) -> None:
    """User guide, "Working with delete markers" and "Adding objects to versioning-suspended buckets"."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"before")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k", Body=b"first")["VersionId"]
    second = s3.put_object(Bucket=bucket, Key="k", Body=b"second")["VersionId"]
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"second"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId=first)["Body"].read() == b"first"
    assert s3.get_object(Bucket=bucket, Key="k", VersionId="null")["Body"].read() == b"before"
    marker = s3.delete_object(Bucket=bucket, Key="k")
    assert marker["DeleteMarker"] is True
    assert error_of(s3.get_object, Bucket=bucket, Key="k") == ("NoSuchKey", 404)
    assert error_of(s3.get_object, Bucket=bucket, Key="k", VersionId=marker["VersionId"]) == ("MethodNotAllowed", 405)
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0
    listed = s3.list_object_versions(Bucket=bucket)
    assert [item["VersionId"] for item in listed["Versions"]] == [second, first, "null"]
    assert [item["IsLatest"] for item in listed["DeleteMarkers"]] == [True]
    s3.delete_object(Bucket=bucket, Key="k", VersionId=marker["VersionId"])
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"second"
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Suspended"})
    s3.put_object(Bucket=bucket, Key="k", Body=b"after")
    kept = {item["VersionId"] for item in s3.list_object_versions(Bucket=bucket)["Versions"]}
    assert kept == {first, second, "null"}  # only the null version was overwritten
    assert s3.get_object(Bucket=bucket, Key="k")["Body"].read() == b"after"


def test_a_marker_hides_a_key_that_never_was(s3: Any, bucket: str) -> None:
    """User guide, "Deleting object versions from a versioning-enabled bucket": a simple DELETE always marks."""
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    assert s3.delete_object(Bucket=bucket, Key="never")["DeleteMarker"] is True
    assert error_of(s3.delete_bucket, Bucket=bucket) == ("BucketNotEmpty", 409)


def test_conditional_reads(s3: Any, bucket: str) -> None:
    """API reference, GetObject, "Overriding conditions"."""
    written = s3.put_object(Bucket=bucket, Key="k", Body=b"x")
    modified = s3.head_object(Bucket=bucket, Key="k")["LastModified"]
    get = {"Bucket": bucket, "Key": "k"}
    assert s3.get_object(**get, IfMatch=written["ETag"], IfUnmodifiedSince=modified.replace(year=2000))
    assert error_of(s3.get_object, **get, IfMatch='"other"') == ("PreconditionFailed", 412)
    assert error_of(s3.get_object, **get, IfNoneMatch=written["ETag"]) == ("304", 304)
    assert error_of(s3.get_object, **get, IfModifiedSince=modified) == ("304", 304)
    assert error_of(s3.head_object, **get, IfUnmodifiedSince=modified.replace(year=2000)) == ("412", 412)


def test_conditional_writes_let_one_of_many_through(s3: Any, bucket: str) -> None:
    """User guide, "How to prevent object overwrites with conditional writes"."""
    outcomes: list[int] = []

    def write(number: int) -> None:
        try:
            s3.put_object(Bucket=bucket, Key="lock", Body=str(number).encode(), IfNoneMatch="*")
            outcomes.append(200)
        except ClientError as error:
            outcomes.append(error.response["ResponseMetadata"]["HTTPStatusCode"])

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [200] + [412] * 7
    etag = s3.head_object(Bucket=bucket, Key="lock")["ETag"]
    assert s3.put_object(Bucket=bucket, Key="lock", Body=b"next", IfMatch=etag)
    assert error_of(s3.put_object, Bucket=bucket, Key="lock", Body=b"x", IfMatch=etag) == ("PreconditionFailed", 412)
    assert error_of(s3.put_object, Bucket=bucket, Key="no", Body=b"x", IfMatch=etag) == ("NoSuchKey", 404)


def test_copies(s3: Any, bucket: str) -> None:
    """API reference, CopyObject: metadata and tags come along unless replaced; a copy onto itself must change
    something."""
    s3.put_object(Bucket=bucket, Key="from", Body=b"bytes", Metadata={"a": "1"}, Tagging="t=1")
    source = {"Bucket": bucket, "Key": "from"}
    s3.copy_object(Bucket=bucket, Key="to", CopySource=source)
    read = s3.get_object(Bucket=bucket, Key="to")
    assert (read["Body"].read(), read["Metadata"], read["TagCount"]) == (b"bytes", {"a": "1"}, 1)
    s3.copy_object(Bucket=bucket, Key="to", CopySource=source, Metadata={"b": "2"}, MetadataDirective="REPLACE")
    assert s3.head_object(Bucket=bucket, Key="to")["Metadata"] == {"b": "2"}
    assert error_of(s3.copy_object, Bucket=bucket, Key="from", CopySource=source) == ("InvalidRequest", 400)
    assert error_of(s3.copy_object, Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "none"})[1] == 404
    s3.delete_object(Bucket=bucket, Key="from")
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == b"bytes"


def test_presigned_urls_work_by_plain_http(lab: RunningLab, bucket: str) -> None:
    """User guide, "Sharing objects with presigned URLs"."""
    s3 = lab.client("s3", config=Config(signature_version="s3v4"))
    put = s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "by http"})
    request = urllib.request.Request(put, data=b"plain bytes", method="PUT", headers={"Content-Type": "text/plain"})
    assert urllib.request.urlopen(request).status == 200
    get = s3.generate_presigned_url(
        "get_object", Params={"Bucket": bucket, "Key": "by http", "ResponseContentDisposition": "attachment"}
    )
    with urllib.request.urlopen(get) as answer:
        assert answer.read() == b"plain bytes"
        assert answer.headers["Content-Type"] == "text/plain"
        assert answer.headers["Content-Disposition"] == "attachment"
    with pytest.raises(urllib.error.HTTPError) as forged:
        urllib.request.urlopen(get.replace("by%20http", "other"))
    assert forged.value.code == 403


def test_the_cli_copies_syncs_lists_and_removes(lab: RunningLab, bucket: str, tmp_path: Path) -> None:
    """AWS CLI reference, `aws s3`."""
    local = tmp_path / "local"
    (local / "day=1").mkdir(parents=True)
    (local / "day=1" / "flights.csv").write_text("hour\n5\n")
    (local / "large.bin").write_bytes(b"0123456789abcdef" * (1 << 16) * 9)  # 9 MiB: the CLI uploads it in parts
    for path in local.rglob("*.*"):
        os.utime(path, (0, 0))  # sync compares times in whole seconds
    target = f"s3://{bucket}/lake"
    assert lab.aws("s3", "sync", str(local), target).stdout.count("upload:") == 2
    assert lab.aws("s3", "sync", str(local), target).stdout == ""
    listed = lab.aws("s3", "ls", "--recursive", target).stdout
    assert "9437184 lake/large.bin" in listed
    assert "PRE day=1/" in lab.aws("s3", "ls", target + "/").stdout
    lab.aws("s3", "cp", f"{target}/large.bin", str(tmp_path / "back.bin"))
    assert (tmp_path / "back.bin").read_bytes() == (local / "large.bin").read_bytes()
    lab.aws("s3", "mv", f"{target}/day=1/flights.csv", f"{target}/day=2/flights.csv")
    assert lab.aws("s3", "cp", f"{target}/day=2/flights.csv", "-").stdout == "hour\n5\n"
    lab.aws("s3", "rm", "--recursive", target)
    assert lab.aws("s3", "ls", "--recursive", f"s3://{bucket}", check=False).stdout == ""


def test_awswrangler_writes_and_reads_a_partitioned_lake(
    lab: RunningLab, bucket: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """awswrangler, s3.to_parquet and s3.read_parquet as data sets."""
    for name, value in lab.environment.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    session = boto3.Session()
    flights = pd.DataFrame({"origin": ["JFK", "LGA", "JFK"], "delay": [5.0, -3.0, None], "day": [1, 1, 2]})
    path = f"s3://{bucket}/flights/"
    written = wr.s3.to_parquet(flights, path, dataset=True, partition_cols=["day"], boto3_session=session)
    assert len(written["paths"]) == 2
    back = wr.s3.read_parquet(path, dataset=True, boto3_session=session, partition_filter=lambda p: p["day"] == "1")
    assert back["origin"].tolist() == ["JFK", "LGA"]
    wr.s3.to_parquet(flights[:1], path, dataset=True, mode="overwrite", partition_cols=["day"], boto3_session=session)
    assert len(wr.s3.list_objects(path, boto3_session=session)) == 1


def test_many_objects_are_deleted_in_one_call(s3: Any, bucket: str) -> None:
    """API reference, DeleteObjects: a key that is not there counts as deleted."""
    for number in range(20):
        s3.put_object(Bucket=bucket, Key=f"k{number}", Body=b"x")
    wanted = [{"Key": f"k{number}"} for number in range(21)]
    assert len(s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})["Deleted"]) == 21
    s3.delete_bucket(Bucket=bucket)
    assert error_of(s3.head_bucket, Bucket=bucket) == ("404", 404)


def test_a_bucket_policy_that_denies_is_obeyed(s3: Any, bucket: str) -> None:
    """User guide, "Bucket policies": an explicit deny wins."""
    s3.put_object(Bucket=bucket, Key="open", Body=b"x")
    s3.put_object(Bucket=bucket, Key="closed/k", Body=b"x")
    statement = {
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/closed/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    assert s3.get_object(Bucket=bucket, Key="open")["Body"].read() == b"x"
    assert error_of(s3.get_object, Bucket=bucket, Key="closed/k") == ("AccessDenied", 403)
    assert error_of(s3.get_object, Bucket=bucket, Key="open", ExpectedBucketOwner="999999999999")[1] == 403


def test_a_locked_version_stays(s3: Any) -> None:
    """User guide, "Locking objects with Object Lock": a version under retention cannot be deleted."""
    name = f"s3-lock-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name, ObjectLockEnabledForBucket=True)
    until = datetime(2099, 1, 1, tzinfo=UTC)
    locked = {"ObjectLockMode": "COMPLIANCE", "ObjectLockRetainUntilDate": until}
    version = s3.put_object(Bucket=name, Key="k", Body=b"x", **locked)["VersionId"]
    assert error_of(s3.delete_object, Bucket=name, Key="k", VersionId=version) == ("AccessDenied", 403)
    retention = s3.get_object_retention(Bucket=name, Key="k")["Retention"]
    assert retention == {"Mode": "COMPLIANCE", "RetainUntilDate": until}
    assert s3.delete_object(Bucket=name, Key="k")["DeleteMarker"] is True
    s3.put_object(Bucket=name, Key="free", Body=b"x")
    assert error_of(s3.get_object_retention, Bucket=name, Key="free") == ("NoSuchObjectLockConfiguration", 404)
