"""AWS STS: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="sts",
    moto="sts",
    backend="backend:STSEngine",
    responses="backend:STSEngineResponse",
    reaches=frozenset({"iam"}),
    eager=True,
    state="own",
)
