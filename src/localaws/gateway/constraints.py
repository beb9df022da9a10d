"""An input shape of botocore's model as a function that finds the faults of a value.

Each shape is compiled once, at the first call of its operation, so that a small request costs a few microseconds.
The words are those of AWS's services ("Member must …"), as their answers show them.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
import re._constants as syntax
import re._parser as parser
import warnings
from collections.abc import Callable, Container, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from typing import Any

from botocore.model import ListShape, MapShape, Shape, StringShape, StructureShape

#: Deeper than any request that is meant: what recurses over a request is safe below it.
MAX_DEPTH = 64
#: A longer text is not matched against a pattern; the length that its shape allows is checked all the same.
MAX_MATCHED = 4096
#: How much of a wrong value an error repeats.
MAX_SHOWN = 2048
#: How a fault of an ARN's form begins.
NOT_AN_ARN = "An ARN must have at least 6 elements"
#: Members that structures need in every service that has them, though not every model says so.
_NEEDED = {
    "Filter": ("Key",),
    "MaintenanceWindowFilter": ("Key",),
    "MetadataKeyValuePair": ("MetadataKey", "MetadataValue"),
    "ReplicaRegionType": ("Region",),
    "SecurityGroupRuleUpdate": ("SecurityGroupRule",),
    "Tag": ("Key", "key"),
}
_BITS = {"integer": 31, "long": 63}
#: Seconds from 1970 to the years 1 and 9999.
_FIRST_SECOND, _LAST_SECOND = -62_135_596_800, 253_402_300_799


@dataclass(frozen=True)
class Fault:
    """A constraint that the value at the path *where* does not meet; *shown* is None where it is not repeated."""

    where: str
    constraint: str
    shown: str | None = None
    missing: bool = False

    def __str__(self) -> str:
        value = "Value null" if self.missing else "Value" if self.shown is None else f"Value '{self.shown}'"
        return f"{value} at '{self.where}' failed to satisfy constraint: {self.constraint}"


class WrongTypeError(Exception):
    """A value that is not of its shape's type, at the path *where*."""

    def __init__(self, where: str, message: str, value: Any = None) -> None:
        super().__init__(message)
        self.where = where
        self.value = value


Check = Callable[[Any, str, list[Fault]], None]
#: Says whether a shape's enum is checked.
Closed = Callable[[Shape], bool]
#: Says whether a member takes an ARN and nothing else.
OnlyArn = Callable[[str], bool]


