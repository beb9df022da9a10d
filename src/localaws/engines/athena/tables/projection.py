"""Partition projection: partitions worked out from a table's properties instead of kept in the catalog.

Source: "Use partition projection with Amazon Athena" (athena/latest/ug/partition-projection.html).
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TypeVar

from sqlglot import exp

from localaws.hive.javadates import strptime_format, writer
from localaws.lake.catalog import Column, Partition, Table
from localaws.lake.errors import QueryFailure

#: Trino's hive.max-partitions-per-scan.
_MOST = 1_000_000
#: What all values, or all locations, may be together: this lab's memory.
_MOST_LETTERS = 1 << 28
_MOST_DIGITS = 100
_BIGINT = 1 << 63
T = TypeVar("T")
_NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*(\w+))?", re.IGNORECASE)
_UNITS = {
    "MILLISECONDS": timedelta(milliseconds=1),
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "DAYS": timedelta(days=1),
    "WEEKS": timedelta(weeks=1),
}
#: Formats of dates that are sorted as texts as they are in time.
_SORTED = re.compile(r"y{4}(\W*MM(\W*dd(\W*'?T?'?HH(\W*mm(\W*ss)?)?)?)?)?\W*")
_MONTHS = {"MONTHS": 1, "YEARS": 12}


def enabled(table: Table) -> bool:
    return table.parameters.get("projection.enabled", "").lower() == "true"


def partitions(table: Table, wanted: list[exp.Expr], now: datetime, check: Callable[[], None]) -> list[Partition]:
    """The partitions that the properties describe; *wanted* conditions narrow each key's values by itself.

    *check* is called again and again, to raise QueryCancelled. Raises QueryFailure for properties that make no sense,
    and for more partitions than Trino reads (hive.max-partitions-per-scan).
    """
    values = []
    for key in table.keys:
        settings = _Settings(table, key)
        values.append(_few(table, _checked(_values(settings, wanted, now), check), lambda value: len(value)))
    if math.prod(map(len, values)) > _MOST:
        raise _too_many(table)
    made = (Partition(chosen, _location(table, chosen)) for chosen in itertools.product(*values))
    return _few(table, _checked(made, check), lambda partition: len(partition.location))


def _few(table: Table, found: Iterator[T], letters: Callable[[T], int]) -> list[T]:
    """All that is *found*, unless it is too many, or too long."""
    listed, total = [], 0
    for each in found:
        listed.append(each)
        total += letters(each)
        if len(listed) > _MOST or total > _MOST_LETTERS:
            raise _too_many(table)
    return listed


def _checked(found: Iterator[T], check: Callable[[], None]) -> Iterator[T]:
    for number, each in enumerate(found):
        if number % 1000 == 0:
            check()
        yield each


def _too_many(table: Table) -> QueryFailure:
    words = f"Query over table '{table.database}.{table.name}' can potentially read more than {_MOST} partitions"
    return QueryFailure("HIVE_EXCEEDED_PARTITION_LIMIT", words)


def _location(table: Table, values: tuple[str, ...]) -> str:
    template = table.parameters.get("storage.location.template")
    if template is None:
        folders = "/".join(f"{key.name}={value}" for key, value in zip(table.keys, values, strict=True))
        return f"{table.location.rstrip('/')}/{folders}/"
    for key, value in zip(table.keys, values, strict=True):
        template = template.replace(f"${{{key.name}}}", value)
    return template


@dataclass(frozen=True)
class _Settings:
    """The properties that project one partition key."""

    table: Table
    key: Column

    def text(self, suffix: str, default: str | None = None) -> str:
        value = self.table.parameters.get(f"projection.{self.key.name}.{suffix}", default)
        if value is None:
            raise QueryFailure(
                "INVALID_TABLE_PROPERTY",
                f"Table {self.table.database}.{self.table.name} is configured for partition projection, but the "
                f"projection.{self.key.name}.{suffix} property is missing",
            )
        return value

    def number(self, suffix: str, default: str, least: int, most: int) -> int:
        return self.checked(suffix, self.text(suffix, default), least, most)

    def checked(self, suffix: str, text: str, least: int, most: int) -> int:
        """*text* as a whole number from *least* to *most*."""
        match = re.fullmatch(r"\s*([+-]?\d{1,19})\s*", text)
        if match is None or not least <= int(match[1]) <= most:
            words = f"projection.{self.key.name}.{suffix} needs whole numbers from {least} to {most}, not {text[:50]!r}"
            raise QueryFailure("INVALID_TABLE_PROPERTY", words)
        return int(match[1])

    def ends(self) -> tuple[str, str]:
        """Where the range begins and ends."""
        low, comma, high = self.text("range").partition(",")
        if not comma or "," in high:
            raise QueryFailure(
                "INVALID_TABLE_PROPERTY", f"projection.{self.key.name}.range needs two values with a comma between"
            )
        return low.strip(), high.strip()


def _values(settings: _Settings, wanted: list[exp.Expr], now: datetime) -> Iterator[str]:
    key = settings.key
    asked = _asked(key, wanted)
    exact = key.type.name == "varchar"  # '1' and '01' are the same number, but not the same text
    match settings.text("type").lower():
        case "enum":
            values: Iterator[str] = (value.strip() for value in settings.text("values").split(","))
        case "integer":
            values = _integers(settings, asked)
        case "date":
            values = _dates(settings, wanted, now)
        case "injected":
            values = _injected(key, wanted)
        case other:
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"projection.{key.name}.type cannot be {other!r}")
    return (value for value in values if value in asked) if asked is not None and exact else values


def _integers(settings: _Settings, asked: set[str] | None) -> Iterator[str]:
    low, high = (settings.checked("range", end, -_BIGINT, _BIGINT - 1) for end in settings.ends())
    digits = settings.number("digits", "0", 0, _MOST_DIGITS)
    numbers = range(low, high + 1, settings.number("interval", "1", 1, _BIGINT - 1))
    if asked is not None:  # a range may be long, and what is asked for one number of it
        known = {int(each) for each in asked if re.fullmatch(r"[+-]?\d{1,100}", each)}
        return (str(number).zfill(digits) for number in sorted(known) if number in numbers)
    if (high - low) // numbers.step >= _MOST:
        raise _too_many(settings.table)
    return (str(number).zfill(digits) for number in numbers)


def _dates(settings: _Settings, wanted: list[exp.Expr], now: datetime) -> Iterator[str]:
    format = settings.text("format")
    try:
        pattern, write = strptime_format(format), writer(format)
    except ValueError as error:
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"projection.{settings.key.name}.format: {error}") from None
    unit = "DAYS"
    if re.search("[hHkK]", format):
        unit = "HOURS"
    if "m" in format:
        unit = "MINUTES"
    if not re.search("[dD]", format):
        unit = "MONTHS" if "M" in format else "YEARS"
    unit = settings.text("interval.unit", unit).upper()
    step = settings.number("interval", "1", 1, _BIGINT - 1)
    low, high = (_moment(end, pattern, now) for end in settings.ends())
    begin, end = _bounds(settings.key, wanted, format, pattern)
    count = 0
    try:
        if begin is not None and unit not in _MONTHS and begin > low:  # a range may be long: not from its first moment
            count = (begin - low) // (_after(low, unit, step) - low) * step
        if end is not None:  # and one more, as a range that begins at NOW has its moments in the middle of days
            high = min(high, _after(end, unit, step))
    except (OverflowError, ValueError):
        pass
    try:
        low = _after(low, unit, count) if count else low
        if _after(low, unit, step * _MOST) <= high:
            raise _too_many(settings.table)
    except (OverflowError, ValueError):
        pass  # time itself ends before
    moment, count = low, 0
    while moment <= high:
        yield write(moment.replace(tzinfo=UTC))
        count += step
        try:
            moment = _after(low, unit, count)
        except (OverflowError, ValueError):  # after the last day that there is
            return


def _bounds(key: Column, wanted: list[exp.Expr], format: str, pattern: str) -> tuple[datetime | None, datetime | None]:
    """The earliest and the latest moment that comparisons with constants leave; None where they leave all."""
    sorted_as_text = key.type.name != "varchar" or _SORTED.fullmatch(format) is not None
    begin: datetime | None = None
    end: datetime | None = None
    for condition in wanted:
        if not (isinstance(condition.this, exp.Column) and condition.this.name.lower() == key.name):
            continue
        lows, highs = _compared_with(condition) if sorted_as_text or isinstance(condition, exp.EQ) else ([], [])
        earliest = [_constant(each, pattern) for each in lows]
        latest = [_constant(each, pattern) for each in highs]
        if earliest and None not in earliest:
            least = min(each for each in earliest if each)
            begin = max(begin, least) if begin else least
        if latest and None not in latest:
            most = max(each for each in latest if each)
            end = min(end, most) if end else most
    return begin, end


def _compared_with(condition: exp.Expr) -> tuple[list[exp.Expr], list[exp.Expr]]:
    """What a value must not be below, and what it must not be above: one of each list at least."""
    other: exp.Expr = condition.args.get("expression") or exp.null()
    match condition:
        case exp.EQ():
            return [other], [other]
        case exp.GT() | exp.GTE():
            return [other], []
        case exp.LT() | exp.LTE():
            return [], [other]
        case exp.Between():
            return [condition.args["low"]], [condition.args["high"]]
        case exp.In() if condition.expressions:
            return condition.expressions, condition.expressions
    return [], []


def _constant(value: exp.Expr, pattern: str) -> datetime | None:
    """A text of the key's format, or a literal of DATE or TIMESTAMP; None for anything else."""
    try:
        if isinstance(value, exp.Literal):
            return datetime.strptime(value.name, pattern).replace(tzinfo=UTC).replace(tzinfo=None)
        if isinstance(value, exp.Cast) and isinstance(value.this, exp.Literal):
            return datetime.fromisoformat(value.this.name).replace(tzinfo=None)
    except ValueError:
        pass
    return None


