"""AWS Step Functions: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="stepfunctions",
    moto="stepfunctions",
    responses="backend:StepFunctionEngineResponse",
    reaches=frozenset({"logs"}),
)
