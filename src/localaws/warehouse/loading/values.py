"""What a text is as the value of a column: SQL that is the one judge of it, for rows of every format.

Sources: Redshift database developer guide, "Data conversion parameters", "DATEFORMAT and TIMEFORMAT strings", "Using
automatic recognition with DATEFORMAT and TIMEFORMAT".
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from localaws.lake.quoting import literal, name, own, texts
from localaws.warehouse.loading.request import Copy
from localaws.warehouse.loading.target import Field

_INTEGERS = ("int2", "int4", "int8")
_MOMENTS = ("timestamp", "timestamptz")
#: The parts of a format of Redshift's → strptime's.
_PARTS = {
    "YYYY": "%Y", "YY": "%y", "MM": "%m", "MON": "%b", "DD": "%d", "HH24": "%H", "HH12": "%I", "HH": "%H",
    "MI": "%M", "SS": "%S", "AM": "%p", "PM": "%p", "OF": "%z", "MS": "%g", "US": "%f", "TZ": "%Z", "DAY": "%A",
    "DY": "%a", "DDD": "%j", "T": "T",
}  # fmt: skip
_PART = re.compile("|".join(sorted(_PARTS, key=len, reverse=True)), re.IGNORECASE)
_AUTO_DATES = (
    "%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%m/%d/%y", "%Y%m%d", "%d-%b-%Y",
    "%b %d, %Y", "%d %b %Y", "%B %d, %Y", "%B %d %Y", "%b-%d-%Y",
)  # fmt: skip
_AUTO_CLOCKS = ("%H:%M:%S.%f", "%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S")


def checked(fields: Sequence[Field], copy: Copy, rows: str) -> str:
    """A query of the values of *rows*, a relation whose columns are `raw` texts, and of what is wrong with each row.

    The values are called `value`; own("wrong") is the number of the first field that is none of its column, else NULL.
    """
    wrong = [(_wrong(field, copy, raw(place), value(place)), place) for place, field in enumerate(fields)]
    cases = " ".join(f"WHEN {condition} THEN {place}" for condition, place in wrong if condition)
    found = f"CASE {cases} END" if cases else "CAST(NULL AS INTEGER)"
    return f"SELECT *, {found} AS {own('wrong')} FROM {_judged(fields, copy, rows, plain=False)}"


def strict(fields: Sequence[Field], copy: Copy, rows: str, plain: bool) -> str:
    """The values alone; a row that is not all right ends the query with an error.

    *plain* is faster, and takes a number with more digits than its column has place for as not right.
    """
    conditions = [_wrong(field, copy, raw(place), value(place), plain) for place, field in enumerate(fields)]
    values = [value(place) for place in range(len(fields))]
    if wrong := " OR ".join(f"({condition})" for condition in conditions if condition):
        # the test hangs on the first value, for DuckDB computes nothing that nobody asks for
        sure = " AND ".join(_sure(field, raw(place), value(place)) for place, field in enumerate(fields))
        first = values[0]
        values[0] = f"CASE WHEN {sure} THEN {first} WHEN {wrong} THEN error('a row is rejected') ELSE {first} END"
    return f"SELECT {', '.join(values)} FROM {_judged(fields, copy, rows, plain)}"


def _judged(fields: Sequence[Field], copy: Copy, rows: str, plain: bool) -> str:
    """The texts of *rows* with the values that they are."""
    values = [f"{_value(field, copy, raw(place), plain)} AS {value(place)}" for place, field in enumerate(fields)]
    return f"(SELECT *, {', '.join(values)} FROM {rows})"


def raw(place: int) -> str:
    return own(f"raw{place}")


def value(place: int) -> str:
    return own(f"value{place}")


def _value(field: Field, copy: Copy, text: str, plain: bool) -> str:
    if field.is_text:
        return _text(field, copy, text)
    match field.type:
        case "numeric":
            return f"TRY_CAST({text} AS {field.duckdb})" if plain else _numeric(field, copy, text)
        case "date":
            return _moment(copy.dates, text, "DATE", _AUTO_DATES)
        case "timestamp" | "timestamptz":
            return _moment(copy.times, text, field.duckdb, _AUTO_DATES, _AUTO_CLOCKS)
        case "varbyte":
            return f"CASE WHEN regexp_full_match({text}, '([0-9a-fA-F]{{2}})*') THEN unhex({text}) END"
        case "super":
            return f"CASE WHEN json_valid({text}) THEN CAST({text} AS JSON) END"
    return f"TRY_CAST({text} AS {field.duckdb})"


def _wrong(field: Field, copy: Copy, text: str, found: str, plain: bool = False) -> str:
    """The condition under which *text* is no value of *field*; "" if there is none."""
    conditions = []
    if field.required:
        conditions.append(f"{found} IS NULL")
    if field.type == "char":
        conditions.append(f"strlen({text}) <> length({text})")
    if field.is_text:
        if field.length:
            conditions.append(f"strlen({found}) > {field.length}")
    elif not (field.type in ("date", *_MOMENTS) and "ACCEPTANYDATE" in copy.flags):
        conditions.append(f"({found} IS NULL AND {text} IS NOT NULL AND trim({text}) <> '')")
    if field.type in _INTEGERS:  # DuckDB takes 1.5, 1e3 and 0x1f for such
        same = f"CAST({found} AS VARCHAR) <> {text}"
        conditions.append(f"({same} AND NOT regexp_full_match({text}, '\\s*[+-]?[0-9]+\\s*'))")
    elif field.type in ("numeric", "float4", "float8"):
        conditions.append(f"contains({text}, '_')")
        if plain and field.type == "numeric" and "ROUNDEC" not in copy.flags:
            conditions.append(f"(strlen({text}) - instr({text}, '.') > {field.scale} AND contains({text}, '.'))")
    elif field.type in ("date", *_MOMENTS) and not (copy.dates or copy.times):
        # DuckDB knows "epoch" and "infinity" as well; a colon follows the digits, and letters follow a colon
        conditions.append(f"({text} > ':' AND {found} IS NOT NULL)")
    return " OR ".join(conditions)


def _sure(field: Field, text: str, found: str) -> str:
    """What is true of most values that are right, and quicker to see than that nothing is wrong."""
    condition = f"{found} IS NOT NULL"
    if field.type in _INTEGERS:
        return f"CAST({found} AS VARCHAR) = {text}"
    if field.type == "numeric":
        place = f"instr({text}, '.')"
        return (
            f"{condition} AND ({place} = 0 OR strlen({text}) - {place} <= {field.scale}) AND NOT contains({text}, '_')"
        )
    if field.type in ("float4", "float8"):
        return f"{condition} AND NOT contains({text}, '_')"
    if field.type in ("date", *_MOMENTS):
        return f"{condition} AND {text} < ':'"
    if field.type == "char":
        return f"strlen({text}) = length({text}) AND strlen({found}) <= {field.length}"
    return f"strlen({found}) <= {field.length}" if field.is_text and field.length else condition


def _text(field: Field, copy: Copy, text: str) -> str:
    found = text
    if "TRIMBLANKS" in copy.flags or field.type == "char":
        found = f"rtrim({found}, ' ')"
    if "BLANKSASNULL" in copy.flags:
        found = f"CASE WHEN trim({text}) <> '' OR {text} = '' THEN {found} END"
    if "EMPTYASNULL" in copy.flags:
        found = f"nullif({found}, '')"
    if "TRUNCATECOLUMNS" in copy.flags and field.length:
        most = field.length
        short = f"list_max(list_filter(range({most} + 1), lambda n: strlen(left({found}, n)) <= {most}))"
        found = (
            f"CASE WHEN strlen({found}) <= {most} THEN {found} WHEN strlen({found}) = length({found}) "
            f"THEN left({found}, {most}) ELSE left({found}, {short}) END"
        )
    return found


def _numeric(field: Field, copy: Copy, text: str) -> str:
    """Digits that the column has no place for are cut off, but for ROUNDEC."""
    cast = f"TRY_CAST({{}} AS {field.duckdb})"
    if "ROUNDEC" in copy.flags:
        return cast.format(text)
    point = f"instr({text}, '.')"
    cut = f"left({text}, {point} + {field.scale})"
    is_long = f"{point} > 0 AND length({text}) - {point} > {field.scale} AND regexp_full_match({text}, '[-+0-9.\\s]*')"
    return f"CASE WHEN {is_long} THEN {cast.format(cut)} ELSE {cast.format(text)} END"


def _moment(wanted: str, text: str, duckdb: str, dates: Sequence[str], clocks: Sequence[str] = ()) -> str:
    """A date or timestamp in the *wanted* format, or in any that is known for "auto"."""
    if wanted.lower() in ("epochsecs", "epochmillisecs") and clocks:
        factor = 1_000_000 if wanted.lower() == "epochsecs" else 1_000
        number = f"TRY_CAST({text} AS DECIMAL(38, 6))"
        return f"CAST(make_timestamp(CAST({number} * {factor} AS BIGINT)) AS {duckdb})"
    usual = f"TRY_CAST({text} AS {duckdb})"
    if not wanted:
        return usual
    if wanted.lower() != "auto":
        return f"CAST(try_strptime(trim({text}), {literal(strptime_format(wanted))}) AS {duckdb})"
    formats = [f"{date}{between}{clock}" for date in dates for clock in clocks for between in (" ", "T")] or list(dates)
    return f"coalesce({usual}, CAST(try_strptime(trim({text}), {texts([*formats, *dates])}) AS {duckdb}))"


def strptime_format(wanted: str) -> str:
    """``YYYY-MM-DD HH:MI:SS`` → ``%Y-%m-%d %H:%M:%S``; HH is of 12 hours beside AM or PM."""
    halves = re.search("AM|PM", wanted, re.IGNORECASE)
    made = _PART.sub(lambda part: _PARTS[part[0].upper()], wanted.replace("%", "%%"))
    return made.replace("%H", "%I") if halves else made


def listed(fields: Sequence[Field]) -> str:
    """The names of columns in SQL."""
    return ", ".join(name(field.name) for field in fields)
