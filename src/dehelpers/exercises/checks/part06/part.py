"""The part that the modules beside this one fill."""

from __future__ import annotations

from dehelpers.exercises.exercise import Part

PART = Part("06_security")
