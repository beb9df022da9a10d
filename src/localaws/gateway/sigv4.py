"""Signature Version 4, seen from the server: the same computation as the client's, and a comparison.

Source: AWS IAM user guide, "AWS Signature Version 4 for API requests" and S3 API reference,
"Authenticating requests: using query parameters".
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from calendar import timegm
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from urllib.parse import quote, unquote

from localaws.credentials import Credential, CredentialStore
from localaws.gateway.errors import JSON_PROTOCOLS, AwsError

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 15 * 60
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600
_SPACES = re.compile(r" +")
_AUTHORIZATION = re.compile(
    r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*Signature=([0-9a-f]{64})\s*"
)


@dataclass(frozen=True)
class Signature:
    """What a request says of its own signature.

    ``timestamp`` is X-Amz-Date (``20130101T120000Z``); ``expires`` is None unless the request is presigned.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    signed_headers: tuple[str, ...]
    value: str
    timestamp: str
    session_token: str | None
    expires: int | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/aws4_request"


def parse_signature(environ: dict[str, Any]) -> Signature | None:
    """Read the signature from the Authorization header or the query string; None for an unsigned request.

    Raises AuthorizationHeaderMalformed or AuthorizationQueryParametersError when it cannot be read.
    """
    header = environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return _parse_presigned(environ)
    match = _AUTHORIZATION.fullmatch(header.strip())
    scope = match.group(1).rsplit("/", 4) if match else []
    if match is None or len(scope) != 5 or scope[4] != "aws4_request":
        raise AwsError(
            "AuthorizationHeaderMalformed",
            "The Authorization header is not a valid AWS4-HMAC-SHA256 one: it needs Credential, SignedHeaders "
            "and Signature. Configure the client with the keys that `dehelpers env` prints.",
        )
    timestamp = environ.get("HTTP_X_AMZ_DATE", "")
    access_key_id, date, region, service = scope[:4]
    return Signature(
        access_key_id=access_key_id,
        date=date,
        region=region,
        service=service,
        signed_headers=tuple(match.group(2).split(";")),
        value=match.group(3),
        timestamp=timestamp,
        session_token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
    )


def _parse_presigned(environ: dict[str, Any]) -> Signature | None:
    query = environ.get("QUERY_STRING", "")
    if "X-Amz-Algorithm=" not in query and "X-Amz-Signature=" not in query:
        return None
    fields = {unquote(key): unquote(value) for key, value in _split_query(query)}
    try:
        scope = fields["X-Amz-Credential"].rsplit("/", 4)
        expires = int(fields["X-Amz-Expires"])
        if fields["X-Amz-Algorithm"] != ALGORITHM or len(scope) != 5 or not 1 <= expires <= MAX_PRESIGNED_SECONDS:
            raise ValueError
        access_key_id, date, region, service = scope[:4]
        return Signature(
            access_key_id=access_key_id,
            date=date,
            region=region,
            service=service,
            signed_headers=tuple(fields["X-Amz-SignedHeaders"].split(";")),
            value=fields["X-Amz-Signature"],
            timestamp=fields["X-Amz-Date"],
            session_token=fields.get("X-Amz-Security-Token"),
            expires=expires,
        )
    except (KeyError, ValueError):
        raise AwsError(
            "AuthorizationQueryParametersError",
            "Query-string authentication requires X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, "
            "X-Amz-SignedHeaders and X-Amz-Expires (1 to 604800 seconds).",
        ) from None


def authenticate(
    environ: dict[str, Any], signature: Signature, payload_hash: str, credentials: CredentialStore, protocol: str
) -> Credential:
    """Return the credential that made *signature*, or raise the error that AWS gives in this *protocol*.

    *payload_hash* is the value the client signed for the body: its SHA-256 in hex, or S3's UNSIGNED-PAYLOAD
    and STREAMING-… words.
    """
    credential = credentials.find(signature.access_key_id)
    if credential is None:
        raise _unknown_key(protocol)
    if credential.session_token is not None or signature.session_token:
        _check_token(signature, credential, credentials, protocol)
    _check_time(signature, protocol)
    expected = _sign(environ, signature, payload_hash, credential.secret_access_key)
    if not hmac.compare_digest(expected, signature.value):
        code = "InvalidSignatureException" if protocol in JSON_PROTOCOLS else "SignatureDoesNotMatch"
        raise AwsError(
            code,
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
            400 if protocol in JSON_PROTOCOLS else 403,
        )
    return credential


