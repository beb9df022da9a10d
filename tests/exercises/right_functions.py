"""Right answers to the exercises on Lambda as a consumer, written in another way than the solution."""

from __future__ import annotations

import base64
import json
from datetime import UTC, datetime
from typing import Any

import boto3

Event = dict[str, Any]


class Handlers:
    """Handlers that work; each knows the bucket it writes to, as a reader's does by a global."""

    def __init__(self, bucket: str) -> None:
        self.bucket = bucket

    def naming_each(self, event: Event, context: Any) -> Event:
        """Goes on behind a record that failed, and names all that did."""
        failures = []
        for record in event["Records"]:
            try:
                departure = json.loads(base64.b64decode(record["kinesis"]["data"]).decode())
            except json.JSONDecodeError:
                failures.append({"itemIdentifier": record["kinesis"]["sequenceNumber"]})
                continue
            key = "departures/" + departure["event_id"] + ".json"
            boto3.resource("s3").Object(self.bucket, key).put(Body=json.dumps(departure, indent=1).encode())
        return {"batchItemFailures": failures}

    def silent_if_all_is_well(self, event: Event, context: Any) -> Event | None:
        """No answer is a success to Lambda, too."""
        landing = boto3.resource("s3").Bucket(self.bucket)
        for kinesis in (record["kinesis"] for record in event["Records"]):
            text = str(base64.b64decode(kinesis["data"]), "utf-8")
            try:
                number = json.loads(text)["event_id"]
            except Exception:
                return {"batchItemFailures": [{"itemIdentifier": kinesis["sequenceNumber"]}]}
            landing.put_object(Key=f"departures/{number}.json", Body=text, ContentType="application/json")
        return None

    def setting_aside(self, event: Event, context: Any) -> Event:
        """Keeps what cannot be read under another prefix, so that nothing has to come again."""
        s3 = boto3.client("s3")
        for record in event["Records"]:
            data = base64.b64decode(record["kinesis"]["data"])
            try:
                key = f"departures/{json.loads(data)['event_id']}.json"
            except ValueError:
                key = f"unreadable/{record['kinesis']['sequenceNumber']}"
            s3.put_object(Bucket=self.bucket, Key=key, Body=data)
        return {"batchItemFailures": []}


def handler(name: str) -> Any:
    return lambda bucket: (getattr(Handlers(bucket), name), bucket)


def settings(**others: Any) -> Any:
    """Settings that isolate the pill, with *others* in the place of the solution's."""

    def answers(queue: str) -> tuple[dict[str, Any], str]:
        isolate = {
            "BatchSize": 10,
            "StartingPosition": "TRIM_HORIZON",
            "BisectBatchOnFunctionError": True,
            "MaximumRetryAttempts": 1,
            "DestinationConfig": {"OnFailure": {"Destination": queue}},
        }
        return isolate | others, queue

    return answers


RIGHT: dict[str, list[Any]] = {
    "mend_handler": [handler("naming_each"), handler("silent_if_all_is_well"), handler("setting_aside")],
    "poison_pill": [
        settings(BatchSize=100, MaximumRetryAttempts=2, FunctionResponseTypes=["ReportBatchItemFailures"]),
        settings(StartingPosition="AT_TIMESTAMP", StartingPositionTimestamp=datetime(2024, 1, 1, tzinfo=UTC)),
    ],
}
