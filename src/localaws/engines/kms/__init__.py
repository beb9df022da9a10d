"""AWS KMS: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="kms",
    moto="kms",
    backend="backend:KmsEngine",
    responses="backend:KmsEngineResponse",
    models=("backend:KeyEngine",),
    resume="deletion:resume",
)
