"""A request's parameters under their names in botocore's model, read by its protocol; nothing is converted yet.

Members that arrive as texts (forms, XML, URLs, headers) stay texts, those of a JSON document are what JSON makes of
them. Source: the Smithy protocol specifications (awsJson, restJson, awsQuery, restXml).
"""

from __future__ import annotations

import json
import re
import zlib
from collections import defaultdict
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qs
from xml.etree.ElementTree import Element, ParseError

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from defusedxml import ElementTree

from localaws.gateway.environ import environ_key, query_of
from localaws.strict_json import no_constant

_MAX_INFLATED = 72 << 20
#: Members of a gzip body; SDKs write one. What is behind each is copied.
_MOST_MEMBERS = 100
_decode = json.JSONDecoder(parse_constant=no_constant).decode
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")


class MalformedError(Exception):
    """A body that is not well-formed: no JSON, no XML, not UTF-8."""


class MissingBodyError(Exception):
    """No body where the operation must have one."""


def inflated(body: bytes) -> bytes:
    """*body* without gzip ("requestCompression" in the models), of one member or several (RFC 1952, 2.2).

    Raises MalformedError.
    """
    plain = bytearray()
    for _ in range(_MOST_MEMBERS):
        inflater = zlib.decompressobj(wbits=31)
        try:
            plain += inflater.decompress(body, _MAX_INFLATED + 1 - len(plain))
        except zlib.error as error:
            raise MalformedError(f"the body is not gzip: {error}") from None
        if not inflater.eof or len(plain) > _MAX_INFLATED:
            raise MalformedError("the gzip body ends too early, or is too large")
        body = inflater.unused_data
        if not body:
            return bytes(plain)
    raise MalformedError(f"the gzip body has more than {_MOST_MEMBERS} members")


def json_of(body: bytes) -> Any:
    """The JSON document *body*, {} for an empty one. Raises MalformedError."""
    if not body:
        return {}
    try:
        document = _decode(body.decode())
        if _SURROGATE.search(body):  # half a character, which nothing can store
            json.dumps(document, ensure_ascii=False).encode()
    except UnicodeError:
        raise MalformedError("the body is not UTF-8") from None
    except RecursionError:
        raise MalformedError("the body is nested too deeply") from None
    except ValueError as error:
        raise MalformedError(str(error)) from None
    return document


