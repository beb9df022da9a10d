"""Buckets that are named by the host: ``http://my-bucket.localhost:4566/key`` becomes ``/my-bucket/key``.

Source: S3 user guide, "Virtual hosting of general purpose buckets". Services see one style only, the one with the
bucket in the path. A signature is made over the request as it was sent, so it is checked before.
"""

from __future__ import annotations

import re
from typing import Any

from localaws.gateway.errors import AwsError

# What is left of "localhost" names a bucket, the service and the region; none of it has to be there.
_HOST = re.compile(r"(?:(?P<left>[a-z0-9._-]+)\.)?localhost(?::\d{1,5})?", re.IGNORECASE)
_SERVICE = re.compile(r"(?:(?P<bucket>.+)\.)?s3(?:[.-](?:dualstack\.)?[a-z]{2}(?:-[a-z]+)+-\d)?", re.IGNORECASE)
_NOT_HERE = re.compile(r"(?:^|\.)s3-(?:website|accesspoint|control|accelerate|fips)\b", re.IGNORECASE)


def bucket_of_host(environ: dict[str, Any]) -> str | None:
    """The bucket that the Host header names; None for the host of the service. Raises InvalidRequest for others."""
    host = _HOST.fullmatch(environ.get("HTTP_HOST", ""))
    left = ((host and host["left"]) or "").lower()
    if _NOT_HERE.search(left):
        message = (
            f"This lab serves S3 at <bucket>.localhost and at localhost, and has no endpoint like {left}.localhost."
        )
        raise AwsError("InvalidRequest", message)
    service = _SERVICE.fullmatch(left)
    return (service["bucket"] if service else left) or None


def to_path_style(environ: dict[str, Any]) -> None:
    """Move the bucket from the host into the path; a request that has it there stays as it is."""
    bucket = bucket_of_host(environ)
    if environ.get("HTTP_HOST", "").lower().partition(":")[0].endswith(".localhost"):
        environ["HTTP_HOST"] = f"localhost:{environ['SERVER_PORT']}"
    if bucket is None:
        return
    path, mark, query = environ["REQUEST_URI"].partition("?")
    # "/" is the bucket itself; everything behind that slash, another slash too, is the key
    environ["REQUEST_URI"] = f"/{bucket}{'' if path == '/' else path}{mark}{query}"
    environ["PATH_INFO"] = f"/{bucket}{'' if path == '/' else environ['PATH_INFO']}"
