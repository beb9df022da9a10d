"""Signature Version 4 in the Authorization header.

IAM user guide, "AWS Signature Version 4 for API requests" and "Troubleshoot Signature Version 4 signing"; the codes
are those of S3's "Error responses" and of each service's "Common errors".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config
from botocore.exceptions import ClientError

from tests.conftest import RunningLab
from tests.gateway.wire import send, signer

# One call for each protocol: S3's own rest-xml, query, ec2, json, rest-json.
CALLS = {
    "s3": lambda client: client.list_buckets(),
    "sts": lambda client: client.get_caller_identity(),
    "ec2": lambda client: client.describe_vpcs(),
    "kinesis": lambda client: client.list_streams(),
    "lambda": lambda client: client.list_functions(),
}
JSON = {"kinesis", "lambda"}


@pytest.fixture(scope="module")
def bucket(lab: RunningLab) -> str:
    lab.client("s3").create_bucket(Bucket="sigv4")
    return "sigv4"


def refusal(lab: RunningLab, service: str, **client_settings: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as error:
        CALLS[service](lab.client(service, **client_settings))
    response = error.value.response
    assert response["ResponseMetadata"]["RequestId"]
    return response["Error"]["Code"], response["ResponseMetadata"]["HTTPStatusCode"]


@pytest.mark.parametrize("service", CALLS)
def test_the_labs_keys_are_accepted(lab: RunningLab, service: str) -> None:
    CALLS[service](lab.client(service))


@pytest.mark.parametrize("service", CALLS)
def test_a_wrong_secret_does_not_match(lab: RunningLab, service: str) -> None:
    """IAM user guide, "Troubleshoot Signature Version 4": SignatureDoesNotMatch, in JSON InvalidSignatureException."""
    expected = ("InvalidSignatureException", 400) if service in JSON else ("SignatureDoesNotMatch", 403)
    assert refusal(lab, service, aws_secret_access_key="wrong") == expected


@pytest.mark.parametrize("service", CALLS)
def test_an_unknown_key_has_each_protocols_code(lab: RunningLab, service: str) -> None:
    """S3 "Error responses" (InvalidAccessKeyId), "Common errors" of query and JSON services."""
    expected = {"s3": ("InvalidAccessKeyId", 403), "kinesis": ("UnrecognizedClientException", 400)}
    expected["lambda"] = expected["kinesis"]
    actual = refusal(lab, service, aws_access_key_id="AKIA" + "X" * 16)
    assert actual == expected.get(service, ("InvalidClientTokenId", 403))


@pytest.mark.parametrize("service", ["s3", "kinesis", "sts", "ec2"])
def test_an_unsigned_request_is_refused(lab: RunningLab, service: str) -> None:
    """S3 answers anonymous requests AccessDenied; the others MissingAuthenticationToken ("Common errors")."""
    expected = {"s3": "AccessDenied", "kinesis": "MissingAuthenticationTokenException"}
    code, status = refusal(lab, service, config=Config(signature_version=UNSIGNED))
    assert (code, status) == (expected.get(service, "MissingAuthenticationToken"), 403)


@pytest.mark.parametrize("service", CALLS)
def test_a_region_that_does_not_exist_is_refused(lab: RunningLab, service: str) -> None:
    """SigV4 troubleshooting: "Credential should be scoped to a valid region"."""
    expected = "InvalidSignatureException" if service in JSON else "SignatureDoesNotMatch"
    assert refusal(lab, service, region_name="mars-north-1")[0] == expected


KEYS = ["a b", "a//b", "100%", "p%20q", "x+y", "til~de", "ünï✓", "a/../b", "./a", "year=2013/m=1", "%2F", "a?b#c&d"]


@pytest.mark.parametrize("key", KEYS)
def test_s3_keys_of_any_spelling(lab: RunningLab, bucket: str, key: str) -> None:
    """S3 user guide, "Naming Amazon S3 objects"; S3 does not normalize paths when signing (SigV4 guide)."""
    s3 = lab.client("s3")
    s3.put_object(Bucket=bucket, Key=key, Body=key.encode())
    assert s3.get_object(Bucket=bucket, Key=key)["Body"].read() == key.encode()
    listed = s3.list_objects_v2(Bucket=bucket, Prefix=key)["Contents"]
    assert key in [item["Key"] for item in listed]


def test_a_path_sent_in_another_spelling_is_the_same_path(lab: RunningLab, bucket: str) -> None:
    """The server encodes the key itself (SigV4 guide, "URI-encode"): Arrow sends "=" and signs "%3D"."""
    lab.client("s3").put_object(Bucket=bucket, Key="year=2014/x", Body=b"1")
    headers = signer(lab).headers("GET", f"/{bucket}/year%3D2014/x")
    assert send(lab, "GET", f"/{bucket}/year=2014/x", headers).body == b"1"


@pytest.mark.parametrize("path", ["/a/../b", "//a//b/", "/a b/ü"])
def test_paths_of_other_services_are_normalized(lab: RunningLab, path: str) -> None:
    """SigV4 guide, "Canonical URI": every service but S3 signs the normalized path, encoded twice."""
    target = quote("/2015-03-31/functions" + path)
    normalized = quote({"/a/../b": "/b", "//a//b/": "/a/b/", "/a b/ü": "/a b/ü"}[path])
    headers = signer(lab, "lambda").headers("GET", "/2015-03-31/functions" + normalized)
    assert send(lab, "GET", target, headers).code not in ("InvalidSignatureException", "")


@pytest.mark.parametrize(
    "query",
    ["prefix=a&list-type=2", "list-type=2&prefix=", "list-type=2&prefix=a%20b%2Bc", "tagging", "prefix=b&prefix=a"],
)
def test_queries_are_signed_sorted_with_empty_values_and_repeats(lab: RunningLab, bucket: str, query: str) -> None:
    """SigV4 guide, "Canonical query string"."""
    target = f"/{bucket}?{query}"
    assert send(lab, "GET", target, signer(lab).headers("GET", target)).code in ("", "NoSuchTagSet")


def test_a_plus_in_a_query_is_a_space(lab: RunningLab, bucket: str) -> None:
    """A relay that turns a signed %2B into "+" would otherwise change what is asked for."""
    headers = signer(lab).headers("GET", f"/{bucket}?prefix=a%2Bb")
    assert send(lab, "GET", f"/{bucket}?prefix=a+b", headers).code == "SignatureDoesNotMatch"


def test_what_was_signed_cannot_be_changed(lab: RunningLab, bucket: str) -> None:
    """Path, query, headers, method, body: each is part of the signature (SigV4 guide, "Elements")."""
    target, body = f"/{bucket}/signed", b"mine"
    headers = signer(lab).headers("PUT", target, body, {"x-amz-meta-who": "me"})
    assert send(lab, "PUT", target, headers, body).status == 200
    changed = {**headers, "x-amz-meta-who": "you"}
    assert send(lab, "PUT", target, changed, body).code == "SignatureDoesNotMatch"
    assert send(lab, "PUT", target + "2", headers, body).code == "SignatureDoesNotMatch"
    assert send(lab, "PUT", target + "?acl", headers, body).code == "SignatureDoesNotMatch"
    assert send(lab, "POST", target, headers, body).code == "SignatureDoesNotMatch"
    assert send(lab, "PUT", target, headers, b"evil").code == "XAmzContentSHA256Mismatch"
    assert lab.client("s3").get_object(Bucket=bucket, Key="signed")["Body"].read() == b"mine"
    assert send(lab, "PUT", target, headers, body).status == 200  # a replay of the very same request is allowed


def test_json_bodies_cannot_be_replayed_changed(lab: RunningLab) -> None:
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Content-Type": "application/x-amz-json-1.1"}
    signed = signer(lab, "kinesis").headers("POST", "/", b"{}", headers)
    assert send(lab, "POST", "/", signed, b"{}").status == 200
    assert send(lab, "POST", "/", signed, b'{"Limit":1}').code == "InvalidSignatureException"
    other = {**signed, "X-Amz-Target": "Kinesis_20131202.DeleteStream"}
    assert send(lab, "POST", "/", other, b"{}").code == "InvalidSignatureException"


def test_headers_that_carry_meaning_must_be_signed(lab: RunningLab, bucket: str) -> None:
    """S3 API reference, "Authenticating requests": Host and all x-amz-* headers; others may change on the way."""
    target = f"/{bucket}/unsigned-header"
    headers = signer(lab).headers("PUT", target, b"x")
    assert send(lab, "PUT", target, {**headers, "User-Agent": "a proxy", "Via": "1.1 x"}, b"x").status == 200
    for name in ("x-amz-meta-added", "x-amz-copy-source", "x-amz-acl"):
        answer = send(lab, "PUT", target, {**headers, name: "/other/key"}, b"x")
        assert (answer.status, answer.code) == (403, "AccessDenied")
        assert b"headers present in the request which were not signed" in answer.body
    without_target = signer(lab, "kinesis").headers("POST", "/", b"{}")
    target_header = {"X-Amz-Target": "Kinesis_20131202.ListStreams"}
    assert send(lab, "POST", "/", {**without_target, **target_header}, b"{}").code == "InvalidSignatureException"


def test_host_must_be_signed(lab: RunningLab) -> None:
    headers = signer(lab).headers("GET", "/")
    headers["Authorization"] = headers["Authorization"].replace("SignedHeaders=host;", "SignedHeaders=")
    assert send(lab, "GET", "/", headers).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("minutes", [-16, 16])
@pytest.mark.parametrize("service", ["s3", "sts", "kinesis"])
def test_clock_skew_is_bounded(lab: RunningLab, service: str, minutes: int) -> None:
    """15 minutes either way: S3's RequestTimeTooSkewed; "Signature expired" from the others (SigV4 troubleshooting)."""
    at = datetime.now(UTC) + timedelta(minutes=minutes)
    headers = {"X-Amz-Target": "Kinesis_20131202.ListStreams"} if service == "kinesis" else {}
    target = "/?Action=GetCallerIdentity&Version=2011-06-15" if service == "sts" else "/"
    answer = send(lab, "GET", target, signer(lab, service, at=at).headers("GET", target, headers=headers))
    expected = {"s3": "RequestTimeTooSkewed", "sts": "SignatureDoesNotMatch", "kinesis": "InvalidSignatureException"}
    assert answer.code == expected[service]


