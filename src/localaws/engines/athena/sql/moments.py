"""Dates, timestamps, time zones and intervals.

DuckDB keeps no zone beside a moment. A timestamp with time zone is a plain TIMESTAMPTZ as long as its zone is UTC
(now(), from_unixtime(x)), and else a struct of the moment and the name of its zone: ``Type.zoned`` tells which.
Source: Trino's "Date and time functions and operators".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.errors import QueryFailure
from localaws.engines.athena.sql.inference import INTERVALS, MOMENTS, MONTHS, TIMESTAMP_TZ, Maybe
from localaws.engines.athena.sql.kinds import INSTANT, ZONE, Type
from localaws.engines.athena.sql.pieces import Special, call, cast

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

_ZONED_LITERAL = re.compile(r"\s*(?P<clock>\S+(?:\s+\d+:[\d:.]+)?)\s*(?P<zone>[A-Za-z+-]\S*)?\s*")
#: Units that a clock on the wall counts, and units that pass alike everywhere.
_CALENDAR = ("day", "week", "month", "quarter", "year")
_PASSING = ("millisecond", "second", "minute", "hour")
_CLOCK_ONLY = ("hour", "minute", "second", "millisecond")


def _known(value: exp.Expr) -> bool:
    """Whether *value* is a moment put into a zone that the query names: its parts are there to be taken."""
    return isinstance(value, exp.Anonymous) and value.name == "zoned_in"


def _canonical(name: str) -> str:
    """A zone's name as Trino tells it: UTC, +05:30, America/New_York."""
    if name.upper() in ("Z", "UTC", "GMT", "+00:00", "-00:00", "+00", "ETC/UTC"):
        return "UTC"
    offset = re.fullmatch(r"([+-]\d\d):?(\d\d)?", name)
    return f"{offset[1]}:{offset[2] or '00'}" if offset else name


def put_in_zone(moment: exp.Expr, there: exp.Expr) -> exp.Expr:
    """A TIMESTAMPTZ and the zone whose clocks are to tell it."""
    if isinstance(there, exp.Literal):
        return call("zoned_in", moment, _canonical(there.name))
    return call("zoned", moment, there)


def at_clock(local: exp.Expr, there: exp.Expr) -> exp.Expr:
    """The moment at which the clocks of a zone show *local*."""
    if not isinstance(there, exp.Literal):
        return call("zoned_at", local, there)
    name = _canonical(there.name)
    if name[0] in "+-":
        ahead = call("to_minutes", exp.Literal.number(int(name[:3]) * 60 + int(name[0] + name[4:])))
        return call("zoned_in", exp.Sub(this=call("timezone", "UTC", local), expression=ahead), name)
    return call("zoned_in", call("first_moment", local, name), name)


def instant(value: exp.Expr, kind: Maybe) -> exp.Expr:
    """The moment itself, as a TIMESTAMPTZ."""
    if kind is not None and kind.zoned:
        return value.expressions[0] if _known(value) else call("struct_extract", value, INSTANT)
    if kind is not None and kind.name in ("timestamp", "date"):
        return cast(value, "TIMESTAMPTZ")  # the session's zone is UTC
    return value


def zone(value: exp.Expr, kind: Maybe) -> exp.Expr:
    """The name of its zone."""
    if kind is not None and kind.zoned:
        return value.expressions[1].copy() if _known(value) else call("struct_extract", value.copy(), ZONE)
    return exp.Literal.string("UTC")


def clock(value: exp.Expr, kind: Maybe) -> exp.Expr:
    """What the clocks there show, as a TIMESTAMP (a date stays one)."""
    if kind is None or kind.name != TIMESTAMP_TZ.name:
        return value
    if _known(value):
        moment, there = value.expressions
        return call("clock_in" if there.name[0] in "+-" else "timezone", there, moment)
    return call("zoned_clock", value) if kind.zoned else call("utc_clock", value)


def with_zone(value: exp.Expr, kind: Maybe) -> exp.Expr:
    """Any moment in the shape of one with a zone of its own."""
    return value if kind is not None and kind.zoned else call("zoned_in", instant(value, kind), "UTC")


