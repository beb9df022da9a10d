"""PutLogEvents: which events of a batch are taken, and what the answer says of the others.

Sources: CloudWatch Logs API reference, PutLogEvents and RejectedLogEventsInfo; the texts as users met them.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from typing import Any

from localaws.gateway.errors import AwsError

#: Bytes of a batch, each event counting so many more than its message.
MAX_BYTES = 1_048_576
EVENT_BYTES = 26
#: Milliseconds.
_HOUR = 3_600_000
DAY = 24 * _HOUR
_OLDEST, _NEWEST = 14 * DAY, 2 * _HOUR


def sift(
    events: Sequence[dict[str, Any]], now: int, retention_days: int | None
) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The *events* that a log stream takes at *now* (ms), and RejectedLogEventsInfo for those before and after them.

    Raises InvalidParameterException for a batch that is too large, unordered, or of more than a day.
    """
    size = sum(len(event["message"].encode()) + EVENT_BYTES for event in events)
    if size > MAX_BYTES:
        raise _invalid(f"Upload too large: {size} bytes exceeds limit of {MAX_BYTES}")
    times = [event["timestamp"] for event in events]
    if times != sorted(times):
        raise _invalid("Log events in a single PutLogEvents request must be in chronological order.")
    too_old = bisect_left(times, now - _OLDEST)
    expired = bisect_left(times, now - retention_days * DAY) if retention_days else 0
    too_new = bisect_right(times, now + _NEWEST)
    taken = list(events[max(too_old, expired) : too_new])
    if taken and taken[-1]["timestamp"] - taken[0]["timestamp"] > DAY:
        raise _invalid("The batch of log events in a single PutLogEvents request cannot span more than 24 hours.")
    rejected = {}
    if too_old:
        rejected["tooOldLogEventEndIndex"] = too_old
    if expired > too_old:
        rejected["expiredLogEventEndIndex"] = expired
    if too_new < len(events):
        rejected["tooNewLogEventStartIndex"] = too_new
    return taken, rejected


def _invalid(message: str) -> AwsError:
    return AwsError("InvalidParameterException", message)
