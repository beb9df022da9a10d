"""Leaves the check of a message's attributes to the engine, and finds the queues that no snapshot had yet."""

from __future__ import annotations

from typing import Any

import moto.sqs.responses
from moto.sqs.models import sqs_backends

from localaws.engines.sqs.queue import QueueEngine
from localaws.lab import Lab
from localaws.state.data_file import strays


def install(lab: Lab) -> None:
    QueueEngine.directory = lab.directory / "sqs"
    # of all messages of a batch before any is sent; `check_attributes` does it for each
    moto.sqs.responses.validate_message_attributes = lambda message_attributes: None  # type: ignore[attr-defined]


def resume(lab: Lab) -> None:
    """Make the queues again that were younger than the last snapshot, and end moves that a kill has cut in two."""
    backends: list[Any] = [each[-1] for each in sqs_backends.iter_backends()]
    known: dict[str, QueueEngine] = {queue.id: queue for backend in backends for queue in backend.queues.values()}
    for state in strays(QueueEngine.directory, known):
        queue = object.__new__(QueueEngine)  # type: ignore[type-abstract]
        queue.__setstate__(state)
        sqs_backends[queue.account_id][queue.region].queues[queue.name] = known[queue.id] = queue
    for queue in known.values():
        queue.end_moves()
