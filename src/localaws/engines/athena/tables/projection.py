"""Partition projection: partitions worked out from a table's properties instead of kept in the catalog.

Source: "Use partition projection with Amazon Athena" (athena/latest/ug/partition-projection.html).
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

from sqlglot import exp

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.tables.catalog import Column, Partition, Table
from localaws.engines.firehose.javatime import strptime_format

_MOST = 1_000_000
_NOW = re.compile(r"NOW(?:\s*([+-])\s*(\d+)\s*(\w+))?", re.IGNORECASE)
_UNITS = {
    "MILLISECONDS": timedelta(milliseconds=1),
    "SECONDS": timedelta(seconds=1),
    "MINUTES": timedelta(minutes=1),
    "HOURS": timedelta(hours=1),
    "DAYS": timedelta(days=1),
    "WEEKS": timedelta(weeks=1),
}
_MONTHS = {"MONTHS": 1, "YEARS": 12}


def enabled(table: Table) -> bool:
    return table.parameters.get("projection.enabled", "").lower() == "true"


def partitions(table: Table, wanted: list[exp.Expr], now: datetime) -> list[Partition]:
    """The partitions that the properties describe; *wanted* conditions narrow each key's values by itself.

    Raises QueryFailure for properties that make no sense.
    """
    values = [list(_allowed(key, _values(table, key, wanted, now), wanted)) for key in table.keys]
    count = 1
    for each in values:
        count *= len(each)
    if count > _MOST:
        raise QueryFailure("HIVE_EXCEEDED_PARTITION_LIMIT", f"Partition projection would read {count:,} partitions")
    return [Partition(chosen, _location(table, chosen)) for chosen in itertools.product(*values)]


def _location(table: Table, values: tuple[str, ...]) -> str:
    template = table.parameters.get("storage.location.template")
    if template is None:
        folders = "/".join(f"{key.name}={value}" for key, value in zip(table.keys, values, strict=True))
        return f"{table.location.rstrip('/')}/{folders}/"
    for key, value in zip(table.keys, values, strict=True):
        template = template.replace(f"${{{key.name}}}", value)
    return template


def _values(table: Table, key: Column, wanted: list[exp.Expr], now: datetime) -> Iterator[str]:
    def setting(suffix: str, default: str | None = None) -> str:
        value = table.parameters.get(f"projection.{key.name}.{suffix}", default)
        if value is None:
            raise QueryFailure(
                "INVALID_TABLE_PROPERTY",
                f"Table {table.database}.{table.name} is configured for partition projection, but the "
                f"projection.{key.name}.{suffix} property is missing",
            )
        return value

    match setting("type").lower():
        case "enum":
            yield from (value.strip() for value in setting("values").split(","))
        case "integer":
            low, high = (int(part) for part in setting("range").split(","))
            digits = int(setting("digits", "0"))
            for number in range(low, high + 1, int(setting("interval", "1"))):
                yield str(number).zfill(digits)
        case "date":
            yield from _dates(setting("range"), setting("format"), setting, now)
        case "injected":
            yield from _injected(key, wanted)
        case other:
            raise QueryFailure("INVALID_TABLE_PROPERTY", f"projection.{key.name}.type cannot be {other!r}")


def _dates(span: str, format: str, setting: object, now: datetime) -> Iterator[str]:
    assert callable(setting)
    pattern = strptime_format(format)
    unit = "DAYS"
    if re.search("[hHkK]", format):
        unit = "HOURS"
    if "m" in format:
        unit = "MINUTES"
    if not re.search("[dD]", format):
        unit = "MONTHS" if "M" in format else "YEARS"
    unit = setting("interval.unit", unit).upper()
    step = int(setting("interval", "1"))
    low, high = (_moment(part.strip(), pattern, now) for part in span.split(","))
    count = 0
    moment = low
    while moment <= high and count <= _MOST:
        yield moment.strftime(pattern)
        count += 1
        moment = _after(low, unit, step * count)


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
        if match[1]:
            moment = _after(moment, match[3].upper(), int(match[1] + match[2]))
        return moment
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


def _allowed(key: Column, values: Iterator[str], wanted: list[exp.Expr]) -> Iterator[str]:
    """Leave out values that a simple comparison with a text excludes, before all keys are multiplied."""
    tests = []
    for condition in wanted:
        column, other = condition.this, condition.args.get("expression")
        if not (isinstance(column, exp.Column) and column.name.lower() == key.name):
            continue
        if isinstance(condition, exp.EQ) and isinstance(other, exp.Literal):
            tests.append({other.name})
        elif isinstance(condition, exp.In) and all(isinstance(each, exp.Literal) for each in condition.expressions):
            tests.append({each.name for each in condition.expressions})
    exact = key.type.name == "varchar"  # '1' and '01' are the same number, but not the same text
    for value in values:
        if not exact or all(value in test for test in tests):
            yield value
