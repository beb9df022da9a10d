"""Exercises on Lambda as the consumer of a stream."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import boto3
from botocore.exceptions import ClientError, ParamValidationError

from awsfacts.services.lambda_ import delete_mapping
from dehelpers.errors import WaitError
from dehelpers.exercises.checks.part01.part import PART, departures
from dehelpers.exercises.checks.resources import bucket, contents, entry, function, new_bucket, put, stream, unique
from dehelpers.exercises.outcome import NotYet, SetupFault
from dehelpers.exercises.running import run
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.teardown import settle
from dehelpers.words.waiting import wait

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
    pill = "departed 08:15 on ti"
    good = _batch([json.dumps(event) for event in events[:4]])
    answer = run(handler, good, None)
    if missing := [event for event in events[:4] if _stored(landing, event) != event]:
        raise NotYet(
            f"{len(missing)} of 4 departures are not in the bucket as `departures/EVENT_ID.json`, "
            f"such as `{missing[0]['event_id']}`."
        )
    if _failures(answer):
        raise NotYet(f"All four went well, and the handler answered `{answer}`: Lambda would send some again.")
    bad = _batch([json.dumps(events[4]), json.dumps(events[5]), pill, json.dumps(events[6])])
    answer = run(handler, bad, None)
    failures = _failures(answer)
    if not failures and _set_aside(landing, pill):
        if any(_stored(landing, event) != event for event in events[4:7]):
            raise NotYet("The record that is no JSON is kept, and departures beside it are not stored.")
        _clean(landing)
        return "Seven departures stored, and what is no JSON is set aside: nothing has to come again."
    if not failures:
        raise NotYet("One record of a batch was no JSON, and Lambda was told that all went well: that record is lost.")
    numbers = [record["kinesis"]["sequenceNumber"] for record in bad["Records"]]
    named = failures[0].get("itemIdentifier") if isinstance(failures[0], dict) else failures[0]
    if named not in numbers:
        raise NotYet(f"`itemIdentifier` is `{named}`, and should be a `sequenceNumber` of the batch.")
    if named != numbers[2] or len(failures) > 2:
        raise NotYet("The third of four records failed, and others were reported. What is done need not come again.")
    if any(_stored(landing, event) != event for event in events[4:6]):
        raise NotYet(
            "Two records came before the one that failed; Lambda will not send them again, and they are not stored."
        )
    _clean(landing)
    return "Six departures stored; Lambda will come again with the record that failed, and with none before it."


def _failures(answer: Any) -> list[Any]:
    """The failures reported; no answer, or one without the key, is a success to Lambda."""
    failures = answer.get("batchItemFailures") if isinstance(answer, dict) else None
    return failures if isinstance(failures, list) else [failures] if failures else []


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
        boto3.resource("s3").Bucket(landing).objects.delete()
    except ClientError as error:
        if error.response["Error"]["Code"] != "NoSuchBucket":
            raise
        raise SetupFault(f"The bucket `{landing}` is gone: run the cell with `stage()` again.") from error


def _stored(landing: str, event: dict[str, Any]) -> Any:
    """What the bucket has of a departure; None if nothing, or nothing that is JSON."""
    s3 = client("s3")
    try:
        return json.loads(s3.get_object(Bucket=landing, Key=f"departures/{event['event_id']}.json")["Body"].read())
    except (s3.exceptions.NoSuchKey, ValueError):
        return None


def _set_aside(landing: str, text: str) -> bool:
    """Whether some object of the bucket has the *text*, plain or as Lambda hands it over."""
    written = (text.encode(), base64.b64encode(text.encode()))
    objects = boto3.resource("s3").Bucket(landing).objects.all()
    bodies = [each.get()["Body"].read() for each in objects]
    return any(form in body for body in bodies for form in written)


STORE = """
import base64, json, os, boto3

s3 = boto3.client("s3")

def handler(event, context):
    for record in event["Records"]:
        departure = json.loads(base64.b64decode(record["kinesis"]["data"]))
        s3.put_object(Bucket=os.environ["LANDING"], Key=departure["event_id"], Body=json.dumps(departure))
