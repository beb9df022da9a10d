"""Amazon SQS: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="sqs",
    moto="sqs",
    backend="backend:SQSEngine",
    responses="backend:SQSEngineResponse",
    models=("backend:QueueEngine",),
)
