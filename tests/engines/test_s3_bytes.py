"""Where S3's bytes go: checksums, ranges, multipart, nothing left behind, nothing lost in a crash, flat memory."""

from __future__ import annotations

import base64
import hashlib
import http.client
import io
import json
import os
import socket
import uuid
import zlib
from collections.abc import Callable
from functools import reduce
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from boto3.s3.transfer import TransferConfig
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab, eventually
from tests.engines.test_s3 import error_of

MIB = 1 << 20


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    return lab.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    return new_bucket(s3)


def new_bucket(s3: Any) -> str:
    name = f"s3-bytes-{uuid.uuid4().hex[:12]}"
    s3.create_bucket(Bucket=name)
    return name


def files_of(lab: RunningLab) -> set[str]:
    return {path.name for path in (lab.directory / "objects" / "data").iterdir()}


def resident_mb(lab: RunningLab) -> dict[str, int]:
    """The server's memory now (VmRSS) and at its highest (VmHWM), in MB."""
    lines = Path(f"/proc/{lab.pid}/status").read_text().splitlines()
    fields = dict(line.split(":", 1) for line in lines)
    return {name: int(fields[name].split()[0]) >> 10 for name in ("VmRSS", "VmHWM")}


def crash_and_restart(lab: RunningLab) -> None:
    lab.kill()
    (lab.directory / "lab.json").unlink()
    lab.start()


@pytest.mark.parametrize(
    ("wanted", "status", "slice_"),
    [
        ("bytes=0-4", 206, slice(0, 5)),
        ("bytes=5-", 206, slice(5, None)),
        ("bytes=-3", 206, slice(-3, None)),
        ("bytes=-100", 206, slice(None)),
        ("bytes=8-100", 206, slice(8, None)),
        ("bytes=0-1,4-5", 200, slice(None)),
        ("bytes=5-2", 200, slice(None)),
        ("lines=1-2", 200, slice(None)),
    ],
)
def test_ranges(s3: Any, bucket: str, wanted: str, status: int, slice_: slice) -> None:
    """API reference, GetObject, "Range": one range a request; RFC 9110 section 14 for those that make no sense."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    read = s3.get_object(Bucket=bucket, Key="k", Range=wanted)
    assert read["ResponseMetadata"]["HTTPStatusCode"] == status
    assert read["Body"].read() == b"0123456789"[slice_]
    assert (status == 206) == ("ContentRange" in read)


def test_ranges_that_begin_behind_the_end(s3: Any, bucket: str) -> None:
    """API reference, "Error responses": InvalidRange."""
    s3.put_object(Bucket=bucket, Key="k", Body=b"0123456789")
    assert error_of(s3.get_object, Bucket=bucket, Key="k", Range="bytes=10-") == ("InvalidRange", 416)
    s3.put_object(Bucket=bucket, Key="empty", Body=b"")
    assert error_of(s3.get_object, Bucket=bucket, Key="empty", Range="bytes=0-") == ("InvalidRange", 416)
    assert s3.get_object(Bucket=bucket, Key="empty")["Body"].read() == b""


@pytest.mark.parametrize("algorithm", ["CRC32", "CRC32C", "CRC64NVME", "SHA1", "SHA256"])
def test_every_checksum_is_verified_kept_and_told(s3: Any, bucket: str, algorithm: str) -> None:
    """User guide, "Checking object integrity in Amazon S3". boto3 checks what it reads against it."""
    body = os.urandom(3 * MIB)
    for data in (body[:1000], body):
        written = s3.put_object(Bucket=bucket, Key="k", Body=data, ChecksumAlgorithm=algorithm)
        value = written[f"Checksum{algorithm}"]
        assert written["ChecksumType"] == "FULL_OBJECT"
        read = s3.get_object(Bucket=bucket, Key="k", ChecksumMode="ENABLED")
        assert read["Body"].read() == data
        assert read[f"Checksum{algorithm}"] == value
        wrong = {f"Checksum{algorithm}": base64.b64encode(bytes(len(base64.b64decode(value)))).decode()}
        assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=data, **wrong) == ("BadDigest", 400)
        assert s3.head_object(Bucket=bucket, Key="k")["ETag"] == written["ETag"]
    attributes = s3.get_object_attributes(Bucket=bucket, Key="k", ObjectAttributes=["Checksum", "ObjectSize"])
    assert attributes["Checksum"][f"Checksum{algorithm}"] == value


def test_known_checksum_values(s3: Any, bucket: str) -> None:
    """The check values of the algorithms: CRC RevEng catalogue, "123456789"."""
    expected = {"CRC32": 0xCBF43926, "CRC32C": 0xE3069283, "CRC64NVME": 0xAE8B14860A799888}
    for algorithm, check in expected.items():
        written = s3.put_object(Bucket=bucket, Key="k", Body=b"123456789", ChecksumAlgorithm=algorithm)
        assert int.from_bytes(base64.b64decode(written[f"Checksum{algorithm}"])) == check


def test_a_request_has_one_checksum_and_a_whole_one(s3: Any, bucket: str) -> None:
    """As AWS answered LocalStack's suite (test_s3_checksum_no_algorithm): what is not compared must not be stored."""
    crc32, sha256 = "jNwWgw==", base64.b64encode(hashlib.sha256(b"x").digest()).decode()
    upload = s3.create_multipart_upload(Bucket=bucket, Key="k")["UploadId"]
    part: dict[str, Any] = {"Bucket": bucket, "Key": "k", "UploadId": upload, "PartNumber": 1}
    for operation, request in ((s3.put_object, {"Bucket": bucket, "Key": "k"}), (s3.upload_part, part)):
        for second in (sha256, "A" * 43 + "="):
            with pytest.raises(ClientError, match="Multiple checksum Types are not allowed") as caught:
                operation(**request, Body=b"x", ChecksumCRC32=crc32, ChecksumSHA256=second)
            assert caught.value.response["Error"]["Code"] == "InvalidRequest"
        for value in ("nonsense", "AAAA", crc32):
            with pytest.raises(ClientError, match=r"Value for x-amz-checksum-sha256 header is invalid\."):
                operation(**request, Body=b"x", ChecksumSHA256=value)
    assert error_of(s3.head_object, Bucket=bucket, Key="k") == ("404", 404)
    etag = s3.upload_part(**part, Body=b"x")["ETag"]
    done: dict[str, Any] = {"Bucket": bucket, "Key": "k", "UploadId": upload}
    done |= {"MultipartUpload": {"Parts": [{"ETag": etag, "PartNumber": 1}]}}
    two = {"ChecksumCRC32": crc32, "ChecksumSHA256": sha256}
    assert error_of(s3.complete_multipart_upload, **done, **two) == ("InvalidRequest", 400)
    assert s3.complete_multipart_upload(**done)["ETag"]