class Compiler:
    """Makes checks of shapes; *text* for protocols whose numbers and booleans arrive as texts (query, XML, URLs)."""

    def __init__(self, closed: Closed, never_null: Container[str], text: bool, only_arn: OnlyArn) -> None:
        self._closed = closed
        self._never_null = never_null
        self._text = text
        self._only_arn = only_arn
        self._checks: dict[str, Check] = {}

    def check_of(self, shape: Shape) -> Check:
        """The check of *shape*; a shape that contains itself gets one that looks itself up."""
        check = self._checks.get(shape.name)
        if check is None:
            self._checks[shape.name] = lambda value, where, faults: self._checks[shape.name](value, where, faults)
            check = self._checks[shape.name] = self._compile(shape)
        return check

    def _compile(self, shape: Shape) -> Check:
        if isinstance(shape, StructureShape):
            if shape.is_document_type:
                return _anything
            return self.structure(shape.members, _required(shape), shape.is_tagged_union)
        if isinstance(shape, ListShape):
            return self._list(shape)
        if isinstance(shape, MapShape):
            return self._map(shape)
        return _scalar(shape, _reader(shape, self._text), self._constraints(shape))

    def structure(self, shapes: Mapping[str, Shape], needed: list[str], union: bool) -> Check:
        """The check of a structure with these members; of a *union*'s members exactly one is set."""
        members, required = {}, {}
        for name, member in shapes.items():
            wire_name = name if self._text else member.serialization.get("name", name)
            is_arn = isinstance(member, StringShape) and self._only_arn(name)
            members[wire_name] = _lower(name), _arn(self.check_of(member)) if is_arn else self.check_of(member)
            if name in needed:
                required[wire_name] = _lower(name)

        def check(value: Any, where: str, faults: list[Fault]) -> None:
            if type(value) is not dict:
                raise _expected("structure or map", value, where)
            prefix = where and where + "."
            if where.count(".") > MAX_DEPTH:
                raise WrongTypeError(where, f"The request is nested more than {MAX_DEPTH} levels deep")
            given = 0
            for name, item in value.items():
                if name in members and item is not None:
                    given += 1
                    path, member_check = members[name]
                    member_check(item, prefix + path, faults)
            for name, path in required.items():
                if value.get(name) is None:
                    faults.append(Fault(prefix + path, "Member must not be null", missing=True))
            if union and given != 1:
                faults.append(Fault(where, "Member must have exactly one of its members set"))

        return check

    def _list(self, shape: ListShape) -> Check:
        limits = _length_limits(shape)
        constraints = self._stated(shape.member)
        check_item = self.check_of(shape.member)
        nested = _is_nested(shape.member)

        def check(value: Any, where: str, faults: list[Fault]) -> None:
            if type(value) is not list:
                raise _expected("list", value, where)
            _check_limits(limits, value, where, faults)
            for index, item in enumerate(value, 1):
                if item is None:
                    faults.append(Fault(where, "Member must satisfy constraint: [Member must not be null]"))
                elif nested:
                    check_item(item, f"{where}.{index}.member", faults)
                else:
                    _check_within(check_item, item, where, faults, value, "Member must satisfy", constraints)

        return check

    def _map(self, shape: MapShape) -> Check:
        limits = _length_limits(shape)
        check_key, check_value = self.check_of(shape.key), self.check_of(shape.value)
        key_constraints, value_constraints = self._stated(shape.key), self._stated(shape.value)
        nested = _is_nested(shape.value)

        def check(value: Any, where: str, faults: list[Fault]) -> None:
            if type(value) is not dict:
                raise _expected("structure or map", value, where)
            _check_limits(limits, value, where, faults)
            for key, item in value.items():
                _check_within(check_key, key, where, faults, value, "Map keys must satisfy", key_constraints)
                if item is None:
                    faults.append(Fault(where, "Map value must satisfy constraint: [Member must not be null]"))
                elif nested:
                    check_value(item, f"{where}.{key}.member", faults)
                else:
                    _check_within(check_value, item, where, faults, value, "Map value must satisfy", value_constraints)

        return check

    def _stated(self, shape: Shape) -> str:
        """All the constraints of an item, as AWS lists them when one is not met."""
        words = [constraint for constraint, _ in self._constraints(shape)]
        return ", ".join(words + ["Member must not be null"] * (shape.name in self._never_null))

    def _constraints(self, shape: Shape) -> list[tuple[str, Callable[[Any], bool]]]:
        """What a scalar of *shape* must meet: AWS's words for it, and the test."""
        limits = shape.metadata
        word = "value" if shape.type_name in ("integer", "long", "float", "double") else "length"
        measure: Callable[[Any], Any] = len if word == "length" else lambda value: value
        found: list[tuple[str, Callable[[Any], bool]]] = []
        if _is_nested(shape):
            return found
        if (most := limits.get("max")) is not None:
            found.append((f"Member must have {word} less than or equal to {most}", lambda v: measure(v) <= most))
        if (least := limits.get("min")) is not None:
            found.append((f"Member must have {word} greater than or equal to {least}", lambda v: measure(v) >= least))
        if pattern := limits.get("pattern"):
            matches = _matcher(pattern)
            if matches:
                found.append((f"Member must satisfy regular expression pattern: {pattern}", matches))
        if isinstance(shape, StringShape) and shape.enum and self._closed(shape):
            found.append(
                (f"Member must satisfy enum value set: [{', '.join(shape.enum)}]", set(shape.enum).__contains__)
            )
        return found