"""


def _failure_queue() -> str:
    """A queue for what cannot be handled. Its ARN."""
    sqs = client("sqs")
    url = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    return str(sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"])


@PART.exercise(
    "A poison pill",
    kind="operate",
    stage=_failure_queue,
    hints=(
        "By default Lambda tries a batch until the stream forgets it, and nothing behind it in the shard moves.",
        "`MaximumRetryAttempts` ends that; `DestinationConfig` says where to tell of a batch that was given up.",
        "A batch can be cut in two when it fails, until the record at fault is alone. Which setting does that?",
    ),
)
def poison_pill(settings: dict[str, Any], failures: str) -> str:
    queue = _url(failures)
    if not isinstance(settings, dict):
        raise NotYet(f"`settings` is a dict of arguments by name, and not `{type(settings).__name__}`.")
    events = departures(20)
    entries = [entry(event, "JFK") for event in events]
    entries.insert(4, {"Data": b"departed 08:15 on ti", "PartitionKey": "JFK"})
    with bucket() as landing, stream(1) as made, function(STORE, LANDING=landing) as name:
        put(made, entries)
        [stored] = contents(made).values()
        poison = stored[4]["SequenceNumber"]
        with _mapped(made, name, settings) as mapping:
            _check_settings(settings, mapping, failures, stored[0]["ApproximateArrivalTimestamp"])
            told = _first_message(queue)["KinesisBatchInfo"]
            if told["batchSize"] > 1:
                raise NotYet(f"{told['batchSize']} records were given up together with the pill. Who separates them?")
            if told["startSequenceNumber"] != poison:
                raise NotYet("Another record than the pill was given up.")
            _wait_until_stored(landing, len(events))
    return f"All {len(events)} departures are stored; the pill alone was given up, and the queue says where it is."


@contextmanager
def _mapped(source: str, name: str, settings: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The function reading the stream as *settings* say; yields the settings as Lambda completed them."""
    aws = client("lambda")
    arn = client("kinesis").describe_stream_summary(StreamName=source)["StreamDescriptionSummary"]["StreamARN"]
    try:
        mapping = aws.create_event_source_mapping(**{**settings, "EventSourceArn": arn, "FunctionName": name})
    except (ParamValidationError, ClientError, TypeError) as refusal:
        raise NotYet(f"Lambda refused the settings: {refusal}") from refusal
    try:
        yield mapping
    finally:
        delete_mapping(aws, mapping["UUID"], settle)


def _check_settings(settings: dict[str, Any], mapping: dict[str, Any], failures: str, oldest: datetime) -> None:
    """What would make the reader wait for hours, or for ever; *oldest* is when the first departure came."""
    if not settings.get("Enabled", True):
        raise NotYet("It would read nothing: the mapping is made, and not enabled.")
    if mapping.get("FilterCriteria", {}).get("Filters"):
        raise NotYet("A filter leaves records out without a word: the pill should be reported.")
    if mapping["StartingPosition"] == "LATEST" or mapping.get("StartingPositionTimestamp", oldest) > oldest:
        raise NotYet("The departures are in the stream already: from where must the function begin to see them?")
    if mapping["BatchSize"] < 10:
        raise NotYet(
            f"Batches of {mapping['BatchSize']} isolate the pill, at the price of many calls. Take 10 or more."
        )
    if not 0 <= mapping["MaximumRetryAttempts"] <= 5:
        raise NotYet(
            "The pill fails each time, and blocks its shard for as long as it is tried again. How often is that?"
        )
    destination = (mapping.get("DestinationConfig", {}).get("OnFailure") or {}).get("Destination")
    if not destination:
        raise NotYet("The pill is given up, and nobody is told: it has no destination.")
    if destination != failures:
        raise NotYet(
            f"The pill would be reported to `{destination}`, where nobody looks: `failures` has the queue's ARN."
        )


def _url(queue_arn: str) -> str:
    sqs = client("sqs")
    try:
        return str(sqs.get_queue_url(QueueName=queue_arn.rpartition(":")[2])["QueueUrl"])
    except sqs.exceptions.QueueDoesNotExist:
        raise SetupFault(f"There is no queue `{queue_arn}`: run the cell with `stage()` again.") from None


def _first_message(url: str) -> dict[str, Any]:
    sqs = client("sqs")
    found: list[dict[str, Any]] = []

    def receive() -> int:
        for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            found.append(json.loads(message["Body"]))
        return len(found)

    _wait(receive, 1, "the failure destination")
    return found[0]


def _wait_until_stored(landing: str, number: int) -> None:
    s3 = client("s3")
    _wait(lambda: int(s3.list_objects_v2(Bucket=landing)["KeyCount"]), number, "departures stored")


def _wait(check: Callable[[], int], until: int, what: str) -> None:
    try:
        wait(check, until=until, what=what, timeout=60, quiet=True)
    except WaitError as late:
        raise SetupFault(f"Lambda did not get there: {late}") from late
