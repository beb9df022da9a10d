"""An element of a statement, whose value is one text or a list of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from localaws.policies.located import Path


def texts(statement: dict[str, Any], path: Path, name: str) -> Iterator[tuple[str, Path]]:
    """The texts of the element *name*, each with the path that leads to it."""
    value = statement.get(name)
    if isinstance(value, str):
        yield value, (*path, name)
    elif isinstance(value, list):
        for number, each in enumerate(value):
            if isinstance(each, str):
                yield each, (*path, name, number)


def redundant(
    listed: Sequence[tuple[str, Path]], covers: Callable[[str, str], bool], same: Callable[[str], str] = str
) -> list[tuple[str, Path]]:
    """Those of *listed* that another one *covers*: of two that are the *same* the later one."""
    return [
        (text, place)
        for number, (text, place) in enumerate(listed)
        if any(
            each < number if same(other) == same(text) else covers(other, text)
            for each, (other, _) in enumerate(listed)
            if each != number
        )
    ]