def test_the_scope_names_the_same_day(lab: RunningLab) -> None:
    headers = signer(lab).headers("GET", "/")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y%m%d")
    headers["Authorization"] = headers["Authorization"].replace(headers["X-Amz-Date"][:8], yesterday)
    assert send(lab, "GET", "/", headers).code == "SignatureDoesNotMatch"


GARBLED = [
    "AWS4-HMAC-SHA256",
    "AWS4-HMAC-SHA256 Credential=x, SignedHeaders=host, Signature=" + "0" * 64,
    "AWS4-HMAC-SHA256 Credential=a/20130101/us-east-1/s3/aws4_request, SignedHeaders=host, Signature=short",
    "AWS4-HMAC-SHA256 Credential=a/20130101/us-east-1/s3/aws4_request, SignedHeaders=hö\xffst, Signature=" + "0" * 64,
]


@pytest.mark.parametrize("header", GARBLED)
def test_a_garbled_authorization_header(lab: RunningLab, header: str) -> None:
    """S3: AuthorizationHeaderMalformed; IncompleteSignature(Exception) is the common error of the others."""
    s3 = send(lab, "GET", "/", {"Authorization": header})
    assert (s3.status, s3.code) == (400, "AuthorizationHeaderMalformed")
    target = {"X-Amz-Target": "Kinesis_20131202.ListStreams", "Authorization": header}
    assert send(lab, "POST", "/", target, b"{}").code == "IncompleteSignatureException"
    form = {"Content-Type": "application/x-www-form-urlencoded", "Authorization": header}
    assert send(lab, "POST", "/", form, b"Action=GetCallerIdentity").code == "IncompleteSignature"


