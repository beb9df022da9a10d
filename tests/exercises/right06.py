"""Right answers to the exercises of 06_security, written in another way than the solution."""

from __future__ import annotations

from typing import Any

from tests.exercises import right_data, right_incidents, right_policies, right_rotation, right_trust

RIGHT: dict[str, list[Any]] = {
    "predict_decisions": [
        (["H", "E", "C", "A"],),
        ({letter: letter in ("a", "c", "e", "h") for letter in "abcdefghi"},),
    ],
}
RIGHT |= right_policies.RIGHT | right_trust.RIGHT | right_data.RIGHT | right_incidents.RIGHT | right_rotation.RIGHT
