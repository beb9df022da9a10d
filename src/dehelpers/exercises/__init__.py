"""Exercises with feedback: `ex = exercises("01_ingestion")`, then `ex.retry.check(put_all)`, `.hint()`, `.solution()`.

A check looks at what an answer does, in the lab and on data chosen to be difficult, not at how it is written.
"""

from importlib import import_module

from dehelpers.exercises.exercise import Exercise, Part
from dehelpers.exercises.outcome import Outcome, Result
from dehelpers.words.blank import ____

__all__ = ["Exercise", "Outcome", "Part", "Result", "____", "exercises"]

PARTS = {
    "00_introduction": "part00",
    "01_ingestion": "part01",
    "02_storage": "part02",
    "04_analytics": "part04",
    "06_security": "part06",
}


def exercises(part: str) -> Part:
    """The exercises of one notebook, such as "01_ingestion"; shown by itself, it is the table of your progress.

    Raises:
        ValueError: there are no exercises of that name.
    """
    if part not in PARTS:
        raise ValueError(f"there are no exercises {part!r}: choose from {', '.join(PARTS)}")
    found: Part = import_module(f"dehelpers.exercises.checks.{PARTS[part]}").PART
    return found
