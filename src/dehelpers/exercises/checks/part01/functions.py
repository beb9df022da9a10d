"""Exercises on Lambda as the consumer of a stream."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import boto3
from botocore.exceptions import ClientError

from dehelpers.connect import current
from dehelpers.exercises.checks.part01.part import PART, departures
from dehelpers.exercises.checks.resources import new_bucket
from dehelpers.exercises.outcome import NotYet, SetupFault
from dehelpers.exercises.running import run

Handler = Callable[[dict[str, Any], Any], Any]


@PART.exercise(
    "Mend the handler",
    kind="fix",
    stage=new_bucket,
    hints=(
        "Lambda hands over a batch: a list under `Records`. Print one; where is the data, and in which encoding?",
        "What the function raises makes Lambda send the whole batch again. `batchItemFailures` says from where on.",
        'Return `{"batchItemFailures": [{"itemIdentifier": …}]}` with the sequence number of the first that failed.',
    ),
)
def mend_handler(handler: Handler, landing: str) -> str:
    events = departures(8)
    _clean(landing)
    good = _batch([json.dumps(event) for event in events[:4]])
    answer = run(handler, good, None)
    if missing := [event for event in events[:4] if _stored(landing, event) != event]:
        raise NotYet(
            f"{len(missing)} of 4 departures are not in the bucket as `departures/EVENT_ID.json`, "
            f"such as `{missing[0]['event_id']}`."
        )
    if _failures(answer):
        raise NotYet(f"All four went well, and the handler answered `{answer}`: Lambda would send some again.")
    bad = _batch([json.dumps(events[4]), json.dumps(events[5]), "departed 08:15 on ti", json.dumps(events[6])])
    answer = run(handler, bad, None)
    failures = _failures(answer)
    if not failures:
        raise NotYet("One record of a batch was no JSON, and Lambda was told that all went well: that record is lost.")
    numbers = [record["kinesis"]["sequenceNumber"] for record in bad["Records"]]
    named = failures[0].get("itemIdentifier")
    if named not in numbers:
        raise NotYet(f"`itemIdentifier` is `{named}`, and should be a `sequenceNumber` of the batch.")
    if named != numbers[2] or len(failures) > 2:
        raise NotYet(
            "The third of four records failed, and the handler reported others. What is done need not come again."
        )
    if any(_stored(landing, event) != event for event in events[4:6]):
        raise NotYet(
            "Two records came before the one that failed; Lambda will not send them again, and they are not stored."
        )
    _clean(landing)
    return "Six departures stored; Lambda will come again with the record that failed, and with none before it."


def _failures(answer: Any) -> Any:
    """The failures reported; no answer, or one without the key, is a success to Lambda."""
    return answer.get("batchItemFailures") if isinstance(answer, dict) else None


def _batch(texts: list[str]) -> dict[str, Any]:
    """An event as Lambda makes it of a stream's records (Lambda Developer Guide, "Using Lambda with Kinesis")."""
    session = current()
    arn = f"arn:aws:kinesis:{session.region}:{session.account_id}:stream/departures"
    shard = "shardId-000000000000"
    numbers = [str(49545115243490985018280067714973144582180062593244200961 + 7 * index) for index in range(len(texts))]
    return {
        "Records": [
            {
                "kinesis": {
                    "kinesisSchemaVersion": "1.0",
                    "partitionKey": "JFK",
                    "sequenceNumber": number,
                    "data": base64.b64encode(text.encode()).decode(),
                    "approximateArrivalTimestamp": 1373544000.5 + index,
                },
                "eventSource": "aws:kinesis",
                "eventVersion": "1.0",
                "eventID": f"{shard}:{number}",
                "eventName": "aws:kinesis:record",
                "invokeIdentityArn": f"arn:aws:iam::{session.account_id}:role/consumer",
                "awsRegion": session.region,
                "eventSourceARN": arn,
            }
            for index, (number, text) in enumerate(zip(numbers, texts, strict=True))
        ]
    }


def _clean(landing: str) -> None:
    """Empty what earlier attempts left.

    Raises:
        SetupFault: the bucket is not there.
    """
    try:
        boto3.resource("s3").Bucket(landing).objects.filter(Prefix="departures/").delete()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        raise SetupFault(f"The bucket `{landing}` is gone: run the cell with `stage()` again.") from error


def _stored(landing: str, event: dict[str, Any]) -> Any:
    """What the bucket has of a departure; None if nothing, or nothing that is JSON."""
    s3 = boto3.client("s3")
    try:
        return json.loads(s3.get_object(Bucket=landing, Key=f"departures/{event['event_id']}.json")["Body"].read())
    except (s3.exceptions.NoSuchKey, ValueError):
        return None