def test_an_upload_without_a_checksum_gets_crc64nvme(lab: RunningLab, bucket: str) -> None:
    """User guide, "Checking object integrity in Amazon S3", default integrity protections."""
    quiet = lab.client("s3", config=Config(request_checksum_calculation="when_required"))
    assert "ChecksumCRC64NVME" in quiet.put_object(Bucket=bucket, Key="k", Body=b"123456789")


def test_content_md5(s3: Any, bucket: str) -> None:
    """API reference, PutObject, "Content-MD5": BadDigest, InvalidDigest."""
    good = base64.b64encode(hashlib.md5(b"x").digest()).decode()
    assert s3.put_object(Bucket=bucket, Key="k", Body=b"x", ContentMD5=good)
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"y", ContentMD5=good) == ("BadDigest", 400)
    assert error_of(s3.put_object, Bucket=bucket, Key="k", Body=b"y", ContentMD5="short") == ("InvalidDigest", 400)


def test_a_multipart_upload(s3: Any, bucket: str) -> None:
    """User guide, "Uploading and copying objects using multipart upload": the ETag is the MD5 of the parts' MD5s."""
    parts = [os.urandom(5 * MIB), os.urandom(5 * MIB), b"the end"]
    upload = {"Bucket": bucket, "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(**upload, Metadata={"a": "1"}, ChecksumAlgorithm="SHA256")[
        "UploadId"
    ]
    listed: list[dict[str, Any]] = []
    for number, data in reversed(list(enumerate(parts, 1))):
        answer = s3.upload_part(**upload, PartNumber=number, Body=data, ChecksumAlgorithm="SHA256")
        listed.insert(0, {"PartNumber": number, "ETag": answer["ETag"], "ChecksumSHA256": answer["ChecksumSHA256"]})
    assert [part["Size"] for part in s3.list_parts(**upload)["Parts"]] == [5 * MIB, 5 * MIB, 7]
    wrong_order = {"Parts": listed[::-1]}
    assert error_of(s3.complete_multipart_upload, **upload, MultipartUpload=wrong_order)[0] == "InvalidPartOrder"
    wrong_part = {"Parts": [*listed, {"PartNumber": 9, "ETag": '"none"'}]}
    assert error_of(s3.complete_multipart_upload, **upload, MultipartUpload=wrong_part)[0] == "InvalidPart"
    done = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})
    digests = [hashlib.md5(data).digest() for data in parts]
    assert done["ETag"] == f'"{hashlib.md5(b"".join(digests)).hexdigest()}-3"'
    sums = b"".join(hashlib.sha256(data).digest() for data in parts)
    assert done["ChecksumSHA256"] == base64.b64encode(hashlib.sha256(sums).digest()).decode() + "-3"
    assert s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": listed})["ETag"] == done["ETag"]
    read = s3.get_object(Bucket=bucket, Key="k")
    assert read["Body"].read() == b"".join(parts)
    assert read["Metadata"] == {"a": "1"}
    second = s3.get_object(Bucket=bucket, Key="k", PartNumber=2)
    assert (second["PartsCount"], second["Body"].read()) == (3, parts[1])
    assert error_of(s3.get_object, Bucket=bucket, Key="k", PartNumber=4) == ("InvalidPartNumber", 416)


