"""Date formats of two families: MySQL's (date_format, date_parse) and Joda-Time's (format_datetime, parse_datetime).

A format is first taken apart into fields. If DuckDB has all of them, it does the work itself; else it is done here, row
by row. Source: "MySQL date functions" and "Java date functions" of Trino's "Date and time functions and operators".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache

_MONTHS = ("January February March April May June July August September October November December").split()
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()


@dataclass(frozen=True)
class Moment:
    """What a clock shows, in a *zone* that is *minutes* ahead of UTC."""

    clock: datetime
    zone: str = "UTC"
    minutes: int = 0


@dataclass(frozen=True)
class Field:
    """A part of a format: ``write`` prints it, ``pattern`` reads it (None: it cannot be read) into ``name``."""

    name: str
    write: Callable[[Moment], str]
    pattern: str | None
    directive: str | None = None
    """What it is in DuckDB's formats."""


def _offset(moment: Moment, separator: str) -> str:
    hours, minutes = divmod(abs(moment.minutes), 60)
    return f"{'-' if moment.minutes < 0 else '+'}{hours:02d}{separator}{minutes:02d}"


def _number(name: str, value: Callable[[Moment], int], width: int, directive: str | None, digits: int = 2) -> Field:
    return Field(name, lambda moment: f"{value(moment):0{width}d}", rf"\d{{1,{digits}}}", directive)


def _text(name: str, value: Callable[[Moment], str], names: list[str], directive: str | None) -> Field:
    return Field(name, value, "|".join(sorted(names, key=len, reverse=True)), directive)


def _year(moment: Moment) -> int:
    return moment.clock.year


def _literal(text: str) -> Field:
    return Field("", lambda _: text, re.escape(text), text.replace("%", "%%"))


def _fraction(width: int) -> Field:
    directive = {3: "%g", 6: "%f"}.get(width)
    return Field("fraction", lambda moment: f"{moment.clock.microsecond:06d}".ljust(width, "0")[:width],
                 rf"\d{{1,{max(width, 9)}}}", directive)  # fmt: skip


_HALF = _text("half", lambda moment: "AM" if moment.clock.hour < 12 else "PM", ["AM", "PM", "am", "pm"], "%p")
_MONTH_NAME = _text("month", lambda moment: _MONTHS[moment.clock.month - 1], _MONTHS, "%B")
_MONTH_SHORT = _text("month", lambda moment: _MONTHS[moment.clock.month - 1][:3], [m[:3] for m in _MONTHS], "%b")
_DAY_NAME = _text("weekday", lambda moment: _DAYS[moment.clock.weekday()], _DAYS, "%A")
_DAY_SHORT = _text("weekday", lambda moment: _DAYS[moment.clock.weekday()][:3], [day[:3] for day in _DAYS], "%a")
_OFFSET_TEXT = r"Z|[+-]\d\d:?\d\d"


def _twelve(moment: Moment) -> int:
    return moment.clock.hour % 12 or 12


_MYSQL: dict[str, list[Field]] = {
    "%a": [_DAY_SHORT],
    "%b": [_MONTH_SHORT],
    "%c": [_number("month", lambda m: m.clock.month, 1, "%-m")],
    "%d": [_number("day", lambda m: m.clock.day, 2, "%d")],
    "%e": [_number("day", lambda m: m.clock.day, 1, "%-d")],
    "%f": [Field("fraction", lambda m: f"{m.clock.microsecond:06d}", r"\d{1,9}", "%f")],
    "%H": [_number("hour", lambda m: m.clock.hour, 2, "%H")],
    "%h": [_number("hour12", _twelve, 2, "%I")],
    "%i": [_number("minute", lambda m: m.clock.minute, 2, "%M")],
    "%j": [_number("yearday", lambda m: m.clock.timetuple().tm_yday, 3, "%j", 3)],
    "%k": [_number("hour", lambda m: m.clock.hour, 1, "%-H")],
    "%l": [_number("hour12", _twelve, 1, "%-I")],
    "%M": [_MONTH_NAME],
    "%m": [_number("month", lambda m: m.clock.month, 2, "%m")],
    "%p": [_HALF],
    "%s": [_number("second", lambda m: m.clock.second, 2, "%S")],
    "%v": [_number("week", lambda m: m.clock.isocalendar().week, 2, "%V")],
    "%W": [_DAY_NAME],
    "%x": [_number("weekyear", lambda m: m.clock.isocalendar().year, 4, "%G", 4)],
    "%Y": [_number("year", _year, 4, "%Y", 4)],
    "%y": [_number("year2", lambda m: m.clock.year % 100, 2, "%y")],
    "%%": [_literal("%")],
}
_MYSQL["%I"], _MYSQL["%S"] = _MYSQL["%h"], _MYSQL["%s"]
_MYSQL["%T"] = [*_MYSQL["%H"], _literal(":"), *_MYSQL["%i"], _literal(":"), *_MYSQL["%s"]]
_MYSQL["%r"] = [*_MYSQL["%h"], _literal(":"), *_MYSQL["%i"], _literal(":"), *_MYSQL["%s"], _literal(" "), _HALF]
_MYSQL_MISSING = {"%D", "%U", "%u", "%V", "%w", "%X"}

