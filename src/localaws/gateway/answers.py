"""Answers of services that speak JSON, as their models have them: moments in the model's format, and a content type.

moto writes some in another format (``datetime.isoformat``), of which SDKs make a moment without a zone, or none.
"""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape

from localaws.gateway.response import Response

_ISO = re.compile(rb'"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d')
_CONTENT_TYPES = {"json": "application/x-amz-json-{version}", "rest-json": "application/json"}


def as_modelled(response: Response, protocol: str, model: OperationModel | None) -> Response:
    """*response* to an operation of *model*, with what its model says of it; protocols without JSON are left alone."""
    if model is None or protocol not in _CONTENT_TYPES or response.status_code >= 300:
        return response
    shape = _document(model)
    if shape is None or response.is_streamed:
        return response
    if "Content-Type" not in response.headers:
        version = model.service_model.metadata.get("jsonVersion", "1.1")
        response.headers["Content-Type"] = _CONTENT_TYPES[protocol].format(version=version)
    if _tells_moments(shape) and _ISO.search(response.body):
        response.body = json.dumps(_with_moments(shape, json.loads(response.body))).encode()
    return response


@cache
def _document(model: OperationModel) -> StructureShape | None:
    """The structure that the body of an answer is; None where it is bytes or nothing."""
    shape = model.output_shape
    payload = shape.serialization.get("payload") if shape else None
    body = shape.members[payload] if shape and payload else shape
    return body if isinstance(body, StructureShape) else None


def _with_moments(shape: Shape, value: Any) -> Any:
    if value is None or not _tells_moments(shape):
        return value
    if shape.type_name == "timestamp":
        return _moment(shape, value) if isinstance(value, str) else value
    if isinstance(shape, ListShape) and isinstance(value, list):
        return [_with_moments(shape.member, part) for part in value]
    if isinstance(shape, MapShape) and isinstance(value, dict):
        return {name: _with_moments(shape.value, part) for name, part in value.items()}
    if isinstance(shape, StructureShape) and isinstance(value, dict):
        members = {member.serialization.get("name", name): member for name, member in shape.members.items()}
        return {name: _with_moments(members[name], part) if name in members else part for name, part in value.items()}
    return value


def _moment(shape: Shape, text: str) -> Any:
    """What the model has for a moment that moto wrote as *text*; a text without a zone is in UTC."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
    wanted = shape.serialization.get("timestampFormat", "unixTimestamp")
    if wanted == "unixTimestamp":
        return moment.timestamp()
    return moment.isoformat().replace("+00:00", "Z") if wanted == "iso8601" else text


@cache
def _tells_moments(shape: Shape) -> bool:
    """Whether a value of *shape* has a moment in it somewhere; shapes may hold themselves."""
    seen: set[str] = set()
    waiting = [shape]
    while waiting:
        each = waiting.pop()
        if each.type_name == "timestamp":
            return True
        if each.name in seen:
            continue
        seen.add(each.name)
        if isinstance(each, ListShape):
            waiting.append(each.member)
        elif isinstance(each, MapShape):
            waiting.append(each.value)
        elif isinstance(each, StructureShape):
            waiting.extend(each.members.values())
    return False
