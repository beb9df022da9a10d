"""Exercises of 02_storage, in the notebook's order."""

from dehelpers.exercises.checks.part02 import (  # noqa: F401, I001
    choosing,
    layout,
    files,
    corrections,
    booking,
    keys,
    versions,
    skew,
    joins,
    loading,
    twice,
    lifetimes,
    restoring,
)
from dehelpers.exercises.checks.part02.part import PART

__all__ = ["PART"]
