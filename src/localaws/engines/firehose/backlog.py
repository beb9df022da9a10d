"""What a stream has acknowledged and not delivered yet, in a log on disk: a kill of the lab loses none of it.

A record that comes apart is delivered when all of its parts are. What a kill interrupts is delivered once more after
the next start: "Firehose uses at-least-once semantics" (firehose/latest/dev/basic-deliver.html).
"""

from __future__ import annotations

import json
import logging
import threading
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from struct import Struct
from typing import Any, NamedTuple

from localaws.engines.firehose.processing import Record
from localaws.shards import Position
from localaws.state.append_log import AppendLog

log = logging.getLogger(__name__)

#: Bytes of records that are delivered, beyond which the log is written anew without them.
MOST_DEAD = 4 << 20
#: What an entry is begins it: records, the numbers of records that are delivered, a setting, a place in a shard.
_RECORDS, _DELIVERED, _SETTING, _PLACE = b"R", b"X", b"S", b"P"
#: How many records an entry has, and when they were accepted, in seconds since the epoch; then columns follow.
_HEAD = Struct("<cId")


class Setting(NamedTuple):
    """The destination of what comes after it: its configuration as `destination.parse` reads it, and its version."""

    config: dict[str, Any]
    version: str


class Backlog:
    """The log in the file *path*. Records are accepted on any thread, and delivered on that of the stream."""

    def __init__(self, path: Path) -> None:
        self._log = AppendLog(path)
        self._lock = threading.Lock()
        self._next = 0
        self._parts: Counter[int] = Counter()  # of records, by number, that are not delivered yet
        self._alive: set[int] = set()
        self._dead = 0  # bytes, roughly
        self._delivered: list[int] = []  # that the log does not say yet
        self._removed = False
        self._setting: Setting | None = None
        #: Of each shard of a source that was begun.
        self.places: dict[str, Position] = {}

    def restore(self) -> list[Setting | Record]:
        """What is in the log and not delivered, in order, each setting before the records that it is for."""
        entries: dict[int, Setting | Record] = {}  # records by number, settings by -1, -2 and so on
        settings = 0
        for entry in self._log.replay():
            kind = entry[:1]
            if kind == _DELIVERED:
                for number in array("Q", entry[1:]):
                    entries.pop(number, None)
            elif kind == _PLACE:
                shard, place = json.loads(entry[1:])
                self.places[shard] = place
            elif kind == _SETTING:
                settings += 1
                self._setting = entries[-settings] = Setting(*json.loads(entry[1:]))
            else:
                for record in _read(entry):
                    entries[record.number] = record
                    self._next = record.number + 1
        self._alive = {number for number in entries if number >= 0}
        return list(entries.values())

    def set(self, setting: Setting) -> None:
        """What is accepted from now on is for another destination. Raises OSError."""
        with self._lock:
            self._log.append(_SETTING + json.dumps(setting).encode())
            self._setting = setting

    def accept(
        self, records: Iterable[Record], now: float, shard: str = "", place: Position | None = None
    ) -> list[Record]:
        """Keep *records* and where their *shard* is to be read on; returns them with number and time (epoch seconds).

        Raises OSError, and then keeps nothing.
        """
        with self._lock:
            numbered = [
                Record(each.data, each.arrival, each.sequence_number, number, now)
                for number, each in enumerate(records, self._next)
            ]
            entries = [_written(numbered)] if numbered else []
            if place is not None:
                entries.append(_PLACE + json.dumps([shard, place]).encode())
            self._log.append_all(entries)
            self._alive.update(range(self._next, self._next + len(numbered)))
            self._next += len(numbered)
        if place is not None:
            self.places[shard] = place
        return numbered

    def take_place(self, shard: str, place: Position) -> None:
        """Keep where *shard* is to be read on. Raises OSError."""
        self.accept([], 0, shard, place)

    def part(self, record: Record) -> None:
        """Count *record*, or one of those it comes apart into, as something to deliver."""
        self._parts[record.number] += 1

    def delivered(self, records: Iterable[Record]) -> None:
        """Count *records* as delivered, or as given up. A full disk does not keep that: they may come once more."""
        for record in records:
            self._parts[record.number] -= 1
            if not self._parts[record.number]:
                del self._parts[record.number]
                self._delivered.append(record.number)
                self._dead += len(record.data)
        try:
            with self._lock:
                if self._removed:
                    return
                self._log.append(_DELIVERED + array("Q", self._delivered).tobytes())
                self._alive.difference_update(self._delivered)
                self._delivered.clear()
                if self._dead > MOST_DEAD and self._dead > self._log.size // 2:
                    self._log.rewrite(self._needed())
                    self._dead = 0
        except OSError as error:
            log.warning("it cannot be kept that records are delivered: %s", error)

    def _needed(self) -> Iterator[bytes]:
        """The entries that say something yet."""
        if not self._alive and self._setting:
            yield _SETTING + json.dumps(self._setting).encode()
        for entry in self._log.replay() if self._alive else ():
            if entry[:1] == _SETTING:
                yield entry
            elif entry[:1] == _RECORDS and (alive := [each for each in _read(entry) if each.number in self._alive]):
                yield _written(alive)
        for shard, place in self.places.items():
            yield _PLACE + json.dumps([shard, place]).encode()

    def remove(self) -> None:
        """Forget everything: the stream is deleted."""
        with self._lock:
            self._removed = True
            self._log.remove()


def _columns(count: int) -> Struct:
    """The numbers of so many records, their arrivals, the bytes of their data, those of their sequence numbers."""
    return Struct(f"<{count}Q{count}d{count}I{count}B")


def _written(records: list[Record]) -> bytes:
    """An entry of *records* that were accepted together."""
    places = [(record.sequence_number or "").encode() for record in records]
    data = [record.data for record in records]
    numbers, arrivals = [record.number for record in records], [record.arrival for record in records]
    columns = _columns(len(records)).pack(*numbers, *arrivals, *map(len, data), *map(len, places))
    return b"".join([_HEAD.pack(_RECORDS, len(records), records[0].accepted), columns, *places, *data])


def _read(entry: bytes) -> Iterator[Record]:
    """The records that `_written` was given."""
    _, count, accepted = _HEAD.unpack_from(entry)
    columns = _columns(count)
    values = columns.unpack_from(entry, _HEAD.size)
    numbers, arrivals, sizes, place_sizes = (values[start : start + count] for start in range(0, 4 * count, count))
    place = _HEAD.size + columns.size
    data = place + sum(place_sizes)
    for number, arrival, size, place_size in zip(numbers, arrivals, sizes, place_sizes, strict=True):
        sequence_number = entry[place : place + place_size].decode()
        yield Record(entry[data : data + size], arrival, sequence_number or None, number, accepted)
        data, place = data + size, place + place_size
