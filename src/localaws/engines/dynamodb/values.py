"""AttributeValues as they arrive: each has exactly one type, and a number that DynamoDB can hold.

Sources: API reference, AttributeValue; developer guide, "Number" and "Quotas"; the words are those that clients'
suites recorded of DynamoDB.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import Any

from localaws.gateway.errors import AwsError

_ONE_TYPE = "must contain exactly one of the supported datatypes"
_TYPES = {"S", "N", "B", "SS", "NS", "BS", "M", "L", "NULL", "BOOL"}
#: Members that hold a map of names to values, wherever in a request.
_MAPS = ("Key", "Item", "ExclusiveStartKey", "ExpressionAttributeValues")
_MAX_DIGITS = 38
#: Powers of ten between which the magnitude of a number lies (developer guide, "Number").
_SMALLEST, _LARGEST = -130, 125


def check_values(request: dict[str, Any]) -> None:
    """Raise ValidationException for a value in *request* that is of no type, of two, or no number where it says so."""
    for part in _parts(request):
        for member in _MAPS:
            for name, value in (part.get(member) or {}).items():
                fault = _fault(value)
                if fault and member == "ExpressionAttributeValues":
                    fault = f"{member} contains invalid value: {fault} for key {name}"
                if fault:
                    raise AwsError("ValidationException", fault)


def _parts(request: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """*request*, and the requests within it."""
    yield request
    for item in request.get("TransactItems") or []:
        if not item:
            said = "Invalid Request: TransactWriteRequest should contain Delete or Put or Update request"
            raise AwsError("ValidationException", said)
        yield from item.values()
    for table in (request.get("RequestItems") or {}).values():
        if isinstance(table, dict):
            yield from ({"Key": key} for key in table.get("Keys") or [])
            continue
        for write in table:
            if len(write) != 1:  # the words are DynamoDB's
                said = f"Supplied AttributeValue has more than one datatypes set, {_ONE_TYPE}"
                raise AwsError("ValidationException", said)
            yield from write.values()


def _fault(value: dict[str, Any]) -> str | None:
    """What is wrong with *value*; its depth has been checked."""
    if len(value) != 1 or not _TYPES.issuperset(value):
        given = len(_TYPES.intersection(value))
        if given != 1:
            return f"Supplied AttributeValue {'has more than one datatypes set' if given else 'is empty'}, {_ONE_TYPE}"
    kind, content = next((kind, content) for kind, content in value.items() if kind in _TYPES)
    match kind:
        case "N":
            return _number_fault(content)
        case "SS" | "NS" | "BS":
            return _set_fault(kind, content)
        case "L":
            return next(filter(None, map(_fault, content)), None)
        case "M":
            return next(filter(None, map(_fault, content.values())), None)
    return None


def _set_fault(kind: str, members: list[str]) -> str | None:
    if not members:
        said = {"SS": "An string set  may not be empty", "NS": "An number set  may not be empty"}
        return f"One or more parameter values were invalid: {said.get(kind, 'Binary sets should not be empty')}"
    if kind == "NS" and (fault := next(filter(None, map(_number_fault, members)), None)):
        return fault
    distinct = {Decimal(member) for member in members} if kind == "NS" else set(members)
    if len(distinct) < len(members):
        shown = "of type BS" if kind == "BS" else f"[{', '.join(members)}]"
        return f"One or more parameter values were invalid: Input collection {shown} contains duplicates."
    return None


def _number_fault(text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not text.isascii() or "_" in text:
        return f"The parameter cannot be converted to a numeric value: {text}"
    if not number:
        return None
    if len("".join(map(str, number.as_tuple().digits)).strip("0")) > _MAX_DIGITS:
        return f"Attempting to store more than {_MAX_DIGITS} significant digits in a Number"
    if number.adjusted() > _LARGEST:
        return "Number overflow. Attempting to store a number with magnitude larger than supported range"
    if number.adjusted() < _SMALLEST:
        return "Number underflow. Attempting to store a number with magnitude smaller than supported range"
    return None
