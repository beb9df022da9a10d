"""Presigned URLs of Signature Version 4.

S3 API reference, "Authenticating requests: using query parameters"; S3 user guide, "Working with presigned URLs".
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.config import Config

from tests.conftest import RunningLab
from tests.gateway.wire import Signer, path_of, send, signer


@pytest.fixture(scope="module")
def s3(lab: RunningLab) -> Any:
    client = lab.client("s3", config=Config(signature_version="s3v4", s3={"addressing_style": "path"}))
    client.create_bucket(Bucket="presigned")
    client.put_object(Bucket="presigned", Key="a b/+ü", Body=b"hello")
    client.put_object(Bucket="presigned", Key="other", Body=b"secret")
    return client


def url(s3: Any, operation: str = "get_object", key: str = "a b/+ü", **parameters: Any) -> str:
    everything = {"Bucket": "presigned", "Key": key, **parameters}
    return path_of(s3.generate_presigned_url(operation, Params=everything, ExpiresIn=60))


def test_get_and_head(lab: RunningLab, s3: Any) -> None:
    assert send(lab, "GET", url(s3)).body == b"hello"
    assert send(lab, "HEAD", url(s3, "head_object")).headers["content-length"] == "5"
    typed = send(lab, "GET", url(s3, ResponseContentType="text/x"))
    assert (typed.status, typed.body) == (200, b"hello")


def test_put_takes_any_body_but_only_the_signed_headers(lab: RunningLab, s3: Any) -> None:
    """The payload is UNSIGNED-PAYLOAD; signed headers must come as they were signed."""
    target = url(s3, "put_object", "put", ContentType="text/csv")
    assert send(lab, "PUT", target, {"Content-Type": "text/csv"}, b"1,2").status == 200
    assert send(lab, "PUT", target, {"Content-Type": "text/html"}, b"1,2").code == "SignatureDoesNotMatch"
    added = {"Content-Type": "text/csv", "x-amz-tagging": "a=b"}
    assert send(lab, "PUT", target, added, b"1,2").code == "AccessDenied"
    assert s3.get_object(Bucket="presigned", Key="put")["ContentType"] == "text/csv"


def test_only_what_was_signed_is_served(lab: RunningLab, s3: Any) -> None:
    target = url(s3, key="presigned-key")
    for changed in (
        target.replace("presigned-key", "other"),
        target + "&versionId=null",
        target.replace("X-Amz-Expires=60", "X-Amz-Expires=61"),
        target.replace("us-east-1", "us-east-2"),
        target[:-1] + ("0" if target[-1] != "0" else "1"),
    ):
        answer = send(lab, "GET", changed)
        assert (answer.status, answer.code) == (403, "SignatureDoesNotMatch"), changed
    assert send(lab, "PUT", target, body=b"x").code == "SignatureDoesNotMatch"


def test_expiry(lab: RunningLab, s3: Any) -> None:
    """AccessDenied, "Request has expired"; a URL from the future is "not yet valid"."""
    hour_ago = signer(lab, at=datetime.now(UTC) - timedelta(hours=1))
    assert send(lab, "GET", hour_ago.presigned("GET", "/presigned/other", 7200)).body == b"secret"
    late = send(lab, "GET", hour_ago.presigned("GET", "/presigned/other", 3599))
    assert (late.status, late.code) == (403, "AccessDenied")
    assert b"Request has expired" in late.body
    tomorrow = signer(lab, at=datetime.now(UTC) + timedelta(days=1))
    assert b"not yet valid" in send(lab, "GET", tomorrow.presigned("GET", "/presigned/other")).body


@pytest.mark.parametrize("seconds", [0, -1, 604801])
def test_expiry_is_between_a_second_and_seven_days(lab: RunningLab, seconds: int) -> None:
    answer = send(lab, "GET", signer(lab).presigned("GET", "/presigned/other", seconds))
    assert (answer.status, answer.code) == (400, "AuthorizationQueryParametersError")


@pytest.mark.parametrize("missing", ["Algorithm", "Credential", "Date", "Expires", "SignedHeaders"])
def test_every_parameter_is_needed(lab: RunningLab, missing: str) -> None:
    target = signer(lab).presigned("GET", "/presigned/other")
    path, _, query = target.partition("?")
    kept = [part for part in query.split("&") if not part.startswith(f"X-Amz-{missing}=")]
    assert send(lab, "GET", f"{path}?{'&'.join(kept)}").code == "AuthorizationQueryParametersError"


def test_a_tampered_signed_headers_list_is_refused_not_fatal(lab: RunningLab) -> None:
    target = signer(lab).presigned("GET", "/presigned/other")
    assert send(lab, "GET", target.replace("SignedHeaders=host", "SignedHeaders=h%E2%9C%93")).status == 400
    assert send(lab, "GET", target.replace("X-Amz-Signature=", "X-Amz-Signature=%C3%BC")).status == 403


def test_temporary_credentials_carry_their_token(lab: RunningLab, s3: Any) -> None:
    """The token is signed with the rest: X-Amz-Security-Token."""
    keys = lab.client("sts").get_session_token()["Credentials"]
    temporary: Signer = signer(lab, access_key_id=keys["AccessKeyId"], secret_access_key=keys["SecretAccessKey"])
    assert send(lab, "GET", temporary.presigned("GET", "/presigned/other")).code == "InvalidToken"
    temporary.session_token = keys["SessionToken"]
    assert send(lab, "GET", temporary.presigned("GET", "/presigned/other")).body == b"secret"


def test_any_service_can_be_presigned(lab: RunningLab) -> None:
    """STS GetCallerIdentity by URL is how other systems prove who calls (EKS, Vault: "IAM auth")."""
    sts = lab.client("sts")
    target = path_of(sts.generate_presigned_url("get_caller_identity", HttpMethod="GET"))
    assert b"user/lab-admin" in send(lab, "GET", target).body
    assert send(lab, "GET", target.replace("GetCallerIdentity", "GetSessionToken")).code == "SignatureDoesNotMatch"
    empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    hour_ago = signer(lab, "sts", at=datetime.now(UTC) - timedelta(hours=1))
    late = send(lab, "GET", hour_ago.presigned("GET", "/?Action=GetCallerIdentity&Version=2011-06-15", 60, empty))
    assert (late.code, b"Signature expired" in late.body) == ("SignatureDoesNotMatch", True)


def test_a_body_cannot_be_smuggled_into_a_presigned_call(lab: RunningLab) -> None:
    """Who holds a URL that tells an identity must not be able to make keys with it."""
    target = path_of(lab.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET"))
    form = {"Content-Type": "application/x-www-form-urlencoded"}
    body = b"Action=GetSessionToken&Version=2011-06-15"
    assert send(lab, "GET", target, form, body).code == "SignatureDoesNotMatch"
