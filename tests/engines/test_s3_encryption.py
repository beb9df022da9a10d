"""SSE-KMS: what lies on disk is encrypted, and is read only with the key of KMS, by who may.

Sources: S3 user guide, "Using server-side encryption with AWS KMS keys (SSE-KMS)", "Reducing the cost of SSE-KMS with
Amazon S3 Bucket Keys"; S3 API reference, "Object" (ETag).
"""

from __future__ import annotations

import base64
import hashlib
import json
import random
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from boto3.s3.transfer import TransferConfig

from tests.conftest import RunningLab
from tests.engines.test_s3 import error_of
from tests.engines.test_s3_bytes import crash_and_restart, files_of, new_bucket, resident_mb
from tests.gateway.wire import advance

MIB = 1 << 20
#: Nobody writes this by accident.
SECRET = b"the passengers' names, seats and passports "


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    return lab.client("s3")


@pytest.fixture(scope="module")
def kms(lab: RunningLab) -> Any:
    return lab.client("kms")


@pytest.fixture
def bucket(s3: Any) -> str:
    return new_bucket(s3)


@pytest.fixture
def key(kms: Any) -> str:
    """The ARN of a new key."""
    arn: str = kms.create_key()["KeyMetadata"]["Arn"]
    return arn


def sse(key: str, **more: Any) -> dict[str, Any]:
    return {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key, **more}


def read(s3: Any, bucket: str, name: str, **how: Any) -> bytes:
    data: bytes = s3.get_object(Bucket=bucket, Key=name, **how)["Body"].read()
    return data


def on_disk(lab: RunningLab, before: set[str]) -> bytes:
    """The bytes of the files that are new since *before*."""
    directory = lab.directory / "objects" / "data"
    return b"".join((directory / name).read_bytes() for name in sorted(files_of(lab) - before))


def upload(s3: Any, bucket: str, name: str, parts: list[bytes], **how: Any) -> dict[str, Any]:
    """A multipart upload of *parts*."""
    where = {"Bucket": bucket, "Key": name}
    upload_id = s3.create_multipart_upload(**where, **how)["UploadId"]
    done = []
    for number, data in enumerate(parts, 1):
        part = s3.upload_part(**where, UploadId=upload_id, PartNumber=number, Body=data)
        done.append({"PartNumber": number, "ETag": part["ETag"]})
    finished: dict[str, Any] = s3.complete_multipart_upload(
        **where, UploadId=upload_id, MultipartUpload={"Parts": done}
    )
    return finished


@pytest.mark.parametrize("way", ["put", "large", "parts", "copy", "part copy", "bucket key", "default", "dsse"])
def test_the_plain_bytes_are_not_on_disk(lab: RunningLab, s3: Any, bucket: str, key: str, way: str) -> None:
    """User guide, "Protecting data with encryption": "encrypts your objects before saving them on disks"."""
    data = SECRET * 10
    s3.put_object(Bucket=bucket, Key="plain", Body=data)
    before = files_of(lab)
    where = {"Bucket": bucket, "Key": "k"}
    if way == "put":
        s3.put_object(**where, Body=data, **sse(key))
    elif way == "large":
        data *= 10_000
        s3.put_object(**where, Body=data, **sse(key))
    elif way == "parts":
        upload(s3, bucket, "k", [data], **sse(key))
    elif way == "copy":
        s3.copy_object(**where, CopySource=f"{bucket}/plain", **sse(key))
    elif way == "part copy":
        upload_id = s3.create_multipart_upload(**where, **sse(key))["UploadId"]
        part = {"UploadId": upload_id, "PartNumber": 1}
        etag = s3.upload_part_copy(**where, **part, CopySource=f"{bucket}/plain")["CopyPartResult"]["ETag"]
        parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
        s3.complete_multipart_upload(**where, UploadId=upload_id, MultipartUpload=parts)
    elif way == "bucket key":
        s3.put_object(**where, Body=data, **sse(key, BucketKeyEnabled=True))
    elif way == "dsse":
        s3.put_object(**where, Body=data, **sse(key) | {"ServerSideEncryption": "aws:kms:dsse"})
    else:
        default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": default}]}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
        s3.put_object(**where, Body=data)
    stored = on_disk(lab, before)
    assert len(stored) >= len(data)
    assert SECRET not in stored and SECRET[:8] not in stored
    found = s3.get_object(**where)
    assert found["Body"].read() == data
    assert (found["ContentLength"], found["SSEKMSKeyId"]) == (len(data), key)


