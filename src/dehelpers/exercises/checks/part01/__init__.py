"""Exercises of 01_ingestion, in the notebook's order."""

from dehelpers.exercises.checks.part01 import producing, consuming, files, planning, functions  # noqa: F401, I001
from dehelpers.exercises.checks.part01.part import PART

__all__ = ["PART"]
