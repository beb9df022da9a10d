"""The formats of TO_CHAR, TO_DATE and TO_TIMESTAMP: ``YYYY-MM-DD HH24:MI:SS`` and the like.

Source: Redshift database developer guide, "Datetime format strings", "Numeric format strings".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from sqlglot import exp

from localaws.warehouse.sql.building import call, cast

#: The fields of a moment, the longest first.
FIELDS = (
    "Y,YYY", "YYYY", "IYYY", "SSSS", "HH24", "HH12", "MONTH", "A.M.", "P.M.", "B.C.", "A.D.", "YYY", "IYY", "DDD",
    "MON", "DAY", "IDDD", "AM", "PM", "BC", "AD", "CC", "YY", "IY", "MM", "DD", "DY", "WW", "IW", "HH", "MI", "SS",
    "MS", "US", "TZ", "RM", "OF", "Q", "Y", "I", "D", "W", "J",
)  # fmt: skip
_FIELD = re.compile(
    r"(?P<fm>FM)?(?:(?P<field>" + "|".join(map(re.escape, FIELDS)) + r')(?P<th>TH)?)|"(?P<quoted>[^"]*)"', re.IGNORECASE
)
_NUMERIC = re.compile(r"[90]")
#: DuckDB's directives for what it writes as Redshift does.
_DIRECTIVES = {"YYYY": "%Y", "YY": "%y", "MM": "%m", "DD": "%d", "DDD": "%j", "HH24": "%H", "HH12": "%I", "HH": "%I",
               "MI": "%M", "SS": "%S", "US": "%f"}  # fmt: skip
_PADDED = {"MONTH": ("%B", 9), "DAY": ("%A", 9), "MON": ("%b", 3), "DY": ("%a", 3)}
#: Fields that are numbers: DuckDB's part, and the digits that they are filled to.
_NUMBERS = {"Q": ("quarter", 1), "IW": ("week", 2), "CC": ("century", 2), "IYYY": ("isoyear", 4)}


def is_numeric(form: str) -> bool:
    """Whether *form* is one of a number: dates have no digits in their formats but those of HH24 and HH12."""
    return bool(_NUMERIC.search(form)) and "HH" not in form.upper()


def places_of(form: str) -> int:
    """How many digits a number's format has after its point."""
    return len(re.findall("[90]", re.split(r"[D.]", form.upper(), maxsplit=1)[1])) if re.search(r"[Dd.]", form) else 0


def fields(form: str) -> Iterator[tuple[str, str, bool, str]]:
    """Each part of *form*: its field in capitals or "", as it is written, whether FM stands before, TH behind."""
    at = 0
    while at < len(form):
        found = _FIELD.match(form, at)
        if found is None:
            yield "", form[at], False, ""
            at += 1
        elif found["quoted"] is not None:
            yield "", found["quoted"], False, ""
            at = found.end()
        else:
            yield found["field"].upper(), found["field"], bool(found["fm"]), found["th"] or ""
            at = found.end()


def written(moment: exp.Expr, form: str) -> exp.Expr:
    """The expression that writes *moment* in the format *form*."""
    parts: list[exp.Expr] = []
    for field, text, unfilled, ordinal in fields(form):
        part = _written_field(moment, field, text, unfilled) if field else exp.Literal.string(text)
        parts.append(call("rs_ordinal", part, ordinal) if ordinal else part)
    joined = parts[0] if parts else exp.Literal.string("")
    for each in parts[1:]:
        joined = exp.DPipe(this=joined, expression=each, safe=True)
    return exp.Paren(this=joined)


def _written_field(moment: exp.Expr, field: str, text: str, unfilled: bool) -> exp.Expr:
    value = moment.copy()
    if field in _DIRECTIVES:
        made = call("strftime", value, _DIRECTIVES[field])
        return call("ltrim", made, "0") if unfilled else made
    if field in _PADDED:
        directive, width = _PADDED[field]
        made = call("strftime", value, directive)
        case = "upper" if text.isupper() else "lower" if text.islower() else ""
        made = call(case, made) if case else made
        return made if unfilled or width == 3 else call("rpad", made, width, " ")
    if field in ("AM", "PM", "A.M.", "P.M."):
        night, day = ("A.M.", "P.M.") if "." in field else ("AM", "PM")
        if text.islower():
            night, day = night.lower(), day.lower()
        morning = exp.LT(this=call("date_part", "hour", value), expression=exp.convert(12))
        return exp.Paren(this=exp.Case().when(morning, exp.Literal.string(night)).else_(exp.Literal.string(day)))
    if field in _NUMBERS:
        part, width = _NUMBERS[field]
        number = cast(call("date_part", part, value), "VARCHAR")
        return number if unfilled else call("lpad", number, width, "0")
    return call("rs_moment_field", value, field)
