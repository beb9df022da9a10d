"""Functions of Redshift's in Python, where SQL does not reach: formats of numbers, readings of dates, hashes."""

from __future__ import annotations

import hashlib
import json
import re
import zlib
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

from localaws.warehouse.sql.formats import fields

_MASK = (1 << 64) - 1
_FNV_PRIME = 1099511628211
_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_SOUNDS = {letter: digit for digit, letters in enumerate(("bfpv", "cgjkqsxz", "dt", "l", "mn", "r"), 1)
           for letter in letters}  # fmt: skip


def _refusal(code: str, said: str) -> ValueError:
    return ValueError(f"REDSHIFT {code} {said}")


# Hashes


def sha2(text: str, bits: int) -> str:
    """The digest in hexadecimal digits; 0 bits are 256."""
    made = {0: hashlib.sha256, 224: hashlib.sha224, 256: hashlib.sha256, 384: hashlib.sha384, 512: hashlib.sha512}
    if bits not in made:
        raise _refusal("22023", f"SHA2 makes no digest of {bits} bits, only of 224, 256, 384 and 512")
    return made[bits](text.encode()).hexdigest()


def fnv(text: str, seed: int) -> int:
    """FNV-1a in 64 bits, of a text."""
    return _fnv(text.encode(), seed)


def fnv_whole(value: int, size: int, seed: int) -> int:
    """FNV-1a in 64 bits, of an integer of so many bytes."""
    return _fnv(value.to_bytes(size, "little", signed=True), seed)


def _fnv(data: bytes, seed: int) -> int:
    state = seed & _MASK
    for byte in data:
        state = (state ^ byte) * _FNV_PRIME & _MASK
    return state - (1 << 64) if state >> 63 else state


def crc32(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def soundex(text: str) -> str:
    """A letter and three digits, as English says the word."""
    letters = [each for each in text.lower() if each.isascii() and each.isalpha()]
    if not letters:
        return ""
    code, last = letters[0].upper(), _SOUNDS.get(letters[0])
    for each in letters[1:]:
        digit = _SOUNDS.get(each)
        if digit and digit != last:
            code += str(digit)
        if each not in "hw":
            last = digit
    return code.ljust(4, "0")[:4]


# Texts


def initcap(text: str) -> str:
    """The first letter of each word large, the others small; what is neither letter nor digit ends a word."""
    return re.sub(r"[^\W_]+", lambda word: word[0][:1].upper() + word[0][1:].lower(), text)


def cut(text: str, most: int) -> str:
    """The letters of *text* that so many bytes have room for."""
    return text.encode()[: max(most, 0)].decode(errors="ignore")


def strtol(text: str, base: int) -> int:
    """The number that *text* writes in base 2 to 36."""
    if not 2 <= base <= 36:
        raise _refusal("22023", f"The input base {base} is not in the range 2 to 36")
    try:
        value = int(text.strip().replace("_", "?") or "0", base)
    except ValueError:
        raise _refusal("22P02", f"The input {text} is not valid to be converted to base {base}") from None
    if not -(1 << 63) <= value < 1 << 63:
        raise _refusal("22003", f"The input {text} is out of range")
    return value


def ordinal(number: str, letters: str) -> str:
    """``1st``, ``2ND``: *letters* show the case."""
    value = int(number)
    ending = "th" if value // 10 % 10 == 1 else {1: "st", 2: "nd", 3: "rd"}.get(value % 10, "th")
    return number + (ending.upper() if letters.isupper() else ending)


# Formats of numbers


def number_written(text: str, form: str) -> str:
    """A number in a format like ``999,990D99S`` or ``$9,999.99``."""
    plain = form.upper()
    unfilled = plain.startswith("FM")
    plain = plain.removeprefix("FM")
    whole, point, fraction = re.match(r"([^D.]*)([D.]?)(.*)", plain, re.DOTALL).groups()  # type: ignore[union-attr]
    places = len(re.findall("[90]", fraction))
    value = Decimal(text).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)
    digits, _, after = format(abs(value), "f").partition(".")
    digits = "" if digits == "0" and places and "0" not in whole else digits
    room = len(re.findall("[90]", whole))
    if len(digits) > room:
        digits, after = "#" * room, "#" * places
    zeros = len(re.findall("[90]", whole[whole.find("0") :])) if "0" in whole else 0
    whole = re.sub(r"SG|PR|MI|PL|S", "", whole)
    body = _grouped(whole, digits.rjust(max(zeros, len(digits)), "0").rjust(room), unfilled)
    if unfilled and "0" not in fraction:
        after = after.rstrip("0")
    return _signed(plain, body + ("." + after if point and (after or not unfilled) else ""), value < 0, unfilled)


