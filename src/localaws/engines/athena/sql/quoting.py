"""Texts and names inside SQL."""

from __future__ import annotations

from collections.abc import Iterable


def literal(value: str) -> str:
    """*value* as a string literal."""
    return "'" + value.replace("'", "''") + "'"


def name(value: str) -> str:
    """*value* as a quoted identifier."""
    return '"' + value.replace('"', '""') + '"'


def texts(values: Iterable[str]) -> str:
    """*values* as a DuckDB list of strings."""
    return f"[{', '.join(map(literal, values))}]"
