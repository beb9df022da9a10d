"""Exercises of 04_analytics, in the notebook's order."""

from dehelpers.exercises.checks.part04 import tables, queries, bills, parameters, incidents, changes  # noqa: F401, I001
from dehelpers.exercises.checks.part04.part import PART

__all__ = ["PART"]
