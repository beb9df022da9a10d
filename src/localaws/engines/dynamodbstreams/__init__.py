"""Amazon DynamoDB Streams: `backend` says what the engine does otherwise than moto."""

from __future__ import annotations

from localaws.engines.declaration import Engine

ENGINE = Engine(
    package=__name__,
    service="dynamodbstreams",
    moto="dynamodbstreams",
    backend="backend:DynamoDBStreamsEngine",
    reaches=frozenset({"dynamodb"}),
    state="own",  # nothing: streams are of tables
    implied="access:implied",
)
