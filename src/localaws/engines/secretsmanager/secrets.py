"""A secret with the schedule by which it is rotated, and the rotation that is under way."""

from __future__ import annotations

from typing import Any

from moto.secretsmanager.models import FakeSecret


class RotatedSecret(FakeSecret):
    """``rules`` are RotationRules as they were given; ``rotates_at`` is when it is tried next.

    ``rotating`` is the version that a rotation is making now, and ``rotates_now`` whether it is more than a test.
    Source: API reference, DescribeSecret.
    """

    rules: dict[str, Any] | None = None
    rotates_at: float | None = None
    rotating: str = ""
    rotates_now: bool = True
    attempt: str = ""

    @property
    def schedule(self) -> dict[str, Any]:
        """The rules that count; those of a secret of an older lab are days alone."""
        if self.rules is not None:
            return self.rules
        return {"AutomaticallyAfterDays": self.auto_rotate_after_days} if self.auto_rotate_after_days else {}

    @property
    def next_try(self) -> float | None:
        return self.rotates_at or self.next_rotation_date

    def to_dict(self) -> dict[str, Any]:
        described = super().to_dict()
        if self.rotation_requested and self.rules is not None:
            described["RotationRules"] = self.rules
        return described