def _after(start: datetime, unit: str, count: int) -> datetime:
    unit = unit if unit.endswith("S") else unit + "S"
    if unit in _MONTHS:
        month = start.year * 12 + start.month - 1 + count * _MONTHS[unit]
        return start.replace(year=month // 12, month=month % 12 + 1, day=1)
    if unit not in _UNITS:
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"{unit!r} is not a unit of partition projection")
    return start + _UNITS[unit] * count


def _moment(text: str, pattern: str, now: datetime) -> datetime:
    if match := _NOW.fullmatch(text):
        moment = now.replace(tzinfo=None)
        try:
            return _after(moment, match[3].upper(), int(match[1] + match[2])) if match[1] else moment
        except (OverflowError, ValueError):
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"{text[:50]!r} is no moment that there is") from None
    try:
        return datetime.strptime(text, pattern).replace(tzinfo=UTC).replace(tzinfo=None)
    except ValueError:
        raise QueryFailure("INVALID_TABLE_PROPERTY", f"{text!r} does not have the format of its projection") from None


def _injected(key: Column, wanted: list[exp.Expr]) -> Iterator[str]:
    for condition in wanted:
        column = condition.this
        if isinstance(column, exp.Column) and column.name.lower() == key.name:
            if isinstance(condition, exp.EQ) and isinstance(condition.expression, exp.Literal):
                yield condition.expression.name
                return
            if isinstance(condition, exp.In) and condition.expressions:
                yield from (each.name for each in condition.expressions)
                return
    raise QueryFailure(
        "CONSTRAINT_VIOLATION",
        f"For the injected projected partition column {key.name}, the WHERE clause must contain only static equality "
        "conditions, and at least one such condition must be present.",
    )


def _asked(key: Column, wanted: list[exp.Expr]) -> set[str] | None:
    """The values that simple comparisons with constants leave to *key*; None if there is no such comparison."""
    asked: set[str] | None = None
    for condition in wanted:
        column, other = condition.this, condition.args.get("expression")
        if not (isinstance(column, exp.Column) and column.name.lower() == key.name):
            continue
        if isinstance(condition, exp.EQ) and isinstance(other, exp.Literal):
            listed = {other.name}
        elif (
            isinstance(condition, exp.In)
            and condition.expressions
            and all(isinstance(each, exp.Literal) for each in condition.expressions)
        ):
            listed = {each.name for each in condition.expressions}
        else:
            continue
        asked = listed if asked is None else asked & listed
    return asked
