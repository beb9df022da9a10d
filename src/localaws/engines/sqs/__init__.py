"""Amazon SQS: `backend` says what the engine does otherwise than moto; `queue` is one, `contents` its messages."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="sqs",
    moto="sqs",
    backend="backend:SQSEngine",
    responses="backend:SQSEngineResponse",
    models=("queue:QueueEngine",),
    returns=("sqs",),
    data=("sqs",),
    unkept=frozenset(
        {
            "SendMessage",
            "SendMessageBatch",
            "ReceiveMessage",
            "DeleteMessage",
            "DeleteMessageBatch",
            "ChangeMessageVisibility",
            "ChangeMessageVisibilityBatch",
        }
    ),
    resume="installing:resume",
    resource_policy="access:policy_of",
)
