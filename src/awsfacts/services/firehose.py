"""Data Firehose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awsfacts.declaration import GB, Claim, Deletion, Meter, Resource, Service


def _streams(aws: Any) -> Iterator[str]:
    """Firehose is asked to go on after the last name (ListDeliveryStreams)."""
    after: dict[str, str] = {}
    while True:
        page = aws.list_delivery_streams(**after)
        yield from page["DeliveryStreamNames"]
        if not page["HasMoreDeliveryStreams"]:
            return
        after = {"ExclusiveStartDeliveryStreamName": page["DeliveryStreamNames"][-1]}


SERVICE = Service(
    name="firehose",
    title="Amazon Data Firehose",
    real=(
        Claim(
            "Records are buffered and delivered to S3, under the hour of their arrival.",
            "engines/test_firehose.py::test_records_are_concatenated_as_they_are_under_the_hour",
        ),
        Claim(
            "JSON becomes Parquet by a table's schema in the Data Catalog.",
            "engines/test_firehose_conversion.py::test_json_becomes_parquet_by_the_tables_schema",
        ),
        Claim(
            "Dynamic partitioning takes keys out of records with jq.",
            "engines/test_firehose.py::test_dynamic_partitioning",
        ),
        Claim(
            "A Kinesis stream may be the source.",
            "engines/test_firehose_conversion.py::test_kinesis_source",
        ),
        Claim(
            "A kill of the lab loses no record that was acknowledged.",
            "engines/test_firehose_kept.py::test_a_kill_loses_no_record_that_was_acknowledged",
        ),
    ),
    differs=(
        Claim(
            "It delivers to S3 alone; other destinations are refused.",
            "engines/test_firehose.py::test_other_destinations_are_refused_rather_than_pretended",
        ),
        Claim(
            "A stream with an interval of 0 writes at once; AWS takes some seconds.",
            "test_claims_01.py::test_zero_buffering_writes_each_batch_at_once",
        ),
    ),
    resources=(
        Resource(
            type="deliverystream",
            title="Firehose stream",
            create=("CreateDeliveryStream",),
            name="DeliveryStreamName",
            list=_streams,
            delete=Deletion("DeleteDeliveryStream", "DeliveryStreamName", more={"AllowForceDelete": True}),
            uses=("kinesis:stream", "lambda:function", "s3:bucket", "glue:database", "iam:role", "logs:log-group"),
        ),
    ),
    meters=(
        Meter("firehose:billed_bytes", "firehose.ingested", GB),
        Meter("firehose:converted_bytes", "firehose.converted", GB),
    ),
    data_events=frozenset({"PutRecord", "PutRecordBatch"}),
)
