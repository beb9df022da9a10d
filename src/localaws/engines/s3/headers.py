"""What S3's request headers say, and AWS's answer where they say it wrongly."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from moto.s3.exceptions import InvalidArgumentError, InvalidRange, PreconditionFailed, S3ClientError
from werkzeug.http import parse_date

from localaws.engines.s3.checksums import ALGORITHMS, DEFAULT_ALGORITHM, DIGEST_BYTES
from localaws.engines.s3.objects import StoredObject
from localaws.engines.s3.store import Blob
from localaws.gateway.body import ONE_CHECKSUM
from localaws.gateway.errors import AwsError

MAX_KEY = 1024
MAX_METADATA = 2048
MAX_PUT = 5 << 30
_SYSTEM_METADATA = {
    "content-type",
    "content-language",
    "content-encoding",
    "cache-control",
    "expires",
    "content-disposition",
}
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
_ALGORITHM_OF = {f"x-amz-checksum-{algorithm.lower()}": algorithm for algorithm in ALGORITHMS}
_UNSUPPORTED_CHECKSUM = re.compile(r"x-amz-checksum-xxhash\w+", re.IGNORECASE)


def check_key(key_name: str) -> str:
    """The key, if S3 would take it. Raises KeyTooLongError or InvalidURI.

    Source: S3 user guide, "Naming Amazon S3 objects": 1,024 bytes of UTF-8; ``../`` must never climb above the bucket.
    """
    size = len(key_name.encode("utf-8", "replace"))
    if size > MAX_KEY:
        raise AwsError("KeyTooLongError", f"Your key is too long: {size} bytes, and {MAX_KEY} at most.", 400)
    if ".." in key_name:
        depth = 0
        for segment in key_name.split("/"):
            depth += -1 if segment == ".." else bool(segment)
            if depth < 0:
                raise AwsError("InvalidURI", "Couldn't parse the specified URI.", 400)
    return key_name


def content_length(environ: Mapping[str, Any]) -> int:
    """The decoded length of the body. Raises MissingContentLength or EntityTooLarge."""
    text = environ.get("CONTENT_LENGTH")
    if not text or environ.get("wsgi.input_terminated"):
        raise AwsError("MissingContentLength", "You must provide the Content-Length HTTP header.", 411)
    if int(text) > MAX_PUT:
        raise AwsError(
            "EntityTooLarge",
            f"Your proposed upload exceeds the maximum allowed size: {text} bytes, and {MAX_PUT} at most in one "
            "request. Use a multipart upload.",
            400,
        )
    return int(text)


def metadata_of(headers: Any, query: Mapping[str, list[str]]) -> dict[str, str]:
    """System and user metadata; presigned URLs may carry the latter in the query. Raises MetadataTooLarge."""
    found = {}
    size = 0
    for name, value in headers.items(lower=True):
        if name.startswith("x-amz-meta-"):
            found[name] = value
            size += len(name) - len("x-amz-meta-") + len(value)
        elif name in _SYSTEM_METADATA:
            found[name] = value
    for name, values in query.items():
        if name.lower().startswith("x-amz-meta-"):
            found[name.lower()] = values[0]
            size += len(name) - len("x-amz-meta-") + len(values[0])
    if size > MAX_METADATA:
        raise AwsError(
            "MetadataTooLarge",
            f"Your metadata headers exceed the maximum allowed metadata size: {size} of {MAX_METADATA} bytes.",
            400,
        )
    return found


def checksum_wanted(headers: Any, default: str | None = DEFAULT_ALGORITHM) -> str | None:
    """The algorithm to compute over an upload: the one whose value is sent, before or behind the body, or asked for.

    Raises NotImplemented for the xxHash family, InvalidRequest for more than one value or one of a wrong length.
    """
    names = checksums_given(headers)
    if any(_UNSUPPORTED_CHECKSUM.match(name) for name in names):
        raise AwsError("NotImplemented", f"This lab computes only these checksums: {', '.join(ALGORITHMS)}.", 501)
    for name in names:
        if name in headers:
            _check_length(name, headers[name])
        return _ALGORITHM_OF[name]
    asked = headers.get("x-amz-sdk-checksum-algorithm", "").upper()
    return asked if asked in ALGORITHMS else default


def checksums_given(headers: Any) -> list[str]:
    """The name, in small letters, of the header or announced trailer that brings a checksum: one or none.

    Raises InvalidRequest for more: only one would be compared, and a wrong one beside it stored.
    """
    announced = re.split(r"[\s,]+", headers.get("x-amz-trailer", "").lower())
    sent = [name for name, _ in headers.items(lower=True)]
    found = {name for name in (*sent, *announced) if name.startswith("x-amz-checksum-")}
    names = [name for name in found if name in _ALGORITHM_OF or _UNSUPPORTED_CHECKSUM.fullmatch(name)]
    if len(names) > 1:
        raise AwsError("InvalidRequest", ONE_CHECKSUM, 400)
    return names


def _check_length(name: str, value: str, kind: str = "header") -> None:
    try:
        size = len(base64.b64decode(value, validate=True))
    except binascii.Error:
        size = -1
    if size != DIGEST_BYTES[_ALGORITHM_OF[name]]:
        raise AwsError("InvalidRequest", f"Value for {name} {kind} is invalid.", 400)


def check_digests(headers: Any, blob: Blob) -> None:
    """Compare what arrived with what the client computed. Raises InvalidDigest or BadDigest."""
    if given := headers.get("Content-MD5"):
        try:
            md5 = base64.b64decode(given, validate=True)
        except binascii.Error:
            md5 = b""
        if len(md5) != 16:
            raise AwsError("InvalidDigest", "The Content-MD5 you specified was invalid.", 400)
        if md5.hex() != blob.etag:
            raise AwsError("BadDigest", "The Content-MD5 you specified did not match what we received.", 400)
    checksum = blob.checksum
    if checksum and headers.get(checksum.header, checksum.value) != checksum.value:
        _check_length(checksum.header, headers[checksum.header], "trailing header")
        message = f"The {checksum.algorithm} you specified did not match the calculated checksum."
        raise AwsError("BadDigest", message, 400)


def not_modified(headers: Any, key: StoredObject, prefix: str = "") -> bool:
    """Whether the four conditions of a read make the answer 304. Raises PreconditionFailed.

    *prefix* is ``x-amz-copy-source-`` for the conditions of a copy. Source: S3 API reference, GetObject, "Overriding
    conditions": a true If-Match outweighs If-Unmodified-Since, a false If-None-Match outweighs If-Modified-Since.
    """
    modified = key.last_modified.replace(microsecond=0, tzinfo=UTC)
    match, none_match = headers.get(f"{prefix}If-Match"), headers.get(f"{prefix}If-None-Match")
    since, unmodified = _date(headers, f"{prefix}If-Modified-Since"), _date(headers, f"{prefix}If-Unmodified-Since")
    if match is not None:
        if not _matches(match, key):
            raise PreconditionFailed(f"{prefix}If-Match")
    elif unmodified is not None and modified > unmodified:
        raise PreconditionFailed(f"{prefix}If-Unmodified-Since")
    if none_match is not None:
        return _matches(none_match, key)
    return since is not None and modified <= since


def _matches(condition: str, key: StoredObject) -> bool:
    tags = [tag.strip().removeprefix("W/").strip('"') for tag in condition.split(",")]
    return "*" in tags or key.etag.strip('"') in tags


def _date(headers: Any, name: str) -> datetime | None:
    value = headers.get(name)
    return parse_date(value) if value else None


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """Start and length of the range asked for; None for the whole object. Raises InvalidRange.

    S3 serves one range a request; several, or a header it cannot read, give the whole object (S3 API reference,
    GetObject, "Range").
    """
    match = _RANGE.fullmatch(header.strip()) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    first, last = match.groups()
    if first:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < int(first):
            return None
    else:
        start, end = max(size - int(last), 0), size - 1
    if start >= size:
        raise InvalidRange(header or "", str(size))
    return start, end - start + 1


def copy_range(header: str | None, size: int) -> tuple[int, int]:
    """Start and length of x-amz-copy-source-range, which has both ends. Raises InvalidArgument or InvalidRequest.

    Source: S3 API reference, UploadPartCopy.
    """
    if header is None:
        return 0, size
    match = re.fullmatch(r"bytes=(\d+)-(\d+)", header)
    if match is None or int(match[2]) < int(match[1]):
        raise InvalidArgumentError(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            "x-amz-copy-source-range",
            header,
        )
    start, end = int(match[1]), int(match[2])
    if start >= size:
        raise S3ClientError("InvalidRequest", "The specified copy range is invalid for the source object size")
    if end >= size:
        raise InvalidArgumentError(
            f"Range specified is not valid for source object of size: {size}", "x-amz-copy-source-range", header
        )
    return start, end - start + 1
