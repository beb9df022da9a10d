"""Presigned URLs of Signature Version 2, which boto3 makes for S3 unless it is told otherwise.

S3 user guide, "Signing and authenticating REST requests (AWS Signature Version 2)".
"""

from __future__ import annotations

import urllib.request
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote

import pytest

from tests.conftest import RunningLab
from tests.gateway.wire import path_of, send


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    client = lab.client("s3", config=None)  # boto3 as it comes
    client.create_bucket(Bucket="sigv2")
    return client


def get(url: str) -> bytes:
    with urllib.request.urlopen(url) as answer:
        return bytes(answer.read())


def refusal(url: str) -> tuple[int, str]:
    with pytest.raises(HTTPError) as error:
        get(url)
    code = error.value.read().decode().split("<Code>")[1].split("</Code>")[0]
    return error.value.code, code


@pytest.mark.parametrize("key", ["plain", "a b/ü+%.txt"])
def test_put_and_get(s3: Any, key: str) -> None:
    url = s3.generate_presigned_url(
        "put_object", Params={"Bucket": "sigv2", "Key": key, "ContentType": "text/x", "Metadata": {"kind": "v2"}}
    )
    assert "AWSAccessKeyId=" in url
    request = urllib.request.Request(url, data=b"hello", method="PUT", headers={"Content-Type": "text/x"})
    with urllib.request.urlopen(request) as answer:
        assert answer.status == 200
    stored = s3.head_object(Bucket="sigv2", Key=key)
    assert (stored["ContentType"], stored["Metadata"]) == ("text/x", {"kind": "v2"})
    overridden = {"Bucket": "sigv2", "Key": key, "ResponseContentType": "text/y"}
    assert get(s3.generate_presigned_url("get_object", Params=overridden)) == b"hello"


def test_temporary_credentials(lab: RunningLab, s3: Any) -> None:
    s3.put_object(Bucket="sigv2", Key="temporary", Body=b"hello")
    keys = lab.client("sts").get_session_token()["Credentials"]
    temporary = lab.client(
        "s3",
        config=None,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )
    url = temporary.generate_presigned_url("get_object", Params={"Bucket": "sigv2", "Key": "temporary"})
    assert get(url) == b"hello"
    assert refusal(url.replace("x-amz-security-token=", "x-amz-security-token=x")) == (400, "InvalidToken")


def test_what_was_not_signed_is_refused(s3: Any) -> None:
    s3.put_object(Bucket="sigv2", Key="one", Body=b"1")
    s3.put_object(Bucket="sigv2", Key="two", Body=b"2")
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "sigv2", "Key": "one"})
    assert refusal(url.replace("/one?", "/two?")) == (403, "SignatureDoesNotMatch")
    assert refusal(url + "&versionId=null") == (403, "SignatureDoesNotMatch")
    assert refusal(url.replace("Signature=", "Signature=x")) == (403, "SignatureDoesNotMatch")
    assert refusal(url.replace("AWSAccessKeyId=A", "AWSAccessKeyId=B")) == (403, "InvalidAccessKeyId")


def test_an_expired_url_is_refused(s3: Any) -> None:
    url = s3.generate_presigned_url("get_object", Params={"Bucket": "sigv2", "Key": "one"}, ExpiresIn=-1)
    assert refusal(url) == (403, "AccessDenied")


@pytest.mark.parametrize("sent", ["text/html", "", None])
def test_the_signed_content_type_must_be_sent(lab: RunningLab, s3: Any, sent: str | None) -> None:
    """It is part of the string to sign, as the request's header has it: a link for an image takes no HTML."""
    url = s3.generate_presigned_url(
        "put_object", Params={"Bucket": "sigv2", "Key": "typed", "ContentType": "image/png"}
    )
    headers = {} if sent is None else {"Content-Type": sent}
    answer = send(lab, "PUT", path_of(url), headers, b"<script>")
    assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch")
    assert send(lab, "PUT", path_of(url), {"Content-Type": "image/png"}, b"png").status == 200
    assert s3.head_object(Bucket="sigv2", Key="typed")["ContentType"] == "image/png"


@pytest.mark.parametrize("expires", ["\u00b2", "\u0663", "1e3", "-1", "", "9" * 5000])
def test_expires_is_a_number_in_ascii(lab: RunningLab, expires: str) -> None:
    key = lab.facts["access_key_id"]
    answer = send(lab, "GET", f"/sigv2/x?AWSAccessKeyId={key}&Expires={quote(expires)}&Signature=x")
    assert (answer.status, answer.code) == (403, "AccessDenied")
