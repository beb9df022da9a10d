"""Kinesis Data Streams."""

from __future__ import annotations

from awsfacts.declaration import GB, Deletion, Listing, Meter, Resource, Service

SERVICE = Service(
    name="kinesis",
    title="Amazon Kinesis Data Streams",
    resources=(
        Resource(
            type="stream",
            title="Kinesis stream",
            create=("CreateStream",),
            name="StreamName",
            list=Listing("ListStreams", "StreamNames"),
            delete=Deletion("DeleteStream", "StreamName", more={"EnforceConsumerDeletion": True}),
            uses=("kms:key",),
        ),
        Resource(
            type="consumer",
            title="Kinesis consumer",
            create=("RegisterStreamConsumer",),
            name="StreamARN/ConsumerName",
            part_of="stream",
        ),
    ),
    unsupported=(
        (
            "(Create|Delete|Describe|List|Update|Tag|Untag|Restore).*(Channel|Queue).*",
            "The lab has streams, and neither channels nor queues of Kinesis.",
        ),
    ),
    meters=(
        Meter("kinesis:put_units", "kinesis.put_unit"),
        Meter("kinesis:on_demand_bytes_in", "kinesis.on_demand_in", GB),
        Meter("kinesis:on_demand_bytes_out", "kinesis.on_demand_out", GB),
        Meter("kinesis:shards", "kinesis.shard_hour", standing=True),
        Meter("kinesis:on_demand_streams", "kinesis.on_demand_hour", standing=True),
    ),
    data_events=frozenset({"GetRecords", "GetShardIterator", "PutRecord", "PutRecords", "SubscribeToShard"}),
)
