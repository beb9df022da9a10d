"""Patterns in which one character stands for any text, matched in one pass.

As regular expressions they would go back and forth: ``a*a*a*…b`` then doubles its time with each star.
"""

from __future__ import annotations

import re


def matches(pattern: str, text: str, anything: str = "*", one: str = "") -> bool:
    """Whether *text* as a whole fits *pattern*.

    *anything* stands for any characters, or for none; *one*, if it is given, for any single character.
    """
    return fits(pattern.split(anything), text, one)


def fits(pieces: list[str], text: str, one: str = "") -> bool:
    """Whether *text* is the *pieces* in their order, with anything, or nothing, between them."""
    first, *rest = pieces
    if not rest:
        return len(text) == len(first) and _find(first, text, 0, len(text), one) == 0
    *middle, last = rest
    position, end = len(first), len(text) - len(last)
    if end < position or _find(first, text, 0, position, one) < 0 or _find(last, text, end, len(text), one) < 0:
        return False
    for piece in middle:  # the first place is as good as any later one
        found = _find(piece, text, position, end, one)
        if found < 0:
            return False
        position = found + len(piece)
    return True


def _find(piece: str, text: str, start: int, end: int, one: str) -> int:
    """The first place of *piece* between *start* and *end*; -1 if there is none."""
    if not one or one not in piece:
        return text.find(piece, start, end)
    letters = "".join("." if letter == one else re.escape(letter) for letter in piece)
    found = re.compile(letters, re.DOTALL).search(text, start, end)  # nothing in it repeats
    return found.start() if found else -1


def overlap(one: str, other: str) -> bool:
    """Whether some text fits both patterns, in which ``*`` stands for any characters and ``?`` for one."""
    reached = {0}
    for letter in one:
        reached = _skip_stars(other, reached)
        if letter == "*":
            reached = set(range(min(reached), len(other) + 1)) if reached else set()
            continue
        following = set()
        for place in reached:
            if place < len(other) and other[place] == "*":
                following.add(place)  # it takes the letter too
            elif place < len(other) and ("?" in (letter, other[place]) or letter == other[place]):
                following.add(place + 1)
        reached = following
    return len(other) in _skip_stars(other, reached)


def _skip_stars(pattern: str, places: set[int]) -> set[int]:
    """*places* and those behind the stars at them, which may stand for nothing."""
    found = set(places)
    for place in sorted(places):
        while place < len(pattern) and pattern[place] == "*":
            place += 1
            found.add(place)
    return found
