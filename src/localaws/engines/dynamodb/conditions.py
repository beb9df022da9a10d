"""Conditions on an item, and what DynamoDB checks of them before it reads anything.

Condition expressions, filters and PartiQL's WHERE are three spellings of the same conditions. A comparison with an
attribute that is missing, or of another type, is false; only ``<>`` is then true.

Source: DynamoDB developer guide, "Condition and filter expressions, operators, and functions".
"""

from __future__ import annotations

import base64
import operator
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Protocol

from moto.dynamodb.models.dynamo_type import DynamoType

Attributes = Mapping[str, DynamoType]
#: What `<`, BETWEEN and their like can order.
ORDERED_TYPES = {"S", "N", "B"}
TYPES = ("B", "NULL", "SS", "BOOL", "L", "BS", "N", "NS", "S", "M")
_ORDER: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class ConditionError(ValueError):
    """The condition cannot be asked of any item."""


class Operand(Protocol):
    def resolve(self, attributes: Attributes) -> DynamoType | None:
        """The operand's value in an item; None where the item has none."""
        ...


class Condition(Protocol):
    def holds(self, attributes: Attributes) -> bool: ...


@dataclass(frozen=True)
class Path:
    """An attribute or a place in a document: ``("a", "b", 0)`` for ``a.b[0]``."""

    parts: tuple[str | int, ...]

    def resolve(self, attributes: Attributes) -> DynamoType | None:
        found = attributes.get(str(self.parts[0]))
        for part in self.parts[1:]:
            found = found.child_attr(part) if found is not None else None
        return found

    def __str__(self) -> str:
        return "[" + ", ".join(f"[{part}]" if isinstance(part, int) else part for part in self.parts) + "]"


@dataclass(frozen=True)
class Literal:
    """A value that the request brought."""

    value: DynamoType

    def resolve(self, attributes: Attributes) -> DynamoType:
        return self.value


@dataclass(frozen=True)
class Size:
    """``size(path)``: characters, bytes or elements; a number has none."""

    path: Path

    def resolve(self, attributes: Attributes) -> DynamoType | None:
        found = self.path.resolve(attributes)
        if found is None or found.type in ("N", "BOOL", "NULL"):
            return None
        return DynamoType({"N": str(len(_plain(found)[1]))})


@dataclass(frozen=True)
class Comparison:
    operator: str
    left: Operand
    right: Operand

    def __post_init__(self) -> None:
        if isinstance(self.left, Path) and self.left == self.right:
            raise ConditionError(
                "The first operand must be distinct from the remaining operands for this operator or function; "
                f"operator: {self.operator}, first operand: {self.left}"
            )
        if self.operator in _ORDER:
            _check_types(f"operator: {self.operator}", ORDERED_TYPES, self.left, self.right)

    def holds(self, attributes: Attributes) -> bool:
        left, right = self.left.resolve(attributes), self.right.resolve(attributes)
        if self.operator in ("=", "<>"):
            same = left is not None and right is not None and _plain(left) == _plain(right)
            return same == (self.operator == "=")
        if left is None or right is None or left.type != right.type or left.type not in ORDERED_TYPES:
            return False
        return _ORDER[self.operator](_plain(left)[1], _plain(right)[1])


@dataclass(frozen=True)
class Between:
    operand: Operand
    low: Operand
    high: Operand

    def __post_init__(self) -> None:
        _check_types("operator: BETWEEN", ORDERED_TYPES, self.operand, self.low, self.high)
        if not isinstance(self.low, Literal) or not isinstance(self.high, Literal):
            return
        low, high = self.low.value, self.high.value
        shown = (
            f"lower bound operand: AttributeValue: {_shown(low)}, upper bound operand: AttributeValue: {_shown(high)}"
        )
        if low.type != high.type:
            raise ConditionError(f"The BETWEEN operator requires same data type for lower and upper bounds; {shown}")
        if _plain(low)[1] > _plain(high)[1]:
            raise ConditionError(
                f"The BETWEEN operator requires upper bound to be greater than or equal to lower bound; {shown}"
            )

    def holds(self, attributes: Attributes) -> bool:
        return Comparison(">=", self.operand, self.low).holds(attributes) and Comparison(
            "<=", self.operand, self.high
        ).holds(attributes)


@dataclass(frozen=True)
class In:
    operand: Operand
    options: Sequence[Operand]

    def holds(self, attributes: Attributes) -> bool:
        found = self.operand.resolve(attributes)
        values = (option.resolve(attributes) for option in self.options)
        return found is not None and any(value is not None and _plain(value) == _plain(found) for value in values)