#: Joda's letter → name, value, the directives for one and for two letters, the most digits
_JODA: dict[str, tuple[str, Callable[[Moment], int], str | None, str | None, int]] = {
    "M": ("month", lambda m: m.clock.month, "%-m", "%m", 2),
    "d": ("day", lambda m: m.clock.day, "%-d", "%d", 2),
    "H": ("hour", lambda m: m.clock.hour, "%-H", "%H", 2),
    "h": ("hour12", _twelve, "%-I", "%I", 2),
    "K": ("hour11", lambda m: m.clock.hour % 12, None, None, 2),
    "k": ("hour24", lambda m: m.clock.hour or 24, None, None, 2),
    "m": ("minute", lambda m: m.clock.minute, "%-M", "%M", 2),
    "s": ("second", lambda m: m.clock.second, "%-S", "%S", 2),
    "D": ("yearday", lambda m: m.clock.timetuple().tm_yday, "%-j", None, 3),
    "e": ("", lambda m: m.clock.isoweekday(), None, None, 1),
    "w": ("week", lambda m: m.clock.isocalendar().week, None, "%V", 2),
}
_JODA_TOKEN = re.compile(
    r"'(?P<quoted>(?:[^']|'')*)'|(?P<letters>(?P<letter>[A-Za-z])(?P=letter)*)|(?P<other>[^A-Za-z'])"
)


@lru_cache(256)
def mysql(text: str) -> tuple[Field, ...]:
    """The fields of a MySQL format. Raises ValueError for one that Trino does not support."""
    fields: list[Field] = []
    for match in re.finditer(r"%.|[^%]+|%", text, re.DOTALL):
        if match[0] in _MYSQL_MISSING:
            raise ValueError(f"{match[0]} not supported in date format string")
        fields += _MYSQL.get(match[0]) or [_literal(match[0].removeprefix("%"))]
    return tuple(fields)


@lru_cache(256)
def joda(text: str) -> tuple[Field, ...]:
    """The fields of a Joda-Time format. Raises ValueError for letters that it does not have."""
    fields: list[Field] = []
    position = 0
    for match in _JODA_TOKEN.finditer(text):
        if match.start() != position:
            raise ValueError(f"Invalid pattern: {text}")
        position = match.end()
        if match["letters"]:
            fields.append(_joda_field(match["letter"], len(match["letters"])))
        elif match["other"]:
            fields.append(_literal(match["other"]))
        else:
            fields.append(_literal(match["quoted"].replace("''", "'") or "'"))
    if position != len(text):
        raise ValueError(f"Invalid pattern: {text}")
    return tuple(fields)


