"""LookupEvents: the management events of the past 90 days in one region, the newest first.

Sources: API reference, LookupEvents; CloudTrail user guide, "Working with CloudTrail Event history".
"""

from __future__ import annotations

import base64
import binascii
import json
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Any

from localaws.engines.cloudtrail.events import Event, accounts_of, events_of, record_of
from localaws.engines.cloudtrail.identity import user_name
from localaws.engines.cloudtrail.names import operation_of, resource_name, resource_type
from localaws.gateway.call_files import CallRecords
from localaws.gateway.errors import AwsError

KEPT = timedelta(days=90)
MOST = 50
_MANAGEMENT = b'"event_category":"Management"}'
#: Records stand in the order in which calls ended; none takes longer.
_LONGEST = timedelta(hours=1)


@dataclass(frozen=True)
class Question:
    """What LookupEvents is asked: by whom, where, when, and for events with what."""

    account: str
    region: str
    start: datetime
    end: datetime
    attribute: tuple[str, str] | None = None

    @property
    def hint(self) -> bytes:
        """What the line of any record has whose event fits: most lines need not be read."""
        key, value = self.attribute or ("", "")
        if key == "EventName":
            value = operation_of(value)
        elif key not in ("AccessKeyId", "ResourceName", "Username"):
            value = ""
        return json.dumps(value)[1:-1].encode()

    def fits(self, event: Event) -> bool:
        """Whether *event* is one of those that are asked for."""
        content = event.content
        if event.account != self.account or content["awsRegion"] != self.region:
            return False
        return self.attribute is None or self.attribute[1] in _values(event, self.attribute[0])


def answer(records: CallRecords, question: Question, most: int, token: str | None) -> dict[str, Any]:
    """A page of events, and the token of the next page where there is one.

    Raises InvalidNextTokenException for a token that is of no page of this question.
    """
    below = _place(token, question) if token else None
    found: list[dict[str, Any]] = []
    for number, event in _backwards(records, question, below):
        if len(found) == most:
            return {"Events": found, "NextToken": _token(below or 0, question)}
        found.append(_told(event))
        below = number
    return {"Events": found}


def _backwards(records: CallRecords, question: Question, below: int | None) -> Iterator[tuple[int, Event]]:
    """The events that fit, each with its record's number; only of records before the number *below*."""
    hint = question.hint
    for line in _lines(records):
        if hint not in line or not line.endswith(_MANAGEMENT):
            continue
        record = record_of(line)
        if below is not None and record["seq"] >= below:
            continue
        time = datetime.fromisoformat(record["time"])
        if time < question.start - _LONGEST:
            return
        if not question.start <= time <= question.end or question.account not in accounts_of(record):
            continue
        yield from ((record["seq"], event) for event in events_of(record) if question.fits(event))


def _lines(records: CallRecords) -> Iterator[bytes]:
    """All records, the newest first."""
    for file in reversed(records.all_files()):
        with file:
            if not file.seek(0, 2):
                continue
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
                end = text.rfind(b"\n")
                while end > 0:
                    start = text.rfind(b"\n", 0, end) + 1
                    yield text[start:end]
                    end = start - 1


def _told(event: Event) -> dict[str, Any]:
    content, name = event.content, user_name(event.record)
    typed = [(resource_type(arn), resource_name(arn)) for arn in event.arns if arn.count(":") >= 5]
    return {
        "EventId": content["eventID"],
        "EventName": content["eventName"],
        "ReadOnly": str(content["readOnly"]).lower(),
        **({"AccessKeyId": event.record["access_key_id"]} if event.record["access_key_id"] and name else {}),
        "EventTime": int(datetime.fromisoformat(content["eventTime"]).timestamp()),
        "EventSource": content["eventSource"],
        **({"Username": name} if name else {}),
        "Resources": [{"ResourceType": type, "ResourceName": name} for type, name in typed if type],
        "CloudTrailEvent": json.dumps(content, separators=(",", ":")),
    }


def _values(event: Event, key: str) -> list[str]:
    """What the *event* has for the lookup attribute *key*."""
    told = _told(event)
    if key == "ResourceType":
        return [each["ResourceType"] for each in told["Resources"]]
    if key == "ResourceName":
        return [*event.arns, *(each["ResourceName"] for each in told["Resources"])]
    return [told[key]] if key in told else []


def _token(below: int, question: Question) -> str:
    return base64.b64encode(f"{below}:{_mark(question)}".encode()).decode()


def _place(token: str, question: Question) -> int:
    try:
        below, _, mark = base64.b64decode(token, validate=True).decode().partition(":")
        if mark == _mark(question):
            return int(below)
    except (binascii.Error, ValueError):
        pass
    raise AwsError("InvalidNextTokenException", "Invalid or unknown token.")


def _mark(question: Question) -> str:
    """By which a token is known to be of the same question: "The token must be passed in with the same parameters"."""
    asked = [question.account, question.region, question.attribute]
    return sha256(json.dumps(asked).encode()).hexdigest()[:16]