def test_parts_have_a_smallest_size_and_uploads_an_end(s3: Any, bucket: str) -> None:
    """User guide, "Amazon S3 multipart upload limits": 5 MiB but for the last."""
    upload = {"Bucket": bucket, "Key": "k"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    etags = [s3.upload_part(**upload, PartNumber=number, Body=b"small")["ETag"] for number in (1, 2)]
    parts = {"Parts": [{"PartNumber": number, "ETag": etag} for number, etag in enumerate(etags, 1)]}
    assert error_of(s3.complete_multipart_upload, **upload, MultipartUpload=parts) == ("EntityTooSmall", 400)
    assert error_of(s3.upload_part, **upload, PartNumber=10_001, Body=b"")[0] == "InvalidArgument"
    s3.abort_multipart_upload(**upload)
    assert error_of(s3.upload_part, **upload, PartNumber=3, Body=b"late") == ("NoSuchUpload", 404)
    assert error_of(s3.complete_multipart_upload, **upload, MultipartUpload=parts) == ("NoSuchUpload", 404)


def test_parts_are_copied_from_objects(s3: Any, bucket: str) -> None:
    """API reference, UploadPartCopy."""
    data = os.urandom(6 * MIB)
    s3.put_object(Bucket=bucket, Key="from", Body=data)
    upload = {"Bucket": bucket, "Key": "to"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    source = {"Bucket": bucket, "Key": "from"}
    first = s3.upload_part_copy(**upload, PartNumber=1, CopySource=source)["CopyPartResult"]["ETag"]
    second = s3.upload_part_copy(**upload, PartNumber=2, CopySource=source, CopySourceRange="bytes=1-3")
    parts = [{"PartNumber": 1, "ETag": first}, {"PartNumber": 2, "ETag": second["CopyPartResult"]["ETag"]}]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    assert s3.get_object(Bucket=bucket, Key="to")["Body"].read() == data + data[1:4]


def test_nothing_is_left_behind(new_lab: Callable[..., RunningLab]) -> None:
    """Every file has an owner: overwrites, copies, versions, aborted and failed uploads, bucket deletes."""
    lab = new_lab()
    s3 = lab.client("s3")
    bucket = new_bucket(s3)
    for number in range(3):
        s3.put_object(Bucket=bucket, Key="overwritten", Body=str(number).encode() * MIB * 2)
    s3.copy_object(Bucket=bucket, Key="copy", CopySource={"Bucket": bucket, "Key": "overwritten"})
    assert len(files_of(lab)) == 2
    error_of(s3.put_object, Bucket=bucket, Key="bad", Body=b"x" * 2 * MIB, ChecksumCRC32="AAAAAA==")
    error_of(s3.put_object, Bucket=bucket, Key="copy", Body=b"x", IfNoneMatch="*")
    error_of(s3.put_object, Bucket=bucket, Key="bad", Body=b"x", StorageClass="NONE")
    assert len(files_of(lab)) == 2
    for finish in (True, False):
        upload = {"Bucket": bucket, "Key": "parts"}
        upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
        etag = s3.upload_part(**upload, PartNumber=1, Body=b"first")["ETag"]
        etag = s3.upload_part(**upload, PartNumber=1, Body=b"again")["ETag"]
        if finish:
            parts = {"Parts": [{"PartNumber": 1, "ETag": etag}]}
            s3.complete_multipart_upload(**upload, MultipartUpload=parts)
        else:
            s3.abort_multipart_upload(**upload)
    assert len(files_of(lab)) == 3
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    s3.put_object(Bucket=bucket, Key="copy", Body=b"second version")
    s3.delete_object(Bucket=bucket, Key="copy")
    assert len(files_of(lab)) == 4
    listed = s3.list_object_versions(Bucket=bucket)
    for version in listed["Versions"] + listed["DeleteMarkers"]:
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])
    assert files_of(lab) == set()
    s3.create_multipart_upload(Bucket=bucket, Key="unfinished")
    s3.delete_bucket(Bucket=bucket)
    assert files_of(lab) == set()


