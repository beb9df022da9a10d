"""Amazon SNS: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="sns",
    moto="sns",
    backend="backend:SNSEngine",
    responses="backend:SNSEngineResponse",
    models=("backend:SubscriptionEngine", "backend:TopicEngine"),
    reaches=frozenset({"sqs"}),
    resume="installing:resume",
    unkept=frozenset({"Publish", "PublishBatch"}),
    resource_policy="access:policy_of",
)
