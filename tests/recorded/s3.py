"""S3's answers that several scenarios share; see `tests.recorded.replay`."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from tests.recorded.replay import Answer, Replay, refusal

MALFORMED = refusal(
    "MalformedXML", "The XML you provided was not well-formed or did not validate against our published schema"
)
NO_UPLOAD = "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
NO_UPLOAD += "completed."
ILLEGAL_COPY = "This copy request is illegal because it is trying to copy an object to itself without changing the "
ILLEGAL_COPY += "object's metadata, storage class, website redirect location or encryption attributes."
COPY_RANGE = "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
COPY_RANGE += "zero-based offsets of the first and last bytes to copy"
NOT_HELD = "At least one of the pre-conditions you specified did not hold"
NOT_MODIFIED = refusal("304", "Not Modified", 304)


def wrote(etag: str, crc: str, **more: Any) -> Answer:
    """AWS's answer to PutObject."""
    shown = {"ChecksumCRC32": crc, "ChecksumType": "FULL_OBJECT", "ETag": f'"{etag}"', "ServerSideEncryption": "AES256"}
    return {**shown, **more}


def headed(etag: str, length: int, **more: Any) -> Answer:
    """AWS's answer to HeadObject."""
    shown = {"AcceptRanges": "bytes", "ContentLength": length, "ContentType": "binary/octet-stream"}
    shown |= {"ETag": f'"{etag}"', "LastModified": datetime, "Metadata": {}, "ServerSideEncryption": "AES256"}
    return {**shown, **more}


def got(body: str, etag: str, crc: str, **more: Any) -> Answer:
    """AWS's answer to GetObject."""
    checksum = {"ChecksumCRC32": crc, "ChecksumType": "FULL_OBJECT"}
    return {**headed(etag, len(body), Body=body), **checksum, **more}


def listed(etag: str, key: str, size: int, owner: bool = False, **more: Any) -> Answer:
    """One object in AWS's listings."""
    shown: Answer = {"ChecksumAlgorithm": ["CRC32"], "ChecksumType": "FULL_OBJECT", "ETag": f'"{etag}"', "Key": key}
    shown |= {"LastModified": datetime, "Size": size, "StorageClass": "STANDARD"}
    return {**shown, **({"Owner": {"ID": "<owner>"}} if owner else {}), **more}


def no_bucket(name: str) -> Answer:
    return refusal("NoSuchBucket", "The specified bucket does not exist", 404, {"BucketName": name})


def no_key(name: str) -> Answer:
    return refusal("NoSuchKey", "The specified key does not exist.", 404, {"Key": name})


def held(condition: str) -> Answer:
    return refusal("PreconditionFailed", NOT_HELD, 412, {"Condition": condition})


def argument(name: str, value: Any, message: str) -> Answer:
    return refusal("InvalidArgument", message, 400, {"ArgumentName": name, "ArgumentValue": value})


def bucket_of(replay: Replay, **more: Any) -> tuple[Any, str]:
    """A client and a new bucket."""
    s3, name = replay.client("s3"), replay.unique("recorded")
    s3.create_bucket(Bucket=name, **more)
    return s3, name


def versioned(replay: Replay) -> tuple[Any, str]:
    s3, name = bucket_of(replay)
    s3.put_bucket_versioning(Bucket=name, VersioningConfiguration={"Status": "Enabled"})
    return s3, name
