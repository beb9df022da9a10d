"""Leaves the check of a message's attributes to the engine."""

from __future__ import annotations

import moto.sqs.responses

from localaws.lab import Lab


def install(lab: Lab) -> None:
    # of all messages of a batch before any is sent; `check_attributes` does it for each
    moto.sqs.responses.validate_message_attributes = lambda message_attributes: None  # type: ignore[attr-defined]
