"""Where each part of a JSON text stands: for those who tell a reader which part they mean.

{"Statement": [{"Effect": "Allow"}]}   →   ("Statement", 0, "Effect"): from 26 to 33
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import lru_cache

#: The keys and numbers that lead to a part of a text.
Path = tuple[str | int, ...]
#: Where something begins, and where it has ended.
Span = tuple[int, int]

#: Values further in than any of a policy's are not looked into.
_DEEPEST = 8
_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


@lru_cache(maxsize=1024)
def spans(text: str) -> dict[Path, Span]:
    """The span of each value in *text*, which is valid JSON; of keys that come twice that of the last."""
    return dict(_values(text, _after_space(text, 0), ()))


def _values(text: str, start: int, path: Path) -> Iterator[tuple[Path, Span]]:
    """Those of the value that starts at *start*; its own comes last."""
    if text[start] not in "{[" or len(path) == _DEEPEST:
        yield path, (start, _DECODER.raw_decode(text, start)[1])
        return
    place, number = _after_space(text, start + 1), 0
    while text[place] not in "}]":
        key: str | int = number
        if text[start] == "{":
            key, place = _DECODER.raw_decode(text, place)
            place = _after_space(text, _after_space(text, place) + 1)  # the colon is between
        found = list(_values(text, place, (*path, key)))
        yield from found
        place, number = _after_space(text, found[-1][1][1]), number + 1
        if text[place] == ",":
            place = _after_space(text, place + 1)
    yield path, (start, place + 1)


def _after_space(text: str, place: int) -> int:
    while text[place] in _SPACE:
        place += 1
    return place


def line_and_column(text: str, place: int) -> tuple[int, int]:
    """The line of a *place* in *text*, from 1, and its column, from 0."""
    before = text[:place]
    return before.count("\n") + 1, place - (before.rfind("\n") + 1)
