"""Amazon CloudWatch: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="cloudwatch",
    moto="cloudwatch",
    backend="backend:CloudWatchEngine",
    responses="backend:CloudWatchEngineResponse",
    models=("backend:Alarm",),
    data=("metrics",),
    unkept=frozenset({"PutMetricData"}),
)
