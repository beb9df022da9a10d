"""Where the statements of a policy stand in its text, as the policy simulator tells it (IAM API reference, Position).

    {"Statement": [{"Effect": "Allow", …}, {"Effect": "Deny", …}]}
                   ^ column 16           ^ where the first ends and the second starts

A statement starts right after the bracket before it, or where the one before it ends, and ends right after its last
bracket; lines and columns are counted from 1. So it is in the answers that the API reference and the AWS CLI's examples
print. One that stands without a list starts right after its own first bracket.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import count

from localaws.policies.located import Span, line_and_column, spans


@dataclass(frozen=True)
class Position:
    """A place in a text, counted from 1."""

    line: int
    column: int


@lru_cache(maxsize=1024)
def positions(text: str) -> tuple[tuple[Position, Position], ...]:
    """Start and end of each statement of the policy *text*, which is valid JSON."""
    return tuple((_position(text, start), _position(text, end)) for start, end in _statements(text))


def _statements(text: str) -> Iterator[Span]:
    found = spans(text)
    start, end = found["Statement",]
    start += 1
    if text[start - 1] != "[":
        yield start, end
        return
    for number in count():
        if ("Statement", number) not in found:
            return
        end = found["Statement", number][1]
        yield start, end
        start = end


def _position(text: str, place: int) -> Position:
    line, column = line_and_column(text, place)
    return Position(line, column + 1)
