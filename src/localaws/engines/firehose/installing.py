"""Has the streams go on, after a start, with what they had not delivered."""

from __future__ import annotations

from collections.abc import Iterator

from moto.firehose.models import firehose_backends

from localaws.engines.firehose.backend import FirehoseEngine
from localaws.engines.firehose.extraction import give_up
from localaws.lab import Lab


def install(lab: Lab) -> None:
    lab.on_stop(_end)


def resume(lab: Lab) -> None:
    known: set[str] = set()
    for backend in _backends():
        backend.go_on()
        known.update(backend.files.values())
    for path in (lab.directory / "firehose").glob("*.log"):
        if path.name not in known:  # of a stream that was made, or deleted, just before a kill
            path.unlink()


def _end() -> None:
    """Nothing is lost: what is not delivered now will be after the next start."""
    deliveries = [delivery for backend in _backends() for delivery in backend.deliveries()]
    for delivery in deliveries:
        delivery.end()
    give_up()
    for delivery in deliveries:
        delivery.join()


def _backends() -> Iterator[FirehoseEngine]:
    return (each for _, _, each in firehose_backends.iter_backends() if isinstance(each, FirehoseEngine))
