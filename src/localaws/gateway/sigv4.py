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
from functools import cache, lru_cache
from itertools import chain
from typing import Any
from urllib.parse import quote, unquote, unquote_plus, unquote_to_bytes

import botocore.session

from localaws.credentials import Credential, CredentialStore
from localaws.gateway.environ import environ_key
from localaws.gateway.errors import JSON_PROTOCOLS, AwsError

ALGORITHM = "AWS4-HMAC-SHA256"
MAX_SKEW_SECONDS = 15 * 60
MAX_PRESIGNED_SECONDS = 7 * 24 * 3600
_SPACES = re.compile(r" +")
_TIMESTAMP = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_HEADER_NAMES = re.compile(r"[a-z0-9_.-]+(;[a-z0-9_.-]+)*")
_CLAIMS = re.compile(r"AWS4-HMAC-SHA256\s+Credential=([^,\s]+),\s*SignedHeaders=([^,\s]+),\s*")
_VALUE = re.compile(r"[0-9a-f]{64}")


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


def parse_signature(environ: dict[str, Any], protocol: str) -> Signature | None:
    """Read the signature from the Authorization header or the query string; None for an unsigned request.

    Raises, when it cannot be read, what AWS answers in this *protocol*: AuthorizationHeaderMalformed,
    AuthorizationQueryParametersError, InvalidRequest (Signature Version 2) or InvalidArgument (signed twice) from S3,
    IncompleteSignature(Exception) from the others.
    """
    header = environ.get("HTTP_AUTHORIZATION")
    if header is None:
        return _parse_presigned(environ, protocol)
    if protocol == "s3" and "X-Amz-Algorithm=" in environ.get("QUERY_STRING", ""):
        raise AwsError("InvalidArgument", "Only one auth mechanism allowed: sign the header or the query, not both.")
    if protocol == "s3" and not header.startswith(ALGORITHM):
        mechanism = "The authorization mechanism you have provided is not supported. Please use AWS4-HMAC-SHA256."
        raise AwsError("InvalidRequest", mechanism)
    before, _, value = header.strip().rpartition("Signature=")
    claims = _claims(before)
    if claims is None or not _VALUE.fullmatch(value):
        raise _unreadable(
            "AuthorizationHeaderMalformed",
            "The Authorization header is not a valid AWS4-HMAC-SHA256 one: it needs Credential, SignedHeaders "
            "and Signature. Configure the client with the keys that `dehelpers env` prints.",
            protocol,
        )
    timestamp = environ.get("HTTP_X_AMZ_DATE", "")
    if not _TIMESTAMP.fullmatch(timestamp):
        message = "AWS authentication requires a valid Date or x-amz-date header"
        raise AwsError("AccessDenied", message, 403) if protocol == "s3" else _unreadable("", message, protocol)
    access_key_id, date, region, service, signed_headers = claims
    return Signature(
        access_key_id=access_key_id,
        date=date,
        region=region,
        service=service,
        signed_headers=signed_headers,
        value=value,
        timestamp=timestamp,
        session_token=environ.get("HTTP_X_AMZ_SECURITY_TOKEN"),
    )


@lru_cache(maxsize=64)
def _claims(text: str) -> tuple[str, str, str, str, tuple[str, ...]] | None:
    """Key, day, region, service and signed headers: all that an Authorization header says before the signature.

    None if it is not what AWS reads. A client says the same in call after call.
    """
    match = _CLAIMS.fullmatch(text)
    scope = match[1].rsplit("/", 4) if match else []
    if match is None or len(scope) != 5 or scope[4] != "aws4_request" or not _HEADER_NAMES.fullmatch(match[2]):
        return None
    access_key_id, date, region, service, _ = scope
    return access_key_id, date, region, service, tuple(match[2].split(";"))


