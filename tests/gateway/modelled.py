"""Compares answers, as they are on the wire, with the types that AWS's models of its services give their members."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

#: What JSON has for each type of a model. A timestamp is one by its format, which `_is_timestamp` asks.
_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "blob": (str,),
    "character": (str,),
    "integer": (int,),
    "long": (int,),
    "float": (int, float, str),  # "NaN" and "Infinity" are texts
    "double": (int, float, str),
    "boolean": (bool,),
    "structure": (dict,),
    "map": (dict,),
    "list": (list,),
}
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")


class Watch:
    """Looks at every JSON answer that *client* gets; ``faults`` says what is of another type than in the model."""

    def __init__(self, client: Any) -> None:
        self.faults: list[str] = []
        client.meta.events.register("before-parse", self._look)

    def _look(self, operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        shape, body = operation_model.output_shape, response_dict["body"]
        protocol = operation_model.service_model.protocol
        if shape is None or not body or "json" not in protocol or response_dict["status_code"] >= 300:
            return
        if payload := shape.serialization.get("payload"):
            shape = shape.members[payload]
            if shape.type_name != "structure":
                return
        kind = str(response_dict["headers"].get("content-type", "none"))
        if "json" not in kind:
            self.faults.append(f"{operation_model.name}: the content type is {kind}")
        self.faults += [f"{operation_model.name}{place}: {fault}" for place, fault in faults(shape, json.loads(body))]


def faults(shape: Any, value: Any, place: str = "") -> Iterator[tuple[str, str]]:
    """Where in *value* something is of another type than *shape* has there, and what."""
    if value is None:
        return
    if shape.type_name == "timestamp":
        if not _is_timestamp(shape, value):
            yield place, f"{value!r} is no {_format(shape)} timestamp"
        return
    wanted = _TYPES[shape.type_name]
    if getattr(shape, "is_document_type", False):
        return
    found: Any = value
    if not isinstance(value, wanted) or (isinstance(value, bool) and bool not in wanted):
        yield place, f"{value!r:.80} is no {shape.type_name}"
    elif shape.type_name == "structure":
        for name, member in shape.members.items():
            if "location" not in member.serialization:
                key = member.serialization.get("name", name)
                yield from faults(member, found.get(key), f"{place}.{name}")
    elif shape.type_name == "map":
        for part in found.values():
            yield from faults(shape.value, part, f"{place}{{}}")
    elif shape.type_name == "list":
        for part in found:
            yield from faults(shape.member, part, f"{place}[]")


def _format(shape: Any) -> str:
    return str(shape.serialization.get("timestampFormat", "unixTimestamp"))


def _is_timestamp(shape: Any, value: Any) -> bool:
    if _format(shape) == "unixTimestamp":
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, str) and bool(_ISO.fullmatch(value))
