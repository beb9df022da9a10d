"""Exercises on files: events of a bucket that come twice and out of order, and what DMS leaves in the lake."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from dehelpers.errors import WaitError
from dehelpers.exercises.checks.part01.part import PART
from dehelpers.exercises.checks.resources import bucket, new_bucket, unique
from dehelpers.exercises.outcome import NotYet, SetupFault
from dehelpers.exercises.running import run
from dehelpers.words import data
from dehelpers.words.clients import client
from dehelpers.words.connect import current
from dehelpers.words.waiting import wait

Row = tuple[str, str, str, int]  # tailnum, manufacturer, model, seats
PLANES = "dms/operations/planes/"


@PART.exercise(
    "Load what arrives",
    kind="write",
    hints=(
        "Print the events first. The first message is a test without `Records`; keys are URL-encoded.",
        "`eventName` says whether an object came or went. The `sequencer` of a key grows with each change to it.",
        "Keep the newest sequencer of each key in `seen`, of deletions too, and skip what is not newer.",
    ),
)
def load_files(load: Callable[[dict[str, Any], dict[str, str], dict[str, str]], Any]) -> str:
    with bucket() as landing, _events_of(landing) as receive:
        s3 = client("s3")
        for key, text in (
            ("a.csv", "JFK"),
            ("1 pm/origin=JFK.csv", "39.0"),
            ("gone.csv", "x"),
            ("back.csv", "old"),
        ):
            s3.put_object(Bucket=landing, Key=key, Body=text.encode())
        for key in ("gone.csv", "back.csv"):
            s3.delete_object(Bucket=landing, Key=key)
        s3.put_object(Bucket=landing, Key="back.csv", Body=b"new")
        test, changes = receive(7)
        created = [event for event in changes if event["Records"][0]["eventName"].startswith("ObjectCreated")]
        removed = [event for event in changes if event not in created]
        late = [event for event in created if _key(event) == "gone.csv"]  # the object is no longer there
        table: dict[str, str] = {}
        seen: dict[str, str] = {}
        _deliver(load, [event for event in created if event not in late], table, seen)
        _expect(table, {"a.csv": "JFK", "1 pm/origin=JFK.csv": "39.0", "back.csv": "new"}, "four files arrived")
        _deliver(load, removed, table, seen)
        if "back.csv" not in table:
            raise NotYet("`back.csv` was deleted and then came back; its old deletion arrived late and removed it.")
        _deliver(load, late, table, seen)
        if "gone.csv" in table:
            raise NotYet("`gone.csv` was deleted; its creation arrived late and brought it back.")
        before = dict(table)
        _deliver(load, [*changes, *test], table, seen)
    _expect(table, before, "every message was delivered once more")
    return f"{len(changes)} changes, each delivered twice and in disorder, left the {len(table)} files that are there."


def _key(event: dict[str, Any]) -> str:
    return str(event["Records"][0]["s3"]["object"]["key"])


def _deliver(load: Callable[..., Any], events: list[dict[str, Any]], *tables: dict[str, str]) -> None:
    for event in events:
        run(load, event, *tables)


def _expect(table: dict[str, str], wanted: dict[str, str], story: str) -> None:
    if strange := sorted(set(table) - set(wanted)):
        raise NotYet(f"After {story}, `table` has the key `{strange[0]}`, which is no key in the bucket.")
    if missing := sorted(set(wanted) - set(table)):
        raise NotYet(f"After {story}, `table` has no `{missing[0]}`.")
    if wrong := [key for key in wanted if table[key] != wanted[key]]:
        raise NotYet(f"After {story}, `table` has under `{wrong[0]}` not the file's text, as `str`.")


@contextmanager
def _events_of(landing: str) -> Iterator[Callable[[int], tuple[list[dict[str, Any]], list[dict[str, Any]]]]]:
    """A queue that S3 tells of all that happens in a bucket; yields what receives its messages."""
    sqs, s3 = client("sqs"), client("s3")
    queue = sqs.create_queue(QueueName=unique("queue"))["QueueUrl"]
    try:
        arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "s3.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
            "Condition": {
                "ArnEquals": {"aws:SourceArn": f"arn:aws:s3:::{landing}"},
                "StringEquals": {"aws:SourceAccount": current().account_id},
            },
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=queue, Attributes={"Policy": policy})
        notify = {"QueueArn": arn, "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"]}
        configuration = {"QueueConfigurations": [notify]}
        s3.put_bucket_notification_configuration(Bucket=landing, NotificationConfiguration=configuration)
        yield lambda expected: _receive(queue, expected)
    finally:
        sqs.delete_queue(QueueUrl=queue)


def _receive(queue: str, expected: int) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Messages without records (S3's test) and so many with one, as S3 wrote them."""
    sqs = client("sqs")
    found: dict[str, dict[str, Any]] = {}

    def receive() -> int:
        answer = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10, VisibilityTimeout=300)
        found.update({message["MessageId"]: json.loads(message["Body"]) for message in answer.get("Messages", [])})
        return sum("Records" in event for event in found.values())

    try:
        wait(receive, until=expected, what="events of the bucket", timeout=30, quiet=True)
    except WaitError as late:
        raise SetupFault(f"S3's events did not arrive: {late}") from late
    events = list(found.values())
    return [event for event in events if "Records" not in event], [event for event in events if "Records" in event]


