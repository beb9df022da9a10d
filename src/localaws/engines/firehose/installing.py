"""Has the streams deliver what they hold when the lab ends."""

from __future__ import annotations

from moto.firehose.models import firehose_backends

from localaws.engines.firehose.backend import FirehoseEngine
from localaws.engines.firehose.delivery import Delivery
from localaws.engines.firehose.extraction import give_up
from localaws.lab import Lab


def install(lab: Lab) -> None:
    lab.on_stop(_deliver_everything)


def _deliver_everything() -> None:
    """What was acknowledged is delivered before the lab ends: first tell all streams, then wait for each."""
    deliveries: list[Delivery] = []
    for _, _, backend in firehose_backends.iter_backends():
        if isinstance(backend, FirehoseEngine):
            deliveries += backend.deliveries()
    for delivery in deliveries:
        delivery.end(deliver=True)
    give_up()
    for delivery in deliveries:
        delivery.join()
