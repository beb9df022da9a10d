"""SSE-C: objects are encrypted with the key that comes with the request, and read only with the same.

Sources: S3 user guide, "Using server-side encryption with customer-provided keys (SSE-C)" and "Blocking or unblocking
SSE-C for a general purpose bucket". The errors are those that AWS gave LocalStack's suite (test_s3,
TestS3SSECEncryption).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from typing import Any

import pytest

from tests.conftest import RunningLab
from tests.engines.test_s3 import error_of
from tests.engines.test_s3_bytes import crash_and_restart, files_of, new_bucket
from tests.engines.test_s3_encryption import SECRET, on_disk, read, sse

MIB = 1 << 20
#: boto3 adds the MD5, and puts the key in base64.
MINE, OTHER = ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": letter * 32} for letter in ("m", "o"))
MD5 = base64.b64encode(hashlib.md5(b"m" * 32).digest()).decode()
#: What it does not do for GetObjectAttributes.
ENCODED = {**MINE, "SSECustomerKey": base64.b64encode(b"m" * 32).decode(), "SSECustomerKeyMD5": MD5}
OF_SOURCE = {f"CopySource{name}": value for name, value in MINE.items()}


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    return lab.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    """One that takes customers' keys."""
    name = new_bucket(s3)
    unblock(s3, name)
    return name