def start_upload(lab: RunningLab, bucket: str, key: str, size: int, sent: bytes) -> socket.socket:
    """Begin a PUT of *size* bytes by hand and send only the first of them."""
    s3 = lab.client("s3", config=Config(signature_version="s3v4"))
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": key}))
    connection = socket.create_connection((url.hostname, url.port))
    head = f"PUT {url.path}?{url.query} HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {size}\r\n\r\n"
    connection.sendall(head.encode() + sent)
    return connection


def test_a_client_that_goes_away_leaves_nothing(lab: RunningLab, s3: Any, bucket: str) -> None:
    """API reference, PutObject: S3 never adds partial objects."""
    before = files_of(lab)
    connection = start_upload(lab, bucket, "half", 32 * MIB, b"x" * 8 * MIB)
    eventually(lambda: files_of(lab) != before)
    connection.close()
    eventually(lambda: files_of(lab) == before)
    assert error_of(s3.head_object, Bucket=bucket, Key="half")[1] == 404


def test_a_crash_takes_only_what_was_not_finished(new_lab: Callable[..., RunningLab]) -> None:
    """A committed object survives kill -9; a half upload does not, and leaves no file."""
    lab = new_lab()
    s3 = lab.client("s3")
    bucket = new_bucket(s3)
    doomed = new_bucket(s3)
    s3.delete_bucket(Bucket=doomed)
    s3.put_object(Bucket=bucket, Key="gone", Body=b"x")
    s3.delete_object(Bucket=bucket, Key="gone")
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first = s3.put_object(Bucket=bucket, Key="k ü\n", Body=b"first", Metadata={"a": "1"}, ContentType="text/x")
    s3.put_object_tagging(
        Bucket=bucket, Key="k ü\n", VersionId=first["VersionId"], Tagging={"TagSet": [{"Key": "t", "Value": "1"}]}
    )
    s3.put_object(Bucket=bucket, Key="k ü\n", Body=b"second")
    s3.put_object(Bucket=bucket, Key="marked", Body=b"x")
    marker = s3.delete_object(Bucket=bucket, Key="marked")["VersionId"]
    s3.upload_fileobj(io.BytesIO(bytes(9 * MIB)), bucket, "parts")
    anybody = {"AWS": lab.facts["account_id"]}
    statement = {
        "Effect": "Allow",
        "Principal": anybody,
        "Action": "s3:GetObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))
    rule = {"ID": "old", "Status": "Enabled", "Filter": {"Prefix": "x/"}, "Expiration": {"Days": 1}}
    s3.put_bucket_lifecycle_configuration(Bucket=bucket, LifecycleConfiguration={"Rules": [rule]})
    s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "team", "Value": "ops"}]})
    before = s3.list_object_versions(Bucket=bucket)
    files = files_of(lab)
    connection = start_upload(lab, bucket, "half", 32 * MIB, b"x" * 8 * MIB)
    upload_id = s3.create_multipart_upload(Bucket=bucket, Key="never")["UploadId"]
    s3.upload_part(Bucket=bucket, Key="never", UploadId=upload_id, PartNumber=1, Body=b"part")
    eventually(lambda: len(files_of(lab)) >= len(files) + 2)
    for _ in range(2):  # the second time from the journal that the first recovery rewrote
        crash_and_restart(lab)
        s3 = lab.client("s3")
        after = s3.list_object_versions(Bucket=bucket)
        assert after["Versions"] == before["Versions"]
        assert after["DeleteMarkers"] == before["DeleteMarkers"]
        assert files_of(lab) == files
    connection.close()
    assert [item["Name"] for item in s3.list_buckets()["Buckets"]] == [bucket]
    assert s3.get_object(Bucket=bucket, Key="k ü\n")["Body"].read() == b"second"
    old = s3.get_object(Bucket=bucket, Key="k ü\n", VersionId=first["VersionId"], ChecksumMode="ENABLED")
    assert (old["Body"].read(), old["Metadata"], old["ContentType"]) == (b"first", {"a": "1"}, "text/x")
    assert (old["TagCount"], old["ChecksumCRC32"]) == (1, first["ChecksumCRC32"])
    assert s3.get_object(Bucket=bucket, Key="parts", PartNumber=2)["ContentLength"] == MIB
    s3.delete_object(Bucket=bucket, Key="marked", VersionId=marker)
    assert s3.get_object(Bucket=bucket, Key="marked")["Body"].read() == b"x"
    assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
    assert s3.get_bucket_lifecycle_configuration(Bucket=bucket)["Rules"][0]["ID"] == "old"
    assert s3.get_bucket_policy(Bucket=bucket)["Policy"].startswith('{"Version"')
    assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == [{"Key": "team", "Value": "ops"}]