def form_fields(text: str) -> dict[str, list[str]]:
    """The values of each field of the form *text*. Raises MalformedError for a form that is not UTF-8."""
    try:
        return parse_qs(text, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise MalformedError("the form is not UTF-8") from None


def form_parameters(fields: dict[str, list[str]], shape: StructureShape, ec2: bool = False) -> dict[str, Any]:
    """Members of *shape* in the form *fields* of a query call, or of one in *ec2*'s own dialect."""
    tree: dict[str, Any] = {}
    for key, values in fields.items():
        node = tree
        for part in key.split(".")[:-1]:
            child = node.get(part)
            if not isinstance(child, dict):
                child = node[part] = {}
            node = child
        node.setdefault(key.rpartition(".")[2], values[0])
    found = _of_ec2_form(shape, tree) if ec2 else _of_form(shape, tree)
    return found if isinstance(found, dict) else {}


def _of_form(shape: Shape, node: Any) -> Any:
    if isinstance(shape, StructureShape):
        if not isinstance(node, dict):
            return node
        members = {}
        for name, member in shape.members.items():
            wire_name = member.serialization.get("name", name)
            if isinstance(member, (ListShape, MapShape)) and member.serialization.get("flattened"):
                inner = member.member if isinstance(member, ListShape) else member
                wire_name = inner.serialization.get("name", wire_name)
            if wire_name in node:
                members[name] = _of_form(member, node[wire_name])
        return members
    if node == "" and isinstance(shape, (ListShape, MapShape)):
        return [] if isinstance(shape, ListShape) else {}
    if isinstance(shape, ListShape) and isinstance(node, dict):
        if not shape.serialization.get("flattened"):
            node = node.get(shape.member.serialization.get("name", "member"), {})
        return [_of_form(shape.member, item) for item in _in_order(node)]
    if isinstance(shape, MapShape) and isinstance(node, dict):
        if not shape.serialization.get("flattened"):
            node = node.get("entry", {})
        key_name = shape.key.serialization.get("name", "key")
        value_name = shape.value.serialization.get("name", "value")
        entries = [item for item in _in_order(node) if isinstance(item, dict) and key_name in item]
        return {str(item[key_name]): _of_form(shape.value, item.get(value_name)) for item in entries}
    return node


def _of_ec2_form(shape: Shape, node: Any) -> Any:
    """EC2's form has names of its own, in capitals, and numbers its lists without a word between (ec2Query)."""
    if isinstance(shape, StructureShape) and isinstance(node, dict):
        members = {}
        for name, member in shape.members.items():
            wire_name = member.serialization.get("name", name)
            wire_name = member.serialization.get("queryName", wire_name[:1].upper() + wire_name[1:])
            if wire_name in node:
                members[name] = _of_ec2_form(member, node[wire_name])
        return members
    if isinstance(shape, ListShape):
        return [] if node == "" else [_of_ec2_form(shape.member, item) for item in _in_order(node)]
    return node


def _in_order(node: Any) -> list[Any]:
    """The items under the numbers 1, 2, 3 …"""
    if not isinstance(node, dict):
        return [node]
    numbers = sorted((key for key in node if key.isascii() and key.isdigit() and len(key) < 10), key=int)
    return [node[number] for number in numbers]


def rest_parameters(
    operation: OperationModel, environ: dict[str, Any], labels: dict[str, Any], body: bytes, xml: bool
) -> tuple[dict[str, Any], dict[str, Any]]:
    """The texts outside of the body, and the members of the body: those of *xml* as texts, those of JSON as JSON.

    A payload that is a stream is not read. Raises MalformedError, MissingBodyError.
    """
    shape = operation.input_shape
    assert isinstance(shape, StructureShape)
    places = _places(shape)
    outside: dict[str, Any] = {places.uri[label]: value for label, value in labels.items() if label in places.uri}
    for wire_name, values in query_of(environ).items():
        if wire_name in places.query:
            name = places.query[wire_name]
            outside[name] = values if isinstance(shape.members[name], ListShape) else values[0]
    for key, name in places.header.items():
        if key in environ:
            outside[name] = environ[key]
    payload = shape.serialization.get("payload")
    if payload is None:
        if not places.body:
            return outside, {}
        return outside, (_of_xml(shape, _root(body)) if body else {}) if xml else json_of(body)
    member = shape.members[payload]
    if member.type_name == "string":  # a bucket's policy
        return outside, {payload: body.decode("utf-8", "replace")} if body else {}
    if not isinstance(member, StructureShape):
        return outside, {}
    if not body:
        if payload in shape.required_members:
            raise MissingBodyError(payload)
        return outside, {}
    if not xml:
        return outside, {member.serialization.get("name", payload): json_of(body)}
    root = _root(body)
    expected = member.serialization.get("name", payload)
    if _tag(root) != expected:
        raise MalformedError(f"the document is a {_tag(root)}, not a {expected}")
    return outside, {payload: _of_xml(member, root)}


@dataclass(frozen=True)
class _Places:
    """Where a request has the members of its operation: their names, by those on the wire.

    Those of ``header`` are WSGI's (``HTTP_X_AMZ_ACL``). ``body`` says whether there is a member in the body.
    """

    uri: dict[str, str]
    query: dict[str, str]
    header: dict[str, str]
    body: bool


@cache
def _places(shape: StructureShape) -> _Places:
    found: dict[str, dict[str, str]] = defaultdict(dict)
    for name, member in shape.members.items():
        wire_name = member.serialization.get("name", name)
        found[member.serialization.get("location", "body")][wire_name] = name
    header = {environ_key(wire_name): name for wire_name, name in found["header"].items()}
    return _Places(found["uri"], found["querystring"], header, bool(found["body"]))


def _root(body: bytes) -> Element:
    try:  # in whatever encoding, a document type is refused: it can define entities that grow without end
        root: Element = ElementTree.fromstring(body, forbid_dtd=True)
        return root
    except (ParseError, ValueError, LookupError) as error:
        raise MalformedError(str(error)) from None


def _tag(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _of_xml(shape: Shape, element: Element) -> Any:
    if isinstance(shape, StructureShape):
        children: dict[str, list[Element]] = {}
        for child in element:
            children.setdefault(_tag(child), []).append(child)
        attributes = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
        members: dict[str, Any] = {}
        for name, member in shape.members.items():
            wire_name = member.serialization.get("name", name)
            if member.serialization.get("xmlAttribute"):
                members[name] = attributes.get(wire_name.rpartition(":")[2])
            elif isinstance(member, ListShape) and member.serialization.get("flattened"):
                wire_name = member.member.serialization.get("name", wire_name)
                if wire_name in children:
                    members[name] = [_of_xml(member.member, child) for child in children[wire_name]]
            elif wire_name in children:
                members[name] = _of_xml(member, children[wire_name][0])
        return members
    if isinstance(shape, ListShape):
        return [_of_xml(shape.member, child) for child in element]
    if isinstance(shape, MapShape):
        return {}
    if len(element):
        raise MalformedError(f"{_tag(element)} must not have elements within it")
    return element.text or ""
