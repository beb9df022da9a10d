"""Functions that are easier told in Python than in SQL, row by row, run where a query can be ended (processes/).

Each is pure, reads nothing but its arguments, and gives NULL where one of them is NULL.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import math
import re
import struct
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from statistics import NormalDist
from typing import Any

import mmh3

from localaws.engines.athena.functions import dateformats, hashing, javaformat, jsonpath
from localaws.hive import javaregex
from localaws.hive.javaregex import JavaPattern, PatternError, Untranslatable


@dataclass(frozen=True)
class Native:
    """A function of rows, and DuckDB's types of what it takes and gives."""

    function: Callable[..., Any]
    takes: tuple[str, ...]
    gives: str


NATIVES: dict[str, Native] = {}


def native(name: str, takes: str, gives: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make a function of rows DuckDB's function *name*; *takes* its types, apart by a blank."""

    def register(function: Callable[..., Any]) -> Callable[..., Any]:
        NATIVES[name] = Native(function, tuple(takes.split()), gives)
        return function

    return register


def run(name: str, columns: list[list[Any]]) -> list[Any]:
    """The function *name* of each row."""
    function = NATIVES[name].function
    return [None if None in row else function(*row) for row in zip(*columns, strict=True)]


def invalid(message: str) -> ValueError:
    """Ends the query with INVALID_FUNCTION_ARGUMENT, or is caught by try()."""
    return ValueError(f"ATHENA INVALID_FUNCTION_ARGUMENT: {message}")


# Dates


@native("native_format", "TIMESTAMP VARCHAR BIGINT VARCHAR VARCHAR", "VARCHAR")
def _format_date(clock: datetime, zone: str, minutes: int, text: str, family: str) -> str:
    try:
        return dateformats.write(dateformats.FAMILIES[family](text), dateformats.Moment(clock, zone, minutes))
    except ValueError as error:
        raise invalid(str(error)) from None


@native("native_parse", "VARCHAR VARCHAR VARCHAR", "VARCHAR")
def _parse_date(text: str, form: str, family: str) -> str:
    try:
        found = dateformats.read(dateformats.FAMILIES[family](form), text)
    except ValueError as error:
        raise invalid(str(error) if "format" in str(error) else f'Invalid format: "{text}"') from None
    return f"{found.clock:%Y-%m-%d %H:%M:%S.%f} {found.zone}"


_DURATIONS = {"ns": 1e-6, "us": 1e-3, "ms": 1, "s": 1e3, "m": 6e4, "h": 3.6e6, "d": 8.64e7}


@native("native_parse_duration", "VARCHAR", "BIGINT")
def _parse_duration(text: str) -> int:
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([a-z]+)\s*", text)
    if match is None:
        raise invalid(f"Invalid duration: {text}")
    if match[2] not in _DURATIONS:
        raise invalid(f"Unknown time unit: {match[2]}")
    return math.floor(float(match[1]) * _DURATIONS[match[2]] + 0.5)


_SPANS = (("week", 604800), ("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))


@native("native_human_readable_seconds", "DOUBLE", "VARCHAR")
def _human_readable_seconds(seconds: float) -> str:
    if not math.isfinite(seconds):
        raise invalid("Invalid argument found: " + str(seconds))
    left = math.floor(abs(seconds) + 0.5)
    parts: list[str] = []
    for name, size in _SPANS:
        count, left = divmod(left, size)
        if count or (name == "second" and not parts):
            parts.append(f"{count} {name}{'s' if count != 1 else ''}")
    return ", ".join(parts)


_SIZES = {unit: 1024**power for power, unit in enumerate(("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"))}


@native("native_parse_data_size", "VARCHAR", "BIGINT")
def _parse_data_size(text: str) -> int:
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([a-zA-Z]+)", text)
    if match is None or match[2] not in _SIZES:
        raise invalid(f"Invalid data size: '{text}'")
    return int(float(match[1]) * _SIZES[match[2]])


# Texts


@native("native_normalize", "VARCHAR VARCHAR", "VARCHAR")
def _normalize(text: str, form: str) -> str:
    if form.upper() not in ("NFC", "NFD", "NFKC", "NFKD"):
        raise invalid(f"Normalization form must be one of [NFD, NFC, NFKD, NFKC], is {form}")
    return unicodedata.normalize(form.upper(), text)  # type: ignore[arg-type]


_SOUNDS = {letter: digit for digit, letters in enumerate(("BFPV", "CGJKQSXZ", "DT", "L", "MN", "R"), 1)
           for letter in letters}  # fmt: skip


@native("native_soundex", "VARCHAR", "VARCHAR")
def _soundex(text: str) -> str:
    letters = [letter for letter in text.upper() if letter.isalpha()]
    if not letters:
        return ""
    if not all(letter.isascii() for letter in letters):
        raise invalid(f"The character is not mapped: {next(each for each in letters if not each.isascii())}")
    code, last = letters[0], _SOUNDS.get(letters[0])
    for letter in letters[1:]:
        sound = _SOUNDS.get(letter)
        if sound is not None and sound != last:
            code += str(sound)
        if letter not in "HW":
            last = sound
    return code[:4].ljust(4, "0")


@native("native_format_text", "VARCHAR VARCHAR[] VARCHAR[]", "VARCHAR")
def _format_text(text: str, values: list[str | None], kinds: list[str]) -> str:
    try:
        return javaformat.format_text(text, values, kinds)
    except ValueError as error:
        raise invalid(f"Invalid format string: {text} ({error})") from None


@native("native_format_number", "DOUBLE", "VARCHAR")
def _format_number(value: float) -> str:
    return javaformat.format_number(value)


@native("native_from_utf8", "BLOB VARCHAR", "VARCHAR")
def _from_utf8(data: bytes, replacement: str) -> str:
    return data.decode("utf-8", "replace").replace("\N{REPLACEMENT CHARACTER}", replacement)


@native("native_luhn_check", "VARCHAR", "BOOLEAN")
def _luhn_check(text: str) -> bool:
    if not text.isdigit():
        raise invalid(f"String '{text}' contains non-digit characters")
    total = 0
    for place, digit in enumerate(map(int, reversed(text))):
        total += digit if place % 2 == 0 else digit * 2 - 9 * (digit > 4)
    return total % 10 == 0


# Regular expressions: what RE2, DuckDB's library, does not find just as Trino's does


def _pattern(text: str) -> JavaPattern:
    try:
        return javaregex.checked(text, "trino")
    except PatternError as error:
        raise invalid(str(error)) from None
    except Untranslatable as error:
        raise _unsupported(error) from None


def _unsupported(error: Untranslatable) -> ValueError:
    return ValueError(f"ATHENA NOT_SUPPORTED: {error} is not supported by this lab yet")


def _with_group(text: str, group: int) -> JavaPattern:
    pattern = _pattern(text)
    if group < 0:
        raise invalid("Group cannot be negative")
    if group > pattern.groups:
        raise invalid(f"Pattern has {pattern.groups} groups. Cannot access group {group}")
    return pattern


@native("native_regexp_like", "VARCHAR VARCHAR", "BOOLEAN")
def _regexp_like(text: str, pattern: str) -> bool:
    return _pattern(pattern).compiled.search(text) is not None


@native("native_regexp_extract", "VARCHAR VARCHAR BIGINT", "VARCHAR")
def _regexp_extract(text: str, pattern: str, group: int) -> str | None:
    found = _with_group(pattern, group).compiled.search(text)
    return found[group] if found else None


@native("native_regexp_extract_all", "VARCHAR VARCHAR BIGINT", "VARCHAR[]")
def _regexp_extract_all(text: str, pattern: str, group: int) -> list[str | None]:
    return [found[group] for found in _with_group(pattern, group).matches(text)]


@native("native_regexp_replace", "VARCHAR VARCHAR VARCHAR", "VARCHAR")
def _regexp_replace(text: str, pattern: str, replacement: str) -> str:
    compiled = _pattern(pattern)
    pieces: list[str] = []
    position, parts = 0, None
    for found in compiled.matches(text):
        if parts is None:
            try:
                parts = compiled.replacement(replacement)
            except PatternError as error:
                raise invalid(str(error)) from None
        pieces.append(text[position : found.start()])
        pieces += [part if isinstance(part, str) else found[part] or "" for part in parts]
        position = found.end()
    return "".join([*pieces, text[position:]])


@native("native_regexp_split", "VARCHAR VARCHAR", "VARCHAR[]")
def _regexp_split(text: str, pattern: str) -> list[str]:
    pieces, position = [], 0
    for found in _pattern(pattern).matches(text):
        pieces.append(text[position : found.start()])
        position = found.end()
    return [*pieces, text[position:]]


@native("native_regexp_position", "VARCHAR VARCHAR BIGINT BIGINT", "BIGINT")
def _regexp_position(text: str, pattern: str, start: int, nth: int) -> int:
    if start < 1:
        raise invalid("start position cannot be smaller than 1")
    for number, found in enumerate(_pattern(pattern).matches(text, start - 1), 1):
        if number == nth:
            return found.start() + 1
    return -1


# Bytes


def _hmac(algorithm: str) -> Callable[[bytes, bytes], bytes]:
    return lambda data, key: hmac.new(key, data, algorithm).digest()


def _unpacker(form: struct.Struct) -> Callable[[bytes], Any]:
    def run(data: bytes) -> Any:
        if len(data) != form.size:
            raise invalid(f"expected {form.size}-byte input, but got instead: {len(data)}")
        return form.unpack(data)[0]

    return run


for _algorithm in ("md5", "sha1", "sha256", "sha512"):
    native(f"native_hmac_{_algorithm}", "BLOB BLOB", "BLOB")(_hmac(_algorithm))
native("native_sha512", "BLOB", "BLOB")(lambda data: hashlib.sha512(data).digest())
native("native_crc32", "BLOB", "BIGINT")(binascii.crc32)
native("native_xxhash64", "BLOB", "BLOB")(lambda data: hashing.xxhash64(data).to_bytes(8, "big"))
native("native_murmur3", "BLOB", "BLOB")(mmh3.mmh3_x64_128_digest)
native("native_checksum_bytes", "BLOB", "BIGINT")(hashing.checksum_part)
native("native_checksum_whole", "BIGINT", "BIGINT")(lambda value: hashing.checksum_part(struct.pack("<q", value)))
native("native_checksum_real", "DOUBLE", "BIGINT")(lambda value: hashing.checksum_part(struct.pack("<d", value + 0.0)))
native("native_checksum_sum", "VARCHAR", "BLOB")(lambda total: (int(total) % (1 << 64)).to_bytes(8, "little"))
for _name, _code, _kind in (("big_endian_32", ">i", "BIGINT"), ("big_endian_64", ">q", "BIGINT"),
                            ("ieee754_32", ">f", "DOUBLE"), ("ieee754_64", ">d", "DOUBLE")):  # fmt: skip
    native(f"native_to_{_name}", _kind, "BLOB")(struct.Struct(_code).pack)
    native(f"native_from_{_name}", "BLOB", _kind)(_unpacker(struct.Struct(_code)))
native("native_to_base32", "BLOB", "VARCHAR")(lambda data: base64.b32encode(data).decode())
native("native_to_base64url", "BLOB", "VARCHAR")(lambda data: base64.urlsafe_b64encode(data).decode())


#: Bytes that a padding may make, as for texts (padded_length).
_LONGEST_PADDED = 1 << 20


@native("native_pad_bytes", "BLOB BIGINT BLOB VARCHAR", "BLOB")
def _pad_bytes(data: bytes, size: int, padding: bytes, name: str) -> bytes:
    if not 0 <= size <= 2147483647:
        raise invalid("Target length must be in the range [0..2147483647]")
    if size > _LONGEST_PADDED:
        words = f"{size} bytes are more than this lab pads ({_LONGEST_PADDED})"
        raise ValueError(f"ATHENA EXCEEDED_LOCAL_MEMORY_LIMIT: {words}")
    if not padding:
        raise invalid("Padding bytes must not be empty")
    missing = max(size - len(data), 0)
    added = (padding * (missing // len(padding) + 1))[:missing]
    return added + data[:size] if name == "lpad" else data[:size] + added


@native("native_substr_bytes", "BLOB BIGINT BIGINT", "BLOB")
def _substr_bytes(data: bytes, start: int, length: int) -> bytes:
    """From 1 on, or from the end where *start* is negative; nothing where it is 0 or outside."""
    begin = start - 1 if start > 0 else len(data) + start
    return b"" if start == 0 or begin < 0 or length <= 0 else data[begin : begin + length]


def _decoder(decode: Callable[[str], bytes]) -> Callable[[str], bytes]:
    def run(text: str) -> bytes:
        try:
            return decode(text)
        except ValueError as error:
            raise invalid(str(error)) from None

    return run


def _base64(text: str) -> bytes:
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


native("native_from_base64", "VARCHAR", "BLOB")(_decoder(_base64))
native("native_from_base32", "VARCHAR", "BLOB")(_decoder(base64.b32decode))
native("native_from_base64url", "VARCHAR", "BLOB")(_decoder(base64.urlsafe_b64decode))

# JSON


@native("native_json_text", "VARCHAR", "VARCHAR")
def _json_text(text: str) -> str:
    return jsonpath.compact(text)


@native("native_json_sorted", "VARCHAR", "VARCHAR")
def _json_sorted(text: str) -> str:
    return jsonpath.canonical(text)


@native("native_json_path", "VARCHAR VARCHAR VARCHAR", "VARCHAR")
def _json_path(text: str, path: str, what: str) -> str | None:
    try:
        return jsonpath.query(text, path, what)
    except jsonpath.PathError as error:
        raise invalid(str(error)) from None


# Numbers


_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def _radix(radix: int) -> int:
    if not 2 <= radix <= 36:
        raise invalid("Radix must be between 2 and 36")
    return radix


@native("native_from_base", "VARCHAR BIGINT", "BIGINT")
def _from_base(text: str, radix: int) -> int:
    try:
        value = int(text.replace("_", "?"), _radix(radix))
    except ValueError as error:
        if str(error).startswith("ATHENA"):
            raise
        raise invalid(f"Not a valid base-{radix} number: {text}") from None
    if not -(2**63) <= value < 2**63:
        raise invalid(f"Not a valid base-{radix} number: {text}")
    return value


@native("native_to_base", "BIGINT BIGINT", "VARCHAR")
def _to_base(value: int, radix: int) -> str:
    _radix(radix)
    digits, left = "", abs(value)
    while left or not digits:
        left, digit = divmod(left, radix)
        digits = _DIGITS[digit] + digits
    return f"-{digits}" if value < 0 else digits


@native("native_normal_cdf", "DOUBLE DOUBLE DOUBLE", "DOUBLE")
def _normal_cdf(mean: float, deviation: float, value: float) -> float:
    if deviation <= 0:
        raise invalid("standardDeviation must be > 0")
    return NormalDist(mean, deviation).cdf(value)


@native("native_inverse_normal_cdf", "DOUBLE DOUBLE DOUBLE", "DOUBLE")
def _inverse_normal_cdf(mean: float, deviation: float, part: float) -> float:
    if not 0 < part < 1:
        raise invalid("p must be 0 > p > 1")
    if deviation <= 0:
        raise invalid("sd must be > 0")
    return NormalDist(mean, deviation).inv_cdf(part)


@native("native_weighted_percentile", "DOUBLE[] DOUBLE[] DOUBLE", "DOUBLE")
def _weighted_percentile(values: list[float | None], weights: list[float | None], part: float) -> float | None:
    """The first value at which the weights so far reach the wanted part of all."""
    pairs = sorted((value, weight) for value, weight in zip(values, weights, strict=True)
                   if value is not None and weight is not None)  # fmt: skip
    wanted, reached = part * sum(weight for _, weight in pairs), 0.0
    for value, weight in pairs:
        reached += weight
        if reached >= wanted:
            return value
    return pairs[-1][0] if pairs else None


@native("native_numeric_histogram", "BIGINT DOUBLE[] DOUBLE[]", "MAP(DOUBLE, DOUBLE)")
def _numeric_histogram(buckets: int, values: list[float | None], weights: list[float]) -> list[tuple[float, float]]:
    """Ben-Haim's and Tom-Tov's streaming histogram: the two buckets that are nearest become one, until few are left."""
    if buckets < 2:
        raise invalid("numeric_histogram bucket count must be greater than one")
    counts: dict[float, float] = {}
    for value, weight in zip(values, weights, strict=True):
        if value is not None:
            counts[value] = counts.get(value, 0.0) + weight
    held = sorted(counts.items())
    while len(held) > buckets:
        place = min(range(len(held) - 1), key=lambda number: held[number + 1][0] - held[number][0])
        (left, one), (right, other) = held[place : place + 2]
        held[place : place + 2] = [((left * one + right * other) / (one + other), one + other)]
    return held
