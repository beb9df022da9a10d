"""AWS Lake Formation: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="lakeformation",
    moto="lakeformation",
    backend="backend:LakeFormationEngine",
    responses="backend:LakeFormationEngineResponse",
)
