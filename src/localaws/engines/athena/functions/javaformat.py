"""java.util.Formatter, as far as format() and format_number() need it.

Source: Trino's "Conversion functions": format, format_number.
"""

from __future__ import annotations

import re
from datetime import datetime
from decimal import ROUND_HALF_UP, Context, Decimal

_SPEC = re.compile(
    r"%(?:(?P<index>\d+)\$)?(?P<flags>[-#+ 0,(]*)(?P<width>\d+)?(?:\.(?P<precision>\d+))?"
    r"(?P<conversion>[bBhHsScCdoxXeEfgGaA%n]|[tT][A-Za-z])"
)
#: Letters that a width or a precision may ask for: what this lab pads.
_MOST_LETTERS = 1 << 20
_NUMBERS = {"tinyint", "smallint", "integer", "bigint", "decimal", "real", "double"}
_WHOLE = {"tinyint", "smallint", "integer", "bigint"}
_DIGITS = Context(prec=_MOST_LETTERS + 400)  # a double has up to 309 before its point
_MOMENT = {
    "Y": "%Y", "y": "%y", "m": "%m", "d": "%d", "H": "%H", "I": "%I", "M": "%M", "S": "%S", "B": "%B", "b": "%b",
    "A": "%A", "a": "%a", "j": "%j", "F": "%Y-%m-%d", "T": "%H:%M:%S", "R": "%H:%M", "D": "%m/%d/%y", "p": "%p",
    "e": "%-d", "k": "%-H", "l": "%-I",
}  # fmt: skip


def format_text(text: str, values: list[str | None], kinds: list[str]) -> str:
    """*text* with its specifiers filled by *values*, texts of values of the types *kinds*.

    Raises ValueError for a specifier that does not exist or does not take its value.
    """
    parts, position, following = [], 0, 0
    for match in re.finditer("%", text):
        if match.start() < position:
            continue
        spec = _SPEC.match(text, match.start())
        if spec is None:
            raise ValueError(f"UnknownFormatConversion: {text[match.start() : match.start() + 2]}")
        if any(len(each) > 7 or int(each) > _MOST_LETTERS for each in (spec["width"] or "0", spec["precision"] or "0")):
            raise ValueError(
                f"IllegalFormatWidth: {spec[0][:30]} is more than this lab writes, {_MOST_LETTERS} letters"
            )
        parts.append(text[position : match.start()])
        position = spec.end()
        conversion = spec["conversion"]
        if conversion in "%n":
            parts.append(_padded("%" if conversion == "%" else "\n", spec))
            continue
        if spec["index"]:
            index = int(spec["index"]) - 1
        else:
            index, following = following, following + 1
        if index >= len(values):
            raise ValueError(f"MissingFormatArgument: {spec[0]}")
        parts.append(_one(spec, values[index], kinds[index]))
    return "".join([*parts, text[position:]])


def _one(spec: re.Match[str], value: str | None, kind: str) -> str:
    conversion = spec["conversion"]
    lower = conversion.lower()
    if value is None:
        made = "false" if lower == "b" else "null"
    elif lower == "s":
        made = value if spec["precision"] is None else value[: int(spec["precision"])]
    elif lower == "b":
        made = value if kind == "boolean" else "true"
    elif lower[0] == "t":
        made = _moment(value, conversion[1], kind)
    elif lower == "c" and kind in _WHOLE:
        made = chr(int(value))
    elif lower in "dox" and kind in _WHOLE:
        return _padded(_signed(_whole(int(value), lower), spec), spec, conversion.isupper(), "0" in spec["flags"])
    elif lower in "feg" and kind in _NUMBERS - _WHOLE:
        return _padded(_signed(_real(value, lower, spec), spec), spec, conversion.isupper(), "0" in spec["flags"])
    else:
        raise ValueError(f"{conversion} != {kind}")
    return _padded(made, spec, conversion[0].isupper())


def _whole(value: int, conversion: str) -> str:
    if conversion == "d":
        return str(value)
    return format(value % (1 << 64) if value < 0 else value, conversion)


def _real(value: str, conversion: str, spec: re.Match[str]) -> str:
    digits = int(spec["precision"]) if spec["precision"] is not None else 6
    if value in ("NaN", "Infinity", "-Infinity"):
        return value
    number = Decimal(value)
    if conversion == "f":
        return str(number.quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP, _DIGITS))
    return f"{number:.{digits}{conversion}}" if conversion == "g" else _scientific(number, digits)


def _scientific(number: Decimal, digits: int) -> str:
    mantissa, _, exponent = f"{number:.{digits}e}".partition("e")
    return f"{mantissa}e{exponent[0]}{int(exponent[1:]):02d}"


def _signed(number: str, spec: re.Match[str]) -> str:
    flags = spec["flags"]
    sign, digits = ("-", number[1:]) if number.startswith("-") else ("", number)
    if "," in flags:
        whole, point, fraction = digits.partition(".")
        digits = f"{int(whole):,}{point}{fraction}"
    if sign and "(" in flags:
        return f"({digits})"
    return (sign or ("+" if "+" in flags else " " if " " in flags else "")) + digits


def _moment(value: str, letter: str, kind: str) -> str:
    if kind not in ("date", "timestamp", "timestamp with time zone") or letter not in _MOMENT:
        raise ValueError(f"t{letter} != {kind}")
    return datetime.fromisoformat(" ".join(value.split()[:2])).strftime(_MOMENT[letter])


def _padded(text: str, spec: re.Match[str], upper: bool = False, zeros: bool = False) -> str:
    width = int(spec["width"] or 0)
    text = text.upper() if upper else text
    if zeros and text[-1:].isalnum():
        return text.zfill(width)
    return text.ljust(width) if "-" in spec["flags"] else text.rjust(width)


def format_number(value: float) -> str:
    """A number with at most three digits and a symbol: 123456 → 123K."""
    sign, size, unit = ("-" if value < 0 else ""), abs(value), ""
    for unit in ("", "K", "M", "B", "T", "Q"):
        if size < 1000 or unit == "Q":
            break
        size /= 1000
    digits = 2 if size < 10 else 1 if size < 100 else 0
    text = str(Decimal(repr(size)).quantize(Decimal(1).scaleb(-digits), ROUND_HALF_UP))
    return sign + (text.rstrip("0").rstrip(".") if "." in text else text) + unit