def _parse_presigned(environ: dict[str, Any], protocol: str) -> Signature | None:
    query = environ.get("QUERY_STRING", "")
    if "X-Amz-Algorithm=" not in query and "X-Amz-Signature=" not in query:
        return None
    fields = {unquote(key): unquote(value) for key, value in _split_query(query)}
    try:
        scope = fields["X-Amz-Credential"].rsplit("/", 4)
        expires = int(fields["X-Amz-Expires"])
        if fields["X-Amz-Algorithm"] != ALGORITHM or len(scope) != 5 or not 1 <= expires <= MAX_PRESIGNED_SECONDS:
            raise ValueError
        if scope[4] != "aws4_request" or not _HEADER_NAMES.fullmatch(fields["X-Amz-SignedHeaders"]):
            raise ValueError
        if not _TIMESTAMP.fullmatch(fields["X-Amz-Date"]):
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
        raise _unreadable(
            "AuthorizationQueryParametersError",
            "Query-string authentication requires X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, X-Amz-Date, "
            "X-Amz-SignedHeaders and X-Amz-Expires (1 to 604800 seconds).",
            protocol,
        ) from None


def _unreadable(code_of_s3: str, message: str, protocol: str) -> AwsError:
    if protocol == "s3":
        return AwsError(code_of_s3, message)
    return AwsError("IncompleteSignatureException" if protocol in JSON_PROTOCOLS else "IncompleteSignature", message)


def check_claims(
    environ: dict[str, Any], signature: Signature, credentials: CredentialStore, protocol: str
) -> Credential:
    """Return the credential that *signature* names, if all but the signature itself is as it must be.

    Needs no body: nobody waits for the body of somebody whom the lab does not know.
    """
    credential = credentials.find(signature.access_key_id)
    if credential is None:
        raise _unknown_key(protocol)
    if credential.session_token is not None or signature.session_token:
        _check_token(signature, credential, credentials, protocol)
    _check_time(signature, protocol)
    if signature.region not in regions():
        raise _mismatch(f"Credential should be scoped to a valid region, not {signature.region!r}.", protocol)
    _check_signed_headers(environ, signature, protocol)
    return credential


def authenticate(
    environ: dict[str, Any], signature: Signature, payload_hash: str, credentials: CredentialStore, protocol: str
) -> Credential:
    """Return the credential that made *signature*, or raise the error that AWS gives in this *protocol*.

    *payload_hash* is the value the client signed for the body: its SHA-256 in hex, or S3's UNSIGNED-PAYLOAD
    and STREAMING-… words.
    """
    credential = check_claims(environ, signature, credentials, protocol)
    check_signature(environ, signature, payload_hash, credential, protocol)
    return credential


def check_signature(
    environ: dict[str, Any], signature: Signature, payload_hash: str, credential: Credential, protocol: str
) -> None:
    """Raise the error of a wrong signature unless *credential* made this one; *payload_hash* as above."""
    expected = _sign(environ, signature, payload_hash, credential.secret_access_key)
    if not same(expected, signature.value):
        raise _mismatch(
            "The request signature we calculated does not match the signature you provided. "
            "Check your AWS Secret Access Key and signing method.",
            protocol,
        )


@cache
def regions() -> frozenset[str]:
    """Every region that botocore knows, of all partitions."""
    session = botocore.session.get_session()
    names = (session.get_available_regions("ec2", partition) for partition in session.get_available_partitions())
    return frozenset(chain.from_iterable(names))


def _mismatch(message: str, protocol: str) -> AwsError:
    if protocol in JSON_PROTOCOLS:
        return AwsError("InvalidSignatureException", message, 400)
    return AwsError("SignatureDoesNotMatch", message, 403)


def same(expected: str, given: str) -> bool:
    """Compare in constant time; *given* may hold anything that a client can send."""
    return hmac.compare_digest(expected.encode(), given.encode("utf-8", "surrogateescape"))


