"""`____`, the blank that starter code has where an answer belongs."""

from __future__ import annotations

from types import CodeType, FunctionType
from typing import Any

NAME = "____"


class Blank:
    """A value that is not there yet. It can be assigned and returned, and is good for nothing else."""

    def __repr__(self) -> str:
        return NAME


____: Any = Blank()


def has_blank(answer: object) -> bool:
    """Whether a blank is left in *answer*: the value itself, inside a collection, or in a function's code."""
    if isinstance(answer, Blank):
        return True
    if isinstance(answer, dict):
        return any(has_blank(part) for pair in answer.items() for part in pair)
    if isinstance(answer, list | tuple | set):
        return any(map(has_blank, answer))
    return isinstance(answer, FunctionType) and _mentions(answer.__code__)


def _mentions(code: CodeType) -> bool:
    return NAME in code.co_names or any(_mentions(inner) for inner in code.co_consts if isinstance(inner, CodeType))