def literal(text: str) -> exp.Expr:
    """``TIMESTAMP '2013-03-10 01:00:00 America/New_York'``."""
    match = _ZONED_LITERAL.fullmatch(text)
    if match is None:
        raise QueryFailure("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal")
    local = cast(exp.Literal.string(match["clock"]), "TIMESTAMP")
    return at_clock(local, exp.Literal.string(match["zone"] or "UTC"))


# Operators


def at_time_zone(translator: Translator, node: exp.Expr) -> exp.Expr:
    return in_zone(node.this, translator.kind(node.this), node.args["zone"])


def in_zone(value: exp.Expr, kind: Maybe, there: exp.Expr) -> exp.Expr:
    """The same moment as the clocks of another zone show it."""
    return put_in_zone(instant(value, kind), there)


def with_interval(translator: Translator, node: exp.Expr, left: Type, right: Type) -> exp.Expr:
    """A moment and an interval: months count on the calendar there, seconds pass; a date stays a date."""
    kind, value, key = (left, node.this, "this") if right.name in INTERVALS else (right, node.expression, "expression")
    interval = right if right.name in INTERVALS else left
    if kind.name == "date":
        written = node.expression if key == "this" else node.this
        unit = str(written.args.get("unit") or "").lower() if isinstance(written, exp.Interval) else ""
        if unit.rstrip("s") in _CLOCK_ONLY:
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date")
        return cast(exp.Paren(this=node), "DATE")
    if not kind.zoned:
        return node
    if interval == MONTHS:
        node.set(key, clock(value.copy(), kind))
        return at_clock(node.copy(), zone(value, kind))
    node.set(key, instant(value.copy(), kind))
    return put_in_zone(exp.Paren(this=node.copy()), zone(value, kind))


def difference(translator: Translator, node: exp.Expr, left: Type, right: Type) -> exp.Expr:
    if left.name == right.name == "date":
        return call("to_days", cast(node, "INTEGER"))
    if TIMESTAMP_TZ.name in (left.name, right.name):
        node.set("this", instant(node.this, left))
        node.set("expression", instant(node.expression, right))
    return node