def _grouped(form: str, digits: str, unfilled: bool) -> str:
    """*digits* in the places of *form*, with the commas that stand between them."""
    made, at = "", 0
    for letter in form:
        if letter in "90":
            made += digits[at]
            at += 1
        elif letter in ",G":
            made += "," if made.strip() else " "
        elif letter in "$L":
            made += "$"
        elif letter == " ":
            made += " "
    if made.startswith("$"):
        made = "$" + made[1:] if unfilled is False else "$" + made[1:].lstrip()
    return made.lstrip() if unfilled else made


def _signed(form: str, body: str, negative: bool, unfilled: bool) -> str:
    """The sign where *form* has it: S, MI, PL, SG, PR, or else before the first digit."""
    if "PR" in form:
        padded = body.lstrip()
        return ("<" + padded + ">" if negative else body if unfilled else " " + body + " ").rjust(
            0 if unfilled else len(body) + 2
        )
    if "MI" in form:
        mark = "-" if negative else "" if unfilled else " "
        return body + mark if form.rindex("MI") > form.find("9") else mark + body
    sign = "-" if negative else "+"
    if "S" in form.replace("SG", "S"):
        place = form.replace("SG", "S").rindex("S")
        if place > max(form.rfind("9"), form.rfind("0")):
            return body + sign
    elif not negative:
        sign = "" if unfilled else " "
    rest = body.lstrip()
    return " " * (len(body) - len(rest)) + sign + rest


def number_read(text: str, form: str) -> str:
    """The number that *text* is in a format like ``99G999D99S``."""
    found = re.sub(r"[^0-9.]", "", text)
    try:
        value = Decimal(found)
    except InvalidOperation:
        raise _refusal("22P02", f'invalid input syntax for type numeric: "{text}"') from None
    return format(-value if "-" in text or "<" in text else value, "f")


# Formats of dates


def moment_read(text: str, form: str, strict: bool) -> str:
    """The moment that *text* is in the format *form*; a day that the month has not is one of the next, or refused."""
    found: dict[str, int] = {}
    at = 0
    for field, written, _, _ in fields(form):
        if not field:
            at += at < len(text) and (text[at] == written or not text[at].isalnum())
            continue
        while at < len(text) and text[at] == " ":
            at += 1
        at = _read_field(text, at, field, found)
    year = found.get("year", 1)
    month, day = found.get("month", 1), found.get("day", 1)
    if not 1 <= month <= 12:
        raise _refusal("22008", f"date/time field value out of range: {text}")
    first = datetime(year, month, 1)
    if "yearday" in found:
        first, day = datetime(year, 1, 1), found["yearday"]
    moment = first + timedelta(days=day - 1)
    if strict and moment.month != month and "yearday" not in found:
        raise _refusal("22008", f"date/time field date value out of range: {text}")
    hour = found.get("hour", 0)
    if "pm" in found:
        hour = hour % 12 + 12 * found["pm"]
    clock = timedelta(hours=hour, minutes=found.get("minute", 0), seconds=found.get("second", 0),
                      microseconds=found.get("micro", 0))  # fmt: skip
    return (moment + clock).isoformat(" ")


_WIDTHS = {"YYYY": ("year", 4), "YY": ("year", 2), "MM": ("month", 2), "DD": ("day", 2), "HH24": ("hour", 2),
           "HH12": ("hour", 2), "HH": ("hour", 2), "MI": ("minute", 2), "SS": ("second", 2), "DDD": ("yearday", 3),
           "MS": ("micro", 3), "US": ("micro", 6)}  # fmt: skip


