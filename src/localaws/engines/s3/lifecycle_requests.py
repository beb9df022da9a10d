"""The operations on a bucket's life cycle: its document is kept as it came, with an id for each rule.

Source: S3 API reference, PutBucketLifecycleConfiguration, GetBucketLifecycleConfiguration, DeleteBucketLifecycle.
"""

from __future__ import annotations

import secrets
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from moto.core.request import Request
from moto.s3.exceptions import NoSuchLifecycleConfiguration

from localaws.engines.s3.backend import S3Engine
from localaws.engines.s3.documents import parse_document
from localaws.engines.s3.lifecycle_rules import MINIMUM_HEADER, check_lifecycle
from localaws.engines.s3.rules import children, text
from localaws.engines.s3.storage_classes import ALL_ALIKE, VARIES
from localaws.gateway.errors import AwsError

#: The sub-resource, and what keeps it in the journal.
NAME = "lifecycle"
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

Answer = tuple[int, dict[str, Any], Any]


def respond(engine: S3Engine, bucket_name: str, region: str, request: Request) -> Answer:
    """Answer one of the operations. Raises NoSuchBucket, NoSuchLifecycleConfiguration, or what the check raises."""
    engine.get_bucket(bucket_name)
    kept = engine.configurations.get(bucket_name, {}).get(NAME)
    if request.method == "DELETE":
        engine.remember_configuration(bucket_name, NAME, None)
        return 204, {}, ""
    if request.method == "GET":
        if kept is None:
            raise NoSuchLifecycleConfiguration(bucket_name=bucket_name)
        return 200, {"Content-Type": "application/xml", **kept["headers"]}, kept["body"]
    minimum = request.headers.get(MINIMUM_HEADER) or engine.lifecycle(bucket_name).minimum
    if minimum not in (ALL_ALIKE, VARIES):
        raise AwsError("InvalidArgument", f"Invalid value for {MINIMUM_HEADER}", 400, {"ArgumentName": MINIMUM_HEADER})
    document = parse_document("PutBucketLifecycleConfiguration", request.get_data())
    check_lifecycle(document)
    body = _with_ids(document)
    headers = {MINIMUM_HEADER: minimum}
    engine.remember_configuration(
        bucket_name, NAME, {"query": NAME, "region": region, "headers": headers, "body": body}
    )
    return 200, headers, ""


def _with_ids(document: Element) -> str:
    """The document as text; "If you don't specify an ID, Amazon S3 generates a unique value"."""
    for rule in children(document, "Rule"):
        if not text(rule, "ID"):
            for empty in children(rule, "ID"):
                rule.remove(empty)
            SubElement(rule, f"{{{_NAMESPACE}}}ID").text = secrets.token_urlsafe(36)
    register_namespace("", _NAMESPACE)
    return tostring(document, encoding="unicode")
