"""Has a stream and its records be there together after a start, or neither."""

from __future__ import annotations

from moto.kinesis.models import kinesis_backends

from localaws.engines.kinesis.backend import KinesisEngine
from localaws.engines.kinesis.stream import remove
from localaws.engines.kinesis.tokens import keep_secret
from localaws.lab import Lab


def resume(lab: Lab) -> None:
    """A kill came between a stream's directory and its settings: the directory tells whether the stream was deleted,
    and without settings no record was accepted yet."""
    directory = lab.directory / "kinesis"
    directory.mkdir(exist_ok=True, mode=0o700)
    known = {"secret"}
    for _, _, backend in kinesis_backends.iter_backends():
        if isinstance(backend, KinesisEngine):
            known |= backend.let_go_of_deleted()
    for path in directory.iterdir():
        if path.name not in known:
            remove(path)
    keep_secret(directory / "secret")
