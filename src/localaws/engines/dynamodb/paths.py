"""Parts of an item by document paths."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

Parts = Sequence[str | int]


def project(attributes: dict[str, Any], paths: Iterable[Parts]) -> dict[str, Any]:
    """Of an item's typed attributes only what *paths* name, each where it stands in its document.

    ``{"a": {"M": {"b": …, "c": …}}, "d": …}`` and ``[("a", "b")]`` → ``{"a": {"M": {"b": …}}}``; of a list only the
    elements named, without gaps (API reference, UpdateItem, ReturnValues).
    """
    chosen: dict[str, Any] = {}
    for path in paths:
        name = str(path[0])
        if name not in attributes:
            continue
        part = _part(attributes[name], path[1:])
        if part is not None:
            chosen[name] = _merged(chosen[name], part) if name in chosen else part
    return chosen


def _part(value: dict[str, Any], path: Parts) -> dict[str, Any] | None:
    """*value* with only what *path* leads to; None if it leads nowhere."""
    if not path:
        return value
    step, rest = path[0], path[1:]
    if isinstance(step, int):
        elements = value.get("L", [])
        found = _part(elements[step], rest) if step < len(elements) else None
        return None if found is None else {"L": [found]}
    fields = value.get("M", {})
    found = _part(fields[step], rest) if step in fields else None
    return None if found is None else {"M": {step: found}}


def _merged(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    if "L" in first and "L" in second:
        return {"L": first["L"] + second["L"]}
    if "M" in first and "M" in second:
        both = {**first["M"]}
        for name, value in second["M"].items():
            both[name] = _merged(both[name], value) if name in both else value
        return {"M": both}
    return second
