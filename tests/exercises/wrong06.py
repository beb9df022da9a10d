"""Answers to the exercises of 06_security that are wrong in a known way, each with words of its own advice."""

from __future__ import annotations

from typing import Any

from tests.exercises import wrong_data, wrong_incidents, wrong_policies, wrong_rotation, wrong_trust

WRONG: dict[str, list[tuple[Any, str]]] = {
    "predict_decisions": [
        (("abceh",), "What is stronger"),
        (("acdeh",), "the boundary does not speak"),
        (("acefh",), "less than its role"),
        (("acegh",), "give anything"),
        (("acehi",), "no policy speaks"),
        (("ace",), "hang on the caller"),
        (("aeh",), "another key"),
        (("axe",), "no call `x`"),
        ((5,), "should be letters"),
    ],
}
WRONG |= wrong_policies.WRONG | wrong_trust.WRONG | wrong_data.WRONG | wrong_incidents.WRONG | wrong_rotation.WRONG
