"""Buckets in the host name, as S3's user guide has it ("Virtual hosting of general purpose buckets").

The names under .localhost are loopback ones (RFC 6761); where the system's resolver does not know that, boto3 is told.
"""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import localhost_found, path_of, send, signer

A, B = "hosted-a", "hosted-b"
KEYS = ("plain", f"{B}/x", "/lead", "//two", "a//b", "é/ü ñ", "a?b#c", "a+b%2Fc", f"/{A}/x", "trail/")
HOSTS = ("{bucket}.localhost", "{bucket}.s3.localhost", "{bucket}.s3.us-east-1.localhost", "{bucket}.S3.LOCALHOST")


@pytest.fixture(scope="module", autouse=True)
def _resolver() -> Iterator[None]:
    with localhost_found():
        yield


@pytest.fixture(scope="module", autouse=True)
def _buckets(lab: RunningLab) -> None:
    for bucket in (A, B):
        lab.client("s3").create_bucket(Bucket=bucket)


def virtual(lab: RunningLab, host: str = "localhost", **config: Any) -> Any:
    settings = Config(s3={"addressing_style": "virtual"}, retries={"max_attempts": 0}, **config)
    return lab.client("s3", endpoint_url=f"http://{host}:{lab.facts['port']}", config=settings)


def keys(lab: RunningLab, bucket: str) -> list[str]:
    return [one["Key"] for one in lab.client("s3").list_objects_v2(Bucket=bucket).get("Contents", [])]


@pytest.mark.parametrize("host", ["localhost", "s3.localhost", "s3.us-east-1.localhost"])
@pytest.mark.parametrize("key", KEYS)
def test_an_object_is_in_the_bucket_that_the_client_named(lab: RunningLab, key: str, host: str) -> None:
    """Whatever the key looks like: one that begins with another bucket's name stays in this bucket."""
    s3, path_style = virtual(lab, host), lab.client("s3")
    s3.put_object(Bucket=A, Key=key, Body=b"for A")
    assert (keys(lab, A), keys(lab, B)) == ([key], [])
    assert s3.get_object(Bucket=A, Key=key)["Body"].read() == b"for A"
    assert [one["Key"] for one in s3.list_objects_v2(Bucket=A, Prefix=key)["Contents"]] == [key]
    s3.copy_object(Bucket=B, Key=key, CopySource={"Bucket": A, "Key": key})
    assert keys(lab, B) == [key]
    for bucket in (A, B):
        path_style.delete_object(Bucket=bucket, Key=key)


@pytest.mark.parametrize("version", ["s3v4", "s3"])
@pytest.mark.parametrize("key", KEYS)
def test_presigned_urls(lab: RunningLab, key: str, version: str) -> None:
    """Both versions of the signature are made over the host, or over the bucket that it names."""
    s3 = virtual(lab, signature_version=version)
    for operation, method in (("put_object", "PUT"), ("get_object", "GET")):
        url = s3.generate_presigned_url(operation, Params={"Bucket": A, "Key": key})
        assert urlsplit(url).netloc == f"{A}.localhost:{lab.facts['port']}"
        answer = send(lab, method, path_of(url), {"Host": urlsplit(url).netloc}, b"mine" if method == "PUT" else b"")
        assert answer.status == 200, answer
    assert answer.body == b"mine"
    assert keys(lab, A) == [key]
    lab.client("s3").delete_object(Bucket=A, Key=key)


def test_buckets_are_made_and_deleted(lab: RunningLab) -> None:
    s3 = virtual(lab)
    s3.create_bucket(Bucket="hosted.with.dots")
    s3.head_bucket(Bucket="hosted.with.dots")
    assert "hosted.with.dots" in [one["Name"] for one in s3.list_buckets()["Buckets"]]
    upload = s3.create_multipart_upload(Bucket="hosted.with.dots", Key="parts")
    part = {"Bucket": "hosted.with.dots", "Key": "parts", "UploadId": upload["UploadId"]}
    etag = s3.upload_part(**part, PartNumber=1, Body=b"x")["ETag"]
    s3.complete_multipart_upload(**part, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": etag}]})
    s3.delete_objects(Bucket="hosted.with.dots", Delete={"Objects": [{"Key": "parts"}]})
    s3.delete_bucket(Bucket="hosted.with.dots")
    with pytest.raises(ClientError, match="NoSuchBucket"):
        s3.list_objects_v2(Bucket="hosted.with.dots")


@pytest.mark.parametrize("pattern", HOSTS)
def test_the_forms_of_the_host(lab: RunningLab, pattern: str) -> None:
    host = f"{pattern.format(bucket=A)}:{lab.facts['port']}"
    headers = signer(lab, host=host).headers("PUT", f"/{B}/form", b"x")
    assert send(lab, "PUT", f"/{B}/form", headers, b"x").status == 200
    assert (keys(lab, A), keys(lab, B)) == ([f"{B}/form"], [])
    lab.client("s3").delete_object(Bucket=A, Key=f"{B}/form")


def test_a_signature_is_good_for_one_bucket(lab: RunningLab) -> None:
    """The host is what names the bucket, and it is signed."""
    lab.client("s3").put_object(Bucket=B, Key="k", Body=b"secret")
    headers = signer(lab, host=f"{A}.localhost").headers("GET", "/k")
    assert send(lab, "GET", "/k", {**headers, "Host": f"{B}.localhost"}).code == "SignatureDoesNotMatch"
    lab.client("s3").delete_object(Bucket=B, Key="k")


@pytest.mark.parametrize("host", [f"{A}.s3-website.localhost", f"{A}.s3-website-us-east-1.localhost"])
def test_an_endpoint_of_s3_that_is_not_here_is_refused(lab: RunningLab, host: str) -> None:
    answer = send(lab, "GET", "/", signer(lab, host=host).headers("GET", "/"))
    assert (answer.status, answer.code, b"has no endpoint like" in answer.body) == (400, "InvalidRequest", True)


def test_a_form_is_posted_to_the_host_of_a_bucket(lab: RunningLab) -> None:
    form = virtual(lab).generate_presigned_post(A, f"{B}/${{filename}}")
    parts = [
        f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}' for name, value in form["fields"].items()
    ]
    parts.append('--x\r\nContent-Disposition: form-data; name="file"; filename="f"\r\n\r\nhello\r\n--x--\r\n')
    connection = http.client.HTTPConnection("127.0.0.1", lab.facts["port"])
    typed = {"Host": urlsplit(form["url"]).netloc, "Content-Type": "multipart/form-data; boundary=x"}
    connection.request("POST", "/", "\r\n".join(parts), typed)
    assert connection.getresponse().status == 204
    connection.close()
    assert (keys(lab, A), keys(lab, B)) == ([f"{B}/f"], [])
    lab.client("s3").delete_object(Bucket=A, Key=f"{B}/f")


def test_a_path_may_begin_with_two_slashes(lab: RunningLab) -> None:
    """It is a path and no URL of another host; in path style it names no bucket."""
    answer = send(lab, "GET", "//lead", signer(lab).headers("GET", "//lead"))
    assert answer.status in (400, 404)
    assert answer.code