def test_dsse_encrypts_once(lab: RunningLab, s3: Any, bucket: str, key: str) -> None:
    """User guide, "Using dual-layer server-side encryption with AWS KMS keys": two layers, each with its tag."""
    sizes = []
    for algorithm in ("aws:kms", "aws:kms:dsse"):
        before = files_of(lab)
        s3.put_object(Bucket=bucket, Key="k", Body=SECRET, **sse(key) | {"ServerSideEncryption": algorithm})
        sizes.append(len(on_disk(lab, before)))
        assert s3.get_object(Bucket=bucket, Key="k")["ServerSideEncryption"] == algorithm
    assert sizes[0] == sizes[1] > len(SECRET)


def test_sizes_and_ranges_are_those_of_the_plain_bytes(s3: Any, bucket: str, key: str) -> None:
    """Whatever the size, whole and in ranges; API reference, GetObject, "Range" and "partNumber"."""
    chance = random.Random(20130101)
    edges = [0, 1, 65_535, 65_536, 65_537, MIB - 1, MIB, MIB + 1]
    sizes = [[size] for size in edges + [chance.randrange(3 * MIB) for _ in range(4)]]
    sizes += [[5 * MIB, 0], [5 * MIB + 1, 5 * MIB + 65_536, 70_000]]
    for number, of_parts in enumerate(sizes):
        parts = [chance.randbytes(size) for size in of_parts]
        data, name = b"".join(parts), f"{number}"
        if len(parts) > 1:
            upload(s3, bucket, name, parts, **sse(key, BucketKeyEnabled=True))
            got = [read(s3, bucket, name, PartNumber=part) for part in range(1, len(parts) + 1)]
            assert got == parts
        else:
            s3.put_object(Bucket=bucket, Key=name, Body=data, **sse(key, BucketKeyEnabled=True))
        assert s3.head_object(Bucket=bucket, Key=name)["ContentLength"] == len(data)
        assert read(s3, bucket, name) == data, of_parts
        ends = [0, len(data) - 1, 65_535, 65_536, 5 * MIB, *(chance.randrange(len(data) or 1) for _ in range(8))]
        for first, last in zip(ends, reversed(ends), strict=True):
            if first <= last and first < len(data):
                assert read(s3, bucket, name, Range=f"bytes={first}-{last}") == data[first : last + 1], (
                    of_parts,
                    first,
                )


def test_etags_are_not_the_md5_and_checksums_stay(s3: Any, bucket: str, key: str) -> None:
    """API reference, "Object", ETag: of objects encrypted by SSE-KMS it is no MD5 of the data."""
    where = {"Bucket": bucket, "Key": "k"}
    md5 = hashlib.md5(SECRET).digest()
    digest = base64.b64encode(md5).decode()
    etags = [
        s3.put_object(**where, Body=SECRET, ContentMD5=digest, ChecksumAlgorithm="SHA256", **sse(key))["ETag"]
        for _ in range(2)
    ]
    assert md5.hex() not in "".join(etags) and etags[0] != etags[1]
    found = s3.get_object(**where, ChecksumMode="ENABLED")
    assert found["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(SECRET).digest()).decode()
    assert found["ETag"] == etags[1] == s3.list_objects_v2(Bucket=bucket)["Contents"][0]["ETag"]
    wrong = base64.b64encode(bytes(16)).decode()
    assert error_of(s3.put_object, **where, Body=SECRET, ContentMD5=wrong, **sse(key)) == ("BadDigest", 400)
    s3.copy_object(Bucket=bucket, Key="plain", CopySource=f"{bucket}/k")
    assert s3.head_object(Bucket=bucket, Key="plain")["ETag"] == f'"{md5.hex()}"'
    joined = upload(s3, bucket, "parts", [bytes(5 * MIB), b"x"], **sse(key), ChecksumAlgorithm="CRC32")
    assert joined["ETag"].endswith('-2"') and joined["ChecksumType"] == "COMPOSITE"


def asked_of(lab: RunningLab, key: str) -> list[dict[str, Any]]:
    """The records of what was asked of a key, without the making of it."""
    return [call for call in lab.calls() if call["service"] == "kms" and key in call["resources"] and call["via"]]


def principal(lab: RunningLab) -> str:
    arn: str = lab.client("sts").get_caller_identity()["Arn"]
    return arn


@pytest.mark.parametrize("with_bucket_key", [False, True])
def test_who_asks_s3_asks_kms(lab: RunningLab, s3: Any, bucket: str, key: str, with_bucket_key: bool) -> None:
    """SSE-KMS, "Encryption context": the object's ARN; with a bucket key the bucket's, and a call for many objects."""
    asked = sse(key, BucketKeyEnabled=with_bucket_key)
    for name in "ab":
        s3.put_object(Bucket=bucket, Key=name, Body=b"x", **asked)
        read(s3, bucket, name)
    calls = asked_of(lab, key)
    assert {(call["via"], call["principal"]) for call in calls} == {("s3.amazonaws.com", principal(lab))}
    told = [(call["operation"], call["request_parameters"]["EncryptionContext"]["aws:s3:arn"]) for call in calls]
    arn = f"arn:aws:s3:::{bucket}"
    if with_bucket_key:
        assert told == [("GenerateDataKey", arn), ("Decrypt", arn)]
    else:
        assert told == [(operation, f"{arn}/{name}") for name in "ab" for operation in ("GenerateDataKey", "Decrypt")]
    assert "Plaintext" not in json.dumps(calls)


def test_a_context_of_ones_own_goes_with_the_objects(lab: RunningLab, s3: Any, bucket: str, key: str) -> None:
    """API reference, PutObject, x-amz-server-side-encryption-context: kept, and passed to KMS again."""
    context = base64.b64encode(b'{"part":"passengers"}').decode()
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **sse(key, SSEKMSEncryptionContext=context))
    assert read(s3, bucket, "k") == b"x"
    calls = [call["request_parameters"] for call in asked_of(lab, key)]
    wanted = {"part": "passengers", "aws:s3:arn": f"arn:aws:s3:::{bucket}/k"}
    assert [call["EncryptionContext"] for call in calls] == [wanted, wanted]
    bad = {"Bucket": bucket, "Key": "k", "Body": b"x", "SSEKMSEncryptionContext": base64.b64encode(b"[1]").decode()}
    assert error_of(s3.put_object, **bad, **sse(key)) == ("InvalidArgument", 400)
    assert error_of(s3.put_object, **bad) == ("InvalidArgument", 400)


