"""Kinesis Data Streams."""

from __future__ import annotations

from awsfacts.declaration import GB, Claim, Deletion, Listing, Meter, Resource, Service

SERVICE = Service(
    name="kinesis",
    title="Amazon Kinesis Data Streams",
    real=(
        Claim(
            "The MD5 of a record's partition key chooses its shard, and each shard keeps its order.",
            "engines/test_kinesis.py::test_the_md5_of_the_key_chooses_the_shard",
        ),
        Claim(
            "Shards split and merge; a closed one is read to its end, which names its children.",
            "engines/test_kinesis_shards.py::test_a_closed_shard_is_read_to_its_end_which_names_the_children",
        ),
        Claim(
            "A shard takes 1,000 records a second and refuses more.",
            "engines/test_kinesis_limits.py::test_a_shard_takes_a_thousand_records_a_second",
        ),
        Claim(
            "SubscribeToShard pushes records to a registered consumer.",
            "engines/test_kinesis_fanout.py::test_subscribe_to_shard_pushes_records_and_ends_with_the_shard",
        ),
        Claim(
            "Records vanish after their retention period, on the lab's clock.",
            "engines/test_kinesis_clock.py::test_records_vanish_after_the_retention_period",
        ),
        Claim(
            "A kill of the lab loses no record that was acknowledged.",
            "engines/test_kinesis_kept.py::test_a_kill_loses_no_record_that_was_acknowledged",
        ),
    ),
    differs=(
        Claim(
            "Streams are ready in a fraction of a second.",
            "test_claims_01.py::test_streams_are_ready_at_once",
        ),
        Claim(
            "A shard refuses everything after its limit until the second is over; on AWS single records in the "
            "middle of a call may fail too.",
            "test_claims_01.py::test_what_fails_in_a_shard_is_the_end_of_the_call",
        ),
        Claim(
            "Latencies have no network in them.",
            "test_claims_01.py::test_latencies_are_those_of_one_machine",
        ),
    ),
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
