"""DeleteObjects: what becomes of each key stands in the answer, and none of them keeps the others from being deleted.

Source: S3 API reference, DeleteObjects; the sentences are those that AWS gave LocalStack's suite (test_s3_api,
test_delete_objects; test_s3, test_delete_locked_object).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from xml.etree.ElementTree import Element

from moto.s3.exceptions import AccessDeniedByLock, InvalidArgumentError, InvalidVersion, MalformedXML

from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.headers import check_key
from localaws.engines.s3.rules import children, tag
from localaws.gateway.errors import AwsError

#: Keys that a request may have.
_MOST = 1000
_LOCKED = "Access Denied because object protected by object lock."


def delete_objects(
    backend: S3Engine,
    bucket_name: str,
    document: Element,
    bypass: bool,
    permit: Callable[[str, str | None], None],
) -> dict[str, Any]:
    """Delete what *document* names; *bypass* overrides locks in governance mode.

    *permit*, asked for each, raises AwsError for what the caller may not delete.


    Returns the answer's members.
    Raises InvalidArgument for a *bypass* where nothing is locked, MalformedXML for too many keys.
    """
    entries = children(document, "Object")
    if not 0 < len(entries) <= _MOST:
        raise MalformedXML()
    if bypass and not backend.get_bucket(bucket_name).object_lock_enabled:
        said = "x-amz-bypass-governance-retention is only applicable to Object Lock enabled buckets."
        raise InvalidArgumentError(said, "x-amz-bypass-governance-retention", "true")
    deleted, errors = [], []
    for entry in entries:
        asked = {tag(member): member.text or "" for member in entry}
        named = {name: asked[name] for name in ("Key", "VersionId") if asked.get(name)}
        try:
            permit(asked["Key"], asked.get("VersionId") or None)
            check_key(asked["Key"])
            _, meta = backend.delete_object(bucket_name, asked["Key"], asked.get("VersionId") or None, bypass)
        except InvalidVersion:
            errors.append(named | {"Code": "NoSuchVersion", "Message": "The specified version does not exist."})
        except AccessDeniedByLock:
            errors.append(named | {"Code": "AccessDenied", "Message": _LOCKED})
        except AwsError as error:
            errors.append(named | {"Code": error.code, "Message": error.message})
        else:
            marker = {"DeleteMarker": True, "DeleteMarkerVersionId": meta.get("version-id")}
            deleted.append(named | (marker if "delete-marker" in meta else {}))
    quiet = any(element.text in ("true", "1") for element in children(document, "Quiet"))
    return {"Deleted": [] if quiet else deleted, "Errors": errors}