def _joda_field(letter: str, count: int) -> Field:
    if letter in "yYx":
        name, value = ("weekyear", lambda m: m.clock.isocalendar().year) if letter == "x" else ("year", _year)
        if count == 2:
            return _number(f"{name}2", lambda m: value(m) % 100, 2, "%y" if name == "year" else None)
        return _number(name, value, count, {"year": "%Y", "weekyear": "%G"}[name] if count in (1, 4) else None, 9)
    if letter == "M" and count > 2:
        return _MONTH_NAME if count > 3 else _MONTH_SHORT
    if letter == "E":
        return _DAY_NAME if count > 3 else _DAY_SHORT
    if letter == "a":
        return _HALF
    if letter == "S":
        return _fraction(count)
    if letter == "Z":
        if count > 2:
            return Field("zone", lambda m: m.zone, r"[A-Za-z_]+(?:/[A-Za-z_]+)*|" + _OFFSET_TEXT)
        return Field("zone", lambda m: _offset(m, ":" if count == 2 else ""), _OFFSET_TEXT)
    if letter == "z":
        return Field("zone", lambda m: m.zone, r"[A-Za-z_]+(?:/[A-Za-z_]+)*")
    if letter == "G":
        return Field("", lambda _: "AD", "AD|BC")
    if letter == "C":
        return _number("", lambda m: m.clock.year // 100, count, None)
    if letter not in _JODA:
        raise ValueError(f"Illegal pattern component: {letter * count}")
    name, number, one, two, digits = _JODA[letter]
    return _number(name, number, count, {1: one, 2: two}.get(count), digits)


FAMILIES: dict[str, Callable[[str], tuple[Field, ...]]] = {"mysql": mysql, "joda": joda}


def duckdb_format(fields: tuple[Field, ...], reading: bool) -> str | None:
    """The same format for DuckDB's strftime, or strptime if it is for *reading*; None if it has not all of it."""
    if any(field.directive is None for field in fields):
        return None
    text = "".join(field.directive or "" for field in fields)
    return re.sub(r"%-", "%", text).replace("%g", "%f") if reading else text


def write(fields: tuple[Field, ...], moment: Moment) -> str:
    return "".join(field.write(moment) for field in fields)


@lru_cache(256)
def _reader(fields: tuple[Field, ...]) -> re.Pattern[str]:
    parts = []
    for number, field in enumerate(fields):
        if field.pattern is None:
            raise ValueError("a part of the format cannot be read")
        pattern = field.pattern
        following = fields[number + 1] if number + 1 < len(fields) else None
        if following is not None and following.name and pattern.startswith(r"\d{1,") and _is_number(following):
            width = len(field.write(Moment(datetime(2000, 10, 10, 10, 10, 10))))  # digits side by side: each its own
            pattern = rf"\d{{{width}}}"
        parts.append(f"(?P<f{number}>{pattern})")
    return re.compile("".join(parts))


def _is_number(field: Field) -> bool:
    return bool(field.pattern and field.pattern.startswith(r"\d"))


def read(fields: tuple[Field, ...], text: str) -> Moment:
    """The moment that *text* tells; what it leaves out is that of 1970-01-01. Raises ValueError if it does not fit."""
    match = _reader(fields).fullmatch(text)
    if match is None:
        raise ValueError(f'Invalid format: "{text}"')
    found = {field.name: match[f"f{number}"] for number, field in enumerate(fields) if field.name}
    year = int(found.get("year", 1970))
    if "year2" in found:
        year = int(found["year2"]) + (2000 if int(found["year2"]) < 70 else 1900)
    hour = int(found.get("hour", int(found.get("hour24", 0)) % 24))
    if "hour12" in found or "hour11" in found:
        hour = int(found.get("hour12", found.get("hour11", 0))) % 12
        hour += 12 if found.get("half", "AM").upper() == "PM" else 0
    fraction = found.get("fraction", "").ljust(6, "0")[:6]
    clock = datetime(year, _month(found.get("month", "1")), int(found.get("day", 1)), hour,
                     int(found.get("minute", 0)), int(found.get("second", 0)), int(fraction))  # fmt: skip
    if "yearday" in found:
        clock = clock.replace(month=1, day=1) + timedelta(days=int(found["yearday"]) - 1)
    if "weekyear" in found or "week" in found:
        monday = datetime.fromisocalendar(int(found.get("weekyear", year)), int(found.get("week", 1)), 1)
        clock = clock.replace(year=monday.year, month=monday.month, day=monday.day)
    return Moment(clock, found.get("zone", "UTC"))


def _month(text: str) -> int:
    if text.isdigit():
        return int(text)
    return next(number for number, name in enumerate(_MONTHS, 1) if name.startswith(text[:3].capitalize()))
