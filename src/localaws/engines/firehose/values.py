"""How JSON values become values of a Glue table's columns.

Sources: "Convert input data format" (firehose/latest/dev/record-format-conversion.html) for the formats of
timestamps and for what the Hive SerDe refuses; the OpenX SerDe's leniencies are its own (github.com/rcongiu).
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pyarrow as pa

from localaws.hive.javadates import strptime_format
from localaws.hive.types import HiveType, parse

_DECIMALS = Context(prec=80)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LENIENT = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})(?: (\d{1,2}):(\d{1,2}):(\d{1,2})(\.\d{1,9})?)?")
_ISO = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z")
#: Below it a number is epoch seconds, from it on epoch milliseconds.
_FIRST_MILLIS = 10**12
#: No integer and no moment has more digits; Python would write out every digit of 1e999999.
_LARGEST_EXPONENT = 20


class Mismatch(ValueError):
    """A value that does not fit its column."""


@dataclass(frozen=True)
class Rules:
    """What a deserializer allows. ``timestamp`` reads a text or a number; ``lenient`` is OpenX's attitude."""

    lenient: bool
    timestamp: Callable[[Any], datetime]


_SCALARS = {
    "boolean": pa.bool_(),
    "tinyint": pa.int8(),
    "smallint": pa.int16(),
    "int": pa.int32(),
    "bigint": pa.int64(),
    "float": pa.float32(),
    "double": pa.float64(),
    "string": pa.string(),
    "varchar": pa.string(),
    "char": pa.string(),
    "binary": pa.binary(),
    "date": pa.date32(),
    "timestamp": pa.timestamp("ns"),
}


def column_type(text: str) -> HiveType:
    """The type that a Glue column's Type says. Raises ValueError for one that Firehose does not convert."""
    try:
        return parse(text)
    except ValueError as error:
        raise ValueError(f"Firehose does not convert the type {text.strip()!r}: {error}") from None


def arrow_type(kind: HiveType) -> pa.DataType:
    """The same for Arrow, which writes Parquet and ORC."""
    match kind.name:
        case "array":
            return pa.list_(arrow_type(kind.parts[0]))
        case "map":
            return pa.map_(*map(arrow_type, kind.parts))
        case "struct":
            return pa.struct(list(zip(kind.fields, map(arrow_type, kind.parts), strict=True)))
        case "decimal":
            return pa.decimal128(*kind.numbers)
    return _SCALARS[kind.name]


def fitted(kind: HiveType, value: Any, rules: Rules) -> Any:
    """*value* (from JSON) for a column of the type *kind*. Raises Mismatch if it does not fit."""
    if value is None:
        return None
    try:
        return _CONVERTERS[kind.name](kind, value, rules)
    except Mismatch:
        raise
    except (ValueError, TypeError, ArithmeticError, RecursionError):
        raise Mismatch(f"{json.dumps(value, default=str)} does not fit the type {kind.name}") from None


def _text(kind: HiveType, value: Any, rules: Rules) -> str:
    if isinstance(value, str):
        value.encode()  # JSON may write half a letter, "\\ud800", which is no text
        return value
    if isinstance(value, (dict, list)) and not rules.lenient:
        raise Mismatch("the Hive JSON SerDe does not turn nested JSON into text")
    return json.dumps(value, separators=(",", ":"), default=str)


def _number_text(value: Any, rules: Rules) -> Any:
    if isinstance(value, bool) or (isinstance(value, str) and not rules.lenient):
        raise Mismatch(f"{json.dumps(value)} is not a number")
    return value


def _integer(kind: HiveType, value: Any, rules: Rules) -> int:
    number = Decimal(str(_number_text(value, rules)))
    limit = 2 ** (_SCALARS[kind.name].bit_width - 1)
    if number.adjusted() > _LARGEST_EXPONENT or number != number.to_integral_value() or not -limit <= number < limit:
        raise Mismatch(f"For input string: {json.dumps(str(value))}")
    return int(number)


def _float(kind: HiveType, value: Any, rules: Rules) -> float:
    number = float(_number_text(value, rules))
    if not math.isfinite(number) or (kind.name == "float" and abs(number) > 3.4028235e38):
        raise Mismatch(f"{value} is out of range for {kind.name}")
    return number


def _decimal(kind: HiveType, value: Any, rules: Rules) -> Decimal:
    number = Decimal(str(_number_text(value, rules)))
    precision, scale = kind.numbers
    if number.is_finite() and number.adjusted() < 38:
        number = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _DECIMALS)
        if abs(number) < Decimal(10) ** (precision - scale):
            return number
    raise Mismatch(f"{value} is out of range for decimal({precision},{scale})")