@pytest.mark.parametrize("with_bucket_key", [False, True])
def test_what_kms_refuses_s3_refuses(
    lab: RunningLab, s3: Any, kms: Any, bucket: str, key: str, with_bucket_key: bool
) -> None:
    """Errors of KMS come under ``KMS.``; a bucket key that S3 remembers is no way round them."""
    asked = {"Bucket": bucket, "Body": b"x", **sse(key, BucketKeyEnabled=with_bucket_key)}
    s3.put_object(Key="k", **asked)
    read(s3, bucket, "k")
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="parts", **sse(key))["UploadId"]
    part = {"Bucket": bucket, "Key": "parts", "UploadId": upload_id, "PartNumber": 1, "Body": b"x"}
    for unusable, code in (
        (kms.disable_key, "KMS.DisabledException"),
        (lambda KeyId: kms.schedule_key_deletion(KeyId=KeyId, PendingWindowInDays=7), "KMS.KMSInvalidStateException"),
    ):
        unusable(KeyId=key)
        assert error_of(s3.put_object, Key="new", **asked) == (code, 400)
        assert error_of(s3.get_object, Bucket=bucket, Key="k") == (code, 400)
        assert error_of(s3.get_object, Bucket=bucket, Key="k", Range="bytes=0-0") == (code, 400)
        assert error_of(s3.copy_object, Bucket=bucket, Key="c", CopySource=f"{bucket}/k") == (code, 400)
        assert error_of(s3.upload_part, **part) == (code, 400)
    kms.cancel_key_deletion(KeyId=key)
    kms.enable_key(KeyId=key)
    assert read(s3, bucket, "k") == b"x"


def test_objects_open_after_their_key_was_rotated(s3: Any, kms: Any, bucket: str, key: str) -> None:
    """KMS developer guide, "Rotate AWS KMS keys": what older material encrypted is decrypted with it."""
    s3.put_object(Bucket=bucket, Key="old", Body=SECRET, **sse(key))
    kms.rotate_key_on_demand(KeyId=key)
    s3.put_object(Bucket=bucket, Key="new", Body=SECRET, **sse(key))
    assert read(s3, bucket, "old") == read(s3, bucket, "new") == SECRET


def test_encrypted_objects_survive_a_crash(new_lab: Callable[..., RunningLab]) -> None:
    """And what is encrypted with the AWS managed key, which is made when it is first needed."""
    lab = new_lab()
    s3, kms = lab.client("s3"), lab.client("kms")
    bucket, key = new_bucket(s3), kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=bucket, Key="managed", Body=SECRET, ServerSideEncryption="aws:kms")
    s3.put_object(Bucket=bucket, Key="one", Body=SECRET, **sse(key, BucketKeyEnabled=True))
    upload(s3, bucket, "parts", [SECRET * 200_000, SECRET], **sse(key))
    crash_and_restart(lab)
    s3, kms = lab.client("s3"), lab.client("kms")
    assert read(s3, bucket, "managed") == read(s3, bucket, "one") == SECRET
    assert read(s3, bucket, "parts") == SECRET * 200_001
    kms.disable_key(KeyId=key)
    for name in ("one", "parts"):
        assert error_of(s3.get_object, Bucket=bucket, Key=name) == ("KMS.DisabledException", 400)


