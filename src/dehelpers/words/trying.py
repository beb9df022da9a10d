"""*Try it* cells: the reader types an answer where `____` stands, and sees at once whether it does what was asked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from dehelpers.words.blank import has_blank


def try_it(answer: Any, right: Callable[[Any], bool], hint: str) -> None:
    """Print whether `answer` is right. A blank is no mistake: the notebook runs on, also where nobody reads it.

    Parameters:
        answer: what the reader typed, or `____`.
        right: looks at what the answer does and says whether that is what was asked. An error that it raises, such as
            one of AWS, is shown: it belongs to the answer.
        hint: what to look at next, never the answer.
    """
    if has_blank(answer):
        print("Your turn: replace ____ in this cell and run it again. Or read on: nothing below needs it.")
        return
    try:
        verdict = right(answer)
    except Exception as error:
        print(f"Not yet: {type(error).__name__}: {error}\n{hint}")
        return
    print("Right." if verdict else f"Not yet. {hint}")
