"""Where the statements of a policy stand in its text, as the policy simulator tells it (IAM API reference, Position).

    {"Statement": [{"Effect": "Allow", …}, {"Effect": "Deny", …}]}
                   ^ column 16           ^ where the first ends and the second starts

A statement starts right after the bracket before it, or where the one before it ends, and ends right after its last
bracket; lines and columns are counted from 1. So it is in the answers that the API reference and the AWS CLI's examples
print. One that stands without a list starts right after its own first bracket.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import lru_cache

_SPACE = " \t\r\n"
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Position:
    """A place in a text, counted from 1."""

    line: int
    column: int


@lru_cache(maxsize=1024)
def positions(text: str) -> tuple[tuple[Position, Position], ...]:
    """Start and end of each statement of the policy *text*, which is valid JSON."""
    return tuple((_position(text, start), _position(text, end)) for start, end in _statements(text))


def _statements(text: str) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    place = _after_space(text, _after_space(text, 0) + 1)
    while text[place] != "}":
        key, place = _DECODER.raw_decode(text, place)
        place = _after_space(text, _after_space(text, place) + 1)  # the colon is between
        if key == "Statement":
            found = _in_list(text, place + 1) if text[place] == "[" else [(place + 1, _end(text, place))]
        place = _next(text, _end(text, place))
    return found


def _in_list(text: str, start: int) -> list[tuple[int, int]]:
    found = []
    place = _after_space(text, start)
    while text[place] != "]":
        end = _end(text, place)
        found.append((start, end))
        start, place = end, _next(text, end)
    return found


def _next(text: str, place: int) -> int:
    """Where the next thing is after the comma, or the bracket that ends all."""
    place = _after_space(text, place)
    return _after_space(text, place + 1) if text[place] == "," else place


def _end(text: str, start: int) -> int:
    return int(_DECODER.raw_decode(text, start)[1])


def _after_space(text: str, place: int) -> int:
    while text[place] in _SPACE:
        place += 1
    return place


def _position(text: str, place: int) -> Position:
    before = text[:place]
    return Position(before.count("\n") + 1, place - (before.rfind("\n") + 1) + 1)