def _boolean(kind: HiveType, value: Any, rules: Rules) -> bool:
    if isinstance(value, bool):
        return value
    if rules.lenient and isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    raise Mismatch(f"{json.dumps(value, default=str)} is not a boolean")


def _date(kind: HiveType, value: Any, rules: Rules) -> date:
    match = _LENIENT.fullmatch(value)
    if not match:
        raise Mismatch(f"{value!r} is not a date (yyyy-MM-dd)")
    return date(int(match[1]), int(match[2]), int(match[3]))


def _timestamp(kind: HiveType, value: Any, rules: Rules) -> datetime:
    moment = rules.timestamp(value)
    if not 1678 <= moment.year <= 2261:  # what 64 bits of nanoseconds hold
        raise Mismatch(f"{value} is out of range for timestamp")
    return moment.replace(tzinfo=None)


def _array(kind: HiveType, value: Any, rules: Rules) -> list[Any]:
    items = value if isinstance(value, list) else [value]  # OpenX takes a single value for a list of one
    return [fitted(kind.parts[0], item, rules) for item in items]


def _map(kind: HiveType, value: Any, rules: Rules) -> list[tuple[Any, Any]]:
    if not isinstance(value, dict):
        raise Mismatch("a map must be a JSON object")
    return [(fitted(kind.parts[0], key, rules), fitted(kind.parts[1], item, rules)) for key, item in value.items()]


def _struct(kind: HiveType, value: Any, rules: Rules) -> dict[str, Any]:
    if isinstance(value, list):
        value = dict(zip(kind.fields, value, strict=False))
    if not isinstance(value, dict):
        raise Mismatch("a struct must be a JSON object")
    return {field: fitted(part, value.get(field), rules) for field, part in zip(kind.fields, kind.parts, strict=True)}


_CONVERTERS: dict[str, Callable[[HiveType, Any, Rules], Any]] = {
    "boolean": _boolean,
    "tinyint": _integer,
    "smallint": _integer,
    "int": _integer,
    "bigint": _integer,
    "float": _float,
    "double": _float,
    "decimal": _decimal,
    "string": _text,
    "varchar": _text,
    "char": _text,
    "binary": lambda kind, value, rules: _text(kind, value, rules).encode(),
    "date": _date,
    "timestamp": _timestamp,
    "array": _array,
    "map": _map,
    "struct": _struct,
}


def openx_timestamp(value: Any) -> datetime:
    """The formats that the OpenX SerDe reads: ISO 8601 in UTC, SQL's, and epoch seconds or milliseconds."""
    if isinstance(value, str):
        if _ISO.fullmatch(value):
            return datetime.fromisoformat(value)
        if match := _LENIENT.fullmatch(value):
            return _from_parts(match)
    number = Decimal(str(_number_text(value, Rules(True, openx_timestamp))))
    if number.adjusted() > _LARGEST_EXPONENT:
        raise Mismatch(f"{value} is out of range for timestamp")
    if abs(number) >= _FIRST_MILLIS:
        number /= 1000
    return _EPOCH + timedelta(microseconds=int(number * 1_000_000))


def hive_timestamp(formats: list[str]) -> Callable[[Any], datetime]:
    """A reader of the Joda-Time *formats*, or of java.sql.Timestamp's without any.

    Raises ValueError for a format that this lab does not know.
    """
    patterns = [None if format == "millis" else strptime_format(format) for format in formats]

    def read(value: Any) -> datetime:
        if not patterns and isinstance(value, str) and (match := _LENIENT.fullmatch(value)) and match[4]:
            return _from_parts(match)
        for pattern in patterns:
            try:
                if pattern is None:
                    return _EPOCH + timedelta(milliseconds=_milliseconds(value))
                moment = datetime.strptime(value, pattern)
                return moment if moment.tzinfo is None else moment.astimezone(UTC)
            except (ValueError, TypeError, OverflowError):
                continue
        raise Mismatch(f"{json.dumps(value, default=str)} is in none of the timestamp formats")

    return read


def _milliseconds(value: Any) -> int:
    if isinstance(value, Decimal) and value.adjusted() > _LARGEST_EXPONENT:
        raise ValueError(f"{value} is out of range")
    return int(value)


def _from_parts(match: re.Match[str]) -> datetime:
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    return datetime(year, month, day, hour, minute, second, int(f"{(match[7] or '.0')[1:]:0<6}"[:6]))
