"""Amazon CloudWatch Logs: `backend` says what the engine does otherwise than moto; `groups` keep the events."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="logs",
    moto="logs",
    backend="backend:LogsEngine",
    responses="backend:LogsEngineResponse",
    models=(
        "backend:ResourcePolicyEngine",
        "backend:MetricFiltersEngine",
        "groups:GroupEngine",
        "groups:LogStreamEngine",
    ),
    reaches=frozenset({"awslambda", "firehose", "kinesis", "s3"}),
    returns=("log-groups",),
    data=("log-groups",),
    unkept=frozenset({"PutLogEvents"}),
    resume="installing:resume",
    resource_policy="access:policy_of",
)
