"""What S3 asks of a document beyond its schema, each with the error that S3 has for it.

Source: S3 API reference, the "Errors" and element descriptions of each Put operation; AWS's recorded answers
(`tests/recorded/test_s3_*.py`).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from xml.etree.ElementTree import Element

from moto.s3.exceptions import MalformedXML, S3ClientError

from localaws.gateway.errors import AwsError

_NAMESPACE = re.compile(r"^\{.*\}")
_TAG_TEXT = re.compile(r"[\w\s.:/=+@-]*")


def tag(element: Element) -> str:
    """An element's name without its namespace."""
    return _NAMESPACE.sub("", element.tag)


def children(element: Element | None, name: str) -> list[Element]:
    return [] if element is None else [child for child in element if tag(child) == name]


def child(element: Element | None, name: str) -> Element | None:
    return next(iter(children(element, name)), None)


def text(element: Element | None, name: str) -> str:
    """The text of the child *name*; "" if there is none."""
    found = child(element, name)
    return "" if found is None else found.text or ""


def check_rules(operation: str, root: Element) -> None:
    """Raise the error that S3 has for a document that fits the schema, and still cannot be taken."""
    if operation in _RULES:
        _RULES[operation](root)


def check_tags(tags: Iterable[tuple[str, str]], of_bucket: bool = False) -> None:
    """Raise InvalidTag. Source: S3 user guide, "Categorizing your objects using tags"."""
    seen: Counter[str] = Counter()
    for name, value in tags:
        seen[name] += 1
        if seen[name] > 1:
            raise _invalid_tag("Cannot provide multiple Tags with the same key", TagKey=name)
        if name.startswith("aws:"):
            system = "System tags cannot be added/updated by requester"
            raise _invalid_tag(system if of_bucket else "Your TagKey cannot be prefixed with aws:", TagKey=name)
        if not 1 <= len(name) <= 128 or not _TAG_TEXT.fullmatch(name):
            raise _invalid_tag("The TagKey you have provided is invalid", TagKey=name)
        if len(value) > 256 or not _TAG_TEXT.fullmatch(value):
            raise _invalid_tag("The TagValue you have provided is invalid", TagKey=name, TagValue=value)


def tags_of(root: Element) -> list[tuple[str, str]]:
    """The tags of a Tagging document, in order."""
    return [(text(each, "Key"), text(each, "Value")) for each in children(child(root, "TagSet"), "Tag")]


def _invalid_tag(message: str, **fields: str) -> AwsError:
    return AwsError("InvalidTag", message, 400, fields)


def _versioning(root: Element) -> None:
    if child(root, "Status") is None:
        raise S3ClientError("IllegalVersioningConfigurationException", "The Versioning element must be specified")


def _encryption(root: Element) -> None:
    _one_rule(root)
    default = child(child(root, "Rule"), "ApplyServerSideEncryptionByDefault")
    if text(default, "KMSMasterKeyID") and not text(default, "SSEAlgorithm").startswith("aws:kms"):
        message = "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse"
        raise AwsError("InvalidArgument", message, 400, {"ArgumentName": "ApplyServerSideEncryptionByDefault"})


def _one_rule(root: Element) -> None:
    if len(children(root, "Rule")) != 1:
        raise MalformedXML()


def _lock(root: Element) -> None:
    rule = child(root, "Rule")
    if child(root, "ObjectLockEnabled") is None:
        raise MalformedXML()
    if rule is not None:
        retention = child(rule, "DefaultRetention")
        periods = len(children(retention, "Days")) + len(children(retention, "Years"))
        if periods != 1 or not text(retention, "Mode"):
            raise MalformedXML()


def _retention(root: Element) -> None:
    if len(root) and not (text(root, "Mode") and text(root, "RetainUntilDate")):
        raise MalformedXML()


def _logging(root: Element) -> None:
    """Every grant says to whom and what."""
    for grant in children(child(child(root, "LoggingEnabled"), "TargetGrants"), "Grant"):
        if child(grant, "Grantee") is None or not text(grant, "Permission"):
            raise MalformedXML()


_RULES: Mapping[str, Callable[[Element], None]] = {
    "PutBucketVersioning": _versioning,
    "PutBucketEncryption": _encryption,
    "PutBucketOwnershipControls": _one_rule,
    "PutObjectLockConfiguration": _lock,
    "PutObjectRetention": _retention,
    "PutBucketLogging": _logging,
    "PutBucketTagging": lambda root: check_tags(tags_of(root), of_bucket=True),
    "PutObjectTagging": lambda root: check_tags(tags_of(root)),
}