def _unknown_key(protocol: str) -> AwsError:
    if protocol == "s3":
        return AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    if protocol in JSON_PROTOCOLS:
        return AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", 400)
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def _check_token(signature: Signature, credential: Credential, credentials: CredentialStore, protocol: str) -> None:
    if not hmac.compare_digest(credential.session_token or "", signature.session_token or ""):
        if protocol == "s3":
            raise AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
        raise _unknown_key(protocol)
    if credentials.expired(credential):
        code = "ExpiredTokenException" if protocol in JSON_PROTOCOLS else "ExpiredToken"
        status = 403 if protocol in ("query", "ec2") else 400
        raise AwsError(code, "The security token included in the request is expired", status)


def _check_time(signature: Signature, protocol: str) -> None:
    # The machine's clock, not the lab's: clients sign with the machine's.
    now = time.time()
    try:
        signed_at = timegm(time.strptime(signature.timestamp, "%Y%m%dT%H%M%SZ"))
    except ValueError:
        raise AwsError("AccessDenied", "AWS authentication requires a valid Date or x-amz-date header", 403) from None
    if signature.timestamp[:8] != signature.date:
        raise AwsError("SignatureDoesNotMatch", "Date in Credential scope does not match YYYYMMDD of X-Amz-Date.", 403)
    if signature.expires is not None:
        if now > signed_at + signature.expires:
            raise AwsError("AccessDenied", "Request has expired", 403)
        if now < signed_at - MAX_SKEW_SECONDS:
            raise AwsError("AccessDenied", "Request is not yet valid", 403)
    elif abs(now - signed_at) > MAX_SKEW_SECONDS:
        if protocol == "s3":
            raise AwsError(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                403,
            )
        code = "InvalidSignatureException" if protocol in JSON_PROTOCOLS else "SignatureDoesNotMatch"
        raise AwsError(
            code,
            f"Signature expired: {signature.timestamp} is not within 15 minutes of the server's time",
            400 if protocol in JSON_PROTOCOLS else 403,
        )


def _sign(environ: dict[str, Any], signature: Signature, payload_hash: str, secret: str) -> str:
    canonical = "\n".join(
        (
            environ["REQUEST_METHOD"],
            _canonical_path(environ, signature.service),
            _canonical_query(environ.get("QUERY_STRING", "")),
            *(f"{name}:{_header(environ, name)}" for name in signature.signed_headers),
            "",
            ";".join(signature.signed_headers),
            payload_hash,
        )
    )
    digest = hashlib.sha256(canonical.encode("latin-1", "surrogateescape")).hexdigest()
    to_sign = f"{ALGORITHM}\n{signature.timestamp}\n{signature.scope}\n{digest}"
    key = signing_key(secret, signature.date, signature.region, signature.service)
    return hmac.digest(key, to_sign.encode(), "sha256").hex()


@lru_cache(maxsize=256)
def signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key of one day, region and service that every signature in that scope is made with."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key


def _canonical_path(environ: dict[str, Any], service: str) -> str:
    path: str = environ["REQUEST_URI"].split("?", 1)[0] or "/"
    if service in ("s3", "s3-object-lambda"):
        return path  # S3 signs the path as it is sent; everyone else normalizes and encodes it once more
    segments: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            segments = segments[:-1]
        elif segment not in ("", "."):
            segments.append(segment)
    normalized = "/" + "/".join(segments)
    if segments and path.endswith("/"):
        normalized += "/"
    return quote(normalized, safe="/~")


def _canonical_query(query: str) -> str:
    if not query:
        return ""
    pairs = [
        (quote(unquote(key), safe="-_.~"), quote(unquote(value), safe="-_.~"))
        for key, value in _split_query(query)
        if key != "X-Amz-Signature"
    ]
    return "&".join(f"{key}={value}" for key, value in sorted(pairs))


def _split_query(query: str) -> list[tuple[str, str]]:
    return [(key, value) for part in query.split("&") if part for key, _, value in [part.partition("=")]]


def _header(environ: dict[str, Any], name: str) -> str:
    key = name.upper().replace("-", "_")
    value = environ.get(key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}", "")
    return _SPACES.sub(" ", value.strip())