def unblock(s3: Any, bucket: str, *types: str) -> None:
    rule = {"BlockedEncryptionTypes": {"EncryptionType": list(types) or ["NONE"]}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


def test_the_key_is_needed_for_all_that_is_done_with_the_object(lab: RunningLab, s3: Any, bucket: str) -> None:
    before = files_of(lab)
    where = {"Bucket": bucket, "Key": "k"}
    written = s3.put_object(**where, Body=SECRET, **MINE)
    assert SECRET not in on_disk(lab, before)
    found = s3.get_object(**where, **MINE, ChecksumMode="ENABLED")
    assert found["Body"].read() == SECRET
    for answer in (written, found, s3.head_object(**where, **MINE)):
        told = (answer["SSECustomerAlgorithm"], answer["SSECustomerKeyMD5"], answer.get("ServerSideEncryption"))
        assert told == ("AES256", MD5, None)
        assert answer["ETag"] != f'"{hashlib.md5(SECRET).hexdigest()}"'
    asked = {"ObjectAttributes": ["ObjectSize"]}
    assert s3.get_object_attributes(**where, **asked, **ENCODED)["ObjectSize"] == len(SECRET)
    for key, code in (({}, ("InvalidRequest", 400)), (OTHER, ("AccessDenied", 403))):
        assert error_of(s3.get_object, **where, **key) == code
        assert error_of(s3.get_object, **where, **key, Range="bytes=0-1") == code
        assert error_of(s3.head_object, **where, **key)[1] == code[1]
        of_source = {f"CopySource{name}": value for name, value in key.items()}
        assert error_of(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k", **of_source) == code
    assert error_of(s3.get_object_attributes, **where, **asked) == ("InvalidRequest", 400)
    assert s3.list_objects_v2(Bucket=bucket)["Contents"][0]["Size"] == len(SECRET)
    s3.delete_object(**where)


def test_a_key_is_of_no_use_for_other_objects(lab: RunningLab, s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="plain", Body=b"x")
    s3.put_object(Bucket=bucket, Key="kms", Body=b"x", ServerSideEncryption="aws:kms")
    for name in ("plain", "kms"):
        assert error_of(s3.get_object, Bucket=bucket, Key=name, **MINE) == ("InvalidRequest", 400)


@pytest.mark.parametrize(
    ("wrong", "code"),
    [
        ({"SSECustomerKey": "short"}, "InvalidArgument"),
        ({"SSECustomerAlgorithm": "DES"}, "InvalidEncryptionAlgorithmError"),
        ({**ENCODED, "SSECustomerKeyMD5": "x"}, "InvalidArgument"),
        ({"SSECustomerAlgorithm": None}, "InvalidArgument"),
        ({"SSECustomerKey": None}, "InvalidArgument"),
        ({"ServerSideEncryption": "aws:kms"}, "InvalidArgument"),
    ],
)
def test_headers_that_do_not_fit(s3: Any, bucket: str, wrong: dict[str, Any], code: str) -> None:
    asked = {name: value for name, value in {**MINE, **wrong}.items() if value is not None}
    for call in (s3.put_object, s3.create_multipart_upload):
        body = {"Body": b"x"} if call == s3.put_object else {}
        assert error_of(call, Bucket=bucket, Key="k", **body, **asked) == (code, 400)
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)


def test_every_part_comes_with_the_same_key(s3: Any, bucket: str) -> None:
    """API reference, UploadPart: "the same encryption key" as CreateMultipartUpload's; CompleteMultipartUpload: it is
    needed only for a checksum."""
    where = {"Bucket": bucket, "Key": "k"}
    parts = [bytes(5 * MIB), b"end"]
    upload = {"UploadId": s3.create_multipart_upload(**where, **MINE)["UploadId"]}
    first = {**where, **upload, "PartNumber": 1, "Body": b"x"}
    for key in ({}, OTHER):
        assert error_of(s3.upload_part, **first, **key) == ("InvalidRequest", 400)
    plain = {"UploadId": s3.create_multipart_upload(**where)["UploadId"]}
    assert error_of(s3.upload_part, **{**first, **plain}, **MINE) == ("InvalidRequest", 400)
    sent = []
    for number, data in enumerate(parts, 1):
        part = s3.upload_part(**where, **upload, PartNumber=number, Body=data, **MINE)
        assert part["SSECustomerKeyMD5"] == MD5
        sent.append({"PartNumber": number, "ETag": part["ETag"]})
    done = s3.complete_multipart_upload(**where, **upload, MultipartUpload={"Parts": sent})
    assert done["ETag"].endswith('-2"')
    assert read(s3, bucket, "k", **MINE) == b"".join(parts)
    assert read(s3, bucket, "k", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}", **MINE) == b"\0\0en"
    assert error_of(s3.get_object, **where, **OTHER) == ("AccessDenied", 403)


def test_a_checksum_of_the_whole_needs_the_key(s3: Any, bucket: str) -> None:
    """API reference, CompleteMultipartUpload, SSECustomerKey: "needed only when the object was created using a checksum
    algorithm"."""
    where = {"Bucket": bucket, "Key": "k"}
    made = s3.create_multipart_upload(**where, **MINE, ChecksumAlgorithm="CRC32C", ChecksumType="FULL_OBJECT")
    upload = {"UploadId": made["UploadId"]}
    part = s3.upload_part(**where, **upload, PartNumber=1, Body=SECRET, ChecksumAlgorithm="SHA1", **MINE)
    finish = {**upload, "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}}
    assert error_of(s3.complete_multipart_upload, **where, **finish) == ("InvalidRequest", 400)
    s3.complete_multipart_upload(**where, **finish, **MINE)
    assert s3.get_object(**where, **MINE, ChecksumMode="ENABLED")["ChecksumCRC32C"]


def test_copies_change_hands(lab: RunningLab, s3: Any, bucket: str) -> None:
    """From a key to another, to a key of KMS, to none: each object has a data key of its own."""
    s3.put_object(Bucket=bucket, Key="mine", Body=SECRET, **MINE)
    source = {"CopySource": f"{bucket}/mine", **OF_SOURCE}
    before = files_of(lab)
    s3.copy_object(Bucket=bucket, Key="other", **source, **OTHER)
    s3.copy_object(Bucket=bucket, Key="kms", **source, **sse(lab.client("kms").create_key()["KeyMetadata"]["Arn"]))
    assert SECRET not in on_disk(lab, before)
    s3.copy_object(Bucket=bucket, Key="plain", **source)
    assert read(s3, bucket, "other", **OTHER) == read(s3, bucket, "kms") == read(s3, bucket, "plain") == SECRET
    s3.copy_object(Bucket=bucket, Key="mine", **source, **OTHER)  # in place: another key is a change
    assert read(s3, bucket, "mine", **OTHER) == SECRET
    parts = {"Bucket": bucket, "Key": "parts"}
    upload = {"UploadId": s3.create_multipart_upload(**parts, **OTHER)["UploadId"]}
    source = {"CopySource": f"{bucket}/other", **{f"CopySource{name}": value for name, value in OTHER.items()}}
    copied = s3.upload_part_copy(**parts, **upload, PartNumber=1, **source, **OTHER, CopySourceRange="bytes=4-9")
    etag = copied["CopyPartResult"]["ETag"]
    s3.complete_multipart_upload(**parts, **upload, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    assert read(s3, bucket, "parts", **OTHER) == SECRET[4:10]


def test_new_buckets_take_no_keys_of_customers(s3: Any) -> None:
    """Blocking SSE-C: since April 2026 new buckets do; what they hold stays readable, and a rule that does not speak of
    it changes nothing."""
    bucket = new_bucket(s3)

    def blocked() -> Any:
        rules = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        return rules[0]["BlockedEncryptionTypes"]["EncryptionType"]

    put = {"Bucket": bucket, "Key": "k", "Body": b"x", **MINE}
    assert (blocked(), error_of(s3.put_object, **put)) == (["SSE-C"], ("AccessDenied", 403))
    assert error_of(s3.create_multipart_upload, Bucket=bucket, Key="k", **MINE) == ("AccessDenied", 403)
    unblock(s3, bucket)
    s3.put_object(**put)
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}, "BucketKeyEnabled": True}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})
    assert blocked() == ["NONE"]
    s3.put_object(**put)
    unblock(s3, bucket, "SSE-C")
    assert error_of(s3.put_object, **put) == ("AccessDenied", 403)
    assert read(s3, bucket, "k", **MINE) == b"x"
    s3.delete_bucket_encryption(Bucket=bucket)
    assert blocked() == ["SSE-C"]


def test_objects_of_customers_keys_survive_a_crash(new_lab: Callable[..., RunningLab]) -> None:
    """And so does what a bucket takes, though its last rule did not speak of it. The key is in no file of the lab."""
    lab = new_lab()
    s3 = lab.client("s3")
    bucket = new_bucket(s3)
    unblock(s3, bucket)
    default = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms"}}
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [default]})
    s3.put_object(Bucket=bucket, Key="k", Body=SECRET, **MINE)
    crash_and_restart(lab)
    s3 = lab.client("s3")
    assert read(s3, bucket, "k", **MINE) == SECRET
    assert error_of(s3.get_object, Bucket=bucket, Key="k") == ("InvalidRequest", 400)
    s3.put_object(Bucket=bucket, Key="again", Body=SECRET, **MINE)
    lab.stop()
    key = b"m" * 32
    for path in lab.directory.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert key not in content and base64.b64encode(key) not in content, path
