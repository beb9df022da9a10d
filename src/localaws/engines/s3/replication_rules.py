"""The document of a bucket's replication: its role and rules, and what S3 refuses in them.

Source: S3 user guide, "Replication configuration file elements"; S3 API reference, PutBucketReplication.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import Element, SubElement, register_namespace, tostring

from defusedxml import ElementTree
from moto.s3.exceptions import MalformedXML, ReplicationConfigurationNotFoundError, S3ClientError
from moto.s3.models import FakeBucket

from localaws.engines.s3.lifecycle_rules import Filter, filter_of
from localaws.engines.s3.rules import child, children, text

#: The sub-resource, and what keeps it in the journal.
NAME = "replication"
_NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"

Answer = tuple[int, dict[str, Any], Any]


@dataclass(frozen=True)
class ReplicationRule:
    """One rule; ``sealed``: objects under SSE-KMS are replicated too, ``key`` encrypts their replicas."""

    id: str
    enabled: bool
    priority: int
    filter: Filter
    bucket: str
    markers: bool
    storage_class: str
    sealed: bool
    key: str


@dataclass(frozen=True)
class Replication:
    """A bucket's configuration: as which role S3 works, by which rules."""

    role: str = ""
    rules: tuple[ReplicationRule, ...] = ()

    def matching(self, name: str, tags: dict[str, str]) -> list[ReplicationRule]:
        """For each destination the rule of the highest priority that covers an object."""
        found: dict[str, ReplicationRule] = {}
        for rule in sorted(self.rules, key=lambda rule: rule.priority):
            if rule.enabled and rule.filter.covers(name, 0, tags):
                found[rule.bucket] = rule
        return list(found.values())


NONE = Replication()


@lru_cache(1000)
def replication_of(document: str) -> Replication:
    """The configuration of a document that has been checked."""
    root = ElementTree.fromstring(document)
    return Replication(text(root, "Role"), tuple(_rule(each) for each in children(root, "Rule")))


def _rule(element: Element) -> ReplicationRule:
    destination = child(element, "Destination")
    sealed = child(child(element, "SourceSelectionCriteria"), "SseKmsEncryptedObjects")
    return ReplicationRule(
        id=text(element, "ID"),
        enabled=text(element, "Status") == "Enabled",
        priority=int(text(element, "Priority") or 0),
        filter=filter_of(element),
        bucket=text(destination, "Bucket").rpartition(":")[2],
        markers=text(child(element, "DeleteMarkerReplication"), "Status") == "Enabled",
        storage_class=text(destination, "StorageClass"),
        sealed=text(sealed, "Status") == "Enabled",
        key=text(child(destination, "EncryptionConfiguration"), "ReplicaKmsKeyID"),
    )


def respond(
    method: str, kept: dict[str, Any] | None, remember: Callable[[str | None], None], document: Element | None
) -> Answer:
    """Answer an operation on what is *kept*; *remember* keeps a new document, which has been checked, or none."""
    if method == "DELETE":
        remember(None)
        return 204, {}, ""
    if method == "GET":
        if kept is None:
            raise ReplicationConfigurationNotFoundError(bucket_name="")
        return 200, {"Content-Type": "application/xml"}, kept["body"]
    assert document is not None
    for rule in children(document, "Rule"):
        if not text(rule, "ID"):
            SubElement(rule, f"{{{_NAMESPACE}}}ID").text = secrets.token_urlsafe(36)
    register_namespace("", _NAMESPACE)
    remember(tostring(document, encoding="unicode"))
    return 200, {}, ""


def check_replication(root: Element, bucket: FakeBucket, find: Callable[[str], FakeBucket | None]) -> None:
    """Raises MalformedXML, InvalidRequest or InvalidArgument; *find* finds a destination by its name."""
    elements = children(root, "Rule")
    if not 0 < len(elements) <= 1000 or not text(root, "Role"):
        raise MalformedXML()
    if not bucket.is_versioned:
        raise _refused("Versioning must be 'Enabled' on the bucket to apply a replication configuration")
    priorities = []
    for element in elements:
        if child(element, "Filter") is not None:
            if child(element, "DeleteMarkerReplication") is None or not text(element, "Priority"):
                raise _refused(
                    "DeleteMarkerReplication and Priority must be specified for this version of Cross Region "
                    "Replication configuration schema."
                )
            priorities.append(text(element, "Priority"))
        rule = _rule(element)
        if rule.markers and rule.filter.tags:
            raise _refused("Delete marker replication is not supported if any Tag filter is specified.")
        if rule.sealed and not rule.key:
            raise _refused("ReplicaKmsKeyID must be specified if SseKmsEncryptedObjects tag is present.")
        destination = find(rule.bucket)
        if destination is None:
            raise _refused("Destination bucket must exist.")
        if not destination.is_versioned:
            raise _refused("Destination bucket must have versioning enabled.")
        if destination is bucket:
            raise _refused("Destination bucket cannot be the same as the source bucket.")
    if len(set(priorities)) != len(priorities):
        raise _refused("Found duplicate priority in the rules. Priorities must be unique.")


def _refused(message: str) -> S3ClientError:
    return S3ClientError("InvalidRequest", message)
