"""Signature Version 2 on S3's presigned URLs: old, but what boto3 still makes by default in us-east-1.

Source: S3 user guide, "Signing and authenticating REST requests" (AWS Signature Version 2). Only query-string
authentication is here: for everything else clients have signed with Version 4 for years.
"""

from __future__ import annotations

import base64
import hmac
import re
import time
from typing import Any
from urllib.parse import parse_qsl, unquote

from localaws.credentials import Credential, CredentialStore
from localaws.gateway.errors import AwsError
from localaws.gateway.sigv4 import Signature
from localaws.gateway.virtual_host import bucket_of_host

# Query parameters that are part of the resource which is signed.
_SUBRESOURCES = frozenset(
    "acl cors delete lifecycle location logging notification partNumber policy requestPayment restore select "
    "select-type tagging torrent uploadId uploads versionId versioning versions website replication accelerate "
    "object-lock legal-hold retention publicAccessBlock encryption analytics inventory metrics intelligent-tiering "
    "response-cache-control response-content-disposition response-content-encoding response-content-language "
    "response-content-type response-expires".split()
)


def parse_signature_v2(environ: dict[str, Any], region: str) -> Signature | None:
    """Read a Version 2 presigned URL of S3, which names no *region*; None if the request is not one.

    ``expires`` of the result is in seconds since the epoch.
    """
    fields = dict(parse_qsl(environ.get("QUERY_STRING", ""), keep_blank_values=True))
    if "Signature" not in fields or "AWSAccessKeyId" not in fields:
        return None
    if not re.fullmatch("[0-9]{1,15}", fields.get("Expires", "")):
        raise AwsError("AccessDenied", "Query-string authentication requires Expires, in seconds.", 403)
    return Signature(
        access_key_id=fields["AWSAccessKeyId"],
        date="",
        region=region,
        service="s3",
        signed_headers=(),
        value=fields["Signature"],
        timestamp="",
        session_token=fields.get("x-amz-security-token"),
        expires=int(fields["Expires"]),
    )


def authenticate_v2(environ: dict[str, Any], signature: Signature, credentials: CredentialStore) -> Credential:
    """The credential that made *signature*; raises S3's own errors."""
    credential = credentials.find(signature.access_key_id)
    if credential is None:
        raise AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    if (credential.session_token or "") != (signature.session_token or ""):
        raise AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
    if credentials.expired(credential):
        raise AwsError("ExpiredToken", "The provided token has expired.", 400)
    if time.time() > (signature.expires or 0):
        raise AwsError("AccessDenied", "Request has expired", 403)
    key = credential.secret_access_key.encode()
    expected = base64.b64encode(hmac.digest(key, _string_to_sign(environ, signature).encode(), "sha1")).decode()
    if not hmac.compare_digest(expected.encode(), signature.value.encode()):
        raise AwsError(
            "SignatureDoesNotMatch",
            "The request signature we calculated does not match the signature you provided. "
            "Check your key and signing method.",
            403,
        )
    return credential


def _string_to_sign(environ: dict[str, Any], signature: Signature) -> str:
    path, _, query = environ["REQUEST_URI"].partition("?")
    bucket = bucket_of_host(environ)  # which the resource begins with, wherever the request names it
    fields = [(unquote(name), unquote(value)) for name, _, value in (part.partition("=") for part in query.split("&"))]
    # Clients move the headers they sign into the URL. S3 reads those of its own there; what the body is, the request's
    # headers alone say: so whoever holds the URL must send the Content-Type and the Content-MD5 that were signed.
    headers = {name[5:].replace("_", "-").lower(): value for name, value in environ.items() if name.startswith("HTTP_")}
    headers.update((name.lower(), value) for name, value in fields if name.lower().startswith("x-amz-"))
    headers["content-type"] = environ.get("CONTENT_TYPE", "")
    amazon_headers = sorted(f"{name}:{value.strip()}" for name, value in headers.items() if name.startswith("x-amz-"))
    subresources = sorted(f"{name}={value}" if value else name for name, value in fields if name in _SUBRESOURCES)
    return "\n".join(
        (
            environ["REQUEST_METHOD"],
            headers.get("content-md5", ""),
            headers["content-type"],
            str(signature.expires),
            *amazon_headers,
            (f"/{bucket}" if bucket else "") + path + ("?" + "&".join(subresources) if subresources else ""),
        )
    )
