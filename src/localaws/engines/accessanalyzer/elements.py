"""An element of a statement, whose value is one text or a list of them."""

from __future__ import annotations

from collections.abc import Iterator
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
