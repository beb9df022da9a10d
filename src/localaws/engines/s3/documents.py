"""XML documents of requests, checked against S3's schema as botocore's model has it.

Source: S3 API reference, "Error responses", MalformedXML: "This happens when the user sends malformed XML (XML that
doesn't conform to the published XSD) for the configuration".
"""

from __future__ import annotations

import json
import re
from xml.etree.ElementTree import Element

from botocore.model import ListShape, Shape, StructureShape
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from moto.core.utils import get_service_model
from moto.s3.exceptions import MalformedACLError, MalformedXML, S3ClientError

_NAMESPACE = re.compile(r"^\{.*\}")
#: Operations whose document may be missing: headers, or nothing, say it all.
_OPTIONAL = {"CreateBucket", "PutBucketAcl", "PutObjectAcl", "RestoreObject"}
#: Values that S3 checks when it has read the document, with an error of their own.
_READ_LATER = {"BucketLocationConstraint", "Event", "FilterRuleName"}


def check_document(operation: str, body: bytes) -> None:
    """Raise MalformedXML if *operation* takes a document and *body* is none by its schema.

    Or MissingRequestBodyError where it is empty, and MalformedPolicy for a bucket policy, which is JSON.
    """
    if operation == "PutBucketPolicy":
        _check_policy(body)
    if operation not in get_service_model("s3").operation_names or _payload(operation) is None:
        return
    if body:
        parse_document(operation, body)
    elif operation not in _OPTIONAL:
        raise S3ClientError("MissingRequestBodyError", "Request Body is empty")


def parse_document(operation: str, body: bytes) -> Element:
    """The document of a request. Raises MalformedXML, or MalformedACLError for an access control list."""
    shape = _payload(operation)
    assert shape is not None, f"{operation} takes no document"
    try:
        root = ElementTree.fromstring(body)
        if tag(root) not in (shape.serialization.get("name"), shape.name):
            raise ValueError(f"{tag(root)} is not the root of {shape.name}")
        _check(shape, root)
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        raise MalformedACLError() if operation.endswith("Acl") else MalformedXML() from None
    return root


def child_text(element: Element, name: str) -> str | None:
    """The text of the child *name*, None if there is none."""
    return next((child.text or "" for child in element if tag(child) == name), None)


def tag(element: Element) -> str:
    """An element's name without its namespace."""
    return _NAMESPACE.sub("", element.tag)


def _check_policy(body: bytes) -> None:
    """Source: S3 user guide, "Policies and permissions in Amazon S3": the elements that each statement has."""
    if not body.startswith(b"{"):
        raise _malformed_policy("Policies must be valid JSON and the first byte must be '{'")
    try:
        policy = json.loads(body)
    except (ValueError, RecursionError):
        raise _malformed_policy("This policy contains invalid Json") from None
    if "Statement" not in policy:
        raise _malformed_policy("Missing required field Statement")
    statements = policy["Statement"]
    if not statements:
        raise _malformed_policy("Could not parse the policy: Statement is empty!")
    for statement in statements if isinstance(statements, list) else [statements]:
        if not isinstance(statement, dict):
            raise _malformed_policy("This policy contains invalid Json")
        if statement.get("Effect") not in ("Allow", "Deny"):
            raise _malformed_policy(f"Invalid effect: {statement.get('Effect')}")
        for either in (("Principal", "NotPrincipal"), ("Action", "NotAction"), ("Resource", "NotResource")):
            if not any(name in statement for name in either):
                raise _malformed_policy(f"Missing required field {either[0]}")


def _malformed_policy(reason: str) -> S3ClientError:
    return S3ClientError("MalformedPolicy", reason)


def _payload(operation: str) -> StructureShape | None:
    """The structure that the body of *operation* is; None if it has none, or is bytes or JSON."""
    shape = get_service_model("s3").operation_model(operation).input_shape
    if shape is None or "payload" not in shape.serialization:
        return None
    payload = shape.members[shape.serialization["payload"]]
    return payload if isinstance(payload, StructureShape) else None


def _check(shape: Shape, element: Element) -> None:
    """Raise ValueError for what the schema does not allow. Elements that it does not know are left to the handler."""
    if isinstance(shape, StructureShape):
        _check_structure(shape, element)
        return
    text = (element.text or "").strip()
    wrong = len(element) > 0
    choices = getattr(shape, "enum", [])
    wrong |= bool(choices) and shape.name not in _READ_LATER and text not in choices
    wrong |= shape.type_name in ("integer", "long") and not re.fullmatch(r"-?\d{1,18}", text)
    wrong |= shape.type_name == "boolean" and text.lower() not in ("true", "false")
    if wrong:
        raise ValueError(f"{tag(element)} is no {shape.name}")


def _check_structure(shape: StructureShape, element: Element) -> None:
    children: dict[str, list[Element]] = {}
    for child in element:
        children.setdefault(tag(child), []).append(child)
    for name, member in shape.members.items():
        attribute = member.serialization.get("xmlAttribute")
        flat = isinstance(member, ListShape) and member.serialization.get("flattened")
        wire = member.serialization.get("name", name)
        found = children.get(wire, [])
        if name in shape.required_members and not found and not attribute:
            raise ValueError(f"{tag(element)} lacks {wire}")
        if isinstance(member, ListShape):
            for item in found if flat else [item for each in found for item in each]:
                _check(member.member, item)
        elif len(found) > 1:
            raise ValueError(f"{tag(element)} has {wire} twice")
        elif found and not attribute:
            _check(member, found[0])