def _read_field(text: str, at: int, field: str, found: dict[str, int]) -> int:
    """Read one field of *text* from *at* on into *found*; returns where it ends."""
    if field in _WIDTHS:
        name, width = _WIDTHS[field]
        digits = re.compile(rf"\d{{1,{width}}}").match(text, at)
        if digits is None:
            raise _refusal("22007", f'invalid value "{text[at:]}" for "{field}"')
        value = int(digits[0])
        if field == "YY":
            value += 2000 if value < 70 else 1900
        if name == "micro":
            value = int(digits[0].ljust(width, "0")) * 10 ** (6 - width)
        found[name] = value
        return digits.end()
    word = re.compile(r"[A-Za-z.]+").match(text, at)
    if field in ("MON", "MONTH"):
        short = word[0][:3].lower() if word else ""
        if short not in _MONTHS:
            raise _refusal("22007", f'invalid value "{text[at:]}" for "{field}"')
        found["month"] = _MONTHS.index(short) + 1
        return at + (3 if field == "MON" else len(word[0]) if word else 0)
    if field in ("AM", "PM", "A.M.", "P.M.") and word:
        found["pm"] = int(word[0].lower().startswith("p"))
    return word.end() if word else at


def moment_field(moment: datetime, field: str) -> str:
    """The fields of a moment that DuckDB does not write."""
    match field:
        case "Y,YYY":
            return f"{moment.year // 1000},{moment.year % 1000:03}"
        case "YYY" | "Y":
            return f"{moment.year:04}"[-len(field) :]
        case "D":
            return str(moment.isoweekday() % 7 + 1)
        case "W":
            return str((moment.day - 1) // 7 + 1)
        case "WW":
            return f"{(moment.timetuple().tm_yday - 1) // 7 + 1:02}"
        case "MS":
            return f"{moment.microsecond // 1000:03}"
        case "SSSS":
            return str(moment.hour * 3600 + moment.minute * 60 + moment.second)
        case "J":
            return str(moment.toordinal() + 1721425)
        case "TZ":
            return "UTC"
        case "BC" | "AD" | "B.C." | "A.D.":
            return "A.D." if "." in field else "AD"
        case "RM":
            return ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII")[moment.month - 1]
    raise _refusal("22023", f'the format "{field}" is not done by this lab')


# Documents


def lower_names(document: str) -> str:
    return _with_names(document, str.lower)


def upper_names(document: str) -> str:
    return _with_names(document, str.upper)


def _with_names(document: str, change: Callable[[str], str]) -> str:
    def changed(value: Any) -> Any:
        if isinstance(value, dict):
            return {change(key): changed(each) for key, each in value.items()}
        return [changed(each) for each in value] if isinstance(value, list) else value

    return json.dumps(changed(json.loads(document)), separators=(",", ":"))


#: Name → the function, DuckDB's types of its parameters, that of its result.
NATIVES: dict[str, tuple[Callable[..., Any], list[Any], str]] = {
    "rs_sha2": (sha2, ["VARCHAR", "BIGINT"], "VARCHAR"),
    "rs_fnv": (fnv, ["VARCHAR", "BIGINT"], "BIGINT"),
    "rs_fnv_whole": (fnv_whole, ["BIGINT", "BIGINT", "BIGINT"], "BIGINT"),
    "rs_crc32": (crc32, ["VARCHAR"], "VARCHAR"),
    "rs_soundex": (soundex, ["VARCHAR"], "VARCHAR"),
    "rs_initcap": (initcap, ["VARCHAR"], "VARCHAR"),
    "rs_cut": (cut, ["VARCHAR", "BIGINT"], "VARCHAR"),
    "rs_strtol": (strtol, ["VARCHAR", "BIGINT"], "BIGINT"),
    "rs_ordinal": (ordinal, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "rs_number_written": (number_written, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "rs_number_read": (number_read, ["VARCHAR", "VARCHAR"], "VARCHAR"),
    "rs_moment_read": (moment_read, ["VARCHAR", "VARCHAR", "BOOLEAN"], "VARCHAR"),
    "rs_moment_field": (moment_field, ["TIMESTAMP", "VARCHAR"], "VARCHAR"),
    "rs_lower_names": (lower_names, ["JSON"], "JSON"),
    "rs_upper_names": (upper_names, ["JSON"], "JSON"),
}