@dataclass(frozen=True)
class Exists:
    """``attribute_exists(path)``, PartiQL's ``path IS NOT MISSING``."""

    path: Path

    def holds(self, attributes: Attributes) -> bool:
        return self.path.resolve(attributes) is not None


@dataclass(frozen=True)
class HasType:
    path: Operand
    type: Operand

    def __post_init__(self) -> None:
        _check_types("operator or function: attribute_type", {"S"}, self.type)
        if isinstance(self.type, Literal) and self.type.value.value not in TYPES:
            valid = ",".join(TYPES)
            raise ConditionError(
                f"Invalid attribute type name found; type: {self.type.value.value}, valid types: {{{valid}}}"
            )

    def holds(self, attributes: Attributes) -> bool:
        found, wanted = self.path.resolve(attributes), self.type.resolve(attributes)
        return found is not None and wanted is not None and found.type == wanted.value


@dataclass(frozen=True)
class BeginsWith:
    operand: Operand
    prefix: Operand

    def __post_init__(self) -> None:
        _check_types("operator or function: begins_with", {"S", "B"}, self.operand, self.prefix)

    def holds(self, attributes: Attributes) -> bool:
        found, prefix = self.operand.resolve(attributes), self.prefix.resolve(attributes)
        if found is None or prefix is None or found.type != prefix.type or found.type not in ("S", "B"):
            return False
        return bool(_plain(found)[1].startswith(_plain(prefix)[1]))


@dataclass(frozen=True)
class Contains:
    """A text in a text, or an element in a set or list."""

    operand: Operand
    part: Operand

    def holds(self, attributes: Attributes) -> bool:
        found, part = self.operand.resolve(attributes), self.part.resolve(attributes)
        if found is None or part is None:
            return False
        if found.type in ("S", "B"):
            return found.type == part.type and _plain(part)[1] in _plain(found)[1]
        if found.type in ("SS", "NS", "BS"):
            return found.type[0] == part.type and _plain(part)[1] in _plain(found)[1]
        return found.type == "L" and _plain(part) in _plain(found)[1]


@dataclass(frozen=True)
class Not:
    condition: Condition

    def holds(self, attributes: Attributes) -> bool:
        return not self.condition.holds(attributes)


@dataclass(frozen=True)
class All:
    """AND; without parts it holds always."""

    parts: Sequence[Condition]

    def holds(self, attributes: Attributes) -> bool:
        return all(part.holds(attributes) for part in self.parts)


@dataclass(frozen=True)
class Any_:
    """OR."""

    parts: Sequence[Condition]

    def holds(self, attributes: Attributes) -> bool:
        return any(part.holds(attributes) for part in self.parts)


def function(name: str, operands: Sequence[Operand]) -> Condition | Size:
    """The condition (or size) that the function *name* makes of *operands*; ConditionError if it cannot."""
    known: dict[str, tuple[int, Callable[..., Condition | Size]]] = {
        "attribute_exists": (1, Exists),
        "attribute_not_exists": (1, lambda path: Not(Exists(path))),
        "attribute_type": (2, HasType),
        "begins_with": (2, BeginsWith),
        "contains": (2, Contains),
        "size": (1, Size),
    }
    if name not in known:
        raise ConditionError(f"Invalid function name; function: {name}")
    count, make = known[name]
    if len(operands) != count:
        raise ConditionError(
            "Incorrect number of operands for operator or function; "
            f"operator or function: {name}, number of operands: {len(operands)}"
        )
    if count == 1 and not isinstance(operands[0], Path):
        raise ConditionError(f"Operator or function requires a document path; operator or function: {name}")
    return make(*operands)


def _check_types(where: str, allowed: set[str], *operands: Operand) -> None:
    for operand in operands:
        if isinstance(operand, Literal) and operand.value.type not in allowed:
            raise ConditionError(
                f"Incorrect operand type for operator or function; {where}, operand type: {operand.value.type}"
            )


def _shown(value: DynamoType) -> str:
    return f"{{{value.type}:{value.value}}}"


def _plain(value: DynamoType) -> tuple[str, Any]:
    """A value as its type and something that equals, orders, holds and counts as DynamoDB has it."""
    kind, content = value.type, value.value
    if kind == "N":
        return kind, Decimal(content)
    if kind == "B":
        return kind, _bytes(content)
    if kind in ("SS", "NS", "BS"):
        return kind, {_plain(DynamoType({kind[0]: each}))[1] for each in content}
    if kind == "L":
        return kind, [_plain(each) for each in content]
    if kind == "M":
        return kind, {name: _plain(each) for name, each in content.items()}
    return kind, content


def _bytes(content: str | bytes) -> bytes:
    """moto keeps what came by JSON in base64."""
    return content if isinstance(content, bytes) else base64.b64decode(content)
