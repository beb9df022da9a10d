"""CloudWatch Logs on the lab's clock: otherwise events are refused as too new once a lesson has moved time forward."""

from __future__ import annotations

from datetime import datetime

import moto.logs.models

from localaws.lab import Lab


def install(lab: Lab) -> None:
    def utcnow() -> datetime:
        return lab.clock.now().replace(tzinfo=None)

    moto.logs.models.utcnow = utcnow  # type: ignore[attr-defined]
