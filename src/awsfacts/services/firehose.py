"""Data Firehose."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from awsfacts.declaration import GB, Deletion, Meter, Resource, Service


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
