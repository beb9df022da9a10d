"""Which operation of which service a request is, in botocore's own names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import unquote

from botocore.exceptions import UnknownServiceError
from moto.core.request import Request
from moto.core.routing import get_service_router
from moto.core.utils import get_service_model
from werkzeug.exceptions import HTTPException

from localaws.gateway import refusals
from localaws.gateway.environ import query_of
from localaws.gateway.parameters import MalformedError, form_fields
from localaws.gateway.services import alike, of_version

_REST_XML = {"s3control", "cloudfront", "route53"}
_CBOR_PATH = re.compile(r"/service/[^/]+/operation/([^/]+)$")
_PLAIN_OBJECT_CALLS = {"GET": "GetObject", "PUT": "PutObject", "HEAD": "HeadObject", "DELETE": "DeleteObject"}


@dataclass(frozen=True)
class Operation:
    """A call's name and kind. ``protocol`` is as `errors.render` takes it.

    ``parameters`` are what was read to identify it: the labels of its URI, or, each with all its values, the fields
    of its form.
    """

    service: str
    name: str
    protocol: str
    parameters: dict[str, Any]


def protocol_of(service: str, environ: dict[str, Any]) -> str:
    """The wire protocol a request speaks, told from the request itself: a service may offer several."""
    if service == "s3":
        return "s3"
    if environ.get("HTTP_SMITHY_PROTOCOL") == "rpc-v2-cbor":
        return "smithy-rpc-v2-cbor"
    if "HTTP_X_AMZ_TARGET" in environ:
        return "json"
    if service == "ec2":
        return "ec2"
    if service in _REST_XML:
        return "rest-xml"
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    if form or "Action" in query_of(environ):
        return "query"
    return "rest-json"


@cache
def operations_of(service: str) -> frozenset[str] | None:
    """The names of all its operations; None for what is not one of botocore's services."""
    try:
        return frozenset().union(*(get_service_model(name).operation_names for name in alike(service)))
    except UnknownServiceError:
        return None


def identify(service: str, protocol: str, environ: dict[str, Any], body: bytes, request: Request) -> Operation:
    """Name the operation; its name is "" where the service has none like it. Raises AwsError for a malformed form."""
    if protocol == "json":
        return Operation(service, environ["HTTP_X_AMZ_TARGET"].rpartition(".")[2], protocol, {})
    if protocol == "smithy-rpc-v2-cbor":
        match = _CBOR_PATH.search(environ["REQUEST_URI"].split("?", 1)[0])
        return Operation(service, match.group(1) if match else "", protocol, {})
    if protocol in ("query", "ec2"):
        form = form_of(environ, body)
        try:
            fields = form_fields(form)
        except MalformedError as error:
            raise refusals.malformed(service, protocol, str(error)) from None
        return Operation(of_version(service, form), fields.get("Action", [""])[0], protocol, fields)
    if service == "s3":
        plain = _plain_object_call(environ)
        if plain:
            return plain
    try:
        operation, labels = get_service_router(service).match(request)
    except (HTTPException, NotImplementedError, ValueError, LookupError, UnknownServiceError):
        return Operation(service, "", protocol, {})
    return Operation(service, operation.name, protocol, dict(labels))


def _plain_object_call(environ: dict[str, Any]) -> Operation | None:
    """The four calls that move objects, told apart without a router: they are nearly all of S3's traffic."""
    if environ.get("QUERY_STRING") or "HTTP_X_AMZ_COPY_SOURCE" in environ:
        return None
    name = _PLAIN_OBJECT_CALLS.get(environ["REQUEST_METHOD"])
    bucket, _, key = environ["REQUEST_URI"][1:].partition("/")
    if not name or not bucket or not key:
        return None
    return Operation("s3", name, "s3", {"Bucket": unquote(bucket), "Key": unquote(key)})


def form_of(environ: dict[str, Any], body: bytes) -> str:
    """The parameters of a query call: its form's if it has one, else the URL's, as moto reads them."""
    form = environ.get("CONTENT_TYPE", "").startswith("application/x-www-form-urlencoded")
    return body.decode("utf-8", "replace") if form and body else environ.get("QUERY_STRING", "")
