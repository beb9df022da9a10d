"""Java's date patterns, by which Firehose names objects and reads timestamps, and Athena projects partitions.

The letters mean the same in both: yyyy year, MM month, dd day, HH hour, mm minute, ss second, 'text' as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

_TOKEN = re.compile(r"'((?:[^']|'')*)'|(([A-Za-z])\3*)|([^A-Za-z'])")


def tokens(pattern: str) -> Iterator[tuple[str, bool]]:
    """The parts of *pattern* in order, each with whether it is a field (or else literal text).

    Raises ValueError for an open quote.
    """
    position = 0
    while position < len(pattern):
        match = _TOKEN.match(pattern, position)
        if match is None:
            raise ValueError(f"a quote is not closed in the date pattern {pattern!r}")
        position = match.end()
        if match[2]:
            yield match[2], True
        elif match[4]:
            yield match[4], False
        else:
            yield match[1].replace("''", "'") or "'", False


def format_time(pattern: str, moment: datetime) -> str:
    """*moment* (aware) as DateTimeFormatter.ofPattern(*pattern*) writes it for an American.

    Raises ValueError for a letter that has no meaning, or one that this lab does not know.
    """
    return writer(pattern)(moment)


def writer(pattern: str) -> Callable[[datetime], str]:
    """`format_time` for many moments of one *pattern*."""
    parts = list(tokens(pattern))
    return lambda moment: "".join(_field(text, moment) if is_field else text for text, is_field in parts)


def _week_year(moment: datetime) -> int:
    """The year that most people did not mean: YYYY in Java is the year that the *week* belongs to."""
    saturday = moment + timedelta(days=6 - moment.isoweekday() % 7)
    return saturday.year


def _offset(moment: datetime, separator: str) -> str:
    text = moment.strftime("%z")
    return f"{text[:3]}{separator}{text[3:5]}"


_NUMBERS: dict[str, Callable[[datetime], int]] = {
    "y": lambda t: t.year,
    "u": lambda t: t.year,
    "Y": _week_year,
    "M": lambda t: t.month,
    "L": lambda t: t.month,
    "d": lambda t: t.day,
    "D": lambda t: t.timetuple().tm_yday,
    "Q": lambda t: (t.month + 2) // 3,
    "H": lambda t: t.hour,
    "k": lambda t: t.hour or 24,
    "K": lambda t: t.hour % 12,
    "h": lambda t: t.hour % 12 or 12,
    "m": lambda t: t.minute,
    "s": lambda t: t.second,
}
_TEXTS: dict[str, Callable[[datetime], str]] = {
    "MMM": lambda t: t.strftime("%b"),
    "MMMM": lambda t: t.strftime("%B"),
    "LLL": lambda t: t.strftime("%b"),
    "LLLL": lambda t: t.strftime("%B"),
    "E": lambda t: t.strftime("%a"),
    "EE": lambda t: t.strftime("%a"),
    "EEE": lambda t: t.strftime("%a"),
    "EEEE": lambda t: t.strftime("%A"),
    "a": lambda t: t.strftime("%p"),
    "z": lambda t: t.strftime("%Z"),
    "VV": lambda t: str(t.tzinfo),
    "Z": lambda t: _offset(t, ""),
    "XX": lambda t: _offset(t, "") if t.utcoffset() else "Z",
    "XXX": lambda t: _offset(t, ":") if t.utcoffset() else "Z",
}


def _field(letters: str, moment: datetime) -> str:
    if letters in _TEXTS:
        return _TEXTS[letters](moment)
    letter, width = letters[0], len(letters)
    if letter == "S":
        return f"{moment.microsecond:06d}000"[:width]
    if letter not in _NUMBERS or (letter in "ML" and width > 2):
        raise ValueError(f"this lab knows no date pattern letters {letters!r}")
    number = _NUMBERS[letter](moment)
    if letter in "yuY" and width == 2:
        number %= 100
    return f"{number:0{width}d}"


_STRPTIME = {
    "y": "%Y", "yy": "%y", "yyyy": "%Y", "M": "%m", "MM": "%m", "MMM": "%b", "MMMM": "%B", "d": "%d", "dd": "%d",
    "H": "%H", "HH": "%H", "h": "%I", "hh": "%I", "m": "%M", "mm": "%M", "s": "%S", "ss": "%S", "a": "%p",
    "E": "%a", "EEE": "%a", "EEEE": "%A", "Z": "%z", "ZZ": "%z",
}  # fmt: skip


def strptime_format(pattern: str) -> str:
    """Joda-Time's *pattern* as Python's strptime has it.

    Raises ValueError for letters that this lab does not know, and for a field that is there twice.
    """
    parts = []
    for text, is_field in tokens(pattern):
        if not is_field:
            parts.append(text.replace("%", "%%"))
        elif set(text) == {"S"}:
            parts.append("%f")
        elif text in _STRPTIME:
            parts.append(_STRPTIME[text])
        else:
            raise ValueError(f"this lab knows no date pattern letters {text!r}")
        if is_field and parts[-1] in parts[:-1]:
            raise ValueError(f"this lab reads a field of a date but once, not {text!r} again")
    return "".join(parts)
