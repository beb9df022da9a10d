"""Right answers to the exercises of 02_storage, written in another way than the solution."""

from __future__ import annotations

from typing import Any

from tests.exercises import (
    right_choosing,
    right_items,
    right_stored,
    right_transactions,
    right_versions,
    right_warehouse,
)

RIGHT: dict[str, list[Any]] = {}
RIGHT |= right_choosing.RIGHT | right_stored.RIGHT | right_items.RIGHT
RIGHT |= right_transactions.RIGHT | right_versions.RIGHT | right_warehouse.RIGHT