def test_a_download_outlives_the_object(s3: Any, bucket: str) -> None:
    """User guide, "Amazon S3 data consistency model": a reader gets the old bytes or the new, never a mixture."""
    old = os.urandom(32 * MIB)
    s3.put_object(Bucket=bucket, Key="k", Body=old)
    reading = s3.get_object(Bucket=bucket, Key="k")["Body"]
    begin = reading.read(MIB)
    s3.put_object(Bucket=bucket, Key="k", Body=b"new")
    s3.delete_object(Bucket=bucket, Key="k")
    assert begin + reading.read() == old


class Zeros(io.RawIOBase):
    """*size* zero bytes that take no memory, as a seekable file."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._position = 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self._position = offset + {0: 0, 1: self._position, 2: self._size}[whence]
        return self._position

    def tell(self) -> int:
        return self._position

    def read(self, size: int = -1) -> bytes:
        left = self._size - self._position
        count = left if size is None or size < 0 else min(size, left)
        self._position += count
        return bytes(count)


def download_size_and_crc(url: str) -> tuple[int, int]:
    """Bytes and CRC-32 of a plain HTTP download, a block at a time."""
    parts = urlsplit(url)
    assert parts.hostname
    connection = http.client.HTTPConnection(parts.hostname, parts.port)
    connection.request("GET", f"{parts.path}?{parts.query}")
    answer = connection.getresponse()
    size = crc = 0
    while block := answer.read(MIB):
        size, crc = size + len(block), zlib.crc32(block, crc)
    connection.close()
    return size, crc


def test_a_gigabyte_goes_in_and_out_with_flat_memory(new_lab: Callable[..., RunningLab]) -> None:
    """1 GiB in one request and 0.25 GiB in parts, and back: the server stays under 300 MB."""
    lab = new_lab()
    s3 = lab.client("s3", config=Config(signature_version="s3v4"))
    bucket = new_bucket(s3)
    sizes = {"one": 1024 * MIB, "parts": 256 * MIB}
    url = urlsplit(s3.generate_presigned_url("put_object", Params={"Bucket": bucket, "Key": "one"}))
    assert url.hostname
    connection = http.client.HTTPConnection(url.hostname, url.port, blocksize=MIB)
    connection.request("PUT", f"{url.path}?{url.query}", Zeros(sizes["one"]), {"Content-Length": str(sizes["one"])})
    assert connection.getresponse().status == 200
    s3.upload_fileobj(Zeros(sizes["parts"]), bucket, "parts", Config=TransferConfig(multipart_chunksize=32 * MIB))
    block = bytes(MIB)
    for key, size in sizes.items():
        assert s3.head_object(Bucket=bucket, Key=key)["ContentLength"] == size
        crc = reduce(lambda crc, _: zlib.crc32(block, crc), range(size // MIB), 0)
        url_of = s3.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": key})
        assert download_size_and_crc(url_of) == (size, crc)
    assert resident_mb(lab)["VmHWM"] < 300


def test_a_single_upload_ends_at_5_gib(lab: RunningLab, bucket: str) -> None:
    """API reference, PutObject: EntityTooLarge."""
    connection = start_upload(lab, bucket, "huge", (5 << 30) + 1, b"")
    connection.shutdown(socket.SHUT_WR)
    answer = connection.makefile("rb").read()
    connection.close()
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"<Code>EntityTooLarge</Code>" in answer
