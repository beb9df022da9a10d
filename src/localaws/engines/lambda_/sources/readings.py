"""What a function is given of the records of Kinesis and DynamoDB Streams, and how often each is polled.

Sources: Lambda developer guide, "Using Lambda to process records from Amazon Kinesis Data Streams" and "Using AWS
Lambda with Amazon DynamoDB" (example events, polling rates).
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from localaws.engines.lambda_.sources.batches import Record
from localaws.shards import DynamoDBStream, KinesisStream, Stream


def _kinesis_record(record: dict[str, Any], shard_id: str, arn: str, role: str) -> Record:
    arrival = record["ApproximateArrivalTimestamp"].timestamp()
    data = base64.b64encode(record["Data"]).decode()
    event = {
        "kinesis": {
            "kinesisSchemaVersion": "1.0",
            "partitionKey": record["PartitionKey"],
            "sequenceNumber": record["SequenceNumber"],
            "data": data,
            "approximateArrivalTimestamp": arrival,
        },
        "eventSource": "aws:kinesis",
        "eventVersion": "1.0",
        "eventID": f"{shard_id}:{record['SequenceNumber']}",
        "eventName": "aws:kinesis:record",
        "invokeIdentityArn": role,
        "awsRegion": arn.split(":")[3],
        "eventSourceARN": arn,
    }
    return Record(event, record["SequenceNumber"], arrival, record["PartitionKey"], len(data) + 500)


def _dynamodb_record(record: dict[str, Any], shard_id: str, arn: str, role: str) -> Record:
    change = record["dynamodb"]
    created: datetime = change["ApproximateCreationDateTime"]
    own: dict[str, Any] = {"eventVersion": "1.1", "awsRegion": arn.split(":")[3], "eventSourceARN": arn}
    if identity := record.get("userIdentity"):  # "Using DynamoDB with Lambda": written with small letters there
        own["userIdentity"] = {"type": identity["Type"], "principalId": identity["PrincipalId"]}
    text = json.dumps({**record, **own}, default=_plain)
    keys = json.dumps(change["Keys"], default=_plain, sort_keys=True)
    arrival = created.replace(tzinfo=created.tzinfo or UTC).timestamp()
    return Record(json.loads(text), change["SequenceNumber"], arrival, keys, len(text))


class Reading(NamedTuple):
    """How one kind of stream is read; ``record`` makes a record from what the API gave, its shard, ARN and role."""

    stream: type[Stream]
    record: Callable[[dict[str, Any], str, str, str], Record]
    interval: float  # seconds between two reads of a shard that has no more


#: By the kind of a mapping. "Lambda polls each shard in your Kinesis stream for records at a rate of once per second",
#: those of DynamoDB "at a base rate of four times per second".
READINGS = {
    "kinesis": Reading(KinesisStream, _kinesis_record, 1.0),
    "dynamodb": Reading(DynamoDBStream, _dynamodb_record, 0.25),
}


def _plain(value: Any) -> Any:
    """What JSON has no word for, as DynamoDB's JSON has it."""
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(f"{type(value).__name__} in a stream record")
