"""AWS Secrets Manager: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="secretsmanager",
    moto="secretsmanager",
    backend="backend:SecretsManagerEngine",
    responses="backend:SecretsManagerEngineResponse",
    reaches=frozenset({"awslambda"}),
    resume="resuming:resume",
)
