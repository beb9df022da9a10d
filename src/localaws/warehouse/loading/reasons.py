"""Why a record is rejected, in Redshift's words and with its numbers.

Sources: Redshift database developer guide, "Load error reference", "STL_LOAD_ERRORS", "Multibyte character load
errors".
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from localaws.warehouse.loading.request import Copy
from localaws.warehouse.loading.target import Field

NO_DELIMITER, EXTRA_COLUMNS = (1214, "Delimiter not found"), (1202, "Extra column(s) found")
BAD_QUOTES = (1216, "Invalid quote formatting for CSV")
MISSING = (1213, "Missing data for not-null field")
EMPTY_LINE = (1211, "Input line contained no data")
#: What a number's type is called in a reason.
_NUMBERS = {
    "int2": "Short", "int4": "Integer", "int8": "Long", "numeric": "Decimal", "float4": "Float", "float8": "Double",
}  # fmt: skip


@dataclass(frozen=True)
class Reject:
    """A record that was not loaded; *field* is None where the record is wrong as a whole."""

    uri: str
    line: int
    raw: str
    code: int
    reason: str
    field: Field | None = None
    value: str = ""
    position: int = 0


def reason_of(field: Field, copy: Copy, text: str | None) -> tuple[int, str]:
    """Why *text* is no value of *field*: the number of the error, and Redshift's words."""
    if text is None or (field.required and not text.strip() and not field.is_text):
        return MISSING
    if field.type in _NUMBERS:
        return _of_number(field, text)
    match field.type:
        case "bool":
            return 1210, "Unknown boolean format"
        case "date":
            if not copy.dates and len(text.strip()) < 10:
                return 1205, "Invalid Date Format - length must be 10 or more"
            return 1205, f"Invalid Date Format [{copy.dates or 'YYYY-MM-DD'}]"
        case "timestamp" | "timestamptz":
            return 1206, f"Invalid timestamp format or value [{copy.times or 'YYYY-MM-DD HH24:MI:SS'}]"
        case "char" if not text.isascii():
            found = next(each for each in text if not each.isascii())
            bad = found.encode("utf-8", "surrogateescape").hex(" ")
            return 1220, f"Multibyte character not supported for CHAR (Hint: try using VARCHAR). Invalid char: {bad}"
        case "char" | "varchar":
            blank = not text.strip() and ({"EMPTYASNULL", "BLANKSASNULL"} & copy.flags)
            return MISSING if field.required and blank else (1204, "String length exceeds DDL length")
        case "super":
            return 1224, "Invalid JSON value for SUPER"
        case "varbyte":
            return 1207, "Invalid hexadecimal digit for VARBYTE"
    return 9005, "Invalid value."


def _of_number(field: Field, text: str) -> tuple[int, str]:
    kind = _NUMBERS[field.type]
    allowed = "0123456789" + (".eE+-" if field.type in ("numeric", "float4", "float8") else "")
    bare = text.lstrip()
    begin = len(text) - len(bare)
    begin += bare[:1] in ("+", "-")
    wrong = next((place for place in range(begin, len(text.rstrip())) if text[place] not in allowed), None)
    if wrong is None and not re.search(r"\d", text):
        wrong = begin
    if wrong is not None:
        return 1207, f"Invalid digit, Value '{text[wrong : wrong + 1]}', Pos {wrong}, Type: {kind}"
    if field.type == "numeric":
        return 1209, f"Overflow for NUMERIC({field.length},{field.scale})"
    return 1204, f"Value out of range, Value '{text.strip()}', Pos 0, Type: {kind}"


def bad_text(data: bytes) -> tuple[int, str]:
    """For bytes that are no UTF-8: which, and what is wrong with them."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        first = data[error.start]
        bad = data[error.start : max(error.end, error.start + 1)].hex(" ")
        if first >= 0xF8:
            number = 1
        elif "unexpected end" in error.reason or "continuation" in error.reason:
            number = 2
        else:
            number = 3
        words = "String contains invalid or unsupported UTF-8 codepoints. Bad UTF-8 hex sequence"
        return 1220, f"{words}: {bad} (error {number})"
    return 9005, "Invalid value."
