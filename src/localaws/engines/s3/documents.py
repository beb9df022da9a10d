"""Documents of requests: which root an operation's has, what `rules` ask of it, and bucket policies, which are JSON.

Source: S3 API reference, "Error responses", MalformedXML: "This happens when the user sends malformed XML (XML that
doesn't conform to the published XSD) for the configuration".
"""

from __future__ import annotations

import json
from typing import Any
from xml.etree.ElementTree import Element

from botocore.model import StructureShape
from defusedxml import ElementTree
from defusedxml.common import DefusedXmlException
from moto.core.utils import get_service_model
from moto.s3.exceptions import MalformedACLError, MalformedXML, S3ClientError

from localaws.engines.policies import PolicyFaultError, check_policy, element_of, texts_of
from localaws.engines.s3.rules import check_rules, tag
from localaws.lab import Lab
from localaws.wildcards import matches

#: What S3 says of an element of a bucket policy.
_POLICY_FAULTS = {
    "Principal": "Invalid principal in policy",
    "Action": "Policy has invalid action",
    "Resource": "Policy has invalid resource",
}
#: Operations whose document may be missing: headers, or nothing, say it all.
_OPTIONAL = {"CreateBucket", "PutBucketAcl", "PutObjectAcl"}


def check_document(operation: str, body: bytes) -> None:
    """Raise what S3 says of a *body* that is no document of *operation*'s, or cannot be taken.

    The gateway has held it against the schema already (`localaws.gateway.validation`).
    """
    if operation not in get_service_model("s3").operation_names:
        return
    if _payload(operation) is None:
        return
    if body:
        parse_document(operation, body)
    elif operation not in _OPTIONAL:
        raise S3ClientError("MissingRequestBodyError", "Request Body is empty")


def parse_document(operation: str, body: bytes) -> Element:
    """The document of a request. Raises MalformedXML, or MalformedACLError for an access control list."""
    shape = _payload(operation)
    names = (shape.serialization.get("name"), shape.name) if shape else (f"{operation}Request",)
    try:
        root = ElementTree.fromstring(body)
        if tag(root) not in names:
            raise ValueError(f"{tag(root)} is not the root of {operation}")
    except (ElementTree.ParseError, DefusedXmlException, ValueError):
        raise MalformedACLError() if operation.endswith("Acl") else MalformedXML() from None
    check_rules(operation, root)
    return root


#: Bytes of a bucket's policy (S3 user guide, "Adding a bucket policy", its 20 KB).
_MOST_OF_POLICY = 20 * 1024


def check_bucket_policy(lab: Lab, bucket_name: str, body: bytes) -> None:
    """Raises MalformedPolicy for what is no policy of this bucket.

    Source: S3 user guide, "Policies and permissions in Amazon S3": the elements that each statement has.
    """
    if not body.startswith(b"{"):
        raise _malformed_policy("Policies must be valid JSON and the first byte must be '{'")
    try:
        policy = json.loads(body)
    except (ValueError, RecursionError):
        raise _malformed_policy("This policy contains invalid Json") from None
    if len(json.dumps(policy, separators=(",", ":"), ensure_ascii=False).encode()) > _MOST_OF_POLICY:
        told = f"Normalized policy document exceeds the maximum allowed size of {_MOST_OF_POLICY} bytes"
        raise _malformed_policy(told)
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
    try:
        for statement in check_policy(lab, body.decode(), "s3"):
            _check_resources(statement, bucket_name)
    except PolicyFaultError as fault:
        raise _malformed_policy(_POLICY_FAULTS.get(fault.element, "Invalid policy syntax.")) from None


def _check_resources(statement: dict[str, Any], bucket_name: str) -> None:
    """Raises PolicyFaultError for a resource that is neither the bucket nor in it."""
    bucket = f"arn:aws:s3:::{bucket_name}"
    for resource in texts_of(element_of(statement, "Resource"), "Resource"):
        name = resource.partition("/")[0]
        if name != bucket and not ("*" in name and matches(name, bucket)):
            raise PolicyFaultError("Resource")


def _malformed_policy(reason: str) -> S3ClientError:
    return S3ClientError("MalformedPolicy", reason)


def _payload(operation: str) -> StructureShape | None:
    """The structure that the body of *operation* is; None if it has none, or is bytes or JSON."""
    shape = get_service_model("s3").operation_model(operation).input_shape
    if shape is None or "payload" not in shape.serialization:
        return None
    payload = shape.members[shape.serialization["payload"]]
    return payload if isinstance(payload, StructureShape) else None
