"""Exercises of 02_storage, in the notebook's order."""

from dehelpers.exercises.checks.part02 import (  # noqa: F401
    choosing,
    files,
    keys,
    versions,
)
from dehelpers.exercises.checks.part02.part import PART

__all__ = ["PART"]
