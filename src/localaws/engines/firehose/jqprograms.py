"""jq, run in a child (localaws.children): a program may never end, and its errors may end the process."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import jq


@lru_cache(64)
def _compiled(program: str) -> Any:
    try:
        return jq.compile(program)
    except ValueError as error:
        raise ValueError(str(error).partition("\n")[0]) from None  # below it jq repeats the program


def check(program: str) -> None:
    """Raises ValueError if *program* is not jq."""
    _compiled(program)


def first_results(program: str, texts: list[bytes]) -> list[tuple[Any, str]]:
    """The first value that *program* makes of each JSON text (None if none), or why there is none."""
    return [_first(program, text) for text in texts]


def _first(program: str, text: bytes) -> tuple[Any, str]:
    try:
        return next(iter(_compiled(program).input_text(text.decode())), None), ""
    except ValueError as error:
        return None, str(error)
