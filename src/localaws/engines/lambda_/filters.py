"""Filter criteria of event source mappings: patterns that a record must meet to reach the function.

Source: Lambda developer guide, "Control which events Lambda sends to your function" (syntax, rules and the table of
comparison operators).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterable
from typing import Any

from moto.awslambda.exceptions import InvalidParameterValueException

#: Quotas of the same page.
MOST_FILTERS = 10
LONGEST_PATTERN = 4096
_MISSING = object()
_OPERATORS = {"prefix", "suffix", "anything-but", "numeric", "exists", "equals-ignore-case"}
_COMPARISONS = {
    "=": lambda value, limit: value == limit,
    "<": lambda value, limit: value < limit,
    "<=": lambda value, limit: value <= limit,
    ">": lambda value, limit: value > limit,
    ">=": lambda value, limit: value >= limit,
}


class Filters:
    """A mapping's patterns; a record passes if it meets any, or if there are none."""

    def __init__(self, criteria: dict[str, Any] | None) -> None:
        """*criteria* as the API has it. Raises InvalidParameterValueException for a pattern that is none."""
        given = (criteria or {}).get("Filters") or []
        if len(given) > MOST_FILTERS:
            raise InvalidParameterValueException(f"A mapping can have {MOST_FILTERS} filters, not {len(given)}.")
        self._patterns = [_parse(item.get("Pattern", "{}")) for item in given]

    def passes(self, record: dict[str, Any]) -> bool:
        """Whether the event *record* reaches the function."""
        return not self._patterns or any(_record_matches(pattern, record) for pattern in self._patterns)


def _parse(text: str) -> dict[str, Any]:
    if len(text) > LONGEST_PATTERN:
        raise _invalid(f"it is longer than {LONGEST_PATTERN} characters")
    try:
        pattern = json.loads(text)
    except ValueError as error:
        raise _invalid(f"it is not JSON: {error}") from None
    if not isinstance(pattern, dict):
        raise _invalid("it is not an object")
    _check(pattern)
    return pattern


def _check(pattern: dict[str, Any]) -> None:
    for name, rule in pattern.items():
        if name == "$or" and isinstance(rule, list):
            for alternative in rule:
                if not isinstance(alternative, dict):
                    raise _invalid("$or takes objects")
                _check(alternative)
        elif isinstance(rule, dict):
            _check(rule)
        elif not isinstance(rule, list) or not rule:
            raise _invalid(f"{name!r} must have a list of values or an object")
        else:
            for condition in rule:
                if isinstance(condition, dict) and not (len(condition) == 1 and condition.keys() <= _OPERATORS):
                    raise _invalid(f"{condition} is no comparison")


def _invalid(reason: str) -> InvalidParameterValueException:
    return InvalidParameterValueException(f"Invalid filter pattern definition: {reason}.")


def _record_matches(pattern: dict[str, Any], record: dict[str, Any]) -> bool:
    """Kinesis data and SQS bodies are compared as JSON with an object, as text with a list."""
    view = {**record, **record.get("kinesis", {})}
    for name in ("data", "body"):
        if name not in view or name not in pattern:
            continue
        try:
            text = base64.b64decode(view[name]).decode() if name == "data" else view[name]
            view[name] = json.loads(text) if isinstance(pattern[name], dict) else text
        except ValueError:
            return False
    return _matches(pattern, view)


def _matches(pattern: dict[str, Any], value: Any) -> bool:
    for name, rule in pattern.items():
        if name == "$or" and isinstance(rule, list):
            if not any(_matches(alternative, value) for alternative in rule):
                return False
            continue
        found = value.get(name, _MISSING) if isinstance(value, dict) else _MISSING
        if isinstance(rule, dict):
            if not _matches(rule, found):
                return False
        elif not any(_meets(condition, each) for condition in rule for each in _each(found)):
            return False
    return True


def _each(found: Any) -> Iterable[Any]:
    """A list meets a condition if any of its members does."""
    return found if isinstance(found, list) and found else [found]


def _meets(condition: Any, value: Any) -> bool:
    if not isinstance(condition, dict):
        return (type(condition) is type(value) and condition == value) or _same_number(condition, value)
    ((operator, operand),) = condition.items()
    if operator == "exists":
        return (value is not _MISSING) == operand
    if value is _MISSING:
        return False
    if operator == "anything-but":
        excluded = operand if isinstance(operand, list) else [operand]
        return not any(_meets(each, value) for each in excluded)
    if operator == "numeric":
        pairs = zip(operand[::2], operand[1::2], strict=True)
        return _is_number(value) and all(_COMPARISONS[sign](value, limit) for sign, limit in pairs)
    if not isinstance(value, str):
        return False
    if operator == "prefix":
        return value.startswith(operand)
    if operator == "suffix":
        return value.endswith(operand)
    return value.lower() == operand.lower()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _same_number(condition: Any, value: Any) -> bool:
    return _is_number(condition) and _is_number(value) and condition == value
