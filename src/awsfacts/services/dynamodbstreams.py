"""DynamoDB Streams."""

from __future__ import annotations

from awsfacts.declaration import Claim, Service

SERVICE = Service(
    name="dynamodbstreams",
    title="Amazon DynamoDB Streams",
    real=(
        Claim(
            "A table's stream has the old and the new image of each change.",
            "engines/test_dynamodb.py::test_a_put_replaces_the_whole_item_and_the_stream_has_both_images",
        ),
        Claim(
            "Records are there for 24 hours of the lab's clock, and then trimmed.",
            "engines/test_dynamodb_streams.py::test_a_stream_is_trimmed_after_a_day",
        ),
        Claim(
            "Streams feed functions.",
            "engines/test_lambda_sources.py::test_dynamodb_stream_reaches_the_function",
        ),
    ),
    data_events=frozenset({"GetRecords", "GetShardIterator"}),
)
