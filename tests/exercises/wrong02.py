"""Answers to the exercises of 02_storage that are wrong in a known way, each with words of its own advice."""

from __future__ import annotations

from typing import Any

from tests.exercises import (
    wrong_choosing,
    wrong_items,
    wrong_stored,
    wrong_transactions,
    wrong_versions,
    wrong_warehouse,
)

WRONG: dict[str, list[tuple[Any, str]]] = {}
WRONG |= wrong_choosing.WRONG | wrong_stored.WRONG | wrong_items.WRONG
WRONG |= wrong_transactions.WRONG | wrong_versions.WRONG | wrong_warehouse.WRONG
