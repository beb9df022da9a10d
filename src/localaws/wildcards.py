"""Patterns in which one character stands for any text, matched in one pass.

As regular expressions they would go back and forth: ``a*a*a*…b`` then doubles its time with each star.
"""

from __future__ import annotations


def matches(pattern: str, text: str, anything: str = "*") -> bool:
    """Whether *text* as a whole fits *pattern*, where *anything* stands for any characters, or for none."""
    first, *rest = pattern.split(anything)
    if not rest:
        return text == pattern
    *middle, last = rest
    if len(text) < len(first) + len(last) or not text.startswith(first) or not text.endswith(last):
        return False
    position, end = len(first), len(text) - len(last)
    for piece in middle:  # the first place is as good as any later one
        found = text.find(piece, position, end)
        if found < 0:
            return False
        position = found + len(piece)
    return True
