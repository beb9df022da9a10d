"""A shard's records: an append-only log, kept as the very JSON that GetRecords sends.

Reading a batch is cutting a slice of bytes, whatever the number of records, and finding where to cut is
a binary search. Only the newest part of a log stays in memory; full segments become files.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left, bisect_right
from itertools import count
from math import inf
from pathlib import Path
from typing import NamedTuple

SEGMENT_BYTES = 1024 * 1024
_numbers = count()


class Batch(NamedTuple):
    """Some consecutive records: JSON objects joined by commas, how many, and their payload's bytes."""

    text: bytes
    records: int
    size: int


class Segment:
    """Consecutive records and their index; `first` is the position of the first in the log."""

    __slots__ = ("_path", "_text", "ends", "first", "sizes", "times")

    def __init__(self, first: int) -> None:
        self.first = first
        self.times = array("d")  # arrival, epoch seconds, never decreasing
        self.ends = array("Q")  # where each record's JSON (and its comma) ends
        self.sizes = array("Q")  # payload bytes up to and including each record
        self._text = bytearray()
        self._path: Path | None = None

    @property
    def end(self) -> int:
        return self.first + len(self.times)

    def append(self, text: bytes, size: int, time: float) -> None:
        self._text += text
        self._text += b","
        self.times.append(time)
        self.ends.append(len(self._text))
        self.sizes.append(size + (self.sizes[-1] if self.sizes else 0))

    def is_full(self) -> bool:
        return len(self._text) >= SEGMENT_BYTES

    def move_to(self, directory: Path) -> None:
        """Keep the records' text in a file from now on; only the index stays in memory."""
        directory.mkdir(parents=True, exist_ok=True)
        path = directory / f"{next(_numbers)}.segment"
        try:
            path.write_bytes(self._text)
        except OSError:  # a full disk: the records stay readable from memory
            path.unlink(missing_ok=True)
            raise
        self._path, self._text = path, bytearray()

    def read(self, start: int, limit: int, max_bytes: int) -> Batch:
        """Records from index *start*: at most *limit*, and *max_bytes* of payload unless the first is larger."""
        before = self.sizes[start - 1] if start else 0
        stop = bisect_right(self.sizes, before + max_bytes, start, min(start + limit, len(self.sizes)))
        stop = max(stop, start + 1)
        begin, end = (self.ends[start - 1] if start else 0), self.ends[stop - 1] - 1
        return Batch(self._slice(begin, end), stop - start, self.sizes[stop - 1] - before)

    def _slice(self, begin: int, end: int) -> bytes:
        if self._path is None:
            return bytes(self._text[begin:end])
        with self._path.open("rb") as file:
            file.seek(begin)
            return file.read(end - begin)

    def discard(self) -> None:
        if self._path is not None:
            self._path.unlink(missing_ok=True)


class RecordLog:
    """Records by position, counted from the shard's first. Not safe for threads: the stream's lock guards it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._segments = [Segment(0)]
        self.start = 0  # the oldest record still kept: the trim horizon

    @property
    def end(self) -> int:
        """The position that the next record will have."""
        return self._segments[-1].end

    def append(self, text: bytes, size: int, time: float) -> None:
        """Add a record: its JSON, its payload's bytes, its arrival (epoch seconds)."""
        last = self._segments[-1]
        if last.is_full():
            last.move_to(self._directory)
            last = Segment(last.end)
            self._segments.append(last)
        last.append(text, size, time)

    def read(self, position: int, limit: int, max_bytes: int) -> Batch:
        """Records from *position* on, or from the trim horizon if that is later."""
        position = max(position, self.start)
        texts: list[bytes] = []
        records = size = 0
        index = self._segment_of(position)
        while position < self.end and records < limit and size < max_bytes:
            segment = self._segments[index]
            start = position - segment.first
            if texts and segment.sizes[start] - (segment.sizes[start - 1] if start else 0) > max_bytes - size:
                break
            batch = segment.read(start, limit - records, max_bytes - size)
            texts.append(batch.text)
            records, size, position = records + batch.records, size + batch.size, position + batch.records
            if position < segment.end:
                break
            index += 1
        return Batch(b",".join(texts), records, size)

    def time_at(self, position: int) -> float:
        """When the record at *position* arrived."""
        segment = self._segments[self._segment_of(position)]
        return segment.times[position - segment.first]

    def position_at(self, time: float) -> int:
        """The first record that arrived at *time* or later."""
        newest = [inf]  # of a segment that has no record yet
        index = bisect_left(self._segments, time, key=lambda segment: (segment.times or newest)[-1])
        if index == len(self._segments):
            return self.end
        segment = self._segments[index]
        return max(self.start, segment.first + bisect_left(segment.times, time))

    def trim(self, before: float) -> None:
        """Forget what arrived earlier than *before*."""
        oldest = self._segments[0]
        if not oldest.times or (self.start < self.end and self.time_at(self.start) >= before):
            return
        self.start = self.position_at(before)
        while len(self._segments) > 1 and self._segments[0].end <= self.start:
            self._segments.pop(0).discard()

    def clear(self) -> None:
        """Forget everything, files included."""
        for segment in self._segments:
            segment.discard()

    def _segment_of(self, position: int) -> int:
        return bisect_right(self._segments, position, key=lambda segment: segment.first) - 1
