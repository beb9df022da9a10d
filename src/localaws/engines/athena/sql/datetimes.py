"""Dates, timestamps, time zones and intervals.

DuckDB keeps no zone beside a moment. A timestamp with time zone is a plain TIMESTAMPTZ as long as its zone is UTC
(now(), from_unixtime(x)), and else a struct of the moment and a mark of its zone: ``Type.zoned`` tells which. Two such
structs are equal if their moments are, as to Trino (macros.sql says how).
Source: Trino's "Date and time functions and operators".
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.engines.athena.sql.duckdb_ast import Special, call, cast
from localaws.engines.athena.sql.type_rules import INTERVALS, MOMENTS, MONTHS, TIMESTAMP_TZ
from localaws.lake.column_types import INSTANT, ZONE, Type
from localaws.lake.errors import QueryFailure

if TYPE_CHECKING:
    from localaws.engines.athena.sql.dialect import Translator

_ZONED_LITERAL = re.compile(r"\s*(?P<clock>\S+(?:\s+\d+:[\d:.]+)?)\s*(?P<zone>[A-Za-z+-]\S*)?\s*")
#: Units that a clock on the wall counts, and units that pass alike everywhere.
_CALENDAR = ("day", "week", "month", "quarter", "year")
_PASSING = ("millisecond", "second", "minute", "hour")
_CLOCK_ONLY = ("hour", "minute", "second", "millisecond")
CLOCK = "%Y-%m-%d %H:%M:%S"  # how a timestamp begins as text
_CUT = (1, 2, 4, 5)  # digits of a second that strftime does not know: they are cut from its six
_WHOLE = 64  # no text of a moment is longer


def _known(value: exp.Expr) -> bool:
    """Whether *value* is a moment put into a zone that the query names: its parts can be taken."""
    return isinstance(value, exp.Anonymous) and value.name == "zoned_in"


def _canonical(name: str) -> str:
    """A zone's name as Trino tells it: UTC, +05:30, America/New_York."""
    if name.upper() in ("Z", "UTC", "GMT", "+00:00", "-00:00", "+00", "ETC/UTC"):
        return "UTC"
    offset = re.fullmatch(r"(?:UTC?|GMT)?([+-])(\d{1,2})(?::?(\d\d))?", name, re.IGNORECASE)
    return f"{offset[1]}{int(offset[2]):02}:{offset[3] or '00'}" if offset else name