@pytest.mark.parametrize("header", ["AWS AKIAIOSFODNN7EXAMPLE:frJIUN8DYpKDtOLCwo=", "Basic dTpw", "Bearer x"])
def test_other_mechanisms_are_not_supported(lab: RunningLab, header: str) -> None:
    """S3 "Error responses": InvalidRequest, "Please use AWS4-HMAC-SHA256"."""
    answer = send(lab, "GET", "/", {"Authorization": header})
    assert (answer.status, answer.code) == (400, "InvalidRequest")


def test_a_request_is_signed_once(lab: RunningLab) -> None:
    """S3 "Error responses": InvalidArgument, "Only one auth mechanism allowed"."""
    target = signer(lab).presigned("GET", "/")
    assert send(lab, "GET", target, signer(lab).headers("GET", target)).code == "InvalidArgument"


def test_a_signature_without_a_date(lab: RunningLab) -> None:
    headers = signer(lab).headers("GET", "/")
    del headers["X-Amz-Date"]
    assert send(lab, "GET", "/", headers).code == "AccessDenied"


def test_bytes_beyond_ascii_are_refused_not_fatal(lab: RunningLab) -> None:
    headers = signer(lab, session_token="tökén").headers("GET", "/")
    assert send(lab, "GET", "/", headers).code == "InvalidToken"


def test_the_cli_signs_too(lab: RunningLab) -> None:
    assert "lab-admin" in lab.aws("sts", "get-caller-identity", "--query", "Arn").stdout


def test_no_keys_of_the_machine_are_used(lab: RunningLab) -> None:
    """A client that signs with anything but the lab's keys is nobody here."""
    stranger = boto3.client(
        "sts",
        endpoint_url=lab.endpoint,
        region_name="us-east-1",
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
    )
    with pytest.raises(ClientError, match="InvalidClientTokenId"):
        stranger.get_caller_identity()