def _check_signed_headers(environ: dict[str, Any], signature: Signature, protocol: str) -> None:
    """The host and every x-amz-* header must be signed, or whoever relays a request could add to it.

    Only S3 wants the session token signed too; clients of the others may add it afterwards (IAM user guide,
    "Create a signed AWS API request").
    """
    signed = {environ_key(name) for name in signature.signed_headers}
    if protocol != "s3":
        signed.add("HTTP_X_AMZ_SECURITY_TOKEN")
    elif not signed.issuperset([key for key in environ if key.startswith("HTTP_X_AMZ_")]):
        raise AwsError("AccessDenied", "There were headers present in the request which were not signed", 403)
    for name in ("host", "x-amz-target"):
        key = environ_key(name)
        if key in environ and key not in signed:
            raise _mismatch(f"{name!r} must be a 'SignedHeader' in the AWS Authorization.", protocol)


def _unknown_key(protocol: str) -> AwsError:
    if protocol == "s3":
        return AwsError("InvalidAccessKeyId", "The AWS Access Key Id you provided does not exist in our records.", 403)
    if protocol in JSON_PROTOCOLS:
        return AwsError("UnrecognizedClientException", "The security token included in the request is invalid.", 400)
    return AwsError("InvalidClientTokenId", "The security token included in the request is invalid.", 403)


def _check_token(signature: Signature, credential: Credential, credentials: CredentialStore, protocol: str) -> None:
    if not same(credential.session_token or "", signature.session_token or ""):
        if protocol == "s3":
            raise AwsError("InvalidToken", "The provided token is malformed or otherwise invalid.", 400)
        raise _unknown_key(protocol)
    if credentials.expired(credential):
        code = "ExpiredTokenException" if protocol in JSON_PROTOCOLS else "ExpiredToken"
        status = 403 if protocol in ("query", "ec2") else 400
        raise AwsError(code, "The security token included in the request is expired", status)


@lru_cache(maxsize=64)
def _seconds(timestamp: str) -> int:
    return timegm(time.strptime(timestamp, "%Y%m%dT%H%M%SZ"))


def _check_time(signature: Signature, protocol: str) -> None:
    # The machine's clock, not the lab's: clients sign with the machine's.
    now = time.time()
    try:
        signed_at = _seconds(signature.timestamp)
    except ValueError:
        raise _mismatch(f"{signature.timestamp} is no date.", protocol) from None
    if signature.timestamp[:8] != signature.date:
        raise _mismatch("Date in Credential scope does not match YYYYMMDD of X-Amz-Date.", protocol)
    if signature.expires is not None and protocol == "s3":
        if now > signed_at + signature.expires:
            raise AwsError("AccessDenied", "Request has expired", 403)
        if now < signed_at - MAX_SKEW_SECONDS:
            raise AwsError("AccessDenied", "Request is not yet valid", 403)
    elif not -MAX_SKEW_SECONDS <= now - signed_at <= (signature.expires or MAX_SKEW_SECONDS):
        if protocol == "s3":
            raise AwsError(
                "RequestTimeTooSkewed",
                "The difference between the request time and the current time is too large.",
                403,
            )
        limit = f"{signature.expires} seconds" if signature.expires else "15 minutes"
        raise _mismatch(f"Signature expired: {signature.timestamp} is not within {limit} of now.", protocol)


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
        # S3 signs the key encoded in AWS's one way, however it was sent (Arrow leaves "=" as it is); everyone else
        # normalizes the path as sent and encodes it once more
        return quote(unquote_to_bytes(path), safe="/~")
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
        # a "+" is a space to whoever reads the query, so it has to be one here
        (quote(unquote_plus(key), safe="-_.~"), quote(unquote_plus(value), safe="-_.~"))
        for key, value in _split_query(query)
        if key != "X-Amz-Signature"
    ]
    return "&".join(f"{key}={value}" for key, value in sorted(pairs))


def _split_query(query: str) -> list[tuple[str, str]]:
    return [(key, value) for part in query.split("&") if part for key, _, value in [part.partition("=")]]


def _header(environ: dict[str, Any], name: str) -> str:
    value: str = environ.get(environ_key(name), "").strip()
    return _SPACES.sub(" ", value) if "  " in value else value