def put_in_zone(moment: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """A TIMESTAMPTZ and the zone whose clocks are to tell it."""
    if isinstance(zone, exp.Literal):
        return call("zoned_in", moment, _canonical(zone.name))
    return call("zoned", moment, zone)


def from_wall_clock(local: exp.Expr, zone: exp.Expr) -> exp.Expr:
    """The moment at which the clocks of a zone show *local*."""
    if not isinstance(zone, exp.Literal):
        return call("zoned_at", local, zone)
    name = _canonical(zone.name)
    if name[0] in "+-":
        ahead = call("to_minutes", exp.Literal.number(int(name[:3]) * 60 + int(name[0] + name[4:])))
        return call("zoned_in", exp.Sub(this=call("timezone", "UTC", local), expression=ahead), name)
    return call("zoned_in", call("first_moment", local, name), name)


def instant(value: exp.Expr, column_type: Type | None) -> exp.Expr:
    """The moment itself, as a TIMESTAMPTZ."""
    if column_type is not None and column_type.zoned:
        return value.expressions[0] if _known(value) else call("struct_extract", value, INSTANT)
    if column_type is not None and column_type.name in ("timestamp", "date"):
        return cast(value, "TIMESTAMPTZ")  # the session's zone is UTC
    return value


def zone_of(value: exp.Expr, column_type: Type | None) -> exp.Expr:
    """The name of its zone."""
    if column_type is not None and column_type.zoned:
        if _known(value):
            return call("zone_name", value.expressions[1].copy())
        return call("zone_of_mark", call("struct_extract", value.copy(), ZONE))
    return exp.Literal.string("UTC")


def to_wall_clock(value: exp.Expr, column_type: Type | None) -> exp.Expr:
    """What the clocks there show, as a TIMESTAMP (a date stays one)."""
    if column_type is None or column_type.name != TIMESTAMP_TZ.name:
        return value
    if _known(value):
        moment, zone = value.expressions
        return call("clock_in" if zone.name[0] in "+-" else "timezone", zone, moment)
    return call("zoned_clock", value) if column_type.zoned else call("utc_clock", value)


def with_zone(value: exp.Expr, column_type: Type | None) -> exp.Expr:
    """Any moment in the shape of one with a zone of its own."""
    return (
        value if column_type is not None and column_type.zoned else call("zoned_in", instant(value, column_type), "UTC")
    )


def alike(values: list[exp.Expr], types: list[Type | None]) -> list[exp.Expr]:
    """The *values*, all with a zone of their own if one of them has it."""
    if not any(column_type and column_type.zoned for column_type in types):
        return values
    return [
        with_zone(value.copy(), column_type) if column_type and column_type.name in MOMENTS else value
        for value, column_type in zip(values, types, strict=True)
    ]


def printed(value: exp.Expr, form: str, digits: int) -> exp.Expr:
    """A timestamp as text: *form* (of strftime) and so many *digits* of a second behind it."""
    text = call("strftime", value, _with_digits(form, digits))
    return call("left", text, digits - 6) if digits in _CUT else text


def _with_digits(form: str, digits: int) -> str:
    return {0: form, 3: f"{form}.%g"}.get(digits, f"{form}.%f")


def zoned_text(value: exp.Expr, column_type: Type) -> exp.Expr:
    """A moment with a zone as text: what the clocks there show, in the digits of its type, and the zone."""
    digits = column_type.digits
    if column_type.zoned:
        return call("zoned_text", value, _with_digits(CLOCK, digits), digits - 6 if digits in _CUT else _WHOLE)
    return exp.DPipe(this=printed(call("utc_clock", value), CLOCK, digits), expression=exp.Literal.string(" UTC"))


def literal(text: str) -> exp.Expr:
    """``TIMESTAMP '2013-03-10 01:00:00 America/New_York'``."""
    match = _ZONED_LITERAL.fullmatch(text)
    if match is None:
        raise QueryFailure("INVALID_LITERAL", f"'{text}' is not a valid TIMESTAMP literal")
    local = cast(exp.Literal.string(match["clock"]), "TIMESTAMP")
    return from_wall_clock(local, exp.Literal.string(match["zone"] or "UTC"))


# Operators


def at_time_zone(translator: Translator, node: exp.Expr) -> exp.Expr:
    return in_zone(node.this, translator.type_of(node.this), node.args["zone"])


def in_zone(value: exp.Expr, column_type: Type | None, zone: exp.Expr) -> exp.Expr:
    """The same moment as the clocks of another zone show it."""
    return put_in_zone(instant(value, column_type), zone)


def with_interval(translator: Translator, node: exp.Expr, left: Type, right: Type) -> exp.Expr:
    """A moment and an interval: months count on the calendar of the zone, seconds pass; a date stays a date."""
    column_type, value, key = (
        (left, node.this, "this") if right.name in INTERVALS else (right, node.expression, "expression")
    )
    interval = right if right.name in INTERVALS else left
    if column_type.name == "date":
        written = node.expression if key == "this" else node.this
        unit = str(written.args.get("unit") or "").lower() if isinstance(written, exp.Interval) else ""
        if unit.rstrip("s") in _CLOCK_ONLY:
            raise QueryFailure("INVALID_FUNCTION_ARGUMENT", "Cannot add hour, minutes or seconds to a date")
        return cast(exp.Paren(this=node), "DATE")
    if not column_type.zoned:
        return node
    if interval == MONTHS:
        node.set(key, to_wall_clock(value.copy(), column_type))
        return from_wall_clock(node.copy(), zone_of(value, column_type))
    node.set(key, instant(value.copy(), column_type))
    return put_in_zone(exp.Paren(this=node.copy()), zone_of(value, column_type))


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
    field, column_type = node.name.upper(), translator.type_of(node.expression)
    if field not in _FIELDS:
        raise translator.fail("SYNTAX_ERROR", f"Invalid EXTRACT field: {field}", node)
    if field in ("TIMEZONE_HOUR", "TIMEZONE_MINUTE"):
        return _offset_part(field.lower(), node.expression, column_type)
    value = to_wall_clock(node.expression, column_type)
    if column_type is not None and column_type.name == "date" and field.lower() in _CLOCK_ONLY:
        words = f"Cannot extract {field} from date"
        raise translator.fail("TYPE_MISMATCH", words, node)
    if column_type is not None and column_type.name in INTERVALS:
        return call("interval_part", field.lower(), node.expression)
    node.set("this", exp.var(_ISO_FIELDS.get(field, field)))
    node.set("expression", value)
    return node


# Functions: each takes the translator, the call and its arguments


def _offset_part(name: str, value: exp.Expr, column_type: Type | None) -> exp.Expr:
    minutes = call("zone_minutes", zone_of(value, column_type), instant(value.copy(), column_type))
    whole = call("trunc", exp.Div(this=minutes, expression=exp.Literal.number("60")))
    part = whole if name == "timezone_hour" else exp.Mod(this=minutes, expression=exp.Literal.number("60"))
    return cast(part, "BIGINT")


def timezone_part(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return _offset_part(node.name.lower(), arguments[0], translator.type_of(arguments[0]))


#: Trino's function → DuckDB's, of the clock there
PARTS = {
    "year": "year", "quarter": "quarter", "month": "month", "week": "week", "week_of_year": "week", "day": "day",
    "day_of_month": "day", "day_of_week": "isodow", "dow": "isodow", "day_of_year": "dayofyear", "doy": "dayofyear",
    "year_of_week": "isoyear", "yow": "isoyear", "hour": "hour", "minute": "minute", "second": "second",
    "millisecond": "trino_millisecond", "last_day_of_month": "last_day",
}  # fmt: skip


def part(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """year(x), hour(x) …, of a moment or of an interval."""
    name, column_type = node.name.lower(), translator.type_of(arguments[0])
    if column_type is not None and column_type.name in INTERVALS:
        return call("interval_part", name, arguments[0])
    return call(PARTS[name], to_wall_clock(arguments[0], column_type))


def date_add(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    unit, count, moment = arguments
    column_type = translator.type_of(moment)
    word = _unit(unit, column_type)
    interval = _interval(word, count)
    if column_type is None or not column_type.zoned:
        added = exp.Paren(this=exp.Add(this=moment, expression=interval))
        return cast(added, "DATE") if column_type is not None and column_type.name == "date" else added
    if word in _PASSING:
        return put_in_zone(
            exp.Add(this=instant(moment, column_type), expression=interval), zone_of(moment, column_type)
        )
    return from_wall_clock(
        exp.Add(this=to_wall_clock(moment, column_type), expression=interval), zone_of(moment, column_type)
    )


def _unit(unit: exp.Expr, column_type: Type | None) -> str:
    word = unit.name.lower() if isinstance(unit, exp.Literal) else ""
    if not isinstance(unit, exp.Literal):
        raise QueryFailure("NOT_SUPPORTED", "A unit that is not a constant is not supported by this lab yet")
    what = {"date": "DATE", "time": "Time"}.get(column_type.name if column_type else "", "Timestamp")
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
    one, other = translator.type_of(start), translator.type_of(end)
    word = _unit(unit, one)
    if (one and one.zoned) or (other and other.zoned):
        zone = zone_of(start, one)
        start, end = instant(start, one), instant(end, other)
        if word in _CALENDAR:
            start, end = call("clock_in", zone, start), call("clock_in", zone.copy(), end)
    return call("date_sub", word, start, end)


def date_trunc(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    unit, value = arguments
    column_type = translator.type_of(value)
    if not isinstance(unit, exp.Literal):
        made = call("date_trunc", unit, to_wall_clock(value, column_type))
        return from_wall_clock(made, zone_of(value, column_type)) if column_type and column_type.zoned else made
    word = _unit(unit, column_type)
    if column_type is None or not column_type.zoned:
        made = call("date_trunc", word, value)
        return cast(made, "DATE") if column_type is not None and column_type.name == "date" else made
    if word in _PASSING:
        return call("zoned_hour", word, value)
    return from_wall_clock(call("date_trunc", word, to_wall_clock(value, column_type)), zone_of(value, column_type))


def at_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return in_zone(arguments[0], translator.type_of(arguments[0]), arguments[1])


def with_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return from_wall_clock(cast(arguments[0], "TIMESTAMP"), arguments[1])


def current_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return exp.Literal.string("UTC")


def timezone_name(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return zone_of(arguments[0], translator.type_of(arguments[0]))


def from_unixtime(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Of a number of seconds; with a zone's name, or with hours and minutes from UTC."""
    moment = call("trino_from_unixtime", arguments[0])
    if len(arguments) == 1:
        return moment
    zone = arguments[1] if len(arguments) == 2 else call("zone_of_offset", *arguments[1:])
    return put_in_zone(moment, zone)


def to_unixtime(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("trino_to_unixtime", instant(arguments[0], translator.type_of(arguments[0])))


def to_iso8601(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    column_type, value = translator.type_of(arguments[0]), arguments[0]
    if column_type is not None and column_type.name == "date":
        return call("strftime", value, "%Y-%m-%d")
    digits = column_type.digits if column_type else 3
    text = printed(to_wall_clock(value, column_type), "%Y-%m-%dT%H:%M:%S", digits)
    if column_type is not None and column_type.name == TIMESTAMP_TZ.name:
        return exp.DPipe(
            this=text, expression=call("zone_iso", zone_of(value, column_type), instant(value.copy(), column_type))
        )
    return text


def now(translator: Translator, *_: object) -> exp.Expr:
    text = translator.now.isoformat(sep=" ", timespec="milliseconds")
    return cast(exp.Literal.string(text), "TIMESTAMPTZ")


def sequence(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """Of numbers, dates or timestamps; a step has to lead from the start to the end."""
    start, stop = arguments[:2]
    column_type = translator.type_of(start)
    if column_type is not None and column_type.name in MOMENTS:
        step = arguments[2] if len(arguments) > 2 else call("to_days", 1)
        if column_type.zoned:
            raise QueryFailure("NOT_SUPPORTED", "sequence over timestamps with a time zone is not supported by this "
                                                "lab yet")  # fmt: skip
        if len(arguments) == 2:
            step = exp.Mul(this=step, expression=call("direction", start.copy(), stop.copy()))
        made = call("sequence_of_moments", start, stop, step)
        return cast(made, "DATE[]") if column_type.name == "date" else made
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
