"""The operators of ``Condition``.

Sources: IAM user guide, "IAM JSON policy elements: Condition operators" and "Conditions with multiple context keys or
values" (set operators).
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from typing import Literal

from localaws.policies.patterns import Context, arn_fits, filled_in, fits, plain

#: Compares what a request has with what a policy wants; raises ValueError where one of them is no such value.
_Compare = Callable[[str, str], bool]


def _number(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        raise ValueError(text) from None


def _moment(text: str) -> datetime:
    """ISO 8601, or seconds since the epoch."""
    if text.lstrip("-").replace(".", "", 1).isdigit():
        return datetime.fromtimestamp(float(text), UTC)
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error:
        raise ValueError(text) from None


def _in_network(given: str, wanted: str) -> bool:
    return ipaddress.ip_address(given) in ipaddress.ip_network(wanted, strict=False)


_COMPARE: dict[str, _Compare] = {
    "StringEquals": lambda given, wanted: given == plain(wanted),
    "StringEqualsIgnoreCase": lambda given, wanted: given.casefold() == plain(wanted).casefold(),
    "StringLike": fits,
    "NumericEquals": lambda given, wanted: _number(given) == _number(wanted),
    "NumericLessThan": lambda given, wanted: _number(given) < _number(wanted),
    "NumericLessThanEquals": lambda given, wanted: _number(given) <= _number(wanted),
    "NumericGreaterThan": lambda given, wanted: _number(given) > _number(wanted),
    "NumericGreaterThanEquals": lambda given, wanted: _number(given) >= _number(wanted),
    "DateEquals": lambda given, wanted: _moment(given) == _moment(wanted),
    "DateLessThan": lambda given, wanted: _moment(given) < _moment(wanted),
    "DateLessThanEquals": lambda given, wanted: _moment(given) <= _moment(wanted),
    "DateGreaterThan": lambda given, wanted: _moment(given) > _moment(wanted),
    "DateGreaterThanEquals": lambda given, wanted: _moment(given) >= _moment(wanted),
    "Bool": lambda given, wanted: given.lower() == wanted.lower(),
    "BinaryEquals": lambda given, wanted: _bytes(given) == _bytes(wanted),
    "IpAddress": _in_network,
    "ArnEquals": arn_fits,
    "ArnLike": arn_fits,
}
#: An operator that is the opposite of another: StringNotEquals, NotIpAddress.
_OPPOSITE = {
    name.replace(kind, f"{kind}Not", 1) if kind != "Ip" else f"Not{name}": name
    for name in _COMPARE
    for kind in ("String", "Numeric", "Date", "Arn", "Ip")
    if name in (f"{kind}Equals", f"{kind}EqualsIgnoreCase", f"{kind}Like", f"{kind}Address")
}
OPERATORS = frozenset({*_COMPARE, *_OPPOSITE, "Null"})
_QUANTIFIERS = ("ForAllValues", "ForAnyValue")


@dataclass(frozen=True)
class Condition:
    """One key of one operator: ``"StringLike": {"s3:prefix": ["home/", "home/${aws:username}/*"]}``.

    ``quantifier`` says how many of a request's values have to fit, where it may have several.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    quantifier: Literal["", "ForAllValues", "ForAnyValue"] = ""
    if_exists: bool = False

    @classmethod
    def read(cls, operator: str, key: str, values: tuple[str, ...]) -> Condition:
        """As a policy writes it: ``ForAllValues:StringLikeIfExists``. Raises ValueError for what is no operator."""
        quantifier, colon, name = operator.rpartition(":")
        bare = name.removesuffix("IfExists")
        if (colon and quantifier not in _QUANTIFIERS) or bare not in OPERATORS or (bare == "Null" and bare != name):
            raise ValueError(operator)
        return cls(bare, key, values, quantifier, bare != name)  # type: ignore[arg-type]

    def holds(self, context: Context, variables: bool) -> bool:
        """Whether a request with *context* meets it; see `filled_in` for *variables*."""
        given = context.get(self.key, ())
        if self.operator == "Null":
            return any((value.lower() == "true") == (not given) for value in self.values)
        negated = self.operator in _OPPOSITE
        if not given:
            return self.if_exists or self.quantifier == "ForAllValues" or (negated and not self.quantifier)
        wanted = [text for value in self.values if (text := filled_in(value, context, variables)) is not None]
        compare = _COMPARE[_OPPOSITE.get(self.operator, self.operator)]
        fitting = [negated != any(_fits(compare, each, text) for text in wanted) for each in given]
        if self.quantifier == "ForAnyValue" or (not negated and not self.quantifier):
            return any(fitting)
        return all(fitting)


def _fits(compare: _Compare, given: str, wanted: str) -> bool:
    try:
        return compare(given, wanted)
    except (ValueError, ArithmeticError):
        return False
