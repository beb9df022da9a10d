"""When a secret is to be rotated: windows that open and close, in UTC.

Source: API reference, RotationRulesType; "Schedule expressions in Secrets Manager rotation" (user guide): minutes are
0, the year is ``*``, rates are in days, or in hours from four on.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

HOUR, DAY = 3600, 86_400
_RATE = re.compile(r"rate\((?P<count>\d+) (?P<unit>hour|day)s?\)")
_CRON = re.compile(r"cron\(0 (?P<hours>\S+) (?P<days>\S+) (?P<months>\S+) (?P<weekdays>\S+) \*\)")
_MONTHS = "JAN FEB MAR APR MAY JUN JUL AUG SEP OCT NOV DEC".split()
_WEEKDAYS = "SUN MON TUE WED THU FRI SAT".split()
_LEAST_HOURS = 4
#: Days after which a date that an expression means has come, February 29 too.
_FARTHEST = 366 * 9


class ScheduleFaultError(ValueError):
    """What is wrong with a secret's rules."""


@dataclass(frozen=True)
class Window:
    """A rotation happens from the one moment on, until the other; seconds since the epoch."""

    opens: int
    closes: int


def next_window(rules: Mapping[str, Any], after: float) -> Window | None:
    """The first window that opens later than *after*, when the secret was rotated; None where no rule says any.

    Raises ScheduleFaultError for *rules* that AWS refuses.
    """
    expression, days = rules.get("ScheduleExpression"), rules.get("AutomaticallyAfterDays")
    if expression and days:
        raise ScheduleFaultError("You can't specify both AutomaticallyAfterDays and ScheduleExpression.")
    if not (expression or days):
        return None
    expression = expression or f"rate({days} days)"
    opens, is_hourly = _opening(expression, after)
    end_of_day = opens - opens % DAY + DAY - 1
    closes = opens + HOUR if is_hourly else end_of_day
    if duration := rules.get("Duration"):
        closes = opens + int(duration.removesuffix("h")) * HOUR
        if not opens < closes <= end_of_day + 1:
            raise ScheduleFaultError("The rotation window must not extend into the next UTC day.")
        if closes > _opening(expression, opens)[0]:
            raise ScheduleFaultError("The rotation window must not extend into the next rotation window.")
    return Window(opens, closes)


def _opening(expression: str, after: float) -> tuple[int, bool]:
    """When the next window opens, and whether windows come by the hour."""
    midnight = int(after) - int(after) % DAY
    if rate := _RATE.fullmatch(expression):
        count = int(rate["count"])
        if rate["unit"] == "day" and count:
            return midnight + count * DAY, False
        if rate["unit"] == "hour" and count >= _LEAST_HOURS:
            step = count * HOUR
            return midnight + (int(after - midnight) // step + 1) * step, True
    elif cron := _CRON.fullmatch(expression):
        return _Cron(**cron.groupdict()).after(after)
    raise ScheduleFaultError(f"Invalid ScheduleExpression: {expression}")


class _Cron:
    """The days and hours of an expression; one of ``days`` and ``weekdays`` is ``?``."""

    def __init__(self, hours: str, days: str, months: str, weekdays: str) -> None:
        if (days == "?") == (weekdays == "?"):
            raise ScheduleFaultError("Use ? for either the day of the month or the day of the week.")
        self._hours = _values(hours, 0, 23)
        self._months = _values(months, 1, 12, _MONTHS)
        self._days, self._weekdays = days, weekdays
        for date in (datetime(2024, 2, day, tzinfo=UTC) for day in range(1, 8)):  # each weekday: reads every part
            self._means(date)

    def after(self, moment: float) -> tuple[int, bool]:
        day = datetime.fromtimestamp(moment, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        for date in (day + timedelta(days=number) for number in range(_FARTHEST)):
            if date.month in self._months and self._means(date):
                for hour in sorted(self._hours):
                    opens = int(date.timestamp()) + hour * HOUR
                    if opens > moment:
                        return opens, len(self._hours) > 1
        raise ScheduleFaultError("The schedule expression means no date.")

    def _means(self, date: datetime) -> bool:
        last = monthrange(date.year, date.month)[1]
        if self._weekdays == "?":
            return date.day in ({last} if self._days == "L" else _values(self._days, 1, 31))
        weekday = date.isoweekday() % 7 + 1  # Sunday is the first
        name, nth, place = self._weekdays.partition("#")
        if nth:
            return weekday in _values(name, 1, 7, _WEEKDAYS) and (date.day + 6) // 7 in _values(place, 1, 5)
        if self._weekdays.endswith("L") and self._weekdays != "L":
            return weekday in _values(self._weekdays[:-1], 1, 7, _WEEKDAYS) and date.day > last - 7
        return weekday in _values(self._weekdays.replace("L", "7"), 1, 7, _WEEKDAYS)


def _values(text: str, least: int, most: int, names: list[str] | None = None) -> set[int]:
    """The numbers that a field of an expression means: ``*``, ``1,15``, ``MON-FRI``, ``0/8``."""
    found: set[int] = set()
    for part in text.split(","):
        span, slash, step = part.partition("/")
        first, dash, last = ("*", "", "") if span == "*" else span.partition("-")
        low = least if first == "*" else _number(first, least, names)
        high = most if first == "*" or (slash and not dash) else _number(last, least, names) if dash else low
        stride = int(step) if step.isdecimal() else 0 if slash else 1
        if not (least <= low <= high <= most and stride):
            raise ScheduleFaultError(f"Invalid ScheduleExpression: {text}")
        found |= set(range(low, high + 1, stride))
    return found


def _number(text: str, least: int, names: list[str] | None) -> int:
    if names and text.upper() in names:
        return names.index(text.upper()) + least
    if not text.isdecimal():
        raise ScheduleFaultError(f"Invalid ScheduleExpression: {text}")
    return int(text)