def _required(shape: StructureShape) -> list[str]:
    """The members that *shape* needs, whether or not the model says so."""
    return [*shape.required_members, *(name for name in _NEEDED.get(shape.name, ()) if name in shape.members)]


def _arn(check: Check) -> Check:
    """*check* for a text that has the form of an ARN too."""

    def check_arn(value: Any, where: str, faults: list[Fault]) -> None:
        check(value, where, faults)
        elements = value.count(":") + 1
        if elements < 6:
            faults.append(Fault(where, f"{NOT_AN_ARN}, not {elements}", show(value)))

    return check_arn


def _anything(value: Any, where: str, faults: list[Fault]) -> None:
    """A document: any JSON."""


def _scalar(shape: Shape, read: Callable[[Any], Any], constraints: list[tuple[str, Callable[[Any], bool]]]) -> Check:
    shows = shape.type_name != "blob" and not shape.metadata.get("sensitive")

    def check(value: Any, where: str, faults: list[Fault]) -> None:
        try:
            meant = read(value)
        except (ValueError, OverflowError):
            raise _not_convertible(value, shape.type_name, where) from None
        for constraint, holds in constraints:
            if not holds(meant):
                faults.append(Fault(where, constraint, show(value) if shows else None))

    return check


def _check_within(
    check: Check, item: Any, where: str, faults: list[Fault], whole: Any, words: str, stated: str
) -> None:
    """Check an item of a list or map; its fault is told as one of the whole, as AWS does, and once."""
    found: list[Fault] = []
    check(item, where, found)
    if found:
        fault = Fault(where, f"{words} constraint: [{stated}]", found[0].shown and show(whole))
        if fault not in faults[-1:]:
            faults.append(fault)


def _length_limits(shape: Shape) -> list[tuple[str, Callable[[int], bool]]]:
    found: list[tuple[str, Callable[[int], bool]]] = []
    if (most := shape.metadata.get("max")) is not None:
        found.append((f"Member must have length less than or equal to {most}", lambda length: length <= most))
    if (least := shape.metadata.get("min")) is not None:
        found.append((f"Member must have length greater than or equal to {least}", lambda length: length >= least))
    return found


def _check_limits(limits: list[tuple[str, Callable[[int], bool]]], value: Any, where: str, faults: list[Fault]) -> None:
    for constraint, holds in limits:
        if not holds(len(value)):
            faults.append(Fault(where, constraint, show(value)))


def _reader(shape: Shape, text: bool) -> Callable[[Any], Any]:
    """What turns a value as it arrives into one that can be measured; raises ValueError for another type."""
    kind = shape.type_name
    if kind in _BITS:
        limit = 1 << _BITS[kind]
        return (lambda value: _integer_of_text(value, limit)) if text else (lambda value: _integer(value, limit))
    if kind in ("float", "double"):
        return _number_of_text if text else _number
    if kind == "boolean":
        return _boolean_of_text if text else _boolean
    if kind == "timestamp":
        return _moment_of_text if text else _moment
    return _blob if kind == "blob" else _string


def _string(value: Any) -> str:
    if type(value) is not str:
        raise ValueError
    return value


def _blob(value: Any) -> bytes:
    try:
        return base64.b64decode(_string(value), validate=True)
    except binascii.Error:
        raise ValueError from None


