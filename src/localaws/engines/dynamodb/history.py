"""What tables were at each moment of the last 35 days, where point-in-time recovery is enabled.

The log has each item as it was before each change. It is written before the change itself is: what a kill leaves of a
change that was not made says that the item was as it is.

Source: DynamoDB developer guide, "Point-in-time recovery for DynamoDB".
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from localaws.engines.dynamodb.changes import Changes
from localaws.engines.dynamodb.items import TableEngine
from localaws.state.append_log import AppendLog
from localaws.state.plain import dumps, loads

#: Seconds, and the most days that a table's ``RecoveryPeriodInDays`` may say.
DAY, MOST_DAYS = 86400.0, 35
#: A moment in seconds since the epoch, an item's keys, and its attributes before a change; None where there was none.
Past = tuple[float, dict[str, Any], dict[str, Any] | None, dict[str, Any] | None]
#: Items by their keys, as texts: attributes as they are on the wire.
Items = dict[tuple[str, str], dict[str, Any]]


class History:
    """The past of the tables of one backend, in the file *path*."""

    def __init__(self, path: Path) -> None:
        self._log = AppendLog(path)
        self._past: dict[str, deque[Past]] = {}

    def read(self, known: Iterable[TableEngine]) -> None:
        """Have again what there was before the lab's start, of the tables that still have a history."""
        kept = {table.id for table in known if is_enabled(table)}
        for table_id, *past in map(loads, self._log.replay()):
            if table_id in kept:
                self._past.setdefault(table_id, deque()).append(tuple(past))
        if self._log.size:
            self._log.rewrite(dumps((table, *past)) for table, pasts in self._past.items() for past in pasts)

    def note(self, changes: Changes, now: float) -> None:
        """A write is about to be kept. Raises OSError; then nothing of it is written."""
        found = [
            (table, (now, hash_key, range_key, before))
            for table, hash_key, range_key, before in changes.before()
            if is_enabled(table)
        ]
        if found:
            self._log.append_all(dumps((table.id, *past)) for table, past in found)
        for table, past in found:
            pasts = self._past.setdefault(table.id, deque())
            pasts.append(past)
            while pasts[0][0] < now - MOST_DAYS * DAY:
                pasts.popleft()

    def forget(self, table: TableEngine) -> None:
        """The table has no history any more."""
        self._past.pop(table.id, None)

    def at(self, table: TableEngine, moment: float) -> Items:
        """The items of *table* as they were at a *moment*."""
        items: Items = {}
        for item in table.each_item():
            items[_place(item.hash_key.to_json(), _range(item))] = item.to_json()["Attributes"]
        for when, hash_key, range_key, before in reversed(self._past.get(table.id, ())):
            if when <= moment:
                break
            place = _place(hash_key, range_key)
            if before is None:
                items.pop(place, None)
            else:
                items[place] = before
        return items


def is_enabled(table: TableEngine) -> bool:
    described = table.continuous_backups["PointInTimeRecoveryDescription"]
    return bool(described["PointInTimeRecoveryStatus"] == "ENABLED")


def window(table: TableEngine, now: float) -> tuple[float, float]:
    """From when and until when the table's past is known, in seconds since the epoch."""
    described = table.continuous_backups["PointInTimeRecoveryDescription"]
    days = described.get("RecoveryPeriodInDays", MOST_DAYS)
    return max(float(described["EarliestRestorableDateTime"]), now - days * DAY), now


def seconds(moment: datetime) -> float:
    """Since the epoch; requests have moments in UTC, not all of which say so."""
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _range(item: Any) -> dict[str, Any] | None:
    return item.range_key.to_json() if item.range_key else None


def _place(hash_key: dict[str, Any], range_key: dict[str, Any] | None) -> tuple[str, str]:
    return str(hash_key), str(range_key)