def test_a_deleted_key_takes_its_objects_along(new_lab: Callable[..., RunningLab]) -> None:
    """KMS developer guide, "Deleting AWS KMS keys": "data becomes unrecoverable"."""
    lab = new_lab()
    s3, kms = lab.client("s3"), lab.client("kms")
    bucket, key = new_bucket(s3), kms.create_key()["KeyMetadata"]["Arn"]
    for name, with_bucket_key in (("a", False), ("b", True)):
        s3.put_object(Bucket=bucket, Key=name, Body=SECRET, **sse(key, BucketKeyEnabled=with_bucket_key))
        read(s3, bucket, name)
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    advance(lab, 8 * 24 * 3600)
    for name in "ab":
        assert error_of(s3.get_object, Bucket=bucket, Key=name) == ("KMS.NotFoundException", 400)
    s3.delete_object(Bucket=bucket, Key="a")


def test_large_objects_need_no_memory(lab: RunningLab, s3: Any, bucket: str, key: str, tmp_path: Any) -> None:
    """Both ways in blocks: the server's memory at its highest hardly moves."""
    s3.put_object(Bucket=bucket, Key="k", Body=bytes(8 * MIB), **sse(key))
    read(s3, bucket, "k")
    before = resident_mb(lab)["VmHWM"]
    source, target = tmp_path / "source", tmp_path / "target"
    source.write_bytes(bytes(96 * MIB))
    whole = TransferConfig(multipart_threshold=200 * MIB, use_threads=False)
    s3.upload_file(str(source), bucket, "large", ExtraArgs=sse(key), Config=whole)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource=f"{bucket}/large", **sse(key))
    s3.download_file(bucket, "copy", str(target), Config=whole)
    assert target.stat().st_size == 96 * MIB
    assert resident_mb(lab)["VmHWM"] - before < 40


def test_a_damaged_file_is_not_served(new_lab: Callable[..., RunningLab]) -> None:
    """Every chunk has a tag (NIST SP 800-38D): nobody gets bytes that were not written."""
    lab = new_lab()
    s3, kms = lab.client("s3"), lab.client("kms")
    bucket, key = new_bucket(s3), kms.create_key()["KeyMetadata"]["Arn"]
    s3.put_object(Bucket=bucket, Key="k", Body=SECRET, **sse(key))
    [file] = (lab.directory / "objects" / "data").iterdir()
    data = bytearray(file.read_bytes())
    data[20] ^= 1
    file.write_bytes(data)
    assert error_of(s3.get_object, Bucket=bucket, Key="k") == ("InternalFailure", 500)


def test_the_encryption_of_a_read_is_not_asked_for(s3: Any, lab: RunningLab, bucket: str, key: str) -> None:
    """API reference, GetObject, "Encryption": x-amz-server-side-encryption in its request is an error 400."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"x", **sse(key))
    client = lab.fresh_client("s3")
    client.meta.events.register(
        "before-call.s3.GetObject",
        lambda params, **_: params["headers"].update({"x-amz-server-side-encryption": "aws:kms"}),
    )
    assert error_of(client.get_object, Bucket=bucket, Key="k") == ("InvalidArgument", 400)


def test_a_key_is_named_by_id_alias_or_arn(s3: Any, kms: Any, bucket: str, key: str) -> None:
    """Answers name it by its ARN."""
    alias = f"alias/{uuid.uuid4().hex}"
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    for name in (key, key.rpartition("/")[2], alias):
        assert s3.put_object(Bucket=bucket, Key="k", Body=SECRET, **sse(name))["SSEKMSKeyId"] == key
        assert read(s3, bucket, "k") == SECRET
    for wrong in (str(uuid.uuid4()), f"alias/{uuid.uuid4().hex}"):
        assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", **sse(wrong)) == ("KMS.NotFoundException", 400)
    mac = kms.create_key(KeyUsage="GENERATE_VERIFY_MAC", KeySpec="HMAC_256")["KeyMetadata"]["Arn"]
    code = error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"", **sse(mac))
    assert code == ("KMS.InvalidKeyUsageException", 400)
