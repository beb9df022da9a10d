"""Texts of PostgreSQL as values of Parquet, column by column; what Parquet has no value for is told, row by row.

    to_array(["2013-01-01", "infinity"], date32) → [2013-01-01, null], {1: "date32[day] has no value for infinity"}

Sources: DMS user guide, "Source data types for PostgreSQL" and "Using Amazon S3 as a target", ParquetTimestampIn-
Millisecond; PostgreSQL, "Date/Time Types": years beyond 9999 and before our era, infinity.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_MOMENT = re.compile(r"(\d{4,})-(\d\d)-(\d\d)(?: (\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?)?( BC)?")
_DAY = 86_400_000_000  # microseconds
_LEAST, _MOST = -(1 << 63) + 1, (1 << 63) - 1
#: What always fits into the 128 bits of a decimal.
_DIGITS = 38
#: More digits than a numeric of PostgreSQL has.
_EXACT = Context(prec=150_000)


def to_array(texts: pa.Array, wanted: pa.DataType) -> tuple[pa.Array, dict[int, str]]:
    """*texts* (an array of strings) as *wanted*, and why rows, by index, have a null in place of their value."""
    if pa.types.is_string(wanted):
        return texts, {}
    try:
        return _cast(texts, wanted), {}
    except pa.ArrowInvalid:  # a value that Arrow does not read, or Parquet does not have: look at each
        return _one_by_one(texts, wanted)


def _cast(texts: pa.Array, wanted: pa.DataType) -> pa.Array:
    if wanted == pa.timestamp("ms"):
        return pc.floor_temporal(pc.cast(texts, pa.timestamp("us")), unit="millisecond").cast(wanted)
    if pa.types.is_decimal(wanted) and (pc.max(pc.utf8_length(texts)).as_py() or 0) > _DIGITS:
        raise pa.ArrowInvalid("Arrow cuts longer numbers to 128 bits without a word: 1 and 130 zeros is 0")
    return pc.cast(texts, wanted)


def _one_by_one(texts: pa.Array, wanted: pa.DataType) -> tuple[pa.Array, dict[int, str]]:
    read, stored = _reader(wanted)
    values: list[Any] = []
    faults: dict[int, str] = {}
    for index, text in enumerate(texts.to_pylist()):
        try:
            values.append(None if text is None else read(text))
        except (ValueError, ArithmeticError):
            values.append(None)
            faults[index] = f"{wanted} has no value for {text[:100]}"
    array = pa.array(values, stored)
    return (array if stored == wanted else array.cast(wanted)), faults


def _reader(wanted: pa.DataType) -> tuple[Callable[[str], Any], pa.DataType]:
    """What reads one text, raising ValueError or ArithmeticError, and the type that holds what it returns."""
    if pa.types.is_timestamp(wanted):
        divisor = 1000 if wanted.unit == "ms" else 1
        return lambda text: _within(_microseconds(text) // divisor, _LEAST, _MOST), pa.int64()
    if pa.types.is_date32(wanted):
        return lambda text: _within(_microseconds(text) // _DAY, -(1 << 31), (1 << 31) - 1), pa.int32()
    if pa.types.is_decimal(wanted):
        return lambda text: _decimal(text, wanted.precision, wanted.scale), wanted
    if pa.types.is_floating(wanted):
        return float, wanted
    low, high = -(1 << wanted.bit_width - 1), (1 << wanted.bit_width - 1) - 1
    return lambda text: _within(int(text), low, high), wanted


def _within(number: int, low: int, high: int) -> int:
    if not low <= number <= high:
        raise ValueError(f"{number} is out of range")
    return number


def _microseconds(text: str) -> int:
    """Microseconds since 1970 of a date or a moment in UTC, by the Gregorian calendar without end."""
    match = _MOMENT.fullmatch(text)
    if match is None:
        raise ValueError(f"{text} is no moment")
    year, month, day, hour, minute, second = (int(part or 0) for part in match.groups()[:6])
    if match[8]:
        year = 1 - year  # the year before 1 is 1 BC
    fraction = int((match[7] or "").ljust(6, "0"))
    seconds = (_days(year, month, day) * 24 + hour) * 3600 + minute * 60 + second
    return seconds * 1_000_000 + fraction


def _days(year: int, month: int, day: int) -> int:
    """Days since 1970-01-01; years begin in March here, so that the leap day is a year's last."""
    if month <= 2:
        year, month = year - 1, month + 12
    return 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719_469


def _decimal(text: str, precision: int, scale: int) -> Decimal:
    number = Decimal(text)
    if not number.is_finite():
        raise ValueError(f"{text} is not finite")
    rounded = number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)
    if rounded and rounded.adjusted() >= precision - scale:
        raise ValueError(f"{text} has too many digits")
    return rounded
