"""Amazon EventBridge: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="events",
    moto="events",
    backend="backend:EventsEngine",
    responses="backend:EventsEngineResponse",
    models=("backend:RuleEngine",),
    reaches=frozenset({"logs", "secretsmanager", "sqs"}),
    resource_policy="access:policy_of",
)
