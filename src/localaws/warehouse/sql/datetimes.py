"""Functions of dates and times.

Source: Redshift database developer guide, "Date and time functions", "Date parts for date or timestamp functions",
"Data type formatting functions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from sqlglot import exp

from localaws.warehouse.errors import WRONG_VALUE, RedshiftError, not_done
from localaws.warehouse.sql import column_types as of
from localaws.warehouse.sql.building import Builder, Function, Functions, by_macro, call, cast, macro, renamed
from localaws.warehouse.sql.casts import as_text, converted
from localaws.warehouse.sql.column_types import Type
from localaws.warehouse.sql.formats import is_numeric, places_of, written

if TYPE_CHECKING:
    from localaws.warehouse.sql.dialect import Translator

#: A part's name → the other words for it.
_WORDS = {
    "millennium": "mil mils millennia",
    "century": "c cent cents centuries",
    "decade": "decs decades",
    "epoch": "",
    "year": "y yr yrs years",
    "quarter": "qtr qtrs quarters",
    "month": "mon mons months",
    "week": "w weeks",
    "dayofweek": "dow dw weekday",
    "dayofyear": "doy dy yearday",
    "day": "d days",
    "hour": "h hr hrs hours",
    "minute": "m min mins minutes",
    "second": "s sec secs seconds",
    "millisecond": "ms msec msecs msecond mseconds milliseconds millisec millisecs millisecon",
    "microsecond": "us microsec microsecs microseconds usecond useconds usec usecs",
    "timezone": "",
    "timezone_hour": "",
    "timezone_minute": "",
}
_PARTS = {word: part for part, words in _WORDS.items() for word in (part, *words.split())}
#: DuckDB's function for an interval of a part, and how many of its units the part has.
_INTERVALS = {
    "millennium": ("to_years", 1000), "century": ("to_years", 100), "decade": ("to_years", 10), "year": ("to_years", 1),
    "quarter": ("to_months", 3), "month": ("to_months", 1), "week": ("to_days", 7), "day": ("to_days", 1),
    "hour": ("to_hours", 1), "minute": ("to_minutes", 1), "second": ("to_seconds", 1),
    "millisecond": ("to_milliseconds", 1), "microsecond": ("to_microseconds", 1),
}  # fmt: skip


def part_of(node: exp.Expr) -> str:
    """Which part ``day``, ``'day'`` or ``dd`` names. Raises RedshiftError for what is none."""
    word = node.name.lower()
    if word not in _PARTS:
        raise RedshiftError(WRONG_VALUE, f'date/time units "{word}" not recognized')
    return _PARTS[word]


def as_moment(translator: Translator, node: exp.Expr) -> exp.Expr:
    """*node* as a moment, if it is a text."""
    kind = translator.type_of(node)
    return converted(node, kind, of.TIMESTAMP) if kind is None or kind.is_text or kind == of.UNKNOWN else node


def _as_date(translator: Translator, node: exp.Expr) -> exp.Expr:
    return cast(as_moment(translator, node), "DATE")


def _dateadd(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """A date becomes a timestamp, of whatever part."""
    part = part_of(node.expressions[0])
    if part not in _INTERVALS:
        raise RedshiftError(WRONG_VALUE, f'date/time units "{part}" not recognized')
    function, size = _INTERVALS[part]
    count: exp.Expr = cast(arguments[1], "BIGINT")
    if size > 1:
        count = exp.Mul(this=count, expression=exp.convert(size))
    if function in ("to_years", "to_months", "to_days"):
        count = cast(exp.Paren(this=count), "INTEGER")
    return exp.Paren(this=exp.Add(this=as_moment(translator, arguments[2]), expression=call(function, count)))


def _dateadd_type(types: Sequence[Type | None]) -> Type | None:
    kind = types[2] if len(types) == 3 else None
    return kind if kind is not None and kind.name in ("timestamptz", "time", "timetz") else of.TIMESTAMP


def _datediff(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """How many boundaries of the part lie between two moments."""
    part = part_of(node.expressions[0])
    start, end = (as_moment(translator, each) for each in arguments[1:])
    kinds = {kind.name for kind in map(translator.type_of, node.expressions[1:]) if kind is not None}
    if "time" not in kinds:
        start, end = cast(start, "TIMESTAMP"), cast(end, "TIMESTAMP")
    return call("date_diff", part, start, end)


def extracted(translator: Translator, part: str, value: exp.Expr) -> exp.Expr:
    """One part of a moment."""
    kind = translator.type_of(value)
    value = as_moment(translator, value)
    if part in ("millisecond", "microsecond"):  # those of the second, without its seconds
        size = 1000 if part == "millisecond" else 1_000_000
        return cast(exp.Mod(this=call("date_part", part, value), expression=exp.convert(size)), "INTEGER")
    if part == "epoch":
        number = call("epoch", value)
        return cast(call("trunc", number), "BIGINT") if kind != of.INTERVAL else number
    return cast(call("date_part", {"dayofweek": "dow", "dayofyear": "doy"}.get(part, part), value), "INTEGER")


def extract(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``EXTRACT(day FROM x)``"""
    return extracted(translator, part_of(node.this), node.expression)


