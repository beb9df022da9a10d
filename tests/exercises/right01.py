"""Right answers to the exercises of 01_ingestion, written in another way than the solution."""

from __future__ import annotations

from typing import Any

from tests.exercises import right_files, right_functions, right_streams

RIGHT: dict[str, list[Any]] = right_streams.RIGHT | right_files.RIGHT | right_functions.RIGHT
