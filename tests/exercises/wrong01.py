"""Answers to the exercises of 01_ingestion that are wrong in a known way, each with words of its own advice."""

from __future__ import annotations

from typing import Any

from tests.exercises import wrong_files, wrong_streams

WRONG: dict[str, list[tuple[Any, str]]] = wrong_streams.WRONG | wrong_files.WRONG
