"""A shard's records: files that only grow, of the very JSON that GetRecords sends, a record a line.

Reading a batch is cutting a slice of bytes, whatever the number of records, and finding where to cut is a binary
search. A record is with the system before `RecordLog.append` returns: the end of this process loses none. Of the files
that an earlier process left only the names are read; a file's lines are looked at when somebody reads there.
"""

from __future__ import annotations

import json
import logging
import os
from array import array
from binascii import a2b_base64
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from math import inf
from pathlib import Path
from typing import NamedTuple

log = logging.getLogger(__name__)

SEGMENT_BYTES = 1024 * 1024


class Line(NamedTuple):
    """A record on its way in: its JSON, and its payload's bytes."""

    text: bytes
    size: int


class Batch(NamedTuple):
    """Some consecutive records: JSON objects joined by commas, how many, and their payload's bytes."""

    text: bytes
    records: int
    size: int


class Index:
    """Where the records of a file are."""

    __slots__ = ("ends", "sizes", "times")

    def __init__(self) -> None:
        self.times = array("d")  # arrival, epoch seconds, never decreasing
        self.ends = array("Q")  # where each record's line ends
        self.sizes = array("Q")  # payload bytes up to and including each record

    def add(self, length: int, size: int, time: float) -> None:
        self.times.append(time)
        self.ends.append(length + (self.ends[-1] if self.ends else 0))
        self.sizes.append(size + (self.sizes[-1] if self.sizes else 0))


class Segment:
    """Consecutive records in the file *path*, whose name ends in the position of the first in the log."""

    __slots__ = ("_index", "first", "path")

    def __init__(self, path: Path, index: Index | None = None) -> None:
        self.path = path
        self.first = int(path.suffix[1:])
        self._index = index

    @property
    def index(self) -> Index:
        if self._index is None:
            self._index = read_index(self.path)
        return self._index

    @property
    def end(self) -> int:
        return self.first + len(self.index.times)

    @property
    def bytes(self) -> int:
        return self.index.ends[-1] if self.index.ends else 0

    def append(self, lines: Sequence[Line], time: float) -> None:
        """Raises OSError where the disk does not take all of *lines*; the file is then what it was before."""
        texts = [line.text + b",\n" for line in lines]
        _write(self.path, b"".join(texts), self.bytes)
        for text, line in zip(texts, lines, strict=True):
            self.index.add(len(text), line.size, time)

    def read(self, start: int, limit: int, max_bytes: int) -> Batch:
        """Records from index *start*: at most *limit*, and *max_bytes* of payload unless the first is larger."""
        sizes, ends = self.index.sizes, self.index.ends
        before = sizes[start - 1] if start else 0
        stop = bisect_right(sizes, before + max_bytes, start, min(start + limit, len(sizes)))
        stop = max(stop, start + 1)
        begin = ends[start - 1] if start else 0
        with self.path.open("rb", 0) as file:
            file.seek(begin)
            text = file.read(ends[stop - 1] - begin)
        return Batch(text.rstrip(b", \n"), stop - start, sizes[stop - 1] - before)


class RecordLog:
    """Records by position, counted from the shard's first. Not safe for threads: the stream's lock guards it."""

    def __init__(self, path: Path, files: Sequence[Path] = (), start: int = 0) -> None:
        """Go on with *files*, oldest first, which are named *path* and a position; what lies before *start* is not."""
        self._path = path
        self._segments = [Segment(file) for file in files] or [self._segment(0)]
        self.start = max(start, self._segments[0].first)  # the oldest record still kept: the trim horizon

    def _segment(self, first: int) -> Segment:
        return Segment(self._path.with_name(f"{self._path.name}.{first:020d}"), Index())

    @property
    def end(self) -> int:
        """The position that the next record will have."""
        return self._segments[-1].end

    def append(self, lines: Sequence[Line], time: float) -> None:
        """Add records that arrived at *time* (epoch seconds). Raises OSError and adds none where the disk is full."""
        last = self._segments[-1]
        if last.bytes >= SEGMENT_BYTES:
            last = self._segment(last.end)
            last.append(lines, time)
            self._segments.append(last)
        else:
            last.append(lines, time)

    def read(self, position: int, limit: int, max_bytes: int) -> Batch:
        """Records from *position* on, or from the trim horizon if that is later."""
        position = max(position, self.start)
        texts: list[bytes] = []
        records = size = 0
        index = self._segment_of(position)
        while position < self.end and records < limit and size < max_bytes:
            segment = self._segments[index]
            sizes, start = segment.index.sizes, position - segment.first
            if texts and sizes[start] - (sizes[start - 1] if start else 0) > max_bytes - size:
                break
            batch = segment.read(start, limit - records, max_bytes - size)
            texts.append(batch.text)
            records, size, position = records + batch.records, size + batch.size, position + batch.records
            if position < segment.end:
                break
            index += 1
        return Batch(b",".join(filter(None, texts)), records, size)

    def time_at(self, position: int) -> float:
        """When the record at *position* arrived."""
        segment = self._segments[self._segment_of(position)]
        return segment.index.times[position - segment.first]

    def position_at(self, time: float) -> int:
        """The first record that arrived at *time* or later."""
        newest = [inf]  # of a segment that has no record yet
        index = bisect_left(self._segments, time, key=lambda segment: (segment.index.times or newest)[-1])
        if index == len(self._segments):
            return self.end
        segment = self._segments[index]
        return max(self.start, segment.first + bisect_left(segment.index.times, time))

    def trim(self, before: float) -> None:
        """Forget what arrived earlier than *before*."""
        oldest = self._segments[0]
        if not oldest.index.times or (self.start < self.end and self.time_at(self.start) >= before):
            return
        self.start = self.position_at(before)
        while len(self._segments) > 1 and self._segments[1].first <= self.start:
            self._segments.pop(0).path.unlink(missing_ok=True)

    def clear(self) -> None:
        """Forget everything, files included."""
        for segment in self._segments:
            segment.path.unlink(missing_ok=True)

    def _segment_of(self, position: int) -> int:
        return bisect_right(self._segments, position, key=lambda segment: segment.first) - 1


def read_index(path: Path) -> Index:
    """Where the records in *path* are.

    A last line that is not whole, as a kill in the midst of a write leaves it, is cut off: nobody was told that it is
    stored. A damaged line is made blank, and the server's log says so: all others keep their positions.
    """
    index = Index()
    if not path.exists():
        return index
    with path.open("r+b") as file:
        for line in file:
            if not line.endswith(b"\n"):
                file.truncate(index.ends[-1] if index.ends else 0)
                break
            size, time = 0, index.times[-1] if index.times else 0.0
            try:
                if line.strip():  # else it was damaged, and is blank already
                    record = json.loads(line.rstrip(b",\n"))
                    size = len(a2b_base64(record["Data"])) + len(record.get("PartitionKey", "").encode())
                    time = max(time, record["ApproximateArrivalTimestamp"])
            except (ValueError, KeyError, TypeError, AttributeError):
                start = index.ends[-1] if index.ends else 0
                log.error("%s: the record at byte %s is damaged and was left out", path, start)
                os.pwrite(file.fileno(), b" " * (len(line) - 1), start)
            index.add(len(line), size, time)
    return index


def _write(path: Path, text: bytes, size: int) -> None:
    """Add *text* to a file of *size* bytes, in one write. Raises OSError and undoes it where not all of it fits."""
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        left = memoryview(text)
        try:
            while left:  # the last bytes of a full disk are taken, those after them refused
                left = left[os.write(file, left) :]
        except OSError:
            os.ftruncate(file, size)
            raise
    finally:
        os.close(file)
