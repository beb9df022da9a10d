"""What the tests of event source mappings share: streams, and functions that print the batches they are given."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from tests.conftest import RunningLab, eventually
from tests.engines.lambda_tools import log_lines

#: Prints each batch's data; fails on "poison".
CONSUMER = """
import base64, json
def handler(event, context):
    data = [base64.b64decode(r["kinesis"]["data"]).decode() for r in event["Records"]]
    print("BATCH " + json.dumps(data))
    if "poison" in data:
        raise ValueError("poison")
"""


def stream(lab: RunningLab, name: str, shards: int = 1) -> str:
    """A new stream's ARN."""
    kinesis = lab.client("kinesis")
    kinesis.create_stream(StreamName=name, ShardCount=shards)
    kinesis.get_waiter("stream_exists").wait(StreamName=name, WaiterConfig={"Delay": 1})
    return kinesis.describe_stream_summary(StreamName=name)["StreamDescriptionSummary"]["StreamARN"]


def put(lab: RunningLab, name: str, *data: str, key: str = "k") -> None:
    records = [{"Data": item.encode(), "PartitionKey": key} for item in data]
    assert lab.client("kinesis").put_records(StreamName=name, Records=records)["FailedRecordCount"] == 0


def connect(lab: RunningLab, function: str, source: str, **settings: Any) -> str:
    """A new mapping's UUID."""
    return lab.client("lambda").create_event_source_mapping(FunctionName=function, EventSourceArn=source, **settings)[
        "UUID"
    ]


def batches(lab: RunningLab, function: str, enough: Callable[[list[Any]], bool]) -> list[Any]:
    """The batches that a consumer printed, once they are *enough*."""

    def read() -> list[Any]:
        try:
            lines = log_lines(lab, function, until="BATCH ", seconds=0)
        except AssertionError:
            return []
        found = [json.loads(line.removeprefix("BATCH ")) for line in lines if line.startswith("BATCH ")]
        return found if enough(found) else []

    return eventually(read, seconds=20)


def flat(found: list[list[Any]]) -> list[Any]:
    return [item for batch in found for item in batch]
