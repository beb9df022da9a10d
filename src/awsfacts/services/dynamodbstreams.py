"""DynamoDB Streams."""

from __future__ import annotations

from awsfacts.declaration import Service

SERVICE = Service(
    name="dynamodbstreams",
    title="Amazon DynamoDB Streams",
    data_events=frozenset({"GetRecords", "GetShardIterator"}),
)
