"""Requests held against the service's own model, refused in AWS's words.

boto3 checks types before it sends; other clients do not, and nobody checks patterns, lengths and enums
but the service. The constraints are botocore's copy of the API model.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from botocore.model import ListShape, MapShape, OperationModel, Shape, StringShape, StructureShape
from moto.core.utils import get_service_model

from localaws.engines.kinesis.errors import not_serializable, not_valid

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "blob": (str,),
    "integer": (int,),
    "long": (int,),
    "boolean": (bool,),
    "timestamp": (int, float),
    "list": (list,),
    "map": (dict,),
    "structure": (dict,),
}


@cache
def _operation(name: str) -> OperationModel:
    return get_service_model("kinesis").operation_model(name)


def validate(operation: str, parameters: dict[str, Any], skip: tuple[str, ...] = ()) -> None:
    """Check *parameters* of an API operation; members named in *skip* are left to their own handling.

    Raises SerializationException for a wrong type and ValidationException, which lists every constraint that
    was not met, for anything else.
    """
    shape = _operation(operation).input_shape
    assert isinstance(shape, StructureShape)
    if not isinstance(parameters, dict):
        raise not_serializable("Start of structure or map was expected")
    faults = _structure_faults(shape, parameters, "", skip)
    if faults:
        plural = "s" if len(faults) > 1 else ""
        raise not_valid(f"{len(faults)} validation error{plural} detected: {'; '.join(faults)}")


def _structure_faults(shape: StructureShape, value: dict[str, Any], path: str, skip: tuple[str, ...] = ()) -> list[str]:
    faults = []
    for name, member in shape.members.items():
        where = f"{path}.{_lower(name)}" if path else _lower(name)
        if value.get(name) is None:
            if name in shape.required_members:
                faults.append(f"Value null at '{where}' failed to satisfy constraint: Member must not be null")
        elif name not in skip:
            faults += _faults(member, value[name], where)
    return faults


def _faults(shape: Shape, value: Any, path: str) -> list[str]:
    expected = _TYPES[shape.type_name]
    if type(value) not in expected:
        raise not_serializable(f"{type(value).__name__} at '{path}' can not be converted to {shape.type_name}")
    said = f"'{value}' " if isinstance(value, (str, int)) and shape.type_name != "blob" else ""
    faults = [f"Value {said}at '{path}' failed to satisfy constraint: {broken}" for broken in _broken(shape, value)]
    if isinstance(shape, StructureShape):
        faults += _structure_faults(shape, value, path)
    elif isinstance(shape, ListShape):
        for index, item in enumerate(value, 1):
            faults += _faults(shape.member, item, f"{path}.{index}.member")
    elif isinstance(shape, MapShape):
        for key, item in value.items():
            faults += _faults(shape.key, key, f"{path}.key") + _faults(shape.value, item, f"{path}.value")
    return faults


def _broken(shape: Shape, value: Any) -> list[str]:
    """The constraints of *shape* that *value* does not meet."""
    limits, broken = shape.metadata, []
    if isinstance(shape, StringShape) and shape.enum and value not in shape.enum:
        broken.append(f"Member must satisfy enum value set: [{', '.join(shape.enum)}]")
    if (pattern := limits.get("pattern")) and not re.fullmatch(pattern, value):
        broken.append(f"Member must satisfy regular expression pattern: {pattern}")
    measured, word = (value, "value") if isinstance(value, int) else (None, "length")
    if shape.type_name == "blob":
        measured = len(value.rstrip("=")) * 3 // 4  # it is still in base64
    elif hasattr(value, "__len__"):
        measured = len(value)
    if measured is not None and measured < limits.get("min", measured):
        broken.append(f"Member must have {word} greater than or equal to {limits['min']}")
    if measured is not None and measured > limits.get("max", measured):
        broken.append(f"Member must have {word} less than or equal to {limits['max']}")
    return broken


def _lower(name: str) -> str:
    return name[0].lower() + name[1:]