def _fleet(first: int) -> tuple[list[Row], list[tuple[str, Row]]]:
    """Forty planes as the full load finds them, and what happens to them during the day."""
    planes = data.planes().iloc[first : first + 40]
    columns = (planes[name].tolist() for name in ("tailnum", "manufacturer", "model", "seats"))
    load: list[Row] = list(zip(*columns, strict=True))

    def changed(row: Row, seats: int, manufacturer: str = "") -> tuple[str, Row]:
        return "U", (row[0], manufacturer or row[1], row[2], seats)

    changes = [
        changed(load[0], 11),
        ("D", load[1]),
        ("D", load[2]),
        ("I", ("N999DE", "EMBRAER", "ERJ 190", 100)),
        changed(load[0], 12),
        ("I", (*load[2][:3], 77)),  # sold, and bought back with other seats
        changed(load[30], 150, "BOEING, SEATTLE"),
        ("D", load[35]),
    ]
    return load, changes


def _deliver_fleet(target: str, first: int) -> None:
    """Write files as a DMS task does that goes from PostgreSQL to S3, full load and ongoing replication.

    Names, and `Op` first in each changed row: DMS User Guide, "Using Amazon S3 as a target".
    """
    load, changes = _fleet(first)
    files: dict[str, Iterable[Iterable[Any]]] = {
        "LOAD00000001.csv": load[:25],
        "LOAD00000002.csv": load[25:],
        "20130711-0830000000.csv": [(op, *row) for op, row in changes[:4]],
        "20130711-1215000000.csv": [(op, *row) for op, row in changes[4:]],
    }
    s3 = client("s3")
    for name, rows in files.items():
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(rows)
        s3.put_object(Bucket=target, Key=PLANES + name, Body=text.getvalue().encode())


def _after(changes: Iterable[tuple[str, Row]]) -> dict[str, int]:
    seats: dict[str, int] = {}
    for op, row in changes:
        if op == "D":
            seats.pop(row[0], None)
        else:
            seats[row[0]] = row[3]
    return seats


def _delivered() -> dict[str, str]:
    target = new_bucket()
    _deliver_fleet(target, first=0)
    return {"bucket": target, "prefix": PLANES}


@PART.exercise(
    "Rebuild a table",
    kind="write",
    stage=_delivered,
    hints=(
        "Look at a LOAD file and at a file with a date in its name: the second kind has one column more, at the front.",
        "I is a new row, U the whole row after a change, D a row that is gone. Later wins.",
        "S3 lists keys in the order of their characters, and digits come before letters. Sort them in time.",
    ),
)
def rebuild_table(rebuild: Callable[[str, str], dict[str, int]]) -> str:
    load, changes = _fleet(first=400)
    with bucket() as lake:
        _deliver_fleet(lake, first=400)
        found = run(rebuild, lake, PLANES)
    if not isinstance(found, dict):
        raise NotYet(
            f"`rebuild` should return a dict from tail number to seats, and returned `{type(found).__name__}`."
        )
    loaded = [("I", row) for row in load]
    wanted = _after([*loaded, *changes])
    slips = {
        "It is the full load alone: what happened to the planes since is in other files.": _after(loaded),
        "Planes that were sold are still there.": _after(
            [*loaded, *(change for change in changes if change[0] != "D")]
        ),
        "The changes came before what they change. In which order does S3 list the files?": _after([*changes, *loaded]),
    }
    for advice, slip in slips.items():
        if found == slip:
            raise NotYet(advice)
    if any(isinstance(seats, str) for seats in found.values()):
        raise NotYet("Seats are numbers, and CSV has only text.")
    if found != wanted:
        differ = sorted(
            {str(key) for key in found.keys() ^ wanted.keys()} | {k for k in wanted if found.get(k) != wanted[k]}
        )
        raise NotYet(
            f"{len(differ)} of {len(wanted)} planes are not as they should be, such as `{differ[0]}`: follow that one."
        )
    return f"{len(load)} planes loaded, {len(changes)} changes applied, {len(wanted)} planes as the database has them."
