"""How many bytes an item counts for, and how many capacity units it takes to read or write so many.

Source: DynamoDB developer guide, "DynamoDB item sizes and formats", "DynamoDB capacity unit consumption".
"""

from __future__ import annotations

import base64
import math
from collections.abc import Iterable, Mapping
from typing import Any

from moto.dynamodb.models.dynamo_type import DynamoType

#: Bytes of a read unit and of a write unit.
READ_UNIT, WRITE_UNIT = 4096, 1024
#: Of each list and map, beside what it contains, and of each thing in it.
_DOCUMENT, _ELEMENT = 3, 1


def size_of(attributes: Mapping[str, DynamoType]) -> int:
    """The bytes of an item: its names and its values."""
    return sum(len(name.encode()) + _size(value) for name, value in attributes.items())


def _size(value: DynamoType) -> int:
    content: Any = value.value
    match value.type:
        case "S":
            return len(content.encode())
        case "N":
            return _size_of_number(content)
        case "B":
            return _size_of_bytes(content)
        case "SS":
            return sum(len(each.encode()) for each in content)
        case "NS":
            return sum(map(_size_of_number, content))
        case "BS":
            return sum(map(_size_of_bytes, content))
        case "L":
            return _DOCUMENT + sum(_size(_typed(each)) + _ELEMENT for each in content)
        case "M":
            return _DOCUMENT + sum(len(key.encode()) + _size(_typed(each)) + _ELEMENT for key, each in content.items())
    return 1  # true, false and null


def _typed(value: Any) -> DynamoType:
    return value if isinstance(value, DynamoType) else DynamoType(value)


def _size_of_number(text: str) -> int:
    """A byte for two significant digits, and one more; zeros at the beginning and the end are not significant."""
    digits = str(text).lower().partition("e")[0].lstrip("+-").replace(".", "").strip("0")
    return math.ceil(len(digits) / 2) + 1 + (str(text).startswith("-"))


def _size_of_bytes(text: Any) -> int:
    return len(base64.b64decode(text)) if isinstance(text, str) else len(text)


def read_units(size: int, *, consistent: bool, transactional: bool = False) -> float:
    """What it takes to read *size* bytes; nothing that is found counts as one unit, too."""
    units = max(1, math.ceil(size / READ_UNIT))
    return units * 2.0 if transactional else units * (1.0 if consistent else 0.5)


def write_units(sizes: Iterable[int], transactional: bool = False) -> float:
    """What it takes to write an item which had and has these *sizes*: the larger one counts."""
    units = max(1, math.ceil(max(sizes, default=0) / WRITE_UNIT))
    return units * (2.0 if transactional else 1.0)
