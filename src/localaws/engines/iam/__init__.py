"""AWS IAM: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="iam",
    moto="iam",
    backend="backend:IAMEngine",
    responses="backend:IamEngineResponse",
    models=("users:UserEngine",),
    reaches=frozenset({"sts"}),
    resource_policy="access:policy_of",
)
