"""Exercises of 06_security, in the notebook's order."""

from dehelpers.exercises.checks.part06 import deciding, policies  # noqa: F401
from dehelpers.exercises.checks.part06.part import PART

__all__ = ["PART"]
