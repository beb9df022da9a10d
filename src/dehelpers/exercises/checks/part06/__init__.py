"""Exercises of 06_security, in the notebook's order."""

from dehelpers.exercises.checks.part06 import (  # noqa: F401, I001
    deciding,
    policies,
    trust,
    boundaries,
    keys,
    buckets,
    personal,
    rotation,
    incidents,
    trails,
)
from dehelpers.exercises.checks.part06.part import PART

__all__ = ["PART"]
