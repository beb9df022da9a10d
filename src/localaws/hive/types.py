"""Hive's column types, as a Glue table names them: ``struct<sku:string,prices:array<decimal(10,2)>>``.

Source: "Hive Data Types" (LanguageManual Types) and "Data types in Amazon Athena" (athena/latest/ug/data-types.html).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

#: Types without anything in brackets; ``integer`` is another word for ``int``.
SCALARS = frozenset(
    "boolean tinyint smallint int bigint float double string varchar char binary date timestamp".split()
)
#: A type within a type within a type …: more than anybody writes, and fewer than Python's stack holds.
MOST_DEEP = 100
_TOKEN = re.compile(r"\s*([<>(),:]|[^<>(),:]+)")
_DECIMAL_DIGITS = 38
#: The greatest length of a text.
_LENGTHS = {"char": 255, "varchar": 65535}


@dataclass(frozen=True)
class HiveType:
    """One type. ``decimal(10,2)`` has the *numbers* 10 and 2, ``map<string,int>`` two *parts*, and the parts of
    ``struct<a:int>`` have names, its *fields*. Names are in lower case, as the catalog keeps them.
    """

    name: str
    parts: tuple[HiveType, ...] = ()
    fields: tuple[str, ...] = ()
    numbers: tuple[int, ...] = ()


def parse(text: str) -> HiveType:
    """The type that a Glue column's Type says. Raises ValueError for one that Hive does not have."""
    tokens = iter([each.strip() for each in _TOKEN.findall(text.lower())])
    found, after = _type(next(tokens, ""), tokens, 0)
    if after:
        raise ValueError(f"{text!r} is not a type: {after!r} is behind its end")
    return found


def _type(word: str, tokens: Iterator[str], depth: int) -> tuple[HiveType, str]:
    """The type that begins with *word*, and the token after it."""
    if depth > MOST_DEEP:
        raise ValueError(f"types within types are more than {MOST_DEEP} deep")
    after = next(tokens, "")
    if after == "<":
        return _nested(word, tokens, depth), next(tokens, "")
    numbers: tuple[int, ...] = ()
    if after == "(":
        numbers = _numbers(word, tokens)
        after = next(tokens, "")
    if word == "decimal":
        return HiveType("decimal", numbers=_decimal(numbers)), after
    word = "int" if word == "integer" else word
    if word not in SCALARS:
        raise ValueError(f"{word!r} is not a type")
    if numbers and not 1 <= numbers[0] <= _LENGTHS.get(word, 0):
        raise ValueError(f"{word}({numbers[0]}) is not a type: its length is {_LENGTHS.get(word, 0)} at most")
    return HiveType(word, numbers=numbers), after


def _nested(word: str, tokens: Iterator[str], depth: int) -> HiveType:
    """What is between the brackets of an array, a map or a struct."""
    if word not in ("array", "map", "struct"):
        raise ValueError(f"{word!r} takes no types in brackets")
    fields: list[str] = []
    parts: list[HiveType] = []
    after = ","
    while after == ",":
        first = next(tokens, "")
        if word == "struct":
            fields.append(first)
            if next(tokens, "") != ":":
                raise ValueError(f"a struct's field needs a name and a type with a colon between, not {first!r}")
            first = next(tokens, "")
        part, after = _type(first, tokens, depth + 1)
        parts.append(part)
    if after != ">":
        raise ValueError(f"{word}<…> is not closed")
    if len(parts) != {"array": 1, "map": 2}.get(word, len(parts)):
        raise ValueError(f"{word} takes another number of types than {len(parts)}")
    return HiveType(word, tuple(parts), tuple(fields))


def _numbers(word: str, tokens: Iterator[str]) -> tuple[int, ...]:
    """The numbers of ``decimal(10,2)`` or ``varchar(9)``."""
    numbers: list[int] = []
    after = ","
    while after == ",":
        number = next(tokens, "")
        if not re.fullmatch(r"[0-9]{1,9}", number):
            raise ValueError(f"{word}(…) needs whole numbers, not {number!r}")
        numbers.append(int(number))
        after = next(tokens, "")
    if after != ")" or len(numbers) > (2 if word == "decimal" else 1):
        raise ValueError(f"{word}(…) is not closed, or has too many numbers")
    return tuple(numbers)


def _decimal(numbers: tuple[int, ...]) -> tuple[int, int]:
    """Precision and scale, which are 10 and 0 unless they are written."""
    precision, scale = (10, 0) if not numbers else (*numbers, 0)[:2]
    if not 1 <= precision <= _DECIMAL_DIGITS or scale > precision:
        raise ValueError(f"decimal({precision},{scale}) needs 1 to {_DECIMAL_DIGITS} digits, the scale among them")
    return precision, scale
