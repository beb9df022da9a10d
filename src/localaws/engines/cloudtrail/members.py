"""``requestParameters`` and ``responseElements`` as CloudTrail writes them.

A record has the members of botocore's model. CloudTrail begins their names with a small letter, however many capitals
follow ("dBInstanceIdentifier", "kMSKeyId"), EC2's lists are ``{"items": […]}``, and S3's parameters are called as they
are in the request. Sources: examples of events in the guides of the services, and published logs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from moto.core.utils import get_service_model

from localaws.gateway.elements import HIDDEN
from localaws.strict_json import no_constant

#: What a service's events have for a secret; "" where they leave it out.
_SECRETS = {
    "ec2": "<sensitiveDataRemoved>",
    "iam": "",
    "lambda": "",
    "rds": "****",
    "redshift": "****",
    "secretsmanager": "",
}
#: Of EC2's lists in requests that are not called after their members.
_LISTS = {"InstanceIds": "instancesSet"}
_ENDPOINT = "s3.amazonaws.com"


def request_parameters(service: str, operation: str, shown: Mapping[str, Any] | None, region: str) -> Any:
    """Of a call that shows *shown* (`elements.request_parameters`); None where there are none."""
    if not shown or shown.get("omitted") is True:
        return shown or None
    model = get_service_model(service).operation_model(operation)
    if service == "s3":
        return _of_s3(model, shown, region)
    return _named(model.input_shape, shown, service) or None


def response_elements(service: str, operation: str, shown: Mapping[str, Any] | None, request_id: str) -> Any:
    """Of a call that shows *shown* (`elements.response_elements`); None where there are none."""
    if not shown or shown.get("omitted") is True:
        return shown or None
    elements = _named(get_service_model(service).operation_model(operation).output_shape, shown, service)
    return {"requestId": request_id, **elements} if service == "ec2" and elements else elements or None


def camel(name: str) -> str:
    """*name* with a small first letter."""
    return name[:1].lower() + name[1:]


def _named(shape: Shape | None, value: Any, service: str) -> Any:
    """*value* of *shape*, in CloudTrail's names."""
    if value == HIDDEN:
        return _SECRETS.get(service, HIDDEN)
    if isinstance(shape, StructureShape) and isinstance(value, Mapping):
        named: dict[str, Any] = {}
        for name, each in value.items():
            member = shape.members.get(name)
            inner = _named(member, each, service)
            if inner == "" and each == HIDDEN:
                continue
            if service == "ec2" and isinstance(inner, list):
                named |= _items(name, inner, member)
            else:
                named[camel(name)] = inner
        return named
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_named(shape.member, each, service) for each in value]
    if isinstance(shape, MapShape) and isinstance(value, Mapping):
        inner_values = {key: _named(shape.value, each, service) for key, each in value.items()}
        return {key: inner for key, inner in inner_values.items() if inner != "" or value[key] == ""}
    if shape is not None and shape.type_name == "timestamp":
        return _moment(value, service)
    return value


def _items(name: str, values: list[Any], member: Shape | None) -> dict[str, Any]:
    """A list as EC2's events have it: of GroupIds ``{"groupSet": {"items": [{"groupId": …}]}}``."""
    written = str(member.serialization.get("name", "")) if member else ""
    single = camel(name.removesuffix("s"))
    called = written if written.endswith("Set") else _LISTS.get(name, f"{single.removesuffix('Id')}Set")
    return {called: {"items": [each if isinstance(each, dict) else {single: each} for each in values]}}


def _moment(value: Any, service: str) -> Any:
    """As Java prints a date: "Nov 30, 2024, 8:43:17 PM"; an older one, IAM's, without the second comma.

    EC2's dates are milliseconds since the epoch.
    """
    with suppress(ValueError, OverflowError, OSError, TypeError):
        number = isinstance(value, int | float)
        moment = datetime.fromtimestamp(value, UTC) if number else datetime.fromisoformat(value).astimezone(UTC)
        if service == "ec2":
            return int(moment.timestamp() * 1000)
        comma = "" if service == "iam" else ","
        time = f"{moment.hour % 12 or 12}:{moment:%M:%S} {'PM' if moment.hour >= 12 else 'AM'}"
        return f"{moment:%b} {moment.day}, {moment.year}{comma} {time}"
    return value


def _of_s3(model: OperationModel, shown: Mapping[str, Any], region: str) -> dict[str, Any]:
    """Names as in the URL and the headers, the body under its element's name; and what the URL asks for: ``acl=``."""
    host = _ENDPOINT if region == "us-east-1" else f"s3.{region}.amazonaws.com"
    bucket = shown.get("Bucket")
    named: dict[str, Any] = {"bucketName": bucket} if bucket else {}
    named["Host"] = f"{bucket}.{host}" if bucket else host
    members = model.input_shape.members if isinstance(model.input_shape, StructureShape) else {}
    for name, value in shown.items():
        if name == "Bucket":
            continue
        written = members[name].serialization.get("name", name) if name in members else name
        if name == "Policy":  # a document, which is told as one
            with suppress(ValueError, RecursionError):
                value = json.loads(value, parse_constant=no_constant)
        named["key" if name == "Key" else "bucketPolicy" if name == "Policy" else written] = value
    query = str(model.http["requestUri"]).partition("?")[2]
    return {**named, **{name: value for name, value in parse_qsl(query, keep_blank_values=True) if name != "x-id"}}