def _date_part(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return extracted(translator, part_of(node.expressions[0]), arguments[1])


def _date_part_year(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return extracted(translator, "year", arguments[0])


def _date_trunc(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    part, value = part_of(node.expressions[0]), as_moment(translator, arguments[1])
    if translator.type_of(node.expressions[1]) == of.DATE:
        value = cast(value, "TIMESTAMP")
    return call("date_trunc", part, value)


def _date_trunc_type(types: Sequence[Type | None]) -> Type | None:
    return of.TIMESTAMPTZ if len(types) == 2 and types[1] == of.TIMESTAMPTZ else of.TIMESTAMP


def _now(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("date_trunc", "second", macro("now"))


def _of_date(name: str) -> Builder:
    """A macro of dates and whatever else it is given."""

    def build(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        return macro(name, _as_date(translator, arguments[0]), *arguments[1:])

    return build


def _months_between(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return macro("months_between", *(_as_date(translator, each) for each in arguments))


def _add_months(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    moment = cast(as_moment(translator, arguments[0]), "TIMESTAMP")
    return macro("add_months", moment, cast(arguments[1], "INTEGER"))


def _convert_timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    """From UTC, if no other zone is named first."""
    source = arguments[0] if len(arguments) == 3 else exp.Literal.string("UTC")
    moment = as_moment(translator, arguments[-1])
    if translator.type_of(node.expressions[-1]) == of.TIMESTAMPTZ:
        return call("timezone", arguments[-2], moment)
    return call("timezone", arguments[-2], call("timezone", source, cast(moment, "TIMESTAMP")))


def _timezone(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return call("timezone", arguments[0], as_moment(translator, arguments[1]))


def _compared(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    return macro("compared", *(as_moment(translator, each) for each in arguments))


# Formats


def _constant(node: exp.Expr, function: str) -> str:
    if not isinstance(node, exp.Literal):
        raise not_done(f"{function} with a format that is no constant")
    return node.name


def _to_char(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    value, form = arguments
    kind, text = translator.type_of(value), _constant(form, "TO_CHAR")
    if kind is not None and (kind.is_number or (kind.is_text and is_numeric(text))):
        return call("rs_number_written", as_text(value, kind), form)
    if kind is None and is_numeric(text):
        return call("rs_number_written", cast(value, "VARCHAR"), form)
    moment = cast(as_moment(translator, value), "TIMESTAMP")
    return written(moment, text)


def _to_number(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
    text, form = arguments
    places = places_of(_constant(form, "TO_NUMBER"))
    return cast(call("rs_number_read", text, form), f"DECIMAL(38, {places})")


def _read(duckdb_type: str) -> Builder:
    def build(translator: Translator, node: exp.Anonymous, arguments: list[exp.Expr]) -> exp.Expr:
        strict = arguments[2] if len(arguments) > 2 else exp.false()
        text = as_text(arguments[0], translator.type_of(node.expressions[0]))
        return cast(call("rs_moment_read", text, arguments[1], strict), duckdb_type)

    return build


FUNCTIONS: Functions = {
    "add_months": Function(_add_months, of.TIMESTAMP),
    "convert_timezone": Function(_convert_timezone, of.TIMESTAMP),
    "date_cmp": Function(_compared, of.INTEGER),
    "date_cmp_timestamp": Function(_compared, of.INTEGER),
    "date_cmp_timestamptz": Function(_compared, of.INTEGER),
    "date_part": Function(_date_part, of.INTEGER),
    "date_part_year": Function(_date_part_year, of.INTEGER),
    "date_trunc": Function(_date_trunc, _date_trunc_type),
    "dateadd": Function(_dateadd, _dateadd_type),
    "date_add": Function(_dateadd, _dateadd_type),
    "datediff": Function(_datediff, of.BIGINT),
    "date_diff": Function(_datediff, of.BIGINT),
    "getdate": Function(_now, of.TIMESTAMP),
    "interval_cmp": Function(by_macro("compared"), of.INTEGER),
    "last_day": Function(_of_date("last_day"), of.DATE),
    "months_between": Function(_months_between, of.DOUBLE),
    "now": Function(renamed("now"), of.TIMESTAMPTZ),
    "next_day": Function(_of_date("next_day"), of.DATE),
    "timestamp_cmp": Function(_compared, of.INTEGER),
    "timestamp_cmp_date": Function(_compared, of.INTEGER),
    "timestamptz_cmp": Function(_compared, of.INTEGER),
    "timezone": Function(
        _timezone, lambda types: of.TIMESTAMP if types[-1:] == [of.TIMESTAMPTZ] else of.TIMESTAMPTZ
    ),
    "to_char": Function(_to_char, of.VARCHAR),
    "to_date": Function(_read("DATE"), of.DATE),
    "to_number": Function(_to_number, None),
    "to_timestamp": Function(_read("TIMESTAMPTZ"), of.TIMESTAMPTZ),
}  # fmt: skip


def _at_zone(translator: Translator, node: exp.Expr) -> exp.Expr:
    """``x AT TIME ZONE 'EST'``"""
    return call("timezone", node.args["zone"], as_moment(translator, node.this))


HANDLERS: dict[type[exp.Expr], Callable[[Translator, exp.Expr], exp.Expr]] = {
    exp.Extract: extract,
    exp.AtTimeZone: _at_zone,
}