def _boolean(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError
    return value


def _boolean_of_text(value: Any) -> bool:
    if _string(value).lower() not in ("true", "false"):
        raise ValueError
    return value.lower() == "true"


def _integer(value: Any, limit: int) -> int:
    if type(value) is not int or not -limit <= value < limit:
        raise ValueError
    return value


def _integer_of_text(value: Any, limit: int) -> int:
    if not re.fullmatch(r"[+-]?[0-9]{1,19}", _string(value)):
        raise ValueError
    return _integer(int(value), limit)


def _number(value: Any) -> float:
    if value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if type(value) not in (int, float) or not math.isfinite(value):
        raise ValueError
    return float(value)


def _number_of_text(value: Any) -> float:
    if not _string(value).isascii() or "_" in value:
        raise ValueError
    return float(value)


def _moment(value: Any) -> float:
    if type(value) is str:
        return _moment_of_text(value)
    if type(value) not in (int, float) or not _FIRST_SECOND <= value <= _LAST_SECOND:
        raise ValueError
    return float(value)


def _moment_of_text(value: Any) -> float:
    """Seconds since 1970 of a number, an ISO 8601 moment or an HTTP date."""
    if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,9})?", _string(value)):
        return _moment(float(value))
    if value[:1].isalpha():
        return _moment(parsedate_to_datetime(value).timestamp())
    return _moment(datetime.fromisoformat(value).timestamp())


def _matcher(pattern: str) -> Callable[[str], bool] | None:
    """Whether a text matches *pattern* as a whole; None for a pattern that Python cannot read or that might not end.

    AWS's patterns are Java's and ECMAScript's. A repetition within a repetition may take exponential time.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if _repeats_within_repetition(parser.parse(pattern)):
                return None
            full_match = re.compile(pattern).fullmatch
    except re.error:
        return None
    return lambda text: len(text) > MAX_MATCHED or full_match(text) is not None


def _repeats_within_repetition(items: Iterable[Any], within: bool = False) -> bool:
    for operator, argument in items:
        if operator in (syntax.MAX_REPEAT, syntax.MIN_REPEAT):
            _, most, repeated = argument
            many = most > 16
            if (many and within) or _repeats_within_repetition(repeated, within or many):
                return True
        parts = {
            syntax.SUBPATTERN: lambda argument: [argument[3]],
            syntax.BRANCH: lambda argument: argument[1],
            syntax.ASSERT: lambda argument: [argument[1]],
            syntax.ASSERT_NOT: lambda argument: [argument[1]],
        }.get(operator, lambda argument: [])
        if any(_repeats_within_repetition(part, within) for part in parts(argument)):
            return True
    return False


def _is_nested(shape: Shape) -> bool:
    return isinstance(shape, (StructureShape, ListShape, MapShape))


def show(value: Any) -> str | None:
    """*value* as AWS repeats it, or None for what has structures in it."""
    if isinstance(value, (dict, list)):
        if any(isinstance(item, (dict, list)) for item in (value.values() if isinstance(value, dict) else value)):
            return None
        if isinstance(value, dict):
            text = "{" + ", ".join(f"{key}={item}" for key, item in value.items()) + "}"
        else:
            text = "[" + ", ".join(map(str, value)) + "]"
    else:
        text = str(value).lower() if isinstance(value, bool) else str(value)
    return text if len(text) <= MAX_SHOWN else text[:MAX_SHOWN] + "…"


def _expected(wanted: str, value: Any, where: str) -> WrongTypeError:
    if isinstance(value, list):
        return WrongTypeError(where, "Start of list found where not expected", value)
    if isinstance(value, dict):
        return WrongTypeError(where, "Start of structure or map found where not expected.", value)
    return WrongTypeError(where, f"Expected {wanted} or null: {_token(value)} at '{where}'", value)


def _not_convertible(value: Any, kind: str, where: str) -> WrongTypeError:
    if isinstance(value, (dict, list)):
        return _expected(kind, value, where)
    article = "an" if kind[0] in "aeiou" else "a"
    return WrongTypeError(where, f"{_token(value)} at '{where}' can not be converted to {article} {kind}", value)


def _token(value: Any) -> str:
    if isinstance(value, bool):
        return f"{str(value).upper()}_VALUE"
    return "STRING_VALUE" if isinstance(value, str) else "NUMBER_VALUE"


def _lower(name: str) -> str:
    return name[:1].lower() + name[1:]
