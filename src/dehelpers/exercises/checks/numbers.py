"""Numbers as answers: whatever type a reader's way of working gives them."""

from __future__ import annotations

from decimal import Decimal
from numbers import Real

from dehelpers.exercises.outcome import NotYet


def number(answer: object, advice: str) -> float:
    """*answer* as a float: it may be of Python's types, a Decimal, a Fraction, or of NumPy's; True is no number.

    Parameters:
        advice: what to say of anything else; it may name the type by ``{}``.

    Raises:
        NotYet: it is no number.
    """
    if isinstance(answer, bool) or not isinstance(answer, Real | Decimal):
        raise NotYet(advice.format(f"`{type(answer).__name__}`"))
    return float(answer)