def span(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``INTERVAL '1-2' YEAR TO MONTH`` and ``INTERVAL '1 02:03:04' DAY TO SECOND``."""
    unit = node.args.get("unit")
    if not isinstance(unit, exp.IntervalSpan):
        return node
    text = node.this.name
    months = re.fullmatch(r"([+-]?)(\d+)-(\d+)", text)
    seconds = re.fullmatch(r"([+-]?)(?:(\d+) )?(\d+):(\d+)(?::(\d+(?:\.\d+)?))?", text)
    if months:
        return call("to_months", exp.Literal.number(int(f"{months[1]}{int(months[2]) * 12 + int(months[3])}")))
    if seconds is None or unit.expression.name.upper() not in ("SECOND", "MINUTE"):
        raise QueryFailure("INVALID_LITERAL", f"'{text}' is not a valid INTERVAL literal")
    days, hours, minutes = (int(part or 0) for part in (seconds[2], seconds[3], seconds[4]))
    passed = ((days * 24 + hours) * 60 + minutes) * 60_000 + round(float(seconds[5] or 0) * 1000)
    return call("to_milliseconds", exp.Literal.number(int(f"{seconds[1]}{passed}")))


_FIELDS = {
    "YEAR", "QUARTER", "MONTH", "WEEK", "DAY", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR", "DOY",
    "YEAR_OF_WEEK", "YOW", "HOUR", "MINUTE", "SECOND", "TIMEZONE_HOUR", "TIMEZONE_MINUTE",
}  # fmt: skip
_ISO_FIELDS = {
    "DOW": "ISODOW",
    "DAY_OF_WEEK": "ISODOW",
    "DAY_OF_YEAR": "DOY",
    "DAY_OF_MONTH": "DAY",
    "YEAR_OF_WEEK": "ISOYEAR",
    "YOW": "ISOYEAR",
}


def extract(translator: Translator, node: exp.Expr) -> exp.Expr:
    field, kind = node.name.upper(), translator.kind(node.expression)
    if field not in _FIELDS:
        raise translator.fail("SYNTAX_ERROR", f"Invalid EXTRACT field: {field}", node)
    if field in ("TIMEZONE_HOUR", "TIMEZONE_MINUTE"):
        return _offset_part(field.lower(), node.expression, kind)
    value = clock(node.expression, kind)
    if kind is not None and kind.name == "date" and field.lower() in _CLOCK_ONLY:
        words = f"Cannot extract {field} from date"
        raise translator.fail("TYPE_MISMATCH", words, node)
    if kind is not None and kind.name in INTERVALS:
        return call("interval_part", field.lower(), node.expression)
    node.set("this", exp.var(_ISO_FIELDS.get(field, field)))
    node.set("expression", value)
    return node


# Functions: each takes the translator, the call and its arguments


def _offset_part(name: str, value: exp.Expr, kind: Maybe) -> exp.Expr:
    minutes = call("zone_minutes", zone(value, kind), instant(value.copy(), kind))
    whole = call("trunc", exp.Div(this=minutes, expression=exp.Literal.number("60")))
    part = whole if name == "timezone_hour" else exp.Mod(this=minutes, expression=exp.Literal.number("60"))
    return cast(part, "BIGINT")


def timezone_part(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return _offset_part(node.name.lower(), arguments[0], translator.kind(arguments[0]))


#: Trino's function → DuckDB's, of the clock there
PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week", "day": "day",
    "day_of_month": "day", "day_of_week": "isodow", "dow": "isodow", "day_of_year": "dayofyear", "doy": "dayofyear",
    "year_of_week": "isoyear", "yow": "isoyear", "hour": "hour", "minute": "minute", "second": "second",
    "millisecond": "trino_millisecond", "last_day_of_month": "last_day",
}  # fmt: skip


def part(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """year(x), hour(x) …, of a moment or of an interval."""
    name, kind = node.name.lower(), translator.kind(arguments[0])
    if kind is not None and kind.name in INTERVALS:
        return call("interval_part", name, arguments[0])
    return call(PARTS[name], clock(arguments[0], kind))


def date_add(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    unit, count, moment = arguments
    kind = translator.kind(moment)
    word = _unit(unit, kind)
    interval = _interval(word, count)
    if kind is None or not kind.zoned:
        added = exp.Paren(this=exp.Add(this=moment, expression=interval))
        return cast(added, "DATE") if kind is not None and kind.name == "date" else added
    if word in _PASSING:
        return put_in_zone(exp.Add(this=instant(moment, kind), expression=interval), zone(moment, kind))
    return at_clock(exp.Add(this=clock(moment, kind), expression=interval), zone(moment, kind))


def _unit(unit: exp.Expr, kind: Maybe) -> str:
    word = unit.name.lower() if isinstance(unit, exp.Literal) else ""
    if not isinstance(unit, exp.Literal):
        raise QueryFailure("NOT_SUPPORTED", "A unit that is not a constant is not supported by this lab yet")
    what = {"date": "DATE", "time": "Time"}.get(kind.name if kind else "", "Timestamp")
    if word not in (*_PASSING, *_CALENDAR) or (what == "DATE" and word in _PASSING):
        raise QueryFailure("INVALID_FUNCTION_ARGUMENT", f"'{unit.name}' is not a valid {what} field")
    return word


def _interval(word: str, count: exp.Expr) -> exp.Expr:
    maker, times = {"quarter": ("to_months", 3), "week": ("to_days", 7)}.get(word, (f"to_{word}s", 1))
    if times > 1:
        count = exp.Mul(this=exp.Paren(this=count), expression=exp.convert(times))
    return call(maker, cast(count, "BIGINT" if word in _PASSING else "INTEGER"))


def date_diff(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Whole units that have passed, where DuckDB's date_diff counts boundaries; days are those of the first's zone."""
    unit, start, end = arguments
    one, other = translator.kind(start), translator.kind(end)
    word = _unit(unit, one)
    if (one and one.zoned) or (other and other.zoned):
        there = zone(start, one)
        start, end = instant(start, one), instant(end, other)
        if word in _CALENDAR:
            start, end = call("clock_in", there, start), call("clock_in", there.copy(), end)
    return call("date_sub", word, start, end)


def date_trunc(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    unit, value = arguments
    kind = translator.kind(value)
    if not isinstance(unit, exp.Literal):
        made = call("date_trunc", unit, clock(value, kind))
        return at_clock(made, zone(value, kind)) if kind and kind.zoned else made
    word = _unit(unit, kind)
    if kind is None or not kind.zoned:
        made = call("date_trunc", word, value)
        return cast(made, "DATE") if kind is not None and kind.name == "date" else made
    if word in _PASSING:
        return call("zoned_hour", word, value)
    return at_clock(call("date_trunc", word, clock(value, kind)), zone(value, kind))


def at_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return in_zone(arguments[0], translator.kind(arguments[0]), arguments[1])


def with_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return at_clock(cast(arguments[0], "TIMESTAMP"), arguments[1])


def current_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return exp.Literal.string("UTC")


def timezone_name(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return zone(arguments[0], translator.kind(arguments[0]))


def from_unixtime(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Of a number of seconds; with a zone's name, or with hours and minutes from UTC."""
    moment = call("trino_from_unixtime", arguments[0])
    if len(arguments) == 1:
        return moment
    there = arguments[1] if len(arguments) == 2 else call("zone_of_offset", *arguments[1:])
    return put_in_zone(moment, there)


def to_unixtime(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("trino_to_unixtime", instant(arguments[0], translator.kind(arguments[0])))


def to_iso8601(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    kind, value = translator.kind(arguments[0]), arguments[0]
    if kind is not None and kind.name == "date":
        return call("strftime", value, "%Y-%m-%d")
    text = call("strftime", clock(value, kind), f"%Y-%m-%dT%H:%M:%S.{'%f' if kind and kind.precision > 3 else '%g'}")
    if kind is not None and kind.name == TIMESTAMP_TZ.name:
        return exp.DPipe(this=text, expression=call("zone_iso", zone(value, kind), instant(value.copy(), kind)))
    return text


def now(translator: Translator, *_: object) -> exp.Expr:
    text = translator.now.isoformat(sep=" ", timespec="milliseconds")
    return cast(exp.Literal.string(text), "TIMESTAMPTZ")


def sequence(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Of numbers, dates or timestamps; a step has to lead from the start to the end."""
    start, stop = arguments[:2]
    kind = translator.kind(start)
    if kind is not None and kind.name in MOMENTS:
        step = arguments[2] if len(arguments) > 2 else call("to_days", 1)
        if kind.zoned:
            raise QueryFailure("NOT_SUPPORTED", "sequence over timestamps with a time zone is not supported by this "
                                                "lab yet")  # fmt: skip
        if len(arguments) == 2:
            step = exp.Mul(this=step, expression=call("direction", start.copy(), stop.copy()))
        made = call("sequence_of_moments", start, stop, step)
        return cast(made, "DATE[]") if kind.name == "date" else made
    if len(arguments) > 2:
        return call("sequence_by", *arguments)
    return call("sequence_of", start, stop)


FUNCTIONS: dict[str, Special] = {
    **dict.fromkeys(PARTS, part),
    "at_timezone": at_timezone,
    "current_timezone": current_timezone,
    "current_timestamp": now,
    "date_add": date_add,
    "date_diff": date_diff,
    "date_trunc": date_trunc,
    "from_unixtime": from_unixtime,
    "now": now,
    "sequence": sequence,
    "timezone": timezone_name,
    "timezone_hour": timezone_part,
    "timezone_minute": timezone_part,
    "to_iso8601": to_iso8601,
    "to_unixtime": to_unixtime,
    "with_timezone": with_timezone,
}
