"""Amazon EC2: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="ec2",
    moto="ec2",
    backend="backend:EC2Engine",
    responses="backend:EC2EngineResponse",
    reaches=frozenset({"iam", "kms", "logs", "s3"}),
)
