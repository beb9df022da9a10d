"""What S3 wants for an operation on an object beside the action of its name: for an old version, its tags, its lock.

Source: "Required permissions for Amazon S3 API operations" (S3 user guide).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import parse_qs, unquote

Parameters = Mapping[str, Any]

#: Actions that have one of their own for a version that is named.
_OF_VERSION = {
    "s3:DeleteObject": "s3:DeleteObjectVersion",
    "s3:DeleteObjectTagging": "s3:DeleteObjectVersionTagging",
    "s3:GetObject": "s3:GetObjectVersion",
    "s3:GetObjectAcl": "s3:GetObjectVersionAcl",
    "s3:GetObjectAttributes": "s3:GetObjectVersionAttributes",
    "s3:GetObjectTagging": "s3:GetObjectVersionTagging",
    "s3:PutObjectAcl": "s3:PutObjectVersionAcl",
    "s3:PutObjectTagging": "s3:PutObjectVersionTagging",
}
#: Of a new object: members of the request, and the action that whoever has one of them needs.
_OF_NEW = (
    (("Tagging",), "s3:PutObjectTagging"),
    (("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWriteACP"), "s3:PutObjectAcl"),
    (("ObjectLockMode", "ObjectLockRetainUntilDate"), "s3:PutObjectRetention"),
    (("ObjectLockLegalHoldStatus",), "s3:PutObjectLegalHold"),
)
_OF_NEW_BUCKET = (
    (("ACL", "GrantFullControl", "GrantRead", "GrantReadACP", "GrantWrite", "GrantWriteACP"), "s3:PutBucketAcl"),
    (("ObjectLockEnabledForBucket",), "s3:PutBucketObjectLockConfiguration"),
    (("ObjectLockEnabledForBucket",), "s3:PutBucketVersioning"),
    (("ObjectOwnership",), "s3:PutBucketOwnershipControls"),
)
#: Values that ask for nothing; a list that gives all to the bucket's owner is one that s3:PutObject is enough for (S3
#: user guide, "Granting cross-account permissions to upload objects while ensuring that the bucket owner has full
#: control"), as CloudTrail and others send it.
_NOTHING = (None, "", False, "false", "bucket-owner-full-control")
_MORE = {
    "CopyObject": _OF_NEW,
    "CreateBucket": _OF_NEW_BUCKET,
    "CreateMultipartUpload": _OF_NEW,
    "PutObject": _OF_NEW,
}


def of_version(action: str, version_id: object) -> str:
    """The action that an operation on the version *version_id* needs in the place of *action*."""
    return _OF_VERSION.get(action, action) if version_id else action


def more_actions(operation: str, parameters: Parameters) -> Iterator[str]:
    """What else an *operation* needs on its object or its new bucket, by its *parameters*."""
    for members, action in _MORE.get(operation, ()):
        if any(parameters.get(member) not in _NOTHING for member in members):
            yield action
    if parameters.get("BypassGovernanceRetention") in (True, "true"):
        yield "s3:BypassGovernanceRetention"
    if operation == "GetObjectAttributes":  # which reads the object, too
        yield of_version("s3:GetObject", parameters.get("VersionId"))


def source_of(parameters: Parameters) -> tuple[str, str]:
    """The bucket and key that a copy reads, as in "bucket/key", and their version; "" for the newest."""
    path, _, query = str(parameters.get("CopySource", "")).partition("?")
    return unquote(path).removeprefix("/"), parse_qs(query).get("versionId", [""])[0]
