"""AWS Systems Manager: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="ssm",
    moto="ssm",
    backend="backend:SsmEngine",
    responses="backend:SsmEngineResponse",
    models=("backend:DocumentEngine", "backend:ParametersEngine"),
    reaches=frozenset({"ec2", "secretsmanager"}),
)
